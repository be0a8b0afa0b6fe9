/* answering.c - answers put into the order of their frames and written one by one. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/session.h"

#include "nudge/clock.h"
#include "nudge/log.h"

#include <assert.h>
#include <stdlib.h>

#define OUT_KEEPS 16384   /* bytes of memory that a connection keeps between answers */

bool
answering_done(const struct session *s)
{
	return s->first == s->next && s->out.n == s->out_at;
}

void
answering_take(struct session *s, struct message *m)
{
	struct owed *o = &s->owed[m->sequence % SESSION_FRAMES_MAX];

	assert(m->sequence >= s->first && m->sequence < s->next && !o->answered);
	o->answered = m;
}

/* 'N', when this process started, and a count: nobody else's, never again. */
static void
control_id(struct mllp *m, char out[ACK_CONTROL_ID_MAX + 1])
{
	unsigned long long n = atomic_fetch_add_explicit(&m->next_id, 1, memory_order_relaxed) + 1;
	char digits[16];
	size_t at = sizeof digits, length = 0;

	while (n > 0) {
		digits[--at] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n % 36];
		n /= 36;
	}
	out[length++] = 'N';
	for (const char *p = m->stem; *p; p++) {
		out[length++] = *p;
	}
	while (at < sizeof digits && length < ACK_CONTROL_ID_MAX) {
		out[length++] = digits[at++];
	}
	out[length] = '\0';
}

static bool
write_answer(struct session *s, const struct message *m)
{
	static const struct ack_error nothing;
	enum ack_code code = ack_choose(m->ack_mode, &m->request, m->verdict);
	char id[ACK_CONTROL_ID_MAX + 1];

	if (code == ACK_NONE) {
		return true;
	}
	control_id(s->thread->intake, id);
	return ack_write(&m->request, code, m->verdict == VERDICT_ACCEPT ? &nothing : &m->error, id,
	    now_s(&s->now), &s->out);
}

/* One answer for each message of the frame, in order, written together. */
static bool
write_answers(struct session *s, const struct message *m)
{
	for (; m; m = m->also) {
		if (!write_answer(s, m)) {
			return false;
		}
	}
	return true;
}

/* MLLP release 2: taken, or not; a frame of its own, before any content. */
static bool
commit_block(struct session *s, char c)
{
	const char block[] = { 0x0b, c, 0x1c, '\r' };

	return buf_add(&s->out, block, sizeof block);
}

static bool
speaks_release_2(const struct session *s)
{
	return s->terms && s->terms->listener->mllp_release == 2;
}

/* false: the connection must end. */
static bool
answer_frame(struct session *s, const struct message *m)
{
	if (!speaks_release_2(s))
		return !m->closes && write_answers(s, m);
	/* Not stored: the sender repeats the block, on this connection. */
	if (m->closes)
		return commit_block(s, 0x15);
	return commit_block(s, 0x06) && write_answers(s, m);
}

void
answering_decline(struct session *s)
{
	if (speaks_release_2(s) && s->first == s->next)
		(void)commit_block(s, 0x15);
}

static void
note_sender(struct session *s, const struct message *m)
{
	int64_t us = clock_boot_us() - m->received_us;

	senders_note(&s->thread->intake->senders, m, m->closes ? -1 : us, now_s(&s->now));
	log_debug(m->closes ? "not answered" : "answered", log_name("listener", session_listener(s)), log_msh("msh3", m->sending_application),
	    log_int("bytes", (int64_t)m->raw.n), log_int("us", us));
}

/* Takes the next answer that may go now. false: there is none. */
static bool
take_next(struct session *s)
{
	struct owed *o = &s->owed[s->first % SESSION_FRAMES_MAX];
	struct message *m = o->answered;

	if (s->first == s->next || !m) {
		return false;
	}
	s->first++;
	s->owed_bytes -= o->bytes;
	count(&s->thread->intake->waiting_bytes, -(long long)o->bytes);
	o->answered = NULL;
	note_sender(s, m);
	if (!answer_frame(s, m)) {
		count(&s->thread->intake->counts.unanswered, 1);
		log_info("connection closed without an answer", log_name("listener", session_listener(s)),
		    log_name("peer", s->peer.text));
		s->dead = true;
	}
	message_drop(s->thread, m);
	return !s->dead;
}

/* false: no more can be written now. */
static bool
write_out(struct session *s)
{
	while (s->out_at < s->out.n) {
		size_t put = 0;
		switch (wire_write(&s->wire, s->out.p + s->out_at, s->out.n - s->out_at, &put)) {
		case WIRE_OK:
			s->out_at += put;
			break;
		case WIRE_AGAIN:
			return false;
		case WIRE_EOF:
		case WIRE_BROKEN:
			s->dead = true;
			return false;
		}
	}
	if (s->out.cap > OUT_KEEPS) {
		buf_clear(&s->out);
	}
	buf_reset(&s->out);
	s->out_at = 0;
	return true;
}

void
answering_flush(struct session *s)
{
	do {
		if (!write_out(s)) {
			return;
		}
	} while (take_next(s));
}

/* reading.c - bytes into frames, frames into messages, no more of them than may be unanswered. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/session.h"

#include "nudge/clock.h"
#include "nudge/hl7_batch.h"
#include "nudge/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define READS_PER_TURN 4      /* then the others of this thread */
#define NO_MSH_MAX 3          /* frames in a row that nobody can be answered for */
#define READER_KEEPS 16384    /* bytes of memory that a reader keeps between frames */
#define ARENA_SPARE 65536     /* bytes beyond four times the largest message */
#define TOO_LARGE "message larger than max_message"
#define TOO_MANY "more than 1000 messages in one frame"
#define NO_MESSAGE "a batch or file header, and no message"

_Static_assert(HL7_BATCH_MAX == 1000, "the text says it");

static bool
is_over(const struct session *s, const atomic_llong *bytes)
{
	int64_t most = s->thread->setting->rules->conf->intake_memory_bytes;

	return most > 0 && atomic_load_explicit(bytes, memory_order_relaxed) > most;
}

static bool
may_take(struct session *s)
{
	const struct mllp_setup *setup = &s->thread->intake->setup;

	if (s->next - s->first >= SESSION_FRAMES_MAX || s->owed_bytes >= SESSION_BYTES_MAX) {
		return false;
	}
	if ((setup->space && !setup->space(setup->ctx)) || is_over(s, &s->thread->intake->waiting_bytes)) {
		s->hungry = true;
		thread_is_hungry(s->thread);
		return false;
	}
	return true;
}

static struct message *
message_new(struct session *s, struct span bytes)
{
	struct message *m = message_take(s->thread, 4 * s->reader.bytes.max + ARENA_SPARE);

	if (!m) {
		return NULL;
	}
	m->raw = arena_copy(&m->arena, bytes);
	if (!m->raw.p) {
		message_drop(s->thread, m);
		return NULL;
	}
	m->connection = s->number;
	m->thread = s->thread->number;
	m->received_us = clock_boot_us();
	m->rules = rules_hold(s->thread->setting->rules);
	m->listener = s->terms->listener;
	m->ack_mode = m->listener->ack_mode;
	m->environment = s->environments[0];
	return m;
}

static struct span
first_component(const struct hl7 *index, unsigned field)
{
	const struct hl7_delims *d = hl7_delims(index);

	return hl7_part(d, hl7_repetition(d, hl7_field(index, 0, field), 0), 1, 1);
}

/* Only the beginning of the message is here: enough to say no to its sender. */
static void
read_oversize(struct session *s, struct message *m)
{
	struct hl7 *index = s->thread->index;
	enum hl7_result r = hl7_read(index, m->raw);

	count(&s->thread->intake->counts.oversize, 1);
	log_warn(TOO_LARGE, log_name("listener", session_listener(s)), log_name("peer", s->peer.text),
	    log_int("bytes", (int64_t)s->reader.seen),
	    log_int("max_message", (int64_t)s->reader.bytes.max));
	m->kind = MESSAGE_REFUSE;
	m->reason = TOO_LARGE;
	m->verdict = VERDICT_REJECT;
	m->error.condition = 207;
	m->error.text = TOO_LARGE;
	if (r != HL7_OK && r != HL7_BAD_DELIMS) {
		return;
	}
	m->answerable = ack_request_of(index, &m->request);
	m->control_id = hl7_field(index, 0, 10);
	m->sending_application = first_component(index, 3);
	m->sending_facility = first_component(index, 4);
}

/* A file or batch header without a message is answered by its own fields:
 * BHS-3 to 6, and BHS-11 for the control id (2.10.3.1). false: no memory. */
static bool
read_header_only(struct session *s, struct message *m, struct span header)
{
	struct hl7 *index = s->thread->index;
	char *msh = arena_take(&m->arena, header.n);
	enum hl7_result r;
	size_t n;

	if (!msh) {
		return false;
	}
	memcpy(msh, header.p, header.n);
	memcpy(msh, "MSH", 3);
	m->kind = MESSAGE_REFUSE;
	m->reason = NO_MESSAGE;
	m->verdict = VERDICT_REJECT;
	m->error = (struct ack_error){ .condition = 200, .segment = "MSH", .text = NO_MESSAGE };
	r = hl7_read(index, span_from(msh, header.n));
	if (r != HL7_OK || !ack_request_of(index, &m->request)) {
		return r != HL7_NO_MEMORY;
	}
	n = hl7_field(index, 0, 11).n;
	m->control_id = hl7_field(index, 0, 11);
	m->answerable = n < sizeof m->request.msh10;
	span_copy(m->request.msh10, sizeof m->request.msh10, m->control_id);
	m->request.event[0] = m->request.version[0] = m->request.msh11[0] = '\0';
	m->request.msh15[0] = m->request.msh16[0] = '\0';
	return true;
}

/* The older envelope: VT, D or N, two digits of the release, the length. */
static bool
is_hllp(struct span frame)
{
	return frame.n >= 3 && (frame.p[0] == 'D' || frame.p[0] == 'N') && frame.p[1] == '2' && frame.p[2] >= '1' && frame.p[2] <= '3';
}

static void
refuse_hllp(struct session *s)
{
	count(&s->thread->intake->counts.no_msh, 1);
	log_warn("connection closed: this is HLLP (hybrid lower layer protocol); set the sender to MLLP",
	    log_name("listener", session_listener(s)), log_name("peer", s->peer.text));
	session_drain(s);
}

static void
forget_unanswerable(struct session *s, size_t bytes)
{
	answering_decline(s);
	count(&s->thread->intake->counts.no_msh, 1);
	s->no_msh++;
	log_warn(s->no_msh < NO_MSH_MAX ? "frame without a readable MSH: nobody to answer"
	                                : "third frame in a row without a readable MSH: connection closed",
	    log_name("listener", session_listener(s)), log_name("peer", s->peer.text), log_int("bytes", (int64_t)bytes));
	if (s->no_msh >= NO_MSH_MAX) {
		session_drain(s);
	}
}

static void
give(struct session *s, struct message *m, size_t bytes)
{
	const struct mllp_setup *setup = &s->thread->intake->setup;
	struct owed *o = &s->owed[s->next % SESSION_FRAMES_MAX];

	assert(!o->answered && s->next - s->first < SESSION_FRAMES_MAX);
	s->no_msh = 0;
	o->bytes = bytes;
	s->owed_bytes += o->bytes;
	count(&s->thread->intake->waiting_bytes, (long long)o->bytes);
	m->sequence = s->next++;
	setup->give(setup->ctx, m);
}

/* false: no memory. */
static bool
read_one(struct session *s, struct span bytes, struct message **out)
{
	struct siu_peer peer = { s->terms->listener, s->environments, s->environments_n };
	struct message *m = message_new(s, bytes);

	if (!m || !siu_read(s->thread->setting->map, &peer, s->thread->index, now_s(&s->now), m)) {
		message_drop(s->thread, m);
		return false;
	}
	*out = m;
	return true;
}

/* Too many to be applied in one piece: nothing of the frame is. */
static void
refuse_batch(struct session *s, struct message *first)
{
	message_drop(s->thread, first->also);
	first->also = NULL;
	first->kind = MESSAGE_REFUSE;
	first->reason = TOO_MANY;
	first->verdict = VERDICT_REJECT;
	first->error = (struct ack_error){ .condition = 207, .text = TOO_MANY };
}

/* All messages of the frame, linked; *out NULL: none of them can be answered.
 * false: no memory, and nothing is left of them. */
static bool
read_batch(struct session *s, struct span frame, struct message **out)
{
	struct hl7_batch b;
	struct message **last = out;
	struct span bytes;
	bool ok = true;

	*out = NULL;
	hl7_batch_begin(&b, frame);
	while (ok && hl7_batch_next(&b, &bytes)) {
		if (b.messages > HL7_BATCH_MAX) {
			if (*out) {
				refuse_batch(s, *out);
			}
			break;
		}
		ok = read_one(s, bytes, last);
		if (ok && !(*last)->answerable) {
			message_drop(s->thread, *last);
			*last = NULL;
		} else if (ok) {
			last = &(*last)->also;
		}
	}
	if (ok && b.messages == 0 && b.header.n > 0) {
		*out = message_new(s, frame);
		ok = *out && read_header_only(s, *out, b.header);
	}
	if (ok && b.wrong_counts > 0) {
		count(&s->thread->intake->counts.batch_counts_wrong, b.wrong_counts);
		log_warn("a batch trailer says another number of messages than came; all that came were taken",
		    log_name("listener", session_listener(s)), log_name("peer", s->peer.text));
	}
	count(&s->thread->intake->counts.batches, 1);
	if (!ok || (*out && !(*out)->answerable)) {
		message_drop(s->thread, *out);
		*out = NULL;
	}
	return ok;
}

static bool
read_frame(struct session *s, bool oversize, struct message **out)
{
	struct span frame = buf_span(&s->reader.bytes);

	*out = NULL;
	if (oversize) {
		if (!(*out = message_new(s, frame))) {
			return false;
		}
		read_oversize(s, *out);
	} else if (!hl7_batch_is_single(frame)) {
		return read_batch(s, frame, out);
	} else if (!read_one(s, frame, out)) {
		return false;
	}
	if (!(*out)->answerable) {
		message_drop(s->thread, *out);
		*out = NULL;
	}
	return true;
}

static void
take_frame(struct session *s, bool oversize)
{
	struct message *m;
	size_t bytes = s->reader.bytes.n;
	bool ok;

	if (is_hllp(buf_span(&s->reader.bytes))) {
		refuse_hllp(s);
		return;
	}
	ok = read_frame(s, oversize, &m);
	count(&s->thread->intake->counts.frames, 1);
	if (s->reader.bytes.cap > READER_KEEPS) {
		buf_wipe(&s->reader.bytes);
		reading_recount(s); /* its sender may be silent for hours */
	}
	if (!ok) {
		count(&s->thread->intake->counts.unanswered, 1);
		log_error("no memory for a message: connection closed, the sender will try again",
		    log_name("listener", session_listener(s)), log_name("peer", s->peer.text));
		session_drain(s);
	} else if (!m) {
		forget_unanswerable(s, bytes);
	} else {
		give(s, m, bytes);
	}
}

static void
give_up(struct session *s)
{
	const struct frame_reader *r = &s->reader;
	const char *what = "connection closed: too many bytes outside of frames";

	if (r->plain_probe) {
		count(&s->thread->intake->counts.probes, 1);
		what = "connection closed: this is HTTP or TLS, and the listener speaks plain MLLP";
	} else if (r->bytes.spoilt) {
		what = "connection closed: no memory for a frame";
	} else if (frame_is_bare(r)) {
		what = SESSION_BARE;
	} else if (r->state == FRAME_INSIDE) {
		what = "connection closed: a frame is over four times max_message";
	}
	log_warn(what, log_name("listener", session_listener(s)), log_name("peer", s->peer.text),
	    log_int("bytes", (int64_t)(r->state == FRAME_INSIDE ? r->seen : r->junk)));
	session_drain(s);
}

static void
tally(struct session *s)
{
	struct intake_counts *counts = &s->thread->intake->counts;

	if (s->reader.junk_total != s->junk) {
		count(&counts->junk_bytes, (long long)(s->reader.junk_total - s->junk));
		s->junk = s->reader.junk_total;
	}
	if (s->reader.restarts != s->restarts) {
		count(&counts->restarts, (long long)(s->reader.restarts - s->restarts));
		s->restarts = s->reader.restarts;
	}
}

void
reading_recount(struct session *s)
{
	size_t now = s->reader.bytes.cap;

	count(&s->thread->intake->reading_bytes, (long long)now - (long long)s->held_bytes);
	s->held_bytes = now;
}

/* Frames that are being read take memory, of all connections together no more
 * than was allowed. A small one always finds its place. */
static bool
has_memory(struct session *s)
{
	struct mllp *m = s->thread->intake;
	size_t now = s->reader.bytes.cap;

	if (now == s->held_bytes) {
		return true;
	}
	reading_recount(s);
	if (now <= READER_KEEPS || !is_over(s, &m->reading_bytes)) {
		return true;
	}
	count(&m->counts.refused_memory, 1);
	log_warn("connection closed: the messages being read take more than intake_memory; the sender will try again",
	    log_name("listener", session_listener(s)), log_name("peer", s->peer.text), log_int("bytes", (int64_t)now));
	session_drain(s);
	return false;
}

static void
take_bytes(struct session *s, struct span in)
{
	while (in.n > 0 && s->state == SESSION_OPEN) {
		enum frame_event event;
		size_t used;
		if (!may_take(s)) {
			s->paused = true;
			s->dead = !buf_add_span(&s->rest, in);
			return;
		}
		event = frame_feed(&s->reader, in, &used);
		in = span_from(in.p + used, in.n - used);
		tally(s);
		if (!has_memory(s)) {
			return;
		}
		if (s->reader.state != FRAME_INSIDE && !frame_is_bare(&s->reader)) {
			s->frame_ms = 0;
		} else if (!s->frame_ms) {
			s->frame_ms = s->now.boot_ms;
		}
		if (event == FRAME_COMPLETE || event == FRAME_OVERSIZE) {
			take_frame(s, event == FRAME_OVERSIZE);
		} else if (event == FRAME_HOPELESS) {
			give_up(s);
		}
	}
}

static void
peer_ended(struct session *s)
{
	if (!s->heard) {
		count(&s->thread->intake->counts.probes, 1);
	}
	s->eof = true;
	session_drain(s);
}

/* What was put aside when reading paused. */
static void
take_rest(struct session *s)
{
	struct buf rest = s->rest;

	buf_init(&s->rest, INPUT_MAX);
	take_bytes(s, buf_span(&rest));
	buf_wipe(&rest);
}

void
reading_pump(struct session *s)
{
	if (s->paused) {
		s->paused = s->hungry = false;
		if (s->frame_ms) {
			s->frame_ms = s->now.boot_ms; /* the sender could not get on */
		}
		take_rest(s);
	}
	for (int i = 0; i < READS_PER_TURN && s->state == SESSION_OPEN && !s->paused; i++) {
		size_t got;
		switch (wire_read(&s->wire, s->thread->input, INPUT_MAX, &got)) {
		case WIRE_OK:
			s->heard = true;
			s->active_ms = s->now.boot_ms;
			take_bytes(s, span_from(s->thread->input, got));
			if (got < INPUT_MAX && !wire_has_more(&s->wire)) {
				return; /* if there is more, the socket will say so */
			}
			break;
		case WIRE_AGAIN:
			return;
		case WIRE_EOF:
			peer_ended(s);
			return;
		case WIRE_BROKEN:
			s->dead = true;
			return;
		}
	}
	s->more = wire_has_more(&s->wire);
}

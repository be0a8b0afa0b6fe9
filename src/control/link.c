/* link.c - frames between the two daemons: tagged fields, read without trust. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/link.h"
#include "nudge/log.h"

#include <assert.h>
#include <string.h>

enum tag {
	TAG_CREDITS = 1, TAG_PROGRAM, TAG_TEXT, TAG_ATTEMPT, TAG_GATEWAY, TAG_PATH, TAG_BODY, TAG_TO, TAG_NOT_AFTER,
	TAG_OUTCOME, TAG_HTTP_STATUS, TAG_ITEM_STATUS, TAG_MESSAGE_ID, TAG_CODE, TAG_RETRY_AFTER, TAG_TRACE,
	TAG_EVENT, TAG_WHAT, TAG_DELIVERY, TAG_STATUS, TAG_NUMBER, TAG_FROM, TAG_WORDS, TAG_AT, TAG_OPTED_OUT, TAG_ASK
};

const char *
outcome_name(enum outcome o)
{
	static const char *const name[OUTCOMES] = { "accepted", "refused", "again", "unsure", "blocked", "too-late",
		"not-tried" };

	return o < OUTCOMES ? name[o] : "none";
}

/* ---- writing ---- */

static void
put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static size_t
begin(struct buf *out, enum link_type type)
{
	size_t at = out->n;
	uint8_t head[5] = { 0, 0, 0, 0, (uint8_t)type };

	(void)buf_add(out, head, sizeof head);
	return at;
}

static bool
end(struct buf *out, size_t at)
{
	if (out->spoilt || out->n - at > LINK_FRAME_MAX) {
		if (out->n > at)
			out->n = at;
		return false;
	}
	put_u32((uint8_t *)out->p + at, (uint32_t)(out->n - at - 4));
	return true;
}

static void
put_span(struct buf *out, enum tag tag, struct span v)
{
	uint8_t head[5] = { (uint8_t)tag };

	if (v.n > LINK_FRAME_MAX) {
		out->spoilt = true;
		return;
	}
	put_u32(head + 1, (uint32_t)v.n);
	(void)buf_add(out, head, sizeof head);
	(void)buf_add_span(out, v);
}

static void
put_int(struct buf *out, enum tag tag, int64_t v)
{
	uint8_t p[8];

	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
	put_span(out, tag, span_from(p, sizeof p));
}

bool
link_put_hello(struct buf *out, const char *program, int64_t credits)
{
	size_t at = begin(out, LINK_HELLO);

	put_span(out, TAG_PROGRAM, span_of(program));
	put_int(out, TAG_CREDITS, credits);
	return end(out, at);
}

bool
link_put_job(struct buf *out, const struct link_job *j)
{
	size_t at = begin(out, LINK_JOB);

	put_int(out, TAG_TEXT, j->text);
	put_int(out, TAG_ATTEMPT, j->attempt);
	put_int(out, TAG_NOT_AFTER, j->not_after_s);
	put_span(out, TAG_GATEWAY, j->gateway);
	put_span(out, TAG_PATH, j->path);
	put_span(out, TAG_TO, j->to);
	put_span(out, TAG_BODY, j->body);
	return end(out, at);
}

bool
link_put_outcome(struct buf *out, const struct link_outcome *o)
{
	size_t at = begin(out, LINK_OUTCOME);

	put_int(out, TAG_TEXT, o->text);
	put_int(out, TAG_ATTEMPT, o->attempt);
	put_int(out, TAG_OUTCOME, (int64_t)o->outcome);
	put_int(out, TAG_HTTP_STATUS, o->http_status);
	put_int(out, TAG_ITEM_STATUS, o->item_status);
	put_int(out, TAG_RETRY_AFTER, o->retry_after_ms);
	put_span(out, TAG_MESSAGE_ID, o->message_id);
	put_span(out, TAG_CODE, o->code);
	put_span(out, TAG_TRACE, o->trace);
	return end(out, at);
}

bool
link_put_event(struct buf *out, const struct link_event *e)
{
	size_t at = begin(out, LINK_EVENT);

	put_int(out, TAG_EVENT, e->event);
	put_int(out, TAG_WHAT, (int64_t)e->what);
	put_int(out, TAG_TEXT, e->text);
	put_int(out, TAG_DELIVERY, (int64_t)e->delivery);
	put_int(out, TAG_NUMBER, e->code);
	put_int(out, TAG_AT, e->at_s);
	put_int(out, TAG_OPTED_OUT, e->opted_out);
	put_span(out, TAG_GATEWAY, e->gateway);
	put_span(out, TAG_MESSAGE_ID, e->message_id);
	put_span(out, TAG_STATUS, e->status);
	put_span(out, TAG_FROM, e->from);
	put_span(out, TAG_TO, e->to);
	put_span(out, TAG_WORDS, e->words);
	return end(out, at);
}

bool
link_put_taken(struct buf *out, int64_t event)
{
	size_t at = begin(out, LINK_TAKEN);

	put_int(out, TAG_EVENT, event);
	return end(out, at);
}

bool
link_put_ask(struct buf *out, const struct link_question *q)
{
	size_t at = begin(out, LINK_ASK);

	put_int(out, TAG_ASK, (int64_t)q->ask);
	put_int(out, TAG_TEXT, q->text);
	put_span(out, TAG_GATEWAY, q->gateway);
	put_span(out, TAG_FROM, q->from);
	put_span(out, TAG_TO, q->to);
	put_span(out, TAG_MESSAGE_ID, q->message_id);
	return end(out, at);
}

bool
link_put_reload(struct buf *out, enum link_reload how)
{
	size_t at = begin(out, LINK_RELOAD);

	put_int(out, TAG_WHAT, (int64_t)how);
	return end(out, at);
}

bool
link_put_reloaded(struct buf *out, bool ok, struct span why)
{
	size_t at = begin(out, LINK_RELOADED);

	put_int(out, TAG_WHAT, ok);
	put_span(out, TAG_WORDS, why);
	return end(out, at);
}

bool
link_put_log(struct buf *out, struct span part, int64_t level)
{
	size_t at = begin(out, LINK_LOG);

	put_span(out, TAG_PROGRAM, part);
	put_int(out, TAG_NUMBER, level);
	return end(out, at);
}

bool
link_put_certificate(struct buf *out, struct span gateway, struct span der)
{
	size_t at = begin(out, LINK_CERTIFICATE);

	put_span(out, TAG_GATEWAY, gateway);
	put_span(out, TAG_BODY, der);
	return end(out, at);
}

/* ---- reading ---- */

static uint32_t
get_u32(const char *p)
{
	const uint8_t *u = (const uint8_t *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static bool
get_int(struct span v, int64_t *out)
{
	uint64_t n = 0;

	if (v.n != 8)
		return false;
	for (size_t i = 0; i < 8; i++)
		n = n << 8 | (uint8_t)v.p[i];
	*out = (int64_t)n;
	return true;
}

/* A number of ours that names one of `n` things. */
static bool
get_word(struct span v, int64_t n, int64_t *out)
{
	return get_int(v, out) && *out >= 0 && *out < n;
}

static bool
take_event(struct link_event *e, uint8_t tag, struct span v)
{
	int64_t n = 0;

	switch (tag) {
	case TAG_EVENT: return get_int(v, &e->event);
	case TAG_TEXT: return get_int(v, &e->text);
	case TAG_NUMBER: return get_int(v, &e->code);
	case TAG_AT: return get_int(v, &e->at_s);
	case TAG_WHAT:
		if (!get_word(v, GATEWAY_EVENTS, &n))
			return false;
		e->what = (enum gateway_event)n;
		return true;
	case TAG_DELIVERY:
		if (!get_word(v, DELIVERIES, &n))
			return false;
		e->delivery = (enum delivery)n;
		return true;
	case TAG_OPTED_OUT:
		if (!get_word(v, 2, &n))
			return false;
		e->opted_out = n == 1;
		return true;
	case TAG_GATEWAY: e->gateway = v; return true;
	case TAG_MESSAGE_ID: e->message_id = v; return true;
	case TAG_STATUS: e->status = v; return true;
	case TAG_FROM: e->from = v; return true;
	case TAG_TO: e->to = v; return true;
	case TAG_WORDS: e->words = v; return true;
	default: return true;
	}
}

static bool
take_ask(struct link_question *q, uint8_t tag, struct span v)
{
	int64_t n = 0;

	switch (tag) {
	case TAG_ASK:
		if (!get_word(v, ASKS, &n))
			return false;
		q->ask = (enum link_ask)n;
		return true;
	case TAG_TEXT: return get_int(v, &q->text);
	case TAG_GATEWAY: q->gateway = v; return true;
	case TAG_FROM: q->from = v; return true;
	case TAG_TO: q->to = v; return true;
	case TAG_MESSAGE_ID: q->message_id = v; return true;
	default: return true;
	}
}

static bool
take_job(struct link_job *j, uint8_t tag, struct span v)
{
	switch (tag) {
	case TAG_TEXT: return get_int(v, &j->text);
	case TAG_ATTEMPT: return get_int(v, &j->attempt);
	case TAG_NOT_AFTER: return get_int(v, &j->not_after_s);
	case TAG_GATEWAY: j->gateway = v; return true;
	case TAG_PATH: j->path = v; return true;
	case TAG_BODY: j->body = v; return true;
	case TAG_TO: j->to = v; return true;
	default: return true;
	}
}

static bool
take_outcome(struct link_outcome *o, uint8_t tag, struct span v)
{
	int64_t n = 0;

	switch (tag) {
	case TAG_TEXT: return get_int(v, &o->text);
	case TAG_ATTEMPT: return get_int(v, &o->attempt);
	case TAG_HTTP_STATUS: return get_int(v, &o->http_status);
	case TAG_ITEM_STATUS: return get_int(v, &o->item_status);
	case TAG_RETRY_AFTER: return get_int(v, &o->retry_after_ms);
	case TAG_MESSAGE_ID: o->message_id = v; return true;
	case TAG_CODE: o->code = v; return true;
	case TAG_TRACE: o->trace = v; return true;
	case TAG_OUTCOME:
		if (!get_word(v, OUTCOMES, &n))
			return false;
		o->outcome = (enum outcome)n;
		return true;
	default: return true;
	}
}

static bool
take_reload(struct link_frame *f, uint8_t tag, struct span v)
{
	int64_t n = 0;

	if (tag == TAG_WORDS)
		f->why = v;
	if (tag != TAG_WHAT)
		return true;
	if (f->type == LINK_RELOADED)
		return get_word(v, 2, &f->ok);
	if (!get_word(v, RELOADS, &n))
		return false;
	f->reload = (enum link_reload)n;
	return true;
}

static bool
take_log(struct link_frame *f, uint8_t tag, struct span v)
{
	if (tag == TAG_PROGRAM)
		f->part = v;
	return tag != TAG_NUMBER || (get_word(v, LOG_DEBUG + 1, &f->level) && f->level >= LOG_ERROR);
}

static bool
take_certificate(struct link_frame *f, uint8_t tag, struct span v)
{
	if (tag == TAG_GATEWAY)
		f->gateway = v;
	else if (tag == TAG_BODY)
		f->der = v;
	return true;
}

/* One field into the frame; false: its form is wrong. An unknown tag is fine. */
static bool
take(struct link_frame *f, uint8_t tag, struct span v)
{
	switch (f->type) {
	case LINK_HELLO: return tag != TAG_CREDITS || get_int(v, &f->credits);
	case LINK_JOB: return take_job(&f->job, tag, v);
	case LINK_OUTCOME: return take_outcome(&f->outcome, tag, v);
	case LINK_EVENT:
	case LINK_TAKEN: return take_event(&f->event, tag, v);
	case LINK_ASK: return take_ask(&f->ask, tag, v);
	case LINK_RELOAD:
	case LINK_RELOADED: return take_reload(f, tag, v);
	case LINK_LOG: return take_log(f, tag, v);
	case LINK_CERTIFICATE: return take_certificate(f, tag, v);
	case LINK_CANCEL: return true;
	}
	return false;
}

/* What must have been said, so that nothing said does not read as something. */
static bool
is_whole(const struct link_frame *f)
{
	switch (f->type) {
	case LINK_OUTCOME: return f->outcome.outcome != OUTCOMES;
	case LINK_EVENT: return f->event.what != GATEWAY_EVENTS && f->event.event > 0;
	case LINK_TAKEN: return f->event.event > 0;
	case LINK_ASK: return f->ask.ask != ASKS;
	case LINK_RELOAD: return f->reload != RELOADS;
	case LINK_RELOADED: return f->ok >= 0;
	case LINK_LOG: return f->part.n > 0 && f->level > 0;
	case LINK_CERTIFICATE: return f->gateway.n > 0 && f->der.n > 0;
	case LINK_HELLO:
	case LINK_JOB:
	case LINK_CANCEL: return true;
	}
	return false;
}

enum link_result
link_get(struct span in, struct link_frame *out)
{
	struct link_frame f = { .outcome = { .outcome = OUTCOMES, .retry_after_ms = -1 },
		.event = { .what = GATEWAY_EVENTS, .delivery = DELIVERY_UNKNOWN }, .ask = { .ask = ASKS }, .reload = RELOADS, .ok = -1 };
	uint32_t length;
	size_t at = 5;

	if (in.n < 5)
		return LINK_MORE;
	length = get_u32(in.p);
	if (length < 1 || length > LINK_FRAME_MAX)
		return LINK_BROKEN;
	f.bytes = (size_t)length + 4;
	if ((uint8_t)in.p[4] < LINK_HELLO || (uint8_t)in.p[4] > LINK_CERTIFICATE)
		return LINK_BROKEN;
	if (in.n < f.bytes)
		return LINK_MORE;
	f.type = (enum link_type)in.p[4];
	while (at < f.bytes) {
		uint32_t n;

		if (f.bytes - at < 5 || (n = get_u32(in.p + at + 1)) > f.bytes - at - 5)
			return LINK_BROKEN;
		if (!take(&f, (uint8_t)in.p[at], (struct span){ in.p + at + 5, n }))
			return LINK_BROKEN;
		at += 5 + n;
	}
	if (!is_whole(&f))
		return LINK_BROKEN;
	*out = f;
	return LINK_COMPLETE;
}

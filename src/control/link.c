/* link.c - frames between the two daemons: tagged fields, read without trust. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/link.h"

#include <assert.h>
#include <string.h>

enum tag {
	TAG_CREDITS = 1, TAG_PROGRAM, TAG_TEXT, TAG_ATTEMPT, TAG_GATEWAY, TAG_PATH, TAG_BODY, TAG_TO, TAG_NOT_AFTER,
	TAG_OUTCOME, TAG_HTTP_STATUS, TAG_ITEM_STATUS, TAG_MESSAGE_ID, TAG_CODE, TAG_RETRY_AFTER, TAG_TRACE
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

/* One field into the frame; false: its form is wrong. An unknown tag is fine. */
static bool
take(struct link_frame *f, uint8_t tag, struct span v)
{
	int64_t *number = NULL, outcome = 0;
	struct span *text = NULL;
	bool job = f->type == LINK_JOB;

	switch (tag) {
	case TAG_CREDITS: number = &f->credits; break;
	case TAG_TEXT: number = job ? &f->job.text : &f->outcome.text; break;
	case TAG_ATTEMPT: number = job ? &f->job.attempt : &f->outcome.attempt; break;
	case TAG_NOT_AFTER: number = &f->job.not_after_s; break;
	case TAG_HTTP_STATUS: number = &f->outcome.http_status; break;
	case TAG_ITEM_STATUS: number = &f->outcome.item_status; break;
	case TAG_RETRY_AFTER: number = &f->outcome.retry_after_ms; break;
	case TAG_GATEWAY: text = &f->job.gateway; break;
	case TAG_PATH: text = &f->job.path; break;
	case TAG_BODY: text = &f->job.body; break;
	case TAG_TO: text = &f->job.to; break;
	case TAG_MESSAGE_ID: text = &f->outcome.message_id; break;
	case TAG_CODE: text = &f->outcome.code; break;
	case TAG_TRACE: text = &f->outcome.trace; break;
	case TAG_OUTCOME:
		if (!get_int(v, &outcome) || outcome < 0 || outcome >= OUTCOMES)
			return false;
		f->outcome.outcome = (enum outcome)outcome;
		return true;
	default:
		return true;
	}
	if (text)
		*text = v;
	return number ? get_int(v, number) : true;
}

enum link_result
link_get(struct span in, struct link_frame *out)
{
	struct link_frame f = { .outcome = { .outcome = OUTCOMES, .retry_after_ms = -1 } };
	uint32_t length;
	size_t at = 5;

	if (in.n < 5)
		return LINK_MORE;
	length = get_u32(in.p);
	if (length < 1 || length > LINK_FRAME_MAX)
		return LINK_BROKEN;
	f.bytes = (size_t)length + 4;
	if ((uint8_t)in.p[4] < LINK_HELLO || (uint8_t)in.p[4] > LINK_CANCEL)
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
	if (f.type == LINK_OUTCOME && f.outcome.outcome == OUTCOMES) /* nothing said must not read as accepted */
		return LINK_BROKEN;
	*out = f;
	return LINK_COMPLETE;
}

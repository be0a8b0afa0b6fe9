/* queue_list.c - the XML that a queue answers with, read by expat without entities or document types. */
// SPDX-License-Identifier: Apache-2.0
#include <expat.h>
#include <string.h>

#include "acs/queue.h"
#include "nudge/seal.h"

#define DEPTH_MAX 8
#define NAME_MAX_BYTES 32

struct list {
	XML_Parser parser;
	queue_message_fn *fn;
	void *ctx;
	int depth;
	size_t given;
	bool wrong;
	struct buf said;                   /* character data of the element that is open */
	struct buf id, receipt, text, count; /* of the message that is open */
};

static void
stop(struct list *l)
{
	l->wrong = true;
	(void)XML_StopParser(l->parser, XML_FALSE);
}

static void
reset(struct list *l)
{
	buf_reset(&l->id);
	buf_reset(&l->receipt);
	buf_reset(&l->text);
	buf_reset(&l->count);
}

static void
on_begin(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct list *l = ctx;

	(void)attributes;
	l->depth++;
	if (l->depth > DEPTH_MAX || (l->depth == 1 && strcmp(name, "QueueMessagesList") != 0)) {
		stop(l);
		return;
	}
	buf_reset(&l->said);
	if (l->depth == 2)
		reset(l);
}

static void
end_message(struct list *l)
{
	struct queue_message m = { buf_span(&l->id), buf_span(&l->receipt), buf_span(&l->text), 0 };
	uint64_t n;

	if (span_to_u64(span_trim(buf_span(&l->count)), 1000000000, &n))
		m.dequeued = (int64_t)n;
	if (m.id.n == 0 || m.receipt.n == 0 || l->given == QUEUE_BATCH) {
		stop(l);
		return;
	}
	l->given++;
	if (!l->fn(l->ctx, &m))
		stop(l);
}

static void
on_end(void *ctx, const XML_Char *name)
{
	struct list *l = ctx;
	struct buf *to = strcmp(name, "MessageId") == 0 ? &l->id : strcmp(name, "PopReceipt") == 0 ? &l->receipt :
	    strcmp(name, "MessageText") == 0 ? &l->text : strcmp(name, "DequeueCount") == 0 ? &l->count : NULL;

	if (l->depth == 3 && to) {
		buf_reset(to);
		if (!buf_add_span(to, buf_span(&l->said)))
			stop(l);
	}
	if (l->depth == 2 && strcmp(name, "QueueMessage") == 0)
		end_message(l);
	buf_reset(&l->said);
	l->depth--;
}

static void
on_said(void *ctx, const XML_Char *p, int n)
{
	struct list *l = ctx;

	if (l->depth == 3 && !buf_add(&l->said, p, (size_t)n))
		stop(l);
}

static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(ctx);
}

bool
queue_list(struct span xml, queue_message_fn *fn, void *ctx)
{
	struct list l = { .parser = XML_ParserCreate("UTF-8"), .fn = fn, .ctx = ctx };
	struct buf *const parts[] = { &l.said, &l.id, &l.receipt, &l.text, &l.count };
	bool ok = l.parser && xml.n <= QUEUE_ANSWER_MAX;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		buf_init(parts[i], QUEUE_ANSWER_MAX);
	if (ok) {
		XML_SetUserData(l.parser, &l);
		XML_SetElementHandler(l.parser, on_begin, on_end);
		XML_SetCharacterDataHandler(l.parser, on_said);
		XML_SetStartDoctypeDeclHandler(l.parser, on_doctype);
		ok = XML_Parse(l.parser, xml.n ? xml.p : "", (int)xml.n, 1) == XML_STATUS_OK && !l.wrong;
	}
	if (l.parser)
		XML_ParserFree(l.parser);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		buf_wipe(parts[i]);
	return ok;
}

/* alone.c - commands that need no nudged: keygen, send. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/hl7.h"
#include "nudge/mllp_send.h"
#include "nudge/seal.h"
#include "nudgectl/nudgectl.h"

#define MESSAGE_MAX (16u << 20)

int
command_keygen(struct call *c)
{
	struct fault f = { 0 };

	if (c->argc != 1)
		return call_usage("keygen FILE");
	if (!seal_keyfile_make(c->argv[0], &f)) {
		(void)fprintf(stderr, "nudgectl: %s\n", f.text);
		return EXIT_FAILURE;
	}
	if (c->json)
		return call_print_json(json_pack("{s:s}", "made", c->argv[0]));
	(void)printf("made %s; keep a copy in a safe place: without it the store cannot be read\n", c->argv[0]);
	return EXIT_SUCCESS;
}

/* ---- send ---- */

/* A message from a file: lines become segments. */
static bool
read_message(const char *path, struct buf *out, struct fault *f)
{
	if (!call_read_file(path, out, f))
		return false;
	for (size_t i = 0, has_cr = memchr(out->p, '\r', out->n) != NULL; !has_cr && i < out->n; i++)
		if (out->p[i] == '\n')
			out->p[i] = '\r';
	return true;
}

static struct span
answer_field(struct hl7 *m, unsigned field)
{
	for (unsigned i = 0; i < hl7_segments(m); i++)
		if (hl7_is(m, i, "MSA"))
			return hl7_field(m, i, field);
	return SPAN_NONE;
}

static bool
show_answer(const struct call *c, const char *path, const struct buf *answer, json_t *list)
{
	struct hl7 *m = hl7_new();
	struct span code = SPAN_NONE, id = SPAN_NONE, text = SPAN_NONE;
	bool good;

	if (m && hl7_read(m, buf_span(answer)) == HL7_OK) {
		code = answer_field(m, 1);
		id = answer_field(m, 2);
		text = answer_field(m, 3);
	}
	good = span_is(code, "AA") || span_is(code, "CA");
	(void)json_array_append_new(list,
	    json_pack("{s:s, s:s%, s:s%, s:s%, s:s%}", "file", path, "code", code.n ? code.p : "", code.n, "control_id",
	        id.n ? id.p : "", id.n, "text", text.n ? text.p : "", text.n, "answer", answer->n ? answer->p : "",
	        answer->n));
	if (!c->json)
		(void)printf("%s: %.*s %.*s %.*s\n", path, (int)code.n, code.n ? code.p : "", (int)id.n, id.n ? id.p : "",
		    (int)text.n, text.n ? text.p : "");
	hl7_free(m);
	return good;
}

struct sending {
	const struct call *call;
	struct mllp_wire *wire;
	const char *path;
	json_t *list;
	struct fault *f;
};

static bool
send_message(void *ctx, struct span message)
{
	const struct sending *s = ctx;
	struct buf answer;
	bool ok;

	buf_init(&answer, 1u << 20);
	ok = mllp_exchange(s->wire, message, &answer, s->f);
	if (ok && !show_answer(s->call, s->path, &answer, s->list))
		ok = fault_set(s->f, FAULT_PEER, "%s was not accepted", s->path);
	buf_clear(&answer);
	return ok;
}

/* Its messages one after the other, each with its answer. */
static bool
send_file(struct sending *s)
{
	struct buf all;
	bool ok;

	buf_init(&all, MESSAGE_MAX);
	ok = read_message(s->path, &all, s->f) && call_each_message(buf_span(&all), send_message, s);
	buf_wipe(&all);
	return ok;
}

int
command_send(struct call *c)
{
	static const char help[] = "send FILE... --to HOST:PORT [--cert F --key F] [--ca F] [--name NAME] [--plain]";
	const char *to = call_option(c, "--to"), *cert = call_option(c, "--cert"), *key = call_option(c, "--key");
	const char *ca = call_option(c, "--ca"), *name = call_option(c, "--name");
	bool plain = call_flag(c, "--plain"), ok;
	const char *colon = to ? strrchr(to, ':') : NULL;
	char host[256];
	struct fault f = { 0 };
	struct mllp_wire *w = NULL;
	json_t *list;

	if (!to || !cert || !key || !ca || !name || !colon || c->argc == 0 || (size_t)(colon - to) >= sizeof host)
		return call_usage(help);
	span_copy(host, sizeof host, span_from(to, (size_t)(colon - to)));
	struct mllp_target t = { .host = host, .port = colon + 1, .tls = !plain, .certificate = cert, .private_key = key,
		.ca = ca, .name = name, .timeout_s = 30 };

	list = json_array();
	ok = mllp_connect(&t, &w, &f);
	for (int i = 0; ok && i < c->argc; i++)
		ok = send_file(&(struct sending){ c, w, c->argv[i], list, &f });
	mllp_hang_up(w);
	if (c->json)
		(void)call_print_json(json_incref(list));
	json_decref(list);
	if (!ok)
		(void)fprintf(stderr, "nudgectl: %s\n", f.text);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

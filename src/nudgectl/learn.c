/* learn.c - a sender's messages looked at together, and the site block that they suggest. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/hl7_batch.h"
#include "nudge/siu_learn.h"
#include "nudgectl/nudgectl.h"

#define FILE_MAX (256u << 20)

static int
print(const struct call *c, const char *text)
{
	if (c->json)
		return call_print_json(json_pack("{s:s}", "proposal", text));
	(void)fputs(text, stdout);
	return 0;
}

/* What nudged has of the site: samples while `learning = true`, and its quarantine. */
static int
learn_stored(struct call *c)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s, s:s}", "command", "learn", "site", c->argv[0]), &r);

	if (status != 0)
		return status;
	status = print(c, json_string_value(r) ? json_string_value(r) : "");
	json_decref(r);
	return status;
}

static void
learn_frame(struct siu_learn *l, struct hl7 *index, struct span frame)
{
	struct hl7_batch b;
	struct span message;

	hl7_batch_begin(&b, frame);
	while (hl7_batch_next(&b, &message))
		(void)siu_learn_add(l, index, message);
}

static void
learn_file(struct siu_learn *l, struct hl7 *index, struct span all)
{
	const char *vt = memchr(all.p, '\x0b', all.n), *end = all.p + all.n;

	if (!vt)
		learn_frame(l, index, all);
	while (vt) {
		const char *from = vt + 1, *fs = memchr(from, '\x1c', (size_t)(end - from)), *to = fs ? fs : end;

		learn_frame(l, index, span_from(from, (size_t)(to - from)));
		vt = memchr(to, '\x0b', (size_t)(end - to));
	}
}

static int
learn_files(struct call *c)
{
	struct siu_learn *l = siu_learn_new();
	struct hl7 *index = hl7_new();
	struct buf out;
	struct fault f = { 0 };
	bool ok = l && index;
	int status = EXIT_FAILURE;

	buf_init(&out, 1u << 20);
	for (int i = 1; ok && i < c->argc; i++) {
		struct buf all;

		buf_init(&all, FILE_MAX);
		ok = call_read_file(c->argv[i], &all, &f);
		if (ok)
			learn_file(l, index, buf_span(&all));
		buf_wipe(&all);
	}
	if (ok && siu_learn_write(l, c->argv[0], &out))
		status = print(c, buf_text(&out));
	else
		(void)fprintf(stderr, "nudgectl: %s\n", f.text[0] ? f.text : "out of memory");
	buf_clear(&out);
	siu_learn_free(l);
	hl7_free(index);
	return status;
}

int
command_learn(struct call *c)
{
	if (c->argc == 0)
		return call_usage("learn SITE [FILE...] [--json]");
	return c->argc == 1 ? learn_stored(c) : learn_files(c);
}

/* learn.c - a sender's messages looked at together, and the site block that they suggest. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

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

struct learning {
	struct siu_learn *learn;
	struct hl7 *index;
};

static bool
learn_message(void *ctx, struct span message)
{
	struct learning *x = ctx;

	(void)siu_learn_add(x->learn, x->index, message); /* what cannot be read is counted too */
	return true;
}

static int
learn_files(struct call *c)
{
	struct learning x = { siu_learn_new(), hl7_new() };
	struct buf out;
	struct fault f = { 0 };
	bool ok = x.learn && x.index;
	int status = EXIT_FAILURE;

	buf_init(&out, 1u << 20);
	for (int i = 1; ok && i < c->argc; i++) {
		struct buf all;

		buf_init(&all, FILE_MAX);
		ok = call_read_file(c->argv[i], &all, &f);
		if (ok)
			(void)call_each_message(buf_span(&all), learn_message, &x);
		buf_wipe(&all);
	}
	if (ok && siu_learn_write(x.learn, c->argv[0], &out))
		status = print(c, buf_text(&out));
	else
		(void)fprintf(stderr, "nudgectl: %s\n", f.text[0] ? f.text : "out of memory");
	buf_clear(&out);
	siu_learn_free(x.learn);
	hl7_free(x.index);
	return status;
}

int
command_learn(struct call *c)
{
	if (c->argc == 0)
		return call_usage("learn SITE [FILE...] [--json]");
	return c->argc == 1 ? learn_stored(c) : learn_files(c);
}

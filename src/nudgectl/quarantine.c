/* quarantine.c - nudgectl quarantine: list, show to those who may see, read again, discard. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudgectl/nudgectl.h"

#define HELP "quarantine list | show ID | replay ID | replay --all [--site SITE] | discard ID"

static long long
number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void
print_place(const json_t *q)
{
	(void)printf("%s", call_text(q, "segment"));
	if (number(q, "field") > 0)
		(void)printf("-%lld", number(q, "field"));
}

static int
list(struct call *c)
{
	size_t i;
	json_t *r = NULL, *q;
	int status = call_ask(c, json_pack("{s:s}", "command", "quarantine"), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	json_array_foreach(r, i, q) {
		(void)printf("%lld  %s  %s  ", number(q, "id"), call_text(q, "received"), call_text(q, "site"));
		print_place(q);
		if (json_is_integer(json_object_get(q, "offset")))
			(void)printf(" (byte %lld)", number(q, "offset"));
		(void)printf("  %s\n", call_text(q, "reason"));
	}
	if (json_array_size(r) == 0)
		(void)puts("nothing is in quarantine");
	json_decref(r);
	return 0;
}

/* Segments become lines; what would move the terminal's cursor does not get there. */
static void
print_message(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p == '\r')
			(void)putchar('\n');
		else if (*p < 0x20 || *p == 0x7f)
			(void)printf("\\X%02X\\", *p);
		else
			(void)putchar(*p);
	(void)putchar('\n');
}

static int
show(struct call *c, long long id)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s, s:I}", "command", "quarantine-show", "id", (json_int_t)id), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	(void)printf("%lld, received %s: %s, ", id, call_text(r, "received"), call_text(r, "reason"));
	print_place(r);
	(void)putchar('\n');
	print_message(call_text(r, "message"));
	json_decref(r);
	return 0;
}

static void
print_replayed(const json_t *messages)
{
	size_t i;
	json_t *m;

	json_array_foreach(messages, i, m) {
		(void)printf("%lld  %s", number(m, "id"), call_text(m, "result"));
		if (call_text(m, "reason")[0])
			(void)printf(": %s", call_text(m, "reason"));
		if (call_text(m, "segment")[0]) {
			(void)printf(", ");
			print_place(m);
		}
		(void)putchar('\n');
	}
}

/* nudged takes some in a turn; asked again until all had theirs. */
static int
replay(struct call *c, long long id, bool all, const char *site)
{
	json_t *every = json_array(), *r = NULL;
	bool more = true;

	while (more) {
		json_t *list;
		int status = call_ask(c, json_pack("{s:s, s:I, s:b, s:s}", "command", "quarantine-replay", "id", (json_int_t)id,
		                             "all", all, "site", site), &r);

		if (status != 0) {
			json_decref(every);
			return status;
		}
		list = json_object_get(r, "messages");
		(void)json_array_extend(every, list);
		more = json_is_true(json_object_get(r, "more")) && json_array_size(list) > 0;
		if (more)
			id = number(json_array_get(list, json_array_size(list) - 1), "id");
		json_decref(r);
	}
	if (c->json)
		return call_print_json(every);
	print_replayed(every);
	if (json_array_size(every) == 0)
		(void)puts("nothing is in quarantine");
	json_decref(every);
	return 0;
}

static int
discard(struct call *c, long long id)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s, s:I}", "command", "quarantine-discard", "id", (json_int_t)id), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	(void)puts("discarded; what waited for it goes on");
	json_decref(r);
	return 0;
}

int
command_quarantine(struct call *c)
{
	const char *site = call_option(c, "--site"), *what = c->argc > 0 ? c->argv[0] : "";
	bool all = call_flag(c, "--all");
	char *end = NULL;
	long long id = c->argc == 2 ? strtoll(c->argv[1], &end, 10) : 0;
	bool one = c->argc == 2 && end && *end == '\0' && id > 0;

	if (!site)
		return EXIT_USAGE;
	if (c->argc == 1 && strcmp(what, "list") == 0 && !all)
		return list(c);
	if (one && !all && strcmp(what, "show") == 0)
		return show(c, id);
	if (one && !all && strcmp(what, "discard") == 0)
		return discard(c, id);
	if (strcmp(what, "replay") == 0 && (all ? c->argc == 1 : one))
		return replay(c, id, all, site);
	return call_usage(HELP);
}

/* look.c - commands that look at visits: appointments, explain. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nudge/seal.h"
#include "nudgectl/nudgectl.h"

static bool
yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static void
print_text(const json_t *t)
{
	char rule[80] = "";

	if (call_text(t, "rule")[0])
		(void)snprintf(rule, sizeof rule, " \"%s\"", call_text(t, "rule"));
	(void)printf("    %s%s: %s", call_text(t, "kind"), rule, call_text(t, "state"));
	if (call_text(t, "sent")[0])
		(void)printf(" at %s", call_text(t, "sent"));
	else
		(void)printf(", due %s", call_text(t, "due"));
	(void)printf("%s%s%s\n", call_text(t, "reason_text")[0] ? " (" : "", call_text(t, "reason_text"),
	    call_text(t, "reason_text")[0] ? ")" : "");
}

static void
print_appointment(const json_t *a, bool texts)
{
	size_t i;
	json_t *x;

	(void)printf("%s/%s  %s  %s  %s%s\n", call_text(a, "site"), call_text(a, "id"), call_text(a, "start"),
	    call_text(a, "time_zone"), call_text(a, "status"), yes(a, "phone") ? "" : "  (no phone number)");
	if (texts)
		json_array_foreach(json_object_get(a, "texts"), i, x)
			print_text(x);
}

int
command_appointments(struct call *c)
{
	bool all = call_flag(c, "--all");
	const char *site = call_option(c, "--site");
	size_t i;
	json_t *r = NULL, *a;
	int status;

	if (!site || c->argc != 0)
		return call_usage("appointments [--site SITE] [--all] [--json]");
	status = call_ask(c, json_pack("{s:s, s:s, s:b}", "command", "appointments", "site", site, "all", all), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	json_array_foreach(r, i, a)
		print_appointment(a, true);
	if (json_array_size(r) == 0)
		(void)puts(all ? "none is known" : "none is coming");
	json_decref(r);
	return 0;
}

static int
ask_explain(struct call *c, bool phone, json_t **r)
{
	char number[64] = "";
	json_t *request;
	int status;

	if (!phone)
		return call_ask(c, json_pack("{s:s, s:s}", "command", "explain", "id", c->argv[0]), r);
	if (!call_read_phone(number, sizeof number))
		return call_usage("explain --phone [--json]    (the number is read from standard input)");
	request = json_pack("{s:s, s:s}", "command", "explain-phone", "phone", number);
	status = call_ask(c, request, r);
	seal_wipe(number, sizeof number);
	return status;
}

int
command_explain(struct call *c)
{
	bool phone = call_flag(c, "--phone");
	size_t i, j;
	json_t *r = NULL, *a, *line;
	int status;

	if (c->argc != !phone)
		return call_usage("explain ID | SITE/ID | --phone [--json]");
	if (!phone && c->argv[0][0] == '+') {
		(void)fputs("nudgectl: a phone number is never an argument, which others see in the list of processes: nudgectl explain --phone asks for it\n",
		    stderr);
		return EXIT_USAGE;
	}
	status = ask_explain(c, phone, &r);
	if (status != 0)
		return status;
	if (c->json && !phone && json_array_size(r) == 1) {
		a = json_incref(json_array_get(r, 0));
		json_decref(r);
		return call_print_json(a);
	}
	if (c->json)
		return call_print_json(r);
	json_array_foreach(r, i, a) {
		print_appointment(a, false);
		json_array_foreach(json_object_get(a, "why"), j, line)
			(void)printf("  %s\n", json_string_value(line));
	}
	json_decref(r);
	return 0;
}

/* look.c - commands that look: status, appointments, explain. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nudge/seal.h"
#include "nudgectl/nudgectl.h"

static long long
number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static bool
yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static void
print_waiting(const json_t *s)
{
	const json_t *waiting = json_object_get(s, "waiting");
	size_t i;
	json_t *w;

	if (!yes(s, "file_differs"))
		return;
	(void)printf("             %s: running approved of %s, file differs%s", call_text(s, "site"), call_text(s, "approved_at"),
	    json_array_size(waiting) > 0 ? "; waits for approval: " : " (it narrows, that applies)");
	json_array_foreach(waiting, i, w)
		(void)printf("%s%s", i > 0 ? ", " : "", json_string_value(w));
	(void)putchar('\n');
}

static void
print_sites(const json_t *sites)
{
	size_t i;
	json_t *s;

	json_array_foreach(sites, i, s) {
		(void)printf("site         %s: %s%s\n", call_text(s, "site"), yes(s, "sending") ? "sending" : "NOT SENDING: ",
		    call_text(s, "silent"));
		print_waiting(s);
	}
}

static void
print_limits(const json_t *limits)
{
	size_t i;
	json_t *l;

	json_array_foreach(limits, i, l)
		if (json_is_integer(json_object_get(l, "limit")))
			(void)printf("limit        %s %s: %lld of %lld segments used, %lld remaining%s\n", call_text(l, "organization"),
			    call_text(l, "month"), number(l, "used"), number(l, "limit"), number(l, "remaining"),
			    !yes(l, "exceeded") ? "" : strcmp(call_text(l, "on_limit"), "hold") == 0 ? "; EXCEEDED: texts are held" : "; EXCEEDED");
}

static void
print_texts(json_t *texts)
{
	const char *state;
	json_t *n;
	bool any = false;

	(void)printf("texts        ");
	json_object_foreach(texts, state, n)
		if (json_integer_value(n) != 0) {
			(void)printf("%s%s %lld", any ? ", " : "", state, (long long)json_integer_value(n));
			any = true;
		}
	(void)printf("%s\n", any ? "" : "none yet");
}

static void
print_milliseconds(const json_t *s, const char *name, const char *key)
{
	const json_t *t = json_object_get(s, key);

	if (json_is_number(t))
		(void)printf("  %s %.1f ms", name, json_number_value(t) * 1000);
}

static void
print_senders(const json_t *senders)
{
	size_t i;
	json_t *s;

	json_array_foreach(senders, i, s) {
		(void)printf("%s %s/%s: last seen %s, %lld answers", i == 0 ? "senders     " : "            ", call_text(s, "environment"),
		    call_text(s, "application"), call_text(s, "last_seen"), number(s, "answers"));
		print_milliseconds(s, "p50", "p50");
		print_milliseconds(s, "p99", "p99");
		print_milliseconds(s, "p99.9", "p999");
		(void)putchar('\n');
	}
	if (json_array_size(senders) == 0)
		(void)printf("senders      none was heard since the start\n");
}

static void
print_certificate(const json_t *c)
{
	long long days = number(c, "days_left");

	if (!json_is_object(c))
		return;
	(void)printf("certificate  %s \"%s\" %s: %s%lld days%s\n", call_text(c, "block"), call_text(c, "title"), call_text(c, "setting"),
	    days < 0 ? "OVER since " : "the first to end, in ", days < 0 ? -days : days,
	    strcmp(call_text(c, "state"), "good") == 0 ? "" : ": RENEW IT; see nudgectl certificates");
}

int
command_status(struct call *c)
{
	const json_t *m;
	json_t *r = NULL;
	int status;

	if (c->argc != 0)
		return call_usage("status [--json]");
	status = call_ask(c, json_pack("{s:s}", "command", "status"), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	m = json_object_get(r, "messages");
	(void)printf("messages     accepted %lld, duplicate %lld, ignored %lld, quarantined %lld, refused %lld\n",
	    number(m, "accepted"), number(m, "duplicate"), number(m, "ignored"), number(m, "quarantined"),
	    number(m, "refused"));
	m = json_object_get(r, "adt");
	if (number(m, "visits") + number(m, "older") + number(m, "nobody") > 0)
		(void)printf("adt          reached %lld visits, older than what is known at %lld, of patients without a visit %lld\n",
		    number(m, "visits"), number(m, "older"), number(m, "nobody"));
	print_texts(json_object_get(r, "texts"));
	m = json_object_get(r, "unknown_outcomes");
	if (number(m, "dropped") + number(m, "resent") + number(m, "held") > 0)
		(void)printf("no answer    left as unknown %lld, sent again %lld, held %lld since the start\n", number(m, "dropped"),
		    number(m, "resent"), number(m, "held"));
	(void)printf("connections  %lld\n", number(r, "connections"));
	print_senders(json_object_get(r, "senders"));
	(void)printf("waiting      %lld due%s%s, %lld at the gateway\n", number(r, "backlog"),
	    call_text(r, "oldest_due")[0] ? ", the oldest since " : "", call_text(r, "oldest_due"), number(r, "in_flight"));
	(void)printf("nudge-sender %s\n", yes(r, "sender_connected") ? "connected" : "NOT CONNECTED: texts wait");
	if (number(r, "numbers_blocked") > 0)
		(void)printf("gateway      %lld number%s blocked: see the log\n", number(r, "numbers_blocked"),
		    number(r, "numbers_blocked") == 1 ? "" : "s");
	if (yes(r, "clock_held"))
		(void)printf("clock        STEPPED: sends are held; nudgectl release clock\n");
	if (yes(r, "journal_held"))
		(void)printf("journal      MISSING or too short: sends are held; nudgectl release journal\n");
	if (yes(r, "store_busy"))
		(void)printf("store        CANNOT STORE: messages are not answered; make space\n");
	m = json_object_get(r, "disk");
	if (strcmp(call_text(m, "state"), "enough") == 0)
		(void)printf("disk         %lld MiB free\n", number(m, "free") / 1048576);
	else
		(void)printf("disk         %lld MiB free, %s: make room\n", number(m, "free") / 1048576, call_text(m, "state"));
	print_certificate(json_object_get(r, "certificate"));
	print_limits(json_object_get(r, "limits"));
	print_sites(json_object_get(r, "sites"));
	json_decref(r);
	return 0;
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

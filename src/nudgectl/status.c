/* status.c - one look at the whole house, on one screen. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "nudge/clock.h"
#include "nudgectl/screen.h"

#define WIDTH 79

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

static size_t
lines_of(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	return n;
}

/* ---- rows ---- */

/* "pending 6, sent 2", over several rows where it must. */
static void
add_texts(struct buf *out, json_t *texts)
{
	const char *state;
	json_t *n;
	size_t column = 13;
	bool any = false;

	(void)buf_add_text(out, "texts        ");
	json_object_foreach(texts, state, n) {
		char word[64];
		size_t length = (size_t)snprintf(word, sizeof word, "%s %lld", state, (long long)json_integer_value(n));

		if (json_integer_value(n) == 0)
			continue;
		if (any)
			(void)buf_add_text(out, column + length + 2 > WIDTH ? ",\n             " : ", ");
		column = any && column + length + 2 > WIDTH ? 13 + length : column + length + (any ? 2 : 0);
		(void)buf_add_text(out, word);
		any = true;
	}
	(void)buf_addf(out, "%s\n", any ? "" : "none yet");
}

static void
add_milliseconds(struct buf *out, const json_t *s, const char *name, const char *key)
{
	const json_t *t = json_object_get(s, key);

	if (json_is_number(t))
		(void)buf_addf(out, "  %s %.1f", name, json_number_value(t) * 1000);
}

void
screen_ago(const char *at, int64_t now_s, char out[32])
{
	struct tm t = { 0 };
	long long ago;

	if (sscanf(at, "%4d-%2d-%2dT%2d:%2d:%2dZ", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec) != 6) {
		(void)snprintf(out, 32, "never");
		return;
	}
	t.tm_year -= 1900;
	t.tm_mon -= 1;
	ago = (long long)now_s - (long long)timegm(&t);
	ago = ago < 0 ? 0 : ago;
	if (ago < 120)
		(void)snprintf(out, 32, "%lld s ago", ago);
	else if (ago < 7200)
		(void)snprintf(out, 32, "%lld min ago", ago / 60);
	else if (ago < 172800)
		(void)snprintf(out, 32, "%lld h ago", ago / 3600);
	else
		(void)snprintf(out, 32, "%lld days ago", ago / 86400);
}

/* ---- lists: what is wrong first, then as many of the others as there is room for ---- */

typedef bool row_fn(struct buf *out, const json_t *x, bool wrong, int64_t now_s); /* false: it is of the other sort */

static void
add_list(struct buf *out, const char *label, const json_t *list, row_fn *row, size_t room, int64_t now_s)
{
	size_t i, n = json_array_size(list), shown = 0;
	json_t *x;

	for (int wrong = 1; wrong >= 0; wrong--)
		json_array_foreach(list, i, x) {
			size_t before = out->n;

			if (shown + 1 >= room && shown + 1 < n) /* the last row says how many are left out */
				break;
			(void)buf_addf(out, "%-12s ", shown == 0 ? label : "");
			if (row(out, x, wrong, now_s))
				shown++;
			else
				out->n = before;
		}
	if (shown < n)
		(void)buf_addf(out, "%-12s %s%zu %s: nudgectl status --all\n", shown == 0 ? label : "", shown == 0 ? "" : "and ", n - shown,
		    shown == 0 ? "of them" : "more");
}

static bool
sender_row(struct buf *out, const json_t *s, bool wrong, int64_t now_s)
{
	char ago[32];

	if (yes(s, "silent") != wrong)
		return false;
	(void)buf_addf(out, "%s/%s: ", call_text(s, "environment"), call_text(s, "application"));
	if (wrong) {
		(void)buf_addf(out, "SILENT: %s\n", call_text(s, "why"));
		return true;
	}
	screen_ago(call_text(s, "last_seen"), now_s, ago);
	(void)buf_addf(out, "%s, %lld answers", ago, number(s, "answers"));
	add_milliseconds(out, s, "p50", "p50");
	add_milliseconds(out, s, "p99", "p99");
	add_milliseconds(out, s, "p99.9", "p999");
	(void)buf_add_text(out, number(s, "answers") > 0 ? " ms\n" : "\n");
	return true;
}

static bool
is_same(const json_t *a, const json_t *b)
{
	return strcmp(call_text(a, "environment"), call_text(b, "environment")) == 0 &&
	    strcmp(call_text(a, "application"), call_text(b, "application")) == 0;
}

/* Those heard since the start, and those that are known from before, each once. */
json_t *
screen_senders(const json_t *status)
{
	json_t *all = json_array(), *feeds = json_object_get(status, "feeds"), *heard = json_object_get(status, "senders"), *x, *y;
	size_t i, k;

	json_array_foreach(heard, i, x) {
		json_t *one = json_copy(x);

		json_array_foreach(feeds, k, y)
			if (is_same(x, y)) {
				(void)json_object_set(one, "silent", json_object_get(y, "silent"));
				(void)json_object_set(one, "why", json_object_get(y, "why"));
			}
		(void)json_array_append_new(all, one);
	}
	json_array_foreach(feeds, k, y) {
		bool known = !call_text(y, "last_seen")[0];

		json_array_foreach(heard, i, x)
			known = known || is_same(x, y);
		if (!known)
			(void)json_array_append(all, y);
	}
	return all;
}

static void
add_waiting(struct buf *out, const json_t *s)
{
	const json_t *waiting = json_object_get(s, "waiting");
	size_t i;
	json_t *w;

	(void)buf_addf(out, "             %s: running approved of %s, file differs%s", call_text(s, "site"), call_text(s, "approved_at"),
	    json_array_size(waiting) > 0 ? "; waits for approval: " : " (it narrows, that applies)");
	json_array_foreach(waiting, i, w)
		(void)buf_addf(out, "%s%s", i > 0 ? ", " : "", json_string_value(w));
	(void)buf_add_char(out, '\n');
}

static bool
site_row(struct buf *out, const json_t *s, bool wrong, int64_t now_s)
{
	(void)now_s;
	if ((!yes(s, "sending") || yes(s, "file_differs")) != wrong)
		return false;
	(void)buf_addf(out, "%s: %s%s\n", call_text(s, "site"), yes(s, "sending") ? "sending" : "NOT SENDING: ", call_text(s, "silent"));
	if (yes(s, "file_differs"))
		add_waiting(out, s);
	return true;
}

static bool
limit_row(struct buf *out, const json_t *l, bool wrong, int64_t now_s)
{
	(void)now_s;
	if (yes(l, "exceeded") != wrong)
		return false;
	(void)buf_addf(out, "%s %s: %lld of %lld segments used, %lld remaining%s\n", call_text(l, "organization"), call_text(l, "month"),
	    number(l, "used"), number(l, "limit"), number(l, "remaining"),
	    !wrong ? "" : strcmp(call_text(l, "on_limit"), "hold") == 0 ? "; EXCEEDED: texts are held" : "; EXCEEDED");
	return true;
}

static json_t *
limits_of(const json_t *status)
{
	json_t *with = json_array(), *l;
	size_t i;

	json_array_foreach(json_object_get(status, "limits"), i, l)
		if (json_is_integer(json_object_get(l, "limit")))
			(void)json_array_append(with, l);
	return with;
}

/* ---- what needs a person ---- */

static void
add_certificate(struct buf *out, const json_t *c)
{
	long long days = number(c, "days_left");

	if (!json_is_object(c))
		return;
	(void)buf_addf(out, "certificate  %s \"%s\" %s: %s%lld days%s\n", call_text(c, "block"), call_text(c, "title"), call_text(c, "setting"),
	    days < 0 ? "OVER since " : "the first to end, in ", days < 0 ? -days : days,
	    strcmp(call_text(c, "state"), "good") == 0 ? "" : ": RENEW IT; see nudgectl certificates");
}

static void
add_house(struct buf *out, const json_t *r)
{
	const json_t *disk = json_object_get(r, "disk");

	(void)buf_addf(out, "nudge-sender %s\n", yes(r, "sender_connected") ? "connected" : "NOT CONNECTED: texts wait");
	if (strcmp(call_text(json_object_get(r, "sender"), "reload"), "refused") == 0)
		(void)buf_addf(out, "             DID NOT TAKE the configuration: %s\n", call_text(json_object_get(r, "sender"), "why"));
	if (number(r, "numbers_blocked") > 0)
		(void)buf_addf(out, "gateway      %lld number%s blocked: see the log\n", number(r, "numbers_blocked"),
		    number(r, "numbers_blocked") == 1 ? "" : "s");
	if (yes(r, "clock_held"))
		(void)buf_addf(out, "clock        STEPPED: sends are held; nudgectl release clock\n");
	if (yes(r, "journal_held"))
		(void)buf_addf(out, "journal      MISSING or too short: sends are held; nudgectl release journal\n");
	if (yes(r, "store_busy"))
		(void)buf_addf(out, "store        CANNOT STORE: messages are not answered; make space\n");
	if (yes(json_object_get(r, "audit_forward"), "failing"))
		(void)buf_addf(out, "audit        NOT FORWARDED: %lld records wait; see the log\n",
		    number(json_object_get(r, "audit_forward"), "waiting"));
	call_add_rotation(out, json_object_get(r, "store_key"));
	if (strcmp(call_text(disk, "state"), "enough") == 0)
		(void)buf_addf(out, "disk         %lld MiB free\n", number(disk, "free") / 1048576);
	else
		(void)buf_addf(out, "disk         %lld MiB free, %s: make room\n", number(disk, "free") / 1048576, call_text(disk, "state"));
	add_certificate(out, json_object_get(r, "certificate"));
}

void
screen_traffic(struct buf *out, const json_t *r)
{
	const json_t *m = json_object_get(r, "messages");

	(void)buf_addf(out, "messages     accepted %lld, duplicate %lld, ignored %lld, quarantined %lld, refused %lld\n",
	    number(m, "accepted"), number(m, "duplicate"), number(m, "ignored"), number(m, "quarantined"), number(m, "refused"));
	m = json_object_get(r, "adt");
	if (number(m, "visits") + number(m, "older") + number(m, "nobody") > 0)
		(void)buf_addf(out, "adt          reached %lld visits, older than what is known at %lld, without a visit %lld\n",
		    number(m, "visits"), number(m, "older"), number(m, "nobody"));
	add_texts(out, json_object_get(r, "texts"));
	m = json_object_get(r, "unknown_outcomes");
	if (number(m, "dropped") + number(m, "resent") + number(m, "held") > 0)
		(void)buf_addf(out, "no answer    left as unknown %lld, sent again %lld, held %lld since the start\n", number(m, "dropped"),
		    number(m, "resent"), number(m, "held"));
	(void)buf_addf(out, "waiting      %lld due%s%s, %lld at the gateway\n", number(r, "backlog"),
	    call_text(r, "oldest_due")[0] ? ", the oldest since " : "", call_text(r, "oldest_due"), number(r, "in_flight"));
	(void)buf_addf(out, "connections  %lld\n", number(r, "connections"));
}

void
screen_state(struct buf *out, const json_t *r, size_t rows, int64_t now_s)
{
	json_t *limits = limits_of(r), *senders = screen_senders(r);
	size_t left, sites = json_array_size(json_object_get(r, "sites"));

	add_house(out, r);
	left = lines_of(out) < rows ? rows - lines_of(out) : 0;
	if (json_array_size(senders) == 0)
		(void)buf_addf(out, "senders      none was heard yet\n");
	add_list(out, "senders", senders, sender_row, left > 3 + sites ? left - sites - 1 : left > 6 ? left / 3 : 2, now_s);
	left = lines_of(out) < rows ? rows - lines_of(out) : 0;
	add_list(out, "limit", limits, limit_row, left > 6 ? left / 3 : 1, now_s);
	left = lines_of(out) < rows ? rows - lines_of(out) : 0;
	add_list(out, "site", json_object_get(r, "sites"), site_row, left > 1 ? left : 1, now_s);
	json_decref(limits);
	json_decref(senders);
}

int
command_status(struct call *c)
{
	bool all = call_flag(c, "--all");
	json_t *r = NULL;
	struct buf out;
	int status;

	if (c->argc != 0)
		return call_usage("status [--all] [--json]");
	status = call_ask(c, json_pack("{s:s}", "command", "status"), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	buf_init(&out, 1u << 20);
	screen_traffic(&out, r);
	screen_state(&out, r, all ? 100000 : SCREEN_ROWS - 1, clock_now().wall_ms / 1000);
	(void)fputs(buf_text(&out), stdout);
	buf_clear(&out);
	json_decref(r);
	return 0;
}

/* report.c - reports as text, CSV, HTML or JSON; what they hold outlives the phone numbers. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/civil.h"
#include "nudge/clock.h"
#include "nudgectl/nudgectl.h"

struct column {
	const char *key, *title;
	int width;           /* as text; 0: only in CSV, HTML and JSON */
};

static const struct column sms_columns[] = { { "sent", "sent", 20 }, { "from", "from", 14 }, { "type", "type", 12 },
	{ "event", "event", 9 }, { "rule", "rule", 0 }, { "status", "status", 26 }, { "code", "code", 0 },
	{ "gateway_code", "gateway code", 0 }, { "segments", "segments", 8 }, { "within_limit", "within limit", 12 },
	{ "site", "site", 20 }, { "environment", "environment", 0 }, { "attempts", "attempts", 0 },
	{ "appointment", "appointment", 0 }, { "message_id", "message id", 0 }, { NULL, NULL, 0 } };
static const struct column untold_columns[] = { { "appointment", "appointment", 20 }, { "site", "site", 20 },
	{ "event", "event", 9 }, { "start", "start", 26 }, { "state", "state", 10 }, { "reason", "reason", 0 },
	{ "reason_text", "reason", 40 }, { "environment", "environment", 0 }, { "planned", "planned", 0 },
	{ "over", "over", 0 }, { NULL, NULL, 0 } };

static const struct column replies_columns[] = { { "at", "at", 20 }, { "reply", "reply", 14 }, { "appointment", "appointment", 20 },
	{ "site", "site", 20 }, { "start", "start", 26 }, { "open", "open", 4 }, { "reply_text", "reply text", 0 },
	{ "environment", "environment", 0 }, { NULL, NULL, 0 } };

static const struct kind {
	const char *name, *title;
	const struct column *columns;
	bool sums;
} kinds[] = { { "sms", "SMS report", sms_columns, true },
	{ "untold", "Changes and cancellations that a person must tell", untold_columns, false },
	{ "replies", "What patients wrote back, and numbers that are wrong", replies_columns, false } };

/* "2026-11-20" as the first second of that day in UTC. */
static bool
day_of(const char *text, int64_t *out_s)
{
	struct civil c = { 0 };
	int used = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &c.year, &c.month, &c.day, &used) != 3 || text[used] != '\0' || !civil_valid(&c))
		return false;
	*out_s = civil_days(c.year, c.month, c.day) * 86400;
	return true;
}

static void
cell_text(const json_t *row, const char *key, char *out, size_t cap)
{
	const json_t *v = json_object_get(row, key);

	if (json_is_integer(v))
		(void)snprintf(out, cap, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		(void)snprintf(out, cap, "%s", json_is_true(v) ? "yes" : "no");
	else
		(void)snprintf(out, cap, "%s", call_text(row, key));
}

/* RFC 4180; a cell that a spreadsheet would take for a formula gets a quote before it. */
static void
print_csv_cell(const char *text)
{
	bool formula = strchr("=+-@", text[0]) && text[0] && text[0] != '+';

	(void)putchar('"');
	if (formula)
		(void)putchar('\'');
	for (; *text; text++) {
		if (*text == '"')
			(void)putchar('"');
		(void)putchar(*text);
	}
	(void)putchar('"');
}

static void
print_csv(const json_t *r, const struct column *columns)
{
	char cell[256];
	size_t i;
	json_t *row;

	(void)printf("# generated %s, from %s to %s (UTC)\r\n", call_text(r, "generated"), call_text(r, "from"),
	    call_text(r, "to"));
	for (const struct column *c = columns; c->key; c++)
		(void)printf("%s%s", c > columns ? "," : "", c->key);
	(void)printf("\r\n");
	json_array_foreach(json_object_get(r, "rows"), i, row) {
		for (const struct column *c = columns; c->key; c++) {
			cell_text(row, c->key, cell, sizeof cell);
			if (c > columns)
				(void)putchar(',');
			print_csv_cell(cell);
		}
		(void)printf("\r\n");
	}
}

static void
print_html_cell(const char *tag, const char *text)
{
	(void)printf("<%s>", tag);
	for (; *text; text++)
		if (*text == '&' || *text == '<' || *text == '>')
			(void)fputs(*text == '&' ? "&amp;" : *text == '<' ? "&lt;" : "&gt;", stdout);
		else
			(void)putchar(*text);
	(void)printf("</%s>", tag);
}

static void
print_html(const json_t *r, const struct column *columns, const char *title)
{
	char cell[256];
	size_t i;
	json_t *row;

	(void)printf("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>\n"
	             "<style>body{font:14px sans-serif}td,th{padding:2px 8px;text-align:left;border-bottom:1px solid #ccc}</style>\n"
	             "<h1>%s</h1>\n<p>Generated %s, from %s to %s (UTC)</p>\n<table>\n<tr>", title, title,
	    call_text(r, "generated"), call_text(r, "from"), call_text(r, "to"));
	for (const struct column *c = columns; c->key; c++)
		print_html_cell("th", c->title);
	(void)printf("</tr>\n");
	json_array_foreach(json_object_get(r, "rows"), i, row) {
		(void)printf("<tr>");
		for (const struct column *c = columns; c->key; c++) {
			cell_text(row, c->key, cell, sizeof cell);
			print_html_cell("td", cell);
		}
		(void)printf("</tr>\n");
	}
	(void)printf("</table>\n");
}

static void
print_totals(const char *of, const json_t *t, const char *end)
{
	(void)printf("%s%lld texts, %lld segments; %lld confirmations, %lld reminders, %lld responses; %lld over the limit%s", of,
	    (long long)json_integer_value(json_object_get(t, "texts")),
	    (long long)json_integer_value(json_object_get(t, "segments")),
	    (long long)json_integer_value(json_object_get(t, "confirmations")),
	    (long long)json_integer_value(json_object_get(t, "reminders")),
	    (long long)json_integer_value(json_object_get(t, "responses")),
	    (long long)json_integer_value(json_object_get(t, "over_limit")), end);
}

static void
print_plain(const json_t *r, const struct column *columns, const char *title)
{
	char cell[256];
	size_t i;
	json_t *row;

	(void)printf("%s, generated %s, from %s to %s (UTC)\n", title, call_text(r, "generated"), call_text(r, "from"),
	    call_text(r, "to"));
	for (const struct column *c = columns; c->key; c++)
		if (c->width)
			(void)printf("%-*s ", c->width, c->title);
	(void)printf("\n");
	json_array_foreach(json_object_get(r, "rows"), i, row) {
		for (const struct column *c = columns; c->key; c++)
			if (c->width) {
				cell_text(row, c->key, cell, sizeof cell);
				(void)printf("%-*s ", c->width, cell);
			}
		(void)printf("\n");
	}
}

static void
print_sums(const json_t *r, const char *end)
{
	const char *status;
	size_t i;
	json_t *row, *n;

	json_array_foreach(json_object_get(r, "months"), i, row) {
		(void)printf("%s: ", call_text(row, "month"));
		print_totals("", row, end);
	}
	json_object_foreach(json_object_get(r, "statuses"), status, n)
		(void)printf("%s: %lld%s", status, (long long)json_integer_value(n), end);
	print_totals("", json_object_get(r, "totals"), end);
	json_array_foreach(json_object_get(r, "limits"), i, row)
		if (json_is_integer(json_object_get(row, "limit")))
			(void)printf("%s %s: %lld of %lld segments used, %lld remaining%s%s", call_text(row, "organization"),
			    call_text(row, "month"), (long long)json_integer_value(json_object_get(row, "used")),
			    (long long)json_integer_value(json_object_get(row, "limit")),
			    (long long)json_integer_value(json_object_get(row, "remaining")),
			    json_is_true(json_object_get(row, "exceeded")) ? "; exceeded" : "", end);
}

static bool
range_of(const char *days, const char *from, const char *to, int64_t *from_s, int64_t *to_s)
{
	int64_t now = clock_now().wall_ms / 1000;
	uint64_t n = 30;

	*to_s = now + 1;
	if (from[0] || to[0]) {
		*from_s = 0;
		if ((from[0] && !day_of(from, from_s)) || (to[0] && !day_of(to, to_s)))
			return false;
		if (to[0])
			*to_s += 86400; /* the day named is in it */
		if (*from_s >= *to_s)
			(void)fputs("nudgectl: --from is after --to, or to come\n", stderr);
		return *from_s < *to_s;
	}
	if (days[0] && !span_to_u64(span_of(days), 36500, &n))
		return false;
	*from_s = now - (int64_t)n * 86400;
	return true;
}

static void
print_states(const json_t *r)
{
	const char *state;
	size_t i;
	json_t *s, *n;

	json_array_foreach(json_object_get(r, "sites"), i, s) {
		(void)printf("%s: %lld planned, %lld rows: %s\n", call_text(s, "site"),
		    (long long)json_integer_value(json_object_get(s, "planned")),
		    (long long)json_integer_value(json_object_get(s, "rows")),
		    json_is_true(json_object_get(s, "right")) ? "right" : "WRONG");
		json_object_foreach(json_object_get(s, "states"), state, n) {
			long long books = json_integer_value(json_object_get(n, "books")), rows = json_integer_value(json_object_get(n, "rows"));

			if (books != 0 || rows != 0)
				(void)printf("    %-10s %lld%s\n", state, rows, books == rows ? "" : "  WRONG: the tally says otherwise");
		}
	}
	(void)puts(json_is_true(json_object_get(r, "right")) ? "the states add up" : "THE STATES DO NOT ADD UP");
}

static int
report_states(struct call *c)
{
	bool right;
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s}", "command", "states"), &r);

	if (status != 0)
		return status;
	right = json_is_true(json_object_get(r, "right"));
	if (c->json) {
		(void)call_print_json(r);
	} else {
		print_states(r);
		json_decref(r);
	}
	return right ? 0 : EXIT_FAILURE;
}

static void
print_counts(json_t *counts)
{
	const char *what;
	json_t *n;

	json_object_foreach(counts, what, n)
		(void)printf("%s: %lld\n", what, (long long)json_integer_value(n));
}

struct asked {
	const char *site, *type, *status, *format;
	int64_t from_s, to_s;
};

static int
report_rows(struct call *c, const struct asked *x, const struct kind *k)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "command", "report", "of", c->argv[0], "from",
	                            (json_int_t)x->from_s, "to", (json_int_t)x->to_s, "site", x->site, "type", x->type, "status",
	                            x->status), &r);

	if (status != 0)
		return status;
	if (c->json || strcmp(x->format, "json") == 0)
		return call_print_json(r);
	if (strcmp(x->format, "csv") == 0) {
		print_csv(r, k->columns);
	} else if (strcmp(x->format, "html") == 0) {
		print_html(r, k->columns, k->title);
		if (k->sums) {
			(void)printf("<p>");
			print_sums(r, "<br>\n");
		}
	} else {
		print_plain(r, k->columns, k->title);
		if (k->sums)
			print_sums(r, "\n");
		print_counts(json_object_get(r, "counts"));
	}
	json_decref(r);
	return 0;
}

int
command_report(struct call *c)
{
	static const char help[] = "report sms|untold|replies [--days N | --from YYYY-MM-DD --to YYYY-MM-DD] [--site S] "
	                           "[--type confirmation|reminder|response|booked|changed|canceled] [--status S] "
	                           "[--format text|csv|json|html]\n       nudgectl report replies: [--type all|declined|wrong-number|number-refused|stop|confirmed|start|help|not-understood] [--status open]\n"
	                           "       nudgectl report states";
	static const char *const formats[] = { "", "text", "csv", "json", "html" };
	const char *days = call_option(c, "--days"), *from = call_option(c, "--from"), *to = call_option(c, "--to");
	struct asked x = { .site = call_option(c, "--site"), .type = call_option(c, "--type"),
		.status = call_option(c, "--status"), .format = call_option(c, "--format") };
	bool known = false;

	if (!days || !from || !to || !x.site || !x.type || !x.status || !x.format || c->argc != 1 ||
	    !range_of(days, from, to, &x.from_s, &x.to_s))
		return call_usage(help);
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		known = known || strcmp(x.format, formats[i]) == 0;
	if (!known)
		return call_usage(help);
	if (strcmp(c->argv[0], "states") == 0)
		return report_states(c);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(c->argv[0], kinds[i].name) == 0)
			return report_rows(c, &x, &kinds[i]);
	return call_usage(help);
}

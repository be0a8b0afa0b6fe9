/* report.c - the SMS report as text, CSV or JSON; what it holds outlives the phone numbers. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/civil.h"
#include "nudge/clock.h"
#include "nudgectl/nudgectl.h"

static const char *const columns[] = { "sent", "from", "type", "event", "rule", "status", "site", "environment",
	"segments", "attempts", "appointment", "message_id" };
#define COLUMNS (sizeof columns / sizeof columns[0])

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
print_csv(const json_t *r)
{
	char cell[256];
	size_t i;
	json_t *row;

	(void)printf("# generated %s, from %s to %s (UTC)\r\n", call_text(r, "generated"), call_text(r, "from"),
	    call_text(r, "to"));
	for (size_t c = 0; c < COLUMNS; c++)
		(void)printf("%s%s", c ? "," : "", columns[c]);
	(void)printf("\r\n");
	json_array_foreach(json_object_get(r, "rows"), i, row) {
		for (size_t c = 0; c < COLUMNS; c++) {
			cell_text(row, columns[c], cell, sizeof cell);
			if (c)
				(void)putchar(',');
			print_csv_cell(cell);
		}
		(void)printf("\r\n");
	}
}

static void
print_plain(const json_t *r)
{
	const json_t *totals = json_object_get(r, "totals");
	size_t i;
	json_t *row;

	(void)printf("SMS report, generated %s, from %s to %s (UTC)\n", call_text(r, "generated"), call_text(r, "from"),
	    call_text(r, "to"));
	(void)printf("%-20s %-14s %-12s %-9s %-22s %-8s %s\n", "sent", "from", "type", "event", "status", "segments", "site");
	json_array_foreach(json_object_get(r, "rows"), i, row)
		(void)printf("%-20s %-14s %-12s %-9s %-22s %-8lld %s\n", call_text(row, "sent"), call_text(row, "from"),
		    call_text(row, "type"), call_text(row, "event"), call_text(row, "status"),
		    (long long)json_integer_value(json_object_get(row, "segments")), call_text(row, "site"));
	(void)printf("%lld texts, %lld segments; %lld confirmations, %lld reminders\n",
	    (long long)json_integer_value(json_object_get(totals, "texts")),
	    (long long)json_integer_value(json_object_get(totals, "segments")),
	    (long long)json_integer_value(json_object_get(totals, "confirmations")),
	    (long long)json_integer_value(json_object_get(totals, "reminders")));
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
		return true;
	}
	if (days[0] && !span_to_u64(span_of(days), 36500, &n))
		return false;
	*from_s = now - (int64_t)n * 86400;
	return true;
}

int
command_report(struct call *c)
{
	static const char help[] = "report sms [--days N | --from YYYY-MM-DD --to YYYY-MM-DD] [--site S] "
	                           "[--type confirmation|reminder] [--status S] [--format text|csv|json]";
	const char *days = call_option(c, "--days"), *from = call_option(c, "--from"), *to = call_option(c, "--to");
	const char *site = call_option(c, "--site"), *type = call_option(c, "--type");
	const char *wanted = call_option(c, "--status"), *format = call_option(c, "--format");
	int64_t from_s, to_s;
	json_t *r;
	int status;

	if (!days || !from || !to || !site || !type || !wanted || !format || c->argc != 1 ||
	    strcmp(c->argv[0], "sms") != 0 || !range_of(days, from, to, &from_s, &to_s))
		return call_usage(help);
	if (format[0] && strcmp(format, "text") != 0 && strcmp(format, "csv") != 0 && strcmp(format, "json") != 0)
		return call_usage(help);
	status = call_ask(c, json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "command", "report", "from", (json_int_t)from_s, "to",
	                         (json_int_t)to_s, "site", site, "type", type, "status", wanted), &r);
	if (status != 0)
		return status;
	if (c->json || strcmp(format, "json") == 0)
		return call_print_json(r);
	if (strcmp(format, "csv") == 0)
		print_csv(r);
	else
		print_plain(r);
	json_decref(r);
	return 0;
}

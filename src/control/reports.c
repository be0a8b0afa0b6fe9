/* reports.c - what was sent, what could not be told, and whether the books are right; never a number or a name. */
// SPDX-License-Identifier: Apache-2.0
#include "control/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the nine words ---- */

#define OTHER "Other error"

static const struct {
	const char *code; /* our word in a report */
	int64_t number[2]; /* the gateway's codes */
	const char *word;
} words[] = {
	{ "delivered", { 2000, 0 }, "Delivered" },
	{ "invalid-number", { 4001, 4002 }, "Invalid phone number" },
	{ "blocked-by-recipient", { 4007, 0 }, "Blocked by recipient" },
	{ "opted-out", { 0, 0 }, "Blocked by recipient" },
	{ "no-such-number", { 4004, 0 }, "Phone number doesn't exist" },
	{ "blocked-number", { 4000, 4009 }, "Blocked phone number" },
	{ "unreachable", { 4006, 0 }, "Unreachable phone number" },
	{ "spam", { 4010, 0 }, "Spam detected" },
	{ "recipient-blocked", { 4003, 4005 }, "Recipient blocked" },
	{ "limit-reached", { 4008, 4020 }, "Message limit reached" },
};

const char *
views_status_word(const struct text *t)
{
	if (t->state == TEXT_DELIVERED)
		return "Delivered";
	if (t->state == TEXT_SENT)
		return strcmp(t->code, "unknown") == 0 ? "unknown" : "accepted";
	if (t->state != TEXT_FAILED)
		return text_state_name(t->state);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (t->report_code && (words[i].number[0] == t->report_code || words[i].number[1] == t->report_code))
			return words[i].word;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].code, t->code) == 0)
			return words[i].word;
	return OTHER;
}

const char *
views_status_word_at(size_t i)
{
	static const char *const others[] = { OTHER, "accepted", "unknown" };
	size_t n = sizeof words / sizeof words[0];

	return i < n ? words[i].word : i < n + sizeof others / sizeof others[0] ? others[i - n] : NULL;
}

/* ---- texts handed to the gateway ---- */

struct totals {
	int64_t texts, segments, confirmations, reminders, responses, over_limit;
};

struct month {
	int64_t at; /* year * 12 + month - 1, UTC */
	struct totals totals;
};

#define MONTHS_MAX 1200

struct report {
	json_t *rows, *statuses;
	const struct report_filter *filter;
	struct totals totals;
	struct month *months; /* of MONTHS_MAX; rows come by time */
	size_t months_n;
};

static const char *
type_of(const struct text *t)
{
	return text_is_response(t->kind) ? "response" : t->kind == TEXT_REMINDER ? "reminder" : "confirmation";
}

static bool
is_wanted(const struct report_filter *x, const struct text *t)
{
	if (x->type[0] && strcmp(x->type, type_of(t)) != 0 && strcmp(x->type, text_kind_name(t->kind)) != 0)
		return false;
	return !x->status[0] || strcasecmp(x->status, views_status_word(t)) == 0 ||
	    strcasecmp(x->status, text_state_name(t->state)) == 0;
}

static void
add_to(struct totals *s, const struct text *t)
{
	s->texts++;
	s->segments += t->segments;
	s->confirmations += t->kind != TEXT_REMINDER && !text_is_response(t->kind);
	s->responses += text_is_response(t->kind);
	s->reminders += t->kind == TEXT_REMINDER;
	s->over_limit += !t->within;
}

static int64_t
month_of(int64_t at_s)
{
	struct civil c;

	civil_of_days(at_s / 86400, &c);
	return (int64_t)c.year * 12 + c.month - 1;
}

static void
add_to_month(struct report *r, const struct text *t)
{
	int64_t at = month_of(t->first_sent_s);

	if (r->months_n == 0 || r->months[r->months_n - 1].at != at) {
		if (r->months_n == MONTHS_MAX)
			return;
		r->months[r->months_n++] = (struct month){ .at = at };
	}
	add_to(&r->months[r->months_n - 1].totals, t);
}

static bool
add_row(void *ctx, const struct report_row *row)
{
	struct report *r = ctx;
	const struct text *t = row->text;
	const char *status = views_status_word(t);
	char sent[CLOCK_TEXT_MAX];

	if (!is_wanted(r->filter, t))
		return true;
	add_to(&r->totals, t);
	add_to_month(r, t);
	(void)json_object_set_new(r->statuses, status, json_integer(json_integer_value(json_object_get(r->statuses, status)) + 1));
	clock_rfc3339(t->sent_s ? t->sent_s : t->first_sent_s, sent);
	return json_array_append_new(r->rows,
	           json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:b, s:I, s:s, s:s}", "sent", sent, "from",
	               t->sender, "type", type_of(t), "event", text_kind_name(t->kind), "rule", t->rule, "site", row->site,
	               "environment", row->environment, "status", status, "code", t->code, "gateway_code",
	               t->report_code ? json_integer(t->report_code) : json_null(), "segments", (json_int_t)t->segments,
	               "within_limit", t->within, "attempts", (json_int_t)t->attempts, "message_id", t->message_id,
	               "appointment", row->appointment_id)) == 0;
}

static json_t *
totals_object(const struct totals *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "texts", (json_int_t)s->texts, "segments", (json_int_t)s->segments,
	    "confirmations", (json_int_t)s->confirmations, "reminders", (json_int_t)s->reminders, "responses",
	    (json_int_t)s->responses, "over_limit",
	    (json_int_t)s->over_limit);
}

static json_t *
months_array(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->months_n; i++) {
		json_t *o = totals_object(&r->months[i].totals);
		char name[32];

		(void)snprintf(name, sizeof name, "%04d-%02d", (int)(r->months[i].at / 12), (int)(r->months[i].at % 12) + 1);
		(void)json_object_set_new(o, "month", json_string(name));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* When it was made, and of which time: every report begins with it. */
json_t *
views_headed(const struct report_filter *filter, int64_t now_s, json_t *rows)
{
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX], made[CLOCK_TEXT_MAX];

	clock_rfc3339(filter->from_s, from);
	clock_rfc3339(filter->to_s, to);
	clock_rfc3339(now_s, made);
	return json_pack("{s:s, s:s, s:s, s:o}", "generated", made, "from", from, "to", to, "rows", rows);
}

/* ---- what a month may cost ---- */

json_t *
views_limit(const struct limit_status *l)
{
	int64_t left = l->limit > l->used ? l->limit - l->used : 0;
	char month[32];

	(void)snprintf(month, sizeof month, "%04d-%02d", (int)(l->month / 12), (int)(l->month % 12) + 1);
	return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:b, s:s}", "organization", l->organization, "month", month, "texts",
	    (json_int_t)l->texts, "used", (json_int_t)l->used, "limit", l->limit ? json_integer(l->limit) : json_null(), "remaining",
	    l->limit ? json_integer(left) : json_null(), "exceeded", l->limit && l->used >= l->limit, "on_limit",
	    l->hold ? "hold" : "warn");
}

struct limits {
	json_t *list;
	const struct conf *conf;
};

static bool
add_limit(void *ctx, const char *organization, int64_t month, const struct store_usage *u)
{
	struct limits *x = ctx;
	struct limit_status l = { .month = month, .texts = u->texts, .used = u->segments };

	(void)snprintf(l.organization, sizeof l.organization, "%s", organization);
	for (size_t i = 0; i < x->conf->organizations_n; i++)
		if (strcmp(x->conf->organizations[i].title, organization) == 0) {
			l.limit = x->conf->organizations[i].monthly_limit;
			l.hold = x->conf->organizations[i].on_limit == LIMIT_HOLD;
		}
	return json_array_append_new(x->list, views_limit(&l)) == 0;
}

json_t *
views_report(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s, struct fault *f)
{
	struct report x = { .rows = json_array(), .statuses = json_object(), .filter = filter,
		.months = calloc(MONTHS_MAX, sizeof *x.months) };
	struct limits limits = { json_array(), rules->conf };
	json_t *o = NULL;

	if (!x.months)
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	else if (store_read_report(r, filter->from_s, filter->to_s, filter->site, add_row, &x, f) &&
	    store_read_usage(r, month_of(filter->from_s), month_of(filter->to_s - 1), add_limit, &limits, f))
		o = views_headed(filter, now_s, json_incref(x.rows));
	if (o) {
		(void)json_object_set_new(o, "totals", totals_object(&x.totals));
		(void)json_object_set_new(o, "months", months_array(&x));
		(void)json_object_set(o, "statuses", x.statuses);
		(void)json_object_set(o, "limits", limits.list);
	}
	json_decref(x.rows);
	json_decref(x.statuses);
	json_decref(limits.list);
	free(x.months);
	return o;
}

/* ---- what could not be told ---- */

struct untold {
	json_t *rows;
	const struct report_filter *filter;
	const struct rules *rules;
	int64_t now_s;
};

/* Nobody waits for this text, or it is not to be said at all. */
static bool
is_nobodys(enum text_reason why)
{
	return why == REASON_DECEASED || why == REASON_TYPE_OFF || why == REASON_CONFIDENTIAL || why == REASON_LEFT_SITE ||
	    why == REASON_MERGED;
}

static bool
add_untold(void *ctx, const struct report_row *row)
{
	struct untold *x = ctx;
	const struct text *t = row->text;
	const struct conf_site *s = conf_find_site(x->rules->conf, row->site);
	char start[40], planned[CLOCK_TEXT_MAX];

	if (is_nobodys(t->reason) || !is_wanted(x->filter, t))
		return true;
	if (s)
		zone_rfc3339(rules_of(x->rules, s)->zone, t->start_s, start);
	else
		clock_rfc3339(t->start_s, start);
	clock_rfc3339(t->planned_s, planned);
	return json_array_append_new(x->rows,
	           json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "appointment", row->appointment_id, "site",
	               row->site, "environment", row->environment, "event", text_kind_name(t->kind), "start", start, "over",
	               t->start_s <= x->now_s, "planned", planned, "state", text_state_name(t->state), "reason",
	               reason_name(t->reason), "reason_text", reason_sentence(t->reason))) == 0;
}

json_t *
views_untold(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s,
    struct fault *f)
{
	struct untold x = { json_array(), filter, rules, now_s };

	if (store_read_untold(r, filter->from_s, filter->to_s, filter->site, add_untold, &x, f))
		return views_headed(filter, now_s, x.rows);
	json_decref(x.rows);
	return NULL;
}

/* ---- the books ---- */

struct books {
	json_t *sites;
	bool right;
};

static bool
add_site(void *ctx, const struct states_view *v)
{
	struct books *b = ctx;
	json_t *states = json_object();
	int64_t sum = 0;
	bool right = states_add_up(v);

	for (int t = TEXT_PENDING; t < TEXT_STATES; t++) {
		sum += v->rows[t];
		(void)json_object_set_new(states, text_state_name((enum text_state)t),
		    json_pack("{s:I, s:I}", "books", (json_int_t)v->tally[t], "rows", (json_int_t)v->rows[t]));
	}
	b->right = b->right && right;
	return json_array_append_new(b->sites,
	           json_pack("{s:s, s:b, s:I, s:I, s:o}", "site", v->title, "right", right, "planned", (json_int_t)v->planned,
	               "rows", (json_int_t)sum, "states", states)) == 0;
}

json_t *
views_states(struct store_reader *r, int64_t now_s, bool *right, struct fault *f)
{
	struct books b = { json_array(), true };
	char made[CLOCK_TEXT_MAX];

	if (!store_read_states(r, add_site, &b, f)) {
		json_decref(b.sites);
		return NULL;
	}
	*right = b.right;
	clock_rfc3339(now_s, made);
	return json_pack("{s:s, s:b, s:o}", "generated", made, "right", b.right, "sites", b.sites);
}

/* replies.c - what patients wrote back, who wants no texts, whose number is wrong; never a number itself. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "control/views.h"

struct replies {
	json_t *rows, *counts;
	const struct report_filter *filter;
	const struct rules *rules;
};

/* Without a type: what a person has to do something about. */
static bool
is_wanted(const struct report_filter *x, const struct reply_row *row)
{
	enum reply what = row->said->what;

	if (strcmp(x->status, "open") == 0 && !row->open)
		return false;
	if (strcmp(x->type, "all") == 0)
		return true;
	if (x->type[0])
		return strcmp(x->type, reply_name(what)) == 0;
	return row->appointment_id[0] && (what == REPLY_DECLINE || what == REPLY_WRONG_NUMBER || what == REPLY_STOP || what == REPLY_NUMBER_REFUSED);
}

static bool
add_reply(void *ctx, const struct reply_row *row)
{
	struct replies *x = ctx;
	const struct conf_site *s = conf_find_site(x->rules->conf, row->site);
	const char *what = reply_name(row->said->what);
	char start[40], at[CLOCK_TEXT_MAX];

	(void)json_object_set_new(x->counts, what, json_integer(json_integer_value(json_object_get(x->counts, what)) + 1));
	if (!is_wanted(x->filter, row))
		return true;
	if (s)
		zone_rfc3339(rules_of(x->rules, s)->zone, row->said->start_s, start);
	else
		clock_rfc3339(row->said->start_s, start);
	clock_rfc3339(row->said->at_s, at);
	return json_array_append_new(x->rows,
	           json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b}", "at", at, "reply", what, "reply_text",
	               reply_sentence(row->said->what), "site", row->site, "environment", row->environment, "appointment",
	               row->appointment_id, "start", row->said->start_s ? json_string(start) : json_null(), "open", row->open)) == 0;
}

json_t *
views_replies(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s,
    struct fault *f)
{
	struct replies x = { json_array(), json_object(), filter, rules };
	json_t *o = NULL;

	if (store_read_replies(r, filter->from_s, filter->to_s, filter->site, now_s, add_reply, &x, f))
		o = views_headed(filter, now_s, json_incref(x.rows));
	if (o)
		(void)json_object_set(o, "counts", x.counts);
	json_decref(x.rows);
	json_decref(x.counts);
	return o;
}

/* ---- opt-outs ---- */

#define BY_ADMIN "admin:"

json_t *
views_optout(const char *organization, const struct optout *o)
{
	bool by_admin = strncmp(o->source, BY_ADMIN, sizeof BY_ADMIN - 1) == 0;
	char since[CLOCK_TEXT_MAX];

	clock_rfc3339(o->at_s, since);
	return json_pack("{s:s, s:b, s:s, s:s, s:o}", "organization", organization, "opted_out", o->source[0] != '\0', "source",
	    by_admin ? "administrator" : o->source, "who", by_admin ? o->source + sizeof BY_ADMIN - 1 : "", "since",
	    o->source[0] ? json_string(since) : json_null());
}

static bool
add_optout(void *ctx, const char *organization, const struct optout *o)
{
	return json_array_append_new(ctx, views_optout(organization, o)) == 0;
}

json_t *
views_optouts(struct store_reader *r, struct fault *f)
{
	json_t *list = json_array();

	if (store_read_optouts(r, add_optout, list, f))
		return list;
	json_decref(list);
	return NULL;
}

/* ---- numbers that were called wrong ---- */

json_t *
views_refused_one(const char *organization, const struct refused *r, const struct conf *conf)
{
	char since[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX] = "";

	clock_rfc3339(r->at_s, since);
	for (size_t i = 0; conf && i < conf->organizations_n; i++)
		if (strcmp(conf->organizations[i].title, organization) == 0)
			clock_rfc3339(r->at_s + conf->organizations[i].refused_numbers_s, until);
	return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o}", "organization", organization, "refused", r->cause[0] != '\0', "cause", r->cause,
	    "code", r->code ? json_integer(r->code) : json_null(), "since", r->cause[0] ? json_string(since) : json_null(), "until",
	    until[0] ? json_string(until) : json_null());
}

struct refused_list {
	json_t *rows;
	const struct conf *conf;
	int64_t now_s;
};

/* Of one whose time is over the row goes within minutes. */
static bool
add_refused(void *ctx, const char *organization, const struct refused *r)
{
	struct refused_list *x = ctx;

	for (size_t i = 0; i < x->conf->organizations_n; i++)
		if (strcmp(x->conf->organizations[i].title, organization) == 0 &&
		    r->at_s + x->conf->organizations[i].refused_numbers_s <= x->now_s)
			return true;
	return json_array_append_new(x->rows, views_refused_one(organization, r, x->conf)) == 0;
}

json_t *
views_refused(struct store_reader *r, const struct rules *rules, int64_t now_s, struct fault *f)
{
	struct refused_list x = { json_array(), rules->conf, now_s };

	if (store_read_refused(r, add_refused, &x, f))
		return x.rows;
	json_decref(x.rows);
	return NULL;
}

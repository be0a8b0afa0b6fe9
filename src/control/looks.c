/* looks.c - what only looks: from a request's arguments to what is shown. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "control/views.h"
#include "nudge/log.h"

static const char *
look_argument(const struct look *q, const char *name)
{
	return views_text(q->request, name);
}

/* A site that nobody knows is not one that nothing happened at. Takes what was found over. */
static json_t *
of_a_site(const struct look *q, json_t *found, const json_t *rows, struct fault *f)
{
	const char *site = look_argument(q, "site");

	if (!found || !site[0] || json_array_size(rows) > 0 || conf_find_site(q->rules->conf, site))
		return found;
	json_decref(found);
	(void)fault_set(f, FAULT_OPERATOR, "no site \"%.64s\" in the configuration, and no row of one", site);
	return NULL;
}

json_t *
look_appointments(const struct look *q, struct store_reader *r, struct fault *f)
{
	json_t *list = views_appointments(r, look_argument(q, "site"), json_is_true(json_object_get(q->request, "all")), q->now_s, f);

	return of_a_site(q, list, list, f);
}

json_t *
look_explain(const struct look *q, struct store_reader *r, struct fault *f)
{
	return views_explain(r, q->rules, look_argument(q, "id"), q->now_s, f);
}

json_t *
look_report(const struct look *q, struct store_reader *r, struct fault *f)
{
	struct report_filter filter = { .to_s = q->now_s + 1, .site = look_argument(q, "site"), .type = look_argument(q, "type"),
		.status = look_argument(q, "status") };
	json_t *from = json_object_get(q->request, "from"), *to = json_object_get(q->request, "to"), *o;
	const char *of = look_argument(q, "of");

	if (json_is_integer(to))
		filter.to_s = json_integer_value(to);
	filter.from_s = json_is_integer(from) ? json_integer_value(from) : q->now_s - 30 * 86400;
	if (!views_filter_ok(of, &filter, f))
		return NULL;
	o = strcmp(of, "untold") == 0 ? views_untold(r, q->rules, &filter, q->now_s, f) :
	    strcmp(of, "replies") == 0 ? views_replies(r, q->rules, &filter, q->now_s, f) : views_report(r, q->rules, &filter, q->now_s, f);
	return of_a_site(q, o, json_object_get(o, "rows"), f);
}

json_t *
look_states(const struct look *q, struct store_reader *r, struct fault *f)
{
	bool right = true;
	json_t *o = views_states(r, q->now_s, &right, f);

	if (o && !right)
		log_error("the states of texts do not add up to what was planned", log_name("see", "nudgectl report states"));
	return o;
}

json_t *
look_quarantine(const struct look *q, struct store_reader *r, struct fault *f)
{
	(void)q;
	return views_quarantine(r, f);
}

json_t *
look_optouts(const struct look *q, struct store_reader *r, struct fault *f)
{
	(void)q;
	return views_optouts(r, f);
}

json_t *
look_refused(const struct look *q, struct store_reader *r, struct fault *f)
{
	return views_refused(r, q->rules, q->now_s, f);
}

json_t *
look_explain_phone(const struct look *q, struct store_reader *r, struct fault *f)
{
	return views_explain_phone(r, q->rules, q->phone, q->now_s, f);
}

json_t *
look_from(const char *directory, look_fn *look, const struct look *q, struct fault *f)
{
	struct store_reader *r = NULL;
	json_t *result = NULL;

	if (store_reader_open(directory, &r, f))
		result = look(q, r, f);
	store_reader_close(r);
	return result;
}

/* National numbers are read as those of the organizations, when all are of one country. */
bool
look_phone(const struct rules *rules, const char *text, char out[PHONE_MAX])
{
	const struct conf *c = rules->conf;
	const char *country = c->organizations_n > 0 ? c->organizations[0].country : "";

	for (size_t i = 1; i < c->organizations_n; i++)
		if (strcmp(c->organizations[i].country, country) != 0)
			country = "";
	return (text[0] == '+' || country[0]) && phone_e164(span_of(text), country, out) == PHONE_OK;
}

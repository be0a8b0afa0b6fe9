/* history.c - the request and the answer of a rehearsal of other rules: tokens and facts, nobody. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/views.h"

static bool
read_patterns(const json_t *list, struct pattern_list *out, struct fault *f)
{
	size_t i, n = json_array_size(list);
	json_t *x;

	out->item = calloc(n + 1, sizeof(struct pattern *));
	if (!out->item)
		return fault_set(f, FAULT_BUSY, "out of memory");
	json_array_foreach(list, i, x) {
		if (!json_is_string(x))
			return fault_set(f, FAULT_OPERATOR, "a pattern is a string");
		if (!pattern_new(json_string_value(x), &out->item[out->n], f))
			return false;
		out->n++;
	}
	return true;
}

static bool
read_site(const json_t *o, struct history_site *s, struct fault *f)
{
	const char *title = json_string_value(json_object_get(o, "site"));

	(void)snprintf(s->title, sizeof s->title, "%s", title ? title : "");
	return read_patterns(json_object_get(o, "departments"), &s->departments, f) &&
	    read_patterns(json_object_get(o, "visit_types"), &s->visit_types, f) &&
	    read_patterns(json_object_get(o, "confidential_departments"), &s->confidential_departments, f) &&
	    read_patterns(json_object_get(o, "confidential_visit_types"), &s->confidential_visit_types, f);
}

struct history *
views_history_asked(const json_t *request, struct fault *f)
{
	const char *salt = json_string_value(json_object_get(request, "salt"));
	const json_t *sites = json_object_get(request, "sites");
	struct history *h = calloc(1, sizeof *h);
	bool ok = true;
	size_t i;
	json_t *o;

	if (h)
		h->sites = calloc(json_array_size(sites) + 1, sizeof *h->sites);
	if (!h || !h->sites) {
		history_free(h);
		(void)fault_set(f, FAULT_BUSY, "out of memory");
		return NULL;
	}
	h->since_s = json_integer_value(json_object_get(request, "since"));
	ok = (salt && digest_unhex(span_of(salt), h->salt, sizeof h->salt)) || fault_set(f, FAULT_OPERATOR, "salt: 32 hexadecimal digits");
	json_array_foreach(sites, i, o)
		ok = ok && read_site(o, &h->sites[h->sites_n++], f);
	if (ok)
		return h;
	history_free(h);
	return NULL;
}

static json_t *
token(uint64_t t)
{
	char hex[20];

	(void)snprintf(hex, sizeof hex, "%016llx", (unsigned long long)t);
	return t ? json_string(hex) : json_null();
}

static json_t *
text_of(const struct history_text *t)
{
	return json_pack("{s:i, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:I}", "kind", (int)t->kind, "rule", t->rule, "state", (int)t->state,
	    "reason", (int)t->reason, "planned", (json_int_t)t->planned_s, "due", (json_int_t)t->due_s, "start", (json_int_t)t->start_s,
	    "sent", (json_int_t)t->first_sent_s, "segments", (json_int_t)t->segments);
}

static json_t *
visit_of(const struct history *h, const struct history_visit *v)
{
	json_t *texts = json_array();
	char wall[32];

	civil_text(&v->wall, wall);
	for (size_t i = 0; i < v->texts_n; i++)
		(void)json_array_append_new(texts, text_of(&h->texts[v->text + i]));
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:s, s:i, s:i, s:i, s:b, s:I, s:s, s:I, s:I, s:I, "
	                 "s:i, s:b, s:i, s:o}",
	    "id", (json_int_t)v->id, "site", v->site, "zone", v->zone, "language", v->language, "patient_zones", v->patient_zones, "erased", v->erased, "has_phone",
	    v->has_phone, "opted_out", v->opted_out, "deceased", v->deceased, "confidential", v->confidential, "left_site", v->left_site,
	    "minor", v->minor, "phone", token(v->phone), "patient", token(v->patient), "visit", token(v->kind), "country", v->country,
	    "type", (int)v->type, "status", (int)v->status, "consent", (int)v->consent, "has_start", v->has_start, "start",
	    (json_int_t)v->start_s, "wall", v->has_start ? wall : "", "duration", (json_int_t)v->duration_s, "arrived",
	    (json_int_t)v->arrived_s, "link", (json_int_t)v->link_n, "fits", (int)v->fits, "confidential_then", v->confidential_then, "modality",
	    (int)v->modality, "texts", texts);
}

json_t *
views_history(const struct history *h, int64_t after, bool more)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->visits_n; i++)
		(void)json_array_append_new(list, visit_of(h, &h->visits[i]));
	return json_pack("{s:o, s:I, s:b}", "visits", list, "after", (json_int_t)after, "more", more);
}

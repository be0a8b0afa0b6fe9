/* past.c - what nudged still knows of visits, asked for portion by portion. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/digest.h"
#include "nudge/seal.h"
#include "nudgectl/past.h"

static json_t *
patterns(const struct pattern_list *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->n; i++)
		(void)json_array_append_new(list, json_string(pattern_text(l->item[i])));
	return list;
}

static json_t *
sites_of(const struct rules *then)
{
	json_t *list = json_array();

	for (size_t i = 0; i < then->conf->sites_n; i++) {
		const struct conf_site *s = &then->conf->sites[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:o, s:o, s:o, s:o}", "site", s->title, "departments", patterns(&s->departments), "visit_types",
		        patterns(&s->visit_types), "confidential_departments", patterns(&s->confidential_departments),
		        "confidential_visit_types", patterns(&s->confidential_visit_types)));
	}
	return list;
}

static int64_t
integer(const json_t *o, const char *key)
{
	return (int64_t)json_integer_value(json_object_get(o, key));
}

static bool
yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static uint64_t
token(const json_t *o, const char *key)
{
	return strtoull(call_text(o, key), NULL, 16);
}

static void *
room_for(void *items, size_t n, size_t more, size_t size)
{
	void *grown = realloc(items, (n + more + 1) * size);

	if (!grown)
		abort(); /* a command of a person: nothing is lost */
	return grown;
}

static void
take_text(const json_t *o, struct history_text *t)
{
	*t = (struct history_text){ .kind = (enum text_kind)integer(o, "kind"), .state = (enum text_state)integer(o, "state"),
		.reason = (enum text_reason)integer(o, "reason"), .planned_s = integer(o, "planned"), .due_s = integer(o, "due"),
		.start_s = integer(o, "start"), .first_sent_s = integer(o, "sent"), .segments = integer(o, "segments") };
	(void)snprintf(t->rule, sizeof t->rule, "%s", call_text(o, "rule"));
}

static void
take_visit(struct history *h, const json_t *o)
{
	struct history_visit *v = &h->visits[h->visits_n++];
	const json_t *texts = json_object_get(o, "texts");
	size_t n = json_array_size(texts);

	*v = (struct history_visit){ .id = integer(o, "id"), .erased = yes(o, "erased"), .has_phone = yes(o, "has_phone"),
		.opted_out = yes(o, "opted_out"), .deceased = yes(o, "deceased"), .confidential = yes(o, "confidential"),
		.left_site = yes(o, "left_site"), .minor = yes(o, "minor"), .phone = token(o, "phone"), .patient = token(o, "patient"),
		.kind = token(o, "visit"), .type = (enum phone_type)integer(o, "type"), .status = (enum visit_status)integer(o, "status"),
		.consent = (enum consent_said)integer(o, "consent"), .modality = (enum modality)integer(o, "modality"), .has_start = yes(o, "has_start"), .start_s = integer(o, "start"),
		.duration_s = integer(o, "duration"), .arrived_s = integer(o, "arrived"), .link_n = integer(o, "link"),
		.fits = (enum history_fit)integer(o, "fits"), .confidential_then = yes(o, "confidential_then"), .text = h->texts_n,
		.texts_n = n };
	(void)snprintf(v->site, sizeof v->site, "%s", call_text(o, "site"));
	(void)snprintf(v->zone, sizeof v->zone, "%s", call_text(o, "zone"));
	(void)snprintf(v->language, sizeof v->language, "%s", call_text(o, "language"));
	(void)snprintf(v->patient_zones, sizeof v->patient_zones, "%s", call_text(o, "patient_zones"));
	(void)snprintf(v->country, sizeof v->country, "%s", call_text(o, "country"));
	h->texts = room_for(h->texts, h->texts_n, n, sizeof *h->texts);
	for (size_t i = 0; i < n; i++)
		take_text(json_array_get(texts, i), &h->texts[h->texts_n++]);
}

int
past_fetch(const struct call *c, const struct rules *then, int64_t since_s, struct history **out)
{
	struct history *h = calloc(1, sizeof *h);
	char salt[2 * HISTORY_SALT_BYTES + 1];
	json_t *sites = sites_of(then);
	int64_t after = 0;
	int status = EXIT_FAILURE;
	bool more = h && seal_random(h->salt, sizeof h->salt);

	if (more)
		digest_hex(h->salt, sizeof h->salt, salt);
	while (more) {
		json_t *portion = NULL, *visits, *o;
		size_t i;

		status = call_ask(c, json_pack("{s:s, s:I, s:I, s:s, s:O}", "command", "history", "since", (json_int_t)since_s, "after",
		                         (json_int_t)after, "salt", salt, "sites", sites), &portion);
		if (status != EXIT_SUCCESS)
			break;
		visits = json_object_get(portion, "visits");
		h->visits = room_for(h->visits, h->visits_n, json_array_size(visits), sizeof *h->visits);
		json_array_foreach(visits, i, o)
			take_visit(h, o);
		after = integer(portion, "after");
		more = yes(portion, "more");
		json_decref(portion);
	}
	json_decref(sites);
	if (status == EXIT_SUCCESS)
		*out = h;
	else
		history_free(h);
	return status;
}

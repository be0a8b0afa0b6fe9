/* approval.c - one line for each setting that decides who is texted what, when and on whose behalf. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/approval.h"

#include <inttypes.h>

#define SPELLED_MAX (16u << 20)

void
approval_begin(struct approval *a)
{
	buf_init(&a->spelled, SPELLED_MAX);
}

void
approval_clear(struct approval *a)
{
	buf_clear(&a->spelled);
}

/* The length before the value: no value can pass for a line of another. A
 * failed append spoils the buffer, which is looked at once, at the end. */
static void
put(struct approval *a, const char *key, struct span value)
{
	(void)buf_addf(&a->spelled, "%s %zu ", key, value.n);
	(void)buf_add_span(&a->spelled, value);
	(void)buf_add_char(&a->spelled, '\n');
}

static void
put_text(struct approval *a, const char *key, const char *value)
{
	put(a, key, span_of(value));
}

static void
put_int(struct approval *a, const char *key, int64_t value)
{
	(void)buf_addf(&a->spelled, "%s %" PRId64 "\n", key, value);
}

static void
put_list(struct approval *a, const char *key, const struct text_list *l)
{
	put_int(a, key, (int64_t)l->n);
	for (size_t i = 0; i < l->n; i++)
		put_text(a, key, l->item[i]);
}

static void
put_patterns(struct approval *a, const char *key, const struct pattern_list *l)
{
	put_int(a, key, (int64_t)l->n);
	for (size_t i = 0; i < l->n; i++)
		put_text(a, key, pattern_text(l->item[i]));
}

static void
put_window(struct approval *a, const char *key, const struct conf_window *w)
{
	(void)buf_addf(&a->spelled, "%s %d %d %d\n", key, w->always, w->from_min, w->to_min);
}

static void
put_reminders(struct approval *a, const struct conf_site *s)
{
	put_int(a, "reminders", (int64_t)s->reminders_n);
	for (size_t i = 0; i < s->reminders_n; i++) {
		const struct conf_reminder *m = &s->reminders[i];

		put_text(a, "reminder", m->title);
		(void)buf_addf(&a->spelled, "before %d %" PRId64 " %d %d\n", (int)m->form, m->before_s,
		    m->days, m->at_min);
	}
}

void
approval_cover_text(struct approval *a, const char *language, struct span text)
{
	put_text(a, "language", language);
	put(a, "text", text);
}

static void
cover_who(struct approval *a, const struct conf_site *s)
{
	const struct conf_environment *e = s->environment;

	put_text(a, "fhir_base_url", s->fhir_base_url);
	put_text(a, "environment", e->title);
	put_int(a, "production", e->production);
	put_text(a, "organization", e->organization->name);
	put_text(a, "country", e->organization->country);
	put_list(a, "countries", &e->organization->countries);
	put_text(a, "site", s->title);
	put_text(a, "name", s->name);
	put_text(a, "contact", s->contact);
	put_text(a, "sending_application", s->sending_application);
	put_text(a, "sending_facility", s->sending_facility);
	put_list(a, "only_if", &s->only_if);
	put_list(a, "never_if", &s->never_if);
	put_list(a, "paths", &s->paths);
	put_int(a, "time_without_offset", s->msh7_offset);
	put_patterns(a, "departments", &s->departments);
	put_patterns(a, "visit_types", &s->visit_types);
	put_patterns(a, "confidential_departments", &s->confidential_departments);
	put_patterns(a, "confidential_visit_types", &s->confidential_visit_types);
	put_text(a, "sender", s->number ? s->number->sender : "");
	put_int(a, "patient_consent", s->patient_consent);
	put_int(a, "suppress_minors", s->suppress_minors);
	put_int(a, "minor_age", s->minor_age);
	put_int(a, "untyped_phones", s->unknown_type_phone);
	put_int(a, "adt", s->adt_deceased + 2 * s->adt_phone + 4 * s->adt_merge);
	put_text(a, "adt_sending_application", s->adt_sending_application);
	put_text(a, "adt_sending_facility", s->adt_sending_facility);
}

static void
cover_what_and_when(struct approval *a, const struct conf_site *s)
{
	put_list(a, "languages", &s->languages);
	put_text(a, "link", s->link);
	put_int(a, "link_required", s->link_required);
	put_list(a, "link_domains", &s->link_domains);
	put_int(a, "link_valid", s->link_valid_s);
	put_text(a, "device_test_link", s->device_test_link);
	put_int(a, "smart_encoding", s->smart_encoding);
	put_int(a, "names_keep_accents", s->names_keep_accents);
	put_text(a, "time_zone", s->time_zone);
	put_int(a, "confirmation", s->confirmation);
	put_reminders(a, s);
	put_int(a, "settle", s->settle_s);
	put_int(a, "stale", s->stale_s);
	put_int(a, "late", s->late);
	put_int(a, "merge", s->merge);
	put_window(a, "window", &s->window);
	put_window(a, "short_window", &s->short_window);
	put_int(a, "expiry", s->expiry_s);
	put_int(a, "retain", s->retain_s);
	put_int(a, "unknown", s->unknown);
}

void
approval_cover_site(struct approval *a, const struct conf_site *s, struct span profile_file)
{
	cover_who(a, s);
	put_text(a, "profile", s->profile);
	put(a, "profile_file", profile_file);
	cover_what_and_when(a, s);
}

bool
approval_end(struct approval *a, uint8_t out[DIGEST_BYTES])
{
	return !a->spelled.spoilt && digest_sha256(buf_span(&a->spelled), out);
}

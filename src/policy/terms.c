/* terms.c - the table of what an approval covers, and its way out of a site and back into one. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/terms.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct conf_site, member)
#define YES_NO "false,true"

/* What decides who is texted what, when and on whose behalf. */
const struct term_row term_rows[] = {
	{ "fhir_base_url", TERM_TEXT, RULE_WAITS, AT(fhir_base_url), NULL },
	{ "environment", TERM_ENVIRONMENT, RULE_WAITS, 0, NULL },
	{ "environment_kind", TERM_KIND, RULE_WAITS, 0, NULL },
	{ "organization", TERM_TEXT, RULE_WAITS, AT(organization_name), NULL },
	{ "country", TERM_TEXT, RULE_WAITS, AT(country), NULL },
	{ "countries", TERM_LIST, RULE_ALLOW, AT(countries), NULL },
	{ "name", TERM_TEXT, RULE_WAITS, AT(name), NULL },
	{ "contact", TERM_TEXT, RULE_WAITS, AT(contact), NULL },
	{ "profile", TERM_TEXT, RULE_WAITS, AT(profile), NULL },
	{ "profile_file", TERM_PROFILE_FILE, RULE_WAITS, 0, NULL },
	{ "paths", TERM_LIST, RULE_WAITS, AT(paths), NULL },
	{ "sending_application", TERM_TEXT, RULE_ONE_OF_ANY, AT(sending_application), NULL },
	{ "sending_facility", TERM_TEXT, RULE_ONE_OF_ANY, AT(sending_facility), NULL },
	{ "adt_deceased", TERM_BOOL, RULE_HIGHER, AT(adt_deceased), YES_NO },
	{ "adt_phone", TERM_BOOL, RULE_WAITS, AT(adt_phone), YES_NO },
	{ "adt_merge", TERM_BOOL, RULE_WAITS, AT(adt_merge), YES_NO },
	{ "adt_sending_application", TERM_TEXT, RULE_WAITS, AT(adt_sending_application), NULL },
	{ "adt_sending_facility", TERM_TEXT, RULE_WAITS, AT(adt_sending_facility), NULL },
	{ "departments", TERM_PATTERNS, RULE_ALLOW_ANY, AT(departments), NULL },
	{ "visit_types", TERM_PATTERNS, RULE_ALLOW_ANY, AT(visit_types), NULL },
	{ "only_if", TERM_LIST, RULE_ADD, AT(only_if), NULL },
	{ "never_if", TERM_LIST, RULE_ADD, AT(never_if), NULL },
	{ "video_if", TERM_LIST, RULE_WAITS, AT(video_if), NULL },
	{ "phone_if", TERM_LIST, RULE_WAITS, AT(phone_if), NULL },
	{ "office_if", TERM_LIST, RULE_WAITS, AT(office_if), NULL },
	{ "confidential_departments", TERM_PATTERNS, RULE_ADD, AT(confidential_departments), NULL },
	{ "confidential_visit_types", TERM_PATTERNS, RULE_ADD, AT(confidential_visit_types), NULL },
	{ "patient_consent", TERM_WORD, RULE_HIGHER, AT(patient_consent), "not-required,required" },
	{ "minors", TERM_BOOL, RULE_HIGHER, AT(suppress_minors), "send,suppress" },
	{ "minor_age", TERM_NUMBER, RULE_HIGHER, AT(minor_age), NULL },
	{ "untyped_phones", TERM_BOOL, RULE_LOWER, AT(unknown_type_phone), YES_NO },
	{ "fiction_numbers", TERM_BOOL, RULE_LOWER, AT(fiction_numbers), YES_NO },
	{ "time_zone", TERM_TEXT, RULE_WAITS, AT(time_zone), NULL },
	{ "time_without_offset", TERM_BOOL, RULE_WAITS, AT(msh7_offset), "zone,msh7" },
	{ "number", TERM_SENDER, RULE_EMPTY, 0, NULL },
	{ "number_block", TERM_SENDER_BLOCK, RULE_BESIDE, 0, NULL },
	{ "languages", TERM_LIST, RULE_WAITS, AT(languages), NULL },
	{ "texts", TERM_TEXTS, RULE_WAITS, 0, NULL },
	{ "link", TERM_TEXT, RULE_WAITS, AT(link), NULL },
	{ "link_domains", TERM_LIST, RULE_ALLOW_ANY, AT(link_domains), NULL },
	{ "link_valid", TERM_DURATION, RULE_WAITS, AT(link_valid_s), NULL },
	{ "device_test_link", TERM_TEXT, RULE_WAITS, AT(device_test_link), NULL },
	{ "smart_encoding", TERM_BOOL, RULE_WAITS, AT(smart_encoding), YES_NO },
	{ "names_keep_accents", TERM_BOOL, RULE_WAITS, AT(names_keep_accents), YES_NO },
	{ "link_required", TERM_BOOL, RULE_HIGHER, AT(link_required), YES_NO },
	{ "confirmation", TERM_BOOL, RULE_LOWER, AT(confirmation), YES_NO },
	{ "settle", TERM_DURATION, RULE_WAITS, AT(settle_s), NULL },
	{ "stale", TERM_DURATION, RULE_LOWER, AT(stale_s), NULL },
	{ "reminders", TERM_REMINDERS, RULE_REMINDERS, 0, NULL },
	{ "expiry", TERM_DURATION, RULE_HIGHER, AT(expiry_s), NULL },
	{ "late", TERM_WORD, RULE_LOWER, AT(late), "skip,send" },
	{ "merge", TERM_BOOL, RULE_WAITS, AT(merge), YES_NO },
	{ "window", TERM_WINDOW, RULE_INSIDE, AT(window), NULL },
	{ "short_window", TERM_WINDOW, RULE_INSIDE, AT(short_window), NULL },
	{ "patient_zone", TERM_BOOL, RULE_HIGHER, AT(patient_zone), "ignore,intersect" },
	{ "retain", TERM_DURATION, RULE_LOWER, AT(retain_s), NULL },
	{ "unknown", TERM_WORD, RULE_UNKNOWN, AT(unknown), "drop,resend,hold" },
	{ "unknown_wait", TERM_DURATION, RULE_HIGHER, AT(unknown_wait_s), NULL },
	{ NULL, TERM_TEXT, RULE_WAITS, 0, NULL },
};
_Static_assert(sizeof term_rows / sizeof term_rows[0] <= TERMS_MAX + 1, "more terms than there is room for");
_Static_assert(sizeof(enum late_rule) == sizeof(int) && sizeof(enum unknown_rule) == sizeof(int), "words are read as int");

size_t
terms_n(void)
{
	return sizeof term_rows / sizeof term_rows[0] - 1;
}

const char *
terms_name(size_t term)
{
	return term_rows[term].name;
}

size_t
terms_find(const char *name)
{
	size_t i = 0;

	while (i < terms_n() && strcmp(term_rows[i].name, name) != 0)
		i++;
	return i;
}

bool
terms_is_long(size_t term)
{
	return term_rows[term].kind == TERM_TEXTS || term_rows[term].kind == TERM_PROFILE_FILE;
}

/* ---- words ---- */

static bool
word_at(const char *words, int64_t n, char *out, size_t cap)
{
	struct span rest = span_of(words), word = span_cut(rest, ',', &rest);

	while (n-- > 0)
		word = span_cut(rest, ',', &rest);
	return span_copy(out, cap, word) > 0;
}

static int64_t
word_number(const char *words, const char *value)
{
	struct span rest = span_of(words);

	for (int64_t n = 0; rest.n > 0; n++)
		if (span_is(span_cut(rest, ',', &rest), value))
			return n;
	return INT64_MIN;
}

int64_t
term_rank(const struct term_row *r, const char *value)
{
	uint64_t n;
	int64_t s;
	struct fault f;

	if (r->kind == TERM_BOOL || r->kind == TERM_WORD)
		return word_number(r->words, value);
	if (r->kind == TERM_NUMBER)
		return span_to_u64(span_of(value), INT32_MAX, &n) ? (int64_t)n : INT64_MIN;
	return r->kind == TERM_DURATION && conf_duration(value, &s, &f) ? s : INT64_MIN;
}

bool
term_reminder(const char *value, struct conf_reminder *out, size_t *title_n)
{
	const char *colon = NULL;
	struct fault f;

	for (const char *p = strstr(value, ": "); p; p = strstr(p + 1, ": "))
		colon = p;
	if (!colon || !conf_before(colon + 2, out, &f))
		return false;
	*title_n = (size_t)(colon - value);
	return true;
}

/* ---- out of a site ---- */

static bool
add_list(struct text_list *out, const struct text_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!text_list_add(out, l->item[i]))
			return false;
	return true;
}

static bool
add_patterns(struct text_list *out, const struct pattern_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!text_list_add(out, pattern_text(l->item[i])))
			return false;
	return true;
}

static bool
add_reminders(struct text_list *out, const struct conf_site *s)
{
	char value[128], before[40];

	for (size_t i = 0; i < s->reminders_n; i++) {
		conf_before_text(&s->reminders[i], before);
		(void)snprintf(value, sizeof value, "%s: %s", s->reminders[i].title, before);
		if (!text_list_add(out, value))
			return false;
	}
	return true;
}

static bool
add_block(struct text_list *out, const struct conf_number *n)
{
	static const char *const types[] = { "toll-free", "short-code", "10dlc", "alphanumeric" };

	return !n || (text_list_add(out, n->title) && text_list_add(out, types[n->type]));
}

static bool
add_number(struct text_list *out, const void *at, const struct term_row *r)
{
	char text[64];

	if (r->kind == TERM_BOOL || r->kind == TERM_WORD)
		(void)word_at(r->words, r->kind == TERM_BOOL ? *(const bool *)at : *(const int *)at, text, sizeof text);
	else if (r->kind == TERM_DURATION)
		conf_duration_text(*(const int64_t *)at, text);
	else if (r->kind == TERM_WINDOW)
		conf_window_text(at, text);
	else
		(void)snprintf(text, sizeof text, "%" PRId64, *(const int64_t *)at);
	return text_list_add(out, text);
}

static bool
add_texts(struct text_list *out, const struct conf_site *s, const char *const *texts)
{
	for (size_t i = 0; i < s->languages.n; i++)
		if (!text_list_add(out, texts[i]))
			return false;
	return true;
}

static bool
add_text(struct text_list *out, const char *text)
{
	return text[0] == '\0' || text_list_add(out, text);
}

static bool
take_term(const struct term_row *r, const struct conf_site *s, const char *const *texts, const char *profile_file,
    struct text_list *out)
{
	const void *at = (const char *)s + r->offset;

	switch (r->kind) {
	case TERM_TEXT:
		return add_text(out, *(char *const *)at);
	case TERM_LIST:
		return add_list(out, at);
	case TERM_PATTERNS:
		return add_patterns(out, at);
	case TERM_BOOL:
	case TERM_WORD:
	case TERM_NUMBER:
	case TERM_DURATION:
	case TERM_WINDOW:
		return add_number(out, at, r);
	case TERM_REMINDERS:
		return add_reminders(out, s);
	case TERM_ENVIRONMENT:
		return text_list_add(out, s->environment->title);
	case TERM_KIND:
		return text_list_add(out, s->environment->production ? "production" : "test");
	case TERM_SENDER:
		return !s->number || text_list_add(out, s->number->sender);
	case TERM_SENDER_BLOCK:
		return add_block(out, s->number);
	case TERM_TEXTS:
		return add_texts(out, s, texts);
	case TERM_PROFILE_FILE:
		return add_text(out, profile_file);
	}
	return false;
}

bool
terms_of(const struct conf_site *s, const char *const *texts, const char *profile_file, struct site_terms *out)
{
	*out = (struct site_terms){ .item = { { NULL, 0 } } };
	for (size_t i = 0; i < terms_n(); i++)
		if (!take_term(&term_rows[i], s, texts, profile_file, &out->item[i]))
			return false;
	return true;
}

/* ---- into a site ---- */

static bool
put_patterns(const struct text_list *l, struct pattern_list *to, struct fault *f)
{
	struct pattern_list made = { calloc(l->n + 1, sizeof(struct pattern *)), 0 };
	bool ok = true;

	if (!made.item)
		return fault_set(f, FAULT_BUSY, "no memory");
	for (size_t i = 0; ok && i < l->n; i++) {
		ok = pattern_new(l->item[i], &made.item[made.n], f);
		made.n += ok;
	}
	if (ok) {
		struct pattern_list old = *to;

		*to = made;
		made = old;
	}
	for (size_t i = 0; i < made.n; i++)
		pattern_free(made.item[i]);
	free(made.item);
	return ok;
}

static bool
put_reminders(const struct text_list *l, struct conf_site *s, struct fault *f)
{
	struct conf_reminder *made = calloc(l->n + 1, sizeof *made);
	size_t n = 0, title_n;
	bool ok = true;

	if (!made)
		return fault_set(f, FAULT_BUSY, "no memory");
	for (; ok && n < l->n; n++) {
		if (!term_reminder(l->item[n], &made[n], &title_n)) {
			ok = fault_set(f, FAULT_OPERATOR, "reminders: \"%s\" is none", l->item[n]);
			break;
		}
		made[n].at = s->at;
		made[n].title = strndup(l->item[n], title_n);
		ok = made[n].title || fault_set(f, FAULT_BUSY, "no memory");
	}
	if (ok) {
		struct conf_reminder *old = s->reminders;
		size_t old_n = s->reminders_n;

		s->reminders = made;
		s->reminders_n = n;
		made = old;
		n = old_n;
	}
	for (size_t i = 0; made && i < n; i++)
		free(made[i].title);
	free(made);
	return ok;
}

static bool
put_text(const struct text_list *l, char **to, struct fault *f)
{
	char *made = strdup(l->n > 0 ? l->item[0] : "");

	if (!made)
		return fault_set(f, FAULT_BUSY, "no memory");
	free(*to);
	*to = made;
	return true;
}

static bool
put_list(const struct text_list *l, struct text_list *to, struct fault *f)
{
	struct text_list made = { NULL, 0 };

	if (!add_list(&made, l)) {
		text_list_free(&made);
		return fault_set(f, FAULT_BUSY, "no memory");
	}
	text_list_free(to);
	*to = made;
	return true;
}

/* The margin is the file's: what was approved are the hours around it. */
static bool
put_window(const char *value, struct conf_window *to)
{
	int margin = to->margin_min;

	if (!conf_window(value, to))
		return false;
	conf_window_margin(to, (int64_t)margin * 60);
	return true;
}

static bool
put_number(const struct term_row *r, const struct text_list *l, void *to, struct fault *f)
{
	const char *value = l->n > 0 ? l->item[0] : "";
	int64_t n = term_rank(r, value);

	if (r->kind == TERM_WINDOW)
		return put_window(value, to) || fault_set(f, FAULT_OPERATOR, "%s: \"%.40s\" are no hours", r->name, value);
	if (n == INT64_MIN)
		return fault_set(f, FAULT_OPERATOR, "%s: \"%.40s\" is no value of it", r->name, value);
	if (r->kind == TERM_BOOL)
		*(bool *)to = n == 1;
	else if (r->kind == TERM_WORD)
		*(int *)to = (int)n;
	else
		*(int64_t *)to = n;
	return true;
}

static bool
put_term(const struct term_row *r, const struct text_list *l, struct conf_site *s, struct fault *f)
{
	void *to = (char *)s + r->offset;

	switch (r->kind) {
	case TERM_TEXT:
		return put_text(l, to, f);
	case TERM_LIST:
		return put_list(l, to, f);
	case TERM_PATTERNS:
		return put_patterns(l, to, f);
	case TERM_BOOL:
	case TERM_WORD:
	case TERM_NUMBER:
	case TERM_DURATION:
	case TERM_WINDOW:
		return put_number(r, l, to, f);
	case TERM_REMINDERS:
		return put_reminders(l, s, f);
	case TERM_ENVIRONMENT:
	case TERM_KIND:
	case TERM_SENDER:
	case TERM_SENDER_BLOCK:
	case TERM_TEXTS:
	case TERM_PROFILE_FILE:
		break;
	}
	return true;
}

bool
terms_apply(const struct site_terms *t, struct conf_site *s, struct fault *f)
{
	for (size_t i = 0; i < terms_n(); i++)
		if (!put_term(&term_rows[i], &t->item[i], s, f))
			return false;
	return true;
}

/* rules.c - compiles zones, templates and profiles of a configuration, and counts its users. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/rules.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nudge/builtin.h"
#include "nudge/places.h"
#include "nudge/seal.h"
#include "policy/file.h"
#include "policy/making.h"
#include "policy/site_words.h"

#define TEXT_FILE_MAX 65536 /* bytes of a template or profile */

struct counted { /* what is behind every struct rules */
	struct rules rules;
	atomic_uint users;
};

static struct counted *
counted_of(struct rules *r)
{
	return (struct counted *)r;
}

struct loading {
	struct rules *rules;
	const struct site_terms *given; /* of each site; NULL: as the files say */
	struct conf_faults *faults;
};

static bool
load_zone(struct rules *r, size_t i, struct fault *f)
{
	const char *name = r->sites[i].site->time_zone;

	for (size_t k = 0; k < i; k++)
		if (r->sites[k].zone && strcmp(r->sites[k].site->time_zone, name) == 0) {
			r->sites[i].zone = r->sites[k].zone;
			return true;
		}
	return zone_load(name, &r->sites[i].zone, f) || fault_at(f, "time_zone");
}

/* A name is a profile that comes with the program; a path is a file. */
static bool
load_profile(struct site_rules *s, const struct site_terms *given, struct fault *f)
{
	const char *name = s->site->profile;
	const struct builtin *b;
	char path[128];

	if (strchr(name, '/')) {
		if (given && !(s->profile_file = strdup(terms_value(given, "profile_file"))))
			return fault_set(f, FAULT_BUSY, "no memory");
		if (!given && !file_read(name, TEXT_FILE_MAX, &s->profile_file, f))
			return fault_at(f, "profile");
		s->profile = span_of(s->profile_file);
		return true;
	}
	(void)snprintf(path, sizeof path, "schemas/hl7/%s.conf", name);
	b = builtin_find(path);
	if (!b)
		return fault_set(f, FAULT_OPERATOR,
		    "profile \"%s\" is not known; give epic, oracle-health, generic or a file's path",
		    name);
	s->profile = (struct span){ b->text, b->n };
	return true;
}

/* No approval covers them: they only keep texts back, within hours that were approved. */
static bool
load_holidays(struct site_rules *s, struct fault *f)
{
	const char *path = s->site->holidays;
	char *text = NULL;
	bool ok;

	if (!path[0])
		return true;
	if (!file_read(path, TEXT_FILE_MAX, &text, f))
		return fault_at(f, "holidays");
	ok = holidays_read(path, span_of(text), &s->holidays, f) &&
	    (digest_sha256(span_of(text), s->holidays_hash) || fault_set(f, FAULT_BUSY, "no memory for the hash of holidays"));
	free(text);
	return ok;
}

/* Who only checks may not be allowed to read it. */
static bool
load_link_key(const struct rules *r, struct site_rules *s, struct fault *f)
{
	struct fault unread = { .kind = FAULT_NONE };

	_Static_assert(sizeof s->link_key == SEAL_KEY_BYTES, "a key of keygen");
	if (!s->site->link_key[0])
		return true;
	s->has_link_key = seal_keyfile_read(s->site->link_key, s->link_key, &unread);
	if (s->has_link_key || (r->conf->reader == CONF_CHECK && access(s->site->link_key, R_OK) != 0))
		return true;
	*f = unread;
	return fault_at(f, "link_key");
}

/* What the folder's own texts do not say to a phone that wrote, the built-in ones do. */
static bool
complete(struct sms_templates *t, const char *code, struct fault *f)
{
	static const char *const known[] = { "en", "es", "fr" };
	const struct builtin *b;
	struct sms_templates *own = NULL;
	const char *language = "en";
	char path[64];

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strncasecmp(code, known[i], 2) == 0 && !(code[2] >= 'a' && code[2] <= 'z'))
			language = known[i];
	(void)snprintf(path, sizeof path, "conf/templates/%s", language);
	b = builtin_find(path);
	if (!b || !sms_templates_read(path, language, (struct span){ b->text, b->n }, &own, f))
		return fault_set(f, FAULT_BROKEN, "the built-in texts are damaged");
	sms_templates_complete(t, own);
	sms_templates_free(own);
	return true;
}

/* Of one language, owned: given, in the site's folder, or built in. */
static bool
load_text(const struct conf_site *site, size_t language, const struct site_terms *given, char *path, size_t path_cap, char **text,
    struct fault *f)
{
	const char *code = site->languages.item[language];
	const struct builtin *b;

	(void)snprintf(path, path_cap, "%s/%s", site->templates_path[0] ? site->templates_path : "conf/templates", code);
	if (given) {
		const struct text_list *l = &given->item[terms_find("texts")];

		if (language >= l->n)
			return fault_set(f, FAULT_BROKEN, "the stored terms of an approval have no texts for \"%s\"", code);
		*text = strdup(l->item[language]);
	} else if (site->templates_path[0]) {
		return file_read(path, TEXT_FILE_MAX, text, f) || fault_at(f, "templates");
	} else {
		b = builtin_find(path);
		if (!b)
			return fault_set(f, FAULT_OPERATOR,
			    "languages: no built-in texts for \"%s\"; give templates = FOLDER with a file %s",
			    code, code);
		*text = strndup(b->text, b->n);
	}
	return *text || fault_set(f, FAULT_BUSY, "no memory");
}

static bool
load_templates(struct site_rules *s, size_t language, const struct site_terms *given, char **text, struct fault *f)
{
	const struct conf_site *site = s->site;
	const char *code = site->languages.item[language];
	char path[4096];

	if (!load_text(site, language, given, path, sizeof path, text, f) ||
	    !sms_templates_read(path, code, span_of(*text), &s->templates[language], f) ||
	    !complete(s->templates[language], code, f))
		return false;
	if (site->merge && !sms_uses_other_times(s->templates[language], TEXT_REMINDER))
		return fault_set(f, FAULT_OPERATOR, "merge = true: the [reminder] in %s does not say {other_times}, as in "
		    "\"at {start_time}[[, {other_times}]]\"", code);
	return true;
}

/* What came of loading one part of a site, at the setting that named it. */
static void
note(struct loading *l, size_t site, const char *key, bool ok, const struct fault *f)
{
	const struct conf_site *s = &l->rules->conf->sites[site];

	if (ok)
		return;
	conf_fault_of(l->faults, conf_place_of(l->rules->conf, "site", s->title, key, &s->at), f->kind, "site \"%s\": %s",
	    s->title, f->text);
}

static void
load_parts(struct loading *l, size_t i, char **texts)
{
	struct site_rules *s = &l->rules->sites[i];
	const struct site_terms *given = l->given ? &l->given[i] : NULL;
	struct fault f = { .kind = FAULT_NONE };

	note(l, i, "time_zone", load_zone(l->rules, i, &f), &f);
	note(l, i, "profile", load_profile(s, given, &f), &f);
	note(l, i, "link_key", load_link_key(l->rules, s, &f), &f);
	note(l, i, "holidays", load_holidays(s, &f), &f);
	for (size_t k = 0; k < s->site->languages.n; k++)
		note(l, i, s->site->templates_path[0] ? "templates" : "languages", load_templates(s, k, given, &texts[k], &f), &f);
	if (s->site->languages.n == 0)
		note(l, i, "languages", fault_set(&f, FAULT_OPERATOR, "languages: at least one is needed, as in languages = {en}"), &f);
}

static bool
finish_site(struct site_rules *s, char *const *texts, struct fault *f)
{
	for (size_t k = 0; k < s->site->languages.n; k++)
		s->words = (int64_t)(((uint64_t)s->words * 1099511628211u ^ (uint64_t)sms_templates_version(s->templates[k])) & 0xffffffffffffu);
	if (!terms_of(s->site, (const char *const *)texts, s->profile_file ? s->profile_file : "", &s->terms) ||
	    !terms_hash(&s->terms, s->hash))
		return fault_set(f, FAULT_BUSY, "no memory for what an approval covers");
	memcpy(s->approval_hash, s->hash, sizeof s->hash);
	s->standing.what = s->site->approvers.n > 0 ? STANDING_NEEDED : STANDING_FREE;
	return true;
}

/* Loads all that can be, and says all that cannot. */
static void
load_site(struct loading *l, size_t i)
{
	struct site_rules *s = &l->rules->sites[i];
	size_t n = s->site->languages.n, errors = l->faults->errors_n;
	char **texts = calloc(n + 1, sizeof *texts);
	struct fault f = { .kind = FAULT_NONE };

	s->templates = calloc(n + 1, sizeof(struct sms_templates *));
	if (texts && s->templates)
		load_parts(l, i, texts);
	else
		note(l, i, "", fault_set(&f, FAULT_BUSY, "no memory"), &f);
	/* A link to a block that is not there was said before. */
	if (texts && s->templates && l->faults->errors_n == errors && s->site->environment && s->site->environment->organization) {
		note(l, i, "", finish_site(s, texts, &f), &f);
		site_words_check(s, l->faults);
	}
	for (size_t k = 0; texts && k < n; k++)
		free(texts[k]);
	free(texts);
}

/* Zones in any order and number give the same sum when their rules are the same. */
static uint64_t
tzdata_of(const struct rules *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->conf->sites_n; i++) {
		const struct zone *z = r->sites[i].zone;
		uint64_t hash = 14695981039346656037u;
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen = seen || r->sites[k].zone == z;
		if (seen)
			continue;
		for (const char *p = zone_name(z); *p; p++)
			hash = (hash ^ (unsigned char)*p) * 1099511628211u;
		sum += (hash ^ zone_rules(z)) * 1099511628211u;
	}
	for (size_t i = 0; place_zones[i]; i++)
		if (r->places[i])
			sum += zone_rules(r->places[i]) * 1099511628211u;
	return sum;
}

/* Of the files as they stand, and of what they name: texts, profiles and holidays. */
static bool
version_of(const struct rules *r, int64_t *out)
{
	uint8_t all[3 * DIGEST_BYTES], sum[DIGEST_BYTES];

	memcpy(sum, r->conf->digest, DIGEST_BYTES);
	for (size_t i = 0; i < r->conf->sites_n; i++) {
		memcpy(all, sum, DIGEST_BYTES);
		memcpy(all + DIGEST_BYTES, r->sites[i].hash, DIGEST_BYTES);
		memcpy(all + 2 * (size_t)DIGEST_BYTES, r->sites[i].holidays_hash, DIGEST_BYTES);
		if (!digest_sha256(span_from((const char *)all, sizeof all), sum))
			return false;
	}
	*out = 0;
	for (int i = 0; i < 6; i++)
		*out = *out << 8 | sum[i];
	return true;
}

static void
rules_free(struct rules *r)
{
	size_t n = r->sites ? r->conf->sites_n : 0;

	for (size_t i = 0; i < n; i++) {
		struct site_rules *s = &r->sites[i];
		bool shared = false;

		for (size_t k = 0; k < i; k++)
			shared = shared || r->sites[k].zone == s->zone;
		for (size_t k = 0; s->templates && k < s->site->languages.n; k++)
			sms_templates_free(s->templates[k]);
		free(s->templates);
		free(s->profile_file);
		holidays_free(s->holidays);
		seal_wipe(s->link_key, sizeof s->link_key);
		terms_clear(&s->terms);
		if (!shared)
			zone_free(s->zone);
	}
	free(r->sites);
	for (size_t i = 0; r->places && place_zones[i]; i++)
		zone_free(r->places[i]);
	free(r->places);
	conf_drop(r->conf);
	free(counted_of(r));
}

/* Where patients may live. A zone that the system has not is as if not known; one that cannot be read just now is not. */
static bool
load_places(struct rules *r, struct fault *f)
{
	size_t n = 0;

	while (place_zones[n])
		n++;
	r->places = calloc(n + 1, sizeof(struct zone *));
	if (!r->places)
		return fault_set(f, FAULT_BUSY, "no memory for the zones of patients");
	for (size_t i = 0; i < n; i++)
		if (!zone_load(place_zones[i], &r->places[i], f) && f->kind == FAULT_BUSY)
			return false;
	return true;
}

size_t
rules_places(const struct rules *r, const char *names, const struct zone **out, size_t most)
{
	struct span rest = span_of(names);
	size_t n = 0;

	while (rest.n > 0) {
		struct span name = span_cut(rest, ' ', &rest);
		const struct zone *found = NULL;

		for (size_t i = 0; r->places && place_zones[i] && !found; i++)
			if (span_is(name, place_zones[i]))
				found = r->places[i];
		if (!found || n == most)
			return 0;
		out[n++] = found;
	}
	return n;
}

/* *out has whatever could be loaded; NULL without memory. */
static bool
compile(struct conf *c, const struct site_terms *given, struct rules **out, struct conf_faults *faults)
{
	struct counted *made = calloc(1, sizeof *made);
	struct rules *r = made ? &made->rules : NULL;
	size_t errors = faults->errors_n;
	struct fault f = { FAULT_BUSY, "no memory for rules" };

	if (r) {
		r->conf = conf_hold(c);
		atomic_init(&made->users, 1);
		r->sites = calloc(c->sites_n + 1, sizeof *r->sites);
	}
	if (!r || !r->sites || !load_places(r, &f)) {
		conf_fault_of(faults, NULL, f.kind, "%s", f.text);
		rules_drop(r);
		*out = NULL;
		return false;
	}
	for (size_t i = 0; i < c->sites_n; i++)
		r->sites[i].site = &c->sites[i];
	for (size_t i = 0; i < c->sites_n; i++)
		load_site(&(struct loading){ r, given, faults }, i);
	*out = r;
	if (faults->errors_n == errors && !version_of(r, &r->version))
		conf_fault_of(faults, NULL, FAULT_BUSY, "the configuration's digest could not be made");
	if (faults->errors_n == errors)
		r->tzdata = tzdata_of(r);
	return faults->errors_n == errors;
}

bool
rules_make(struct conf *c, const struct site_terms *given, struct rules **out, struct conf_faults *faults)
{
	struct rules *r;

	if (!compile(c, given, &r, faults)) {
		rules_drop(r);
		return false;
	}
	*out = r;
	return true;
}

bool
rules_new(struct conf *c, struct rules **out, struct conf_faults *faults)
{
	return rules_make(c, NULL, out, faults);
}

bool
rules_look(struct conf *c, struct rules **out, struct conf_faults *faults)
{
	return compile(c, NULL, out, faults);
}

struct rules *
rules_hold(struct rules *r)
{
	atomic_fetch_add_explicit(&counted_of(r)->users, 1, memory_order_relaxed);
	return r;
}

void
rules_drop(struct rules *r)
{
	if (r && atomic_fetch_sub_explicit(&counted_of(r)->users, 1, memory_order_acq_rel) == 1)
		rules_free(r);
}

const struct site_rules *
rules_of(const struct rules *r, const struct conf_site *s)
{
	assert(s->index < r->conf->sites_n && r->sites[s->index].site == s);
	return &r->sites[s->index];
}

static struct span
primary(struct span language)
{
	size_t n = 0;

	while (n < language.n && language.p[n] != '-' && language.p[n] != '_')
		n++;
	return (struct span){ language.p, n };
}

const struct sms_templates *
rules_templates(const struct site_rules *s, struct span language)
{
	const struct text_list *l = &s->site->languages;

	for (size_t i = 0; i < l->n; i++)
		if (span_is_nocase(language, l->item[i]))
			return s->templates[i];
	for (size_t i = 0; i < l->n; i++)
		if (span_eq_nocase(primary(language), primary(span_of(l->item[i]))))
			return s->templates[i];
	return s->templates[0];
}

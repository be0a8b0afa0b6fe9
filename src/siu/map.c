/* map.c - the profiles and links of a configuration, compiled once for all messages. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <stdlib.h>
#include <string.h>

#include "nudge/policy.h"

static bool
read_link(const struct conf_site *site, struct site_map *s, struct fault *f)
{
	const char *link = site->link;

	if (site->device_test_link[0] && !link_template_ok("device_test_link", site->device_test_link, site, f))
		return false;
	if (!link[0])
		return true;
	if (strstr(link, "://") || strpbrk(link, "{}")) {
		s->link = LINK_OF_TEMPLATE;
		return link_template_ok("link", link, site, f);
	}
	if (!hl7_path_read(link, &s->link_path.item[0], f))
		return fault_at(f, "link");
	s->link_path.n = 1;
	s->link = LINK_OF_PATH;
	return true;
}

static bool
read_profile(struct siu_map *m, size_t i, struct fault *f)
{
	const struct site_rules *r = &m->rules->sites[i];
	const char *name = r->site->profile;

	for (size_t k = 0; k < i && r->site->paths.n == 0; k++)
		if (m->rules->sites[k].site->paths.n == 0 && strcmp(m->rules->sites[k].site->profile, name) == 0)
			m->sites[i].profile = m->sites[k].profile;
	if (m->sites[i].profile)
		return true;
	if (!siu_profile_read(name, r->profile, &m->profiles[i], f))
		return false;
	for (size_t k = 0; k < r->site->paths.n; k++)
		if (!siu_profile_replace(m->profiles[i], r->site->paths.item[k], f))
			return false;
	m->sites[i].profile = m->profiles[i];
	return true;
}

/* "PATH = PATTERN" */
static bool
read_match(const char *key, const char *line, struct field_match *m, struct fault *f)
{
	struct span rest = SPAN_NONE, path = span_trim(span_cut(span_of(line), '=', &rest));
	char text[256];

	if (!strchr(line, '=') || path.n >= sizeof text || span_trim(rest).n >= sizeof text || span_trim(rest).n == 0)
		return fault_set(f, FAULT_OPERATOR, "%s: \"%s\" is not in the form PATH = PATTERN, as \"PV1-2 = ^O$\"", key, line);
	span_copy(text, sizeof text, path);
	if (!hl7_path_read(text, &m->path.item[0], f))
		return fault_at(f, "%s", key);
	m->path.n = 1;
	span_copy(text, sizeof text, span_trim(rest));
	if (!pattern_new(text, &m->pattern, f))
		return fault_at(f, "%s", key);
	return true;
}

static bool
read_modes(const struct conf_site *site, struct site_map *s, const char **key, struct fault *f)
{
	const struct { const char *key; const struct text_list *lines; enum modality is; } lists[] = {
		{ "video_if", &site->video_if, MODALITY_VIDEO }, { "phone_if", &site->phone_if, MODALITY_PHONE },
		{ "office_if", &site->office_if, MODALITY_OFFICE } };

	*key = lists[0].key;
	s->modes = calloc(site->video_if.n + site->phone_if.n + site->office_if.n + 1, sizeof *s->modes);
	if (!s->modes)
		return fault_set(f, FAULT_BUSY, "no memory");
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		for (size_t k = 0; k < lists[i].lines->n; k++) {
			*key = lists[i].key;
			if (!read_match(*key, lists[i].lines->item[k], &s->modes[s->modes_n], f))
				return false;
			s->modes[s->modes_n++].modality = lists[i].is;
		}
	return true;
}

static bool
read_matches(const struct conf_site *site, struct site_map *s, struct fault *f)
{
	s->matches = calloc(site->only_if.n + site->never_if.n + 1, sizeof *s->matches);
	if (!s->matches)
		return fault_set(f, FAULT_BUSY, "no memory");
	for (size_t i = 0; i < site->only_if.n; i++)
		if (!read_match("only_if", site->only_if.item[i], &s->matches[s->matches_n++], f))
			return false;
	for (size_t i = 0; i < site->never_if.n; i++) {
		s->matches[s->matches_n].never = true;
		if (!read_match("never_if", site->never_if.item[i], &s->matches[s->matches_n++], f))
			return false;
	}
	return true;
}

static void
note(struct siu_map *m, const struct conf_site *s, const char *key, bool ok, const struct fault *f, struct conf_faults *faults)
{
	if (ok)
		return;
	conf_fault_of(faults, conf_place_of(m->rules->conf, "site", s->title, key, &s->at), f->kind, "site \"%s\": %s", s->title,
	    f->text);
}

/* A profile that could not be loaded was told of. */
static void
add_site(struct siu_map *m, size_t i, struct conf_faults *faults)
{
	const struct conf_site *s = m->rules->sites[i].site;
	struct fault f = { .kind = FAULT_NONE };
	const char *key;
	bool ok;

	m->sites[i].sender = (struct sender){ span_trim(span_of(s->sending_application)), span_trim(span_of(s->sending_facility)) };
	m->sites[i].news = (struct sender){ span_trim(span_of(s->adt_sending_application)), span_trim(span_of(s->adt_sending_facility)) };
	ok = m->rules->sites[i].profile.n == 0 || read_profile(m, i, &f);

	note(m, s, s->paths.n > 0 ? "paths" : "profile", ok, &f, faults);
	if (ok && m->sites[i].profile && s->adt_merge && m->sites[i].profile->prior_patient.n == 0)
		note(m, s, "adt", fault_set(&f, FAULT_OPERATOR,
		    "adt: merge needs prior_patient in the profile, as prior_patient = {\"MRG-1(*)\"}"), &f, faults);
	note(m, s, s->only_if.n > 0 ? "only_if" : "never_if", read_matches(s, &m->sites[i], &f), &f, faults);
	ok = read_modes(s, &m->sites[i], &key, &f);
	note(m, s, key, ok, &f, faults);
	note(m, s, "link", read_link(s, &m->sites[i], &f), &f, faults);
}

bool
siu_map_new(struct rules *r, struct siu_map **out, struct conf_faults *faults)
{
	size_t n = r->conf->sites_n, errors = faults->errors_n;
	struct siu_map *m = calloc(1, sizeof *m);

	if (m) {
		m->rules = rules_hold(r);
		m->sites = calloc(n + 1, sizeof *m->sites);
		m->profiles = calloc(n + 1, sizeof(struct siu_profile *));
	}
	if (!m || !m->sites || !m->profiles) {
		conf_fault_of(faults, NULL, FAULT_BUSY, "no memory for %zu sites", n);
		siu_map_free(m);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		add_site(m, i, faults);
	if (faults->errors_n > errors) {
		siu_map_free(m);
		return false;
	}
	*out = m;
	return true;
}

void
siu_paths_text(const struct siu_map *m, const struct conf_site *s, const char *meaning, struct buf *out)
{
	siu_profile_text(m->sites[s->index].profile, meaning, out);
}

void
siu_map_free(struct siu_map *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->profiles && i < m->rules->conf->sites_n; i++)
		siu_profile_free(m->profiles[i]);
	for (size_t i = 0; m->sites && i < m->rules->conf->sites_n; i++) {
		for (size_t k = 0; k < m->sites[i].matches_n; k++)
			pattern_free(m->sites[i].matches[k].pattern);
		free(m->sites[i].matches);
		for (size_t k = 0; k < m->sites[i].modes_n; k++)
			pattern_free(m->sites[i].modes[k].pattern);
		free(m->sites[i].modes);
	}
	free(m->profiles);
	free(m->sites);
	rules_drop(m->rules);
	free(m);
}

/* site.c - a clinic: whose messages, in which words, at which hours. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "nudge/signature.h"

static void
reminders(const struct section *s, struct conf_site *site)
{
	unsigned n = cfg_size(s->cfg, "reminder");

	site->reminders = calloc(n + 1, sizeof *site->reminders);
	if (!site->reminders)
		reading_lacks();
	if (n > 32)
		section_fault(s, "", "a site may have 32 reminders");
	for (unsigned i = 0; site->reminders && i < n && i < 32; i++) {
		cfg_t *c = cfg_getnsec(s->cfg, "reminder", i);
		struct section sub = *s;
		struct conf_reminder *r = &site->reminders[site->reminders_n];

		sub.cfg = c;
		sub.sub = "reminder";
		sub.subtitle = cfg_title(c) ? cfg_title(c) : "";
		r->title = text_copy(sub.subtitle);
		r->at = section_place(&sub, "");
		site->reminders_n++;
		if (strlen(sub.subtitle) > 47)
			section_fault(&sub, "", "a title has at most 47 characters");
		if (section_before(&sub, "before", r) && r->before_s <= site->expiry_s)
			section_fault(&sub, "before",
			    "before = %s is not longer than expiry = %s: such a reminder would always be too "
			    "late",
			    section_raw(&sub, "before"), section_raw(s, "expiry"));
	}
}

static char *
profile_of(const struct section *s)
{
	static const char *const built_in[] = { "epic", "oracle-health", "generic", NULL };
	const char *text = section_raw(s, "profile"), *near;
	size_t n = strlen(text);

	if (strchr(text, '/') || (n > 5 && strcmp(text + n - 5, ".conf") == 0))
		return section_path(s, "profile");
	for (size_t i = 0; built_in[i]; i++)
		if (strcmp(text, built_in[i]) == 0)
			return text_copy(text);
	near = conf_nearest(text, built_in);
	if (text[0])
		section_fault(s, "profile",
		    "profile is epic, oracle-health, generic, or a file ending in .conf; not \"%s\"%s%s%s",
		    text, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return text_copy(text);
}

/* A key is a file: its path has a '/', or ends in .pem or .pub. */
static bool
is_key_path(const char *text)
{
	size_t n = strlen(text);

	return text[0] != '@' && (strchr(text, '/') || (n > 4 && (strcmp(text + n - 4, ".pem") == 0 || strcmp(text + n - 4, ".pub") == 0)));
}

static void
approver_keys(const struct section *s, struct text_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct fault f = { 0 };
		char *path;

		if (!is_key_path(l->item[i]))
			continue;
		path = path_from(s->source, l->item[i]);
		text_free(l->item[i]);
		l->item[i] = path;
		if (!signature_key_check(path, &f))
			section_fault(s, "approver", "approver: %s", f.text);
	}
}

static void
approvers(const struct section *s, struct conf_site *site)
{
	struct text_list *l = &site->approvers;

	*l = section_texts(s, "approver", false);
	for (size_t i = 0; i < l->n; i++)
		if (l->n > 1 && strcmp(l->item[i], "none") == 0)
			section_fault(
			    s, "approver", "approver is either none or users, @groups and keys, not both");
	if (l->n == 1 && strcmp(l->item[0], "none") == 0)
		text_list_free(l);
	else if (l->n == 0 && site->environment && site->environment->production &&
	    strcmp(site->profile, "epic") == 0)
		section_fault(s, "approver",
		    "approver is missing: who approves this production site, a user, @group or key; or none");
	approver_keys(s, l);
}

static char *
text_or(const struct section *s, const char *key, const char *otherwise)
{
	return section_has(s, key) ? section_text(s, key) : text_copy(otherwise);
}

/* Deaths, numbers and merges that come beside the schedule. */
static void
adt(const struct section *s, struct conf_site *site)
{
	struct text_list l = section_texts(s, "adt", false);

	for (size_t i = 0; i < l.n; i++) {
		if (strcmp(l.item[i], "deceased") == 0)
			site->adt_deceased = true;
		else if (strcmp(l.item[i], "phone") == 0)
			site->adt_phone = true;
		else if (strcmp(l.item[i], "merge") == 0)
			site->adt_merge = true;
		else
			section_fault(s, "adt", "adt may have deceased, phone and merge; not \"%s\"", l.item[i]);
	}
	text_list_free(&l);
	site->adt_sending_application = text_or(s, "adt_sending_application", site->sending_application);
	site->adt_sending_facility = text_or(s, "adt_sending_facility", site->sending_facility);
}

/* A site's own copy: an approval covers them. */
static void
of_organization(struct conf_site *site)
{
	const struct conf_organization *o = site->environment ? site->environment->organization : NULL;

	site->organization_name = text_copy(o ? o->name : "");
	site->country = text_copy(o ? o->country : "");
	for (size_t i = 0; o && i < o->countries.n; i++)
		if (!text_list_add(&site->countries, o->countries.item[i]))
			reading_lacks();
	if (!site->name[0] && o) {
		text_free(site->name);
		site->name = text_copy(o->name);
	}
}

static void
whose(struct reader *r, const struct section *s, struct conf_site *site)
{
	site->environment = build_linked(s, "environment", section_raw(s, "environment"),
	    r->conf->environments, r->conf->environments_n, sizeof *site->environment);
	site->name = section_text(s, "name");
	site->contact = section_text(s, "contact");
	site->fhir_base_url = section_text(s, "fhir_base_url");
	site->profile = profile_of(s);
	site->sending_application = section_text(s, "sending_application");
	site->sending_facility = section_text(s, "sending_facility");
	adt(s, site);
	site->only_if = section_texts(s, "only_if", false);
	site->never_if = section_texts(s, "never_if", false);
	site->video_if = section_texts(s, "video_if", false);
	site->phone_if = section_texts(s, "phone_if", false);
	site->office_if = section_texts(s, "office_if", false);
	site->paths = section_texts(s, "paths", false);
	site->ack_mode = (int)section_word(s, "ack_mode");
	site->msh7_offset = section_word(s, "time_without_offset") == 1;
	section_patterns(s, "departments", &site->departments);
	section_patterns(s, "visit_types", &site->visit_types);
	section_patterns(s, "confidential_departments", &site->confidential_departments);
	section_patterns(s, "confidential_visit_types", &site->confidential_visit_types);
	of_organization(site);
	build_fhir_url(s, site);
}

/* A host's name: letters, digits, dashes, and dots between them. */
static bool
is_domain(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 253 || !strchr(name, '.') || name[0] == '.' || name[n - 1] == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n && !strstr(name, "..");
}

static void
link_domains(const struct section *s, struct conf_site *site)
{
	site->link_domains = section_texts(s, "link_domains", false);
	for (size_t i = 0; i < site->link_domains.n; i++) {
		char *name = site->link_domains.item[i];

		for (char *p = name; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 32) : *p;
		if (!is_domain(name))
			section_fault(s, "link_domains",
			    "link_domains holds names of hosts, as \"visit.lamna.example\" (those below it are meant as "
			    "well), without https:// and path; not \"%s\"", name);
	}
}

static void
words(struct reader *r, const struct section *s, struct conf_site *site)
{
	const char *name = section_raw(s, "number");

	site->number =
	    build_linked(s, "number", name, r->conf->numbers, r->conf->numbers_n, sizeof *site->number);
	if (!name[0])
		section_warn(s, "", "it has no number: it takes messages and sends nothing");
	site->time_zone = section_text(s, "time_zone");
	site->languages = section_texts(s, "languages", false);
	site->templates_path = section_path(s, "templates");
	site->link = section_text(s, "link");
	site->link_required = section_bool(s, "link_required");
	site->link_key = section_path(s, "link_key");
	site->link_valid_s = section_duration(s, "link_valid");
	site->device_test_link = section_text(s, "device_test_link");
	site->smart_encoding = section_bool(s, "smart_encoding");
	site->names_keep_accents = section_bool(s, "names_keep_accents");
	link_domains(s, site);
	site->patient_consent =
	    section_word(s, "patient_consent") == 1 ? CONSENT_REQUIRED : CONSENT_NOT_REQUIRED;
	if (site->link_required && !site->link[0])
		section_fault(s, "link_required", "link_required = true needs link: where it comes from");
}

/* The longer hours are never shorter than the usual ones. */
static void
windows(const struct section *s, struct conf_site *site)
{
	struct conf_window *w = &site->window, *longer = &site->short_window;

	section_window(s, "window", w);
	section_window(s, "short_window", longer);
	if (w->from_min < longer->from_min)
		longer->from_min = w->from_min;
	if (w->to_min > longer->to_min)
		longer->to_min = w->to_min;
	longer->always = longer->from_min == 0 && longer->to_min == 1440;
	conf_window_margin(w, section_duration(s, "closing_margin"));
	conf_window_margin(longer, section_duration(s, "closing_margin"));
	site->holidays = section_path(s, "holidays");
	site->patient_zone = section_word(s, "patient_zone") == 0;
}

static void
times(const struct section *s, struct conf_site *site)
{
	size_t errors_n = s->reader->faults->errors_n;

	site->confirmation = section_bool(s, "confirmation");
	site->settle_s = section_duration(s, "settle");
	site->stale_s = section_duration(s, "stale");
	site->late = section_word(s, "late") == 1 ? LATE_SEND : LATE_SKIP;
	site->expiry_s = section_duration(s, "expiry");
	site->retain_s = section_duration(s, "retain");
	site->unknown = (enum unknown_rule)section_word(s, "unknown");
	site->unknown_wait_s = section_duration(s, "unknown_wait");
	site->storm_brake_per_min = section_rate(s, "storm_brake");
	site->daily_cap = section_number(s, "daily_cap");
	site->weekly_cap = section_number(s, "weekly_cap");
	site->merge = section_bool(s, "merge");
	site->suppress_minors = section_word(s, "minors") == 1;
	site->minor_age = section_number(s, "minor_age");
	site->learning = section_bool(s, "learning");
	site->nak_bad_content = section_bool(s, "nak_bad_content");
	site->unknown_type_phone = section_bool(s, "untyped_phones");
	site->fiction_numbers = section_bool(s, "fiction_numbers");
	windows(s, site);
	if (errors_n == s->reader->faults->errors_n && site->stale_s <= site->settle_s)
		section_fault(s, "stale",
		    "stale = %s is not longer than settle = %s: no confirmation would ever be sent",
		    section_raw(s, "stale"), section_raw(s, "settle"));
	if (site->weekly_cap > 0 && site->daily_cap > site->weekly_cap && section_has(s, "daily_cap"))
		section_warn(s, "daily_cap", "daily_cap is higher than weekly_cap and so never reached");
}

static void
build_site(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_site *site = item;

	site->at = section_place(s, "");
	site->index = index;
	site->title = text_copy(s->title);
	whose(r, s, site);
	words(r, s, site);
	times(s, site);
	reminders(s, site);
	approvers(s, site);
}

void
build_sites(struct reader *r)
{
	each_block(
	    r, "site", (void **)&r->conf->sites, &r->conf->sites_n, sizeof(struct conf_site), build_site);
}

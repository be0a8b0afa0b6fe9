/* site.c - a clinic: whose messages, in which words, at which hours. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

/* "15min", "1d", "2d at 10:00". */
static bool
read_before(const struct section *s, const char *text, struct conf_reminder *r)
{
	char first[32];
	const char *at = strstr(text, " at ");
	size_t n = at ? (size_t)(at - text) : strlen(text);
	struct fault f = { 0 };
	int hour = -1, minute = -1, used = 0;

	if (n == 0 || n >= sizeof first) {
		if (n > 0)
			section_fault(s, "before", "before is 15min, 24h, 1d, or \"2d at 10:00\"; not \"%s\"", text);
		return false;
	}
	(void)snprintf(first, sizeof first, "%.*s", (int)n, text);
	if (!conf_duration(first, &r->before_s, &f)) {
		section_fault(s, "before", "before: %s", f.text);
		return false;
	}
	r->form = first[n - 1] == 'd' ? BEFORE_DAYS : BEFORE_ELAPSED;
	r->days = (int)(r->before_s / 86400);
	if (!at)
		return true;
	if (r->form != BEFORE_DAYS || sscanf(at, " at %2d:%2d%n", &hour, &minute, &used) != 2 || at[used] != '\0' || hour < 0 ||
	    hour > 23 || minute < 0 || minute > 59) {
		section_fault(s, "before", "before is days and a time of day, as \"2d at 10:00\"; not \"%s\"", text);
		return false;
	}
	r->form = BEFORE_DAYS_AT;
	r->at_min = hour * 60 + minute;
	return true;
}

static void
reminders(const struct section *s, struct conf_site *site)
{
	unsigned n = cfg_size(s->cfg, "reminder");

	site->reminders = calloc(n + 1, sizeof *site->reminders);
	if (!site->reminders)
		abort();
	if (n > 32)
		section_fault(s, "", "a site may have 32 reminders");
	for (unsigned i = 0; i < n && i < 32; i++) {
		cfg_t *c = cfg_getnsec(s->cfg, "reminder", i);
		struct section sub = *s;
		struct conf_reminder *r = &site->reminders[site->reminders_n];

		sub.cfg = c;
		sub.sub = "reminder";
		sub.subtitle = cfg_title(c) ? cfg_title(c) : "";
		r->title = strdup(sub.subtitle);
		r->at = section_place(&sub, "");
		site->reminders_n++;
		if (strlen(sub.subtitle) > 47)
			section_fault(&sub, "", "a title has at most 47 characters");
		if (!read_before(&sub, section_raw(&sub, "before"), r))
			continue;
		if (r->before_s <= site->expiry_s)
			section_fault(&sub, "before", "before = %s must be longer than expiry (%llds): such a reminder would always be too late",
			    section_raw(&sub, "before"), (long long)site->expiry_s);
		if (r->before_s > 366 * 86400)
			section_fault(&sub, "before", "a reminder goes at most a year before");
	}
}

static int64_t
brake(const struct section *s)
{
	const char *text = section_raw(s, "storm_brake");
	size_t digits = strspn(text, "0123456789");
	uint64_t n;

	if (strcmp(text, "off") == 0)
		return 0;
	if (strcmp(text + digits, "/min") == 0 && span_to_u64(span_from(text, digits), 1000000, &n) && n > 0)
		return (int64_t)n;
	section_fault(s, "storm_brake", "storm_brake is confirmations a minute, as 300/min, or off; not \"%s\"", text);
	return 300;
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
			return strdup(text);
	near = conf_nearest(text, built_in);
	if (text[0])
		section_fault(s, "profile", "profile is epic, oracle-health, generic, or a file ending in .conf; not \"%s\"%s%s%s", text,
		    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return strdup(text);
}

static void
approvers(const struct section *s, struct conf_site *site)
{
	site->approvers = section_texts(s, "approver", false);
	if (site->approvers.n == 1 && strcmp(site->approvers.item[0], "none") == 0) {
		text_list_free(&site->approvers);
	} else if (site->approvers.n == 0 && site->environment && site->environment->production &&
	    strcmp(site->profile, "epic") == 0) {
		section_fault(s, "approver", "approver is missing: who approves this production site, a user or @group; or none");
	}
}

static void
fhir_url(const struct section *s, const struct conf_site *site)
{
	static const char *const ends[] = { "/DSTU2", "/STU3", "/R4", "/R5" };
	const char *u = site->fhir_base_url;
	size_t n = strlen(u);
	bool known = false;

	for (size_t i = 0; i < 4; i++)
		known = known || (n > strlen(ends[i]) && strcasecmp(u + n - strlen(ends[i]), ends[i]) == 0);
	if (n > 0 && (strncmp(u, "https://", 8) != 0 || strpbrk(u, " \t") || !known))
		section_warn(s, "fhir_base_url", "fhir_base_url usually begins with https:// and ends with its version, as /R4; look whether it is copied whole");
}

static const struct conf_environment *
environment_of(struct reader *r, const struct section *s)
{
	const char *name = section_raw(s, "environment"), *near, *known[65];
	size_t n = 0;

	for (size_t i = 0; i < r->conf->environments_n; i++) {
		if (strcmp(r->conf->environments[i].title, name) == 0)
			return &r->conf->environments[i];
		if (n < 64)
			known[n++] = r->conf->environments[i].title;
	}
	known[n] = NULL;
	near = conf_nearest(name, known);
	if (name[0])
		section_fault(s, "environment", "there is no environment \"%s\"%s%s%s", name, near ? "; did you mean \"" : "",
		    near ? near : "", near ? "\"?" : "");
	return NULL;
}

static const struct conf_number *
number_of(struct reader *r, const struct section *s)
{
	const char *name = section_raw(s, "number"), *near, *known[65];
	size_t n = 0;

	for (size_t i = 0; i < r->conf->numbers_n; i++) {
		if (strcmp(r->conf->numbers[i].title, name) == 0)
			return &r->conf->numbers[i];
		if (n < 64)
			known[n++] = r->conf->numbers[i].title;
	}
	known[n] = NULL;
	near = conf_nearest(name, known);
	if (name[0])
		section_fault(s, "number", "there is no number \"%s\"%s%s%s", name, near ? "; did you mean \"" : "", near ? near : "",
		    near ? "\"?" : "");
	else
		section_warn(s, "", "it has no number: it takes messages and sends nothing");
	return NULL;
}

static void
whose(struct reader *r, const struct section *s, struct conf_site *site)
{
	site->environment = environment_of(r, s);
	site->name = section_text(s, "name");
	site->contact = section_text(s, "contact");
	site->fhir_base_url = section_text(s, "fhir_base_url");
	site->profile = profile_of(s);
	site->sending_application = section_text(s, "sending_application");
	site->sending_facility = section_text(s, "sending_facility");
	section_patterns(s, "departments", &site->departments);
	section_patterns(s, "visit_types", &site->visit_types);
	section_patterns(s, "confidential_departments", &site->confidential_departments);
	section_patterns(s, "confidential_visit_types", &site->confidential_visit_types);
	if (!site->name[0] && site->environment && site->environment->organization) {
		free(site->name);
		site->name = strdup(site->environment->organization->name);
	}
	fhir_url(s, site);
}

static void
words(struct reader *r, const struct section *s, struct conf_site *site)
{
	static const char *const consent[] = { "not-required", "required", NULL };

	site->number = number_of(r, s);
	site->time_zone = section_text(s, "time_zone");
	site->languages = section_texts(s, "languages", false);
	site->templates_path = section_path(s, "templates");
	site->link = section_text(s, "link");
	site->link_required = section_bool(s, "link_required");
	site->patient_consent = section_word(s, "patient_consent", consent) == 1 ? CONSENT_REQUIRED : CONSENT_NOT_REQUIRED;
	if (site->link_required && !site->link[0])
		section_fault(s, "link_required", "link_required = true needs link: where it comes from");
}

/* The longer hours are never shorter than the usual ones. */
static void
windows(const struct section *s, struct conf_site *site)
{
	(void)section_window(s, "window", &site->window);
	(void)section_window(s, "short_window", &site->short_window);
	if (site->window.always) {
		site->short_window = site->window;
	} else if (site->window.from_min < site->window.to_min && site->short_window.from_min < site->short_window.to_min) {
		if (site->window.from_min < site->short_window.from_min)
			site->short_window.from_min = site->window.from_min;
		if (site->window.to_min > site->short_window.to_min)
			site->short_window.to_min = site->window.to_min;
	} else if (!section_has(s, "short_window")) {
		site->short_window = site->window;
	}
}

static void
times(const struct section *s, struct conf_site *site)
{
	static const char *const late[] = { "skip", "send", NULL };
	static const char *const unknown[] = { "drop", "resend", "hold", NULL };

	site->confirmation = section_bool(s, "confirmation");
	site->settle_s = section_duration(s, "settle", 0, 3600);
	site->stale_s = section_duration(s, "stale", 60, 30 * 86400);
	site->late = section_word(s, "late", late) == 1 ? LATE_SEND : LATE_SKIP;
	site->expiry_s = section_duration(s, "expiry", 0, 86400);
	site->retain_s = section_duration(s, "retain", 0, 30 * 86400);
	site->unknown = (enum unknown_rule)section_word(s, "unknown", unknown);
	site->storm_brake_per_min = brake(s);
	site->daily_cap = section_number(s, "daily_cap", 0, 1000);
	site->weekly_cap = section_number(s, "weekly_cap", 0, 10000);
	site->nak_bad_content = section_bool(s, "nak_bad_content");
	site->unknown_type_phone = section_bool(s, "untyped_phones");
	windows(s, site);
}

static void
build_site(struct reader *r, const struct section *s, void *item, size_t index)
{
	struct conf_site *site = item;

	site->at = section_place(s, "");
	site->index = index;
	site->title = strdup(s->title);
	whose(r, s, site);
	words(r, s, site);
	times(s, site);
	reminders(s, site);
	approvers(s, site);
}

void
build_sites(struct reader *r)
{
	each_block(r, "site", (void **)&r->conf->sites, &r->conf->sites_n, sizeof(struct conf_site), build_site);
}

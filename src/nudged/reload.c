/* reload.c - another configuration, all or nothing: intake first, then the engine. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "nudge/log.h"
#include "nudged/house.h"

static const struct settings nothing = { NULL, NULL, NULL };

/* What is opened once cannot move while it is open. */
static bool
same_house(const struct conf *now, const struct conf *next, struct conf_faults *faults)
{
	const struct {
		const char *name, *now, *next;
	} fixed[] = { { "state_directory", now->state_directory, next->state_directory },
		{ "control_socket", now->control_socket, next->control_socket },
		{ "sender_socket", now->sender_socket, next->sender_socket },
		{ "journal_directory", now->journal_directory, next->journal_directory },
		{ "metrics", now->metrics, next->metrics } };
	struct conf_place at = { next->file, 0 };

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (strcmp(fixed[i].now, fixed[i].next) != 0)
			conf_fault_add(faults, conf_place_of(next, "", "", fixed[i].name, &at), false, "%s changes only with a restart of nudged", fixed[i].name);
	for (size_t i = 0; i < next->environments_n; i++) {
		const struct conf_environment *e = &next->environments[i], *old = conf_find_environment(now, e->title);

		if (old && old->production != e->production)
			conf_fault_add(faults, conf_place_of(next, "environment", e->title, "kind", &e->at), false, "environment \"%s\": kind cannot change: what is known of its "
			    "appointments belongs to the other kind; give the new one another title", e->title);
	}
	return faults->errors_n == 0;
}

/* What is not the operator's to mend in the files passes, or the files are not where to look. */
static void
add_fault(struct conf_faults *faults, const struct fault *f)
{
	conf_fault_of(faults, NULL, f->kind == FAULT_OPERATOR ? FAULT_OPERATOR : FAULT_BUSY, "%s", f->text);
}

static bool
stand(struct settings *s, struct approvals *a, const struct conf *c, struct conf_faults *faults)
{
	struct fault f = { .kind = FAULT_NONE };

	if (!approvals_read(c->state_directory, a, &f)) {
		add_fault(faults, &f);
		return false;
	}
	return settings_stand(s, a, faults);
}

bool
house_stand(struct house *h, struct fault *f)
{
	struct approvals a = { NULL, 0 };
	struct conf_faults faults = { .n = 0 };
	bool ok = stand(&h->settings, &a, h->settings.rules->conf, &faults);

	for (size_t i = 0; i < faults.n; i++) {
		char line[1024];

		settings_fault_text(&faults.item[i], line, sizeof line);
		if (faults.item[i].warning)
			log_warn("configuration", log_name("why", line));
		else
			(void)fault_set(f, faults.passes ? FAULT_BUSY : FAULT_OPERATOR, "%s", faults.item[i].text);
	}
	approvals_clear(&a);
	conf_faults_clear(&faults);
	return ok;
}

bool
house_read(void *ctx, struct settings *out, struct conf_faults *faults)
{
	struct house *h = ctx;
	struct approvals a = { NULL, 0 };
	struct settings s;
	bool ok;

	if (!settings_load(h->conf_path, CONF_NUDGED, &s, faults))
		return false;
	ok = same_house(h->settings.rules->conf, s.rules->conf, faults) && house_key_stays(h, s.rules->conf, faults) && stand(&s, &a, s.rules->conf, faults);
	approvals_clear(&a);
	if (ok)
		*out = s;
	else
		settings_clear(&s);
	return ok;
}

static bool
is_free(const struct house *h, struct conf_faults *faults)
{
	struct fault f;

	*faults = (struct conf_faults){ .n = 0 };
	if (h->reloading) {
		(void)fault_set(&f, FAULT_BUSY, "another change of the configuration is being applied; try again in a moment");
		add_fault(faults, &f);
	}
	return !h->reloading;
}

/* h->next to the intake and, with c, to the engine. */
static bool
apply(struct house *h, struct command *c, struct conf_faults *faults)
{
	struct fault f = { .kind = FAULT_NONE };

	h->next.rules->conf->generation = h->settings.rules->conf->generation + 1;
	if (!mllp_reload(h->intake, h->next.rules, h->next.map, &f)) {
		add_fault(faults, &f);
		record_not_applied(h, f.text);
		settings_clear(&h->next);
		return false;
	}
	h->reloading = c;
	c->rules = rules_hold(h->next.rules);
	queue_give(h->room.commands, &c->link);
	return true;
}

bool
house_reload(void *ctx, struct command *c, int64_t version, struct conf_faults *faults)
{
	struct house *h = ctx;
	struct fault f = { .kind = FAULT_NONE };

	if (!is_free(h, faults) || !house_read(h, &h->next, faults))
		return false;
	if (version != 0 && h->next.file->version != version) {
		(void)fault_set(&f, FAULT_BUSY, "the files changed while they were looked at; try again");
		add_fault(faults, &f);
		settings_clear(&h->next);
		return false;
	}
	if (!record_configuration(h, h->next.rules, &(struct audit_entry){ .who = c->who[0] ? AUDIT_USER : AUDIT_SYSTEM,
	        .uid = c->uid, .name = c->who[0] ? c->who : "SIGHUP" }, &f)) {
		add_fault(faults, &f);
		settings_clear(&h->next);
		return false;
	}
	c->kind = COMMAND_RULES;
	return apply(h, c, faults);
}

bool
house_approve(void *ctx, struct command *c, struct conf_faults *faults)
{
	struct house *h = ctx;
	struct rules *file = h->settings.file;
	const struct conf_site *s = conf_find_site(file->conf, c->site);
	struct approvals a = { NULL, 0 };
	struct fault f = { .kind = FAULT_NONE };
	bool ok;

	if (!is_free(h, faults))
		return false;
	h->next = (struct settings){ rules_hold(file), rules_hold(file), NULL };
	ok = s && approvals_read(file->conf->state_directory, &a, &f) &&
	    (approvals_add(&a, rules_of(file, s), c->who, clock_now().wall_ms / 1000) || fault_set(&f, FAULT_BUSY, "out of memory"));
	if (!s)
		(void)fault_set(&f, FAULT_OPERATOR, "no such site in the configuration");
	if (!ok)
		add_fault(faults, &f);
	ok = ok && settings_stand(&h->next, &a, faults);
	approvals_clear(&a);
	if (!ok) {
		settings_clear(&h->next);
		return false;
	}
	c->kind = COMMAND_APPROVE;
	return apply(h, c, faults);
}

/* As at the next start, which would refuse them. */
static bool
keys_are_closed(const struct conf *c, struct fault *f)
{
	for (size_t i = 0; i < c->listeners_n; i++) {
		const struct conf_listener *l = &c->listeners[i];

		if (l->tls && !secret_file_ok(l->private_key, f)) {
			fault_at(f, "listener \"%s\": private_key", l->title);
			return false;
		}
	}
	return true;
}

bool
house_keys(void *ctx, struct fault *f)
{
	struct house *h = ctx;

	if (h->reloading)
		return fault_set(f, FAULT_BUSY, "a change of the configuration is being applied; try again in a moment");
	if (!keys_are_closed(h->settings.rules->conf, f) || !mllp_reload(h->intake, h->settings.rules, h->settings.map, f))
		return false;
	link_server_reload(h->link, RELOAD_KEYS);
	log_note("certificates and keys read again");
	expiry_now(h);
	return true;
}

/* Who texted before and does not now, and the other way round, by what the files say. */
static void
log_stops(const struct rules *before, const struct rules *now)
{
	for (size_t i = 0; i < before->conf->sites_n; i++) {
		const struct conf_site *s = &before->conf->sites[i], *next = conf_find_site(now->conf, s->title);
		const char *why = next ? rules_silent(rules_of(now, next)) : "it is not in the configuration any more";

		if (!rules_silent(&before->sites[i]) && why)
			log_warn("a site stops texting", log_name("site", s->title), log_name("why", why));
		else if (rules_silent(&before->sites[i]) && !why)
			log_note("a site begins to text", log_name("site", s->title));
	}
}

void
house_reloaded(struct house *h, struct command *c)
{
	struct fault f = { 0 };

	h->reloading = NULL;
	if (c->ok) {
		log_stops(h->settings.rules, h->next.rules);
		settings_clear(&h->settings);
		h->settings = h->next;
		h->next = nothing;
		link_server_reload(h->link, RELOAD_ALL);
		log_note("configuration applied", log_int("generation", (int64_t)h->settings.rules->conf->generation));
		expiry_now(h);
		return;
	}
	log_error("configuration not applied", log_fault(&c->fault));
	record_not_applied(h, c->fault.text);
	rules_drop(c->rules);
	c->rules = NULL;
	if (!mllp_reload(h->intake, h->settings.rules, h->settings.map, &f))
		log_error("the intake could not go back to the configuration before: restart nudged", log_fault(&f));
	settings_clear(&h->next);
}

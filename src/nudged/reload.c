/* reload.c - another configuration, all or nothing: intake first, then the engine. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "nudge/log.h"
#include "nudged/house.h"

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
		{ "store_key", now->store_key, next->store_key } };
	struct conf_place at = { next->file, 0 };

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (strcmp(fixed[i].now, fixed[i].next) != 0)
			conf_fault_add(faults, &at, false, "%s changes only with a restart of nudged", fixed[i].name);
	return faults->errors_n == 0;
}

bool
house_reload(void *ctx, struct command *c, struct conf_faults *faults)
{
	struct house *h = ctx;
	struct fault f = { 0 };

	if (h->reloading) {
		*faults = (struct conf_faults){ 0 };
		conf_fault_add(faults, NULL, false, "another reload is being applied; try again in a moment");
		return false;
	}
	if (!settings_load(h->conf_path, CONF_NUDGED, &h->next, faults))
		return false;
	if (!same_house(h->settings.rules->conf, h->next.rules->conf, faults)) {
		settings_clear(&h->next);
		return false;
	}
	if (!record_configuration(h, h->next.rules, &(struct audit_entry){ .who = c->who[0] ? AUDIT_USER : AUDIT_SYSTEM,
	        .uid = c->uid, .name = c->who[0] ? c->who : "SIGHUP" }, &f)) {
		conf_fault_add(faults, NULL, false, "%s", f.text);
		settings_clear(&h->next);
		return false;
	}
	h->next.rules->conf->generation = h->settings.rules->conf->generation + 1;
	if (!mllp_reload(h->intake, h->next.rules, h->next.map, &f)) {
		conf_fault_add(faults, NULL, false, "%s", f.text);
		settings_clear(&h->next);
		return false;
	}
	h->reloading = c;
	c->kind = COMMAND_RULES;
	c->rules = rules_hold(h->next.rules);
	queue_give(h->room.commands, &c->link);
	return true;
}

void
house_reloaded(struct house *h, struct command *c)
{
	struct fault f = { 0 };

	h->reloading = NULL;
	if (c->ok) {
		settings_clear(&h->settings);
		h->settings = h->next;
		h->next = (struct settings){ NULL, NULL };
		log_note("configuration applied", log_int("generation", (int64_t)h->settings.rules->conf->generation));
		return;
	}
	log_error("configuration not applied", log_fault(&c->fault));
	rules_drop(c->rules);
	c->rules = NULL;
	if (!mllp_reload(h->intake, h->settings.rules, h->settings.map, &f))
		log_error("the intake could not go back to the configuration before: restart nudged", log_fault(&f));
	settings_clear(&h->next);
}

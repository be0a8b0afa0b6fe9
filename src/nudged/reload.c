/* reload.c - another configuration, all or nothing: intake first, then the engine. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "nudge/log.h"
#include "nudged/house.h"

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

/* nudge/settings.h - a configuration file, made whole: settings, rules, profiles.
 * What start-up, `nudged -t`, `nudgectl check` and a reload all go through.
 */
#ifndef NUDGE_SETTINGS_H
#define NUDGE_SETTINGS_H

#include "nudge/rules.h"
#include "nudge/siu.h"

struct settings {
	struct rules *rules; /* owned: one hold */
	struct siu_map *map; /* owned */
};

/* Reads and checks everything, certificates too. false: *faults says why, all
 * of it; *out is untouched. *faults is initialised here. */
bool settings_load(const char *path, enum conf_reader reader, struct settings *out, struct conf_faults *faults)
    __attribute__((warn_unused_result));
void settings_clear(struct settings *s); /* Zeroed or half made is fine. */

/* One line a fault, as everybody prints them: "FILE:LINE: error: TEXT". */
void settings_fault_text(const struct conf_fault *f, char *out, size_t cap);

#endif

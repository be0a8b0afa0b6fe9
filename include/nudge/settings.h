/* nudge/settings.h - a configuration file, made whole: settings, rules, profiles.
 * What start-up, `nudged -t`, `nudgectl check` and a reload all go through.
 */
#ifndef NUDGE_SETTINGS_H
#define NUDGE_SETTINGS_H

#include "nudge/rules.h"
#include "nudge/siu.h"

struct settings {
	struct rules *file;  /* owned: one hold; what the files say */
	struct rules *rules; /* owned: one hold; what is in force: the same until settings_stand() */
	struct siu_map *map; /* owned; of what is in force */
};

struct approvals {
	struct approval *item; /* owned */
	size_t n;
};

/* Reads and checks everything, certificates too. false: *faults says why, all
 * of it; *out is untouched. *faults is initialised here. */
bool settings_load(const char *path, enum conf_reader reader, struct settings *out, struct conf_faults *faults)
    __attribute__((warn_unused_result));
/* The same before anything is served: also whether the ports can be had, or are held by our own. */
bool settings_check(const char *path, enum conf_reader reader, struct settings *out, struct conf_faults *faults)
    __attribute__((warn_unused_result));
void settings_clear(struct settings *s); /* Zeroed or half made is fine. */

/* Puts in force what the approvals allow, see nudge/rules.h. false: *faults
 * (already initialised) got an error and *s is as it was. */
bool settings_stand(struct settings *s, const struct approvals *a, struct conf_faults *faults) __attribute__((warn_unused_result));

/* All that the store of this folder keeps. *out is the caller's either way. */
bool approvals_read(const char *directory, struct approvals *out, struct fault *f) __attribute__((warn_unused_result));
/* As if `who` had approved this site of the files now: in place of what was approved. false: no memory. */
bool approvals_add(struct approvals *a, const struct site_rules *file, const char *who, int64_t now_s)
    __attribute__((warn_unused_result));
void approvals_clear(struct approvals *a);

/* One line a fault, as everybody prints them: "FILE:LINE: error: TEXT". */
void settings_fault_text(const struct conf_fault *f, char *out, size_t cap);

#endif

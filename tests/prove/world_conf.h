/* tests/prove/world_conf.h - the configurations of simulated worlds, with the keys that they name. */
#ifndef WORLD_CONF_H
#define WORLD_CONF_H

#include "nudge/rules.h"

enum world_conf {
	WORLD_CONF,   /* two clinics with their own clocks and hours */
	WORLD_OUTAGE  /* the same, reminders only, at any hour, at the slow rate of a toll-free number */
};

struct rules *world_rules(const char *folder, enum world_conf which); /* Writes the files; ends the process when it cannot. */

#endif

/* tests/prove/sim_house.h - nudged and nudge-sender as they are, but for their threads: started, ended, killed, cut off.
 *
 * The real intake (src/mllp), engine, store, journal, link and sender loop; what
 * src/nudged/room.c does with threads is done here in turns.
 */
#ifndef SIM_HOUSE_H
#define SIM_HOUSE_H

#include "nudge/engine.h"

enum house_end { HOUSE_STOP, HOUSE_KILL, HOUSE_POWER };

struct house_watch { /* what comes out of the engine, before anybody else sees it */
	void (*answered)(const struct message *m, const struct answer *a);
	void (*job)(const struct link_job *j);
};

struct rules *house_rules(const char *folder, const char *conf); /* Reads a configuration; ends the process when it is wrong. */

void house_begin(const char *folder, struct rules *rules, const struct house_watch *w); /* A new machine, nothing on its disk. */
void house_clear(void);                /* All of it is gone, its files too. */

void house_move(const char *folder);    /* Ended: from now on it lives there. */
void house_tolerates(bool damage);     /* Not to start is an answer then. */
bool house_start(void);                /* false: it ended at once, as it may while the disk fails. */
void house_end(enum house_end how);
bool house_is_up(void);
bool house_has_died(void);             /* In a turn, or in the middle of its outputs: end it with HOUSE_KILL or HOUSE_POWER. */
void house_die_after(long outputs);    /* Killed when so many more outputs have left; 0: not. */
void house_synchronised(bool yes);     /* What the kernel says of the clock. */
void house_turn(void);
int64_t house_next_ms(void);           /* When the engine's thread looks again. */
struct store *sim_store(void);
const struct engine_status *house_status(void); /* Asks the engine. */
void house_command(struct command *c);  /* Taken over. */
int64_t house_turns(void);

bool sender_start(void);
void sender_end(bool killed);
bool sender_is_up(void);

#endif

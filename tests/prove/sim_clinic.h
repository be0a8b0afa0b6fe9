/* tests/prove/sim_clinic.h - clerks who book, interface engines that tell, patients who read; and what must be true of it all.
 *
 * It knows by itself what was said and acknowledged, and holds every job and
 * every text against that: number, start, status, hours, expiry, once.
 */
#ifndef SIM_CLINIC_H
#define SIM_CLINIC_H

#include "nudge/engine.h"
#include "sim_gateway.h"

struct clinic_ways {
	int visits;              /* 1 .. 80000 */
	int64_t days;            /* in which they are booked and take place */
	bool fixed;              /* nobody changes anything, and all visits are in one afternoon */
	bool in_disorder;        /* the messages of one visit may overtake each other */
	int feeds, window;       /* connections; unanswered messages on each */
	uint64_t cut, again, junk; /* per mille of messages: the connection is cut, it is sent once more, nonsense comes before it */
	bool clock_is_right;     /* our clock was never set: what depends on it is asked of the true time, too */
};

void clinic_begin(const struct clinic_ways *w, const struct rules *r);
void clinic_calm(void);      /* From now on nobody cuts or repeats anything. */

/* Callbacks for sim_house.h and sim_gateway.h. */
void clinic_answered(const struct message *m, const struct answer *a);
void clinic_job(const struct link_job *j);
void clinic_took(const struct taken *t);
void clinic_refused(const char *to);

void clinic_look(struct store *s); /* What was acknowledged is there. */
/* At the end: everything was answered; whoever had a visit since quiet_s got what was due. */
void clinic_judge(int64_t quiet_s);
int64_t clinic_ends_ms(void);      /* When the last visit is over. */

struct clinic_counts { int64_t messages, acknowledged, repeats, jobs, texts, attempts, reminders, owed_reminders; };
const struct clinic_counts *clinic_counts(void);

#endif

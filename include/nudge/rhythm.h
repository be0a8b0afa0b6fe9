/* nudge/rhythm.h - when a feed usually speaks, hour by hour of its week, and whether its silence is odd.
 *
 * Of each hour of the week the last RHYTHM_WEEKS are kept: how many messages
 * came, and in how many of its five-minute blocks any came. Blocks count, not
 * messages: a feed that empties its queue once an hour is silent between. Older
 * weeks fall out. What one week in six had less, or one week more, does not
 * matter; an hour that was often silent proves little by being silent again. An
 * hour that was not watched from its beginning to its end is not learned, nor is
 * silence while it is an alarm.
 *
 * Each block that stays empty adds to the silence what it was worth: the negative
 * logarithm of how likely that is. At RHYTHM_ODD, once in a hundred thousand times
 * by chance, it is odd, if the hour is one in which the feed usually speaks. While
 * less than two weeks are known it is odd after a fixed time, told on a working
 * day between 8 and 18.
 *
 * Pure; a feed's hours are those of its clinic's clock, and a holiday is taken
 * for a Sunday.
 */
#ifndef NUDGE_RHYTHM_H
#define NUDGE_RHYTHM_H

#include "nudge/hours.h"
#include "nudge/span.h"

#define RHYTHM_WEEKS 8
#define RHYTHM_HOURS 168
#define RHYTHM_BLOCKS 12 /* of an hour */
#define RHYTHM_ODD 12

struct rhythm_hour {           /* by week, counted from 1970 on, modulo RHYTHM_WEEKS */
	uint16_t messages[RHYTHM_WEEKS];
	uint8_t blocks[RHYTHM_WEEKS];
	uint8_t known;             /* a bit for each week */
};

struct rhythm {                /* zero at first */
	struct rhythm_hour hour[RHYTHM_HOURS]; /* 24 * weekday + hour, Sunday first */
	int64_t week;              /* that goes on; the one of RHYTHM_WEEKS ago has made room for it */
	int64_t last_s;            /* the last message; 0: none yet */
	int64_t odd_milli;         /* what the silence since is worth, in thousandths */
	bool silent;               /* it is an alarm */
	bool changed;              /* worth storing: an hour is over, or an alarm began or ended; whoever stores it clears this */
	/* of the hour that goes on; begins anew with each start */
	int64_t ticked_s;          /* 0: not yet */
	int64_t hour_no, block;    /* counted on the clinic's clock; block: the last in which one came */
	bool whole;                /* watched from its beginning on */
	uint32_t messages;
	uint8_t blocks;
};

struct rhythm_clock {          /* borrowed */
	const struct zone *zone;
	const struct holidays *holidays; /* NULL: none */
};

enum rhythm_change { RHYTHM_SAME, RHYTHM_BEGINS, RHYTHM_ENDS }; /* of an alarm */

/* A message came. Ends an alarm. */
enum rhythm_change rhythm_hear(struct rhythm *r, const struct rhythm_clock *c, int64_t now_s);
/* Time goes on: to be called at least once a minute; what lies between two calls
 * that are five minutes apart was not watched. unlearned_s: the fixed time. */
enum rhythm_change rhythm_tick(struct rhythm *r, const struct rhythm_clock *c, int64_t now_s, int64_t unlearned_s);

/* What an hour of this number is worth when nothing comes in it, in thousandths. */
int64_t rhythm_worth_milli(const struct rhythm *r, int hour);
bool rhythm_learned(const struct rhythm *r); /* Two weeks are known. */

#define RHYTHM_TEXT_MAX 128
/* "usually 120 messages on a Tuesday 9-10, none since 8:12" */
void rhythm_explain(const struct rhythm *r, const struct rhythm_clock *c, int64_t now_s, char out[RHYTHM_TEXT_MAX]);

#define RHYTHM_STORED (26 + RHYTHM_HOURS * (1 + 3 * RHYTHM_WEEKS))
/* As it is stored, without the hour that goes on. */
void rhythm_put(const struct rhythm *r, uint8_t out[RHYTHM_STORED]);
bool rhythm_get(struct span stored, struct rhythm *out); /* false: it is none; *out is zero then. */

#endif

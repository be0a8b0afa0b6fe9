/* nudge/hours.h - when a text may go: a window, on the clinic's clock and on every
 * clock that the patient may have, and not on the clinic's holidays.
 *
 * Instants are seconds since 1970. Pure but for reading. Threads: what was read is
 * read-only; any.
 */
#ifndef NUDGE_HOURS_H
#define NUDGE_HOURS_H

#include "nudge/civil.h"
#include "nudge/conf.h"

/* ---- one window in one zone ---- */

/* Inside from <= wall < to less closing margin, of `zone`; a window whose `to` is
 * before its `from` goes over midnight. Pure. */
bool window_open(const struct conf_window *w, const struct zone *z, int64_t at_s);
int64_t window_next_opening(const struct conf_window *w, const struct zone *z, int64_t at_s);  /* at_s itself when open */
/* The last second of the last opening that ended at or before at_s. */
int64_t window_last_closing(const struct conf_window *w, const struct zone *z, int64_t at_s);

/* ---- holidays ---- */

struct holidays; /* days and yearly rules of a file */

/* A line each: "2026-12-24", "2026-12-24..2027-01-01", "12-25" (every year),
 * "4th Thursday of November", "last Monday of May", "Easter-2"; '#' before a
 * comment. name: for faults, which give file, line and what would be right.
 * `*out` is owned by the caller. */
bool holidays_read(const char *name, struct span text, struct holidays **out, struct fault *f)
    __attribute__((warn_unused_result));
void holidays_free(struct holidays *h);                                   /* NULL is fine. */
bool holidays_has(const struct holidays *h, const struct civil *day);     /* NULL has none. Pure. */

/* ---- both ---- */

#define HOURS_ZONES 10 /* more than fit into PLACES_ZONES_MAX */

struct hours { /* all borrowed */
	const struct conf_window *window;
	const struct zone *zone;                 /* the clinic's */
	const struct holidays *holidays;         /* by the clinic's calendar; NULL: none */
	const struct zone *patient[HOURS_ZONES]; /* inside the window of each of these as well */
	size_t patient_n;
};

bool hours_open(const struct hours *h, int64_t at_s); /* Pure. */

/* The first open instant at or after at_s and before until_s; INT64_MAX: none. Pure. */
int64_t hours_next_opening(const struct hours *h, int64_t at_s, int64_t until_s);

/* The last open instant at or before at_s and after from_s; INT64_MIN: none. Pure. */
int64_t hours_last_opening(const struct hours *h, int64_t at_s, int64_t from_s);

#endif

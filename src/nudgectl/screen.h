/* nudgectl/screen.h - the state of the house in rows, for `status` and `top`.
 * Each takes what nudged answers to "status". */
#ifndef NUDGECTL_SCREEN_H
#define NUDGECTL_SCREEN_H

#include "nudgectl/nudgectl.h"

#define SCREEN_ROWS 24 /* of a terminal that says nothing else */

void screen_traffic(struct buf *out, const json_t *status); /* messages, texts, what waits */
/* The rest, until *out has so many rows: what needs a person first; of senders and
 * sites those that are silent first, then as many as there is room for. */
void screen_state(struct buf *out, const json_t *status, size_t rows, int64_t now_s);
json_t *screen_senders(const json_t *status);               /* A new array: each sender once, with "silent" and "why". */
void screen_ago(const char *at, int64_t now_s, char out[32]); /* "12 s ago" of an RFC 3339 time in UTC; "never" */

#endif

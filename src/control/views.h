/* control/views.h - rows of the store as the JSON that scripts may rely on. */
#ifndef CONTROL_VIEWS_H
#define CONTROL_VIEWS_H

#include <jansson.h>

#include "nudge/control.h"
#include "nudge/store.h"

/* New references, the caller's; NULL fills *f. All are pure but for reading. */
json_t *views_appointments(struct store_reader *r, const char *site, bool all, int64_t now_s, struct fault *f);

/* id: "ID" or "SITE/ID". An array: more than one when several match. Each has
 * "why": lines that a person reads. */
json_t *views_explain(struct store_reader *r, const struct rules *rules, const char *id, int64_t now_s, struct fault *f);

struct report_filter {
	int64_t from_s, to_s;
	const char *site, *type, *status; /* "" for all */
};
json_t *views_report(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s,
    struct fault *f);
json_t *views_quarantine(struct store_reader *r, struct fault *f);
json_t *views_quarantined(const struct quarantined *q, struct span raw); /* with the message: for the phi role only */
json_t *views_done(const struct command *c); /* what a command that is not status gave */
json_t *views_replayed(const struct replay_result *r, size_t n, bool more);
json_t *views_status(const struct engine_status *s, const struct mllp_stats *m, const struct rules *rules, int64_t now_s);

/* The nine words of the SMS report, "accepted" and "unknown". Literal. */
const char *views_status_word(const struct text *t);

#endif

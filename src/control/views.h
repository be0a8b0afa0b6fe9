/* control/views.h - rows of the store as the JSON that scripts may rely on. */
#ifndef CONTROL_VIEWS_H
#define CONTROL_VIEWS_H

#include <jansson.h>

#include "nudge/control.h"
#include "nudge/store.h"

/* A command that only looks, answered from a reader. */
struct look {
	const json_t *request;
	const struct rules *rules;
	int64_t now_s;
	const uint8_t *phone; /* look_explain_phone: its mark */
};
typedef json_t *look_fn(const struct look *q, struct store_reader *r, struct fault *f); /* a new reference; NULL fills *f */
look_fn look_optouts, look_refused, look_appointments, look_explain, look_report, look_states, look_quarantine, look_explain_phone;

/* With a reader of its own, so that no read transaction outlives a command. */
json_t *look_from(const char *directory, look_fn *look, const struct look *q, struct fault *f);

/* What was typed, as E.164; without a country code as the organizations write
 * theirs, when all are of one country. Pure. */
bool look_phone(const struct rules *rules, const char *text, char out[PHONE_MAX]);

/* New references, the caller's; NULL fills *f. All are pure but for reading. */
json_t *views_appointments(struct store_reader *r, const char *site, bool all, int64_t now_s, struct fault *f);

/* id: "ID" or "SITE/ID". An array: more than one when several match. Each has
 * "why": lines that a person reads. */
json_t *views_explain(struct store_reader *r, const struct rules *rules, const char *id, int64_t now_s, struct fault *f);

/* The same for every appointment of a phone that is not erased, by its mark. */
json_t *views_explain_phone(struct store_reader *r, const struct rules *rules, const uint8_t phone[MARK_BYTES], int64_t now_s,
    struct fault *f);

/* A member of an object; "" when it is no text, or not there. Borrowed. */
static inline const char *
views_text(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

struct report_filter {
	int64_t from_s, to_s;
	const char *site, *type, *status; /* "" for all */
};
/* Whether type and status are words that a report of ("sms", "untold", "replies") knows. false: *f names those that are. Pure. */
bool views_filter_ok(const char *of, const struct report_filter *x, struct fault *f) __attribute__((warn_unused_result));
/* Rows, and totals of the same rows: by month, by status, of all; and what the
 * organizations used of the months they are of, whatever the filter. */
json_t *views_report(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s, struct fault *f);
/* Changes and cancellations that a person must tell. */
json_t *views_untold(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s,
    struct fault *f);
/* The tally of states by site against the rows and what was ever planned. */
json_t *views_states(struct store_reader *r, int64_t now_s, bool *right, struct fault *f);
json_t *views_quarantine(struct store_reader *r, struct fault *f);
json_t *views_quarantined(const struct quarantined *q, struct span raw); /* with the message: for the phi role only */
/* The request of a rehearsal; NULL fills *f. The caller's. Patterns are compiled. */
struct history *views_history_asked(const json_t *request, struct fault *f);
json_t *views_history(const struct history *h, int64_t after, bool more);
json_t *views_done(const struct command *c); /* what a command that is not status gave */
json_t *views_replayed(const struct replay_result *r, size_t n, bool more);
json_t *views_senders(const struct mllp_sender *senders, size_t n);
json_t *views_forward(const struct control_setup *c); /* how the audit log is forwarded; NULL: it is not */
json_t *views_shortest(void (*held)(void *ctx, held_fn *fn, void *arg), void *ctx, int64_t now_s); /* the certificate that ends first */
json_t *views_status(const struct engine_status *s, const struct mllp_stats *m, const struct rules *rules, int64_t now_s);

/* What patients wrote back: a work list, and what was confirmed. */
json_t *views_replies(struct store_reader *r, const struct rules *rules, const struct report_filter *filter, int64_t now_s,
    struct fault *f);
json_t *views_optouts(struct store_reader *r, struct fault *f);
json_t *views_refused(struct store_reader *r, const struct rules *rules, int64_t now_s, struct fault *f);
json_t *views_refused_one(const char *organization, const struct refused *r, const struct conf *conf); /* cause "": was not refused; conf NULL: until is not told */
json_t *views_rotation(const struct store_rotation *r, uint32_t wants); /* wants: the name of store_key */
json_t *views_optout(const char *organization, const struct optout *o); /* source "": has not opted out */
json_t *views_headed(const struct report_filter *x, int64_t now_s, json_t *rows); /* what every report begins with; takes rows */

/* "never approved", "approved by X on D", "running approved of D, file differs", with what waits. */
json_t *views_standing(const struct site_rules *in_force, const struct site_rules *file);
json_t *views_heard(const struct heard *h); /* null when nothing was heard */
void views_version(int64_t version, char out[16]);  /* As status shows the configuration in force. */
json_t *views_limit(const struct limit_status *l); /* used, remaining, exceeded */

/* The nine words of the SMS report, "accepted" and "unknown". Literal. */
const char *views_status_word(const struct text *t);
const char *views_status_word_at(size_t i); /* Each of them, from 0; NULL: that was the last. A word may come twice. */

#endif

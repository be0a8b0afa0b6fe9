/* acs/access.h - requests to one gateway, with what proves that we may: HMAC by access key, or a bearer token.
 *
 * Whoever asks the gateway something (texts, reports, opt-outs) asks through
 * this. It signs at the moment of sending, waits for the first token, tries
 * the second key where the first is refused, and asks for a fresh token where
 * one is refused. One thread. Holds its own copies of the settings, so it
 * outlives a reload until its last request is over.
 */
#ifndef ACS_ACCESS_H
#define ACS_ACCESS_H

#include "acs/http.h"
#include "nudge/acs.h"
#include "nudge/clock.h"
#include "nudge/conf.h"

struct access;

struct access_set { /* what all of them need, and all that live; zeroed but for the first two, which are borrowed */
	struct http *http;
	struct event_base *base;
	struct access *all;
	struct acs_ids ids;
	int64_t date_s;           /* the second of date; 0: none is written yet */
	char date[CLOCK_TEXT_MAX];
};

/* Reads the secrets. One hold. The set must outlive it. */
bool access_new(struct access_set *set, const struct conf_gateway *g, struct access **out, struct fault *f)
    __attribute__((warn_unused_result));
struct access *access_hold(struct access *a);
void access_drop(struct access *a);  /* Open requests hold it too. NULL is fine. */
void access_close(struct access_set *set); /* All open requests are cut without a call of done, also of those that only they hold. */
void access_inherit(struct access *a, const struct access *old); /* After a reload: the old one's token serves until there is a new one. */

struct access_request {          /* borrowed for the call of access_send() */
	const char *method;      /* literal */
	const char *path;        /* path and query, "/sms?api-version=..." */
	struct span body;        /* JSON; sent byte for byte */
	int64_t not_after_s;     /* wall clock: not begun after; 0: always */
	size_t answer_max;       /* bytes */
};

enum access_end {
	ACCESS_ANSWERED,
	ACCESS_CUT,         /* bytes of it may have left; there was no whole answer */
	ACCESS_UNREACHED,   /* no byte of it left, also for all below */
	ACCESS_UNTRUSTED,   /* the gateway's certificate */
	ACCESS_LATE,        /* not_after_s had passed */
	ACCESS_NO_TOKEN,    /* whoever gives tokens did not answer; may pass */
	ACCESS_REFUSED,     /* whoever gives tokens says no: a person must act */
	ACCESS_NO_MEMORY
};

struct access_answer {           /* borrowed for the call of done */
	enum access_end end;
	struct http_answer http; /* ACCESS_ANSWERED; else its status is 0 */
	const char *request_id;  /* what we sent as x-ms-client-request-id */
	bool clock_off;          /* a 401 whose Date is five minutes and more from our clock */
};
const char *access_end_name(enum access_end e); /* Literal: a short word for logs. */
#define ACCESS_TRACE_MAX 104
/* What support asks for: the gateway's MS-CV, where it gave one that may be logged, and our own id, which both logs have. */
void access_trace(const struct access_answer *a, char out[ACCESS_TRACE_MAX]);

typedef void access_done_fn(void *ctx, const struct access_answer *a);

/* Ends in exactly one call of done, which may come before this returns. */
void access_send(struct access *a, const struct access_request *r, access_done_fn *done, void *ctx);

#endif

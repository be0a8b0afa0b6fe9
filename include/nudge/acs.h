/* nudge/acs.h - Azure Communication Services: body, signature, answer, sending.
 *
 * Source: ACS SMS REST, api-versions 2021-03-07 and 2026-01-23; the HMAC scheme
 * of ACS access keys.
 */
#ifndef NUDGE_ACS_H
#define NUDGE_ACS_H

#include "nudge/buf.h"
#include "nudge/conf.h"
#include "nudge/digest.h"
#include "nudge/link.h"

#define ACS_REPEAT_ID_MAX 37  /* UUID text and terminator */

/* The request body for one recipient, fixed once and stored with the row: field
 * order and spelling never vary. All borrowed, UTF-8. first_sent: RFC 1123
 * date. tag: opaque. Pure; false when *out is full or `text` is no UTF-8. */
struct acs_request {
	const char *api_version;
	struct span from, to, text, tag;
	const char *repeat_id, *first_sent;
};
bool acs_body(const struct acs_request *r, struct buf *out) __attribute__((warn_unused_result));

/* "/sms?api-version=..." Pure; false when it does not fit. */
bool acs_path(const char *api_version, char *out, size_t cap) __attribute__((warn_unused_result));

/* The access key: file with the key in Base64, or a whole connection string
 * (endpoint=...;accesskey=...). Trims blanks, line ends, a trailing ';'. */
struct acs_key;
bool acs_key_read(const char *path, const char *endpoint, struct acs_key **out, struct fault *f)
    __attribute__((warn_unused_result));
bool acs_key_of_text(struct span text, struct acs_key **out, struct fault *f) __attribute__((warn_unused_result));
void acs_key_free(struct acs_key *k); /* Wipes. NULL is fine. */

/* The three headers that sign a request. host: as in Host, port only when not
 * the scheme's default. date: IMF-fixdate. content_hash, signature: Base64. */
struct acs_signature {
	char content_hash[48];
	char authorization[160]; /* value of the Authorization header */
};
bool acs_sign(struct acs_key *k, const char *method, const char *path_and_query, const char *date,
    const char *host, struct span body, struct acs_signature *out) __attribute__((warn_unused_result));

/* Of "https://host[:port]" what stands in Host: libcurl leaves the scheme's own port out. cap is in bytes. Pure. */
void acs_host(const char *endpoint, char *out, size_t cap);

/* A new random UUID (RFC 4122, version 4), for one attempt. cap: 37 bytes at
 * least. false when the system gives no random bytes. */
bool acs_request_id(char *out, size_t cap) __attribute__((warn_unused_result));

/* The same for whoever needs many: the random bytes of 64 are drawn together. */
struct acs_ids { /* zeroed: none are drawn */
	uint8_t bytes[64][DIGEST_UUID_BYTES];
	size_t left;
};
bool acs_next_id(struct acs_ids *ids, char *out, size_t cap) __attribute__((warn_unused_result));

/* Reads a complete answer. status: HTTP. to: our recipient. The outcome's spans
 * borrow from *hold, which the caller clears. Unknown shapes of a 2xx are
 * OUTCOME_UNSURE; error bodies of every documented shape, and none, are taken. Pure. */
void acs_answer(int status, struct span body, struct span to, struct buf *hold, struct link_outcome *out);

/* Retry-After in its three spellings: retry-after-ms, x-ms-retry-after-ms,
 * Retry-After (seconds, or a date against now_s). Milliseconds, -1 when none
 * can be read. Empty spans where a header was absent. Pure. */
int64_t acs_retry_after(struct span ms, struct span x_ms, struct span standard, int64_t now_s);

/* Seconds of an IMF-fixdate (RFC 7231), -1 when it is none. Pure. */
int64_t acs_http_date(struct span v);

/* The client: libcurl multi on a libevent base. One per process, one thread. */
struct acs_client;
struct event_base;
/* Called once for each job, spans borrowed for the call. */
typedef void acs_done_fn(void *ctx, const struct link_outcome *o);
bool acs_client_new(struct event_base *base, struct conf *c, acs_done_fn *done, void *ctx,
    struct acs_client **out, struct fault *f) __attribute__((warn_unused_result)); /* holds c; reads the keys */
void acs_client_send(struct acs_client *a, const struct link_job *job); /* Copies the job; always ends in one call of done. */
/* Another configuration: keys and endpoints are read again; false leaves the old in force. */
bool acs_client_reload(struct acs_client *a, struct conf *c, struct fault *f) __attribute__((warn_unused_result));
size_t acs_client_busy(const struct acs_client *a); /* Jobs not yet done. */
struct access;
/* The way to the gateway of that title, for other questions (acs/access.h); borrowed until the next reload. NULL: unknown. */
struct access *acs_client_access(struct acs_client *a, struct span gateway);
struct http;
struct http *acs_client_http(struct acs_client *a); /* What all of them go over; borrowed. */
void acs_client_free(struct acs_client *a); /* Open transfers are cut without a call of done. NULL is fine. */

/* The public part of a gateway's client_certificate, appended as DER. false: it has none, or it cannot be read. */
bool acs_client_certificate(const struct conf_gateway *g, struct buf *der);

#endif

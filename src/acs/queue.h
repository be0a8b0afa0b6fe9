/* acs/queue.h - a queue of an Azure Storage account: how it is read and signed for, and what it answers.
 *
 * Source: Queue service REST, version 2020-10-02; SharedKey for queues; service SAS.
 */
#ifndef ACS_QUEUE_H
#define ACS_QUEUE_H

#include "acs/http.h"
#include "nudge/conf.h"
#include "nudge/told.h"

#define QUEUE_BATCH 32            /* messages a request may give */
#define QUEUE_ANSWER_MAX 4194304u /* 32 messages of 64 KiB in Base64, and room */
#define QUEUE_VERSION "2020-10-02"

struct queue_message {            /* all borrowed */
	struct span id, receipt, text;
	int64_t dequeued;         /* how often it was handed out; 0: not said */
};
/* false stops the reading. */
typedef bool queue_message_fn(void *ctx, const struct queue_message *m);

/* Reads the answer to a get: a QueueMessagesList. false: no such XML, more than
 * QUEUE_BATCH of them, or fn said so; what was given before stays given. Pure but for fn. */
bool queue_list(struct span xml, queue_message_fn *fn, void *ctx) __attribute__((warn_unused_result));

/* What is left of the queue's URL for signing. Pure. */
struct queue_place {
	char base[320];           /* "https://host[:port]" */
	char path[256];           /* "/queue", with the emulator "/account/queue" */
	char account[64], name[64];
};
bool queue_place(const char *url, struct queue_place *out) __attribute__((warn_unused_result));

/* The value of Authorization. method: GET or DELETE, without a body.
 * path: of the URL, not decoded. query: "a=b&c=d" with percent-encoded values,
 * names in lower case. headers: those that begin with x-ms-, "name:value\n" each, by
 * name. key: raw bytes. Pure. */
bool queue_sign(struct span key, const char *account, const char *method, const char *path, const char *query,
    const char *headers, char *out, size_t cap) __attribute__((warn_unused_result));

/* Percent-encodes all but letters, digits and -._~. false when it does not fit. Pure. */
bool queue_escape(struct span s, char *out, size_t cap) __attribute__((warn_unused_result));

/* Reads one gateway's queue for as long as it lives. */
struct queue_reader;
/* Copies what it needs of g, whose queue is set; reads key or SAS. */
bool queue_reader_new(struct event_base *base, struct http *http, const struct conf_gateway *g, const struct told_outlet *outlet,
    struct queue_reader **out, struct fault *f) __attribute__((warn_unused_result));
/* Asks once to delete a message that is not there: it needs the right that
 * reading needs, and changes nothing. done is called as by http_send(); *out is
 * the caller's to free after http_free() or done. */
bool queue_try(struct event_base *base, struct http *http, const struct conf_gateway *g, http_done_fn *done, void *ctx,
    struct queue_reader **out, struct fault *f) __attribute__((warn_unused_result));
void queue_reader_free(struct queue_reader *q); /* What is under way comes again. NULL is fine. */

#endif

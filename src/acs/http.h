/* acs/http.h - requests over libcurl on a libevent loop, for whatever in here talks to somebody outside.
 *
 * Redirects are not followed, proxies and netrc not used, names and chains
 * verified, TLS 1.2 at least, HTTP/2 where it is offered. One thread.
 */
#ifndef ACS_HTTP_H
#define ACS_HTTP_H

#include "nudge/buf.h"
#include "nudge/fault.h"

struct event_base;
struct http;
struct http_call; /* one open request */

bool http_new(struct event_base *base, struct http **out, struct fault *f) __attribute__((warn_unused_result));
void http_free(struct http *h); /* Open requests are cut without a call of done. NULL is fine. */

/* The headers of one request. They may hold a token: wiped when it is over. */
#define HTTP_HEADERS_MAX 12
struct http_headers {
	struct buf lines;         /* each with its end */
	size_t n;
	bool spoilt;              /* one of them did not fit: the request is not sent */
};
void http_header(struct http_headers *h, const char *name, const char *value); /* Copies. */
void http_headers_clear(struct http_headers *h);

struct http_request {             /* borrowed for the call of http_send() */
	const char *method;       /* literal */
	const char *url;          /* whole */
	const char *ca_file;      /* "" or NULL: the system's CAs */
	const char *revocation_list; /* of all CAs in the chain, PEM; "" or NULL: none is asked for */
	struct http_headers *headers; /* its content is taken over in any case; NULL: none */
	struct span body;         /* copied, and wiped when it is over */
	size_t answer_max;        /* bytes; a longer answer is none */
	int64_t connect_ms, total_ms; /* 0: 10 s, 30 s */
	int64_t not_after_s;      /* wall clock: not begun after; 0: always */
};

enum http_end {
	HTTP_ANSWERED,
	HTTP_CUT,       /* bytes of it may have left; there was no whole answer */
	HTTP_UNREACHED, /* no byte of it left, also for the next two */
	HTTP_UNTRUSTED, /* because of the peer's certificate */
	HTTP_LATE       /* because not_after_s had passed */
};

struct http_answer {              /* borrowed for the call of done */
	enum http_end end;
	int status;               /* HTTP_ANSWERED: of HTTP; else 0 */
	struct span body;
	void *handle;             /* for http_answer_header() */
};
struct span http_answer_header(const struct http_answer *a, const char *name); /* Borrowed; empty when absent. */

typedef void http_done_fn(void *ctx, const struct http_answer *a);

/* Ends in one call of done, after this returns; NULL (no memory, a header that
 * did not fit): done is not called. */
struct http_call *http_send(struct http *h, const struct http_request *r, http_done_fn *done, void *ctx)
    __attribute__((warn_unused_result));
/* Connections made so far serve no other request once they are idle, so that each host is judged anew: by fresh lists and CAs.
 * Each does so an hour after it was made. */
void http_renew(struct http *h);
void http_cancel(struct http_call *c); /* Cut, without a call of done. NULL is fine. */

#endif

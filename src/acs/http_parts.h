/* acs/http_parts.h - who waits for a connection, and libcurl's handles. For http.c and its parts only. */
#ifndef ACS_HTTP_PARTS_H
#define ACS_HTTP_PARTS_H

#include <curl/curl.h>

#include "acs/http.h"
#include "acs/sockets.h"
#include "acs/staple.h"

#define HOST_CONNECTIONS_MAX 16

/* One that is asked. Over HTTP/1.1 each request needs a connection of its own; those beyond wait here, in order, for libcurl
 * would look again and again whether one is free. Over HTTP/2 many share one, and none waits. */
struct host {
	struct host *next;
	struct http_call *first, **last; /* they wait */
	size_t out;              /* given to libcurl */
	bool many;               /* the last answer came over HTTP/2 */
	size_t name_n;
	char name[];             /* scheme, host and port, as in the URL */
};

/* libcurl's, for one request after the other: what is the same for the next is not set again. */
struct handle {
	struct handle *next;
	CURL *curl;
	CURLU *url;
	struct http_call *call;  /* NULL: none now */
	struct buf text;         /* URL and files that it was set up for last */
	struct curl_slist header[HTTP_HEADERS_MAX];
};

struct http {
	CURLM *multi;
	struct sockets *sockets;
	struct host *hosts;
	struct http_call *calls; /* those that libcurl has */
	struct handle *idle;
	size_t idle_n;
	struct event *wait;      /* when the first of those that wait has waited too long; pending while one waits */
	int64_t wait_ms;         /* boot clock: when that is */
	int64_t renewed_ms;      /* boot clock: connections from before serve no other request; 0: all may */
	struct staple staple;    /* the last that was no good */
	char untrusted[256];     /* the host whose certificate was told not to be trusted; "": none */
};

struct http_call {
	struct http *http;
	struct http_call *next, **at;
	struct host *host;
	struct handle *handle;   /* NULL: waits for its turn */
	struct http_request request; /* what it borrows is in text and body */
	struct http_headers headers;
	struct buf text;         /* URL, ca_file, revocation_list, each with its end */
	struct buf body, answer;
	http_done_fn *done;
	void *ctx;
	int64_t until_ms;        /* boot clock */
	bool begun;              /* bytes of it may have left */
	bool late;
};

/* Wipes it and what it holds, and takes it from wherever it is. Nobody else's turn comes by this. */
void http_call_free(struct http_call *c);

/* It may not begin any more. */
bool http_hour_has_passed(const struct http_call *c);

/* ---- http_handle.c ---- */

struct handle *http_handle_take(struct http *h); /* NULL: no memory. */
bool http_handle_set_up(struct handle *u, struct http_call *c);
void http_handle_back(struct http *h, struct handle *u);
void http_handle_free(struct handle *u);

/* ---- http_turn.c ---- */

struct host *http_host_of(struct http *h, const char *url); /* NULL: no memory. */
bool http_turn(struct http_call *c); /* Gives it to libcurl, or lets it wait; false: no memory. */
void http_turn_leave(struct http_call *c); /* It is on no list any more. */
void http_turn_next(struct host *o); /* Those that there is room for go to libcurl. */
void http_turn_soon(struct http *h); /* The same for all hosts, once whoever calls has returned. */
bool http_turn_new(struct event_base *base, struct http *h);

#endif

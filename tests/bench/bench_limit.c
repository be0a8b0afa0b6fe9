/* bench_limit.c - the least that a client of libcurl can do for a text: write it, sign it, post it, drop the answer.
 *
 *   bench_limit ENDPOINT CA_FILE INFLIGHT WARM_SECONDS SECONDS 1.1|2 [DATABASE TEXTS]
 *
 * Keeps INFLIGHT posts out over 16 connections at most, on a bare epoll loop. No configuration, no job, no identity to look up,
 * nothing read from the answer but its status: what is measured beside it can only come near. With a DATABASE each text is armed and
 * settled in it too, what has gathered for two milliseconds by one durable commit.
 */
// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bare_out.h"
#include "load.h"

#define PATH "/sms?api-version=2026-01-23"
#define CONNECTIONS_MAX 16L
#define INFLIGHT_MAX 256
#define GATHER_S 0.002

struct post {
	CURL *curl;
	struct curl_slist *headers;
	char body[1024];
	int body_n;
	unsigned long long k;
	double since;
};

static struct {
	CURLM *multi;
	int epoll;
	long timeout_ms; /* -1: none */
	double asked;    /* when that was said */
	EVP_MAC_CTX *mac;
	EVP_MD_CTX *hash;
	const char *host;
	unsigned long long texts;
	size_t open;
	struct load load;
	struct bare_out *out;             /* NULL: nothing is stored */
	struct post *ended[INFLIGHT_MAX]; /* these wait for a commit */
	size_t ended_n;
	double ended_since;
} bare;

static void
fail(const char *what)
{
	(void)fprintf(stderr, "bench_limit: %s\n", what);
	exit(EXIT_FAILURE);
}

static size_t
drop(char *p, size_t size, size_t n, void *ctx)
{
	(void)p;
	(void)ctx;
	return size * n;
}

static int
want_socket(CURL *curl, curl_socket_t fd, int what, void *ctx, void *known)
{
	static int mark;
	struct epoll_event e = { .data.fd = fd };

	(void)curl;
	(void)ctx;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(bare.epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	e.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	(void)epoll_ctl(bare.epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
	return known ? 0 : (int)curl_multi_assign(bare.multi, fd, &mark);
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	(void)multi;
	(void)ctx;
	bare.timeout_ms = ms;
	bare.asked = load_seconds(CLOCK_MONOTONIC);
	return 0;
}

static const char *
date_now(void)
{
	static time_t last;
	static char text[40];
	time_t now = time(NULL);
	struct tm tm;

	if (now != last) {
		(void)gmtime_r(&now, &tm);
		(void)strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		last = now;
	}
	return text;
}

static void
sign(struct post *p, size_t body_n)
{
	unsigned char digest[32], mac[32];
	char content[48], signature[48], text[256], date[80], hash[80], authorization[160];
	unsigned digest_n;
	size_t mac_n;
	int n;

	if (!EVP_DigestInit_ex(bare.hash, NULL, NULL) || !EVP_DigestUpdate(bare.hash, p->body, body_n) ||
	    !EVP_DigestFinal_ex(bare.hash, digest, &digest_n))
		fail("SHA-256 does not work here");
	(void)EVP_EncodeBlock((unsigned char *)content, digest, sizeof digest);
	n = snprintf(text, sizeof text, "POST\n" PATH "\n%s;%s;%s", date_now(), bare.host, content);
	if (!EVP_MAC_init(bare.mac, NULL, 0, NULL) || !EVP_MAC_update(bare.mac, (unsigned char *)text, (size_t)n) ||
	    !EVP_MAC_final(bare.mac, mac, &mac_n, sizeof mac))
		fail("HMAC does not work here");
	(void)EVP_EncodeBlock((unsigned char *)signature, mac, sizeof mac);
	(void)snprintf(date, sizeof date, "x-ms-date: %s", date_now());
	(void)snprintf(hash, sizeof hash, "x-ms-content-sha256: %s", content);
	(void)snprintf(authorization, sizeof authorization,
	    "Authorization: HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=%s", signature);
	curl_slist_free_all(p->headers);
	p->headers = curl_slist_append(NULL, "Content-Type: application/json");
	p->headers = curl_slist_append(p->headers, date);
	p->headers = curl_slist_append(p->headers, hash);
	p->headers = curl_slist_append(p->headers, authorization);
}

static void
write_next(struct post *p)
{
	unsigned long long i = p->k = ++bare.texts;

	p->body_n = snprintf(p->body, sizeof p->body,
	    "{\"from\":\"+18335550100\",\"smsRecipients\":[{\"to\":\"+1608%07llu\",\"repeatabilityRequestId\":"
	    "\"5c0ffee5-0000-4000-8000-%012llx\",\"repeatabilityFirstSent\":\"%s\"}],\"message\":\"" LOAD_TEXT "\",\"smsSendOptions\":"
	    "{\"enableDeliveryReport\":true,\"tag\":\"%llu\",\"deliveryReportTimeoutInSeconds\":3600}}", 5550000 + i % 1000000, i,
	    date_now(), i);
	if (bare.out)
		out_arm(bare.out, i, p->body, p->body_n, time(NULL));
}

static void
post(struct post *p)
{
	sign(p, (size_t)p->body_n);
	(void)curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers);
	(void)curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE, (long)p->body_n);
	(void)curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, p->body);
	p->since = load_seconds(CLOCK_MONOTONIC);
	bare.open++;
	if (curl_multi_add_handle(bare.multi, p->curl) != CURLM_OK)
		fail("a post cannot be begun");
}

/* What has ended is settled, what comes after it armed, and only then it goes. */
static void
go_on(void)
{
	size_t n = bare.ended_n;
	bool more = bare.load.t1 == 0;

	bare.ended_n = 0;
	if (bare.out)
		bare_do(&bare.out->rows, BARE_BEGIN);
	for (size_t i = 0; i < n; i++) {
		if (bare.out && bare.ended[i]->k)
			out_settle(bare.out, bare.ended[i]->k);
		if (more)
			write_next(bare.ended[i]);
	}
	if (bare.out)
		bare_do(&bare.out->rows, BARE_COMMIT);
	for (size_t i = 0; more && i < n; i++)
		post(bare.ended[i]);
}

static bool
must_go_on(void)
{
	return bare.ended_n > 0 && (!bare.out || bare.open == 0 || load_seconds(CLOCK_MONOTONIC) - bare.ended_since >= GATHER_S);
}

static void
finish_done(void)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(bare.multi, &left))) {
		struct post *p = NULL;
		CURL *curl = m->easy_handle;
		bool arrived = m->data.result == CURLE_OK;
		long status = 0;

		(void)curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)(void *)&p);
		(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		load_end_of(&bare.load, CLOCK_PROCESS_CPUTIME_ID, p->since, arrived && status == 202);
		(void)curl_multi_remove_handle(bare.multi, curl);
		bare.open--;
		if (bare.ended_n == 0)
			bare.ended_since = load_seconds(CLOCK_MONOTONIC);
		bare.ended[bare.ended_n++] = p;
	}
	if (must_go_on())
		go_on();
}

static double
timer_left(void) /* seconds */
{
	return (double)bare.timeout_ms / 1e3 - (load_seconds(CLOCK_MONOTONIC) - bare.asked);
}

static int
wait_ms(void)
{
	double left = bare.timeout_ms >= 0 ? timer_left() : GATHER_S, now = load_seconds(CLOCK_MONOTONIC);

	if (bare.timeout_ms < 0 && bare.ended_n == 0)
		return -1;
	if (bare.ended_n > 0 && left > bare.ended_since + GATHER_S - now)
		left = bare.ended_since + GATHER_S - now;
	return left > 0 ? (int)(left * 1e3) + 1 : 0;
}

static void
dispatch(void)
{
	struct epoll_event events[64];
	int running, n, wait;

	while (bare.open > 0 || bare.ended_n > 0) {
		wait = wait_ms();
		n = wait == 0 ? 0 : epoll_wait(bare.epoll, events, 64, wait);
		if (n == 0 && bare.timeout_ms >= 0 && timer_left() <= 0) {
			bare.timeout_ms = -1;
			(void)curl_multi_socket_action(bare.multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		for (int i = 0; i < n; i++)
			(void)curl_multi_socket_action(bare.multi, events[i].data.fd,
			    (events[i].events & ~(unsigned)EPOLLOUT ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0),
			    &running);
		finish_done();
	}
}

static void
prepare(struct post *p, const char *url, const char *ca, bool h2)
{
	CURL *u = p->curl = curl_easy_init();

	if (!u)
		fail("out of memory");
	(void)curl_easy_setopt(u, CURLOPT_URL, url);
	(void)curl_easy_setopt(u, CURLOPT_CAINFO, ca);
	(void)curl_easy_setopt(u, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(u, CURLOPT_PRIVATE, p);
	(void)curl_easy_setopt(u, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(u, CURLOPT_WRITEFUNCTION, drop);
	(void)curl_easy_setopt(u, CURLOPT_PIPEWAIT, h2 ? 1L : 0L);
	(void)curl_easy_setopt(u, CURLOPT_HTTP_VERSION, h2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
}

static void
make_signer(void)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	char digest[] = "SHA256";
	OSSL_PARAM with[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end() };
	unsigned char key[32];

	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (unsigned char)i;
	bare.mac = EVP_MAC_CTX_new(hmac);
	bare.hash = EVP_MD_CTX_new();
	if (!bare.mac || !bare.hash || !EVP_MAC_init(bare.mac, key, sizeof key, with) ||
	    !EVP_DigestInit_ex(bare.hash, EVP_sha256(), NULL))
		fail("nothing can be signed here");
	EVP_MAC_free(hmac);
}

int
main(int argc, char **argv)
{
	static struct post posts[INFLIGHT_MAX];
	static struct bare_out out;
	char url[256];
	struct rusage used;
	long inflight = argc == 7 || argc == 9 ? strtol(argv[3], NULL, 10) : 0;

	if (inflight < 1 || inflight > INFLIGHT_MAX || strncmp(argv[1], "https://", 8) != 0) {
		(void)fputs("usage: bench_limit ENDPOINT CA_FILE INFLIGHT WARM_SECONDS SECONDS 1.1|2 [DATABASE TEXTS]\n", stderr);
		return 2;
	}
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	bare.host = argv[1] + 8;
	(void)snprintf(url, sizeof url, "%s" PATH, argv[1]);
	make_signer();
	bare.epoll = epoll_create1(EPOLL_CLOEXEC);
	bare.multi = curl_multi_init();
	if (bare.epoll < 0 || !bare.multi)
		fail("out of memory");
	(void)curl_multi_setopt(bare.multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	(void)curl_multi_setopt(bare.multi, CURLMOPT_TIMERFUNCTION, want_timer);
	(void)curl_multi_setopt(bare.multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
	(void)curl_multi_setopt(bare.multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
	if (argc == 9) {
		out_open(&out, argv[7], strtoll(argv[8], NULL, 10));
		bare.out = &out;
	}
	load_start(&bare.load, strtod(argv[4], NULL), strtod(argv[5], NULL));
	for (long i = 0; i < inflight; i++) {
		prepare(&posts[i], url, argv[2], strcmp(argv[6], "2") == 0);
		bare.ended[bare.ended_n++] = &posts[i];
	}
	go_on();
	dispatch();
	if (bare.out)
		out_close(bare.out);
	(void)getrusage(RUSAGE_SELF, &used);
	return load_say(&bare.load, used.ru_maxrss);
}

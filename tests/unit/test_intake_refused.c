/* test_intake_refused.c - each thing that the intake asks of the system and its libraries is refused once: it does not start and says
 * why, or one connection ends without an answer; never half an answer, and the next sender is served.
 *
 * The linker leads these calls here (--wrap). Only the product's are refused: on its own threads, and on the test's while it asks
 * the product for something. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "intake_world.h"

#include <event2/event.h>

#include "mllp/identity.h"
#include "nudge/certificates.h"
#include "nudge/mllp_send.h"

enum door {
	DOOR_NONE, DOOR_MEMORY, DOOR_THREAD, DOOR_BASE, DOOR_CONFIG, DOOR_FLAG, DOOR_SOCKET, DOOR_LISTEN, DOOR_NAME, DOOR_ACCEPT,
	DOOR_RECV, DOOR_SEND, DOOR_TLS_NEW, DOOR_TLS_FD, DOOR_TLS_DATA, DOOR_TLS_SWITCHES, DOOR_TLS_CONTEXT, DOOR_TLS_TICKETS, DOOR_TLS_PATHS,
	DOOR_TLS_HOST, DOOR_TLS_KEY, DOOR_STORE, DOOR_STORE_ADD, DOOR_CHAIN_NEW, DOOR_CHAIN_INIT, DOOR_CHAIN_USE, DOOR_PUBLIC, DOOR_PUBLIC_DER,
	DOOR_TLS_CALLED, DOOR_EVENT, DOOR_DIGEST, DOOR_LIST_DIGEST, DOOR_TIME, DOOR_LEFT, DOOR_ACCESS
};

static atomic_int which;  /* enum door */
static atomic_long asked, refuse_at;
static atomic_int why;    /* errno */
static _Thread_local bool mine; /* the test's own doing, and what it does it with */
static _Thread_local bool first_thread;
static atomic_bool here_only;   /* not on the intake's threads */

static bool
refused(enum door d)
{
	if (mine || (atomic_load(&here_only) && !first_thread) || atomic_load(&which) != (int)d || atomic_fetch_add(&asked, 1) + 1 != atomic_load(&refuse_at)) {
		return false;
	}
	errno = atomic_load(&why);
	return true;
}

static bool
none(void)
{
	return refused(DOOR_MEMORY);
}

#include "scarce_doors.h"

#define DOOR(d, type, name, params, args, failed)                   \
	type __real_##name params;                                  \
	type __wrap_##name params;                                  \
	type __wrap_##name params                                   \
	{                                                           \
		return refused(d) ? (failed) : __real_##name args;  \
	}

DOOR(DOOR_THREAD, int, pthread_create, (pthread_t *id, const pthread_attr_t *a, void *(*run)(void *), void *arg), (id, a, run, arg), EAGAIN)
DOOR(DOOR_BASE, struct event_base *, event_base_new_with_config, (const struct event_config *c), (c), NULL)
DOOR(DOOR_CONFIG, struct event_config *, event_config_new, (void), (), NULL)
DOOR(DOOR_FLAG, int, event_config_set_flag, (struct event_config *c, int flag), (c, flag), -1)
DOOR(DOOR_SOCKET, int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
DOOR(DOOR_LISTEN, int, listen, (int fd, int n), (fd, n), -1)
DOOR(DOOR_NAME, int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n), -1)
DOOR(DOOR_ACCEPT, int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags), -1)
DOOR(DOOR_RECV, ssize_t, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags), -1)
DOOR(DOOR_SEND, ssize_t, send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags), -1)
DOOR(DOOR_TLS_NEW, SSL *, SSL_new, (SSL_CTX *c), (c), NULL)
DOOR(DOOR_TLS_FD, int, SSL_set_fd, (SSL *s, int fd), (s, fd), 0)
DOOR(DOOR_TLS_DATA, int, SSL_set_ex_data, (SSL *s, int at, void *data), (s, at, data), 0)
DOOR(DOOR_TLS_SWITCHES, long, SSL_CTX_ctrl, (SSL_CTX *c, int cmd, long n, void *p), (c, cmd, n, p), 0)
DOOR(DOOR_TLS_CONTEXT, SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *m), (m), NULL)
DOOR(DOOR_TLS_TICKETS, int, SSL_CTX_set_num_tickets, (SSL_CTX *c, size_t n), (c, n), 0)
DOOR(DOOR_TLS_PATHS, int, SSL_CTX_set_default_verify_paths, (SSL_CTX *c), (c), 0)
DOOR(DOOR_TLS_HOST, int, SSL_set1_host, (SSL *s, const char *name), (s, name), 0)
DOOR(DOOR_TLS_CALLED, long, SSL_ctrl, (SSL *s, int cmd, long n, void *p), (s, cmd, n, p), 0)
DOOR(DOOR_EVENT, int, event_add, (struct event *e, const struct timeval *t), (e, t), -1)
DOOR(DOOR_TLS_KEY, int, SSL_CTX_use_PrivateKey, (SSL_CTX *c, EVP_PKEY *k), (c, k), 0)
DOOR(DOOR_STORE, X509_STORE *, X509_STORE_new, (void), (), NULL)
DOOR(DOOR_STORE_ADD, int, X509_STORE_add_cert, (X509_STORE *s, X509 *x), (s, x), 0)
DOOR(DOOR_CHAIN_NEW, X509_STORE_CTX *, X509_STORE_CTX_new, (void), (), NULL)
DOOR(DOOR_CHAIN_INIT, int, X509_STORE_CTX_init, (X509_STORE_CTX *c, X509_STORE *s, X509 *x, STACK_OF(X509) *all), (c, s, x, all), 0)
DOOR(DOOR_CHAIN_USE, int, X509_STORE_CTX_set_purpose, (X509_STORE_CTX *c, int purpose), (c, purpose), 0)
DOOR(DOOR_PUBLIC, EVP_PKEY *, X509_get0_pubkey, (const X509 *x), (x), NULL)
DOOR(DOOR_PUBLIC_DER, int, i2d_X509_PUBKEY, (const X509_PUBKEY *k, unsigned char **der), (k, der), -1)
DOOR(DOOR_DIGEST, int, X509_digest, (const X509 *x, const EVP_MD *m, unsigned char *out, unsigned *n), (x, m, out, n), 0)
DOOR(DOOR_LIST_DIGEST, int, X509_CRL_digest, (const X509_CRL *x, const EVP_MD *m, unsigned char *out, unsigned *n), (x, m, out, n), 0)
DOOR(DOOR_TIME, int, ASN1_TIME_to_tm, (const ASN1_TIME *t, struct tm *tm), (t, tm), 0)
DOOR(DOOR_LEFT, int, ASN1_TIME_diff, (int *days, int *seconds, const ASN1_TIME *from, const ASN1_TIME *to), (days, seconds, from, to), 0)
DOOR(DOOR_ACCESS, int, access, (const char *path, int mode), (path, mode), -1)

static void
arm(enum door d, long at, int error)
{
	atomic_store(&asked, 0);
	atomic_store(&refuse_at, at);
	atomic_store(&why, error);
	atomic_store(&which, (int)d);
}

static long
disarm(void)
{
	atomic_store(&which, DOOR_NONE);
	return atomic_load(&asked);
}

/* ---- a whole life of an intake ---- */

static void *
engine_of_ours(void *arg)
{
	mine = true;
	return world_engine(arg);
}

#define MESSAGE "MSH|^~\\&|EPIC|LAMNA|NUDGE|X|20261120101500||SIU^S12|A7|P|2.3\rPID|1\r"
#define BATCH "BHS|^~\\&\r" MESSAGE MESSAGE "BTS|2\r"
#define HEADER "BHS|^~\\&|EPIC|LAMNA|NUDGE|X|20261120||||B77\rBTS|0\r"

/* Longer than what a message's memory is asked for at once; and than max_message. */
static char long_header[9100], oversize[30100];

static void
make_long(void)
{
	int n = snprintf(long_header, sizeof long_header, "BHS|^~\\&|EPIC|LAMNA|NUDGE|X|20261120||||B77|");

	memset(long_header + n, 'c', 9000);
	n = snprintf(oversize, sizeof oversize, "MSH|^~\\&|EPIC|LAMNA|NUDGE|X|20261120101500||SIU^S12|A7|P|2.3\rNTE|1||");
	memset(oversize + n, 'n', 30000);
}

/* One message by the product's own client. true: its answer came, and is whole and right. */
static bool
exchange(struct world *w, bool tls, const char *content, const char *wanted)
{
	char port[16], *last;
	struct mllp_target t = { .host = "127.0.0.1", .port = port, .tls = tls, .certificate = tls ? w->one_file : "",
		.private_key = tls ? w->key : "", .ca = tls ? w->certificate : "", .name = tls ? "listener" : "", .timeout_s = 20 };
	struct mllp_wire *wire = NULL;
	struct fault f = { FAULT_NONE, "" };
	struct buf answer;
	int release = w->first.listeners[0].mllp_release;
	bool ok;

	(void)snprintf(port, sizeof port, "%d", w->port);
	buf_init(&answer, 100000);
	mine = false;
	ok = mllp_connect(&t, &wire, &f) && mllp_exchange(wire, span_of(content), &answer, &f);
	mllp_hang_up(wire);
	mine = true;
	if (ok) {
		holds("an answer is whole", buf_add_char(&answer, '\0') && (release == 2 || strncmp(answer.p, "MSH|", 4) == 0));
		if (release == 2) {
			ok = answer.p[0] == 0x06;
			holds("taken, or to be sent again", ok || answer.p[0] == 0x15);
		} else {
			last = strstr(answer.p, wanted);
			holds("and the one that is wanted", last && last[strlen(wanted)] == '\r');
		}
	} else {
		holds("who got none is told why", f.kind != FAULT_NONE && f.text[0] && !strstr(f.text, "Success"));
	}
	buf_clear(&answer);
	return ok;
}

static bool
start(struct world *w, struct fault *f)
{
	struct mllp_setup setup = { .rules = &w->first.rules, .map = &w->map, .give = world_give, .ctx = w, .space = world_space };
	bool ok;

	mine = false;
	ok = mllp_new(&setup, &w->intake, f);
	mine = true;
	if (!ok) {
		holds("why it does not start", f->kind != FAULT_NONE && f->text[0]);
		holds("and nothing is given", !w->intake);
	}
	return ok;
}

static void
ignore(void *ctx, const struct held *h)
{
	(void)h;
	++*(int *)ctx;
}

/* true: it started and all was answered although something was refused. */
static bool
live(struct world *w, bool tls)
{
	static const struct { const char *content, *wanted; } rows[] = { { MESSAGE, "MSA|AA|A7" },
		{ long_header, "MSA|AR|B77|a batch or file header, and no message" }, { oversize, "MSA|AR|A7|message larger than max_message" }, { BATCH, "MSA|AA|A7" },
		{ HEADER, "MSA|AR|B77|a batch or file header, and no message" }, { "MSH|^~\\&|EPIC|LAMNA|||||SIU^S12|E1|P|2.3\r", "MSA|AE|E1|no start" } };
	struct fault f = { FAULT_NONE, "" };
	bool whole = true;
	int n = 0;

	if (!start(w, &f)) {
		disarm();
		return false;
	}
	mllp_open(w->intake);
	for (size_t i = 0; i < COUNT(rows); i++) {
		whole = exchange(w, tls, rows[i].content, rows[i].wanted) && whole;
	}
	mine = false;
	mllp_held(w->intake, ignore, &n);
	mine = true;
	disarm();
	for (int i = 0; i < 2; i++) { /* either thread */
		holds("the next sender is served", exchange(w, tls, MESSAGE, "MSA|AA|A7"));
	}
	return whole;
}

static void
each_is_refused(enum door d, int error, bool tls, int release, bool must_matter)
{
	long n = 0, reached;
	bool mattered = false;

	do {
		struct world *w = world_new(tls);
		bool whole;

		w->key = certs_write_key(&w->folder, "one.key", w->one.key); /* the sender's, see exchange() */
		w->first.listeners[0].private_key = certs_write_key(&w->folder, "own.key", w->listener.key);
		w->first.listeners[0].mllp_release = release;
		w->first.listeners[0].max_message = 20000;
		assert_int_equal(pthread_create(&w->engine, NULL, engine_of_ours, w), 0);
		arm(d, ++n, error);
		whole = live(w, tls);
		reached = atomic_load(&asked);
		mattered = mattered || !whole;
		if (!w->intake) { /* world_close() would not end it */
			pthread_mutex_lock(&w->lock);
			w->quit = true;
			pthread_cond_signal(&w->bell);
			pthread_mutex_unlock(&w->lock);
			pthread_join(w->engine, NULL);
		}
		world_close(w);
	} while (reached >= n);
	holds("it is asked for", n > 1);
	holds("and is needed", mattered || !must_matter);
}

TEST(memory)
{
	each_is_refused(DOOR_MEMORY, ENOMEM, false, 1, true);
	each_is_refused(DOOR_MEMORY, ENOMEM, true, 1, true);
}

TEST(memory_in_release_2)
{
	each_is_refused(DOOR_MEMORY, ENOMEM, false, 2, true);
}

/* What a thread needs before it runs: the intake does not start, or starts whole. */
TEST(what_is_needed_to_start)
{
	static const struct { enum door door; int error; bool tls; } rows[] = {
		{ DOOR_THREAD, EAGAIN, false }, { DOOR_BASE, 0, false }, { DOOR_CONFIG, 0, false }, { DOOR_FLAG, 0, false },
		{ DOOR_SOCKET, EMFILE, false }, { DOOR_SOCKET, EAFNOSUPPORT, false }, { DOOR_LISTEN, EADDRINUSE, false },
		{ DOOR_LISTEN, EACCES, false }, { DOOR_LISTEN, EADDRNOTAVAIL, false }, { DOOR_TLS_CONTEXT, 0, true }, { DOOR_TLS_SWITCHES, 0, true },
		{ DOOR_TLS_TICKETS, 0, true }, { DOOR_TLS_KEY, 0, true }, { DOOR_PUBLIC_DER, 0, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		each_is_refused(rows[i].door, rows[i].error, rows[i].tls, 1, true);
	}
}

/* What a connection needs: it ends, or gets on. */
TEST(what_a_connection_needs)
{
	static const struct { enum door door; int error; bool tls, matters; } rows[] = {
		{ DOOR_ACCEPT, ENFILE, false, false }, { DOOR_ACCEPT, ENOBUFS, false, false },
		{ DOOR_ACCEPT, ENOMEM, false, false }, { DOOR_ACCEPT, ECONNABORTED, false, false }, { DOOR_RECV, EINTR, false, false },
		{ DOOR_RECV, ECONNRESET, false, true }, { DOOR_SEND, EPIPE, false, true }, { DOOR_TLS_NEW, 0, true, true },
		{ DOOR_TLS_FD, 0, true, true }, { DOOR_TLS_DATA, 0, true, true }, { DOOR_TLS_HOST, 0, true, true },
		{ DOOR_PUBLIC, 0, true, true }, { DOOR_DIGEST, 0, true, false }, { DOOR_TIME, 0, true, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		each_is_refused(rows[i].door, rows[i].error, rows[i].tls, 1, rows[i].matters);
	}
}

/* ---- in words ---- */

static void
no_start(enum door d, long at, int error, char *address, enum fault_kind kind, const char *says)
{
	struct world *w = world_new(false);
	struct fault f = { FAULT_NONE, "" };

	w->first.listeners[0].address = address;
	arm(d, at, error);
	holds(says, !start(w, &f));
	disarm();
	same_int(says, f.kind, kind);
	if (!strstr(f.text, says)) {
		fail_msg("got \"%s\", want \"%s\"", f.text, says);
	}
	world_close(w);
}

TEST(what_hinders_a_listener_is_told)
{
	char v4[] = "127.0.0.1", v6[] = "::1", far[] = "198.51.100.7", name[] = "epic.example";

	no_start(DOOR_SOCKET, 1, EAFNOSUPPORT, v4, FAULT_OPERATOR, "add ListenStream=127.0.0.1:");
	no_start(DOOR_SOCKET, 1, EAFNOSUPPORT, v6, FAULT_OPERATOR, "add ListenStream=[::1]:");
	no_start(DOOR_SOCKET, 1, EMFILE, v4, FAULT_BUSY, "cannot listen on 127.0.0.1 port");
	no_start(DOOR_LISTEN, 1, EACCES, v4, FAULT_OPERATOR, "is reserved; choose one from 1024 up");
	no_start(DOOR_LISTEN, 1, EADDRINUSE, v4, FAULT_OPERATOR, "is in use by another program");
	no_start(DOOR_EVENT, 1, ENOMEM, v4, FAULT_BUSY, "no memory for the events of an intake thread");
	no_start(DOOR_EVENT, 2, ENOMEM, v4, FAULT_BUSY, "no memory for the events of an intake thread");
	no_start(DOOR_NONE, 1, 0, far, FAULT_OPERATOR, "is not one of this machine's");
	no_start(DOOR_NONE, 1, 0, name, FAULT_OPERATOR, "listener \"epic\": address \"epic.example\" is no IPv4 or IPv6 address");
}

/* Of any length: without memory for all of the frame nothing of it is sent, and the connection is as good as before. */
static void
lengths(struct world *w, const char *port)
{
	struct mllp_target t = { .host = "127.0.0.1", .port = port, .tls = true, .certificate = w->one_file,
		.private_key = certs_write_key(&w->folder, "one.key", w->one.key), .ca = w->certificate, .name = "listener", .timeout_s = 20 };
	struct mllp_wire *wire = NULL;
	struct fault f = { FAULT_NONE, "" };
	char content[400] = MESSAGE;
	struct buf answer;

	buf_init(&answer, 100000);
	holds("connected, with room for an answer", mllp_connect(&t, &wire, &f) && mllp_exchange(wire, span_of(MESSAGE), &answer, &f));
	for (size_t n = sizeof MESSAGE - 1; n < sizeof content; n++) {
		bool ok = false;

		for (long at = 1; !ok; at++) {
			buf_reset(&answer);
			arm(DOOR_MEMORY, at, ENOMEM);
			mine = false;
			ok = mllp_exchange(wire, span_from(content, n), &answer, &f);
			mine = true;
			if (!ok) {
				same_text("why", f.text, "out of memory");
			}
			disarm();
		}
		holds("answered", buf_add_char(&answer, '\0') && strstr(answer.p, "MSA|AA|A7\r"));
		memset(content + n, 'x', 1);
	}
	mllp_hang_up(wire);
	buf_clear(&answer);
}

/* The client's own end. */
TEST(what_hinders_a_client_is_told)
{
	static const struct { enum door door; int error; const char *ca, *says; } rows[] = {
		{ DOOR_SOCKET, EMFILE, NULL, "Too many open files" }, { DOOR_MEMORY, ENOMEM, NULL, "out of memory" },
		{ DOOR_TLS_CONTEXT, 0, NULL, "TLS: " }, { DOOR_TLS_SWITCHES, 0, NULL, "TLS: " }, { DOOR_TLS_NEW, 0, NULL, "TLS: " },
		{ DOOR_TLS_HOST, 0, NULL, "TLS: " }, { DOOR_TLS_CALLED, 0, NULL, "TLS: " }, { DOOR_TLS_FD, 0, NULL, "TLS: " }, { DOOR_TLS_PATHS, 0, "", "the system's certificates: " },
	};
	struct world *w = world_new(true);
	char port[16];

	world_open(w);
	atomic_store(&here_only, true);
	(void)snprintf(port, sizeof port, "%d", w->port);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mllp_target t = { .host = "127.0.0.1", .port = port, .tls = true, .certificate = "", .private_key = "",
			.ca = rows[i].ca ? rows[i].ca : w->certificate, .name = "listener", .timeout_s = 20 };
		struct mllp_wire *wire = NULL;
		struct fault f = { FAULT_NONE, "" };
		bool ok;

		arm(rows[i].door, 1, rows[i].error);
		mine = false;
		ok = mllp_connect(&t, &wire, &f);
		mine = true;
		disarm();
		holds(rows[i].says, !ok && !wire);
		if (!strstr(f.text, rows[i].says)) {
			fail_msg("got \"%s\", want \"%s\"", f.text, rows[i].says);
		}
	}
	mllp_hang_up(NULL);
	lengths(w, port);
	atomic_store(&here_only, false);
	world_close(w);
}

/* ---- certificates that cannot be looked at ---- */

TEST(a_certificate_that_cannot_be_described_or_judged)
{
	struct certs_folder folder;
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true });
	struct made leaf = certs_make(&(struct wish){ .cn = "a.example", .issuer = &ca });
	char name[] = "a.example", none_[] = "", *names[] = { name }, *pins[1], *ca_file, *list;
	struct conf_environment e = { .title = prod, .issuer = none_, .revocation_list = none_, .subjects = { names, 1 } };
	struct conf_environment p = { .title = prod, .issuer = none_, .revocation_list = none_, .certificates = { pins, 1 } };
	const struct conf_environment *by_issuer[] = { &e }, *by_pin[] = { &p };
	struct conf_listener l = { .tls = true, .environments = by_issuer, .environments_n = 1 };
	struct conf_listener k = { .tls = true, .environments = by_pin, .environments_n = 1 };
	const enum door chain[] = { DOOR_CHAIN_NEW, DOOR_CHAIN_INIT, DOOR_CHAIN_USE };
	struct identity *id = NULL, *other = NULL;
	struct peer peer = { { 0 }, "" };
	struct mllp_certificate is;
	struct fault f = { FAULT_NONE, "" };
	identity_set set = 0;

	certs_folder_make(&folder);
	ca_file = certs_write(&folder, "ca.pem", ca.x);
	list = certs_write_list(&folder, "ca.crl", &ca, NULL, 7);
	pins[0] = certs_write(&folder, "leaf.pem", leaf.x);
	e.issuer = ca_file;
	mine = false;
	holds(f.text, identity_new(&l, &id, &f) && identity_new(&k, &other, &f));
	for (size_t i = 0; i < COUNT(chain); i++) {
		arm(chain[i], 1, 0);
		same_int("nobody comes in", identity_judge(id, leaf.x, NULL, &peer, IDENTITY_NOW, &set), RULE_BAD_CHAIN);
		holds("to nothing", set == 0);
		disarm();
	}
	arm(DOOR_PUBLIC_DER, 1, 0);
	same_int("nobody comes in by a pin", identity_judge(other, leaf.x, NULL, &peer, IDENTITY_NOW, &set), RULE_BAD_CHAIN);
	arm(DOOR_PUBLIC, 1, 0);
	same_int("nor by a key that cannot be read", identity_judge(other, leaf.x, NULL, &peer, IDENTITY_NOW, &set), RULE_WEAK_KEY);
	arm(DOOR_DIGEST, 1, 0);
	holds("no fingerprint", mllp_describe(pins[0], &is, &f) && is.sha256[0] == '\0' && strcmp(is.subject, "CN=a.example") == 0);
	arm(DOOR_TIME, 2, 0);
	holds("no end", mllp_describe(pins[0], &is, &f) && is.not_after_s == 0 && is.not_before_s > 0);
	disarm();
	identity_free(id);
	id = NULL;
	for (size_t i = 0; i < 2; i++) {
		arm(i ? DOOR_STORE_ADD : DOOR_STORE, 1, 0);
		holds("no issuer", !identity_new(&l, &id, &f) && f.kind == FAULT_BUSY && !id);
		disarm();
	}
	mine = true;
	holds("it is there", list != NULL);
	identity_free(other);
	certs_free(&ca);
	certs_free(&leaf);
	certs_remove(&folder);
}

static void
one_list(void *ctx, const struct mllp_certificate *list)
{
	memcpy(ctx, list, sizeof *list);
}

static void
checked(const struct conf *c, enum door d, long at, int error, bool good, bool warning, const char *says)
{
	struct conf_faults faults = { .n = 0 };
	bool ok, found = !says;

	arm(d, at, error);
	mine = false;
	ok = mllp_check(c, &faults);
	mine = true;
	disarm();
	same_int(says ? says : "nothing", ok, good);
	for (size_t i = 0; i < faults.n; i++) {
		found = found || (says && faults.item[i].warning == warning && strstr(faults.item[i].text, says));
	}
	holds(says ? says : "nothing", found && (says || faults.n == 0));
	conf_faults_clear(&faults);
}

/* access(): first whether the key is there, then whether it may be read. */
TEST(check_by_somebody_who_may_not_read_all)
{
	struct world *w = world_new(true);
	struct made ca = certs_make(&(struct wish){ .cn = "ca", .ca = true }), soon = certs_make(&(struct wish){ .cn = "soon", .to_days = 5 });
	char *list = certs_write_list(&w->folder, "ca.crl", &ca, NULL, 7), *ending[] = { certs_write(&w->folder, "soon.pem", soon.x) };
	char acs[] = "acs";
	struct conf *c = &w->first.conf;
	struct conf_gateway g = { .title = acs, .revocation_list = list };
	struct mllp_certificate is;
	struct fault f = { FAULT_NONE, "" };

	c->environments = w->first.environments;
	c->environments_n = 2;
	c->reader = CONF_CHECK;
	checked(c, DOOR_NONE, 0, 0, true, false, NULL);
	checked(c, DOOR_ACCESS, 2, EACCES, true, true, "cannot be read by you: whether it belongs to certificate was not looked at");
	checked(c, DOOR_ACCESS, 2, EIO, true, false, NULL);
	checked(c, DOOR_ACCESS, 1, EACCES, true, false, NULL);
	c->reader = CONF_NUDGED;
	checked(c, DOOR_ACCESS, 2, EACCES, true, false, NULL);
	c->reader = CONF_CHECK;
	c->listeners_n = 0;
	c->gateways = &g;
	c->gateways_n = 1;
	checked(c, DOOR_NONE, 0, 0, true, false, NULL);
	checked(c, DOOR_ACCESS, 1, EACCES, true, false, NULL);
	w->first.environments[0].certificates = (struct text_list){ ending, 1 };
	checked(c, DOOR_NONE, 0, 0, true, true, "expires in ");
	checked(c, DOOR_LEFT, 1, 0, true, false, NULL);
	arm(DOOR_LIST_DIGEST, 1, 0);
	mine = false;
	holds("a list without a fingerprint", mllp_describe_lists(list, one_list, &is, &f));
	mine = true;
	disarm();
	holds("has its issuer all the same", is.sha256[0] == '\0' && strcmp(is.issuer, "CN=ca") == 0);
	certs_free(&ca);
	certs_free(&soon);
	world_close(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(memory), RUN(memory_in_release_2), RUN(what_is_needed_to_start), RUN(what_a_connection_needs),
		RUN(what_hinders_a_listener_is_told), RUN(what_hinders_a_client_is_told),
		RUN(a_certificate_that_cannot_be_described_or_judged), RUN(check_by_somebody_who_may_not_read_all),
	};

	mine = first_thread = true;
	make_long();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

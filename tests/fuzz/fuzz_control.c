/* fuzz_control.c - any bytes at either end of the administrator's socket: each line gets one line of JSON, and a reply is taken whole or not at all. */
// SPDX-License-Identifier: Apache-2.0
// for: src/control/server.c src/control/ask.c src/control/request.c src/control/asked.c src/control/looks.c
#include <event2/event.h>
#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/conf.h"
#include "nudge/control.h"
#include "nudge/log.h"
#include "nudge/siu.h"
#include "nudge/store.h"

#define NOBODY 65534 /* may look; root may do all and sees patients' data */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static const char conf_text[] =
    "state_directory = %s\nstore_key = store.key\n"
    "organization \"lamna\" { name = \"Lamna Healthcare\" consent_send_on_behalf = true\n"
    " consent_attendees_consented = true country = US }\n"
    "access { view = {nobody} phi = {root} }\n"
    "gateway \"acs\" { endpoint = \"https://127.0.0.1\" access_key = store.key }\n"
    "number \"main\" { sender = \"+18335550100\" type = toll-free verified = true gateway = acs }\n"
    "environment \"prod\" { kind = production organization = lamna certificates = {x.crt} }\n"
    "listener \"l\" { address = \"127.0.0.1\" port = 1 tls = false environments = {prod} }\n"
    "site \"cardiology\" { environment = prod fhir_base_url = \"https://x/R4\" profile = epic number = main\n"
    " time_zone = America/Chicago approver = {anna} reminder \"day\" { before = 24h } }\n";

static struct house {
	char folder[64];
	struct event_base *base;
	struct rules *rules;
	struct siu_map *map;
	struct store *store;
	struct control *control;
	struct command *given; /* last first */
	unsigned turn;
} house;

static struct rules *now(void *ctx) { (void)ctx; return rules_hold(house.rules); }
static const struct siu_map *map(void *ctx) { (void)ctx; return house.map; }
static void held(void *ctx, held_fn *fn, void *arg) { (void)ctx; (void)fn; (void)arg; }
static void intake(void *ctx, struct mllp_stats *out) { (void)ctx; memset(out, 0, sizeof *out); }
static size_t senders(void *ctx, struct mllp_sender out[MLLP_SENDERS_MAX]) { (void)ctx; (void)out; return 0; }
static enum sender_said said(void *ctx, const char **why) { (void)ctx; *why = ""; return SENDER_SAID_NOTHING; }
static void levels(void *ctx) { (void)ctx; }
static bool keys(void *ctx, struct fault *f) { (void)ctx; return fault_set(f, FAULT_BUSY, "not here"); }

static void
give(void *ctx, struct command *c)
{
	(void)ctx;
	c->link.next = house.given ? &house.given->link : NULL;
	house.given = c;
}

static bool
refuse(struct conf_faults *faults)
{
	memset(faults, 0, sizeof *faults);
	conf_fault_add(faults, NULL, false, "not here");
	return false;
}

static bool read_files(void *ctx, struct settings *out, struct conf_faults *f) { (void)ctx; (void)out; return refuse(f); }
static bool approve(void *ctx, struct command *c, struct conf_faults *f) { (void)ctx; (void)c; return refuse(f); }

static bool
reload(void *ctx, struct command *c, int64_t version, struct conf_faults *f)
{
	(void)ctx;
	(void)c;
	(void)version;
	return refuse(f);
}

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", house.folder, name);
	f = fopen(path, "w");
	must(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0);
}

static int
away(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
clean(void)
{
	(void)nftw(house.folder, away, 8, FTW_DEPTH | FTW_PHYS);
}

/* What only looks reads a store with one site and nothing else. */
static bool
open_store(const struct conf *c, struct fault *f)
{
	static const uint8_t key[SEAL_KEY_BYTES] = { 1 };
	struct store_setup s = { .directory = house.folder, .key = key, .conf = c, .now_s = 1795169700 };
	int64_t site;

	return store_open(&s, &house.store, f) && store_begin(house.store, f) && store_site(house.store, "cardiology", &site, f) &&
	    store_commit(house.store, f);
}

static void
open_house(void)
{
	struct control_setup s = { .listener = -1, .directory = house.folder, .rules = now, .file = now, .map = map, .give = give, .read = read_files,
		.reload = reload, .approve = approve, .keys = keys, .held = held, .intake = intake, .senders = senders, .said = said, .levels = levels };
	char text[2048], path[128];
	struct conf *c = NULL;
	struct conf_faults faults;
	struct fault f = { .kind = FAULT_NONE };

	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(house.folder, sizeof house.folder, "%s/nudge-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	must(mkdtemp(house.folder) && atexit(clean) == 0);
	put("store.key", "c2VjcmV0");
	(void)snprintf(text, sizeof text, conf_text, house.folder);
	put("nudge.conf", text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", house.folder);
	log_open("fuzz", LOG_ERROR);
	if (!conf_load(path, CONF_NUDGED, &c, &faults) || !rules_new(c, &house.rules, &faults) || !siu_map_new(house.rules, &house.map, &faults)) {
		fprintf(stderr, "%s\n", faults.item[0].text);
		abort();
	}
	conf_faults_clear(&faults);
	s.base = house.base = event_base_new();
	if (!house.base || !open_store(c, &f) || !control_new(&s, &house.control, &f)) {
		fprintf(stderr, "%s\n", f.text);
		abort();
	}
	conf_drop(c);
}

/* Some commands go well, as far as the engine's part goes; the others could not be stored. */
static void
answer_all(void)
{
	while (house.given) {
		struct command *c = house.given;

		house.given = (struct command *)(void *)c->link.next;
		c->link.next = NULL;
		c->ok = c->kind == COMMAND_STATUS && house.turn++ % 2;
		if (!c->ok && c->fault.kind == FAULT_NONE)
			(void)fault_set(&c->fault, FAULT_BUSY, "not stored");
		control_reply(house.control, c);
	}
}

static size_t
check_answers(const char *said_back, size_t n)
{
	size_t lines = 0;

	for (const char *at = said_back, *end; at < said_back + n; at = end + 1, lines++) {
		json_t *o;

		end = memchr(at, '\n', (size_t)(said_back + n - at));
		must(end);
		o = json_loadb(at, (size_t)(end - at), 0, NULL);
		must(json_is_boolean(json_object_get(o, "ok")));
		must(json_object_get(o, json_is_true(json_object_get(o, "ok")) ? "result" : "error"));
		json_decref(o);
	}
	return lines;
}

/* As nudged: what a caller says. */
static void
serve(const uint8_t *data, size_t n, uint32_t uid)
{
	static char back[1 << 20];
	size_t asked = 0, got = 0;
	ssize_t r;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	for (size_t i = 0; i < n; i++)
		asked += data[i] == '\n';
	control_take(house.control, pair[0], uid);
	must(write(pair[1], data, n) == (ssize_t)n);
	for (int i = 0; i < 8; i++) {
		(void)event_base_loop(house.base, EVLOOP_NONBLOCK);
		answer_all();
		while (got < sizeof back && (r = read(pair[1], back + got, sizeof back - got)) > 0)
			got += (size_t)r;
	}
	must(got == sizeof back || check_answers(back, got) <= asked);
	(void)close(pair[1]);
	for (int i = 0; i < 4; i++) {
		(void)event_base_loop(house.base, EVLOOP_NONBLOCK);
		answer_all();
	}
}

struct replier {
	int listener;
	const uint8_t *data;
	size_t n;
};

static void *
say(void *arg)
{
	const struct replier *a = arg;
	int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
	char asked[64];

	must(fd >= 0 && read(fd, asked, sizeof asked) > 0);
	for (size_t at = 0, step; at < a->n; at += step) { /* in pieces: a reply need not come at once */
		ssize_t w;

		step = a->n - at < 1000 ? a->n - at : 1000;
		w = send(fd, a->data + at, step, MSG_NOSIGNAL);
		if (w <= 0) /* it has heard enough */
			break;
		step = (size_t)w;
	}
	(void)close(fd);
	return NULL;
}

/* As nudgectl: what a server replies. */
static void
ask(const uint8_t *data, size_t n)
{
	struct replier a = { .data = data, .n = n };
	struct fault f = { .kind = FAULT_NONE };
	struct buf answer;
	pthread_t t = 0;
	char path[128];

	(void)snprintf(path, sizeof path, "%s/asked.sock", house.folder);
	a.listener = control_listen(path, 0600, &f);
	must(a.listener >= 0 && pthread_create(&t, NULL, say, &a) == 0);
	buf_init(&answer, 8192);
	if (control_ask(path, "{\"command\":\"status\"}", &answer, &f))
		must(answer.n < n && memcmp(answer.p, data, answer.n) == 0 && data[answer.n] == '\n');
	else
		must(f.kind == FAULT_BUSY && f.text[0]);
	(void)pthread_join(t, NULL);
	(void)close(a.listener);
	(void)unlink(path);
	buf_clear(&answer);
}

/* The first byte says which end, and who asks. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!house.control)
		open_house();
	if (size == 0 || size > 16384)
		return 0;
	log_reset();
	if (data[0] % 8 == 7)
		ask(data + 1, size - 1);
	else
		serve(data + 1, size - 1, data[0] % 4 ? 0 : NOBODY);
	return 0;
}

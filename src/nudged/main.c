/* main.c - nudged: puts the house together, serves, takes it down in order. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "nudge/acs.h"
#include "nudge/log.h"
#include "nudged/door.h"
#include "nudged/house.h"

#define EXIT_CONF 78
#define EXIT_USAGE 2
#define MESSAGES_WAITING_MAX 8192 /* in all: beyond this the intake stops reading */
#define STUCK_S 60 /* or half of the service manager's patience */
#define INHERITED_MAX 64

/* ---- what the engine is given ---- */

static void
give_message(void *ctx, struct message *m)
{
	struct house *h = ctx;

	atomic_fetch_add(&h->room.waiting, 1);
	queue_give(h->room.messages, &m->link);
}

static bool
has_space(void *ctx)
{
	struct house *h = ctx;

	return atomic_load(&h->room.waiting) < MESSAGES_WAITING_MAX;
}

/* What a person should look into. Words are ours; of the message only who sent it. */
static void
log_message(const struct message *m)
{
	const char *what = m->kind == MESSAGE_REFUSE ? "message refused" : "message in quarantine: nudgectl quarantine list";

	log_warn(what, log_name("listener", m->listener->title), log_name("environment", m->environment ? m->environment->title : ""),
	    log_msh("msh3", m->sending_application), log_msh("msh4", m->sending_facility),
	    log_name("why", m->error.text ? m->error.text : m->reason), log_name("segment", m->error.segment),
	    log_int("field", m->error.field));
}

static void
out_answer(void *ctx, struct message *m, const struct answer *a)
{
	struct house *h = ctx;

	atomic_fetch_sub(&h->room.waiting, 1);
	for (const struct message *x = m; x && a->what == ANSWER_SEND; x = x->also)
		if (x->kind == MESSAGE_REFUSE || x->kind == MESSAGE_QUARANTINE)
			log_message(x);
	mllp_answer(h->intake, m, a);
}

static void
out_answered(void *ctx)
{
	struct house *h = ctx;

	mllp_answered(h->intake);
}

static void
out_job(void *ctx, const struct link_job *j)
{
	struct house *h = ctx;

	link_server_job(h->link, j);
}

static void
out_taken(void *ctx, int64_t event)
{
	struct house *h = ctx;

	link_server_taken(h->link, event);
}

static void
out_ask(void *ctx, const struct link_question *q)
{
	struct house *h = ctx;

	link_server_ask(h->link, q);
}

static void
out_reply(void *ctx, struct command *c)
{
	struct house *h = ctx;

	queue_give(h->replies, &c->link);
}

static void
out_alarm(void *ctx, const char *what, const char *where)
{
	(void)ctx;
	log_warn(what, log_name("where", where));
}

static bool
compose(const struct compose *c, char *path, size_t path_cap, struct buf *body)
{
	struct acs_request r = { .api_version = c->gateway->api_version, .from = span_of(c->from), .to = span_of(c->to),
		.text = c->text, .tag = span_of(c->tag), .repeat_id = c->repeat_id, .first_sent = c->first_sent };

	return acs_path(c->gateway->api_version, path, path_cap) && acs_body(&r, body);
}

static bool
random_bytes(void *ctx, void *out, size_t n)
{
	(void)ctx;
	return seal_random(out, n);
}

/* ---- the main thread's events ---- */

static void
give_command(void *ctx, struct command *c)
{
	struct house *h = ctx;

	queue_give(h->room.commands, &c->link);
}

static struct rules *
rules_now(void *ctx)
{
	struct house *h = ctx;

	return rules_hold(h->settings.rules);
}

static struct rules *
rules_file(void *ctx)
{
	struct house *h = ctx;

	return rules_hold(h->settings.file);
}

static const struct siu_map *
map_now(void *ctx)
{
	struct house *h = ctx;

	return h->settings.map;
}

static void
on_replies(evutil_socket_t fd, short what, void *ctx)
{
	struct house *h = ctx;
	struct queue_link *q = queue_take_all(h->replies), *next;

	(void)fd;
	(void)what;
	for (; q; q = next) {
		struct command *c = (struct command *)(void *)q;

		next = q->next;
		if (watch_reply(h->watch, c) || looked_begin(h, c))
			continue;
		if (c == h->reloading)
			house_reloaded(h, c);
		if (c->kind == COMMAND_ROTATE && c->ok)
			h->store_key = c->status.rotation.key;
		control_reply(h->control, c);
	}
}

static void
on_signal(evutil_socket_t sig, short what, void *ctx)
{
	struct house *h = ctx;

	(void)what;
	log_note("stopping", log_int("signal", sig));
	(void)event_base_loopbreak(h->base);
}

static void
on_hup(evutil_socket_t sig, short what, void *ctx)
{
	struct house *h = ctx;
	struct command *c = calloc(1, sizeof *c);
	struct conf_faults faults;

	(void)sig;
	(void)what;
	if (!c)
		return;
	if (!house_reload(h, c, 0, &faults)) {
		for (size_t i = 0; i < faults.n; i++) {
			char line[1024];

			settings_fault_text(&faults.item[i], line, sizeof line);
			log_error("configuration not applied", log_name("why", line));
		}
		command_free(c);
	}
	conf_faults_clear(&faults);
}

static void
on_ended(evutil_socket_t fd, short what, void *ctx)
{
	struct house *h = ctx;

	(void)fd;
	(void)what;
	log_error("a promise cannot be kept: ending without another answer", log_fault(&h->room.fault));
	h->status = EXIT_FAILURE;
	(void)event_base_loopbreak(h->base);
}

/* The watchdog is fed by turns of the engine, not by this idle thread. */
static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct house *h = ctx;
	int64_t turns = atomic_load(&h->room.turns);

	(void)fd;
	(void)what;
	h->stuck_s = turns == h->turns_seen ? h->stuck_s + 1 : 0;
	h->turns_seen = turns;
	if (h->stuck_s < h->stuck_max_s)
		(void)sd_notify(0, "WATCHDOG=1");
	daily_tick(&h->daily);
	record_tick(h);
	clock_watch_tick(&h->room.clock);
	space_tick(h);
	expiry_tick(h);
}

/* ---- putting it together ---- */

static bool
add_events(struct house *h, struct fault *f)
{
	struct timeval second = { 1, 0 };

	h->on_replies = event_new(h->base, queue_bell(h->replies), EV_READ | EV_PERSIST, on_replies, h);
	h->on_ended = event_new(h->base, h->room.ended, EV_READ, on_ended, h);
	h->on_term = evsignal_new(h->base, SIGTERM, on_signal, h);
	h->on_int = evsignal_new(h->base, SIGINT, on_signal, h);
	h->on_hup = evsignal_new(h->base, SIGHUP, on_hup, h);
	h->on_tick = event_new(h->base, -1, EV_PERSIST, on_tick, h);
	if (h->on_replies && h->on_ended && h->on_term && h->on_int && h->on_hup && h->on_tick &&
	    event_add(h->on_replies, NULL) == 0 && event_add(h->on_ended, NULL) == 0 && event_add(h->on_term, NULL) == 0 &&
	    event_add(h->on_int, NULL) == 0 && event_add(h->on_hup, NULL) == 0 && event_add(h->on_tick, &second) == 0)
		return true;
	return fault_set(f, FAULT_BROKEN, "out of memory");
}

/* Beside the store, and not to be put back with it. */
static bool
open_journal(struct house *h, struct fault *f)
{
	const struct conf *c = h->settings.rules->conf;
	char own[4200];
	struct journal_setup s = { .directory = c->journal_directory, .retention_s = c->journal_retention_s,
		.now_s = clock_now().wall_ms / 1000 };

	(void)snprintf(own, sizeof own, "%s/journal", c->state_directory);
	if (c->journal_directory[0] == '\0')
		s.directory = own;
	return store_begin(h->store, f) && store_house(h->store, &s.house, f) && store_setting_get(h->store, "journal", &s.seq, f) &&
	    store_commit(h->store, f) && journal_open(&s, &h->journal, &h->journal_state, f);
}

static bool
open_engine(struct house *h, struct fault *f)
{
	struct engine_setup s = { .store = h->store, .rules = rules_hold(h->settings.rules),
		.outlet = { .ctx = h, .answer = out_answer, .answered = out_answered, .job = out_job, .taken = out_taken, .ask = out_ask, .reply = out_reply,
			.alarm = out_alarm, .rotated = house_rotated },
		.compose = compose, .random = random_bytes, .journal = h->journal, .journal_state = h->journal_state,
		.now = clock_now() };

	clock_boot_id(s.boot_id);
	if (engine_new(&s, &h->room.engine, f))
		return true;
	rules_drop(s.rules);
	return false;
}

static bool
open_intake(struct house *h, struct fault *f)
{
	int fds[INHERITED_MAX];
	int n = sd_listen_fds(0);
	struct mllp_setup s = { .rules = h->settings.rules, .map = h->settings.map, .give = give_message, .ctx = h,
		.inherited = fds, .refused = record_refused, .space = has_space };

	for (int i = 0; i < n && i < INHERITED_MAX; i++)
		fds[s.inherited_n++] = SD_LISTEN_FDS_START + i;
	return mllp_new(&s, &h->intake, f);
}

static bool
open_sockets(struct house *h, struct fault *f)
{
	const struct conf *c = h->settings.rules->conf;
	struct control_setup s = { .base = h->base, .directory = c->state_directory, .ctx = h, .rules = rules_now,
		.file = rules_file, .map = map_now, .give = give_command, .read = house_read, .reload = house_reload, .approve = house_approve,
		.keys = house_keys, .held = house_held, .intake = house_intake, .senders = house_senders, .said = house_said,
		.levels = house_levels, .forwarded = house_forwarded, .audit = h->audit };

	return callers_open(h, &s, f) && watched_open(h, &s, f);
}

static bool
open_house(struct house *h, struct fault *f)
{
	h->base = event_base_new();
	h->replies = queue_new();
	if (!h->base || !h->replies)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	daily_begin(&h->daily, h->settings.rules->conf->state_directory);
	if (!room_init(&h->room, f))
		return false;
	clock_watch_tick(&h->room.clock);
	space_tick(h);
	return house_store(h, f) && open_journal(h, f) && record_open(h, f) && house_stand(h, f) && open_intake(h, f) && open_sockets(h, f) &&
	    open_engine(h, f) && add_events(h, f) && room_start(&h->room, f);
}

/* Accepting ends first, then the engine, then what it answers through. */
static void
close_house(struct house *h)
{
	struct event *const events[] = { h->on_replies, h->on_ended, h->on_term, h->on_int, h->on_hup, h->on_tick };

	if (h->intake)
		mllp_stop(h->intake);
	room_stop(&h->room);
	daily_end(&h->daily);
	clock_watch_end(&h->room.clock);
	if (h->control && h->replies)
		on_replies(-1, 0, h); /* a reload may come back: the intake has to be there */
	mllp_free(h->intake);
	expiry_clear(&h->expiry);
	looked_end(h);
	if (h->control && h->replies)
		on_replies(-1, 0, h);
	callers_close(h);
	control_free(h->control);
	watch_free(h->watch);
	link_server_free(h->link);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i])
			event_free(events[i]);
	room_clear(&h->room);
	record_close(h);
	store_close(h->store);
	journal_close(h->journal);
	queue_free(h->replies);
	if (h->base)
		event_base_free(h->base);
	settings_clear(&h->next);
	settings_clear(&h->settings);
}

static void
print_faults(const struct conf_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++) {
		char line[1024];

		settings_fault_text(&faults->item[i], line, sizeof line);
		(void)fprintf(stderr, "%s\n", line);
	}
}

static void
harden(void)
{
	struct rlimit none = { 0, 0 }, files;

	(void)umask(0077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a full quota is an error to handle, not an end */
}

static int
serve(struct house *h)
{
	struct fault f = { 0 };
	uint64_t patience_us = 0;

	if (!open_house(h, &f)) {
		log_error("cannot start", log_fault(&f));
		close_house(h);
		return f.kind == FAULT_OPERATOR ? EXIT_CONF : EXIT_FAILURE;
	}
	mllp_open(h->intake);
	h->stuck_max_s = sd_watchdog_enabled(0, &patience_us) > 0 ? (int64_t)(patience_us / 2000000) : STUCK_S;
	(void)sd_notify(0, "READY=1\nSTATUS=serving");
	expiry_now(h);
	log_note("ready", log_name("version", NUDGE_VERSION), log_name("configuration", h->conf_path));
	(void)event_base_dispatch(h->base);
	(void)sd_notify(0, "STOPPING=1");
	close_house(h);
	log_note("stopped");
	return h->status;
}

static int
usage(FILE *to, int status)
{
	(void)fputs("usage: nudged -c FILE [-t] [-v] | -d SOCKET CONTROL SENDER\n"
	            "  -c FILE  configuration\n"
	            "  -t       check it and exit\n"
	            "  -d       see who calls, for a nudged that cannot\n"
	            "  -v       say more\n"
	            "  -V       version\n"
	            "  -h       this help\n", to);
	return status;
}

int
main(int argc, char **argv)
{
	struct house h = { .room = { .ended = -1, .wake = -1 } };
	struct conf_faults faults;
	enum log_level level = LOG_INFO;
	const char *door = NULL;
	bool test = false, ok;
	int c, bad;

	while ((c = getopt(argc, argv, "c:d:tvVh")) != -1)
		switch (c) {
		case 'c':
			h.conf_path = optarg;
			break;
		case 'd':
			door = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'v':
			level = LOG_DEBUG;
			break;
		case 'V':
			(void)puts("nudged " NUDGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			return usage(stdout, EXIT_SUCCESS);
		default:
			return usage(stderr, EXIT_USAGE);
		}
	if (door ? h.conf_path || test || optind + 2 != argc : !h.conf_path || optind != argc)
		return usage(stderr, EXIT_USAGE);
	log_open("nudged", level);
	harden();
	if (door)
		return door_serve(door, argv[optind], argv[optind + 1]);
	ok = (test ? settings_check : settings_load)(h.conf_path, CONF_NUDGED, &h.settings, &faults);
	print_faults(&faults);
	bad = faults.passes ? EXIT_FAILURE : EXIT_CONF;
	conf_faults_clear(&faults);
	if (!ok)
		return bad;
	if (test) {
		(void)printf("%s: good\n", h.conf_path);
		settings_clear(&h.settings);
		return EXIT_SUCCESS;
	}
	return serve(&h);
}

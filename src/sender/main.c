/* main.c - nudge-sender: reads its part of the configuration, serves, ends cleanly. */
// SPDX-License-Identifier: Apache-2.0
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "nudge/log.h"
#include "sender/loop.h"
#include "sender/try.h"

#define EXIT_CONF 78
#define EXIT_USAGE 2

struct sender {
	const char *path;
	struct event_base *base;
	struct loop *loop;
	struct event *on_term, *on_int, *on_hup, *on_tick;
};

static void
print_faults(const struct conf_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		if (faults->item[i].line > 0)
			(void)fprintf(stderr, "%s:%d: %s: %s\n", faults->item[i].file, faults->item[i].line,
			    faults->item[i].warning ? "warning" : "error", faults->item[i].text);
		else
			(void)fprintf(stderr, "%s: %s: %s\n", faults->item[i].file, faults->item[i].warning ? "warning" : "error",
			    faults->item[i].text);
}

static void
on_stop(evutil_socket_t sig, short what, void *ctx)
{
	struct sender *s = ctx;

	(void)what;
	log_note("stopping", log_int("signal", sig));
	(void)sd_notify(0, "STOPPING=1");
	loop_stop(s->loop);
}

static const char *
first_error(const struct conf_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		if (!faults->item[i].warning)
			return faults->item[i].text;
	return "";
}

static bool
read_again(void *ctx, enum link_reload how, struct fault *f)
{
	struct sender *s = ctx;
	struct conf *c = NULL;
	struct conf_faults faults = { .n = 0 };
	bool ok, same = false;

	if (how == RELOAD_KEYS) {
		ok = loop_reload(s->loop, NULL, f);
	} else if (!conf_load(s->path, CONF_SENDER, &c, &faults)) {
		print_faults(&faults);
		ok = fault_set(f, FAULT_OPERATOR, "%s", first_error(&faults));
	} else {
		same = how == RELOAD_CHANGED && loop_same(s->loop, c);
		ok = same || loop_reload(s->loop, c, f);
	}
	if (!ok)
		log_error("configuration not applied; what was in force stays so", log_fault(f));
	else if (!same)
		log_note(how == RELOAD_KEYS ? "secrets read again" : "configuration applied");
	conf_faults_clear(&faults);
	conf_drop(c);
	return ok;
}

static void
on_hup(evutil_socket_t sig, short what, void *ctx)
{
	struct fault f = { .kind = FAULT_NONE };

	(void)sig;
	(void)what;
	(void)read_again(ctx, RELOAD_ALL, &f);
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	(void)sd_notify(0, "WATCHDOG=1");
}

/* Within one round of the loop libcurl asks for a socket, and does not, and does
 * again: only what is left of that goes to the kernel. */
static struct event_base *
new_base(void)
{
	struct event_config *c = event_config_new();
	struct event_base *b = NULL;

	if (c && event_config_set_flag(c, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
		b = event_base_new_with_config(c);
	if (c)
		event_config_free(c);
	return b;
}

static bool
add_events(struct sender *s)
{
	struct timeval second = { 1, 0 };

	s->on_term = evsignal_new(s->base, SIGTERM, on_stop, s);
	s->on_int = evsignal_new(s->base, SIGINT, on_stop, s);
	s->on_hup = evsignal_new(s->base, SIGHUP, on_hup, s);
	s->on_tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
	return s->on_term && s->on_int && s->on_hup && s->on_tick && event_add(s->on_term, NULL) == 0 &&
	    event_add(s->on_int, NULL) == 0 && event_add(s->on_hup, NULL) == 0 && event_add(s->on_tick, &second) == 0;
}

static void
close_all(struct sender *s)
{
	struct event *const events[] = { s->on_term, s->on_int, s->on_hup, s->on_tick };

	loop_free(s->loop);
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i])
			event_free(events[i]);
	if (s->base)
		event_base_free(s->base);
}

static int
serve(struct sender *s, struct conf *c)
{
	struct fault f = { 0 };
	int status = EXIT_SUCCESS;

	s->base = new_base();
	if (!s->base || !add_events(s)) {
		log_error("cannot start: out of memory");
		status = EXIT_FAILURE;
	} else if (!loop_new(s->base, c, &s->loop, &f)) {
		log_error("cannot start", log_fault(&f));
		status = f.kind == FAULT_OPERATOR ? EXIT_CONF : EXIT_FAILURE;
	} else {
		loop_on_reload(s->loop, read_again, s);
		(void)sd_notify(0, "READY=1");
		log_note("ready", log_name("version", NUDGE_VERSION), log_name("configuration", s->path));
		(void)event_base_dispatch(s->base);
		log_note("stopped");
	}
	close_all(s);
	return status;
}

static void
harden(void)
{
	struct rlimit none = { 0, 0 };

	(void)umask(0077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int
usage(FILE *to, int status)
{
	(void)fputs("usage: nudge-sender -c FILE [-v] [-o [-a FILE]]\n"
	            "  -c FILE  configuration\n  -v       say more\n"
	            "  -o       try gateways, queues and FHIR servers once, and exit\n  -a FILE  CA of the FHIR servers (default: the system's)\n"
	            "  -V       version\n  -h       this help\n", to);
	return status;
}

int
main(int argc, char **argv)
{
	struct sender s = { 0 };
	struct conf *c = NULL;
	struct conf_faults faults;
	enum log_level level = LOG_INFO;
	const char *ca = "";
	bool once = false;
	int o, status;

	while ((o = getopt(argc, argv, "c:oa:vVh")) != -1)
		switch (o) {
		case 'c':
			s.path = optarg;
			break;
		case 'o':
			once = true;
			break;
		case 'a':
			ca = optarg;
			break;
		case 'v':
			level = LOG_DEBUG;
			break;
		case 'V':
			(void)puts("nudge-sender " NUDGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			return usage(stdout, EXIT_SUCCESS);
		default:
			return usage(stderr, EXIT_USAGE);
		}
	if (!s.path || optind != argc)
		return usage(stderr, EXIT_USAGE);
	log_open("nudge-sender", level);
	harden();
	if (!conf_load(s.path, CONF_SENDER, &c, &faults)) {
		print_faults(&faults);
		status = faults.passes ? EXIT_FAILURE : EXIT_CONF;
		conf_faults_clear(&faults);
		return status;
	}
	if (!once) /* nudgectl check, which asks this way, told them */
		print_faults(&faults);
	conf_faults_clear(&faults);
	status = once ? try_outside(c, ca) : serve(&s, c);
	conf_drop(c);
	return status;
}

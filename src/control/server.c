/* server.c - the control socket: who asks, may they, and the way of the answer back. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/request.h"
#include "nudge/log.h"

#define REQUEST_MAX 65536
#define CALLERS_MAX 64
#define CALLERS_OF_ONE 16 /* of a user but root: whoever may ask nothing may connect, and must not hold all places */

struct caller { /* one connection */
	struct control *control;
	struct bufferevent *bev; /* owned */
	uid_t uid;
	char name[64];
	struct command *waiting; /* at the engine; NULL when none */
	request_then_fn *then;   /* answers for it; NULL: the usual answer */
	json_t *asked;           /* owned; with `then`: the request */
	bool gone;               /* hung up while the engine had its command */
	struct caller *next;
};

struct control {
	struct control_setup setup;
	struct evconnlistener *listener;
	char *directory;         /* owned: outlives the configuration that named it */
	struct caller *callers;
	size_t callers_n;
};

static void
caller_free(struct caller *x)
{
	struct caller **at = &x->control->callers;

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	x->control->callers_n--;
	if (x->bev)
		bufferevent_free(x->bev);
	json_decref(x->asked);
	free(x);
}

static void
send_json(struct caller *x, json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	bool said = text && x->bev && bufferevent_write(x->bev, text, strlen(text)) == 0 && bufferevent_write(x->bev, "\n", 1) == 0 &&
	    bufferevent_enable(x->bev, EV_WRITE) == 0;

	/* Who gets no answer, for want of memory, is not left waiting for one; nor is libevent, which may not have had
	 * any to watch its own buffer. */
	if (!said && x->bev)
		(void)shutdown(bufferevent_getfd(x->bev), SHUT_RDWR);
	if (text)
		seal_wipe(text, strlen(text));
	free(text);
	json_decref(o);
}

static void
send_result(struct caller *x, json_t *result)
{
	send_json(x, json_pack("{s:b, s:o}", "ok", 1, "result", result));
}

static void
send_error(struct caller *x, const char *text)
{
	send_json(x, json_pack("{s:b, s:s}", "ok", 0, "error", text));
}

/* ---- commands ---- */

const struct control_setup *
request_setup(const struct request *q)
{
	return &q->caller->control->setup;
}

const char *
request_directory(const struct request *q)
{
	return q->caller->control->directory;
}

const char *
request_who(const struct request *q)
{
	return q->caller->name;
}

int64_t
request_uid(const struct request *q)
{
	return q->caller->uid;
}

void
request_result(struct request *q, json_t *result)
{
	if (result)
		send_result(q->caller, result);
	else
		send_error(q->caller, "out of memory");
}

void
request_error(struct request *q, const char *text)
{
	send_error(q->caller, text);
}

void
request_faults(struct request *q, const char *text, const struct conf_faults *faults)
{
	json_t *list = json_array();

	for (size_t i = 0; i < faults->n; i++) {
		const struct conf_fault *x = &faults->item[i];

		(void)json_array_append_new(list, json_pack("{s:s, s:i, s:b, s:s}", "file", x->file, "line", x->line,
		                                      "warning", x->warning, "text", x->text));
	}
	send_json(q->caller, json_pack("{s:b, s:s, s:b, s:o}", "ok", 0, "error", text, "passes", faults->passes, "faults", list));
}

static void
send_look(struct caller *x, look_fn *fn, const struct look *q)
{
	struct fault f = { 0 };
	json_t *result = look_from(x->control->directory, fn, q, &f);

	if (result)
		send_result(x, result);
	else
		send_error(x, f.text);
}

static void
look(struct request *q, look_fn *fn)
{
	send_look(q->caller, fn, &(struct look){ .request = q->json, .rules = q->rules, .now_s = q->now_s });
}

struct command *
request_command(struct request *q, enum command_kind kind)
{
	struct command *c = calloc(1, sizeof *c);

	if (!c) {
		send_error(q->caller, "out of memory");
		return NULL;
	}
	c->kind = kind;
	c->owner = q->caller;
	(void)snprintf(c->who, sizeof c->who, "%s", q->caller->name);
	c->uid = q->caller->uid;
	(void)snprintf(c->site, sizeof c->site, "%s", request_text(q, "site"));
	(void)snprintf(c->organization, sizeof c->organization, "%s", request_text(q, "organization"));
	return c;
}

void
request_wait(struct request *q, struct command *c)
{
	q->caller->waiting = c;
}

void
request_unwait(struct request *q, struct command *c)
{
	q->caller->waiting = NULL;
	command_free(c);
}

void
request_give(struct request *q, struct command *c)
{
	request_wait(q, c);
	q->caller->control->setup.give(q->caller->control->setup.ctx, c);
}

void
request_give_then(struct request *q, struct command *c, request_then_fn *then)
{
	q->caller->then = then;
	q->caller->asked = json_incref(q->json);
	request_give(q, c);
}

static const struct {
	const char *name;
	enum access_role role;
	command_fn *fn;
	look_fn *look;       /* instead of fn */
} commands[] = {
	{ "status", ACCESS_VIEW, do_status, NULL },
	{ "appointments", ACCESS_VIEW, NULL, look_appointments },
	{ "explain", ACCESS_VIEW, NULL, look_explain },
	{ "explain-phone", ACCESS_PHI, do_explain_phone, NULL },
	{ "report", ACCESS_VIEW, NULL, look_report },
	{ "states", ACCESS_VIEW, NULL, look_states },
	{ "quarantine", ACCESS_VIEW, NULL, look_quarantine },
	{ "quarantine-show", ACCESS_PHI, do_quarantined, NULL },
	{ "quarantine-replay", ACCESS_OPERATE, do_quarantined, NULL },
	{ "quarantine-discard", ACCESS_OPERATE, do_quarantined, NULL },
	{ "optout-list", ACCESS_VIEW, NULL, look_optouts },
	{ "optout-add", ACCESS_OPERATE, do_optout, NULL },
	{ "optout-remove", ACCESS_OPERATE, do_optout, NULL },
	{ "optout-compare", ACCESS_OPERATE, do_optout, NULL },
	{ "optout-find", ACCESS_PHI, do_optout, NULL },
	{ "refused-list", ACCESS_VIEW, NULL, look_refused },
	{ "refused-find", ACCESS_PHI, do_optout, NULL },
	{ "refused-release", ACCESS_OPERATE, do_optout, NULL },
	{ "certificates", ACCESS_VIEW, do_certificates, NULL },
	{ "learn", ACCESS_VIEW, do_learn, NULL },
	{ "history", ACCESS_OPERATE, do_history, NULL },
	{ "audit", ACCESS_VIEW, do_audit, NULL },
	{ "approve", ACCESS_ANY, do_approve, NULL }, /* each site names its own */
	{ "backup", ACCESS_OPERATE, do_backup, NULL },
	{ "rotate", ACCESS_OPERATE, do_rotate, NULL },
	{ "diff", ACCESS_VIEW, do_diff, NULL },
	{ "records", ACCESS_VIEW, do_records, NULL },
	{ "verify", ACCESS_VIEW, do_verify, NULL },
	{ "reload", ACCESS_OPERATE, do_reload, NULL },
	{ "sender", ACCESS_VIEW, do_said, NULL },
	{ "log", ACCESS_VIEW, do_log, NULL },
	{ "log-set", ACCESS_OPERATE, do_log_set, NULL },
	{ "hold", ACCESS_OPERATE, do_hold, NULL },
	{ "release", ACCESS_OPERATE, do_release, NULL },
};

static void
run(struct request *q, const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct fault f = { 0 };
		bool allowed;

		if (strcmp(commands[i].name, name) != 0)
			continue;
		allowed = access_allows(&q->rules->conf->access, commands[i].role, q->caller->uid);
		log_info("command", log_name("command", commands[i].name), log_name("who", q->caller->name),
		    log_name("allowed", allowed ? "yes" : "no"));
		if (!request_recorded(q, commands[i].name, commands[i].role, allowed, &f))
			send_error(q->caller, f.text);
		else if (allowed && commands[i].look)
			look(q, commands[i].look);
		else if (allowed)
			commands[i].fn(q);
		else
			send_error(q->caller, commands[i].role == ACCESS_PHI ? "only who is listed in access.phi may see patients' data" :
			                                               "you may not do this: ask who edits `access` in the configuration");
		return;
	}
	send_error(q->caller, "unknown command");
}

static void
handle(struct caller *x, const char *line, size_t n)
{
	struct control *c = x->control;
	struct request q = { .caller = x, .json = json_loadb(line, n, 0, NULL) };
	const char *name = json_string_value(json_object_get(q.json, "command"));

	q.now_s = clock_now().wall_ms / 1000;
	q.rules = c->setup.rules(c->setup.ctx);
	if (name)
		run(&q, name);
	else
		send_error(x, "this is no request");
	rules_drop(q.rules);
	json_decref(q.json);
}

/* ---- the engine's answers ---- */

static void
answer_then(struct caller *x, struct command *done)
{
	struct control *c = x->control;
	struct request q = { .caller = x, .json = x->asked, .rules = c->setup.rules(c->setup.ctx),
		.now_s = clock_now().wall_ms / 1000 };
	request_then_fn *then = x->then;

	x->then = NULL;
	x->asked = NULL;
	then(&q, done);
	rules_drop(q.rules);
	json_decref(q.json);
}

static void
answer_status(struct caller *x, const struct engine_status *s, const struct rules *rules)
{
	const struct control_setup *c = &x->control->setup;
	struct mllp_sender *senders = calloc(MLLP_SENDERS_MAX, sizeof *senders);
	int64_t now_s = clock_now().wall_ms / 1000;
	struct mllp_stats stats = { 0 };
	json_t *o;

	c->intake(c->ctx, &stats);
	o = views_status(s, &stats, rules, now_s);
	if (o && senders) {
		(void)json_object_set_new(o, "senders", views_senders(senders, c->senders(c->ctx, senders)));
		(void)json_object_set_new(o, "sender", views_said(c));
		(void)json_object_set_new(o, "audit_forward", views_forward(c)); /* NULL adds nothing */
		(void)json_object_set_new(o, "certificate", views_shortest(c->held, c->ctx, now_s));
	}
	free(senders);
	send_result(x, o);
}

static void
answer_done(struct caller *x, struct command *done)
{
	struct control *c = x->control;
	struct rules *rules;

	if (!done->ok) {
		send_error(x, done->fault.text);
		return;
	}
	if (x->then) {
		answer_then(x, done);
		return;
	}
	if (done->kind != COMMAND_STATUS && done->kind != COMMAND_PHONE_MARK) {
		send_result(x, views_done(done));
		return;
	}
	rules = c->setup.rules(c->setup.ctx);
	if (done->kind == COMMAND_PHONE_MARK) {
		send_look(x, look_explain_phone,
		    &(struct look){ .rules = rules, .now_s = clock_now().wall_ms / 1000, .phone = done->mark });
		rules_drop(rules);
		return;
	}
	answer_status(x, &done->status, rules);
	rules_drop(rules);
}

void
control_reply(struct control *c, struct command *done)
{
	for (struct caller *x = c->callers; x; x = x->next) {
		if (x->waiting != done)
			continue;
		x->waiting = NULL;
		if (!x->gone)
			answer_done(x, done);
		else
			caller_free(x);
		break;
	}
	command_free(done);
}

/* ---- connections ---- */

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct caller *x = ctx;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n;

	while (!x->waiting) {
		char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);

		if (!line && evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF).pos >= 0) { /* there was no memory for it */
			caller_free(x);
			return;
		}
		if (!line)
			break;
		handle(x, line, n);
		seal_wipe(line, n);
		free(line);
	}
	if (evbuffer_get_length(in) > REQUEST_MAX)
		caller_free(x);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct caller *x = ctx;

	(void)bev;
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	if (!x->waiting) {
		caller_free(x);
		return;
	}
	x->gone = true; /* the command comes back and finds nobody */
	bufferevent_free(x->bev);
	x->bev = NULL;
}

static bool
has_place(const struct control *c, uint32_t uid)
{
	size_t own = 0;

	for (const struct caller *x = c->callers; x; x = x->next)
		own += x->uid == uid;
	return c->callers_n < CALLERS_MAX && (uid == 0 || own < CALLERS_OF_ONE);
}

void
control_take(struct control *c, int fd, uint32_t uid)
{
	struct caller *x = has_place(c, uid) && evutil_make_socket_nonblocking(fd) == 0 ? calloc(1, sizeof *x) : NULL;

	if (!x) {
		(void)close(fd);
		return;
	}
	x->control = c;
	x->uid = uid;
	access_name(x->uid, x->name, sizeof x->name);
	x->bev = bufferevent_socket_new(c->setup.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!x->bev) {
		free(x);
		(void)close(fd);
		return;
	}
	x->next = c->callers;
	c->callers = x;
	c->callers_n++;
	bufferevent_setcb(x->bev, on_read, NULL, on_event, x);
	if (bufferevent_enable(x->bev, EV_READ | EV_WRITE) != 0)
		caller_free(x);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *ctx)
{
	struct ucred who;
	socklen_t size = sizeof who;

	(void)l;
	(void)a;
	(void)n;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0)
		control_take(ctx, fd, who.uid);
	else
		(void)close(fd);
}

bool
control_new(const struct control_setup *s, struct control **out, struct fault *f)
{
	struct control *c = calloc(1, sizeof *c);

	if (!c)
		return fault_set(f, FAULT_BROKEN, "out of memory");
	c->setup = *s;
	c->directory = strdup(s->directory);
	if (s->listener >= 0 && evutil_make_socket_nonblocking(s->listener) == 0)
		c->listener = evconnlistener_new(s->base, on_accept, c, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, s->listener);
	if ((s->listener >= 0 && !c->listener) || !c->directory) {
		if (c->listener)
			evconnlistener_free(c->listener);
		free(c->directory);
		free(c);
		return fault_set(f, FAULT_BROKEN, "control socket: out of memory");
	}
	*out = c;
	return true;
}

void
control_free(struct control *c)
{
	if (!c)
		return;
	if (c->listener)
		evconnlistener_free(c->listener);
	while (c->callers)
		caller_free(c->callers); // NOLINT(clang-analyzer-unix.Malloc): it takes itself off the list
	free(c->directory);
	free(c);
}

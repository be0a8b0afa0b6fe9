/* thread.c - an event loop, its two queues, and the errands that others send it on. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/intake.h"
#include "mllp/session.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUNGER_MS 50

static void
on_answers(evutil_socket_t fd, short what, void *arg)
{
	struct intake_thread *t = arg;
	struct queue_link *next, *item = queue_take_all(t->answers);

	(void)fd;
	(void)what;
	for (; item; item = next) {
		struct message *m = (struct message *)((char *)item - offsetof(struct message, link));
		struct session *s = table_find(&t->sessions, m->connection);
		next = item->next;
		if (!s) {
			count(&t->intake->counts.unanswered, 1);
			message_drop(t, m);
			continue;
		}
		answering_take(s, m);
		session_turn(s, false);
	}
}

static void
on_tasks(evutil_socket_t fd, short what, void *arg)
{
	struct intake_thread *t = arg;
	struct queue_link *next, *item = queue_take_all(t->tasks);

	(void)fd;
	(void)what;
	for (; item; item = next) {
		struct task *task = (struct task *)((char *)item - offsetof(struct task, link));
		next = item->next; /* the task is gone when it has run */
		task->run(t, task);
	}
}

static void
on_hunger(evutil_socket_t fd, short what, void *arg)
{
	struct intake_thread *t = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < t->sessions.cap; i++) {
		struct session *s = t->sessions.at[i];
		if (s && s->hungry) {
			session_turn(s, false);
		}
	}
}

void
thread_is_hungry(struct intake_thread *t)
{
	static const struct timeval wait = { 0, HUNGER_MS * 1000 };

	if (!evtimer_pending(&t->hunger, NULL)) {
		evtimer_add(&t->hunger, &wait);
	}
}

bool
thread_init(struct intake_thread *t, struct mllp *m, unsigned number, struct fault *f)
{
	struct event_config *config = event_config_new();

	t->intake = m;
	t->number = number;
	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0) {
		t->base = event_base_new_with_config(config);
	}
	if (config) {
		event_config_free(config);
	}
	t->answers = queue_new();
	t->tasks = queue_new();
	t->index = hl7_new();
	t->input = malloc(INPUT_MAX);
	if (!t->base || !t->answers || !t->tasks || !t->index || !t->input) {
		return fault_set(f, FAULT_BUSY, "no memory or descriptors for an intake thread");
	}
	event_assign(&t->answers_bell, t->base, queue_bell(t->answers), EV_READ | EV_PERSIST, on_answers, t);
	event_assign(&t->tasks_bell, t->base, queue_bell(t->tasks), EV_READ | EV_PERSIST, on_tasks, t);
	evtimer_assign(&t->hunger, t->base, on_hunger, t);
	evtimer_assign(&t->rest, t->base, listener_rested, t);
	if (event_add(&t->answers_bell, NULL) != 0 || event_add(&t->tasks_bell, NULL) != 0) {
		return fault_set(f, FAULT_BUSY, "no memory for the events of an intake thread");
	}
	return true;
}

static void *
run(void *arg)
{
	struct intake_thread *t = arg;

	event_base_dispatch(t->base);
	return NULL;
}

bool
thread_start(struct intake_thread *t, struct fault *f)
{
	sigset_t all, before;
	char name[16];
	int why;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* the new thread inherits it */
	why = pthread_create(&t->id, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (why != 0) {
		return fault_set(f, FAULT_BUSY, "no intake thread can be started: %s", strerror(why));
	}
	t->runs = true;
	if (t->number < t->intake->threads_n) {
		snprintf(name, sizeof name, "intake-%u", t->number % 1000);
	} else {
		snprintf(name, sizeof name, "handshakes");
	}
	pthread_setname_np(t->id, name);
	return true;
}

void
thread_clear(struct intake_thread *t)
{
	assert(!t->runs);
	setting_drop(t->setting);
	free(t->sessions.at);
	free(t->sessions.round);
	free(t->sessions.unused);
	if (t->base) {
		event_base_free(t->base);
	}
	queue_free(t->answers);
	queue_free(t->tasks);
	hl7_free(t->index);
	message_drop_spare(t);
	free(t->input);
}

void
thread_post(struct intake_thread *t, struct task *task)
{
	queue_give(t->tasks, &task->link);
}

static void
run_errand(struct intake_thread *t, struct task *task)
{
	struct errand *e = (struct errand *)task;
	struct gate *gate = e->gate;

	e->what(t, e->arg);
	pthread_mutex_lock(&gate->lock);
	if (--gate->left == 0) {
		pthread_cond_signal(&gate->passed);
	}
	pthread_mutex_unlock(&gate->lock);
}

void
thread_everywhere(struct mllp *m, void (*what)(struct intake_thread *, void *), void *arg)
{
	struct gate gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

	pthread_mutex_lock(&gate.lock);
	for (unsigned i = 0; i < m->all_n; i++) {
		if (m->threads[i].runs) {
			assert(!pthread_equal(m->threads[i].id, pthread_self()));
			m->errands[i] = (struct errand){ { { NULL }, run_errand }, what, arg, &gate };
			gate.left++;
			thread_post(&m->threads[i], &m->errands[i].task);
		}
	}
	while (gate.left > 0) {
		pthread_cond_wait(&gate.passed, &gate.lock);
	}
	pthread_mutex_unlock(&gate.lock);
	pthread_cond_destroy(&gate.passed);
	pthread_mutex_destroy(&gate.lock);
}

void
thread_open(struct intake_thread *t, void *unused)
{
	(void)unused;
	t->opened = true;
	if (t->number == 0) {
		listener_sync(t, NULL);
	}
}

void
thread_stop(struct intake_thread *t, void *unused)
{
	(void)unused;
	t->stopping = true;
	if (t->number == 0) {
		listener_sync(t, NULL);
	}
	for (size_t i = 0; i < t->sessions.cap; i++) {
		if (t->sessions.at[i]) {
			session_stop(t->sessions.at[i]);
		}
	}
}

void
thread_take_setting(struct intake_thread *t, void *setting)
{
	struct setting *before = t->setting;

	t->setting = setting_hold(setting);
	if (t->number == 0) {
		listener_sync(t, before);
	}
	for (size_t i = 0; i < t->sessions.cap; i++) {
		if (t->sessions.at[i]) {
			session_reconsider(t->sessions.at[i]);
		}
	}
	setting_drop(before);
}

/* What is owed and can be written at once is written; the rest ends here. */
void
thread_quit(struct intake_thread *t, void *unused)
{
	(void)unused;
	on_answers(-1, 0, t);
	for (size_t i = 0; i < t->sessions.cap; i++) {
		if (t->sessions.at[i]) {
			session_free(t->sessions.at[i]);
		}
	}
	event_del(&t->answers_bell);
	event_del(&t->tasks_bell);
	evtimer_del(&t->hunger);
	evtimer_del(&t->rest);
}

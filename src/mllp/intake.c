/* intake.c - the intake as its owner sees it: new, open, answer, reload, stop, free. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/intake.h"

#include "mllp/session.h"
#include "nudge/clock.h"
#include "nudge/log.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* All of them: a reload may add the listener that one was meant for. */
static bool
take_handed(struct mllp *m, const struct mllp_setup *s)
{
	m->handed = calloc(s->inherited_n + 1, sizeof *m->handed);
	for (size_t i = 0; m->handed && i < s->inherited_n; i++) {
		m->handed[m->handed_n++] = s->inherited[i];
		(void)fcntl(s->inherited[i], F_SETFD, FD_CLOEXEC);
	}
	return m->handed != NULL;
}

static struct mllp *
allocate(const struct mllp_setup *s)
{
	int64_t threads_n = s->rules->conf->intake_threads;
	struct mllp *m = calloc(1, sizeof *m);

	if (!m) {
		return NULL;
	}
	m->threads_n = threads_n < 1 ? 1 : (unsigned)threads_n;
	m->all_n = m->threads_n + 1;
	m->threads = calloc(m->all_n, sizeof *m->threads);
	m->errands = calloc(m->all_n, sizeof *m->errands);
	pthread_mutex_init(&m->admin, NULL);
	seen_init(&m->seen);
	penalties_init(&m->penalties);
	senders_init(&m->senders);
	if (!m->threads || !m->errands || !take_handed(m, s)) {
		m->all_n = 0;
		mllp_free(m);
		return NULL;
	}
	m->setup.give = s->give;
	m->setup.ctx = s->ctx;
	m->setup.space = s->space;
	m->setup.refused = s->refused;
	return m;
}

/* Base 36, nine digits: milliseconds since 1970 until the year 5188. */
static void
make_stem(char out[16])
{
	int64_t ms = clock_now().wall_ms;

	out[9] = '\0';
	for (int i = 8; i >= 0; i--) {
		out[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[ms % 36];
		ms /= 36;
	}
}

bool
mllp_new(const struct mllp_setup *s, struct mllp **out, struct fault *f)
{
	struct mllp *m = allocate(s);

	if (!m) {
		return fault_set(f, FAULT_BUSY, "no memory for the intake");
	}
	make_stem(m->stem);
	for (unsigned i = 0; i < m->all_n; i++) {
		if (!thread_init(&m->threads[i], m, i, f)) {
			goto fail;
		}
	}
	if (!setting_new(m, s->rules, s->map, &m->setting, f)) {
		goto fail;
	}
	for (unsigned i = 0; i < m->all_n; i++) {
		m->threads[i].setting = setting_hold(m->setting);
	}
	for (unsigned i = 0; i < m->all_n; i++) {
		if (!thread_start(&m->threads[i], f)) {
			goto fail;
		}
	}
	*out = m;
	return true;
fail:
	mllp_free(m);
	return false;
}

void
mllp_open(struct mllp *m)
{
	pthread_mutex_lock(&m->admin);
	thread_everywhere(m, thread_open, NULL);
	pthread_mutex_unlock(&m->admin);
}

void
mllp_answer(struct mllp *m, struct message *msg, const struct answer *a)
{
	assert(msg->thread < m->threads_n);
	msg->verdict = a->verdict;
	msg->error = a->error;
	msg->closes = a->what == ANSWER_CLOSE;
	queue_lay(m->threads[msg->thread].answers, &msg->link);
}

void
mllp_answered(struct mllp *m)
{
	for (unsigned i = 0; i < m->threads_n; i++) {
		queue_ring(m->threads[i].answers);
	}
}

bool
mllp_reload(struct mllp *m, struct rules *rules, const struct siu_map *map, struct fault *f)
{
	struct setting *next, *before;
	bool ok;

	pthread_mutex_lock(&m->admin);
	ok = setting_new(m, rules, map, &next, f);
	if (ok) {
		penalties_forget(&m->penalties);
		before = m->setting;
		m->setting = next;
		thread_everywhere(m, thread_take_setting, next);
		setting_drop(before);
		if (rules->conf->intake_threads != (int64_t)m->threads_n) {
			log_note("intake_threads takes effect at the next start",
			    log_int("now", m->threads_n), log_int("then", rules->conf->intake_threads));
		}
	}
	setting_reap(m);
	pthread_mutex_unlock(&m->admin);
	return ok;
}

void
mllp_stats(struct mllp *m, struct mllp_stats *out)
{
#define X(name) out->name = atomic_load_explicit(&m->counts.name, memory_order_relaxed);
	INTAKE_COUNTS(X)
#undef X
}

void
mllp_stop(struct mllp *m)
{
	pthread_mutex_lock(&m->admin);
	thread_everywhere(m, thread_stop, NULL);
	pthread_mutex_unlock(&m->admin);
}

void
mllp_free(struct mllp *m)
{
	if (!m) {
		return;
	}
	thread_everywhere(m, thread_stop, NULL); /* from here no connection is on its way between threads */
	thread_everywhere(m, thread_quit, NULL);
	for (unsigned i = 0; i < m->all_n; i++) {
		if (m->threads[i].runs) {
			pthread_join(m->threads[i].id, NULL);
			m->threads[i].runs = false;
		}
		thread_clear(&m->threads[i]);
	}
	for (size_t i = 0; i < m->ports_n; i++) {
		port_free(m->ports[i]);
	}
	setting_drop(m->setting);
	pthread_mutex_destroy(&m->admin);
	seen_clear(&m->seen);
	penalties_clear(&m->penalties);
	senders_clear(&m->senders);
	for (size_t i = 0; i < m->handed_n; i++) {
		close(m->handed[i]);
	}
	free(m->handed);
	free(m->ports);
	free(m->errands);
	free(m->threads);
	free(m);
}

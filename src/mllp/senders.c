/* senders.c - how senders are served, each by itself. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/senders.h"

#include "mllp/intake.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void
senders_init(struct senders *s)
{
	pthread_mutex_init(&s->lock, NULL);
}

void
senders_clear(struct senders *s)
{
	pthread_mutex_destroy(&s->lock);
}

/* As much of a name as has a place. */
static struct span
cut(struct span name)
{
	const size_t most = sizeof ((struct sender *)0)->application - 1;

	return (struct span){ name.p, name.n < most ? name.n : most };
}

static struct sender *
find(struct senders *s, size_t n, struct span environment, struct span application)
{
	for (size_t i = 0; i < n; i++) {
		if (span_is(application, s->at[i].application) && span_is(environment, s->at[i].environment)) {
			return &s->at[i];
		}
	}
	return NULL;
}

static struct sender *
add(struct senders *s, struct span environment, struct span application)
{
	size_t n = atomic_load(&s->n);
	struct sender *one = find(s, n, environment, application);

	if (one) {
		return one;
	}
	one = &s->at[n < MLLP_SENDERS_MAX ? n : MLLP_SENDERS_MAX - 1];
	if (n == MLLP_SENDERS_MAX) {
		return one;
	}
	if (n == MLLP_SENDERS_MAX - 1) {
		(void)snprintf(one->application, sizeof one->application, "%s", CONF_SENDER_OTHER);
	} else {
		(void)span_copy(one->environment, sizeof one->environment, environment);
		(void)span_copy(one->application, sizeof one->application, application);
	}
	atomic_store(&s->n, n + 1);
	return one;
}

void
senders_note(struct senders *s, const struct message *m, int64_t us, int64_t now_s)
{
	struct span environment = cut(span_of(m->environment ? m->environment->title : ""));
	struct span application = cut(conf_sender(m->rules->conf, m->environment, m->sending_application));
	struct sender *one = find(s, atomic_load(&s->n), environment, application);

	assert(s);
	if (!one) {
		pthread_mutex_lock(&s->lock);
		one = add(s, environment, application);
		pthread_mutex_unlock(&s->lock);
	}
	atomic_store_explicit(&one->last_s, now_s, memory_order_relaxed);
	if (us >= 0) {
		latency_add(&one->latency, us);
	}
}

size_t
mllp_senders(const struct mllp *m, struct mllp_sender out[MLLP_SENDERS_MAX])
{
	size_t n = atomic_load(&m->senders.n);

	for (size_t i = 0; i < n; i++) {
		const struct sender *one = &m->senders.at[i];

		memcpy(out[i].environment, one->environment, sizeof out[i].environment);
		memcpy(out[i].application, one->application, sizeof out[i].application);
		out[i].last_s = atomic_load_explicit(&one->last_s, memory_order_relaxed);
		latency_look(&one->latency, &out[i].latency);
	}
	return n;
}

/* seen.c - the certificates that senders came with. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/seen.h"

#include "mllp/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
seen_init(struct seen *s)
{
	pthread_mutex_init(&s->lock, NULL);
}

static void
one_free(struct seen_one *one)
{
	if (one) {
		free(one->environment);
	}
	free(one);
}

void
seen_clear(struct seen *s)
{
	for (size_t i = 0; i < s->n; i++) {
		one_free(s->at[i]);
	}
	s->n = 0;
	pthread_mutex_destroy(&s->lock);
}

static struct seen_one *
find(const struct seen *s, const char *environment, const char *sha256)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->at[i]->is.is.sha256, sha256) == 0 && strcmp(s->at[i]->environment, environment) == 0) {
			return s->at[i];
		}
	}
	return NULL;
}

/* A place for one more; SEEN_MAX: there is none. */
static size_t
make_room(struct seen *s)
{
	size_t oldest = SEEN_MAX;

	if (s->n < SEEN_MAX) {
		return s->n++;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct held *h = &s->at[i]->is;
		if (h->open == 0 && (oldest == SEEN_MAX || h->last_s < s->at[oldest]->is.last_s)) {
			oldest = i;
		}
	}
	if (oldest < SEEN_MAX) {
		one_free(s->at[oldest]);
	}
	return oldest;
}

static struct seen_one *
one_new(const char *environment, X509 *leaf, const struct mllp_certificate *is, int64_t now_s)
{
	struct seen_one *one = calloc(1, sizeof *one);

	if (!one || !(one->environment = strdup(environment)) || !identity_pin(leaf, one->is.key)) {
		one_free(one);
		return NULL;
	}
	one->is.as = HELD_SEEN;
	one->is.block = "environment";
	one->is.owner = one->environment;
	one->is.setting = one->is.file = "";
	one->is.is = *is;
	one->is.first_s = now_s;
	one->is.peer = one->peer;
	return one;
}

static struct seen_one *
add(struct seen *s, struct seen_one *one)
{
	size_t place = one ? make_room(s) : SEEN_MAX;

	if (place == SEEN_MAX) {
		one_free(one);
		return NULL;
	}
	s->at[place] = one;
	return one;
}

struct seen_one *
seen_come(struct seen *s, const char *environment, X509 *leaf, const char *peer, int64_t now_s)
{
	struct mllp_certificate is;
	struct seen_one *one;

	describe_certificate(leaf, &is);
	pthread_mutex_lock(&s->lock);
	one = find(s, environment, is.sha256);
	if (!one) {
		one = add(s, one_new(environment, leaf, &is, now_s));
	}
	if (one) {
		one->is.open++;
		one->is.last_s = now_s;
		snprintf(one->peer, sizeof one->peer, "%s", peer);
	}
	pthread_mutex_unlock(&s->lock);
	return one;
}

void
seen_leave(struct seen *s, struct seen_one *one, int64_t now_s)
{
	if (!one) {
		return;
	}
	pthread_mutex_lock(&s->lock);
	one->is.open--;
	one->is.last_s = now_s;
	pthread_mutex_unlock(&s->lock);
}

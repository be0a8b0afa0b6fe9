/* penalty.c - the debts of addresses. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/penalty.h"

#include <string.h>

void
penalties_init(struct penalties *p)
{
	pthread_mutex_init(&p->lock, NULL);
	p->n = 0;
}

void
penalties_clear(struct penalties *p)
{
	pthread_mutex_destroy(&p->lock);
}

void
penalties_forget(struct penalties *p)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n; i++) {
		p->at[i].until_ms = 0;
		p->at[i].barred = false;
	}
	pthread_mutex_unlock(&p->lock);
}

/* Whoever has one address of a /64 has all of them. */
static void
source_of(const struct peer *from, unsigned char out[16])
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memcpy(out, from->address, 16);
	if (memcmp(out, mapped, sizeof mapped) != 0) {
		memset(out + 8, 0, 8);
	}
}

static struct penalty_source *
find(struct penalties *p, const unsigned char address[16])
{
	for (size_t i = 0; i < p->n; i++) {
		if (memcmp(p->at[i].address, address, 16) == 0) {
			return &p->at[i];
		}
	}
	return NULL;
}

/* A place for one more: the one with the smallest debt goes. NULL: all are connected. */
static struct penalty_source *
add(struct penalties *p, const unsigned char address[16])
{
	struct penalty_source *s = NULL;

	if (p->n < PENALTY_SOURCES_MAX) {
		s = &p->at[p->n++];
	}
	for (size_t i = 0; i < p->n && p->n == PENALTY_SOURCES_MAX && s != &p->at[p->n - 1]; i++) {
		if (p->at[i].open == 0 && (!s || p->at[i].until_ms < s->until_ms)) {
			s = &p->at[i];
		}
	}
	if (s) {
		memset(s, 0, sizeof *s);
		memcpy(s->address, address, 16);
	}
	return s;
}

static struct penalty_source *
find_or_add(struct penalties *p, const struct peer *from)
{
	unsigned char address[16];
	struct penalty_source *s;

	source_of(from, address);
	s = find(p, address);
	return s ? s : add(p, address);
}

int64_t
penalty_add(struct penalties *p, const struct peer *from, int64_t debt_ms, int64_t max_ms, int64_t now_ms)
{
	struct penalty_source *s;
	int64_t begins_ms = 0;

	if (max_ms <= 0) {
		return 0;
	}
	pthread_mutex_lock(&p->lock);
	s = find_or_add(p, from);
	if (s && s->open == 0) {
		s->barred = s->barred && s->until_ms > now_ms;
		s->until_ms = (s->until_ms > now_ms ? s->until_ms : now_ms) + debt_ms;
		s->until_ms = s->until_ms > now_ms + max_ms ? now_ms + max_ms : s->until_ms;
		if (!s->barred && s->until_ms - now_ms >= (max_ms < PENALTY_BARS_MS ? max_ms : PENALTY_BARS_MS)) {
			s->barred = true;
			begins_ms = s->until_ms - now_ms;
		}
	}
	pthread_mutex_unlock(&p->lock);
	return begins_ms;
}

bool
penalty_bars(struct penalties *p, const struct peer *from, int64_t now_ms)
{
	unsigned char address[16];
	const struct penalty_source *s;
	bool bars;

	source_of(from, address);
	pthread_mutex_lock(&p->lock);
	s = find(p, address);
	bars = s && s->barred && s->until_ms > now_ms;
	pthread_mutex_unlock(&p->lock);
	return bars;
}

void
penalty_come(struct penalties *p, const struct peer *from)
{
	struct penalty_source *s;

	pthread_mutex_lock(&p->lock);
	s = find_or_add(p, from);
	if (s) {
		s->open++;
		s->until_ms = 0;
		s->barred = false;
	}
	pthread_mutex_unlock(&p->lock);
}

void
penalty_leave(struct penalties *p, const struct peer *from)
{
	unsigned char address[16];
	struct penalty_source *s;

	source_of(from, address);
	pthread_mutex_lock(&p->lock);
	s = find(p, address);
	if (s && s->open > 0) {
		s->open--;
	}
	pthread_mutex_unlock(&p->lock);
}

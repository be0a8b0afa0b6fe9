/* learning.c - a site that is being learned: its messages are kept a while, and looked at together when asked. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"
#include "nudge/siu_learn.h"

#define SAMPLES_MAX 200
#define RAW_MAX (16u << 20)
#define TEXT_MAX_BYTES 65536

static const struct conf_site *
learning_site(const struct message *m)
{
	for (size_t i = 0; i < m->bookings_n; i++)
		if (m->bookings[i].site && m->bookings[i].site->learning)
			return m->bookings[i].site;
	return NULL; /* what went to quarantine is kept there */
}

bool
learning_keep(struct engine *e, const struct message *m, struct fault *f)
{
	const struct conf_site *s = learning_site(m);

	s = s ? conf_find_site(e->rules->conf, s->title) : NULL; /* it was read under the configuration before, perhaps */
	return !s || store_sample_put(e->store, e->sites[s->index].id, now_s(&e->now), now_s(&e->now) + SAMPLE_KEEP_S, SAMPLES_MAX, m->raw, f);
}

static bool
look_at_samples(struct engine *e, int64_t site, struct siu_learn *l, struct hl7 *index, struct fault *f)
{
	int64_t after = 0;

	for (;;) {
		struct buf raw;
		enum store_found found;

		buf_init(&raw, RAW_MAX);
		found = store_sample_next(e->store, site, &after, &raw, f);
		if (found == STORE_FOUND && raw.n > 0)
			(void)siu_learn_add(l, index, buf_span(&raw));
		buf_wipe(&raw);
		if (found != STORE_FOUND)
			return found == STORE_NONE;
	}
}

static bool
look_at_quarantine(struct engine *e, const char *site, struct siu_learn *l, struct hl7 *index, struct fault *f)
{
	int64_t id = 0;

	for (int n = 0; n < SAMPLES_MAX; n++) {
		struct quarantined q;
		struct buf raw;
		enum store_found found = store_quarantine_next(e->store, site, &id, f);

		if (found != STORE_FOUND)
			return found == STORE_NONE;
		buf_init(&raw, RAW_MAX);
		found = store_quarantine_get(e->store, id, &q, &raw, f);
		if (found == STORE_FOUND)
			(void)siu_learn_add(l, index, buf_span(&raw));
		buf_wipe(&raw);
		if (found == STORE_FAILED)
			return false;
	}
	return true;
}

bool
learning_tell(struct engine *e, struct command *c, struct fault *f)
{
	const struct conf_site *s = conf_find_site(e->rules->conf, c->site);
	struct siu_learn *l = siu_learn_new();
	struct hl7 *index = hl7_new();
	bool ok = true;

	buf_init(&c->raw, TEXT_MAX_BYTES);
	if (!s)
		(void)fault_set(&c->fault, FAULT_OPERATOR, "no site \"%s\" in the configuration", c->site);
	else if (!l || !index)
		(void)fault_set(&c->fault, FAULT_BUSY, "out of memory");
	else
		ok = look_at_samples(e, e->sites[s->index].id, l, index, f) && look_at_quarantine(e, s->title, l, index, f);
	c->ok = ok && s && l && index && siu_learn_write(l, s->title, &c->raw);
	siu_learn_free(l);
	hl7_free(index);
	return ok;
}

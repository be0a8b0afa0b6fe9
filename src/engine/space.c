/* space.c - the disk runs low: first a word, then what may be given up goes, then nobody is answered. */
// SPDX-License-Identifier: Apache-2.0
#include "engine/parts.h"

#define GIVE_BACK_PAGES 64 /* a turn */
#define SPARE_MS 60000

const char *
space_name(enum space s)
{
	static const char *const names[] = { "enough", "low", "shedding", "stopped" };

	return names[s];
}

/* Leaving a state takes a sixteenth more room than entering it: it does not flutter. */
static bool
under(const struct engine *e, int64_t mark, enum space s)
{
	return e->free_bytes > 0 && e->free_bytes < (e->space >= s ? mark + mark / 16 : mark);
}

void
space_look(struct engine *e, int64_t free_bytes)
{
	static const char *const begins[] = { "the disk has room again (disk_warn)",
		"the disk runs low (disk_warn): make room",
		"the disk runs low (disk_shed): the oldest messages in quarantine go; make room",
		"the disk is nearly full (disk_stop): messages are not answered until there is room" };
	const struct conf *c = e->rules->conf;
	enum space s = SPACE_ENOUGH;

	e->free_bytes = free_bytes;
	if (under(e, c->disk_stop_bytes, SPACE_STOP))
		s = SPACE_STOP;
	else if (under(e, c->disk_shed_bytes, SPACE_SHED))
		s = SPACE_SHED;
	else if (under(e, c->disk_warn_bytes, SPACE_LOW))
		s = SPACE_LOW;
	if (s == e->space)
		return;
	if (e->space == SPACE_STOP)
		engine_alarm(e, "there is room: messages are answered again (disk_stop)", "disk");
	engine_alarm(e, begins[s], "disk");
	e->space = s;
}

void
space_silence(struct engine *e)
{
	const struct outlet *o = &e->setup.outlet;
	struct answer close = { .what = ANSWER_CLOSE };
	bool some = e->messages != NULL;

	e->news_at = (struct news_cursor){ 0, 0, 0 };
	while (e->messages) {
		struct message *m = (struct message *)(void *)e->messages;

		e->messages = m->link.next;
		m->link.next = NULL;
		o->answer(o->ctx, m, &close);
	}
	if (some && o->answered)
		o->answered(o->ctx);
}

bool
space_give_back(struct engine *e, bool *more, struct fault *f)
{
	int64_t spare, left;

	if (e->now.boot_ms < e->spare_ms)
		return true;
	e->spare_ms = e->now.boot_ms + SPARE_MS;
	spare = store_spare(e->store);
	if (spare == 0)
		return true;
	if (!store_begin(e->store, f) || !store_give_back(e->store, GIVE_BACK_PAGES, f))
		return false;
	left = store_spare(e->store);
	if (left > 0 && left < spare) {
		e->spare_ms = e->now.boot_ms;
		*more = true;
	}
	return true;
}

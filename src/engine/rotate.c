/* rotate.c - another store key, while all goes on: begun by a command, a portion a turn, told when it is over. */
// SPDX-License-Identifier: Apache-2.0
#include "engine/parts.h"

bool
rotate_begin(struct engine *e, struct command *c, struct fault *f)
{
	if (!store_begin(e->store, f))
		return false;
	if (!store_rotate(e->store, c->key, now_s(&e->now), f)) {
		if (f->kind != FAULT_OPERATOR)
			return false;
		c->fault = *f; /* it was refused, and nothing was written */
		f->kind = FAULT_NONE;
		return true;
	}
	seal_wipe(c->key, sizeof c->key);
	e->rotation_told = false;
	store_rotation_look(e->store, &c->status.rotation);
	c->ok = journalled_keys(e, f);
	return c->ok;
}

/* That it was told is stored in a turn of its own: whoever dies between tells it again, and nobody never. */
bool
rotate_portion(struct engine *e, bool *more, struct fault *f)
{
	struct store_rotation r;
	bool done = true;

	store_rotation_look(e->store, &r);
	if (!r.running && (r.ended_s == 0 || r.told_s != 0))
		return true;
	if (!r.running && e->rotation_told)
		return store_rotation_told(e->store, now_s(&e->now), f);
	if (!store_reseal(e->store, now_s(&e->now), &done, f))
		return false;
	e->out.rotated = done;
	e->scrub_wanted = e->scrub_wanted || done; /* what the log has of the old */
	*more = *more || r.running;
	return true;
}

void
rotate_release(struct engine *e, bool committed)
{
	struct store_rotation r;

	if (e->out.rotated && committed) {
		store_rotation_look(e->store, &r);
		e->rotation_told = !e->setup.outlet.rotated || e->setup.outlet.rotated(e->setup.outlet.ctx, &r);
	}
	e->out.rotated = false;
}

/* timing.c - which time it is: what the machine's clock says, unless it stepped and nobody says that it is right. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/parts.h"

#define STEP_MS 120000 /* a forward step of the clock beyond this holds sends */
#define NOISE_MS 1000  /* a difference up to this is none */
#define NOTE_S 600     /* so often it is written down what the time was */
#define DOWN_MS 86400000 /* nobody believes an unsynchronised clock that the machine was down for longer */

/* This boot, as a number: the boot clock of another one says nothing. */
static int64_t
boot_mark(const struct engine *e)
{
	uint64_t h = 14695981039346656037u;

	for (const char *p = e->setup.boot_id; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return (int64_t)h;
}

/* What is kept so long since it came is looked at by the clock that counts now. */
static void
look_at_kept(struct engine *e)
{
	e->moving = true;
	e->moving_at = 0;
	e->moving_place = 0;
}

/* Nothing un-fires and nothing is walked: what waits is loaded anew. */
static void
accept_clock(struct engine *e, int64_t offset_ms)
{
	int64_t step = offset_ms - e->clock_offset_ms;

	e->clock_offset_ms = offset_ms;
	e->clock_back = e->clock_back || step < -NOISE_MS;
	e->clock_changed = e->clock_changed || step < -NOISE_MS || step > NOISE_MS;
	if (step < -NOISE_MS || step > STEP_MS)
		ahead_restart(e);
	if (step < -STEP_MS || step > STEP_MS)
		look_at_kept(e);
}

/* Until somebody knows better, the clock of before the step goes on: a wrong
 * one would let texts expire and numbers be erased. */
static void
distrust(struct engine *e, int64_t offset_ms)
{
	if (!e->clock_held)
		engine_alarm(e, "the clock stepped forward: sends are held until it is synchronised "
		                "or an administrator runs nudgectl release clock", "clock");
	e->clock_held = true;
	e->clock_said_ms = offset_ms;
	e->now.wall_ms = e->now.boot_ms + e->clock_offset_ms;
}

/* In the same boot the offset is known. After another it was at least the time
 * that was written down last, and may be as much later as the machine was down. */
bool
timing_open(struct engine *e, struct fault *f)
{
	int64_t boot, offset, seen, said = e->now.wall_ms - e->now.boot_ms;

	if (!store_setting_get(e->store, "clock_boot", &boot, f) || !store_setting_get(e->store, "clock_offset", &offset, f) ||
	    !store_setting_get(e->store, "clock_seen", &seen, f))
		return false;
	e->clock_changed = boot != boot_mark(e);
	e->clock_offset_ms = !e->clock_changed ? offset :
	    seen > 0 && e->now.wall_ms - seen * 1000 > DOWN_MS ? seen * 1000 - e->now.boot_ms : said;
	if (said - e->clock_offset_ms > STEP_MS) /* the first turn knows whether it is synchronised */
		distrust(e, said);
	else
		accept_clock(e, said);
	return true;
}

/* What comes now is dated by this clock, which somebody vouches for, or nobody. */
static void
stamp(struct engine *e)
{
	store_clock(e->store, e->synchronised ? 0 : boot_mark(e), e->clock_offset_ms / 1000);
}

static void
follow(struct engine *e, int64_t said)
{
	if (said - e->clock_offset_ms > STEP_MS && !e->synchronised) {
		distrust(e, said);
		return;
	}
	if (e->clock_held)
		engine_alarm(e, e->synchronised ? "the clock is synchronised: sends go on" : "the clock was set back: sends go on", "clock");
	e->clock_held = false;
	accept_clock(e, said);
}

void
timing_take(struct engine *e, const struct turn_input *in)
{
	bool sound = in->clock_synchronised && !e->synchronised;

	e->now = in->now;
	e->synchronised = in->clock_synchronised;
	follow(e, in->now.wall_ms - in->now.boot_ms);
	if (sound)
		look_at_kept(e);
	stamp(e);
}

void
timing_release(struct engine *e)
{
	if (!e->clock_held)
		return;
	e->clock_held = false;
	accept_clock(e, e->clock_said_ms);
	e->now.wall_ms = e->now.boot_ms + e->clock_offset_ms;
	stamp(e);
}

/* By a clock that was set back, an id's window would look younger than it is:
 * it is over. */
static bool
close_windows(struct engine *e, struct fault *f)
{
	for (size_t i = 0; i < e->flights.n; i++) {
		struct text t;

		switch (store_text_get(e->store, e->flights.item[i].text, &t, f)) {
		case STORE_FAILED:
			return false;
		case STORE_NONE:
			continue;
		case STORE_FOUND:
			break;
		}
		(void)memset(t.boot_id, 0, sizeof t.boot_id);
		if (!store_text_put(e->store, &t, f))
			return false;
	}
	return true;
}

bool
timing_believes(const struct engine *e, int64_t at_s)
{
	return at_s <= now_s(&e->now) + AHEAD_S;
}

bool
timing_keep(struct engine *e, struct fault *f)
{
	int64_t now = now_s(&e->now);

	if (!e->clock_changed && now - e->clock_noted_s < NOTE_S && now >= e->clock_noted_s)
		return true;
	if (!store_begin(e->store, f) || !store_setting_put(e->store, "clock_boot", boot_mark(e), f) ||
	    !store_setting_put(e->store, "clock_offset", e->clock_offset_ms, f) || !store_setting_put(e->store, "clock_seen", now, f))
		return false;
	e->clock_noted_s = now;
	return !e->clock_back || close_windows(e, f);
}

bool
timing_move_kept(struct engine *e, struct fault *f)
{
	struct store_moving m = { .keep_s = { e->rules->conf->quarantine_retention_s, SAMPLE_KEEP_S }, .boot = boot_mark(e),
		.offset_s = e->clock_offset_ms / 1000, .sound_s = e->synchronised ? now_s(&e->now) : 0,
		.place = e->moving_place, .after = e->moving_at };
	bool done;

	if (!store_move_kept(e->store, &m, &done, f))
		return false;
	e->moving = !done;
	e->moving_place = m.place;
	e->moving_at = m.after;
	return true;
}

struct now
timing_of(const struct engine *e, const struct now *now)
{
	struct now n = *now;

	if (e->clock_held)
		n.wall_ms = n.boot_ms + e->clock_offset_ms;
	return n;
}

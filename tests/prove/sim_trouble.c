/* sim_trouble.c - see sim_trouble.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_trouble.h"

#include <stdio.h>
#include <string.h>

#include "cut_vfs.h"
#include "found_agrees.h"
#include "sim.h"
#include "sim_clinic.h"
#include "sim_house.h"
#include "sim_link.h"
#include "sim_refuse.h"
#include "sim_wire.h"

const char *const trouble_names[TROUBLES] = { "kill-nudged", "kill-sender", "power", "disk-full", "sync-fails", "clock", "suspend",
	"gateway-away", "gateway-odd", "slow-link", "rough-network" };

static struct {
	unsigned bits;
	int64_t quiet_ms;            /* from then on nothing fails */
	struct gateway_ways gateway;
	int64_t happened[TROUBLES], starts;
	char folder[64];
} the;

bool trouble_has(enum trouble t) { return the.bits >> t & 1; }
int64_t trouble_happened(enum trouble t) { return the.happened[t]; }
int64_t trouble_starts(void) { return the.starts; }

/* ---- up and down ---- */

static bool
books_are_right(void *ctx, const struct states_view *v)
{
	(void)ctx;
	if (!states_add_up(v))
		broken("promise 6: the states do not add up to what was planned");
	return true;
}

void
trouble_look_at_books(void)
{
	struct store_reader *r = NULL;
	struct fault f = { 0 };

	if (!store_reader_open(the.folder, &r, &f) || !store_read_states(r, books_are_right, NULL, &f))
		broken("promise 6: the books cannot be read: %s", f.text);
	store_reader_close(r);
	if (sim_store() && found_disagrees(sim_store()))
		broken("what finds rows is not what they say: %s", found_disagrees(sim_store()));
}

static void
start_nudged(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	if (house_is_up())
		return;
	the.starts++;
	if (!house_start()) {
		house_end(cut_happened() ? HOUSE_POWER : HOUSE_STOP);
		sim_at(5000, start_nudged, NULL, 0);
		return;
	}
	clinic_look(sim_store());
	if (dice(4) == 0)
		trouble_look_at_books();
}

static void
start_sender(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	if (!sender_is_up() && !sender_start())
		sim_at(5000, start_sender, NULL, 0);
}

static void
end_sender(bool killed, int64_t for_ms)
{
	if (!sender_is_up())
		return;
	sender_end(killed);
	sim_at(for_ms, start_sender, NULL, 0);
}

static void
clock_is_set_right(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	sim_step(-sim_skew_ms());
	house_synchronised(true);
}

/* A machine that starts anew asks its own clock chip, which is wrong by a day or more, or right. */
void
trouble_end_nudged(enum house_end how, int64_t for_ms)
{
	house_end(how);
	if (how == HOUSE_POWER && sim_skew_ms() > -DAY_MS && sim_skew_ms() < DAY_MS)
		clock_is_set_right(NULL, 0);
	sim_at(for_ms, start_nudged, NULL, 0);
}

/* ---- what goes wrong ---- */

static void disk_has_room(void *ctx, int64_t unused) { (void)ctx; (void)unused; cut_full(false); }
static void gateway_is_back(void *ctx, int64_t unused) { (void)ctx; (void)unused; sim_gateway_away(false); }

static void
gateway_is_itself(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	the.gateway.odd = the.gateway.lost = 0;
	sim_gateway_ways(&the.gateway);
}

void
trouble_set_clock(int64_t by_ms, int64_t for_ms)
{
	if (sim_wall_s() * 1000 + by_ms < 0) /* the system takes no time before 1970 */
		by_ms = -sim_wall_s() * 1000;
	sim_trace("the clock is set", by_ms, 0);
	house_synchronised(false);
	sim_step(by_ms);
	if (for_ms > 0)
		sim_at(for_ms, clock_is_set_right, NULL, 0);
}

static void
set_clock(void)
{
	static const int64_t steps_s[] = { 1, -1, 60, -60, 130, -130, 3600, -3600, 86400, -86400, 400 * 86400, -1795780800, 410000000 };

	trouble_set_clock(steps_s[dice(COUNT(steps_s))] * 1000 + (int64_t)dice(1000), 1000 + (int64_t)dice(2 * HOUR_MS));
}

static void
kill_nudged(void)
{
	if (!house_is_up())
		return;
	if (dice(2))
		house_die_after(1 + (long)dice(6));
	else
		trouble_end_nudged(HOUSE_KILL, 1000 + (int64_t)dice(luck(50) ? HOUR_MS : 20000));
}

static void
cut_power(void)
{
	if (house_is_up() && dice(3))
		cut_after(1 + (long)dice(40), dice(UINT32_MAX));
	else if (house_is_up()) {
		end_sender(true, 3000 + (int64_t)dice(60000));
		trouble_end_nudged(HOUSE_POWER, 2000 + (int64_t)dice(60000));
	}
}

static void
go_wrong(enum trouble f)
{
	sim_trace(trouble_names[f], 0, 0);
	the.happened[f]++;
	switch (f) {
	case KILL_NUDGED:
		kill_nudged();
		break;
	case KILL_SENDER:
		end_sender(true, 200 + (int64_t)dice(luck(100) ? HOUR_MS : 10000));
		break;
	case POWER:
		cut_power();
		break;
	case DISK_FULL:
		cut_full(true);
		sim_at((int64_t)dice(20 * 60000), disk_has_room, NULL, 0);
		break;
	case SYNC_FAILS:
		cut_fail_sync(1 + (long)dice(20));
		break;
	case CLOCK:
		set_clock();
		break;
	case SUSPEND:
		sim_advance(sim_ms() + 60000 + (int64_t)dice(8 * HOUR_MS));
		break;
	case GATEWAY_AWAY:
		sim_gateway_away(true);
		sim_at((int64_t)dice(3 * HOUR_MS), gateway_is_back, NULL, 0);
		break;
	case GATEWAY_ODD:
		the.gateway.odd = dice(900);
		the.gateway.lost = dice(500);
		sim_gateway_ways(&the.gateway);
		sim_at((int64_t)dice(HOUR_MS), gateway_is_itself, NULL, 0);
		break;
	case SLOW_LINK:
		sim_link_slow(dice(2));
		break;
	case ROUGH_NETWORK:
		sim_wires_rough(dice(2));
		break;
	case TROUBLES:
		break;
	}
}

static void
mischief(void *ctx, int64_t unused)
{
	enum trouble f = (enum trouble)dice(TROUBLES);

	(void)ctx;
	(void)unused;
	if (sim_ms() >= the.quiet_ms)
		return;
	if (trouble_has(f))
		go_wrong(f);
	sim_at((int64_t)dice(luck(300) ? 60000 : HOUR_MS / 2), mischief, NULL, 0);
}

/* From now on all is well. */
static void
calm(void *ctx, int64_t unused)
{
	(void)ctx;
	(void)unused;
	sim_trace("calm", 0, 0);
	cut_full(false);
	cut_fail_sync(0);
	refuse_calm();
	cut_after(0, 0);
	house_die_after(0);
	sim_gateway_away(false);
	gateway_is_itself(NULL, 0);
	the.gateway.twice = 0;
	sim_gateway_ways(&the.gateway);
	sim_link_slow(false);
	sim_wires_rough(false);
	clock_is_set_right(NULL, 0);
	clinic_calm();
}

void
trouble_live(int64_t until_ms)
{
	while (sim_ms() < until_ms) {
		int64_t next = INT64_MAX;

		if (house_is_up() && (house_has_died() || cut_happened())) {
			bool power = trouble_has(POWER) && !house_has_died();

			if (power || luck(200))
				end_sender(true, 3000 + (int64_t)dice(60000));
			trouble_end_nudged(trouble_has(POWER) ? HOUSE_POWER : HOUSE_KILL, 1000 + (int64_t)dice(10000));
			continue;
		}
		if (sim_do_one())
			continue;
		if (house_is_up()) {
			next = house_next_ms();
			if (next <= sim_ms()) {
				house_turn();
				continue;
			}
		}
		if (sim_next_ms() < next)
			next = sim_next_ms();
		sim_advance(next < until_ms ? next : until_ms);
	}
}

void
trouble_begin(unsigned bits, int64_t quiet_ms, const struct gateway_ways *g, const char *folder)
{
	memset(&the, 0, sizeof the);
	the.bits = bits;
	the.quiet_ms = quiet_ms;
	the.gateway = *g;
	(void)snprintf(the.folder, sizeof the.folder, "%s", folder);
	start_nudged(NULL, 0);
	start_sender(NULL, 0);
	sim_at(0, mischief, NULL, 0);
	sim_at(quiet_ms, calm, NULL, 0);
}

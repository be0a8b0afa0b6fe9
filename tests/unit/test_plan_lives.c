/* test_plan_lives.c - what holds of every plan, tried on many lives of one appointment made from a seed. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "clinic.h"

#define LIVES 1500
#define TURNS 24
#define KNOWN_MAX 512

static struct clinic clinic;
static struct zone *other_zone; /* the same wall clock under other rules */
static struct plan plan;

struct life {
	unsigned seed;
	uint64_t state;
	struct plan_input in;
	struct plan_known known[KNOWN_MAX];
	char where[64];
};

static uint64_t
below(struct life *l, uint64_t n)
{
	l->state = l->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (l->state >> 33) % n;
}

static void
make_known(struct life *l)
{
	for (size_t i = 0; i < plan.end_n; i++) {
		struct plan_known *k = &l->known[plan.end[i].id - 1];

		holds(l->where, k->state == TEXT_PENDING || k->state == TEXT_HELD);
		k->state = TEXT_VOID;
		k->reason = plan.end[i].reason;
	}
	for (size_t i = 0; i < plan.add_n; i++) {
		const struct plan_row *r = &plan.add[i];
		struct plan_known *k = &l->known[l->in.known_n++];

		holds("room for another row", l->in.known_n < KNOWN_MAX);
		*k = (struct plan_known){ .id = (int64_t)l->in.known_n, .kind = r->kind, .state = r->state,
			.reason = r->reason, .this_patient = true, .start_s = r->start_s, .due_s = r->due_s,
			.expires_s = r->expires_s };
		memcpy(k->rule, r->rule, sizeof k->rule);
		memcpy(k->fingerprint, r->fingerprint, sizeof k->fingerprint);
	}
}

static bool
in_its_window(const struct plan_row *r)
{
	const struct conf_window *w = strcmp(r->rule, "soon") == 0 ? &clinic.site.short_window : &clinic.site.window;

	return window_open(w, clinic.site_rules.zone, r->due_s);
}

static void
check_added(const struct life *l)
{
	for (size_t i = 0; i < plan.add_n; i++) {
		const struct plan_row *r = &plan.add[i];

		if (r->state != TEXT_PENDING) {
			holds(l->where, r->state == TEXT_SUPPRESSED && r->reason != REASON_NONE);
			continue;
		}
		holds(l->where, r->due_s >= l->in.now_s);
		holds(l->where, r->expires_s <= l->in.start_s);
		if (r->kind != TEXT_REMINDER)
			continue;
		holds(l->where, r->due_s < r->expires_s);
		holds(l->where, r->due_s == l->in.now_s || in_its_window(r));
	}
}

static void
check_known(const struct life *l)
{
	int confirmations = 0;

	for (size_t i = 0; i < l->in.known_n; i++) {
		const struct plan_known *k = &l->known[i];

		if (k->state == TEXT_VOID || k->state == TEXT_SUPPRESSED)
			holds(l->where, k->reason != REASON_NONE);
		if (k->state != TEXT_PENDING)
			continue;
		holds(l->where, k->this_patient);
		if (k->kind != TEXT_REMINDER) {
			holds(l->where, ++confirmations == 1);
			continue;
		}
		holds(l->where, k->start_s == l->in.start_s && l->in.status == VISIT_BOOKED);
		for (size_t j = 0; j < i; j++)
			holds(l->where, l->known[j].state != TEXT_PENDING || l->known[j].kind != TEXT_REMINDER ||
			    strcmp(l->known[j].rule, k->rule) != 0);
	}
}

static void
plan_twice(struct life *l)
{
	plan_fingerprint(&clinic.site, &l->in.wall, MODALITY_UNKNOWN, SPAN_NONE, l->in.fingerprint);
	plan_make(&l->in, &plan);
	check_added(l);
	make_known(l);
	check_known(l);
	plan_make(&l->in, &plan);
	same_int(l->where, plan.add_n, 0);
	same_int(l->where, plan.end_n, 0);
}

/* Time passes: what is due goes, or fails, or comes too late. */
static void
pass_time(struct life *l)
{
	static const enum text_state went[] = { TEXT_SENT, TEXT_DELIVERED, TEXT_FAILED, TEXT_UNKNOWN };

	l->in.now_s += (int64_t)below(l, 86400);
	for (size_t i = 0; i < l->in.known_n; i++) {
		struct plan_known *k = &l->known[i];

		if (k->state == TEXT_PENDING && k->due_s <= l->in.now_s && below(l, 4) != 0)
			k->state = k->expires_s <= l->in.now_s ? TEXT_EXPIRED : went[below(l, COUNT(went))];
	}
}

static void
move_start(struct life *l)
{
	l->in.start_s = l->in.now_s + (int64_t)below(l, 6 * 86400) - 3600;
	zone_civil(clinic.site_rules.zone, l->in.start_s, &l->in.wall);
}

static void
change_rules(struct life *l) /* the wall clock stays, its instant is another one */
{
	struct zone *was = clinic.site_rules.zone;

	clinic.site_rules.zone = other_zone;
	other_zone = was;
	l->in.start_s = zone_instant(clinic.site_rules.zone, &l->in.wall, NULL);
}

static void
live_a_turn(struct life *l)
{
	l->in.phone_changed = l->in.reminders_only = false;
	switch (below(l, 8)) {
	case 0:
	case 1:
		move_start(l);
		break;
	case 2:
		l->in.status = (enum visit_status)below(l, VISIT_STATUSES);
		break;
	case 3:
		l->in.status = VISIT_BOOKED;
		break;
	case 4:
		for (size_t i = 0; i < l->in.known_n; i++)
			l->known[i].this_patient = false;
		break;
	case 5:
		change_rules(l);
		l->in.reminders_only = true;
		break;
	case 6:
		l->in.may_send = below(l, 4) != 0;
		break;
	default:
		pass_time(l);
		break;
	}
	plan_twice(l);
}

static void
begin(struct life *l, unsigned seed)
{
	static const struct conf_window windows[] = { { 540, 1200, false, 0 }, { 0, 1440, true, 0 }, { 1320, 360, false, 0 } };

	memset(l, 0, sizeof *l);
	l->seed = seed;
	l->state = seed;
	clinic.site.window = windows[below(l, COUNT(windows))];
	clinic.site.short_window = windows[below(l, COUNT(windows))];
	clinic.site.late = below(l, 2) ? LATE_SEND : LATE_SKIP;
	clinic.site.settle_s = below(l, 2) ? 120 : 0;
	l->in = (struct plan_input){ .rules = &clinic.site_rules, .may_send = true, .status = VISIT_BOOKED,
		.has_start = true, .known = l->known };
	/* around the changes of spring and autumn, and any day */
	l->in.now_s = clinic_time(&clinic, seed % 3 == 0 ? "2026-03-06 12:00" :
	    seed % 3 == 1 ? "2026-10-30 12:00" : "2026-06-10 12:00") + (int64_t)below(l, 86400);
	move_start(l);
}

TEST(every_plan_is_idempotent_timely_single_and_gives_its_reason)
{
	static struct life l;

	for (unsigned seed = 1; seed <= LIVES; seed++) {
		begin(&l, seed);
		for (int turn = 0; turn < TURNS; turn++) {
			(void)snprintf(l.where, sizeof l.where, "seed %u turn %d", seed, turn);
			live_a_turn(&l);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		RUN(every_plan_is_idempotent_timely_single_and_gives_its_reason),
	};
	struct fault f = { 0 };
	int failed;

	clinic_open(&clinic);
	clinic.reminders[2] = (struct conf_reminder){ .title = word("ten"), .form = BEFORE_DAYS_AT,
		.before_s = 2 * 86400, .days = 2, .at_min = 600 };
	clinic.site.reminders_n = 3;
	if (!zone_load("America/Phoenix", &other_zone, &f))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	zone_free(other_zone);
	clinic_close(&clinic);
	return failed;
}

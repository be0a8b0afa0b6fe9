/* test_unknown_many.c - hundreds of texts that wait for one decision: each gets it, in portions, and none twice. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define DAY ((int64_t)86400)

enum { MANY = 250 };

/* n visits behind the first ones, in one turn. */
static void
book_from(struct rig *r, int before, int n, int64_t in_s)
{
	struct queue_link *first = NULL, **last = &first;

	for (int i = 0; i < n; i++) {
		char id[16], phone[PHONE_MAX];

		(void)snprintf(id, sizeof id, "N%d", before + i);
		(void)snprintf(phone, sizeof phone, "+1608%07d", 5550000 + before + i);
		*last = &message_of(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = in_s })->link;
		last = &(*last)->next;
	}
	(void)turn(r, first, NULL, NULL);
}

static void
book(struct rig *r, int n, int64_t in_s)
{
	book_from(r, 0, n, in_s);
}

/* All are at nudge-sender when it is lost, and nothing is heard of them until their windows are over. */
static void
lost(struct rig *r, const char *unknown, int64_t in_s)
{
	char more[120];

	(void)snprintf(more, sizeof more, "daily_cap = 0 storm_brake = off %s", unknown);
	rig_open(r, 60000, 0, more);
	book(r, MANY, in_s);
	same_int("all are out", r->jobs_n, MANY);
	sender(r, false);
	pass(r, 250);
	same_int("of none is known what came of it", status(r)->texts[TEXT_UNKNOWN], MANY);
}

struct released {
	int64_t n;
	bool more;
};

static void
note(void *ctx, const struct command *c)
{
	struct released *x = ctx;

	for (int k = 0; k < TEXT_KINDS; k++)
		x->n += c->counts[k];
	x->more = c->more;
}

/* As nudgectl does: asked for until there is no more. */
static int
release(struct rig *r, bool send, int64_t *n)
{
	struct released x = { 0, true };
	int asked = 0;

	r->on_reply = note;
	r->on_reply_ctx = &x;
	for (; x.more && asked < 20; asked++) {
		struct command *c = calloc(1, sizeof *c);

		assert_non_null(c);
		c->kind = COMMAND_RELEASE_SITE;
		c->release = send ? RELEASE_SEND : RELEASE_DROP;
		(void)snprintf(c->site, sizeof c->site, "cardiology");
		(void)turn(r, NULL, NULL, &c->link);
	}
	r->on_reply = NULL;
	*n = x.n;
	return asked;
}

TEST(all_are_sent_again_when_their_wait_is_over)
{
	struct rig r;

	lost(&r, "unknown = resend", 40 * DAY);
	sender(&r, true);
	pass(&r, 300);
	same_int("not before", status(&r)->unknown_resent, 0);
	for (int i = 0; i < 120 && status(&r)->unknown_resent == 0; i++)
		pass(&r, 5);
	same_int("all of them", status(&r)->unknown_resent, MANY);
	same_int("once", r.jobs_n, 2 * MANY);
	rig_close(&r);
}

TEST(a_long_storm_is_let_go_in_portions)
{
	static const bool sends[] = { true, false };

	for (size_t i = 0; i < COUNT(sends); i++) {
		struct rig r;
		int64_t n;

		rig_open(&r, 60000, 0, "daily_cap = 0 storm_brake = 1/min");
		for (int k = 0; k < 3; k++)
			book_from(&r, k * MANY, MANY, 40 * DAY);
		same_int("one went", r.jobs_n, 1);
		same_int("the others are held", status(&r)->texts[TEXT_HELD], 3 * MANY - 1);
		same_int("asked for twice", release(&r, sends[i], &n), 2);
		same_int("each of them", n, 3 * MANY - 1);
		same_int("none is left", status(&r)->texts[TEXT_HELD], 0);
		same_int("what is dropped ends", r.status.texts[TEXT_VOID], sends[i] ? 0 : 3 * MANY - 1);
		rig_close(&r);
	}
}

TEST(all_are_dropped_when_it_is_too_late_for_a_person)
{
	struct rig r;

	lost(&r, "unknown = hold", 7200);
	pass(&r, 800);
	same_int("held", status(&r)->unknown_held, MANY);
	r.now.wall_ms += 7200000;
	r.now.boot_ms += 7200000;
	pass(&r, 5);
	same_int("all of them", status(&r)->unknown_dropped, MANY);
	same_int("counted as told", r.status.texts[TEXT_UNKNOWN], MANY);
	rig_close(&r);
}

TEST(a_person_decides_on_all_of_them)
{
	for (int send = 0; send < 2; send++) {
		struct rig r;
		int64_t n;

		lost(&r, "unknown = hold", 40 * DAY);
		sender(&r, true);
		pass(&r, 800);
		same_int("held", status(&r)->unknown_held, MANY);
		same_int("in so many steps", release(&r, send, &n), 3);
		same_int("each is counted", n, MANY);
		pass(&r, 5);
		same_int("as the person said", r.jobs_n, send ? 2 * MANY : MANY);
		rig_close(&r);
	}
}

static void
hold(struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = COMMAND_HOLD_SITE;
	(void)snprintf(c->site, sizeof c->site, "cardiology");
	(void)snprintf(c->who, sizeof c->who, "anna");
	(void)turn(r, NULL, NULL, &c->link);
}

/* More than one step lets go, of what a person held and of what nobody knows. */
TEST(what_was_held_and_what_is_unknown_are_let_go_together)
{
	struct rig r;
	int64_t n;

	lost(&r, "unknown = hold", 40 * DAY);
	sender(&r, true);
	pass(&r, 800);
	rig_change(&r, "settle = 0s", "settle = 60s");
	for (int i = 0; i < 510; i++) {
		char id[16], phone[PHONE_MAX];

		(void)snprintf(id, sizeof id, "H%d", i);
		(void)snprintf(phone, sizeof phone, "+1608%07d", 5560000 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 40 * DAY });
	}
	hold(&r);
	pass(&r, 65);
	same_int("held by a person", status(&r)->texts[TEXT_HELD], 510);
	same_int("in so many steps", release(&r, false, &n), 3);
	same_int("all of both", n, MANY + 510);
	same_int("none is held", status(&r)->texts[TEXT_HELD], 0);
	rig_close(&r);
}

/* While what is held too long ends in portions, what is unknown is decided as well. */
TEST(what_is_held_too_long_ends_beside_what_is_unknown)
{
	struct rig r;

	lost(&r, "unknown = hold", 7200);
	sender(&r, true);
	rig_change(&r, "settle = 0s", "settle = 60s");
	for (int i = 0; i < MANY; i++) {
		char id[16], phone[PHONE_MAX];

		(void)snprintf(id, sizeof id, "H%d", i);
		(void)snprintf(phone, sizeof phone, "+1608%07d", 5560000 + i);
		(void)tell(&r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 6900 });
	}
	hold(&r);
	pass(&r, 800);
	same_int("held by a person", status(&r)->texts[TEXT_HELD], MANY);
	r.now.wall_ms += 7200000;
	r.now.boot_ms += 7200000;
	pass(&r, 5);
	same_int("too late", status(&r)->texts[TEXT_EXPIRED], MANY);
	same_int("and dropped", r.status.unknown_dropped, MANY);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(all_are_sent_again_when_their_wait_is_over), RUN(a_long_storm_is_let_go_in_portions),
		RUN(all_are_dropped_when_it_is_too_late_for_a_person),
		RUN(a_person_decides_on_all_of_them), RUN(what_was_held_and_what_is_unknown_are_let_go_together),
		RUN(what_is_held_too_long_ends_beside_what_is_unknown) };

	(void)setenv("NUDGE_RIG", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0); /* the disk is not what is tried here */
	return cmocka_run_group_tests(tests, NULL, NULL);
}

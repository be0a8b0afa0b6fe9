/* test_end.c - the end of an engine: what it did not come to is said no word about, and not kept either. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550100"

static char said[sizeof((struct fault *)0)->text + 1];

static void
note_reply(void *ctx, const struct command *c)
{
	(void)ctx;
	(void)snprintf(said, sizeof said, "%s", c->ok ? "ok" : c->fault.text);
}

TEST(what_was_given_too_late_is_not_acknowledged)
{
	struct rig r;
	struct message *a, *b;
	struct command *c = calloc(1, sizeof *c);
	struct sender_event *lost = calloc(1, sizeof *lost);

	rig_open(&r, 200, 0, "");
	r.on_reply = note_reply;
	a = message_of(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 90000 });
	b = message_of(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = 90000 });
	a->link.next = &b->link;
	c->kind = COMMAND_STATUS;
	lost->what = SENDER_LOST;
	engine_end(r.engine, &(struct turn_input){ .messages = &a->link, .events = &lost->link, .commands = &c->link });
	same_int("both connections", r.answers, 2);
	same_int("end without an answer", r.answer.what, ANSWER_CLOSE);
	holds("whoever asked is told", strstr(said, "stopping") != NULL);
	crash(&r);
	for (int i = 0; i < TEXT_STATES; i++)
		same_int("nothing of them is stored", status(&r)->texts[i], 0);
	rig_close(&r);
}

/* pain: a stop in the middle of a burst acknowledges what it never stored */
TEST(what_waits_behind_a_full_turn_is_not_acknowledged)
{
	struct rig r;
	struct queue_link *first = NULL, **last = &first;
	struct fault f = { 0 };
	struct turn_input in;
	char id[16];
	int taken;

	rig_open(&r, 200, 0, "");
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(id, sizeof id, "B%d", i);
		*last = &message_of(&r, (struct say){ .id = id, .control_id = id, .in_s = 90000 })->link;
		last = &(*last)->next;
	}
	in = (struct turn_input){ first, NULL, NULL, r.now, true, 0 };
	same_int("more waits", engine_turn(r.engine, &in, &f), TURN_MORE);
	taken = r.answers;
	same_int("those taken are answered", r.answer.what, ANSWER_SEND);
	engine_end(r.engine, &(struct turn_input){ .messages = NULL });
	same_int("all have come back", r.answers, 2000);
	same_int("the others without an answer", r.answer.what, ANSWER_CLOSE);
	crash(&r);
	(void)snprintf(id, sizeof id, "B%d", taken - 1);
	(void)tell(&r, (struct say){ .id = id, .control_id = id, .in_s = 90000 });
	same_int("what was acknowledged is there", status(&r)->messages_duplicate, 1);
	(void)snprintf(id, sizeof id, "B%d", taken);
	(void)tell(&r, (struct say){ .id = id, .control_id = id, .in_s = 90000 });
	same_int("what was not is new", status(&r)->messages_accepted, 1);
	rig_close(&r);
}

TEST(nothing_can_be_freed)
{
	engine_free(NULL);
	command_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_was_given_too_late_is_not_acknowledged), RUN(what_waits_behind_a_full_turn_is_not_acknowledged), RUN(nothing_can_be_freed) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

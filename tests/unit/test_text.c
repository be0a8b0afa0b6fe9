/* test_text.c - promise 6: a text is always in one named state, and moves only along the table. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/text.h"

static const struct story {
	const char *rule;
	enum text_event ev[6];
	int n;
	enum text_state end;
} stories[] = {
	{ "a text that goes well", { TEXT_EV_ARM, TEXT_EV_ACCEPTED, TEXT_EV_REPORT_OK }, 3, TEXT_DELIVERED },
	{ "promise 4: silence ends in unknown, and arming does not bring it back",
		{ TEXT_EV_ARM, TEXT_EV_SILENCE, TEXT_EV_ARM, TEXT_EV_BACK }, 4, TEXT_UNKNOWN },
	{ "a late report settles an unknown text", { TEXT_EV_ARM, TEXT_EV_SILENCE, TEXT_EV_REPORT_OK }, 3, TEXT_DELIVERED },
	{ "a late acceptance settles an unknown text", { TEXT_EV_ARM, TEXT_EV_SILENCE, TEXT_EV_ACCEPTED }, 3, TEXT_SENT },
	{ "certainly refused, then taken under a new id", { TEXT_EV_ARM, TEXT_EV_BACK, TEXT_EV_ARM, TEXT_EV_ACCEPTED }, 4,
		TEXT_SENT },
	{ "a gate ends it before it is armed", { TEXT_EV_GATE, TEXT_EV_ARM }, 2, TEXT_SUPPRESSED },
	{ "a void text is never armed", { TEXT_EV_VOID, TEXT_EV_ARM, TEXT_EV_REPORT_BAD }, 3, TEXT_VOID },
	{ "taken, though it was given back and held", { TEXT_EV_ARM, TEXT_EV_BACK, TEXT_EV_HOLD, TEXT_EV_ACCEPTED, TEXT_EV_RELEASE }, 5,
		TEXT_SENT },
	{ "delivered, though it was sent back and held", { TEXT_EV_ARM, TEXT_EV_SILENCE, TEXT_EV_RESEND, TEXT_EV_HOLD, TEXT_EV_REPORT_OK }, 5,
		TEXT_DELIVERED },
	{ "a bad report on what waits to go again says nothing of that", { TEXT_EV_ARM, TEXT_EV_SILENCE, TEXT_EV_RESEND, TEXT_EV_HOLD,
		TEXT_EV_REPORT_BAD }, 5, TEXT_HELD },
	{ "taken, though it was given back and ended", { TEXT_EV_ARM, TEXT_EV_BACK, TEXT_EV_VOID, TEXT_EV_ACCEPTED, TEXT_EV_REPORT_OK }, 5,
		TEXT_DELIVERED },
	{ "held and released", { TEXT_EV_HOLD, TEXT_EV_ARM, TEXT_EV_RELEASE, TEXT_EV_ARM }, 4, TEXT_SENDING },
	{ "delivered outranks failed", { TEXT_EV_ARM, TEXT_EV_ACCEPTED, TEXT_EV_REPORT_BAD, TEXT_EV_REPORT_OK }, 4,
		TEXT_DELIVERED },
	{ "failed does not outrank delivered", { TEXT_EV_ARM, TEXT_EV_ACCEPTED, TEXT_EV_REPORT_OK, TEXT_EV_REPORT_BAD }, 4,
		TEXT_DELIVERED },
	{ "the second copy of an acceptance changes nothing", { TEXT_EV_ARM, TEXT_EV_ACCEPTED, TEXT_EV_ACCEPTED }, 3, TEXT_SENT },
};

TEST(stories_end_where_they_must)
{
	for (size_t i = 0; i < COUNT(stories); i++) {
		enum text_state s = TEXT_PENDING;

		for (int k = 0; k < stories[i].n; k++)
			s = text_step(s, stories[i].ev[k]);
		same_text(stories[i].rule, text_state_name(s), text_state_name(stories[i].end));
	}
}

TEST(only_a_pending_text_is_armed)
{
	for (int s = TEXT_PENDING; s < TEXT_STATES; s++) {
		enum text_state next = text_step((enum text_state)s, TEXT_EV_ARM);

		same_int("promise 4: one row, one arming", next == TEXT_SENDING, s == TEXT_PENDING || s == TEXT_SENDING);
	}
}

TEST(an_end_is_left_by_nothing_but_better_news)
{
	for (int s = TEXT_PENDING; s < TEXT_STATES; s++)
		for (int ev = 0; ev < TEXT_EVENTS; ev++) {
			enum text_state next = text_step((enum text_state)s, (enum text_event)ev);

			/* A person, or the policy a person set, may want an unknown one again. */
			if (text_is_final((enum text_state)s))
				holds("a final state stays final", text_is_final(next) || (s == TEXT_UNKNOWN && ev == TEXT_EV_RESEND));
			if (s == TEXT_SUPPRESSED || s == TEXT_EXPIRED || s == TEXT_VOID)
				same_int("nothing moves it but that it was taken", next,
				    ev == TEXT_EV_ACCEPTED ? TEXT_SENT : ev == TEXT_EV_REPORT_OK ? TEXT_DELIVERED : s);
			if (s == TEXT_DELIVERED)
				same_int("nothing moves it", next, s);
		}
}

TEST(every_state_and_reason_has_its_words)
{
	for (int s = TEXT_PENDING; s < TEXT_STATES; s++)
		holds("a state has a name", text_state_name((enum text_state)s)[0] != '\0');
	for (int r = REASON_NONE + 1; r < REASONS; r++) {
		holds("a reason has a name", reason_name((enum text_reason)r)[0] != '\0');
		holds("a reason has a sentence", strlen(reason_sentence((enum text_reason)r)) > 5);
	}
}

/* A row of a store that a later version wrote, say. */
TEST(what_is_none_has_no_name_and_is_no_crash)
{
	same_text("state", text_state_name(TEXT_STATES), "none");
	same_text("reason", reason_name(REASONS), "");
	same_text("its sentence", reason_sentence(REASONS), "");
	same_text("how a visit takes place", modality_name(MODALITIES), "");
	same_text("kind", text_kind_name(TEXT_KINDS), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(stories_end_where_they_must), RUN(only_a_pending_text_is_armed),
		RUN(an_end_is_left_by_nothing_but_better_news), RUN(every_state_and_reason_has_its_words),
		RUN(what_is_none_has_no_name_and_is_no_crash) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_bookings.c - what a message says of a visit, and does not: each goes into its row, or leaves it as it was. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define DAY ((int64_t)86400)
#define PHONE "+16085550123"

static struct message *
booked(struct rig *r, const char *id, struct booking **b)
{
	struct message *m = message_of(r, (struct say){ .id = id, .phone = PHONE, .in_s = 2 * DAY });

	*b = m->bookings;
	return m;
}

static struct appointment
row(struct rig *r, int64_t id)
{
	struct appointment a;
	struct fault f = { 0 };

	same_int("the row is there", store_appointment_get(r->store, id, now_s(&r->now), &a, &f), STORE_FOUND);
	return a;
}

static void
give(struct rig *r, struct message *m)
{
	(void)turn(r, &m->link, NULL, NULL);
	same_int("accepted", r->answer.verdict, VERDICT_ACCEPT);
}

TEST(what_is_not_said_stays_and_what_is_cleared_goes)
{
	struct booking *b;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", &b);
	b->language = SPAN_LIT("es");
	b->link_state = FIELD_SET;
	b->link = SPAN_LIT("https://v.example/1");
	b->departments = SPAN_LIT("CARD\x1f");
	b->duration_s = 1800;
	give(&r, m);
	same_text("language", row(&r, 1).language, "es");
	same_text("link", row(&r, 1).link, "https://v.example/1");
	give(&r, booked(&r, "A1", &b));
	same_text("nothing said of the language", row(&r, 1).language, "es");
	same_text("of the link", row(&r, 1).link, "https://v.example/1");
	same_text("of the department", row(&r, 1).departments, "CARD\x1f");
	same_int("of how long it takes", row(&r, 1).duration_s, 1800);
	m = booked(&r, "A1", &b);
	b->link_state = FIELD_CLEAR;
	give(&r, m);
	same_text("a link that was cleared", row(&r, 1).link, "");
	rig_close(&r);
}

TEST(a_link_that_is_too_long_is_none)
{
	static char link[STORE_LINK_MAX + 1] = "https://v.example/";
	struct booking *b;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	memset(link + 18, 'x', STORE_LINK_MAX - 18);
	for (size_t n = STORE_LINK_MAX - 1; n <= STORE_LINK_MAX; n++) {
		m = booked(&r, "A1", &b);
		b->link_state = FIELD_SET;
		b->link = span_from(link, n);
		give(&r, m);
		same_int("as long as there is room for", strlen(row(&r, 1).link), n < STORE_LINK_MAX ? n : 0);
	}
	rig_close(&r);
}

TEST(more_words_than_there_is_room_for_end_where_a_word_does)
{
	static char words[STORE_SAID_MAX + 8];
	struct booking *b;
	struct message *m;
	struct rig r;
	size_t n;

	rig_open(&r, 6000, 0, "");
	for (size_t i = 0; i < sizeof words - 1; i++)
		words[i] = i % 9 == 8 ? SAID_SEPARATOR : 'D';
	m = booked(&r, "A1", &b);
	b->departments = span_of(words);
	give(&r, m);
	n = strlen(row(&r, 1).departments);
	holds("nearly all", n < STORE_SAID_MAX && n + 9 >= STORE_SAID_MAX);
	same_int("and a sign that there were more", row(&r, 1).departments[n - 1], SAID_SEPARATOR);
	memset(words, 'D', sizeof words - 1);
	m = booked(&r, "A2", &b);
	b->visit_types = span_of(words);
	give(&r, m);
	same_text("one word that is longer is none", row(&r, 2).visit_types, "");
	rig_close(&r);
}

TEST(another_name_of_a_visit_is_not_its_own)
{
	struct span names[] = { SPAN_LIT("A1"), SPAN_LIT("PLACER7") };
	struct booking *b;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", &b);
	b->aliases_n = COUNT(names);
	memcpy(b->aliases, names, sizeof names);
	give(&r, m);
	m = message_of(&r, (struct say){ .id = "PLACER7", .in_s = 3 * DAY });
	m->bookings[0].has_filler_id = false;
	give(&r, m);
	same_int("known by it", row(&r, 1).start_s, now_s(&r.now) + 3 * DAY);
	m = message_of(&r, (struct say){ .id = "PLACER7", .patient = "another", .in_s = 4 * DAY });
	m->bookings[0].has_filler_id = false;
	give(&r, m);
	same_int("by its own patient", row(&r, 1).start_s, now_s(&r.now) + 3 * DAY);
	m = message_of(&r, (struct say){ .id = "PLACER8", .in_s = 4 * DAY });
	m->bookings[0].has_filler_id = false;
	give(&r, m);
	same_int("a name that nobody has is another visit", row(&r, 1).start_s, now_s(&r.now) + 3 * DAY);
	rig_close(&r);
}

TEST(an_old_id_is_one_when_it_is_another_and_of_this_patient)
{
	struct booking *b;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	give(&r, booked(&r, "A1", &b));
	m = booked(&r, "A1", &b);
	b->old_id = SPAN_LIT("A1");
	give(&r, m);
	same_text("its own is none", row(&r, 1).appointment_id, "A1");
	m = booked(&r, "A2", &b);
	b->old_id = SPAN_LIT("NOBODYS");
	give(&r, m);
	same_text("one that nobody has leaves a new visit", row(&r, 2).appointment_id, "A2");
	m = booked(&r, "A3", &b);
	b->old_id = SPAN_LIT("A2");
	b->patient = SPAN_LIT("another");
	give(&r, m);
	same_text("another patient's stays", row(&r, 2).appointment_id, "A2");
	same_text("and the new one is its own", row(&r, 3).appointment_id, "A3");
	m = booked(&r, "A4", &b);
	b->old_id = SPAN_LIT("A2");
	b->patient = SPAN_NONE;
	give(&r, m);
	same_text("nor of nobody named", row(&r, 2).appointment_id, "A2");
	m = booked(&r, "A1", &b);
	b->old_id = SPAN_LIT("A2");
	give(&r, m);
	same_text("a visit that is known keeps its row", row(&r, 1).appointment_id, "A1");
	same_text("and the other its own", row(&r, 2).appointment_id, "A2");
	m = booked(&r, "A5", &b);
	b->old_id = SPAN_LIT("A2");
	give(&r, m);
	same_text("this patient's has another name now", row(&r, 2).appointment_id, "A5");
	rig_close(&r);
}

TEST(what_is_of_no_site_here_is_not_kept)
{
	struct booking *b;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", &b);
	b->site = NULL;
	give(&r, m);
	same_int("ignored", status(&r)->messages_ignored, 1);
	m = message_of(&r, (struct say){ .id = "A2", .phone = PHONE, .in_s = -3 * DAY });
	give(&r, m);
	same_int("nor is a visit that is over", r.jobs_n, 0);
	give(&r, booked(&r, "A3", &b));
	m = booked(&r, "A3", &b);
	b->site = NULL;
	b->site_not_said = true;
	b->has_start = false;
	give(&r, m);
	same_int("a known one without a site stays where it was", row(&r, 1).left_site, false);
	m = booked(&r, "A3", &b);
	b->site = NULL;
	give(&r, m);
	same_int("one that went elsewhere has left", row(&r, 1).left_site, true);
	same_int("what waited does not go", status(&r)->texts[TEXT_PENDING], 0);
	rig_close(&r);
}

TEST(several_visits_of_one_message)
{
	struct booking *b, *two;
	struct message *m;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", &b);
	two = arena_take(&m->arena, 2 * sizeof *two);
	two[0] = two[1] = *b;
	two[0].site = NULL;
	two[0].appointment_id = SPAN_LIT("ELSEWHERE");
	m->bookings = two;
	m->bookings_n = 2;
	give(&r, m);
	same_int("accepted for the one that is ours", status(&r)->messages_accepted, 1);
	same_text("which is kept", row(&r, 1).appointment_id, "A1");
	rig_close(&r);
}

TEST(a_message_that_was_read_under_rules_of_before)
{
	struct booking *b;
	struct message *m, *gone;
	struct rig r;

	rig_open(&r, 6000, 0, "");
	m = booked(&r, "A1", &b);
	gone = booked(&r, "A2", &b);
	gone->bookings[0].site = NULL;
	rig_change(&r, "608-271-9000", "608-271-9001");
	give(&r, m);
	same_int("is of the site as it is now", r.jobs_n, 1);
	give(&r, gone);
	m = booked(&r, "A3", &b);
	rig_change(&r, "site \"cardiology\"", "site \"oncology\"");
	give(&r, m);
	same_int("of a site that went it is of none", status(&r)->messages_ignored, 2);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_not_said_stays_and_what_is_cleared_goes), RUN(a_link_that_is_too_long_is_none),
		RUN(more_words_than_there_is_room_for_end_where_a_word_does), RUN(another_name_of_a_visit_is_not_its_own),
		RUN(an_old_id_is_one_when_it_is_another_and_of_this_patient), RUN(what_is_of_no_site_here_is_not_kept),
		RUN(several_visits_of_one_message), RUN(a_message_that_was_read_under_rules_of_before) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_template_edges.c - the largest template, a file of another editor, and the dearest text that can come of one. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "nudge/sms.h"
#include "policy/words.h"

#define REST "[changed]\nc\n[canceled]\nd\n[reminder]\ne\n"
#define START_S INT64_C(1795276800) /* Saturday 2026-11-21, 10:00 in Chicago */

static struct zone *chicago;

static int
set_up(void **state)
{
	struct fault f;

	(void)state;
	return zone_load("America/Chicago", &chicago, &f) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	zone_free(chicago);
	return 0;
}

static struct sms_templates *
read_templates(const char *rule, const char *language, const char *text)
{
	struct sms_templates *t = NULL;
	struct fault f = { .kind = FAULT_NONE };

	if (!sms_templates_read("templates/en", language, span_of(text), &t, &f))
		fail_msg("%s: %s", rule, f.text);
	return t;
}

/* Where there is room for 64: the one that is too many, of each kind. */
TEST(more_parts_than_there_is_room_for_are_refused)
{
	static const struct {
		const char *rule, *unit, *last;
		size_t n;
		bool fine;
	} rows[] = {
		{ "64 values", "{site}", "", 64, true },
		{ "a value more", "{site}", "{site}", 64, false },
		{ "words more", "{site}", "a", 64, false },
		{ "a part more", "{site}", "[[a {link}]]", 64, false },
		{ "its end more", "{site}", "[[{link}]]", 62, false },
		{ "its end still", "{site}", "[[{link}]]", 61, true },
		{ "a condition more", "{site}", "[[{if video}a]]", 63, false },
		{ "words behind a line more", "{site}", "\nb", 64, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char file[1024] = "[booked]\n";
		struct sms_templates *t = NULL;
		struct fault f = { .kind = FAULT_NONE };

		for (size_t k = 0; k < rows[i].n; k++)
			strcat(file, rows[i].unit);
		strcat(file, rows[i].last);
		strcat(file, "\n" REST);
		same_int(rows[i].rule, sms_templates_read("t", "en", span_of(file), &t, &f), rows[i].fine);
		holds(rows[i].rule, rows[i].fine || strstr(f.text, "more than 32 variables and [[ ]] in one text"));
		sms_templates_free(t);
	}
}

TEST(a_file_of_an_editor_of_windows_is_read)
{
	struct sms_templates *t = read_templates("BOM", "en", "\xef\xbb\xbf[booked]\r\na {site}\r\n" REST);
	const struct sms_values v = { .site = SPAN_LIT("b"), .start_s = START_S, .zone = chicago };
	struct buf b;

	buf_init(&b, 4096);
	holds("rendered", sms_render(t, TEXT_BOOKED, &v, &b));
	same_text("without it", buf_text(&b), "a b");
	holds("nothing asks how a visit takes place", !sms_uses_modality(t, TEXT_BOOKED));
	buf_clear(&b);
	sms_templates_free(t);
	t = read_templates("if", "en", "[booked]\na [[{if video}b]]\n" REST);
	holds("one does", sms_uses_modality(t, TEXT_BOOKED) && !sms_uses_modality(t, TEXT_CANCELED));
	sms_templates_free(t);
	same_text("beyond the last variable", variable_name(VARIABLES), "");
	same_text("an emergency in Norway", sms_emergency_number("NO"), "112");
	same_text("and in Chicago", sms_emergency_number("US"), "911");
}

TEST(what_a_text_costs_at_most)
{
	struct sms_templates *t = read_templates("es", "es", "[booked]\n{start_date}\n" REST);
	struct sms_values v = { .zone = chicago };
	struct sms_size size = sms_worst(t, TEXT_BOOKED, &v);
	char link[2100];

	holds("of one segment, but of the dearer alphabet", size.segments == 1 && size.ucs2 && size.culprit == 0xe1);
	sms_templates_free(t);
	memset(link, 'a', sizeof link);
	t = read_templates("video", "en", "[booked]\nhello [[{if video}{link}]]\n" REST);
	v = (struct sms_values){ .zone = chicago, .link = span_from(link, sizeof link), .modality = MODALITY_OFFICE };
	same_int("a visit at the clinic", sms_worst(t, TEXT_BOOKED, &v).segments, 1);
	v.may_be = 1u << MODALITY_VIDEO;
	same_int("one by video is longer than the gateway takes", sms_worst(t, TEXT_BOOKED, &v).segments, 0);
	sms_templates_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(more_parts_than_there_is_room_for_are_refused), RUN(a_file_of_an_editor_of_windows_is_read),
		RUN(what_a_text_costs_at_most) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

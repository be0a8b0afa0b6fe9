/* test_phone_choose.c - telephone fields as real feeds fill them, and the number that must win. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/phone.h"

/* The components that a row sets; the order is that of XTN. */
struct xtn {
	const char *text, *use, *equipment, *address, *country, *area, *local, *extension, *any, *unformatted;
	bool ended;
	int preference;
};

#define HOME { .text = "(608)555-0100", .use = "PRN", .equipment = "PH" }
#define CELL { .text = "(608)555-0101", .use = "PRN", .equipment = "CP" }
#define WORK { .text = "(608)555-0102", .use = "WPN", .equipment = "PH" }

static const struct {
	const char *rule, *country;
	struct xtn c[4];
	size_t n;
	bool known_only; /* take_unknown is off */
	int index, score;
	enum phone_result why;
	const char *e164;
} rows[] = {
	{ "a cell phone wins over the first", "US",
	  { HOME, CELL, WORK }, 3, false, 1, 8, PHONE_OK, "+16085550101" },
	{ "the only number, type not said", "US", { HOME }, 1, false, 0, 0, PHONE_OK, "+16085550100" },
	{ "type not said is not taken where the site says no", "US", { HOME }, 1, true, -1, 0, PHONE_OK, "" },
	{ "a known cell phone is taken there", "US",
	  { HOME, CELL }, 2, true, 1, 8, PHONE_OK, "+16085550101" },
	{ "work numbers lose", "US", { WORK, HOME }, 2, false, 1, 0, PHONE_OK, "+16085550100" },
	{ "a work number alone is better than none", "US",
	  { WORK }, 1, false, 0, -4, PHONE_OK, "+16085550102" },
	{ "a work number is not taken where the type must be known", "US",
	  { WORK }, 1, true, -1, 0, PHONE_OK, "" },
	{ "a cell phone of work is a cell phone", "US",
	  { HOME, { .text = "6085550103", .use = "WPN", .equipment = "CP" } }, 2, false, 1, 8, PHONE_OK,
	    "+16085550103" },
	{ "equipment in small letters", "US",
	  { HOME, { .text = "6085550103", .equipment = "cell" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "M for mobile", "US",
	  { HOME, { .text = "6085550103", .equipment = "M" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "MOB for mobile", "US",
	  { HOME, { .text = "6085550103", .equipment = "MOB" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "a display word as use", "US",
	  { { .text = "6085550100", .use = "HOME" }, { .text = "6085550103", .use = "MOBILE" },
	    { .text = "a@b.example", .use = "EMAIL" } }, 3, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "a word where the e-mail address belongs", "GB",
	  { { .text = "020 7946 0123", .address = "HOME", .any = "Y" }, { .text = "07700 900123",
	    .address = "MOBILE", .any = "N" } }, 2, false, 1, 8, PHONE_OK, "+447700900123" },
	{ "a word in the free text", "US",
	  { HOME, { .text = "6085550103", .use = "ORN", .any = "Cell - text ok" } }, 2, false, 1, 8, PHONE_OK,
	    "+16085550103" },
	{ "cell and its word count both", "US",
	  { CELL, { .text = "6085550103", .use = "MOBILE", .equipment = "CP" } }, 2, false, 1, 16, PHONE_OK,
	    "+16085550103" },
	{ "the word in the equipment", "US",
	  { HOME, { .text = "6085550103", .equipment = "Cell phone" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "the word in brackets", "US",
	  { HOME, { .text = "6085550103", .any = "(cell)" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "the word in square brackets", "US",
	  { HOME, { .text = "6085550103", .any = "[Cell]" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "the word in curly brackets", "US",
	  { HOME, { .text = "6085550103", .any = "{MOBILE}" } }, 2, false, 1, 8, PHONE_OK, "+16085550103" },
	{ "\"automobile\" is no mobile", "US",
	  { { .text = "6085550103", .any = "AUTOMOBILE" }, { .text = "6085550104", .any = "automobile" } }, 2, true, -1, 0,
	    PHONE_OK, "" },
	{ "an equipment that is no word", "US",
	  { { .text = "6085550103", .equipment = "{CP}" } }, 1, false, 0, 0, PHONE_OK, "+16085550103" },
	{ "\"canceled\" is no cell", "US",
	  { { .text = "6085550103", .any = "cancelled plan" }, HOME }, 2, true, -1, 0, PHONE_OK, "" },
	{ "a personal number beats one of unknown type", "US",
	  { HOME, { .text = "6085550103", .use = "PRS" } }, 2, true, 1, 3, PHONE_OK, "+16085550103" },
	{ "preference breaks a tie", "US",
	  { { .text = "6085550103", .equipment = "CP", .preference = 2 }, { .text = "6085550104",
	    .equipment = "CP", .preference = 1 } }, 2, false, 1, 8, PHONE_OK, "+16085550104" },
	{ "a said preference beats none", "US",
	  { CELL, { .text = "6085550104", .equipment = "CP", .preference = 9 } }, 2, false, 1, 8, PHONE_OK,
	    "+16085550104" },
	{ "preferred Y breaks a tie", "US",
	  { HOME, { .text = "6085550104", .any = "Y" } }, 2, false, 1, 0, PHONE_OK, "+16085550104" },
	{ "preference does not beat the type", "US",
	  { CELL, { .text = "6085550104", .preference = 1 } }, 2, false, 0, 8, PHONE_OK, "+16085550101" },
	{ "then order decides", "US",
	  { CELL, { .text = "6085550104", .equipment = "CP" } }, 2, false, 0, 8, PHONE_OK, "+16085550101" },
	{ "two numbers without any type: the plan knows the mobile", "GB",
	  { { .text = "020 7946 0123" }, { .text = "07700 900123" } }, 2, true, 1, 0, PHONE_OK,
	    "+447700900123" },

	{ "the plan's mobile is better where any is taken", "GB",
	  { { .text = "020 7946 0123" }, { .text = "07700 900123" } }, 2, false, 1, 0, PHONE_OK,
	    "+447700900123" },
	{ "of two mobiles of the plan the first", "GB",
	  { { .text = "07700 900123" }, { .text = "07700 900124" } }, 2, false, 0, 0, PHONE_OK,
	    "+447700900123" },

	{ "fax is out", "US",
	  { { .text = "6085550100", .equipment = "FX" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "pager is out", "US",
	  { { .text = "6085550100", .equipment = "BP" }, HOME }, 2, false, 1, 0, PHONE_OK, "+16085550100" },
	{ "modem is out", "US",
	  { { .text = "6085550100", .equipment = "MD" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "TTY is out", "US",
	  { { .text = "6085550100", .equipment = "TTY" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "TDD is out", "US",
	  { { .text = "6085550100", .equipment = "TDD" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "e-mail is out", "US",
	  { { .use = "NET", .equipment = "Internet", .address = "a6085550100@b.example" } }, 1, false, -1, 0,
	    PHONE_EMPTY, "" },
	{ "X.400 is out", "US",
	  { { .text = "6085550100", .equipment = "X.400" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "a beeper by its use is out", "US",
	  { { .text = "6085550100", .use = "BPN" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "a number that has ended is out", "US",
	  { { .text = "6085550103", .equipment = "CP", .ended = true }, HOME }, 2, false, 1, 0, PHONE_OK,
	    "+16085550100" },

	{ "an e-mail riding in a phone does no harm", "US",
	  { { .text = "6085550100", .use = "PRN", .equipment = "PH", .address = "a@b.example" } }, 1, false,
	    0, 0, PHONE_OK, "+16085550100" },
	{ "area and local number", "US",
	  { { .use = "PRN", .equipment = "CP", .area = "608", .local = "5550101" } }, 1, false, 0, 8,
	    PHONE_OK, "+16085550101" },
	{ "country, area and local number", "US",
	  { { .equipment = "CP", .country = "1", .area = "608", .local = "555-0101" } }, 1, false, 0, 8,
	    PHONE_OK, "+16085550101" },
	{ "a country written as it is dialled", "US",
	  { { .equipment = "CP", .country = "0044", .area = "07700", .local = "900123" } }, 1, false, 0, 8,
	    PHONE_OK, "+447700900123" },
	{ "a country with its plus", "US",
	  { { .country = "+44", .area = "07700", .local = "900123" } }, 1, false, 0, 0, PHONE_OK, "+447700900123" },
	{ "a country of zeros is none", "US",
	  { { .country = "0", .area = "608", .local = "5550101" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "a country of zeros makes no number of another country", "GB",
	  { { .country = "00", .area = "07700", .local = "900123" } }, 1, false, 0, 0, PHONE_OK, "+447700900123" },
	{ "components shifted by one", "US",
	  { { .use = "PRN", .country = "PH", .area = "608", .local = "5550101" } }, 1, false, 0, 0, PHONE_OK,
	    "+16085550101" },
	{ "the free text goes before the parts", "US",
	  { { .text = "6085550101", .area = "608", .local = "5550199" } }, 1, false, 0, 0, PHONE_OK,
	    "+16085550101" },
	{ "a free text of a few digits goes behind the parts", "US",
	  { { .text = "12", .area = "608", .local = "5550101" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "of two parts of a number the first is told of", "US",
	  { { .text = "555-01", .address = "12x" } }, 1, false, -1, 0, PHONE_SHORT, "" },
	{ "the unformatted number", "US",
	  { { .equipment = "CP", .unformatted = "+16085550101" } }, 1, false, 0, 8, PHONE_OK,
	    "+16085550101" },
	{ "a local number without its area goes behind the unformatted one", "US",
	  { { .local = "0101", .unformatted = "6085550101" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "the number where the e-mail address belongs", "DK",
	  { { .equipment = "CP", .address = "+4520123456" } }, 1, false, 0, 8, PHONE_OK, "+4520123456" },

	{ "an extension cannot be texted", "US",
	  { { .text = "6085550101", .equipment = "CP", .extension = "12" } }, 1, false, -1, 0,
	    PHONE_EXTENSION, "" },
	{ "an extension of nothing", "US", { { .extension = "12" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "an extension behind a dash", "US",
	  { { .text = "(608)555-0101-x12" } }, 1, false, -1, 0, PHONE_EXTENSION, "" },
	{ "an extension that is not said is none", "US",
	  { { .text = "(608)555-0101X" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "a comment behind a tabulator is cut", "US",
	  { { .text = "(608)555-0101\tcall first" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "an extension in the text", "US",
	  { { .text = "(608)555-0101X12" } }, 1, false, -1, 0, PHONE_EXTENSION, "" },
	{ "an extension behind a blank", "US",
	  { { .text = "(608)555-0101 x 12" } }, 1, false, -1, 0, PHONE_EXTENSION, "" },
	{ "a beeper code in the text", "US",
	  { { .text = "(608)555-0101B12" } }, 1, false, -1, 0, PHONE_EXTENSION, "" },
	{ "a comment is cut", "US",
	  { { .text = "(608)555-0101C after 5 pm" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "a comment behind a blank is cut", "US",
	  { { .text = "(608)555-0101 call first" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "X in a word is no extension", "US",
	  { { .text = "608555010a extra 5" } }, 1, false, -1, 0, PHONE_BAD_CHARACTER, "" },
	{ "the null of HL7 as extension is none", "US",
	  { { .text = "6085550101", .extension = "\"\"" } }, 1, false, 0, 0, PHONE_OK, "+16085550101" },
	{ "where the best cannot be read the next is taken", "US",
	  { { .text = "555-0101", .equipment = "CP" }, HOME }, 2, false, 1, 0, PHONE_OK, "+16085550100" },
	{ "the reason is that of the best", "US",
	  { { .text = "555-0101", .equipment = "CP" }, { .text = "x" } }, 2, false, -1, 0, PHONE_SHORT, "" },
	{ "a cell phone of eight digits is none of ours", "US",
	  { { .text = "20123456", .equipment = "CP" } }, 1, false, -1, 0, PHONE_SHORT, "" },
	{ "the null of HL7 is no number", "US",
	  { { .text = "\"\"", .use = "MOBILE" } }, 1, false, -1, 0, PHONE_EMPTY, "" },
	{ "a field without repetitions", "US", { { .text = NULL } }, 0, false, -1, 0, PHONE_EMPTY, "" },
	{ "an empty repetition", "US", { { .text = NULL }, CELL }, 2, false, 1, 8, PHONE_OK, "+16085550101" },
};

static struct phone_candidate
candidate(const struct xtn *x)
{
	return (struct phone_candidate){
		.text = span_of(x->text), .use = span_of(x->use), .equipment = span_of(x->equipment),
		.address = span_of(x->address), .country = span_of(x->country), .area = span_of(x->area),
		.local = span_of(x->local), .extension = span_of(x->extension), .any = span_of(x->any),
		.unformatted = span_of(x->unformatted), .ended = x->ended, .preference = x->preference,
	};
}

TEST(the_number_that_a_nurse_would_pick_wins)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct phone_candidate c[COUNT(rows[i].c)];
		struct phone_choice got;

		for (size_t k = 0; k < rows[i].n; k++)
			c[k] = candidate(&rows[i].c[k]);
		got = phone_choose(c, rows[i].n, rows[i].country, !rows[i].known_only);
		same_int(rows[i].rule, got.index, rows[i].index);
		same_int(rows[i].rule, got.why, rows[i].why);
		same_int(rows[i].rule, got.score, rows[i].score);
		same_text(rows[i].rule, got.e164, rows[i].e164);
	}
}

TEST(a_byte_that_ends_a_text_is_no_comment)
{
	struct phone_candidate c = { .text = span_from("6085550101\0C", 12) };
	struct phone_choice got = phone_choose(&c, 1, "US", true);

	same_int("none", got.index, -1);
	same_int("why", got.why, PHONE_BAD_CHARACTER);
}

/* Of two lists that were chosen from: which has the better number, when each candidate is read alone. */
static bool
beats(const struct phone_candidate *a, const struct phone_choice *x, const struct phone_candidate *b, const struct phone_choice *y)
{
	char of[3];
	bool mobile_x = phone_type_of(x->e164, of) == PHONE_MOBILE, mobile_y = phone_type_of(y->e164, of) == PHONE_MOBILE;

	if (x->score != y->score)
		return x->score > y->score;
	if (a->preference != b->preference)
		return a->preference > 0 && (b->preference == 0 || a->preference < b->preference);
	return mobile_x && !mobile_y;
}

static void
check_list(const struct phone_candidate *c, size_t n, const char *country, bool take_unknown)
{
	struct phone_choice got = phone_choose(c, n, country, take_unknown), want = { .index = -1 };

	for (size_t i = 0; i < n; i++) {
		struct phone_choice one = phone_choose(&c[i], 1, country, take_unknown);

		if (one.index < 0 || (want.index >= 0 && !beats(&c[i], &one, &c[want.index], &want)))
			continue;
		want = one;
		want.index = (int)i;
	}
	same_int("the one that wins alone against each", got.index, want.index);
	same_text("its number", got.e164, want.e164);
	same_int("its score", got.score, want.score);
	holds("why none was", got.index < 0 || got.why == PHONE_OK);
}

/* Numbers that cannot win are not read: that must never show. */
TEST(any_three_of_these_are_chosen_from_as_if_each_were_read)
{
	static const struct xtn all[] = {
		{ .text = "608-555-0101", .use = "PRN", .equipment = "PH" }, { .text = "608-555-0102", .use = "PRN", .equipment = "CP" },
		{ .text = "608-555-0103", .use = "PRS" }, { .text = "608-555-0104", .use = "WPN" },
		{ .text = "111-555-0105", .use = "PRN", .equipment = "CP" }, { .text = "608-555-0106 x7", .equipment = "CP" },
		{ .text = "+447700900123" }, { .text = "+442079460123" }, { .text = "608-555-0107", .preference = 1 },
		{ .text = "608-555-0108", .preference = 2, .equipment = "CP" }, { .text = "", .equipment = "CP" },
		{ .text = "608-555-0109", .equipment = "FX" }, { .text = "+447700900124", .preference = 1 },
		{ .text = "608-555-0110", .equipment = "CP", .ended = true },
	};

	for (size_t i = 0; i < COUNT(all) * COUNT(all) * COUNT(all); i++) {
		const struct phone_candidate c[3] = { candidate(&all[i % COUNT(all)]), candidate(&all[i / COUNT(all) % COUNT(all)]),
			candidate(&all[i / COUNT(all) / COUNT(all)]) };

		for (size_t n = 1; n <= 3; n++) {
			check_list(c, n, "US", true);
			check_list(c, n, "GB", false);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_number_that_a_nurse_would_pick_wins), RUN(a_byte_that_ends_a_text_is_no_comment),
		RUN(any_three_of_these_are_chosen_from_as_if_each_were_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

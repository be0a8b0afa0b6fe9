/* test_traces.c - a number in raw bytes: each form is found wherever it stands, and nothing else is. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/traces.h"

static size_t last_number, last_at;
static const char *last_form;

static void
on_trace(void *ctx, size_t number, const char *form, size_t at)
{
	(void)ctx;
	last_number = number;
	last_form = form;
	last_at = at;
}

static size_t
look(struct traces *t, const void *bytes, size_t n)
{
	last_form = "";
	return traces_look(t, span_from(bytes, n), on_trace, NULL);
}

#define BYTES(x) x, sizeof x - 1

TEST(each_form_is_found)
{
	static const struct { const char *bytes; size_t n; const char *form; } rows[] = {
		{ BYTES("+16085550123"), "text" },
		{ BYTES("tel:6085550123;"), "text" },
		{ BYTES("608-555-0123"), "text" },
		{ BYTES("(608) 555-0123"), "text" },
		{ BYTES("(608)555-0123"), "text" },
		{ BYTES("608.555.0123"), "text" },
		{ BYTES("6\0" "0\0" "8\0" "5\0" "5\0" "5\0" "0\0" "1\0" "2\0" "3\0"), "UTF-16" },
		{ BYTES("\0" "6\0" "0\0" "8\0" "5\0" "5\0" "5\0" "0\0" "1\0" "2\0" "3"), "UTF-16" },
		{ BYTES("2b3136303835353530313233"), "hexadecimal" },
		{ BYTES("KzE2MDg1NTUwMTIz"), "Base64" },         /* +16085550123 */
		{ BYTES("eCsxNjA4NTU1MDEyMw=="), "Base64" },     /* x before it */
		{ BYTES("eHgrMTYwODU1NTAxMjM="), "Base64" },     /* xx */
		{ BYTES("\x16\x08\x55\x50\x12\x3f"), "BCD" },
		{ BYTES("\x01\x60\x85\x55\x01\x23"), "BCD" },
		{ BYTES("\x61\x80\x55\x05\x21\xf3"), "BCD, halves swapped" },
		{ BYTES("\x10\x06\x58\x55\x10\x32"), "BCD, halves swapped" },
		{ BYTES("\x00\x00\x00\x03\xbe\xc6\x04\x2b"), "binary, big-endian" },
		{ BYTES("\x2b\x04\xc6\xbe\x03\x00"), "binary, little-endian" },
	};
	struct traces *t = traces_new();
	uint8_t field[256];

	assert_true(t && traces_add(t, "+4915112345678", 1) && traces_add(t, "+16085550123", 7));
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t before = 0; before < 9; before++) {
			memset(field, 0xcc, sizeof field);
			memcpy(field + before, rows[i].bytes, rows[i].n);
			if (look(t, field, before + rows[i].n + 3) == 0)
				fail_msg("row %zu (%s) is not found behind %zu bytes", i, rows[i].form, before);
			same_int("whose", (int64_t)last_number, 7);
			holds("where", last_at >= before && last_at < before + rows[i].n);
			if (strcmp(last_form, rows[i].form) != 0 && strncmp(last_form, "BCD", 3) != 0)
				fail_msg("row %zu: %s", i, last_form);
			same_int("not when it is cut", (int64_t)look(t, field, before + 4), 0);
		}
	same_int("nor when it lacks its last digit", (int64_t)look(t, BYTES("tel:608555012")), 0);
	same_int("nor of another last digit", (int64_t)look(t, BYTES("tel:6085550124")), 0);
	same_int("nor packed", (int64_t)look(t, BYTES("\x16\x08\x55\x50\x12\x4f")), 0);
	same_int("nor swapped", (int64_t)look(t, BYTES("\x61\x80\x55\x05\x21\xf4")), 0);
	traces_free(t);
}

TEST(what_is_none)
{
	struct traces *t = traces_new();
	uint8_t *noise = malloc(1 << 22);
	uint64_t v = 1;

	assert_true(t && noise);
	holds("no plus", !traces_add(t, "16085550123", 1));
	holds("letters", !traces_add(t, "+1608555012x", 1));
	holds("short", !traces_add(t, "+160855", 1));
	holds("long", !traces_add(t, "+1608555012312345", 1));
	same_int("before any number", (int64_t)look(t, "+16085550123", 12), 0);
	for (size_t i = 0; i < 10000; i++) {
		char phone[16];

		(void)snprintf(phone, sizeof phone, "+1608%07zu", 5550000 + i);
		assert_true(traces_add(t, phone, i));
	}
	for (size_t i = 0; i < 1 << 22; i++) {
		v = v * 6364136223846793005u + 1442695040888963407u;
		noise[i] = (uint8_t)(v >> 56);
	}
	same_int("chance makes none", (int64_t)look(t, noise, 1 << 22), 0);
	/* of each number 4 forms have 5 bytes and 2 have half a byte more */
	holds("what chance would make", traces_chance(t, 26700000) > 1 && traces_chance(t, 26700000) < 1.01);
	same_int("another number", (int64_t)look(t, "+16085560000", 12), 0);
	holds("the last of many", look(t, "+16085559999", 12) == 1 && last_number == 9999);
	same_int("nothing", (int64_t)look(t, "", 0), 0);
	free(noise);
	traces_free(t);
}

/* Country codes have one to three digits; forms of less than 5 bytes are none. */
TEST(numbers_of_other_countries)
{
	static const struct { const char *number; const char *bytes; size_t n; const char *form; } rows[] = {
		{ "+79161234567", BYTES("9161234567"), "text" },
		{ "+4512345678", BYTES("12345678"), "text" },
		{ "+4512345678", BYTES("\x45\x12\x34\x56\x78"), "BCD" },
		{ "+4512345678", BYTES("\x51\x23\x45\x67"), "" },
		{ "+35312345", BYTES("12345"), "text" },
		{ "+35312345", BYTES("1234"), "" },
		{ "+35312345", BYTES("\x35\x31\x23\x45"), "" },
		{ "+35312345", BYTES("\x02\x1a\xd1\x99"), "" },
		{ "+1608555012", BYTES("608555012"), "text" },
		{ "+1608555012", BYTES("608-555-012"), "" }, /* these forms are of ten digits */
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct traces *t = traces_new();

		assert_true(t && traces_add(t, rows[i].number, i));
		same_int(rows[i].number, look(t, rows[i].bytes, rows[i].n) > 0, rows[i].form[0] != '\0');
		same_text(rows[i].number, last_form, rows[i].form);
		traces_free(t);
	}
	traces_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(each_form_is_found), RUN(what_is_none), RUN(numbers_of_other_countries) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

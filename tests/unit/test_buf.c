/* test_buf.c - bytes that grow, and memory of one message: ceilings hold, failures are remembered. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/arena.h"
#include "nudge/buf.h"

static void
check_buf(const char *rule, const struct buf *b)
{
	holds(rule, b->n <= b->cap && b->cap <= b->max);
}

TEST(a_ceiling_is_reached_and_not_passed)
{
	static const size_t ceilings[] = { 1, 2, 63, 64, 65, 127, 128, 129, 1000, 4096 };

	for (size_t i = 0; i < COUNT(ceilings); i++) {
		struct buf b;

		buf_init(&b, ceilings[i]);
		for (size_t n = 0; n < ceilings[i]; n++) {
			holds("up to the ceiling", buf_add_char(&b, (char)('a' + n % 26)));
			check_buf("n <= cap <= max", &b);
		}
		same_int("terminated also when full", strlen(buf_text(&b)), ceilings[i]);
		holds("not beyond", !buf_add_char(&b, '!') && b.spoilt);
		same_int("and nothing is changed", b.n, ceilings[i]);
		for (size_t n = 0; n < ceilings[i]; n++)
			same_int("what was moved stays the same", b.p[n], 'a' + n % 26);
		buf_clear(&b);
	}
}

TEST(a_failed_append_spoils)
{
	struct buf b;

	buf_init(&b, 10);
	holds("fits", buf_add_text(&b, "01234567"));
	holds("does not fit", !buf_add_text(&b, "abc"));
	holds("what is small enough still goes in", buf_add_char(&b, '8'));
	same_bytes("the failed piece left nothing", b.p, b.n, "012345678", 9);
	same_text("but the text is withheld", buf_text(&b), "");
	buf_reset(&b);
	holds("a reset forgives", !b.spoilt && b.n == 0 && b.cap > 0);
	holds("formatted to the byte", buf_addf(&b, "%s-%03d", "abcdef", 7));
	same_text("formatted", buf_text(&b), "abcdef-007");
	holds("formatted beyond", !buf_addf(&b, "%d", 1) && b.spoilt && b.n == 10);
	holds("formatted nothing always fits", buf_addf(&b, "%s", ""));
	buf_clear(&b);
	holds("cleared is as new", b.p == NULL && b.n == 0 && b.cap == 0 && b.max == 10 && !b.spoilt);
	holds("and usable", buf_addf(&b, "%s", "x") && span_is(buf_span(&b), "x"));
	buf_wipe(&b);
	holds("wiped is as new", b.p == NULL && b.n == 0 && b.max == 10);
	buf_wipe(&b);
	buf_clear(&b);
	buf_clear(NULL);
	buf_wipe(NULL);
}

TEST(odd_ceilings_and_odd_pieces)
{
	struct buf b;

	buf_init(&b, 0);
	holds("nothing fits in nothing", !buf_add_char(&b, 'x') && b.n == 0);
	holds("but nothing does",
	    buf_add(&b, NULL, 0) && buf_add_span(&b, SPAN_NONE) && buf_add_text(&b, ""));
	buf_init(&b, SIZE_MAX);
	holds("no ceiling at all", buf_add_text(&b, "hello") && buf_addf(&b, ", %s", "world"));
	same_text("holds what was added", buf_text(&b), "hello, world");
	holds("a length that no memory has", !buf_add(&b, "", SIZE_MAX - 12) && b.spoilt && b.n == 12);
	buf_clear(&b);
	same_text("empty", buf_text(&b), "");
	holds("formatted nothing into nothing", buf_addf(&b, "%s", "") && b.n == 0);
	holds("a zero byte is a byte", buf_add(&b, "a\0b", 3) && span_eq(buf_span(&b), SPAN_LIT("a\0b")));
	buf_clear(&b);
}

TEST(dropping_the_front)
{
	struct buf b;

	buf_init(&b, 100);
	assert_true(buf_add_text(&b, "abcdef"));
	buf_drop_front(&b, 0);
	same_text("nothing", buf_text(&b), "abcdef");
	buf_drop_front(&b, 2);
	same_text("some", buf_text(&b), "cdef");
	assert_true(buf_add_text(&b, "gh"));
	same_text("and on", buf_text(&b), "cdefgh");
	buf_drop_front(&b, 6);
	same_text("all", buf_text(&b), "");
	buf_clear(&b);
}

TEST(an_arena_hands_out_zeroed_aligned_memory)
{
	struct arena a;
	unsigned char *p[200];

	arena_init(&a, 1 << 20);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(p); i++) {
			p[i] = arena_take(&a, i * 7);
			assert_non_null(p[i]);
			same_int("aligned for any type", (uintptr_t)p[i] % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < i * 7; k++)
				same_int("zeroed, also after a reset", p[i][k], 0);
			memset(p[i], (int)i, i * 7);
		}
		for (size_t i = 0; i < COUNT(p); i++)
			for (size_t k = 0; k < i * 7; k++)
				same_int("nobody else writes there", p[i][k], i);
		arena_reset(&a);
		same_int("a reset forgets all", a.used, 0);
	}
	arena_clear(&a);
	arena_clear(NULL);
}

TEST(an_arena_has_a_ceiling)
{
	struct arena a;
	size_t given = 0;
	unsigned char *first;

	arena_init(&a, 100000);
	while (arena_take(&a, 1000))
		given += 1000;
	holds("most of the ceiling is given", given >= 98000 && given <= 100000);
	holds("no block larger than what is left", !arena_take(&a, 50000) && !arena_take(&a, SIZE_MAX));
	arena_reset(&a);
	first = arena_take(&a, 10);
	arena_reset(&a);
	holds("the first block serves again", first && arena_take(&a, 10) == first);
	arena_reset(&a);
	first = arena_take(&a, 100000);
	holds("all of it in one piece", first != NULL);
	first[99999] = 1;
	holds("then nothing more", !arena_take(&a, 1) && arena_copy(&a, SPAN_LIT("x")).p == NULL);
	arena_clear(&a);
	arena_init(&a, SIZE_MAX);
	holds("a size that no memory has", !arena_take(&a, SIZE_MAX) && !arena_take(&a, SIZE_MAX - 8));
	holds("and still usable", arena_take(&a, 10) != NULL);
	arena_clear(&a);
}

TEST(a_copy_is_terminated)
{
	struct arena a;
	char text[] = "hello";
	struct span copy;

	arena_init(&a, 1000);
	copy = arena_copy(&a, span_of(text));
	text[0] = 'J';
	same_text("its own bytes", copy.p, "hello");
	copy = arena_copy(&a, SPAN_NONE);
	holds("of nothing there is a copy too", copy.p && copy.n == 0 && copy.p[0] == '\0');
	arena_clear(&a);
	holds("a cleared one gives again", arena_copy(&a, SPAN_LIT("x")).p != NULL);
	arena_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_ceiling_is_reached_and_not_passed),
		RUN(a_failed_append_spoils), RUN(odd_ceilings_and_odd_pieces), RUN(dropping_the_front),
		RUN(an_arena_hands_out_zeroed_aligned_memory), RUN(an_arena_has_a_ceiling),
		RUN(a_copy_is_terminated) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_frame.c - frames found whatever the splits, joins and bad manners of senders. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/mllp.h"

#include <stdlib.h>

#define V "\x0b"
#define F "\x1c"

/* What came out: frames one after the other, each ended by '|'; an oversize
 * one begins with '!'; "#" at the end: hopeless. */
static void
feed(struct frame_reader *r, struct span in, struct buf *out)
{
	while (in.n > 0) {
		size_t used = 0;
		enum frame_event e = frame_feed(r, in, &used);
		holds("a call gets on or says something", used > 0);
		in = span_from(in.p + used, in.n - used);
		if (e == FRAME_OVERSIZE) {
			buf_add_char(out, '!');
		}
		if (e == FRAME_COMPLETE || e == FRAME_OVERSIZE) {
			buf_add_span(out, buf_span(&r->bytes));
			buf_add_char(out, '|');
		}
		if (e == FRAME_HOPELESS) {
			buf_add_char(out, '#');
			return;
		}
	}
}

static const struct {
	const char *rule;
	struct span in, out;
	unsigned junk, restarts, empty;
} rows[] = {
	{ "one frame with FS CR", SPAN_LIT(V "MSH" F "\r"), SPAN_LIT("MSH|"), 0, 0, 0 },
	{ "FS without CR is the end, without waiting", SPAN_LIT(V "MSH" F), SPAN_LIT("MSH|"), 0, 0, 0 },
	{ "FS then LF", SPAN_LIT(V "a" F "\n" V "b" F "\n"), SPAN_LIT("a|b|"), 0, 0, 0 },
	{ "FS then CR LF", SPAN_LIT(V "a" F "\r\n" V "b" F "\r\n"), SPAN_LIT("a|b|"), 0, 0, 0 },
	{ "no CR between frames", SPAN_LIT(V "a" F V "b" F), SPAN_LIT("a|b|"), 0, 0, 0 },
	{ "two frames in one read", SPAN_LIT(V "a" F "\r" V "b" F "\r"), SPAN_LIT("a|b|"), 0, 0, 0 },
	{ "blanks and line feeds before VT are skipped and counted",
	  SPAN_LIT("\n \t" V "a" F "\r"), SPAN_LIT("a|"), 3, 0, 0 },
	{ "only one CR belongs to the end", SPAN_LIT(V "a" F "\r\r" V "b" F), SPAN_LIT("a|b|"), 1, 0, 0 },
	{ "zero bytes between frames", SPAN_LIT(V "a" F "\r\0\0" V "b" F), SPAN_LIT("a|b|"), 2, 0, 0 },
	{ "blank lines between frames", SPAN_LIT(V "a" F "\r\n\r\n" V "b" F), SPAN_LIT("a|b|"), 2, 0, 0 },
	{ "junk between frames", SPAN_LIT(V "a" F "\rxyz" V "b" F), SPAN_LIT("a|b|"), 3, 0, 0 },
	{ "a VT inside begins anew; the first half is lost",
	  SPAN_LIT(V "MSH-lo" V "MSH-ok" F "\r"), SPAN_LIT("MSH-ok|"), 6, 1, 0 },
	{ "three VT in a row", SPAN_LIT(V V V "a" F), SPAN_LIT("a|"), 0, 2, 0 },
	{ "FS inside the data ends the frame", SPAN_LIT(V "a" F "b" F "\r"), SPAN_LIT("a|"), 3, 0, 0 },
	{ "an empty frame is nothing", SPAN_LIT(V F "\r" V "a" F), SPAN_LIT("a|"), 0, 0, 1 },
	{ "a frame of line ends is nothing", SPAN_LIT(V "\r\n" F "\r" V "a" F), SPAN_LIT("a|"), 0, 0, 1 },
	{ "commit answers of release 2 are nothing",
	  SPAN_LIT(V "\x06" F "\r" V "\x15" F "\r" V "a" F), SPAN_LIT("a|"), 0, 0, 2 },
	{ "half a frame at the end is no frame", SPAN_LIT(V "a" F "\r" V "MSH"), SPAN_LIT("a|"), 0, 0, 0 },
	{ "zero bytes and CR inside are data", SPAN_LIT(V "a\r\0b" F), SPAN_LIT("a\r\0b|"), 0, 0, 0 },
	{ "exactly max is whole", SPAN_LIT(V "1234567890123456" F), SPAN_LIT("1234567890123456|"), 0, 0, 0 },
	{ "over max is cut and said",
	  SPAN_LIT(V "12345678901234567" F V "b" F), SPAN_LIT("!1234567890123456|b|"), 0, 0, 0 },
	{ "four times max is skipped still",
	  SPAN_LIT(V "1234567890123456123456789012345612345678901234561234567890123456" F),
	  SPAN_LIT("!1234567890123456|"), 0, 0, 0 },
	{ "over four times max is hopeless",
	  SPAN_LIT(V "1234567890123456123456789012345612345678901234561234567890123456x" F),
	  SPAN_LIT("#"), 0, 0, 0 },
	{ "HTTP is noticed", SPAN_LIT("GET / HTTP/1.1\r\n"), SPAN_LIT("#"), 4, 0, 0 },
	{ "HTTP POST is noticed", SPAN_LIT("POST /x"), SPAN_LIT("#"), 4, 0, 0 },
	{ "a TLS hello is noticed", SPAN_LIT("\x16\x03\x01\x02"), SPAN_LIT("#"), 2, 0, 0 },
	{ "what only begins as a TLS hello is junk", SPAN_LIT("\x16\x04\x01" V "a" F), SPAN_LIT("a|"), 3, 0, 0 },
	{ "a VT behind four times max comes too late",
	  SPAN_LIT(V "12345678901234567890123456789012345678901234567890123456789012345" V "a" F), SPAN_LIT("#"), 0, 0, 0 },
	{ "GET in the middle of a connection is junk",
	  SPAN_LIT(V "a" F "GET " V "b" F), SPAN_LIT("a|b|"), 4, 0, 0 },
};

/* pain: a lost end, after which header and body of two messages are glued together
 * pain: one stray byte, NUL or blank line between frames that is an error or a message */
TEST(rows_come_out_whole_and_byte_by_byte)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (int split = 0; split < 2; split++) {
			struct frame_reader r;
			struct buf out;
			frame_init(&r, 16);
			buf_init(&out, 1000);
			for (size_t k = 0; split && k < rows[i].in.n; k++) {
				feed(&r, span_from(rows[i].in.p + k, 1), &out);
				if (out.n && out.p[out.n - 1] == '#') {
					break;
				}
			}
			if (!split) {
				feed(&r, rows[i].in, &out);
			}
			same_bytes(rows[i].rule, out.p, out.n, rows[i].out.p, rows[i].out.n);
			same_int(rows[i].rule, r.junk_total, rows[i].junk);
			same_int(rows[i].rule, r.restarts, rows[i].restarts);
			same_int(rows[i].rule, r.empty, rows[i].empty);
			buf_clear(&out);
			frame_clear(&r);
		}
	}
}

TEST(junk_without_end_is_hopeless_and_resets_with_a_frame)
{
	struct frame_reader r;
	char blanks[4096];
	size_t used;

	memset(blanks, ' ', sizeof blanks);
	frame_init(&r, 100);
	same_int("4 KiB of junk pass", frame_feed(&r, span_from(blanks, sizeof blanks), &used), FRAME_NONE);
	same_int("a frame after it", frame_feed(&r, SPAN_LIT(V "a" F), &used), FRAME_COMPLETE);
	same_int("4 KiB more pass", frame_feed(&r, span_from(blanks, sizeof blanks), &used), FRAME_NONE);
	same_int("one byte more does not", frame_feed(&r, SPAN_LIT("x"), &used), FRAME_HOPELESS);
	holds("and is no probe", !r.plain_probe);
	frame_clear(&r);
}

TEST(an_oversize_frame_keeps_its_beginning_only)
{
	struct frame_reader r;
	size_t used, n = 100000;
	char *big = malloc(n);

	assert_non_null(big);
	for (size_t i = 0; i < n; i++) {
		big[i] = (char)('a' + i % 26);
	}
	frame_init(&r, 50000);
	assert_int_equal(frame_feed(&r, SPAN_LIT(V), &used), FRAME_NONE);
	same_int("still skipping", frame_feed(&r, span_from(big, n), &used), FRAME_NONE);
	same_int("said at FS", frame_feed(&r, SPAN_LIT(F), &used), FRAME_OVERSIZE);
	same_bytes("FRAME_KEEP bytes of it", r.bytes.p, r.bytes.n, big, (size_t)FRAME_KEEP);
	same_int("its length is known", r.seen, n);
	frame_clear(&r);
	free(big);
}

TEST(another_max_counts_from_the_next_frame)
{
	struct frame_reader r;
	size_t used;

	frame_init(&r, 8);
	assert_int_equal(frame_feed(&r, SPAN_LIT(V "1234"), &used), FRAME_NONE);
	r.max = 2;
	same_int("the frame that began keeps its limit",
	    frame_feed(&r, SPAN_LIT("5678" F), &used), FRAME_COMPLETE);
	same_int("the next has the new one", frame_feed(&r, SPAN_LIT(V "123" F), &used), FRAME_OVERSIZE);
	r.max = 100;
	same_int("and may grow", frame_feed(&r, SPAN_LIT(V "1234567890" F), &used), FRAME_COMPLETE);
	frame_clear(&r);
}

/* A small generator of our own: the same numbers on every machine. */
static unsigned
draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % below;
}

static void
make_stream(uint64_t *seed, size_t frames, struct buf *stream, struct buf *want)
{
	static const char *const ends[] = { "", "\r", "\n", "\r\n" };

	for (size_t i = 0; i < frames; i++) {
		unsigned n = 1 + draw(seed, 200);
		for (unsigned k = draw(seed, 4); k > 0; k--) {
			buf_add_char(stream, (char)(draw(seed, 2) ? ' ' : '\t'));
		}
		buf_add_text(stream, V "M");
		buf_add_char(want, 'M');
		while (n-- > 0) {
			char c = (char)(32 + draw(seed, 220));
			buf_add_char(stream, c);
			buf_add_char(want, c);
		}
		buf_add_text(stream, F);
		buf_add_text(stream, ends[draw(seed, 4)]);
		buf_add_char(want, '|');
	}
}

/* pain: messages behind the first of one read that are dropped */
TEST(any_split_gives_the_same_frames)
{
	uint64_t seed = 20261120;

	for (int round = 0; round < 500; round++) {
		struct buf stream, want, got;
		struct frame_reader r;
		buf_init(&stream, 100000);
		buf_init(&want, 100000);
		buf_init(&got, 100000);
		frame_init(&r, 4096);
		make_stream(&seed, 1 + draw(&seed, 40), &stream, &want);
		for (size_t at = 0; at < stream.n;) {
			size_t n = 1 + draw(&seed, round % 2 ? 7 : 900);
			n = n < stream.n - at ? n : stream.n - at;
			feed(&r, span_from(stream.p + at, n), &got);
			at += n;
		}
		same_bytes("N frames in, the same N frames out", got.p, got.n, want.p, want.n);
		buf_clear(&stream);
		buf_clear(&want);
		buf_clear(&got);
		frame_clear(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(rows_come_out_whole_and_byte_by_byte),
		RUN(junk_without_end_is_hopeless_and_resets_with_a_frame),
		RUN(an_oversize_frame_keeps_its_beginning_only),
		RUN(another_max_counts_from_the_next_frame),
		RUN(any_split_gives_the_same_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* fuzz_hl7.c - any bytes as a message: every value lies inside them, and the answer echoes MSH-10. */
// SPDX-License-Identifier: Apache-2.0
// for: src/hl7/delims.c src/hl7/index.c src/hl7/parts.c src/hl7/request.c src/hl7/ack.c
#include <stdlib.h>
#include <string.h>

#include "nudge/ack.h"

#define VALUES_MAX 2000 /* looked at closely, so that a run stays short */
#define WALL_S 1795169700

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	const struct hl7_delims *d;
	struct span all;
	struct arena arena;
	unsigned values;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
must_lie_inside(const struct walk *w, struct span v)
{
	must(!v.p || (v.p >= w->all.p && v.p + v.n <= w->all.p + w->all.n));
}

static void
look_at_value(struct walk *w, struct span v)
{
	struct hl7_time t;
	struct span text;

	must_lie_inside(w, v);
	if (w->values++ > VALUES_MAX)
		return;
	text = hl7_unescape(w->d, v, &w->arena);
	must(text.n <= v.n);
	if (hl7_time_read(v, &t) == HL7_TIME_OK)
		must(t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= 31 && t.hour <= 23 &&
		    t.minute <= 59 && t.second <= 59 && abs(t.offset_min) <= 14 * 60);
	arena_reset(&w->arena);
}

static void
look_at_field(struct walk *w, struct span field)
{
	unsigned reps = hl7_repetitions(w->d, field);

	must_lie_inside(w, field);
	must((reps == 0) == (field.n == 0));
	for (unsigned r = 0; r <= reps && r < 4; r++) {
		struct span rep = hl7_repetition(w->d, field, r);

		must(r < reps || !rep.p);
		look_at_value(w, rep);
		for (unsigned c = 0; c < 4; c++) {
			for (unsigned s = 0; s < 3; s++)
				look_at_value(w, hl7_part(w->d, rep, c, s));
		}
	}
}

static void
look_at_message(const struct hl7 *m, struct span bytes)
{
	struct walk w = { .d = hl7_delims(m), .all = bytes };

	arena_init(&w.arena, 1 << 20);
	for (unsigned s = 0; s < hl7_segments(m); s++) {
		must_lie_inside(&w, hl7_name(m, s));
		for (unsigned f = 0; f < 40; f++)
			look_at_field(&w, hl7_field(m, s, f));
	}
	arena_clear(&w.arena);
}

/* What may not be echoed is taken out, all else is MSH-10 byte for byte. */
static bool
echoes(struct span msa2, struct span msh10)
{
	size_t n = 0;

	for (size_t i = 0; i < msh10.n; i++) {
		if (memchr("\r\n\v\x1c", msh10.p[i], 5))
			continue;
		if (n == msa2.n || msa2.p[n++] != msh10.p[i])
			return false;
	}
	return n == msa2.n;
}

static void
look_at_answer(const struct ack_request *r, enum ack_code code, struct span msh10)
{
	static const struct ack_error error = { 101, "SCH", 1, 11, 1, 4, "no start | time ^ & ~ \\" };
	struct hl7 *m = hl7_new();
	struct buf out;
	struct span inner;

	must(m != NULL);
	buf_init(&out, 1 << 16);
	must(ack_write(r, code, &error, "N1", WALL_S, &out));
	must(out.n > 4 && out.p[0] == '\v' && memcmp(out.p + out.n - 2, "\x1c\r", 2) == 0);
	inner = span_from(out.p + 1, out.n - 3);
	must(!memchr(inner.p, '\v', inner.n) && !memchr(inner.p, '\x1c', inner.n) &&
	    !memchr(inner.p, '\n', inner.n));
	must(hl7_read(m, inner) == HL7_OK && !hl7_delims(m)->repaired);
	must(hl7_segments(m) == 2 || hl7_segments(m) == 3);
	must(span_is(hl7_name(m, 0), "MSH") && span_is(hl7_name(m, 1), "MSA"));
	must(span_is(hl7_field(m, 0, 10), "N1") && span_is(hl7_field(m, 1, 1), ack_name(code)));
	must(echoes(hl7_field(m, 1, 2), msh10));
	must(hl7_segments(m) == 2 || span_is(hl7_name(m, 2), "ERR"));
	hl7_free(m);
	buf_clear(&out);
}

static void
look_at_charset(struct span bytes, struct span msh18)
{
	bool guessed, again;
	struct span name;
	enum hl7_charset set = hl7_charset_of(bytes, msh18, &name, &guessed);
	struct arena a;
	struct span text;

	arena_init(&a, 1 << 22);
	text = hl7_to_utf8(bytes, set, name, &a);
	must(set != HL7_CHARSET_UNSUPPORTED || !text.p);
	if (text.n > 1 && text.p[0] && text.p[1])
		must(hl7_charset_of(text, SPAN_NONE, &name, &again) == HL7_UTF8 && !again);
	arena_clear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_from(data, size);
	struct hl7 *m = hl7_new();
	enum hl7_result result;
	struct ack_request r;

	must(m != NULL);
	result = hl7_read(m, bytes);
	must(result != HL7_NO_MEMORY);
	must((result == HL7_NO_MSH) == (hl7_segments(m) == 0));
	look_at_message(m, bytes);
	look_at_charset(bytes, hl7_field(m, 0, 18));
	if (result != HL7_NO_MSH && ack_request_of(m, &r)) {
		enum ack_code code = ack_choose(ACK_AUTO, &r, (enum ack_verdict)(size % 3));

		look_at_answer(&r, ACK_AA, hl7_field(m, 0, 10));
		look_at_answer(&r, ACK_AE, hl7_field(m, 0, 10));
		if (code != ACK_NONE)
			look_at_answer(&r, code, hl7_field(m, 0, 10));
	}
	hl7_free(m);
	return 0;
}

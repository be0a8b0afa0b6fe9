/* fuzz_text.c - bytes as an escaped value, as a time, as a message of some character set: what comes out keeps its promises. */
// SPDX-License-Identifier: Apache-2.0
// for: src/hl7/escape.c src/hl7/charset.c src/hl7/transcode.c src/hl7/time.c
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/civil.h"
#include "nudge/hl7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* Never longer, but for \X..\ nothing shorter than it says; nothing that would end a segment is made. */
static void
unescape(struct span v)
{
	const struct hl7_delims d = { .field = '|', .component = '^', .repetition = '~', .escape = '\\', .subcomponent = '&', .truncation = '#' };
	struct arena a;
	struct span out;

	arena_init(&a, 1 << 20);
	out = hl7_unescape(&d, v, &a);
	must(out.n <= v.n);
	if (out.n > 0 && !memchr(v.p, '\\', v.n))
		must(out.n == v.n && memcmp(out.p, v.p, v.n) == 0);
	for (size_t i = 0; i < out.n; i++)
		must((unsigned char)out.p[i] >= 0x20 || memchr(v.p, out.p[i], v.n));
	arena_clear(&a);
}

static void
read_time(struct span v)
{
	struct hl7_time t;
	struct civil c;

	if (hl7_time_read(v, &t) != HL7_TIME_OK)
		return;
	c = (struct civil){ t.year, t.precision >= HL7_MONTH ? t.month : 1, t.precision >= HL7_DAY ? t.day : 1, t.hour, t.minute, t.second };
	must(civil_valid(&c));
	must(!t.has_offset || (t.offset_min >= -14 * 60 && t.offset_min <= 14 * 60));
	must(t.precision == HL7_YEAR || t.precision == HL7_MONTH || t.precision == HL7_DAY || t.precision == HL7_HOUR ||
	    t.precision == HL7_MINUTE || t.precision == HL7_SECOND);
}

static void
to_utf8(struct span bytes, struct span msh18)
{
	bool guessed;
	struct span name, text, wide;
	enum hl7_charset set = hl7_charset_of(bytes, msh18, &name, &guessed);
	struct arena a;

	arena_init(&a, 1 << 22);
	text = hl7_to_utf8(bytes, set, name, &a);
	if (text.n > 2 && text.p[0] && text.p[1] && !memchr(text.p, '\x1b', text.n))
		must(hl7_charset_of(text, SPAN_NONE, &name, &guessed) == HL7_UTF8);
	wide = hl7_wide_to_utf8(bytes, &a);
	if (wide.n > 2 && wide.p[0] && wide.p[1])
		must(hl7_charset_of(wide, SPAN_NONE, &name, &guessed) == HL7_UTF8);
	arena_clear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const sets[] = { "", "8859/1", "8859/2", "BIG-5", "GB 18030-2000", "SHIFT_JIS", "EUC-JP", "KS X 1001", "~ISO IR87",
		"CNS 11643-1992", "windows-1250", "koi8-r", "UNICODE UTF-16", "JIS X 0202", "ISO-2022-KR", "hz" };
	struct span all = span_from(data, n);

	if (n == 0)
		return 0;
	unescape(all);
	read_time(all);
	to_utf8((struct span){ all.p + 1, n - 1 }, span_of(sets[data[0] % (sizeof sets / sizeof sets[0])]));
	/* The set's name comes from outside too. */
	to_utf8((struct span){ all.p + n / 2, n - n / 2 }, (struct span){ all.p, n / 2 < 40 ? n / 2 : 40 });
	return 0;
}

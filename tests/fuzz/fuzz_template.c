/* fuzz_template.c - any bytes as a template file and as values: what renders is bounded. */
// SPDX-License-Identifier: Apache-2.0
// for: src/policy/template.c src/policy/render.c
#include "nudge/sms.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define START_S INT64_C(1795276800)

static void
require(bool belief)
{
	if (!belief)
		abort();
}

static void
check_text(const struct sms_templates *t, enum text_kind k, const struct sms_values *v)
{
	struct buf b;

	buf_init(&b, SMS_CHARS_MAX * 3);
	if (sms_render(t, k, v, &b)) {
		struct sms_size size = sms_measure(buf_span(&b));

		require(size.culprit == 0 || size.ucs2);
		require((size.segments == 0) == (b.n == 0));
		require(size.segments <= size.units && size.units <= SMS_CHARS_MAX * 2);
		require(!b.n || !memchr(b.p, '\0', b.n));
	} else {
		require(b.n == 0);
	}
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct zone *zone;
	struct sms_templates *t;
	struct fault f;
	struct span text = span_from(data, n), value;

	if (!zone && !zone_load("America/Chicago", &zone, &f))
		abort();
	(void)sms_measure(text);
	/* The file begins behind the first NUL, if there is one; before it stands a value. */
	value = span_cut(text, '\0', &text);
	if (text.n == 0) {
		text = value;
		value = SPAN_NONE;
	}
	if (!sms_templates_read("fuzz", "en", text, &t, &f)) {
		require(f.kind != FAULT_NONE && f.text[0] != '\0');
		return 0;
	}
	for (int k = 0; k < TEXT_KINDS; k++) {
		const struct sms_values v = { .organization = value, .site = value,
		    .contact = SPAN_LIT("608-555-0123"),
			.link = value, .start_s = START_S, .zone = zone };

		check_text(t, (enum text_kind)k, &v);
	}
	sms_templates_free(t);
	return 0;
}

/* render.c - a template and one visit's values become the text that is sent. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <assert.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define OTHERS_MAX_BYTES (SMS_OTHERS_MAX * (size_t)40)

struct pen {
	struct buf *out;
	size_t from;   /* where this text begins in out */
	bool left_out; /* something was: the blank behind it would double the one before */
};

static bool
ends_blank(const struct pen *pen)
{
	char last = pen->out->n > pen->from ? pen->out->p[pen->out->n - 1] : '\n';

	return last == ' ' || last == '\n';
}

static void
write_words(struct pen *pen, struct span s)
{
	if (pen->left_out && s.n > 0 && s.p[0] == ' ' && ends_blank(pen)) {
		s.p++;
		s.n--;
	}
	if (s.n > 0)
		pen->left_out = false;
	(void)buf_add_span(pen->out, s);
}

/* Less control characters; broken UTF-8 as U+FFFD, for what follows takes UTF-8 only. */
static void
write_value(struct pen *pen, struct span s)
{
	size_t before = pen->out->n;

	for (size_t at = 0; at < s.n;) {
		char utf8[U8_MAX_LENGTH];
		int32_t n = 0;
		UChar32 c;

		U8_NEXT_OR_FFFD((const uint8_t *)s.p, at, s.n, c);
		if (u_charType(c) == U_CONTROL_CHAR)
			continue;
		U8_APPEND_UNSAFE(utf8, n, c);
		(void)buf_add(pen->out, utf8, (size_t)n);
	}
	pen->left_out = pen->out->n == before;
}

/* A part in [[ ]] is said when every value in it is known. */
static bool
is_said(const struct words *w, size_t open, const struct span value[VARIABLES])
{
	for (size_t i = open + 1; i < w->part[open].at; i++)
		if (w->part[i].kind == PART_VALUE && value[w->part[i].variable].n == 0)
			return false;
	return true;
}

static bool
render(const struct words *w, const struct span value[VARIABLES], struct buf *out)
{
	struct pen pen = { out, out->n, false };

	for (size_t i = 0; i < w->parts_n; i++) {
		const struct part *p = &w->part[i];

		switch (p->kind) {
		case PART_WORDS:
			write_words(&pen, span_from(w->text.p + p->at, p->n));
			break;
		case PART_VALUE:
			write_value(&pen, value[p->variable]);
			break;
		case PART_OPEN:
			if (!is_said(w, i, value)) {
				pen.left_out = true;
				i = p->at;
			}
			break;
		case PART_CLOSE:
			break;
		}
	}
	while (out->n > pen.from && ends_blank(&pen))
		out->n--;
	if (!out->spoilt && utf16_units(span_from(out->p + pen.from, out->n - pen.from)) <= SMS_CHARS_MAX)
		return true;
	out->n = pen.from;
	return false;
}

static void
fill(const struct sms_values *v, struct span day, struct span time, struct span others, struct span value[VARIABLES])
{
	value[VARIABLE_ORGANIZATION] = v->organization;
	value[VARIABLE_SITE] = v->site;
	value[VARIABLE_CONTACT] = v->contact;
	value[VARIABLE_START_DATE] = day;
	value[VARIABLE_START_TIME] = time;
	value[VARIABLE_OTHER_TIMES] = others;
	value[VARIABLE_LINK] = v->link;
	value[VARIABLE_DEVICE_TEST_LINK] = v->device_test_link;
}

/* "11:00 AM, 2:00 PM" */
static struct span
other_times(const struct sms_templates *t, const struct sms_values *v, char out[OTHERS_MAX_BYTES])
{
	size_t n = 0;

	for (size_t i = 0; i < v->others_n && i < SMS_OTHERS_MAX; i++) {
		char time[DATE_MAX_BYTES];
		struct civil c;
		struct span s;

		zone_civil(v->zone, v->other_start_s[i], &c);
		s = dates_time(t->dates, &c, time);
		if (n > 0)
			n += span_copy(out + n, OTHERS_MAX_BYTES - n, SPAN_LIT(", "));
		n += span_copy(out + n, OTHERS_MAX_BYTES - n, s);
	}
	return span_from(out, n);
}

bool
sms_render(const struct sms_templates *t, enum text_kind k, const struct sms_values *v, struct buf *out)
{
	char day[DATE_MAX_BYTES], time[DATE_MAX_BYTES], others[OTHERS_MAX_BYTES];
	struct span value[VARIABLES];
	struct civil c;

	assert(k < TEXT_KINDS && v->zone);
	zone_civil(v->zone, v->start_s, &c);
	fill(v, dates_day(t->dates, &c, day), dates_time(t->dates, &c, time), other_times(t, v, others), value);
	if (value[VARIABLE_START_DATE].n == 0 || value[VARIABLE_START_TIME].n == 0)
		return false;
	return render(&t->kind[k], value, out);
}

static bool
costs_more(const struct sms_size *a, const struct sms_size *b)
{
	if (a->segments != b->segments)
		return a->segments > b->segments;
	if (a->ucs2 != b->ucs2)
		return a->ucs2;
	return a->units > b->units;
}

/* The dearest time of day, two digits an hour and a minute, into out. */
static struct span
worst_time(const struct dates *d, char out[DATE_MAX_BYTES])
{
	struct sms_size worst = { .segments = 0 };
	struct span time = SPAN_NONE;

	for (int hour = 0; hour < 24; hour++) {
		const struct civil c = { 2027, 1, 1, hour, 58, 0 };
		char text[DATE_MAX_BYTES];
		struct span s = dates_time(d, &c, text);
		struct sms_size size = sms_measure(s);

		if (costs_more(&size, &worst)) {
			worst = size;
			time = span_from(out, span_copy(out, DATE_MAX_BYTES, s));
		}
	}
	return time;
}

struct sms_size
sms_worst(const struct sms_templates *t, enum text_kind k, const struct sms_values *longest)
{
	char time_text[DATE_MAX_BYTES];
	struct span time = worst_time(t->dates, time_text);
	struct sms_size worst = { .segments = 0 };
	struct buf b;

	assert(k < TEXT_KINDS);
	buf_init(&b, WORDS_MAX_BYTES);
	/* Every weekday of every month, the day of two digits. */
	for (int i = 0; i < 12 * 7; i++) {
		const struct civil c = { 2027, 1 + i / 7, 22 + i % 7, 0, 0, 0 };
		char day[DATE_MAX_BYTES];
		struct span value[VARIABLES];
		struct sms_size size;

		fill(longest, dates_day(t->dates, &c, day), time, SPAN_NONE, value);
		buf_reset(&b);
		if (!render(&t->kind[k], value, &b))
			break;
		size = sms_measure(buf_span(&b));
		if (costs_more(&size, &worst))
			worst = size;
	}
	buf_clear(&b);
	return worst;
}

static bool
uses(const struct sms_templates *t, enum text_kind k, enum variable v)
{
	assert(k < TEXT_KINDS);
	for (size_t i = 0; i < t->kind[k].parts_n; i++)
		if (t->kind[k].part[i].kind == PART_VALUE && t->kind[k].part[i].variable == v)
			return true;
	return false;
}

bool
sms_uses_link(const struct sms_templates *t, enum text_kind k)
{
	return uses(t, k, VARIABLE_LINK);
}

bool
sms_uses_other_times(const struct sms_templates *t, enum text_kind k)
{
	return uses(t, k, VARIABLE_OTHER_TIMES);
}

/* render.c - a template and one visit's values become the text that is sent. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <assert.h>

#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf8.h>

#define OTHERS_MAX_BYTES (SMS_OTHERS_MAX * (size_t)40)
#define CHOICES_MAX_BYTES (SMS_CHOICES_MAX * (size_t)160)

struct pen {
	struct buf *out;
	size_t from;   /* where this text begins in out */
	bool left_out; /* something was: the blank behind it would double the one before */
	struct stretch stretch[PARTS_MAX]; /* the values, by place from `from` */
	size_t stretches_n;
};

static enum origin
origin_of(enum variable v)
{
	switch (v) {
	case VARIABLE_ORGANIZATION:
	case VARIABLE_SITE:
	case VARIABLE_CONTACT:
		return ORIGIN_NAME;
	case VARIABLE_LINK:
	case VARIABLE_DEVICE_TEST_LINK:
		return ORIGIN_LINK;
	case VARIABLE_START_DATE:
	case VARIABLE_START_TIME:
	case VARIABLE_OTHER_TIMES:
	case VARIABLE_CHOICES:
	case VARIABLE_EMERGENCY:
	case VARIABLES:
		break;
	}
	return ORIGIN_WORDS;
}

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

/* Less control characters; broken UTF-8 as U+FFFD, for what follows takes UTF-8
 * only; an accent that stands behind its letter becomes one with it. */
static void
write_value(struct pen *pen, enum variable v, struct span s)
{
	size_t before = pen->out->n, last_at = 0;
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&e);
	UChar32 last = U_SENTINEL;

	for (size_t at = 0; at < s.n;) {
		char utf8[U8_MAX_LENGTH];
		int32_t n = 0;
		UChar32 c, both = U_SENTINEL;

		U8_NEXT_OR_FFFD((const uint8_t *)s.p, at, s.n, c);
		if (u_charType(c) == U_CONTROL_CHAR)
			continue;
		if (last >= 0 && U_SUCCESS(e) && !pen->out->spoilt)
			both = unorm2_composePair(nfc, last, c);
		if (both >= 0) {
			pen->out->n = last_at;
			c = both;
		}
		last = c;
		last_at = pen->out->n;
		U8_APPEND_UNSAFE(utf8, n, c);
		(void)buf_add(pen->out, utf8, (size_t)n);
	}
	pen->left_out = pen->out->n == before;
	assert(pen->stretches_n < PARTS_MAX);
	pen->stretch[pen->stretches_n++] =
	    (struct stretch){ before - pen->from, pen->out->n - pen->from, origin_of(v) };
}

/* A part in [[ ]] is said when every value in it is known, and of the visits that it asks for. */
static bool
is_said(const struct words *w, size_t open, const struct span value[VARIABLES], enum modality is)
{
	for (size_t i = open + 1; i < w->part[open].at; i++)
		if (w->part[i].kind == PART_VALUE && value[w->part[i].variable].n == 0)
			return false;
		else if (w->part[i].kind == PART_IF && w->part[i].modality != is)
			return false;
	return true;
}

struct styled {
	bool as_is, plain_names;
	uint32_t culprit; /* out: what could not be put in the alphabet's characters */
};

static bool
style(struct pen *pen, struct styled *how)
{
	char *text = pen->out->p + pen->from, *work;
	size_t n = pen->out->n - pen->from;

	how->culprit = 0;
	if (how->as_is || !sms_measure(span_from(text, n)).ucs2)
		return true;
	work = malloc(n);
	if (!work)
		return false;
	how->culprit = plain_make(text, &n, pen->stretch, pen->stretches_n, how->plain_names, work);
	pen->out->n = pen->from + n;
	free(work);
	return true;
}

static bool
render(const struct words *w, const struct span value[VARIABLES], enum modality is, struct styled *how, struct buf *out)
{
	struct pen pen = { .out = out, .from = out->n };

	for (size_t i = 0; i < w->parts_n; i++) {
		const struct part *p = &w->part[i];

		switch (p->kind) {
		case PART_WORDS:
			write_words(&pen, span_from(w->text.p + p->at, p->n));
			break;
		case PART_VALUE:
			write_value(&pen, p->variable, value[p->variable]);
			break;
		case PART_OPEN:
			if (!is_said(w, i, value, is)) {
				pen.left_out = true;
				i = p->at;
			}
			break;
		case PART_CLOSE:
		case PART_IF:
			break;
		}
	}
	while (out->n > pen.from && ends_blank(&pen))
		out->n--;
	/* A text without a word is none. */
	if (!out->spoilt && out->n > pen.from && style(&pen, how) &&
	    utf16_units(span_from(out->p + pen.from, out->n - pen.from)) <= SMS_CHARS_MAX)
		return true;
	out->n = pen.from;
	return false;
}

static void
fill(const struct sms_values *v, enum text_kind k, enum modality is, struct span day, struct span time, struct span value[VARIABLES])
{
	bool links = k != TEXT_CANCELED && !(v->no_link_for & 1u << is);

	value[VARIABLE_OTHER_TIMES] = value[VARIABLE_CHOICES] = SPAN_NONE;
	value[VARIABLE_EMERGENCY] = v->emergency;
	value[VARIABLE_ORGANIZATION] = v->organization;
	value[VARIABLE_SITE] = v->site;
	value[VARIABLE_CONTACT] = v->contact;
	value[VARIABLE_START_DATE] = day;
	value[VARIABLE_START_TIME] = time;
	value[VARIABLE_LINK] = links ? v->link : SPAN_NONE;
	value[VARIABLE_DEVICE_TEST_LINK] = links ? v->device_test_link : SPAN_NONE;
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

/* "10:00 AM CST" */
static struct span
with_zone(const struct sms_templates *t, const struct sms_values *v, int64_t at_s, struct span time, char text[DATE_MAX_BYTES])
{
	char zone[DATE_MAX_BYTES];
	struct span name;
	size_t n = time.n;

	if (!v->zone_shown || time.n == 0)
		return time;
	name = dates_zone(t->dates, v->zone, at_s, zone);
	if (n + 1 + name.n >= DATE_MAX_BYTES)
		return time;
	text[n++] = ' ';
	return span_from(text, n + span_copy(text + n, DATE_MAX_BYTES - n, name));
}

static void
add_choice(struct buf *b, size_t i, struct span day, struct span time)
{
	(void)buf_addf(b, "%s%zu: ", i > 0 ? "; " : "", i + 1);
	(void)buf_add_span(b, day);
	(void)buf_add_text(b, ", ");
	(void)buf_add_span(b, time);
}

/* "1: Mon, Nov 30, 9:00 AM; 2: Tue, Dec 1, 2:00 PM" */
static struct span
choices(const struct sms_templates *t, const struct sms_values *v, char out[CHOICES_MAX_BYTES])
{
	char day[DATE_MAX_BYTES], time[DATE_MAX_BYTES];
	struct buf b;
	size_t n;

	buf_init(&b, CHOICES_MAX_BYTES);
	for (size_t i = 0; i < v->choices_n && i < SMS_CHOICES_MAX; i++) {
		struct civil c;

		zone_civil(v->choice[i].zone, v->choice[i].start_s, &c);
		add_choice(&b, i, dates_day(t->dates, &c, day), dates_time(t->dates, &c, time));
	}
	n = b.spoilt ? 0 : span_copy(out, CHOICES_MAX_BYTES, buf_span(&b));
	buf_clear(&b);
	return span_from(out, n);
}

bool
sms_render(const struct sms_templates *t, enum text_kind k, const struct sms_values *v, struct buf *out)
{
	char day[DATE_MAX_BYTES], time_text[DATE_MAX_BYTES], others[OTHERS_MAX_BYTES], choice[CHOICES_MAX_BYTES];
	struct styled how = { v->as_is, v->plain_names, 0 };
	struct span value[VARIABLES], time;
	struct civil c;

	assert(k < TEXT_KINDS && v->zone);
	zone_civil(v->zone, v->start_s, &c);
	time = with_zone(t, v, v->start_s, dates_time(t->dates, &c, time_text), time_text);
	fill(v, k, v->modality, dates_day(t->dates, &c, day), time, value);
	value[VARIABLE_OTHER_TIMES] = other_times(t, v, others);
	value[VARIABLE_CHOICES] = choices(t, v, choice);
	if (value[VARIABLE_START_DATE].n == 0 || time.n == 0)
		return false;
	return render(&t->kind[k], value, v->modality, &how, out);
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

/* Of winter and summer, the longer name. */
static struct span
worst_zone(const struct sms_templates *t, const struct sms_values *v, struct span time, char text[DATE_MAX_BYTES])
{
	const int64_t winter_s = civil_days(2027, 1, 15) * 86400, summer_s = civil_days(2027, 7, 15) * 86400;
	char zone[DATE_MAX_BYTES];

	if (!v->zone_shown)
		return time;
	assert(v->zone);
	return with_zone(t, v, dates_zone(t->dates, v->zone, winter_s, zone).n >= dates_zone(t->dates, v->zone, summer_s, zone).n ?
	                           winter_s : summer_s, time, text);
}

static struct sms_size
worst_of(const struct sms_templates *t, enum text_kind k, const struct sms_values *longest, enum modality is)
{
	char time_text[DATE_MAX_BYTES];
	struct span time = worst_zone(t, longest, worst_time(t->dates, time_text), time_text);
	struct sms_size worst = { .segments = 0 };
	struct buf b, visits;

	assert(k < TEXT_KINDS);
	buf_init(&b, WORDS_MAX_BYTES);
	buf_init(&visits, CHOICES_MAX_BYTES);
	/* Every weekday of every month, the day of two digits. */
	for (int i = 0; i < 12 * 7; i++) {
		const struct civil c = { 2027, 1 + i / 7, 22 + i % 7, 0, 0, 0 };
		struct styled how = { longest->as_is, longest->plain_names, 0 };
		char day[DATE_MAX_BYTES];
		struct span value[VARIABLES];
		struct sms_size size;

		fill(longest, k, is, dates_day(t->dates, &c, day), time, value);
		buf_reset(&visits);
		for (size_t v = 0; v < SMS_CHOICES_MAX; v++)
			add_choice(&visits, v, value[VARIABLE_START_DATE], time);
		value[VARIABLE_CHOICES] = buf_span(&visits);
		buf_reset(&b);
		if (!render(&t->kind[k], value, is, &how, &b)) {
			worst.segments = 0;
			break;
		}
		size = sms_measure(buf_span(&b));
		if (how.culprit)
			size.culprit = how.culprit;
		if (costs_more(&size, &worst))
			worst = size;
	}
	buf_clear(&b);
	buf_clear(&visits);
	return worst;
}

struct sms_size
sms_worst(const struct sms_templates *t, enum text_kind k, const struct sms_values *longest)
{
	struct sms_size worst = worst_of(t, k, longest, longest->modality);

	for (int m = 0; m < MODALITIES && worst.segments > 0; m++) {
		struct sms_size size = longest->may_be & 1u << m ? worst_of(t, k, longest, (enum modality)m) : worst;

		if (size.segments == 0 || costs_more(&size, &worst))
			worst = size;
	}
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
sms_uses_modality(const struct sms_templates *t, enum text_kind k)
{
	assert(k < TEXT_KINDS);
	for (size_t i = 0; i < t->kind[k].parts_n; i++)
		if (t->kind[k].part[i].kind == PART_IF)
			return true;
	return false;
}

bool
sms_uses_link(const struct sms_templates *t, enum text_kind k)
{
	return uses(t, k, VARIABLE_LINK) || uses(t, k, VARIABLE_DEVICE_TEST_LINK);
}

bool
sms_uses_other_times(const struct sms_templates *t, enum text_kind k)
{
	return uses(t, k, VARIABLE_OTHER_TIMES);
}

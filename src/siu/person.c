/* person.c - what a message says about the patient besides ids and phones. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

static const struct word_list truth = { .item = { "y", "yes", "true", "1" }, .n = 4 };
static const struct word_list untruth = { .item = { "n", "no", "false", "0" }, .n = 4 };

/* One yes, or a time of death, outweighs any no; `""` takes back what was said. */
static void
read_death(struct reading *r, struct booking *b)
{
	const struct siu_profile *p = r->at->profile;
	struct walk flag = { 0 }, at = { 0 };
	bool had_time = false;
	struct span raw;

	while (!b->deceased && walk_next(r, &p->deceased, &flag, &raw)) {
		b->deceased = word_list_has(&truth, value_text(r, raw));
		b->death_said = b->death_said || b->deceased || hl7_is_null(span_trim(raw)) ||
		    word_list_has(&untruth, value_text(r, raw));
	}
	while (!had_time && walk_next(r, &p->death_time, &at, &raw)) {
		raw = span_trim(raw);
		had_time = raw.n > 0 && !hl7_is_null(raw);
		b->death_said = b->death_said || raw.n > 0;
	}
	b->deceased = b->deceased || had_time;
}

static enum consent_said
read_consent(struct reading *r)
{
	const struct siu_profile *p = r->at->profile;
	enum consent_said said = CONSENT_NOT_SAID;
	struct walk w = { 0 };
	struct span raw;

	/* One "no" outweighs any "yes". */
	while (walk_next(r, &p->consent, &w, &raw)) {
		struct span text = value_text(r, raw);

		if (word_list_has(&p->consent_no, text))
			return CONSENT_NO;
		if (word_list_has(&p->consent_yes, text))
			said = CONSENT_YES;
	}
	return said;
}

/* The day on which a person born then is `age` years old. Of a date that is not
 * whole the last day it may mean; who was born on 29 February waits for 1 March. */
static int64_t
of_age(const struct hl7_time *t, int64_t age)
{
	int year = t->year + (int)age;

	if (t->precision == HL7_YEAR)
		return civil_days(year + 1, 1, 1);
	if (t->precision == HL7_MONTH)
		return t->month == 12 ? civil_days(year + 1, 1, 1) : civil_days(year, t->month + 1, 1);
	return civil_days(year, t->month, 1) + t->day - 1;
}

static void
read_birth(struct reading *r, struct booking *b)
{
	struct hl7_time t;

	if (!b->site || hl7_time_read(value_first(r, &r->at->profile->birth), &t) != HL7_TIME_OK)
		return;
	b->birth_said = true;
	b->adult_day = of_age(&t, b->site->minor_age);
	b->minor = b->adult_day * 86400 > r->now_s;
}

void
person_read(struct reading *r, struct booking *b)
{
	const struct siu_profile *p = r->at->profile;
	struct walk language = { 0 };
	struct span raw;

	while (b->language.n == 0 && walk_next(r, &p->language, &language, &raw))
		b->language = language_code(value_text(r, raw));
	read_death(r, b);
	b->consent = read_consent(r);
	read_birth(r, b);
}

/* person.c - what a message says about the patient besides ids and phones. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

static const struct word_list truth = { .item = { "y", "yes", "true", "1" }, .n = 4 };

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

void
person_read(struct reading *r, struct booking *b)
{
	const struct siu_profile *p = r->at->profile;
	struct walk language = { 0 }, death = { 0 };
	struct span raw;

	while (b->language.n == 0 && walk_next(r, &p->language, &language, &raw))
		b->language = language_code(value_text(r, raw));
	while (!b->deceased && walk_next(r, &p->deceased, &death, &raw))
		b->deceased = word_list_has(&truth, value_text(r, raw));
	if (value_is_said(r, &p->death_time))
		b->deceased = true;
	b->consent = read_consent(r);
}

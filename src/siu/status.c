/* status.c - what a message does to the visit: the trigger, and the status words that overrule it. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <assert.h>
#include <string.h>

const char *
visit_status_name(enum visit_status s)
{
	static const char *const names[VISIT_STATUSES] = {
		[VISIT_BOOKED] = "booked",
		[VISIT_ARRIVED] = "arrived",
		[VISIT_CANCELED] = "canceled",
		[VISIT_NO_SHOW] = "no-show",
		[VISIT_DELETED] = "deleted",
	};

	assert(s < VISIT_STATUSES);
	return names[s];
}

/* What the words say. A component that ends the visit wins over one that does
 * not; no word that is known: booked. */
static enum visit_status
words_say(struct reading *r)
{
	static const enum visit_status by_weight[] = { VISIT_DELETED, VISIT_CANCELED, VISIT_NO_SHOW,
		VISIT_ARRIVED };
	const size_t weights = sizeof by_weight / sizeof by_weight[0];
	const struct siu_profile *p = r->at->profile;
	size_t heaviest = weights;
	struct walk w = { 0 };
	struct span raw;

	while (heaviest > 0 && walk_next(r, &p->status, &w, &raw)) {
		struct span word = value_text(r, raw);

		for (size_t i = 0; i < heaviest; i++)
			if (word_list_has(&p->status_word[by_weight[i]], word))
				heaviest = i;
	}
	return heaviest < weights ? by_weight[heaviest] : VISIT_BOOKED;
}

enum visit_status
status_read(struct reading *r)
{
	static const struct {
		char event[4];
		enum visit_status status;
	} ends[] = { { "S15", VISIT_CANCELED }, { "S16", VISIT_CANCELED }, { "S17", VISIT_DELETED } };
	enum visit_status said;

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (memcmp(r->event, ends[i].event, sizeof r->event) == 0)
			return ends[i].status;
	said = words_say(r);
	if (memcmp(r->event, "S26", sizeof r->event) == 0 && said != VISIT_CANCELED && said != VISIT_DELETED)
		return VISIT_NO_SHOW;
	return said;
}

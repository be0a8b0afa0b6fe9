/* ids.c - what names the appointment and the patient, and the link that is built from it. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

#include "nudge/buf.h"
#include "nudge/policy.h"

static bool
is_among(const struct booking *b, struct span id)
{
	if (span_eq(b->appointment_id, id))
		return true;
	for (size_t i = 0; i < b->aliases_n; i++)
		if (span_eq(b->aliases[i], id))
			return true;
	return false;
}

/* Bytes whose character set is not known may still be plain. */
static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return true;
}

static struct span
id_at(struct reading *r, const struct hl7_path *path)
{
	struct span id = value_at(r, path);

	return r->is_bare && !is_plain(id) ? SPAN_NONE : id;
}

static bool
is_filler_id(const struct hl7_path *p)
{
	return memcmp(p->segment, "SCH", sizeof p->segment) == 0 && p->field == 2;
}

/* The old id stands where a series has its parent. */
static bool
is_in_series(struct reading *r)
{
	uint64_t n = 0;

	return span_to_u64(value_first(r, &r->at->profile->occurrence), UINT32_MAX, &n) && n > 1;
}

static void
read_old_id(struct reading *r, struct booking *b)
{
	const struct siu_profile *p = r->at->profile;

	if (memcmp(r->event, "S13", sizeof r->event) != 0 || !b->has_filler_id || is_in_series(r))
		return;
	for (size_t i = 0; i < p->old_id.n; i++) {
		struct span id = id_at(r, &p->old_id.item[i]);

		if (id.n > 0 && id.n <= ID_MAX && !span_eq(id, b->appointment_id)) {
			b->old_id = id;
			return;
		}
	}
}

struct span
ids_best(struct reading *r)
{
	const struct path_list *l = &r->at->profile->appointment_id;

	for (size_t i = 0; i < l->n; i++) {
		struct span id = id_at(r, &l->item[i]);

		if (id.n > 0)
			return id.n <= ID_MAX ? id : SPAN_NONE;
	}
	return SPAN_NONE;
}

bool
ids_read(struct reading *r, struct booking *b)
{
	const struct path_list *l = &r->at->profile->appointment_id;

	for (size_t i = 0; i < l->n; i++) {
		struct span id = id_at(r, &l->item[i]);

		if (id.n == 0)
			continue;
		if (id.n > ID_MAX) {
			if (b->appointment_id.n == 0)
				return verdict_quarantine(r, "appointment id is too long", 102, &l->item[i]);
			continue;
		}
		if (b->appointment_id.n == 0) {
			b->appointment_id = id;
			b->has_filler_id = is_filler_id(&l->item[i]);
		} else if (b->aliases_n < sizeof b->aliases / sizeof b->aliases[0] && !is_among(b, id)) {
			b->aliases[b->aliases_n++] = id;
		}
	}
	if (b->appointment_id.n == 0)
		return verdict_quarantine(r, "no appointment id", 101, &l->item[0]);
	read_old_id(r, b);
	return true;
}

/* ---- the patient ---- */

struct span
ids_chosen(struct reading *r, const struct path_list *l, struct span *type)
{
	struct span first = SPAN_NONE, rep;
	struct walk w = { 0 };

	*type = SPAN_NONE;
	while (walk_next(r, l, &w, &rep)) {
		struct span id = value_part(r, rep, 1), is = value_part(r, rep, 5);

		if (id.n == 0)
			continue;
		if (word_list_has(&r->at->profile->patient_type, is)) {
			*type = is;
			return id;
		}
		if (first.n == 0)
			first = id;
	}
	return first;
}

void
ids_read_patient(struct reading *r, struct booking *b)
{
	struct span type;

	b->patient = ids_chosen(r, &r->at->profile->patient, &type);
}

/* ---- the link ---- */

#define LINK_BYTES_MAX 1023

static bool
is_link(struct span s)
{
	static const char scheme[] = "https://";

	if (s.n <= sizeof scheme - 1 || s.n > LINK_BYTES_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127)
			return false;
	return span_is_nocase((struct span){ s.p, sizeof scheme - 1 }, scheme);
}

/* Of the template; what is signed is filled in when it is sent. */
static struct span
build_link(struct reading *r, const char *template, struct span id)
{
	const struct link_facts x = { .appointment_id = id };
	struct buf b;
	char *out = NULL;
	size_t n;

	buf_init(&b, LINK_BYTES_MAX);
	if (!link_fill(span_of(template), &x, &b)) {
		buf_clear(&b);
		return SPAN_NONE; /* longer than a link may be */
	}
	n = b.n;
	out = arena_take(&r->msg->arena, n + 1);
	if (out)
		memcpy(out, b.p, n);
	else
		r->no_memory = true;
	buf_clear(&b);
	return out ? span_from(out, n) : SPAN_NONE;
}

void
ids_read_link(struct reading *r, struct booking *b)
{
	struct walk w = { 0 };
	struct span raw;

	switch (r->at->link) {
	case LINK_OF_NONE:
		return;
	case LINK_OF_TEMPLATE:
		b->link = build_link(r, b->site->link, b->appointment_id);
		break;
	case LINK_OF_PATH:
		if (!walk_next(r, &r->at->link_path, &w, &raw) || span_trim(raw).n == 0)
			return;
		if (!hl7_is_null(span_trim(raw)))
			b->link = value_text(r, raw);
		break;
	}
	/* What is no link replaces the one that was known: that one is not true any more. */
	b->link_state = is_link(b->link) && link_allowed(b->site, b->link) ? FIELD_SET : FIELD_CLEAR;
	if (b->link_state == FIELD_CLEAR && is_link(b->link))
		verdict_count(r, "link outside of link_domains");
	if (b->link_state == FIELD_CLEAR)
		b->link = SPAN_NONE;
}

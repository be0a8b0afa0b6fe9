/* ids.c - what names the appointment and the patient, and the link that is built from it. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

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
	struct path_list one = { .item = { *path }, .n = 1 };
	struct span id = value_first(r, &one);

	return r->is_bare && !is_plain(id) ? SPAN_NONE : id;
}

static bool
is_filler_id(const struct hl7_path *p)
{
	return strcmp(p->segment, "SCH") == 0 && p->field == 2;
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

	if (strcmp(r->event, "S13") != 0 || !b->has_filler_id || is_in_series(r))
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

static bool
stays_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("-._~", c));
}

static size_t
put_encoded(char *out, struct span id)
{
	static const char digit[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < id.n; i++) {
		unsigned char c = (unsigned char)id.p[i];

		if (stays_plain(id.p[i])) {
			out[n++] = id.p[i];
		} else {
			out[n++] = '%';
			out[n++] = digit[c >> 4];
			out[n++] = digit[c & 15];
		}
	}
	return n;
}

/* Every "{appointment_id}" of the template becomes the id, percent-encoded. */
static struct span
build_link(struct reading *r, const char *template, struct span id)
{
	static const char name[] = "{appointment_id}";
	size_t template_n = strlen(template), places = 0, n = 0;
	char *out;

	for (const char *p = template; (p = strstr(p, name)); p += sizeof name - 1)
		places++;
	out = arena_take(&r->msg->arena, template_n + places * 3 * id.n + 1);
	if (!out) {
		r->no_memory = true;
		return SPAN_NONE;
	}
	for (const char *p = template; *p;) {
		if (strncmp(p, name, sizeof name - 1) == 0) {
			n += put_encoded(out + n, id);
			p += sizeof name - 1;
		} else {
			out[n++] = *p++;
		}
	}
	return (struct span){ out, n };
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
	b->link_state = is_link(b->link) ? FIELD_SET : FIELD_CLEAR;
	if (b->link_state == FIELD_CLEAR)
		b->link = SPAN_NONE;
}

/* heard.c - the last message of each site, and of each environment the last for no site: its MSH and what it had. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parts.h"

#define KEEP_MS 5000 /* how often a change goes into the store */
#define FIELDS 18    /* of MSH */

static struct heard_now *
find(struct heard_now *list, size_t n, const char *environment, const char *site)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].is.site, site) == 0 && strcmp(list[i].is.environment, environment) == 0)
			return &list[i];
	return NULL;
}

struct loading {
	struct heard_now *list;
	size_t n;
};

static bool
load_one(void *ctx, const struct heard *h)
{
	struct loading *l = ctx;
	struct heard_now *x = find(l->list, l->n, h->environment, h->site);

	if (x && x->is.at_ms == 0)
		*x = (struct heard_now){ *h, true };
	return true;
}

bool
heard_build(struct engine *e, const struct rules *r, bool stored, struct fault *f)
{
	const struct conf *c = r->conf;
	struct loading l = { calloc(c->sites_n + c->environments_n + 1, sizeof *l.list), 0 };
	const struct heard_now *old;

	if (!l.list)
		return fault_set(f, FAULT_BUSY, "out of memory");
	for (size_t i = 0; i < c->sites_n + c->environments_n; i++) {
		struct heard_now *x = &l.list[l.n++];
		bool site = i < c->sites_n;

		x->kept = true;
		(void)snprintf(x->is.site, sizeof x->is.site, "%s", site ? c->sites[i].title : "");
		(void)snprintf(x->is.environment, sizeof x->is.environment, "%s",
		    site ? c->sites[i].environment->title : c->environments[i - c->sites_n].title);
		if ((old = find(e->heard, e->heard_n, x->is.environment, x->is.site)))
			*x = *old;
	}
	if (stored && !store_heard_list(e->store, load_one, &l, f)) {
		free(l.list);
		return false;
	}
	free(e->heard);
	e->heard = l.list;
	e->heard_n = l.n;
	return true;
}

/* Where so many fields end, of which the first begins at p. */
static const char *
behind(const char *p, const char *end, char separator, int fields)
{
	for (; p < end && fields > 0; fields--) {
		const char *next = memchr(p + 1, separator, (size_t)(end - p) - 1);

		p = next ? next : end;
	}
	return p;
}

static size_t
add_printable(char out[HEARD_MSH_MAX], size_t n, const char *p, const char *end)
{
	for (; p < end && n + 1 < HEARD_MSH_MAX; p++)
		out[n++] = *p >= ' ' && *p <= '~' ? *p : '?';
	return n;
}

/* A copy without MSH-8, which may be a password, and without what follows MSH-18. */
static void
copy_header(const struct message *m, char out[HEARD_MSH_MAX])
{
	struct span raw = m->raw, rest, line = span_cut(span_cut(raw, '\r', &rest), '\n', &rest);
	char separator = raw.n > 3 ? raw.p[3] : '|';
	const char *end = line.p + line.n, *eighth, *ninth;
	size_t n;

	eighth = behind(line.p, end, separator, 7);
	ninth = behind(eighth, end, separator, 1);
	n = add_printable(out, 0, line.p, eighth);
	n = add_printable(out, n, eighth, eighth < end ? eighth + 1 : end);
	n = add_printable(out, n, ninth, behind(ninth, end, separator, FIELDS - 8));
	out[n] = '\0';
}

static unsigned
facts_of(const struct booking *b)
{
	return (b->appointment_id.n ? HEARD_ID : 0u) | (b->has_start ? HEARD_START : 0u) | (b->patient.n ? HEARD_PATIENT : 0u) |
	    (b->phone[0] ? HEARD_PHONE : b->phone_state == FIELD_SET ? HEARD_PHONE_UNFIT : 0u) |
	    (b->departments.n ? HEARD_DEPARTMENT : 0u) | (b->visit_types.n ? HEARD_VISIT_TYPE : 0u) |
	    (b->link.n ? HEARD_LINK : 0u) | (b->language.n ? HEARD_LANGUAGE : 0u) |
	    (b->consent != CONSENT_NOT_SAID ? HEARD_CONSENT : 0u);
}

void
heard_note(struct engine *e, const struct message *m)
{
	static const enum heard_fate fates[] = { [MESSAGE_BOOKINGS] = HEARD_TAKEN, [MESSAGE_IGNORE] = HEARD_IGNORED,
		[MESSAGE_NEWS] = HEARD_TAKEN, [MESSAGE_QUARANTINE] = HEARD_QUARANTINED, [MESSAGE_REFUSE] = HEARD_REFUSED };
	const struct conf_site *s = m->kind == MESSAGE_BOOKINGS && m->bookings_n > 0 ? m->bookings[0].site : m->about;
	const char *title = s ? s->title : "";
	struct heard_now *x;

	if (!m->environment || m->kind == MESSAGE_NEWS) /* of no site, or of several */
		return;
	/* The place is known unless the configuration was swapped meanwhile. */
	x = s && s->index < e->heard_n ? &e->heard[s->index] : NULL;
	if (!x || strcmp(x->is.site, title) != 0 || strcmp(x->is.environment, m->environment->title) != 0)
		x = find(e->heard, e->heard_n, m->environment->title, title);
	if (!x)
		return;
	x->kept = false;
	e->heard_last_ms = e->now.wall_ms > e->heard_last_ms ? e->now.wall_ms : e->heard_last_ms + 1;
	x->is.at_ms = e->heard_last_ms;
	x->is.fate = fates[m->kind];
	x->is.facts = m->kind == MESSAGE_BOOKINGS && m->bookings_n > 0 ? facts_of(&m->bookings[0]) : 0;
	(void)span_copy(x->is.reason, sizeof x->is.reason, span_of(m->kind != MESSAGE_BOOKINGS && m->reason ? m->reason : ""));
	copy_header(m, x->is.msh);
}

bool
heard_keep(struct engine *e, struct fault *f)
{
	if (e->now.boot_ms - e->heard_kept_ms < KEEP_MS)
		return true;
	e->heard_kept_ms = e->now.boot_ms;
	for (size_t i = 0; i < e->heard_n; i++) {
		struct heard_now *x = &e->heard[i];

		if (x->kept)
			continue;
		if (!store_begin(e->store, f) || !store_heard_put(e->store, &x->is, f))
			return false;
		x->kept = true; /* a turn that fails is told again by the next message */
	}
	return true;
}

bool
heard_any(const struct engine *e, const char *environment, struct heard *out)
{
	*out = (struct heard){ .at_ms = 0 };
	for (size_t i = 0; i < e->heard_n; i++)
		if (strcmp(e->heard[i].is.environment, environment) == 0 && e->heard[i].is.at_ms > out->at_ms)
			*out = e->heard[i].is;
	return out->at_ms > 0;
}

void
heard_tell(const struct engine *e, struct command *c)
{
	const struct heard_now *x = find(e->heard, e->heard_n, c->environment, c->site);

	c->heard = x ? x->is : (struct heard){ .at_ms = 0 };
	(void)heard_any(e, c->environment, &c->heard_any);
	c->ok = true;
}

/* trial.c - visits that are known, lived again: their messages made anew, told to the real engine on a made-up clock. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/digest.h"
#include "nudgectl/past.h"

#define LINK_GUESS 40      /* bytes of a link that is erased */
#define ZONES_KEPT 16
#define NIGHT_FROM 21
#define NIGHT_TO 8

/* What was told of a visit, as its texts show it. */
struct event {
	const struct history_visit *visit;
	size_t number;
	int64_t at_s, start_s;
	enum visit_status status;
};

struct living {
	const struct history *h;
	struct rules *rules;
	bool then;
	struct event *events; /* owned */
	size_t events_n;
	struct { char name[64]; struct zone *zone; } zones[ZONES_KEPT];
	size_t zones_n;
	struct { uint64_t token; unsigned n; } *numbers; /* owned; by token, open addresses */
	size_t numbers_cap;
	unsigned numbers_n;
	struct rehearsal *stage;
};

/* ---- what happened ---- */

static void
add_event(struct living *x, const struct history_visit *v, int64_t at_s, int64_t start_s, enum visit_status status)
{
	struct event *last = x->events_n > 0 ? &x->events[x->events_n - 1] : NULL;

	if (last && last->visit == v && last->start_s == start_s && last->status == status)
		return;
	if (last && last->visit == v && last->at_s > at_s)
		at_s = last->at_s;
	x->events[x->events_n] = (struct event){ v, x->events_n, at_s, start_s, status };
	x->events_n++;
}

static bool
collect_events(struct living *x)
{
	const struct history *h = x->h;

	x->events = calloc(h->texts_n + h->visits_n + 1, sizeof *x->events);
	for (size_t i = 0; x->events && i < h->visits_n; i++) {
		const struct history_visit *v = &h->visits[i];

		for (size_t k = 0; k < v->texts_n; k++) {
			const struct history_text *t = &h->texts[v->text + k];

			add_event(x, v, t->planned_s, t->start_s, t->kind == TEXT_CANCELED ? VISIT_CANCELED : VISIT_BOOKED);
		}
		if (v->has_start)
			add_event(x, v, v->arrived_s, v->start_s, v->status);
	}
	return x->events != NULL;
}

static int
by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* ---- made up again ---- */

/* Some text of it ended for this reason. */
static bool
ended_for(const struct living *x, const struct history_visit *v, enum text_reason why)
{
	for (size_t k = 0; k < v->texts_n; k++)
		if (x->h->texts[v->text + k].reason == why)
			return true;
	return false;
}

static unsigned
number_of(struct living *x, uint64_t token)
{
	size_t at = (size_t)(token % x->numbers_cap);

	while (x->numbers[at].token && x->numbers[at].token != token)
		at = (at + 1) % x->numbers_cap;
	if (!x->numbers[at].token) {
		x->numbers[at].token = token;
		x->numbers[at].n = x->numbers_n++;
	}
	return x->numbers[at].n;
}

/* Of the same kind as the patient's, and the same for the same one; where it is
 * erased, as what became of the texts tells. */
static void
phone_of(struct living *x, const struct conf_site *s, const struct history_visit *v, char out[PHONE_MAX])
{
	const char *country = s->environment->organization->country;
	unsigned n = number_of(x, v->phone ? v->phone : (uint64_t)v->id << 1 | 1);

	out[0] = '\0';
	if (v->has_phone && phone_example(v->country, v->type, n, out))
		return;
	out[0] = '\0';
	if (!v->erased || ended_for(x, v, REASON_NO_PHONE))
		return;
	if (ended_for(x, v, REASON_PHONE_COUNTRY)) {
		if (!phone_example("", PHONE_MAYBE_MOBILE, n, out))
			out[0] = '\0';
	} else if (ended_for(x, v, REASON_PHONE_TYPE)) {
		if (!phone_example(country, PHONE_TOLL_FREE, n, out))
			out[0] = '\0';
	} else if (!phone_example(country, PHONE_MOBILE, n, out) && !phone_example(country, PHONE_MAYBE_MOBILE, n, out)) {
		out[0] = '\0';
	}
}

static struct span
link_of(struct arena *a, const struct conf_site *s, const struct history_visit *v)
{
	static const char head[] = "https://";
	size_t n = strstr(s->link, "://") ? strlen(s->link) : v->erased ? LINK_GUESS : (size_t)v->link_n;
	char *p;

	if (!s->link[0] || n < sizeof head)
		return SPAN_NONE;
	n = n < STORE_LINK_MAX ? n : STORE_LINK_MAX - 1;
	p = arena_take(a, n);
	if (!p)
		return SPAN_NONE;
	memset(p, 'x', n);
	memcpy(p, head, sizeof head - 1);
	return span_from(p, n);
}

static const struct zone *
zone_named(struct living *x, const char *name)
{
	struct fault f = { 0 };
	struct zone *z = NULL;

	for (size_t i = 0; i < x->zones_n; i++)
		if (strcmp(x->zones[i].name, name) == 0)
			return x->zones[i].zone;
	if (x->zones_n == ZONES_KEPT || !name[0] || !zone_load(name, &z, &f))
		return NULL;
	(void)snprintf(x->zones[x->zones_n].name, sizeof x->zones[0].name, "%s", name);
	x->zones[x->zones_n++].zone = z;
	return z;
}

/* The clock on the clinic's wall said the same, whatever zone it is in now. */
static void
start_of(struct living *x, const struct conf_site *s, const struct event *ev, struct booking *b)
{
	const struct zone *was = zone_named(x, ev->visit->zone), *is = rules_of(x->rules, s)->zone;

	b->has_start = true;
	zone_civil(was ? was : is, ev->start_s, &b->wall);
	b->start_s = strcmp(ev->visit->zone, s->time_zone) == 0 ? ev->start_s : zone_instant(is, &b->wall, NULL);
}

static struct span
words(struct arena *a, const char *head, uint64_t n)
{
	char text[40];

	(void)snprintf(text, sizeof text, "%s%llu", head, (unsigned long long)n);
	return arena_copy(a, span_of(text));
}

static void
fill_booking(struct living *x, struct arena *a, const struct conf_site *s, const struct event *ev, struct booking *b)
{
	const struct history_visit *v = ev->visit;

	b->appointment_id = words(a, "", (uint64_t)v->id);
	b->has_filler_id = true;
	memcpy(b->event, "S14", sizeof "S14");
	b->status = ev->status;
	start_of(x, s, ev, b);
	b->duration_s = v->duration_s;
	b->patient = v->patient ? words(a, "p", v->patient) : words(a, "v", (uint64_t)v->id);
	if (v->kind)
		b->visit_type = words(a, "t", v->kind);
	b->phone_state = FIELD_SET;
	phone_of(x, s, v, b->phone);
	b->language = arena_copy(a, span_of(v->language));
	b->zones_said = true;
	b->zones = arena_copy(a, span_of(v->patient_zones));
	b->death_said = true;
	b->deceased = v->deceased || ended_for(x, v, REASON_DECEASED);
	b->birth_said = true;
	b->minor = v->minor || ended_for(x, v, REASON_MINOR);
	b->adult_day = INT32_MAX;
	b->consent = v->consent;
	b->modality_said = s->video_if.n + s->phone_if.n + s->office_if.n > 0; /* by the patterns of then: the fields are not kept */
	b->modality = b->modality_said ? v->modality : MODALITY_UNKNOWN;
	b->confidential = x->then && v->fits != HISTORY_NOT_KNOWN ? v->confidential_then : v->confidential;
	b->link = link_of(a, s, v);
	b->link_state = b->link.n > 0 ? FIELD_SET : FIELD_CLEAR;
	b->site = s;
	b->has_sent_at = true;
	b->sent_at_s = ev->at_s;
}

static struct message *
message_of(struct living *x, const struct conf_site *s, const struct event *ev, size_t number)
{
	struct message *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	arena_init(&m->arena, 65536);
	m->bookings = arena_take(&m->arena, sizeof *m->bookings);
	if (!m->bookings) {
		arena_clear(&m->arena);
		free(m);
		return NULL;
	}
	m->rules = rules_hold(x->rules);
	m->environment = s->environment;
	m->kind = MESSAGE_BOOKINGS;
	m->verdict = VERDICT_ACCEPT;
	m->raw = m->control_id = words(&m->arena, "m", number);
	m->sending_application = SPAN_LIT("PAST");
	m->bookings_n = 1;
	fill_booking(x, &m->arena, s, ev, m->bookings);
	return m;
}

/* ---- lived again ---- */

static const struct conf_site *
site_of(const struct living *x, const struct history_visit *v)
{
	if (v->left_site || (x->then && v->fits == HISTORY_FITS_NOT))
		return NULL;
	return conf_find_site(x->rules->conf, v->site);
}

static bool
opt_out(struct living *x, struct fault *f)
{
	for (size_t i = 0; i < x->h->visits_n; i++) {
		const struct history_visit *v = &x->h->visits[i];
		const struct conf_site *s = site_of(x, v);
		char phone[PHONE_MAX];

		if (!s || !(v->opted_out || ended_for(x, v, REASON_OPTED_OUT)))
			continue;
		phone_of(x, s, v, phone);
		if (phone[0] && !rehearsal_opt_out(x->stage, s->environment->organization->title, phone, f))
			return false;
	}
	return true;
}

static bool
live(struct living *x, int64_t until_s, struct fault *f)
{
	for (size_t i = 0; i < x->events_n; i++) {
		const struct event *ev = &x->events[i];
		const struct conf_site *s = site_of(x, ev->visit);
		struct message *m;
		struct answer a;

		if (!s)
			continue;
		m = message_of(x, s, ev, i);
		if (!m)
			return fault_set(f, FAULT_BUSY, "out of memory");
		if (!rehearsal_pass(x->stage, ev->at_s, f) || !rehearsal_tell(x->stage, m, &a, f))
			return false;
	}
	return rehearsal_pass(x->stage, until_s, f);
}

/* ---- what went ---- */

struct gathering {
	struct living *x;
	struct trial *out;
	const struct words **said; /* by text */
	size_t said_n, cap;
};

static int
by_text(const void *a, const void *b)
{
	const struct words *const *x = a, *const *y = b;

	return (*x)->text < (*y)->text ? -1 : (*x)->text > (*y)->text;
}

static const struct words *
words_of(const struct gathering *g, int64_t text)
{
	struct words key = { .text = text };
	const struct words *at = &key, *const *found = bsearch(&at, g->said, g->said_n, sizeof at, by_text);

	return found ? *found : NULL;
}

static bool
take(void *ctx, const struct report_row *row)
{
	struct gathering *g = ctx;
	const struct conf_site *s = conf_find_site(g->x->rules->conf, row->site);
	const struct words *w = words_of(g, row->text->id);
	uint8_t digest[DIGEST_BYTES] = { 0 };
	struct gone *o;
	struct civil c;

	if (g->out->n == g->cap || !s)
		return s == NULL;
	o = &g->out->item[g->out->n++];
	*o = (struct gone){ .visit = strtoll(row->appointment_id, NULL, 10), .at_s = row->text->first_sent_s,
		.segments = row->text->segments, .kind = row->text->kind };
	memcpy(o->rule, row->text->rule, sizeof o->rule);
	(void)snprintf(o->site, sizeof o->site, "%s", row->site);
	zone_civil(rules_of(g->x->rules, s)->zone, o->at_s, &c);
	o->night = c.hour >= NIGHT_FROM || c.hour < NIGHT_TO;
	if (w && digest_sha256(span_of(w->said), digest))
		memcpy(o->words, digest, sizeof o->words);
	return true;
}

static int
by_visit(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;
	int rule = strcmp(x->rule, y->rule);

	if (x->visit != y->visit)
		return x->visit < y->visit ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (rule != 0)
		return rule;
	return x->at_s < y->at_s ? -1 : x->at_s > y->at_s;
}

static bool
gather(struct living *x, struct trial *out, struct fault *f)
{
	struct gathering g = { .x = x, .out = out };
	const struct words *all = rehearsal_all(x->stage, &g.said_n);
	struct store_reader *r = NULL;
	bool ok;

	g.cap = g.said_n;
	g.said = calloc(g.said_n + 1, sizeof(const struct words *));
	out->item = calloc(g.said_n + 1, sizeof *out->item);
	ok = g.said && out->item;
	if (!ok)
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	for (size_t i = 0; ok && i < g.said_n; i++)
		g.said[i] = &all[i];
	if (ok) {
		qsort(g.said, g.said_n, sizeof(const struct words *), by_text);
		ok = store_reader_open(rehearsal_folder(x->stage), &r, f) && store_read_report(r, 0, INT64_MAX, "", take, &g, f);
		store_reader_close(r);
		qsort(out->item, out->n, sizeof *out->item, by_visit);
	}
	free(g.said);
	return ok;
}

bool
trial_run(const struct history *h, struct rules *rules, bool then, int64_t until_s, struct trial *out, struct fault *f)
{
	struct living x = { .h = h, .rules = rules, .then = then, .numbers_cap = 2 * h->visits_n + 17 };
	bool ok;

	*out = (struct trial){ .n = 0 };
	x.numbers = calloc(x.numbers_cap, sizeof *x.numbers);
	ok = x.numbers && collect_events(&x);
	if (!ok) {
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	} else {
		qsort(x.events, x.events_n, sizeof *x.events, by_time);
		ok = rehearsal_new(rules, x.events_n > 0 ? x.events[0].at_s - 1 : until_s - 1, &x.stage, f);
	}
	for (size_t i = 0; i < h->visits_n; i++)
		out->untaken += site_of(&x, &h->visits[i]) == NULL;
	ok = ok && opt_out(&x, f) && live(&x, until_s, f) && gather(&x, out, f);
	rehearsal_free(x.stage);
	for (size_t i = 0; i < x.zones_n; i++)
		zone_free(x.zones[i].zone);
	free(x.numbers);
	free(x.events);
	return ok;
}

void
trial_clear(struct trial *t)
{
	free(t->item);
	*t = (struct trial){ .n = 0 };
}

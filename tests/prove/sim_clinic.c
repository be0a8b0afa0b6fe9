/* sim_clinic.c - see sim_clinic.h: visits and what happens to them; what must be true of texts. */
// SPDX-License-Identifier: Apache-2.0
#include "sim_clinic.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/policy.h"
#include "sim.h"
#include "sim_feed.h"
#include "sim_house.h"

#define VERSIONS_MAX 8
#define BEFORE_S 86400        /* of the reminder, see prove_world.c */
#define EXPIRY_S 300
#define IN_FLIGHT_S 300       /* a job that left may arrive so long after */

struct version { /* what one message said */
	int64_t start_s, sent_s, acked_ms; /* acked_ms: -1: not */
	bool canceled, given;
	int number;
	size_t message;
};

struct visit {
	int site, patient;
	struct version version[VERSIONS_MAX];
	int n;
	int reminders[VERSIONS_MAX]; /* texts that reached a phone, by the version that they say */
	int alike[VERSIONS_MAX];     /* jobs */
	bool wrong[VERSIONS_MAX];    /* numbers that the gateway called wrong */
};

struct row { /* one row of the product's */
	int64_t row, left_ms;
	int taken;
};

static struct {
	struct clinic_ways ways;
	const struct rules *rules;
	struct visit *visit;
	struct row *rows;            /* by hash; row 0: none */
	size_t rows_n, rows_cap;
	struct clinic_counts counts;
	int64_t ends_ms;
} the;

static struct { int visit, version; } *of_message;
static size_t messages_n, messages_cap;

const struct clinic_counts *clinic_counts(void) { return &the.counts; }
int64_t clinic_ends_ms(void) { return the.ends_ms; }

static const char *const applications[] = { "CARD", "EYE" };
static const int reminders_of[] = { 1, 2 }; /* rules of these sites, see prove_world.c */

/* ---- what clerks do ---- */

static void
tell(int v)
{
	struct visit *visit = &the.visit[v];
	struct version *x = &visit->version[visit->n - 1];
	struct said s = { .application = applications[visit->site], .visit = v, .patient = visit->patient, .number = x->number,
		.canceled = x->canceled, .event = x->canceled ? "S15" : visit->n == 1 ? "S12" : "S13", .sent_s = x->sent_s };
	struct civil c;

	if (messages_n == messages_cap) {
		messages_cap = messages_cap ? messages_cap * 2 : 1024;
		of_message = realloc(of_message, messages_cap * sizeof *of_message);
		if (!of_message)
			abort();
	}
	x->message = messages_n;
	of_message[messages_n].visit = v;
	of_message[messages_n].version = visit->n - 1;
	zone_civil(the.rules->sites[visit->site].zone, x->start_s, &c);
	(void)snprintf(s.start, sizeof s.start, "%04d%02d%02d%02d%02d00", c.year, c.month, c.day, c.hour, c.minute);
	the.counts.messages++;
	feed_say(the.ways.in_disorder ? (int)dice((uint64_t)the.ways.feeds) : v % the.ways.feeds, messages_n++, &s);
}

static int64_t
a_start(int site)
{
	const struct zone *z = the.rules->sites[site].zone;
	struct civil c;
	int64_t start;

	zone_civil(z, sim_true_s() + 7200 + (int64_t)dice((uint64_t)the.ways.days * 86400), &c);
	if (the.ways.fixed) /* all in the third afternoon */
		zone_civil(z, sim_true_s() - sim_ms() / 1000 + 3 * 86400, &c);
	c.hour = the.ways.fixed ? 13 + (int)dice(6) : 7 + (int)dice(12);
	c.minute = 15 * (int)dice(4);
	c.second = 0;
	start = zone_instant(z, &c, NULL);
	return start > sim_true_s() + 3600 ? start : start + 86400;
}

static void
change(void *ctx, int64_t v)
{
	struct visit *visit = &the.visit[v];
	struct version x = visit->n > 0 ? visit->version[visit->n - 1] : (struct version){ .number = 0 };
	int64_t last = x.sent_s;

	(void)ctx;
	if (visit->n == VERSIONS_MAX || (visit->n > 0 && x.start_s <= sim_true_s() + 60))
		return;
	if (visit->n == 0 || dice(3) == 0)
		x.start_s = a_start(visit->site);
	else if (dice(2))
		x.canceled = !x.canceled;
	else
		x.number++;
	x.given = false;
	x.acked_ms = -1;
	x.sent_s = sim_true_s() > last ? sim_true_s() : last + 1;
	visit->version[visit->n++] = x;
	if ((x.start_s - sim_true_s() + 3600) * 1000 + sim_ms() > the.ends_ms)
		the.ends_ms = (x.start_s - sim_true_s() + 3600) * 1000 + sim_ms();
	tell((int)v);
	if (!the.ways.fixed && dice(100) < 45)
		sim_at(dice(3) ? (int64_t)dice(600000) : (int64_t)dice((uint64_t)(x.start_s - sim_true_s()) * 1000), change, NULL, v);
}

void
clinic_begin(const struct clinic_ways *w, const struct rules *r)
{
	free(the.rows);
	free(the.visit);
	memset(&the, 0, sizeof the);
	messages_n = 0;
	the.ways = *w;
	the.rules = r;
	the.visit = calloc((size_t)w->visits, sizeof *the.visit);
	if (!the.visit)
		abort();
	for (int v = 0; v < w->visits; v++) {
		the.visit[v].site = (int)dice(COUNT(applications));
		the.visit[v].patient = (int)dice((uint64_t)w->visits);
		sim_at((int64_t)dice((uint64_t)w->days * 86400000 / 2), change, NULL, v);
	}
	feed_begin(w->feeds, w->window, w->cut, w->again, w->junk);
}

void
clinic_calm(void)
{
	feed_calm();
}

/* ---- what was acknowledged ---- */

static struct version *
version_of(size_t message)
{
	if (message >= messages_n)
		broken("an answer to a message that was never sent");
	return &the.visit[of_message[message].visit].version[of_message[message].version];
}

void
feed_gives(size_t message)
{
	version_of(message)->given = true;
}

void
clinic_answered(const struct message *m, const struct answer *a)
{
	struct version *x;

	sim_trace("answered", (int64_t)m->sequence, (int64_t)a->what * 10 + (int64_t)a->verdict);
	if (store_begun(sim_store()))
		broken("promise 1: an answer inside a transaction");
	if (a->what != ANSWER_SEND)
		return;
	if (a->verdict != VERDICT_ACCEPT)
		broken("a good message was refused: %s", a->error.text ? a->error.text : "");
	x = version_of(feed_message_of(m->control_id));
	the.counts.acknowledged += x->acked_ms < 0;
	if (x->acked_ms < 0)
		x->acked_ms = sim_ms();
}

/* The last that was acknowledged, and the last that may be known. */
static void
range(const struct visit *v, int *from, int *to)
{
	*from = 0;
	*to = -1;
	for (int i = 0; i < v->n; i++) {
		if (v->version[i].acked_ms >= 0)
			*from = i;
		if (v->version[i].given)
			*to = i;
	}
}

static bool
look_one(void *ctx, const struct appointment *a)
{
	struct appointment *out = ctx;

	*out = *a;
	return false;
}

void
clinic_look(struct store *s)
{
	struct fault f = { 0 };

	if (!store_begin(s, &f))
		broken("look-up: %s", f.text);
	for (int i = 0; i < the.ways.visits; i++) {
		const struct visit *v = &the.visit[i];
		struct appointment a = { .id = 0 };
		char id[16];
		int64_t sender;
		int from, to;
		bool found = false;

		range(v, &from, &to);
		if (to < 0 || v->version[from].acked_ms < 0 || v->version[to].start_s <= sim_true_s() || v->version[from].start_s <= sim_true_s())
			continue;
		(void)snprintf(id, sizeof id, "V%d", i);
		if (!store_sender(s, "prod", span_of(applications[v->site]), SPAN_LIT("LAMNA"), &sender, &f) ||
		    !store_appointments_of(s, sender, span_of(id), sim_wall_s(), look_one, &a, &f))
			broken("look-up: %s", f.text);
		for (int k = from; k <= to; k++)
			found = found || (a.start_s == v->version[k].start_s && (a.status == VISIT_CANCELED) == v->version[k].canceled);
		if (a.id == 0 || !found)
			broken("promise 1: what was acknowledged of visit %d is %s", i, a.id ? "not what is stored" : "lost");
	}
	store_rollback(s);
}

/* ---- what a text says ---- */

struct read { /* a text, read as its patient reads it */
	enum text_kind kind;
	int visit, number;
	char words[1024];
};

static void
read_text(const char *to, const char *words, struct read *out)
{
	static const struct { const char *says; enum text_kind kind; } signs[] = { { "is booked for", TEXT_BOOKED },
		{ "has changed", TEXT_CHANGED }, { "is canceled", TEXT_CANCELED }, { "reminder of your visit", TEXT_REMINDER } };
	size_t i = 0;
	long n;

	while (i < COUNT(signs) && !strstr(words, signs[i].says))
		i++;
	if (i == COUNT(signs) || strlen(to) != 12 || strncmp(to, "+1608", 5) != 0)
		broken("a text that nobody understands");
	n = strtol(to + 5, NULL, 10) - 2340000;
	out->kind = signs[i].kind;
	out->visit = (int)(n / VERSIONS_MAX);
	out->number = (int)(n % VERSIONS_MAX);
	if (out->visit < 0 || out->visit >= the.ways.visits)
		broken("a text to a number that nobody has");
	(void)snprintf(out->words, sizeof out->words, "%s", words);
}

static bool
says_start(const struct read *t, const struct visit *v, int64_t start_s)
{
	char when[16], day[16];
	struct civil c;

	zone_civil(the.rules->sites[v->site].zone, start_s, &c);
	(void)snprintf(when, sizeof when, " %d:%02d", c.hour % 12 ? c.hour % 12 : 12, c.minute);
	(void)snprintf(day, sizeof day, " %d ", c.day);
	return strstr(t->words, when) && strstr(t->words, day);
}

/* One of the versions that may be known says this, to this number. -1: none does. */
static int
version_said(const struct visit *v, const struct read *t, int from, int to)
{
	for (int i = to; i >= from; i--)
		if (v->version[i].number == t->number && v->version[i].canceled == (t->kind == TEXT_CANCELED) &&
		    says_start(t, v, v->version[i].start_s))
			return i;
	return -1;
}

static void
look_at_hours(const struct read *t, const struct visit *v, int64_t start_s, int64_t now_s)
{
	bool wide = t->kind != TEXT_BOOKED;
	struct civil c;
	int minute;

	zone_civil(the.rules->sites[v->site].zone, now_s, &c);
	minute = c.hour * 60 + c.minute;
	if (!the.rules->sites[v->site].site->window.always && (minute < (wide ? 7 : 9) * 60 || minute >= (wide ? 21 : 20) * 60))
		broken("promise 5: a text at %02d:%02d", c.hour, c.minute);
	if (now_s > start_s - (t->kind == TEXT_REMINDER ? EXPIRY_S : 0))
		broken("promise 5: a text after its expiry");
	if (t->kind == TEXT_REMINDER && now_s < start_s - BEFORE_S - 86400)
		broken("promise 5: a reminder much too early");
}

static struct row *
place_of(struct row *rows, size_t cap, int64_t row)
{
	size_t i = (size_t)((uint64_t)row * 0x9e3779b97f4a7c15u >> 32) % cap;

	while (rows[i].row != 0 && rows[i].row != row)
		i = (i + 1) % cap;
	return &rows[i];
}

static void
grow_rows(void)
{
	size_t cap = the.rows_cap ? the.rows_cap * 2 : 512;
	struct row *rows = calloc(cap, sizeof *rows);

	if (!rows)
		abort();
	for (size_t i = 0; i < the.rows_cap; i++)
		if (the.rows[i].row != 0)
			*place_of(rows, cap, the.rows[i].row) = the.rows[i];
	free(the.rows);
	the.rows = rows;
	the.rows_cap = cap;
}

static struct row *
row_of(int64_t row)
{
	struct row *r;

	if (the.rows_n * 2 >= the.rows_cap)
		grow_rows();
	r = place_of(the.rows, the.rows_cap, row);
	the.rows_n += r->row == 0;
	r->row = row;
	return r;
}

void
clinic_job(const struct link_job *j)
{
	json_t *root = json_loadb(j->body.p, j->body.n, 0, NULL);
	const json_t *item = json_array_get(json_object_get(root, "smsRecipients"), 0);
	struct read t;
	struct visit *v;
	struct row *row = row_of(j->text);
	int from, to, said;

	if (store_begun(sim_store()))
		broken("promise 3: a job inside a transaction");
	read_text(json_string_value(json_object_get(item, "to")), json_string_value(json_object_get(root, "message")), &t);
	v = &the.visit[t.visit];
	range(v, &from, &to);
	said = version_said(v, &t, from, to);
	sim_trace("job", j->text, t.visit * 100 + said);
	if (said < 0)
		broken("promise 5: a text (%d) about visit %d says what is no more, or to another number than the last acknowledged: %s", (int)t.kind, t.visit, t.words);
	look_at_hours(&t, v, v->version[said].start_s, sim_wall_s());
	row->left_ms = sim_ms();
	the.counts.jobs++;
	json_decref(root);
}

void
clinic_took(const struct taken *t)
{
	struct row *row = row_of(t->row);
	struct read r;
	struct visit *v;
	int said;

	read_text(t->to, t->words, &r);
	v = &the.visit[r.visit];
	if (row->left_ms == 0)
		broken("promise 3: the gateway has a text that never left");
	if (++row->taken > 1)
		broken("promise 4: row %lld reached the phone %d times", (long long)t->row, row->taken);
	said = version_said(v, &r, 0, v->n - 1);
	if (said < 0)
		broken("a text that no message explains");
	for (int i = said + 1; i < v->n; i++)
		if (v->version[i].acked_ms >= 0 && sim_ms() - v->version[i].acked_ms > IN_FLIGHT_S * 1000)
			broken("promise 5: a text long after another message was acknowledged");
	if (the.ways.clock_is_right && sim_true_s() > v->version[said].start_s)
		broken("promise 5: a text arrives after the start");
	the.counts.texts++;
	if (r.kind == TEXT_REMINDER) {
		the.counts.reminders++;
		v->reminders[said]++;
	}
}

/* From now on, if that answer arrives, nothing is owed to it. */
void
clinic_refused(const char *to)
{
	long n = strtol(to + 5, NULL, 10) - 2340000;

	the.visit[n / VERSIONS_MAX].wrong[n % VERSIONS_MAX] = true;
}

/* ---- at the end ---- */

void
clinic_judge(int64_t quiet_s)
{
	feed_judge();
	for (int i = 0; i < the.ways.visits; i++) {
		const struct visit *v = &the.visit[i];
		const struct version *x = &v->version[v->n > 0 ? v->n - 1 : 0];
		int64_t due = x->start_s - BEFORE_S;
		int got = 0;

		if (v->n == 0)
			continue;

		for (int k = 0; k < v->n; k++) {
			got += v->reminders[k];
			if (v->n == 1 && v->reminders[k] > reminders_of[v->site])
				broken("promise 4: visit %d was reminded of %d times", i, v->reminders[k]);
		}
		/* Due when all was well, and known long before: it must have come. */
		if (x->canceled || v->wrong[x->number] || due < quiet_s + 3600 || x->sent_s > due - 1800 || sim_true_s() - (sim_ms() - x->acked_ms) / 1000 > due - 1800)
			continue;
		the.counts.owed_reminders++;
		if (got == 0)
			broken("nothing lost: visit %d was never reminded of, though nothing was in the way (due %lld)", i, (long long)(due - sim_true_s()) * 1000 + sim_ms());
	}
}

/* start.c - when the visit is: which field wins, and when two of them may not both be right. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "hl7/index.h"

#define RESOURCE_APART_MAX_S (4 * 3600) /* a resource may be needed later than the patient comes */

void
start_civil(const struct hl7_time *t, struct civil *out)
{
	*out = (struct civil){ t->year, t->month, t->day, t->hour, t->minute, t->second };
}

int64_t
start_instant(const struct hl7_time *t, const struct zone *z, enum civil_note *note)
{
	struct civil c;

	start_civil(t, &c);
	if (!t->has_offset)
		return zone_instant(z, &c, note);
	*note = CIVIL_PLAIN;
	return civil_days(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second -
	    t->offset_min * 60;
}

/* The best that one path has. */
struct seen {
	enum { SEEN_NOTHING, SEEN_UNREADABLE, SEEN_DAY, SEEN_TIME } what;
	int64_t at_s;
	struct civil wall;
	enum civil_note note;
};

static bool
is_resource(const struct hl7_path *p)
{
	return p->segment[0] == 'A' && p->segment[1] == 'I';
}

static __attribute__((noinline)) void
see(const struct reading *r, const struct zone *z, struct span raw, struct seen *s)
{
	struct hl7_time t;
	struct seen now = { .what = SEEN_TIME };
	enum hl7_time_result result = hl7_time_read(raw, &t);

	if (result == HL7_TIME_EMPTY)
		return;
	/* What the zones' rules cover; a year outside is a slip of the pen. */
	if (result == HL7_TIME_BAD || t.year < 1970 || t.year >= 2100) {
		if (s->what == SEEN_NOTHING)
			s->what = SEEN_UNREADABLE;
		return;
	}
	/* The standard's rule; wrong across a change of the clocks, so only where it is asked for. */
	if (!t.has_offset && r->has_offset && r->map->rules->conf->sites[r->at - r->map->sites].msh7_offset) {
		t.has_offset = true;
		t.offset_min = r->offset_min;
	}
	start_civil(&t, &now.wall);
	if (t.precision < HL7_MINUTE) {
		now.what = t.precision < HL7_DAY ? SEEN_UNREADABLE : SEEN_DAY;
		if (now.what > s->what)
			*s = now;
		return;
	}
	now.at_s = start_instant(&t, z, &now.note);
	if (t.has_offset || now.note == CIVIL_GAP)
		zone_civil(z, now.at_s, &now.wall);
	if (s->what != SEEN_TIME || now.at_s < s->at_s)
		*s = now;
}

static __attribute__((noinline)) void
look_along(const struct reading *r, const struct zone *z, const struct hl7_path *p, struct seen *out)
{
	struct walk w = { 0 };
	struct span raw;

	while (walk_path(r, p, &w, &raw)) {
		/* An old time stamp may carry its precision behind a delimiter. */
		raw = index_before(r->hl7, raw, r->hl7->sought.component);
		see(r, z, index_before(r->hl7, raw, r->hl7->sought.subcomponent), out);
	}
}

/* Its segment is missing, or there is one and it says nothing there, as most rows: no walk is worth it. */
static inline bool
is_nothing(const struct hl7 *m, const struct hl7_path *p)
{
	unsigned at = index_first(m, p->segment);

	return at == SEGMENT_NONE || (index_is_only(m, p->segment) && index_field(m, at, (unsigned)p->field).n == 0);
}

static inline void
look(const struct reading *r, const struct zone *z, const struct hl7_path *p, struct seen *out)
{
	out->what = SEEN_NOTHING;
	if (!is_nothing(r->hl7, p))
		look_along(r, z, p, out);
}

static bool
is_tq1(const struct hl7_path *p)
{
	return memcmp(p->segment, "TQ1", sizeof p->segment) == 0;
}

/* From 2.7 on, TQ1 is where the time belongs; SCH-11 was withdrawn. */
static size_t
order_of(const struct reading *r, const struct path_list *l, const struct hl7_path *out[PATHS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; r->since_2_7 && i < l->n; i++)
		if (is_tq1(&l->item[i]))
			out[n++] = &l->item[i];
	for (size_t i = 0; i < l->n; i++)
		if (!r->since_2_7 || !is_tq1(&l->item[i]))
			out[n++] = &l->item[i];
	return n;
}

static bool
same_day(const struct civil *a, const struct civil *b)
{
	return a->year == b->year && a->month == b->month && a->day == b->day;
}

/* Two fields that both claim to be the start of the appointment itself; the best has a time. */
static bool
contradict(const struct seen *a, const struct seen *best)
{
	if (a->what == SEEN_TIME)
		return a->at_s / 60 != best->at_s / 60;
	return a->what == SEEN_DAY && !same_day(&a->wall, &best->wall);
}

static bool
is_apart(const struct seen *a, const struct seen *b)
{
	return llabs((long long)(a->at_s - b->at_s)) > RESOURCE_APART_MAX_S;
}

struct search {
	const struct hl7_path *path[PATHS_MAX];
	struct seen seen[PATHS_MAX];
	size_t n, best; /* best == n: none has a time */
	size_t quarrel; /* n: none */
	bool resource_apart;
};

static void
search_start(const struct reading *r, const struct zone *z, struct search *s)
{
	s->resource_apart = false;
	s->path[0] = &r->at->profile->start.item[0];
	s->n = s->best = s->quarrel = order_of(r, &r->at->profile->start, s->path);
	for (size_t i = 0; i < s->n; i++) {
		look(r, z, s->path[i], &s->seen[i]);
		if (s->best == s->n && s->seen[i].what == SEEN_TIME)
			s->best = i;
	}
	if (s->best == s->n)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (is_resource(s->path[i])) {
			if (s->seen[i].what == SEEN_TIME && is_apart(&s->seen[i], &s->seen[s->best]))
				s->resource_apart = true;
		} else if (s->quarrel == s->n && contradict(&s->seen[i], &s->seen[s->best])) {
			s->quarrel = i;
		}
	}
}

static bool
refuse_start(struct reading *r, const struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->seen[i].what == SEEN_DAY)
			return verdict_quarantine(r, "start has no time of day", 102, s->path[i]);
	for (size_t i = 0; i < s->n; i++)
		if (s->seen[i].what == SEEN_UNREADABLE)
			return verdict_quarantine(r, "start time cannot be read", 102, s->path[i]);
	return verdict_quarantine(r, "no start time", 101, s->path[0]);
}

/* ---- how long ---- */

static int64_t
unit_seconds(char c)
{
	switch (c) {
	case 's':
	case 'S':
		return 1;
	case 'm':
	case 'M':
		return 60;
	case 'h':
	case 'H':
		return 3600;
	default:
		return 0;
	}
}

/* "30" with a unit beside it, "M30", "2 hours". 0 when it says no sensible
 * length, up to a day. */
static int64_t
length_of(struct span value, struct span unit, bool has_unit)
{
	int64_t seconds = 0;
	uint64_t n = 0;
	struct span digits = value;

	if (value.n == 0)
		return 0;
	if (unit.n > 0)
		seconds = unit_seconds(unit.p[0]);
	else if (!has_unit)
		seconds = 60;
	if (unit_seconds(value.p[0]) > 0) {
		seconds = unit_seconds(value.p[0]);
		digits = (struct span){ value.p + 1, value.n - 1 };
	}
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] >= '0' && digits.p[i] <= '9')
			continue;
		struct span rest = span_trim((struct span){ digits.p + i, digits.n - i });

		if (digits.p[i] != '.' && rest.n > 0)
			seconds = unit_seconds(rest.p[0]);
		digits.n = i;
		break;
	}
	if (!span_to_u64(digits, 86400, &n) || n * (uint64_t)seconds > 86400)
		return 0;
	return (int64_t)n * seconds;
}

static int64_t
read_duration(struct reading *r, const struct zone *z, const struct booking *b)
{
	const struct siu_profile *p = r->at->profile;

	for (size_t i = 0; b->has_start && i < p->end.n; i++) {
		struct seen end;

		look(r, z, &p->end.item[i], &end);
		if (end.what == SEEN_TIME && end.at_s > b->start_s && end.at_s - b->start_s <= 86400)
			return end.at_s - b->start_s;
	}
	for (size_t i = 0; i < p->duration.n; i++) {
		const struct length_path *l = &p->duration.item[i];
		struct span unit = l->has_unit ? value_at(r, &l->unit) : SPAN_NONE;
		int64_t s = length_of(value_at(r, &l->value), unit, l->has_unit);

		if (s > 0)
			return s;
	}
	return 0;
}

/* ---- the whole ---- */

bool
start_read(struct reading *r, struct booking *b)
{
	bool takes_place = b->status == VISIT_BOOKED || b->status == VISIT_ARRIVED;
	const struct zone *z;
	struct search s;

	assert(b->site);
	z = rules_of(r->map->rules, b->site)->zone;
	search_start(r, z, &s);
	if (s.best == s.n && takes_place)
		return refuse_start(r, &s);
	if (s.quarrel < s.n && takes_place)
		return verdict_quarantine(r, "start times contradict each other", 102, s.path[s.quarrel]);
	/* A visit that ends needs no new start; a doubtful one is not taken. */
	if (s.best < s.n && s.quarrel == s.n) {
		if (s.resource_apart)
			verdict_count(r, "start far from its resources'");
		if (s.seen[s.best].note != CIVIL_PLAIN)
			verdict_count(r, s.seen[s.best].note == CIVIL_GAP ? "start in an hour that the clocks skip" : "start in an hour that comes twice");
		b->has_start = true;
		b->start_s = s.seen[s.best].at_s;
		b->wall = s.seen[s.best].wall;
		b->note = s.seen[s.best].note;
	}
	b->duration_s = read_duration(r, z, b);
	return true;
}

/* plan.c - what was known, what is now: the rows to add and to end. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "nudge/policy.h"

#define TWO_HOURS 7200
#define BEFORE_CLOSING_S 300
#define TOGETHER_S 1800

void
plan_fingerprint(const struct conf_site *site, const struct civil *wall, enum modality modality, struct span link, uint8_t out[16])
{
	uint8_t whole[DIGEST_BYTES] = { 0 };
	char text[2048], at[32];
	bool joins = modality != MODALITY_OFFICE && modality != MODALITY_PHONE;
	struct span part[] = { span_of(site ? site->title : ""), SPAN_NONE, span_of(modality_name(modality)), joins ? link : SPAN_NONE };
	size_t n = 0;

	civil_text(wall, at);
	part[1] = span_of(at);
	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
		if (i > 0 && n + 1 < sizeof text)
			text[n++] = '\n';
		n += span_copy(text + n, sizeof text - n, part[i]);
	}
	if (!digest_sha256(span_from(text, n), whole))
		memset(whole, 0, sizeof whole);
	memcpy(out, whole, 16);
}

static bool
reads_the_same(const struct plan_known *k, const struct plan_input *in)
{
	return memcmp(k->fingerprint, in->fingerprint, sizeof in->fingerprint) == 0 ||
	    memcmp(k->fingerprint, in->unmapped, sizeof in->unmapped) == 0;
}

static bool
is_open(const struct plan_known *k) /* may still be ended or kept */
{
	return k->state == TEXT_PENDING || k->state == TEXT_HELD;
}

static void
end_row(struct plan *out, const struct plan_known *k, enum text_reason why)
{
	assert(out->end_n < PLAN_TEXTS_MAX);
	out->end[out->end_n++] = (struct plan_void){ k->id, why };
}

static struct plan_row *
add_row(struct plan *out, const struct plan_input *in, enum text_kind kind, const char *rule)
{
	struct plan_row *r;

	if (out->add_n == PLAN_ROWS_MAX)
		return NULL;
	r = &out->add[out->add_n++];
	*r = (struct plan_row){ .kind = kind, .state = TEXT_PENDING, .start_s = in->start_s };
	(void)span_copy(r->rule, sizeof r->rule, span_of(rule));
	memcpy(r->fingerprint, in->fingerprint, sizeof r->fingerprint);
	return r;
}

/* Why nothing more is owed for this visit; REASON_NONE when it is alive. */
static enum text_reason
why_over(const struct plan_input *in)
{
	static const enum text_reason why[VISIT_STATUSES] = { [VISIT_ARRIVED] = REASON_ARRIVED,
		[VISIT_CANCELED] = REASON_CANCELED, [VISIT_NO_SHOW] = REASON_NO_SHOW, [VISIT_DELETED] = REASON_DELETED };

	if (!in->rules)
		return REASON_LEFT_SITE;
	if (in->status != VISIT_BOOKED)
		return why[in->status];
	return !in->has_start || in->start_s <= in->now_s ? REASON_VISIT_OVER : REASON_NONE;
}

/* ---- confirmations ---- */

/* The newest text that this patient may have read; NULL when there is none. */
static const struct plan_known *
last_told(const struct plan_input *in)
{
	for (size_t i = in->known_n; i-- > 0;)
		if (in->known[i].this_patient && text_was_told(in->known[i].state))
			return &in->known[i];
	return NULL;
}

/* Which confirmation is owed now; TEXT_KINDS when none is. */
static enum text_kind
owed(const struct plan_input *in)
{
	const struct plan_known *told = last_told(in);
	bool told_alive = told && told->kind != TEXT_CANCELED;

	if (!in->rules || !in->has_start || in->start_s <= in->now_s)
		return TEXT_KINDS;
	if (in->status == VISIT_CANCELED)
		return told_alive && !in->continued ? TEXT_CANCELED : TEXT_KINDS;
	if (in->status != VISIT_BOOKED)
		return TEXT_KINDS;
	if (!told_alive)
		return TEXT_BOOKED;
	return reads_the_same(told, in) ? TEXT_KINDS : TEXT_CHANGED;
}

static bool
says_the_same(const struct plan_known *k, const struct plan_input *in, enum text_kind kind)
{
	return k->kind == kind && k->this_patient &&
	    memcmp(k->fingerprint, in->fingerprint, sizeof in->fingerprint) == 0;
}

/* The same words were planned before and ended unsent: a message that brings no
 * other number does not bring them back. */
static bool
already_ended(const struct plan_input *in, enum text_kind kind)
{
	for (size_t i = in->known_n; i-- > 0;) {
		const struct plan_known *k = &in->known[i];

		if (k->kind == TEXT_REMINDER || k->state == TEXT_VOID || !k->this_patient)
			continue;
		return says_the_same(k, in, kind) && text_is_final(k->state) && !in->phone_changed;
	}
	return false;
}

static enum text_reason
why_ended(const struct plan_input *in, const struct plan_known *k, enum text_kind now_owed)
{
	enum text_reason over = why_over(in);

	if (!k->this_patient)
		return REASON_NEW_PATIENT;
	if (in->continued && k->kind == TEXT_CANCELED)
		return REASON_REBOOKED;
	if (now_owed != TEXT_KINDS)
		return REASON_REPLACED;
	if (over != REASON_NONE && !(k->kind == TEXT_CANCELED && over == REASON_CANCELED))
		return over;
	return REASON_UNDONE;
}

static void
plan_confirmation(const struct plan_input *in, struct plan *out)
{
	enum text_kind kind = owed(in);
	bool kept = false;
	struct plan_row *r;

	for (size_t i = 0; i < in->known_n; i++) {
		const struct plan_known *k = &in->known[i];

		if (k->kind == TEXT_REMINDER || !is_open(k))
			continue;
		if (!kept && kind != TEXT_KINDS && says_the_same(k, in, kind))
			kept = true;
		else
			end_row(out, k, why_ended(in, k, kind));
	}
	if (kept || kind == TEXT_KINDS || already_ended(in, kind))
		return;
	r = add_row(out, in, kind, "");
	if (!r)
		return;
	r->due_s = in->now_s + in->rules->site->settle_s;
	r->expires_s = in->start_s;
	if (!in->rules->site->confirmation || !in->may_send) {
		r->state = TEXT_SUPPRESSED;
		r->reason = in->rules->site->confirmation ? REASON_SITE_SILENT : REASON_TYPE_OFF;
	}
}

/* ---- reminders ---- */

int64_t
plan_reminder_due(const struct conf_reminder *r, const struct zone *z, int64_t start_s, const struct civil *wall)
{
	struct civil c = *wall;

	if (r->form == BEFORE_ELAPSED)
		return start_s - r->before_s;
	civil_add_days(&c, -r->days);
	if (r->form == BEFORE_DAYS_AT) {
		c.hour = r->at_min / 60;
		c.minute = r->at_min % 60;
		c.second = 0;
	}
	return zone_instant(z, &c, NULL);
}

struct hours
hours_of(const struct site_rules *r, bool is_short, const struct patient_zones *zones)
{
	struct hours h = { .window = is_short ? &r->site->short_window : &r->site->window, .zone = r->zone,
		.holidays = is_short ? NULL : r->holidays };

	for (size_t i = 0; zones && i < zones->n; i++)
		if (strcmp(zone_name(zones->item[i]), zone_name(r->zone)) != 0)
			h.patient[h.patient_n++] = zones->item[i];
	return h;
}

/* A while before the window closes, so that all of them find room in it. */
static bool
before_closing(const struct plan_input *in, const struct hours *h, int64_t *due_s)
{
	int64_t last_s = hours_last_opening(h, *due_s, in->now_s), early_s;

	if (last_s == INT64_MIN)
		return false;
	early_s = last_s - BEFORE_CLOSING_S;
	*due_s = early_s > in->now_s && hours_open(h, early_s) ? early_s : last_s;
	return true;
}

/* Moves a due time into the window: to the next opening or, when that is too
 * late and the reminder is not a short one, to the end of the opening before.
 * Where the patient's clock leaves no such time, the clinic's alone decides.
 * false: there is none. */
static bool
into_window(const struct plan_input *in, const struct conf_reminder *r, struct plan_row *row)
{
	bool is_short = r->before_s < TWO_HOURS;
	struct hours h = hours_of(in->rules, is_short, &in->patient);

	for (;;) {
		int64_t next = hours_next_opening(&h, row->due_s, row->expires_s);

		if (next == row->due_s)
			return true;
		if (next < row->expires_s) {
			row->reason = REASON_WAITING_WINDOW;
			row->due_s = next;
			return true;
		}
		if (!is_short && before_closing(in, &h, &row->due_s)) {
			row->reason = REASON_EARLIER;
			return true;
		}
		if (h.patient_n == 0)
			return false;
		h.patient_n = 0;
		row->clinic_hours = true;
	}
}

/* What the reminder's row would be if it were planned now. */
static void
make_reminder(const struct plan_input *in, const struct conf_reminder *r, struct plan_row *row)
{
	const struct conf_site *s = in->rules->site;

	row->due_s = plan_reminder_due(r, in->rules->zone, in->start_s, &in->wall);
	row->expires_s = in->start_s - s->expiry_s;
	if (row->due_s <= in->now_s) {
		if (s->late == LATE_SEND && in->now_s < row->expires_s) {
			row->due_s = in->now_s;
			return;
		}
		row->state = TEXT_SUPPRESSED;
		row->reason = REASON_LATE_SKIP;
		return;
	}
	if (!into_window(in, r, row)) {
		row->state = TEXT_SUPPRESSED;
		row->clinic_hours = false;
		row->reason = REASON_NO_WINDOW;
	}
}

static const struct conf_reminder *
reminder_named(const struct plan_input *in, const char *title)
{
	const struct conf_site *s = in->rules->site;

	for (size_t i = 0; i < s->reminders_n; i++)
		if (strcmp(s->reminders[i].title, title) == 0)
			return &s->reminders[i];
	return NULL;
}

/* By another row, which had ended before it was known that the gateway had taken it. */
static bool
was_reminded(const struct plan_input *in, const struct plan_known *k)
{
	for (size_t i = 0; i < in->known_n; i++) {
		const struct plan_known *told = &in->known[i];

		if (told->kind == TEXT_REMINDER && told->this_patient && text_was_told(told->state) && told->start_s == k->start_s &&
		    strcmp(told->rule, k->rule) == 0)
			return true;
	}
	return false;
}

/* Ends open reminders that are not of this visit as it stands now, that were told already, or
 * whose time by today's rules is another one. */
static void
end_reminders(const struct plan_input *in, struct plan *out)
{
	enum text_reason over = why_over(in);

	for (size_t i = 0; i < in->known_n; i++) {
		const struct plan_known *k = &in->known[i];
		const struct conf_reminder *r;
		struct plan_row would = { .state = TEXT_PENDING };

		if (k->kind != TEXT_REMINDER || !is_open(k))
			continue;
		if (over != REASON_NONE) {
			end_row(out, k, over);
			continue;
		}
		r = reminder_named(in, k->rule);
		if (!k->this_patient) {
			end_row(out, k, REASON_NEW_PATIENT);
		} else if (!r) {
			end_row(out, k, REASON_RULE_GONE);
		} else if (k->start_s != in->start_s) {
			end_row(out, k, REASON_RESCHEDULED);
		} else if (was_reminded(in, k)) {
			end_row(out, k, REASON_REPLACED);
		} else if (k->due_s > in->now_s) {
			/* One that is due already is the gates' affair, not moved. */
			make_reminder(in, r, &would);
			if (would.state == TEXT_PENDING &&
			    (would.due_s != k->due_s || would.expires_s != k->expires_s))
				end_row(out, k, REASON_REPLACED);
		}
	}
}

static bool
was_ended(const struct plan *out, int64_t id)
{
	for (size_t i = 0; i < out->end_n; i++)
		if (out->end[i].id == id)
			return true;
	return false;
}

/* This patient has, or had, this reminder for this start; or was told by it what
 * still reads the same, though the country's clocks make another instant of it now. */
static bool
has_reminder(const struct plan_input *in, const struct plan *out, const char *title)
{
	for (size_t i = 0; i < in->known_n; i++) {
		const struct plan_known *k = &in->known[i];

		if (k->kind == TEXT_REMINDER && k->this_patient && k->state != TEXT_VOID &&
		    (k->start_s == in->start_s || (text_was_told(k->state) && reads_the_same(k, in))) && strcmp(k->rule, title) == 0 && !was_ended(out, k->id))
			return true;
	}
	return false;
}

/* A reminder that is not at its own time must not follow another at its heels; two at one second never go both. */
static bool
too_near(int64_t due_s, bool moved, int64_t other_s)
{
	int64_t apart = due_s < other_s ? other_s - due_s : due_s - other_s;

	return apart == 0 || (moved && apart < TOGETHER_S);
}

static bool
near_known(const struct plan_input *in, const struct plan *out, const struct plan_row *row, bool moved)
{
	for (size_t i = 0; i < in->known_n; i++) {
		const struct plan_known *k = &in->known[i];

		if (k->kind == TEXT_REMINDER && k->this_patient && k->start_s == in->start_s && (is_open(k) || text_was_told(k->state)) &&
		    !was_ended(out, k->id) && too_near(row->due_s, moved, k->due_s))
			return true;
	}
	return false;
}

/* Windows, holidays and late bookings bring several reminders of a visit to one time: the patient gets one of them. That
 * is one at its own time or, where all were moved, the one that belongs nearest to the visit. */
static void
part_reminders(const struct plan_input *in, struct plan *out, size_t first, const int64_t own_s[PLAN_ROWS_MAX])
{
	for (size_t i = first; i < out->add_n; i++) {
		struct plan_row *row = &out->add[i];
		bool moved = row->due_s != own_s[i], loses;

		if (row->state != TEXT_PENDING)
			continue;
		loses = near_known(in, out, row, moved);
		for (size_t k = first; k < out->add_n && !loses; k++) {
			const struct plan_row *other = &out->add[k];
			bool other_moved = other->due_s != own_s[k];
			int64_t later_s = own_s[k] - own_s[i];
			bool behind = moved != other_moved ? moved : later_s > 0 || (later_s == 0 && i > k);

			loses = k != i && other->state == TEXT_PENDING && behind && too_near(row->due_s, moved, other->due_s);
		}
		if (loses) {
			row->state = TEXT_SUPPRESSED;
			row->clinic_hours = false;
			row->reason = REASON_TOGETHER;
		}
	}
}

static void
plan_reminders(const struct plan_input *in, struct plan *out)
{
	size_t first = out->add_n;
	int64_t own_s[PLAN_ROWS_MAX];

	end_reminders(in, out);
	if (why_over(in) != REASON_NONE)
		return;
	for (size_t i = 0; i < in->rules->site->reminders_n; i++) {
		const struct conf_reminder *r = &in->rules->site->reminders[i];
		struct plan_row *row;

		if (has_reminder(in, out, r->title))
			continue;
		row = add_row(out, in, TEXT_REMINDER, r->title);
		if (!row)
			break;
		own_s[out->add_n - 1] = plan_reminder_due(r, in->rules->zone, in->start_s, &in->wall);
		make_reminder(in, r, row);
	}
	part_reminders(in, out, first, own_s);
}

void
plan_make(const struct plan_input *in, struct plan *out)
{
	assert(in->known_n <= PLAN_KNOWN_MAX);
	out->add_n = out->end_n = 0;
	if (!in->reminders_only)
		plan_confirmation(in, out);
	plan_reminders(in, out);
}

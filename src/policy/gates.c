/* gates.c - one function a gate, one table for their order. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <string.h>

#include "nudge/policy.h"

#define TWO_HOURS 7200

static struct gate_result
pass(void)
{
	return (struct gate_result){ GATE_PASS, REASON_NONE, 0, false };
}

static struct gate_result
suppress(enum text_reason why)
{
	return (struct gate_result){ GATE_SUPPRESS, why, 0, false };
}

static struct gate_result
gate_consents(const struct gate_facts *f)
{
	const struct conf_organization *o;

	if (!f->rules)
		return suppress(REASON_SITE_GONE);
	o = f->rules->site->environment->organization;
	if (!o->consent_send_on_behalf)
		return suppress(REASON_CONSENT_BEHALF);
	return o->consent_attendees_consented ? pass() : suppress(REASON_CONSENT_ATTENDEES);
}

static bool
listed(const struct text_list *l, const char *what)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i], what) == 0)
			return true;
	return false;
}

static struct gate_result
gate_environment(const struct gate_facts *f)
{
	const struct conf_environment *e = f->rules->site->environment;

	if (e->production || f->phone[0] == '\0' || listed(&e->only_to, f->phone))
		return pass();
	return suppress(REASON_TEST_NUMBER);
}

static struct gate_result
gate_approval(const struct gate_facts *f)
{
	return f->rules->site->approvers.n == 0 || f->approved ? pass() : suppress(REASON_NOT_APPROVED);
}

static struct gate_result
gate_number(const struct gate_facts *f)
{
	const struct conf_number *n = f->rules->site->number;

	if (!n)
		return suppress(REASON_NO_NUMBER);
	if (f->rules->site->learning)
		return suppress(REASON_LEARNING);
	if (n->type == NUMBER_TOLL_FREE && !n->verified && f->rules->site->environment->production)
		return suppress(REASON_NOT_VERIFIED);
	return pass();
}

static struct gate_result
gate_type(const struct gate_facts *f)
{
	const struct conf_site *s = f->rules->site;

	if (f->kind != TEXT_REMINDER)
		return s->confirmation ? pass() : suppress(REASON_TYPE_OFF);
	for (size_t i = 0; i < s->reminders_n; i++)
		if (strcmp(s->reminders[i].title, f->rule) == 0)
			return pass();
	return suppress(REASON_RULE_GONE);
}

bool
said_fits(const struct pattern_list *patterns, const char *said)
{
	struct span rest = span_of(said ? said : "");

	while (rest.n > 0)
		if (pattern_list_matches(patterns, span_cut(rest, SAID_SEPARATOR, &rest)))
			return true;
	return false;
}

bool
said_wanted(const struct pattern_list *patterns, const char *said)
{
	size_t n = said ? strlen(said) : 0;

	/* Where not all is known, the message's own look at it counts. */
	return patterns->n == 0 || n == 0 || said[n - 1] == SAID_SEPARATOR || said_fits(patterns, said);
}

static struct gate_result
gate_visit_type(const struct gate_facts *f)
{
	const struct conf_site *s = f->rules->site;

	if (f->confidential || said_fits(&s->confidential_departments, f->departments) ||
	    said_fits(&s->confidential_visit_types, f->visit_types))
		return suppress(REASON_CONFIDENTIAL);
	if (!said_wanted(&s->departments, f->departments) || !said_wanted(&s->visit_types, f->visit_types))
		return suppress(REASON_LEFT_SITE);
	return pass();
}

static struct gate_result
gate_alive(const struct gate_facts *f)
{
	static const enum text_reason why[VISIT_STATUSES] = { [VISIT_ARRIVED] = REASON_ARRIVED,
		[VISIT_CANCELED] = REASON_CANCELED, [VISIT_NO_SHOW] = REASON_NO_SHOW, [VISIT_DELETED] = REASON_DELETED };

	if (f->kind == TEXT_CANCELED && f->status == VISIT_CANCELED)
		return f->this_version ? pass() : suppress(REASON_RESCHEDULED);
	if (f->kind == TEXT_CANCELED)
		return suppress(REASON_UNDONE);
	if (f->status != VISIT_BOOKED)
		return suppress(why[f->status]);
	return f->this_version ? pass() : suppress(REASON_RESCHEDULED);
}

static struct gate_result
gate_patient(const struct gate_facts *f)
{
	if (f->deceased)
		return suppress(REASON_DECEASED);
	if (f->rules->site->suppress_minors && f->minor && f->today_day < f->adult_day)
		return suppress(REASON_MINOR);
	if (f->consent == CONSENT_NO ||
	    (f->consent != CONSENT_YES && f->rules->site->patient_consent == CONSENT_REQUIRED))
		return suppress(REASON_PATIENT_CONSENT);
	return pass();
}

static struct gate_result
gate_phone(const struct gate_facts *f)
{
	char country[3];
	enum phone_type type;

	if (f->phone[0] == '\0')
		return suppress(REASON_NO_PHONE);
	type = phone_type_of(f->phone, country);
	if (!listed(&f->rules->site->countries, country))
		return suppress(REASON_PHONE_COUNTRY);
	if (!f->rules->site->fiction_numbers && phone_is_fiction(f->phone))
		return suppress(REASON_FICTION);
	return type == PHONE_MOBILE || type == PHONE_MAYBE_MOBILE ? pass() : suppress(REASON_PHONE_TYPE);
}

static struct gate_result
gate_refused(const struct gate_facts *f)
{
	return f->refused ? suppress(REASON_NUMBER_REFUSED) : pass();
}

static struct gate_result
gate_optout(const struct gate_facts *f)
{
	return f->opted_out && !text_ends_texts(f->kind) ? suppress(REASON_OPTED_OUT) : pass();
}

static struct gate_result
gate_link(const struct gate_facts *f)
{
	return f->rules->site->link_required && f->link_fits && !f->has_link && f->kind != TEXT_CANCELED ?
	    suppress(REASON_LINK_MISSING) : pass();
}

static struct gate_result
gate_time(const struct gate_facts *f)
{
	if (f->now_s >= f->expires_s)
		return (struct gate_result){ GATE_EXPIRE, REASON_TOO_LATE, 0, false };
	if (f->kind != TEXT_REMINDER && f->now_s - f->planned_s > f->rules->site->stale_s)
		return suppress(REASON_STALE);
	return pass();
}

/* A reminder of less than two hours, and a change or cancellation that would
 * otherwise come too late, may use the longer hours. */
static bool
may_use_short(const struct gate_facts *f, int64_t opening_s)
{
	const struct conf_site *s = f->rules->site;

	if (f->kind == TEXT_CHANGED || f->kind == TEXT_CANCELED)
		return f->start_s < opening_s || f->start_s - opening_s < TWO_HOURS;
	if (f->kind == TEXT_REMINDER)
		for (size_t i = 0; i < s->reminders_n; i++)
			if (strcmp(s->reminders[i].title, f->rule) == 0)
				return s->reminders[i].before_s < TWO_HOURS;
	return false;
}

/* The next opening before the expiry, by the window that the text may use. */
static int64_t
next_opening(const struct gate_facts *f, const struct patient_zones *zones)
{
	struct hours h = hours_of(f->rules, false, zones);
	int64_t opening = hours_next_opening(&h, f->now_s, f->expires_s), sooner;

	if (opening <= f->now_s || !may_use_short(f, opening))
		return opening;
	h = hours_of(f->rules, true, zones);
	sooner = hours_next_opening(&h, f->now_s, f->expires_s);
	return sooner < opening ? sooner : opening;
}

/* What the margin keeps free is for what cannot wait. */
static bool
open_to_the_end(const struct gate_facts *f, const struct patient_zones *zones)
{
	for (int is_short = 0; is_short < 2; is_short++) {
		struct hours h = hours_of(f->rules, is_short, zones);
		struct conf_window whole = *h.window;

		whole.margin_min = 0;
		h.window = &whole;
		if ((!is_short || may_use_short(f, INT64_MAX)) && hours_open(&h, f->now_s))
			return true;
	}
	return false;
}

static enum text_reason
why_waiting(const struct gate_facts *f)
{
	struct hours h = hours_of(f->rules, false, NULL);

	if (hours_open(&h, f->now_s))
		return REASON_WAITING_PATIENT;
	h.holidays = NULL;
	return hours_open(&h, f->now_s) ? REASON_WAITING_HOLIDAY : REASON_WAITING_WINDOW;
}

static struct gate_result
gate_window(const struct gate_facts *f)
{
	static const struct patient_zones nowhere = { .n = 0 };
	const struct patient_zones *const tries[] = { &f->patient, &nowhere };
	size_t n = f->patient.n > 0 ? 2 : 1;

	for (size_t i = 0; i < n; i++) {
		const struct patient_zones *zones = tries[n == 1 ? 1 : i];
		int64_t opening = next_opening(f, zones);
		struct gate_result r = { GATE_PASS, REASON_NONE, 0, i == 1 };

		if (opening <= f->now_s || (opening == INT64_MAX && open_to_the_end(f, zones)))
			return r;
		if (opening < f->expires_s) {
			r.verdict = GATE_WAIT;
			r.reason = why_waiting(f);
			r.until_s = opening;
			return r;
		}
	}
	return suppress(REASON_NO_WINDOW);
}

static struct gate_result
gate_caps(const struct gate_facts *f)
{
	const struct conf_site *s = f->rules->site;

	if (f->kind == TEXT_CANCELED)
		return pass();
	if (s->daily_cap > 0 && f->sent_today >= s->daily_cap)
		return suppress(REASON_DAILY_CAP);
	return s->weekly_cap > 0 && f->sent_week >= s->weekly_cap ? suppress(REASON_WEEKLY_CAP) : pass();
}

static struct gate_result
gate_response_time(const struct gate_facts *f)
{
	return f->now_s < f->expires_s ? pass() : (struct gate_result){ GATE_EXPIRE, REASON_RESPONSE_LATE, 0, false };
}

typedef struct gate_result gate_fn(const struct gate_facts *f);

static gate_fn *const gates[] = {
	gate_consents, gate_environment, gate_approval, gate_number, gate_type, gate_visit_type, gate_alive,
	gate_patient, gate_phone, gate_refused, gate_optout, gate_link, gate_time, gate_window, gate_caps, NULL,
};

static gate_fn *const response_gates[] = {
	gate_consents, gate_environment, gate_approval, gate_number, gate_phone, gate_optout, gate_response_time, NULL,
};

struct gate_result
gates_pass(const struct gate_facts *f)
{
	struct gate_result all = pass();

	for (gate_fn *const *gate = text_is_response(f->kind) ? response_gates : gates; *gate; gate++) {
		struct gate_result r = (*gate)(f);

		if (r.verdict != GATE_PASS)
			return r;
		all.clinic_hours = all.clinic_hours || r.clinic_hours;
	}
	return all;
}

/* send.c - a text that is due: all gates again, armed, committed, and only then a job. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/parts.h"
#include "nudge/mutant.h"

static bool
gather(struct engine *e, struct look *l, struct gate_facts *g, bool count_caps, struct fault *f)
{
	int64_t now = now_s(&e->now);
	struct civil c;

	const char *organization = l->response.id ? l->response.organization :
	    l->site ? l->site->environment->organization->title : "";

	*g = (struct gate_facts){ .rules = l->rules, .kind = l->t.kind, .rule = l->t.rule, .status = l->a.status,
		.approved = l->site && e->sites[l->site->index].approved,
		.this_version = (l->t.start_s == l->a.start_s && l->t.generation == l->a.generation) || MUTANT("stale") || MUTANT("blind"),
		.confidential = l->a.confidential, .departments = l->a.departments,
		.visit_types = l->a.visit_types, .minor = l->a.minor, .adult_day = l->a.adult_day, .deceased = l->a.deceased, .consent = l->a.consent,
		.phone = l->a.phone, .link_fits = !l->site || link_fits(l->site, l->a.modality), .has_link = l->a.link[0] != '\0' && (!l->site || link_allowed(l->site, span_of(l->a.link))), .start_s = l->a.start_s, .due_s = l->t.due_s,
		.planned_s = l->t.planned_s, .expires_s = MUTANT("expiry") ? INT64_MAX : l->t.expires_s, .now_s = now };
	if (!l->site)
		return true;
	g->patient = patient_of(e, l->site, &l->a);
	zone_civil(l->rules->zone, now, &c);
	g->today_day = civil_days(c.year, c.month, c.day);
	if (l->a.phone[0] == '\0')
		return true;
	switch (store_optout_find(e->store, organization, l->a.phone, f)) {
	case STORE_FAILED:
		return false;
	case STORE_FOUND:
		g->opted_out = true;
		break;
	case STORE_NONE:
		break;
	}
	if (!refused_is(e, l->site->environment->organization, l->a.phone, &g->refused, f))
		return false;
	return !count_caps || store_cap_count(e->store, l->a.phone, g->today_day,
	    &g->sent_today, &g->sent_week, f);
}

static bool
fetch(struct engine *e, int64_t id, struct look *l, bool *there, struct fault *f)
{
	*there = false;
	l->response.id = 0;
	switch (store_text_get(e->store, id, &l->t, f)) {
	case STORE_FAILED:
		return false;
	case STORE_NONE:
		return true;
	case STORE_FOUND:
		break;
	}
	if (store_is_response(l->t.appointment)) {
		enum store_found found = store_response_get(e->store, l->t.appointment, &l->response, f);

		if (found != STORE_FOUND)
			return found != STORE_FAILED && fault_set(f, FAULT_BROKEN, "store: a response is missing");
		response_look(&l->response, &l->a);
	} else if (store_appointment_get(e->store, l->t.appointment, now_s(&e->now), &l->a, f) == STORE_FAILED) {
		return false;
	}
	l->site = engine_site(e, l->t.site);
	l->rules = l->site ? rules_of(e->rules, l->site) : NULL;
	*there = true;
	return true;
}

void
send_alarm_untold(struct engine *e, const struct text *t)
{
	const struct conf_site *s = engine_site(e, t->site);

	if (s && (t->kind == TEXT_CHANGED || t->kind == TEXT_CANCELED) && t->start_s > now_s(&e->now))
		engine_alarm(e, "a cancellation or change could not be told: call the patient (nudgectl report untold)", s->title);
}

bool
send_gates(struct engine *e, int64_t text, struct look *l, struct gate_result *r, bool *there, struct fault *f)
{
	struct gate_facts g;

	if (!fetch(e, text, l, there, f))
		return false;
	if (!*there)
		return true;
	if (!gather(e, l, &g, true, f))
		return false;
	*r = gates_pass(&g);
	return true;
}

static bool
is_confirmation(const struct text *t)
{
	return t->kind != TEXT_REMINDER && !text_is_response(t->kind);
}

/* The gates said no: the row ends, or waits. */
static bool
refuse(struct engine *e, struct look *l, const struct gate_result *r, struct fault *f)
{
	static const enum text_event event[] = { [GATE_SUPPRESS] = TEXT_EV_GATE, [GATE_EXPIRE] = TEXT_EV_EXPIRE };

	assert(r->verdict != GATE_PASS);
	l->t.reason = r->reason;
	l->t.clinic_hours = r->clinic_hours;
	if (r->verdict == GATE_WAIT) {
		l->t.due_s = r->until_s;
		ahead_note(e, l->t.id, l->t.due_s);
		return store_text_put(e->store, &l->t, f);
	}
	l->t.state = text_step(l->t.state, event[r->verdict]);
	if (r->reason == REASON_NO_WINDOW || r->reason == REASON_STALE || r->reason == REASON_TOO_LATE || r->reason == REASON_NUMBER_REFUSED)
		send_alarm_untold(e, &l->t);
	if (r->reason == REASON_NUMBER_REFUSED && !refused_visit(e, &l->a, f))
		return false;
	return store_text_put(e->store, &l->t, f) && apply_final(e, l->t.appointment, f) &&
	    (!is_confirmation(&l->t) || pair_had_its_turn(e, &l->a, f));
}

static bool
render(struct engine *e, struct look *l, const struct merged *m, struct sms_size *size)
{
	char link[RULES_LINK_MAX], test_link[RULES_LINK_MAX];
	const struct sms_templates *t = rules_templates(l->rules, span_of(l->a.language));
	struct span id = span_of(l->a.appointment_id);
	struct sms_values v;
	bool ok;

	rules_values(l->rules, &v);
	v.start_s = l->a.start_s;
	v.modality = l->a.modality;
	v.zone_shown = clocks_differ(e, l);
	v.link = rules_link(l->rules, l->a.link, id, l->a.start_s, link);
	v.device_test_link = rules_link(l->rules, l->site->device_test_link, id, l->a.start_s, test_link);
	merge_values(m, &v);
	if (l->response.id)
		response_values(e, &l->response, &v);
	buf_reset(&e->scratch);
	ok = sms_render(t, l->t.kind, &v, &e->scratch);
	seal_wipe(link, sizeof link);
	seal_wipe(test_link, sizeof test_link);
	if (!ok)
		return false;
	l->t.words = l->rules->words;
	*size = sms_measure(buf_span(&e->scratch));
	return size->segments > 0;
}

static bool
new_repeat_id(struct engine *e, char out[37])
{
	uint8_t u[DIGEST_UUID_BYTES];

	if (!e->setup.random(e->setup.random_ctx, u, sizeof u))
		return false;
	digest_uuid(u, out);
	return true;
}

int64_t
window_of(const struct engine *e, const struct text *t)
{
	const struct conf_gateway *g = conf_find_gateway(e->rules->conf, t->gateway);

	return g ? g->repeat_window_s : 0; /* it is gone: nobody repeats there what it may have */
}

static int64_t
not_after(const struct engine *e, const struct text *t)
{
	int64_t window = t->first_sent_s + window_of(e, t);

	return window < t->expires_s && !MUTANT("window") ? window : t->expires_s;
}

static struct out_job *
new_job(struct engine *e, const struct look *l, bool first)
{
	struct out_job *j;

	assert(e->out.jobs_n < JOBS_A_TURN);
	j = &e->out.jobs[e->out.jobs_n++];
	j->text = l->t.id;
	j->attempt = l->t.attempts;
	j->not_after_s = not_after(e, &l->t);
	j->first = first;
	memcpy(j->gateway, l->t.gateway, sizeof j->gateway);
	memcpy(j->to, l->a.phone, sizeof j->to);
	return j;
}

static bool
fill_path(struct engine *e, const struct look *l, struct out_job *j, struct buf *body, struct span text)
{
	char date[CLOCK_TEXT_MAX], tag[24];
	struct compose c = { .gateway = l->site->number->gateway, .from = l->t.sender, .to = l->a.phone,
		.repeat_id = l->t.repeat_id, .first_sent = date, .tag = tag, .text = text };

	clock_http_date(l->t.first_sent_s, date);
	(void)snprintf(tag, sizeof tag, "%lld", (long long)l->t.id);
	return e->setup.compose(&c, j->path, sizeof j->path, body);
}

/* Everything a text needs to leave is written down here, in the transaction
 * that decides it; the job leaves after its commit. */
static bool
arm(struct engine *e, struct look *l, const struct merged *m, const struct sms_size *size, struct flight *x, struct fault *f)
{
	const struct conf_number *n = l->site->number;
	struct out_job *j;
	struct civil c;

	l->t.first_sent_s = now_s(&e->now);
	l->t.attempts++;
	l->t.unsure = false;
	l->t.segments = (int64_t)size->segments;
	l->t.state = text_step(l->t.state, TEXT_EV_ARM);
	l->t.reason = REASON_NONE;
	plan_fingerprint(l->site, &l->a.wall, l->a.modality, span_of(l->a.link), l->t.fingerprint);
	memcpy(l->t.boot_id, e->setup.boot_id, sizeof l->t.boot_id);
	(void)snprintf(l->t.number, sizeof l->t.number, "%s", n->title);
	(void)snprintf(l->t.sender, sizeof l->t.sender, "%s", n->sender);
	(void)snprintf(l->t.gateway, sizeof l->t.gateway, "%s", n->gateway->title);
	if (!new_repeat_id(e, l->t.repeat_id))
		return fault_set(f, FAULT_BROKEN, "the system gives no random bytes");
	*x = (struct flight){ .text = l->t.id, .attempt = l->t.attempts, .out = true,
		.wake_ms = e->now.boot_ms + SILENCE_MS, .lane = e->sites[l->site->index].lane };
	e->flights.out_n++;
	j = new_job(e, l, true);
	if (!fill_path(e, l, j, &j->body, buf_span(&e->scratch)))
		return fault_set(f, FAULT_BROKEN, "out of memory");
	zone_civil(l->rules->zone, now_s(&e->now), &c);
	return store_text_put(e->store, &l->t, f) && merge_hold(e, m, l->t.id, f) && journalled_armed(e, &l->t, l->response.id ? NULL : &l->a, m, f) &&
	    store_body_put(e->store, &l->t, buf_span(&j->body), l->a.erase_at_s, f) &&
	    limit_use(e, &l->t, 1, f) &&
	    (text_is_response(l->t.kind) || store_cap_add(e->store, l->a.phone, civil_days(c.year, c.month, c.day), f)) &&
	    (!is_confirmation(&l->t) || pair_had_its_turn(e, &l->a, f));
}

static bool
hold(struct engine *e, struct look *l, enum text_reason why, struct fault *f)
{
	l->t.state = text_step(l->t.state, TEXT_EV_HOLD);
	l->t.reason = why;
	return store_text_put(e->store, &l->t, f);
}

static bool
hold_for_month(struct engine *e, struct look *l, int64_t segments, struct fault *f)
{
	l->t.segments = segments;
	return hold(e, l, REASON_MONTHLY_LIMIT, f) && limit_full(e, l->site, f);
}

/* Another attempt may go to nudge-sender now. */
static bool
may_try(const struct engine *e)
{
	return e->sender_connected && !e->clock_held && !e->journal_held && !e->journal_busy && (int64_t)e->flights.out_n < e->credits &&
	    e->out.jobs_n < JOBS_A_TURN && (e->synchronised || !e->rules->conf->clock_sync_required);
}

bool
send_allowed(const struct engine *e)
{
	return may_try(e) && e->flights.n < FLIGHTS_MAX;
}

bool
send_look(struct engine *e, int64_t text, bool *stop, struct fault *f)
{
	struct look l;
	struct gate_facts g;
	struct gate_result r;
	struct sms_size size;
	struct merged m;
	struct lane *lane;
	struct flight *x;
	bool there, full, told;

	*stop = false;
	if (!fetch(e, text, &l, &there, f))
		return false;
	if (!there || l.t.state != TEXT_PENDING)
		return true;
	if (l.t.due_s > now_s(&e->now)) {
		ahead_note(e, text, l.t.due_s);
		return true;
	}
	if (!store_begin(e->store, f) || !gather(e, &l, &g, true, f))
		return false;
	r = gates_pass(&g);
	if (r.verdict != GATE_PASS)
		return refuse(e, &l, &r, f);
	l.t.clinic_hours = r.clinic_hours;
	if (!journalled_told(e, &l, &told, f))
		return false;
	if (told)
		return true;
	if (l.a.quarantine) /* let go by whatever held it before the doubt */
		return hold(e, &l, REASON_QUARANTINED, f);
	if (e->sites[l.site->index].held_s != 0)
		return hold(e, &l, REASON_SITE_HELD, f);
	lane = &e->lanes.item[e->sites[l.site->index].lane];
	if (!send_allowed(e) || flights_find(&e->flights, text)) {
		*stop = true;
	} else if (!merge_find(e, &l, &m, f)) {
		return false;
	} else if (!render(e, &l, &m, &size)) {
		if (e->scratch.lacked) /* it is no fault of the words */
			return fault_set(f, FAULT_BROKEN, "out of memory");
		r = (struct gate_result){ GATE_SUPPRESS, REASON_RENDER, 0, false };
		return refuse(e, &l, &r, f);
	} else if (!limit_ask(e, l.site, (int64_t)size.segments, &l.t.within, &full, f)) {
		return false;
	} else if (full && !text_is_response(l.t.kind)) {
		return hold_for_month(e, &l, (int64_t)size.segments, f);
	} else if (e->now.boot_ms < lane->pause_until_ms ||
	    !bucket_take(lane_bucket(e, lane), (int64_t)size.segments, e->now.boot_ms)) {
		lane->wants = (int64_t)size.segments;
		*stop = true;
	}
	if (*stop)
		return lanes_push(e, e->sites[l.site->index].lane, &l.t) ||
		    fault_set(f, FAULT_BROKEN, "out of memory");
	lane->wants = 1;
	lanes_served(lane, l.t.site, (int64_t)size.segments);
	lane_probes(e, lane);
	x = flights_add(&e->flights, text);
	return arm(e, &l, &m, &size, x, f);
}

/* The earliest in a lane may have expired while it could not be sent. */
static bool
lane_ready(struct engine *e, const struct lane *l)
{
	if (l->n == 0)
		return false;
	if (lanes_earliest(l) <= now_s(&e->now))
		return true;
	return send_allowed(e) && e->now.boot_ms >= l->pause_until_ms &&
	    bucket_ready_ms(lane_bucket(e, l), l->wants, e->now.boot_ms) == 0;
}

/* Two numbers may draw on one bucket: the one that sent last is asked last. */
bool
send_due(struct engine *e, bool *more, struct fault *f)
{
	size_t looks = 0, first = e->lanes.first;

	for (size_t k = 0; k < e->lanes.n; k++) {
		size_t i = (first + k) % e->lanes.n, jobs = e->out.jobs_n;
		struct lane *l = &e->lanes.item[i];
		bool stop = false;
		struct waiting w;

		while (!stop && lane_ready(e, l)) {
			if (looks++ == LOOKS_A_TURN) {
				*more = true;
				return true;
			}
			if (!lanes_pop(l, now_s(&e->now), &w) || !send_look(e, w.text, &stop, f))
				return false;
			if (e->out.jobs_n > jobs)
				e->lanes.first = (i + 1) % e->lanes.n;
		}
	}
	return true;
}

/* ---- further attempts ---- */

static bool
window_closed(const struct engine *e, const struct text *t)
{
	int64_t age = now_s(&e->now) - t->first_sent_s;

	return !MUTANT("window") && (strcmp(t->boot_id, e->setup.boot_id) != 0 || age < 0 || age >= window_of(e, t));
}

/* The same bytes under the same ids; only the signature will be new. */
static bool
again(struct engine *e, struct look *l, struct flight *x, struct fault *f)
{
	enum store_found found;
	struct out_job *j;
	struct buf none;

	l->t.attempts++;
	l->t.unsure = x->unsure;
	l->t.reason = REASON_NONE;
	if (MUTANT("new-id")) /* as a client that writes its request anew for each attempt */
		return outcome_close(e, &l->t, false, REASON_RETRY, f);
	j = new_job(e, l, false);
	found = store_body_get(e->store, l->t.id, &j->body, f);
	if (found != STORE_FOUND) {
		e->out.jobs_n--;
		return found != STORE_FAILED && outcome_close(e, &l->t, x->unsure, REASON_ERASED, f);
	}
	buf_init(&none, LINK_FRAME_MAX);
	if (!fill_path(e, l, j, &none, SPAN_NONE)) {
		buf_clear(&none);
		return fault_set(f, FAULT_BROKEN, "out of memory");
	}
	buf_clear(&none);
	x->attempt = l->t.attempts;
	x->out = true;
	x->wake_ms = e->now.boot_ms + SILENCE_MS;
	e->flights.out_n++;
	return store_text_put(e->store, &l->t, f);
}

/* An attempt that did not succeed is looked at like any other: all gates, the
 * window of the ids, the number's rate. */
static bool
retry(struct engine *e, struct flight *x, struct fault *f)
{
	struct look l;
	struct gate_facts g;
	struct gate_result r;
	bool there, stands, unsure = x->unsure;

	if (!store_begin(e->store, f) || !fetch(e, x->text, &l, &there, f))
		return false;
	if (!there || l.t.state != TEXT_SENDING) {
		flights_remove(&e->flights, x);
		return true;
	}
	if (window_closed(e, &l.t))
		return outcome_close(e, &l.t, unsure, REASON_WINDOW_OVER, f);
	/* The bytes that would go again are for a number that is not the patient's any more. */
	if (l.a.phone_at_s && l.t.first_sent_s <= l.a.phone_at_s)
		return outcome_close(e, &l.t, unsure, unsure ? REASON_NO_ANSWER : REASON_RETRY, f);
	if (!merge_stands(e, &l.t, &stands, f))
		return false;
	if (!stands && !unsure) /* what it says of another visit is not true any more */
		return outcome_close(e, &l.t, false, REASON_RETRY, f);
	if (!gather(e, &l, &g, false, f))
		return false;
	r = gates_pass(&g);
	if (r.verdict != GATE_PASS) {
		if (!outcome_close(e, &l.t, unsure, unsure ? REASON_NO_ANSWER : r.reason, f))
			return false;
		return unsure || refuse(e, &l, &r, f);
	}
	if (e->sites[l.site->index].held_s != 0 && !unsure)
		return outcome_close(e, &l.t, false, REASON_SITE_HELD, f);
	l.t.clinic_hours = r.clinic_hours;
	struct lane *lane = &e->lanes.item[e->sites[l.site->index].lane];

	if (!may_try(e) || e->sites[l.site->index].held_s != 0 || e->now.boot_ms < lane->pause_until_ms ||
	    (!x->offered && !lane_may_retry(e, lane)) || !bucket_take(lane_bucket(e, lane), l.t.segments, e->now.boot_ms)) {
		int64_t pause = lane->pause_until_ms - e->now.boot_ms;

		x->wake_ms = e->now.boot_ms + (pause > 100 ? pause : 100);
		return true;
	}
	lane_probes(e, lane);
	if (!x->offered)
		lane_retried(lane);
	x->offered = false;
	return again(e, &l, x, f);
}

bool
send_retries(struct engine *e, struct fault *f)
{
	for (size_t i = 0; i < e->flights.n;) {
		struct flight *x = &e->flights.item[i];
		int64_t text = x->text;

		if (x->out && e->now.boot_ms >= x->wake_ms) { /* the answer is lost */
			x->out = false;
			e->flights.out_n--;
			x->unsure = true;
		}
		/* Without nudge-sender nothing can be tried, but what lapses is closed. */
		if (!x->out && e->now.boot_ms >= x->wake_ms && !retry(e, x, f))
			return false;
		if (i < e->flights.n && e->flights.item[i].text == text)
			i++;
	}
	return true;
}

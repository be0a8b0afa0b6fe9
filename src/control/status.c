/* status.c - one look at the whole house. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "control/views.h"
#include "nudge/certificates.h"

/* Settings of the file that are not in force yet. */
static json_t *
waiting_terms(const struct site_standing *st)
{
	json_t *list = json_array();

	for (size_t i = 0; st->what == STANDING_DIFFERS && i < terms_n(); i++)
		if (st->fate[i] == TERM_WAITS || st->fate[i] == TERM_PARTLY)
			(void)json_array_append_new(list, json_string(terms_name(i)));
	return list;
}

/* What holds a site, in one sentence; "" when nothing does. */
static void
silent_text(const struct engine_status *s, size_t i, const struct site_standing *st, char *out, size_t cap)
{
	char since[CLOCK_TEXT_MAX];

	out[0] = '\0';
	if (s->sites[i].held_s) {
		clock_rfc3339(s->sites[i].held_s, since);
		(void)snprintf(out, cap, "held by %s since %s: nudgectl release %s", s->sites[i].held_by, since, s->sites[i].title);
	} else if (s->sites[i].silent) {
		(void)snprintf(out, cap, "%s", s->sites[i].silent);
	} else if (s->sites[i].needs_approval && !s->sites[i].approved) {
		(void)snprintf(out, cap, "%s", st && st->why ? st->why : reason_sentence(REASON_NOT_APPROVED));
	}
}

static json_t *
status_sites(const struct engine_status *s, const struct rules *rules)
{
	static const struct site_standing none = { .what = STANDING_NEEDED };
	json_t *sites = json_array();

	for (size_t i = 0; i < s->sites_n; i++) {
		const struct conf_site *site = conf_find_site(rules->conf, s->sites[i].title);
		const struct site_standing *st = site ? &rules_of(rules, site)->standing : &none;
		char silent[256], at[CLOCK_TEXT_MAX] = "";

		silent_text(s, i, st, silent, sizeof silent);
		if (st->at_s)
			clock_rfc3339(st->at_s, at);
		(void)json_array_append_new(sites,
		    json_pack("{s:s, s:b, s:b, s:s?, s:s?, s:s?, s:b, s:o, s:b}", "site", s->sites[i].title, "sending",
		        silent[0] == '\0', "approved", s->sites[i].approved, "silent", silent[0] ? silent : NULL, "approved_at",
		        at[0] ? at : NULL, "approved_by", st->who[0] ? st->who : NULL, "file_differs", st->what == STANDING_DIFFERS,
		        "waiting", waiting_terms(st), "held", s->sites[i].held_s != 0));
	}
	return sites;
}

static json_t *
noted_of(const struct engine_status *s)
{
	json_t *o = json_object();

	for (size_t i = 0; i < sizeof s->noted / sizeof s->noted[0] && s->noted[i].what; i++)
		(void)json_object_set_new(o, s->noted[i].what, json_integer(s->noted[i].n));
	return o;
}

static json_t *
status_limits(const struct engine_status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->limits_n; i++)
		(void)json_array_append_new(list, views_limit(&s->limits[i]));
	return list;
}

static json_t *
status_feeds(const struct engine_status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->feeds_n; i++) {
		const struct feed_status *x = &s->feeds[i];
		char at[CLOCK_TEXT_MAX] = "";

		if (x->last_s)
			clock_rfc3339(x->last_s, at);
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:b, s:b, s:s?}", "environment", x->environment, "application",
		    x->application, "last_seen", at[0] ? at : NULL, "rhythm_known", x->learned, "silent", x->silent, "why",
		    x->silent ? x->why : NULL));
	}
	return list;
}

static json_t *
seconds_or_null(const struct latency_look *l, int per_mille)
{
	int64_t us = latency_quantile_us(l, per_mille);

	return l->n == 0 || us == INT64_MAX ? json_null() : json_real((double)us / 1e6);
}

json_t *
views_senders(const struct mllp_sender *senders, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct mllp_sender *s = &senders[i];
		char at[CLOCK_TEXT_MAX];

		clock_rfc3339(s->last_s, at);
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "environment", s->environment, "application",
		    s->application, "last_seen", at, "answers", (json_int_t)s->latency.n, "p50", seconds_or_null(&s->latency, 500), "p99",
		    seconds_or_null(&s->latency, 990), "p999", seconds_or_null(&s->latency, 999)));
	}
	return list;
}

struct shortest {
	json_t *row;
	int64_t days, now_s;
};

static void
keep_shortest(void *arg, const struct held *h)
{
	struct shortest *s = arg;
	int64_t days;

	if (!h->counts || h->unreadable || h->is.not_after_s == 0)
		return;
	days = held_days_left(h, s->now_s);
	if (s->row && days >= s->days)
		return;
	json_decref(s->row);
	s->days = days;
	s->row = json_pack("{s:I, s:s, s:s, s:s, s:s}", "days_left", (json_int_t)days, "block", h->block, "title", h->owner, "setting",
	    h->setting, "state", held_state_word(held_state(h, s->now_s)));
}

json_t *
views_shortest(void (*held)(void *ctx, held_fn *fn, void *arg), void *ctx, int64_t now_s)
{
	struct shortest s = { NULL, 0, now_s };

	held(ctx, keep_shortest, &s);
	return s.row ? s.row : json_null();
}

json_t *
views_forward(const struct control_setup *c)
{
	struct forward_state w = { .path = "" };

	if (c->forwarded)
		c->forwarded(c->ctx, &w);
	return w.path[0] ? json_pack("{s:s, s:I, s:I, s:I, s:b}", "to", w.path, "waiting", (json_int_t)w.waiting, "forwarded",
	                       (json_int_t)w.told, "lost", (json_int_t)w.lost, "failing", w.failing) :
	                   NULL;
}

json_t *
views_status(const struct engine_status *s, const struct mllp_stats *m, const struct rules *rules, int64_t now_s)
{
	json_t *texts = json_object(), *o;
	char oldest[CLOCK_TEXT_MAX], version[16];

	(void)now_s;
	for (int t = TEXT_PENDING; t < TEXT_STATES; t++)
		(void)json_object_set_new(texts, text_state_name((enum text_state)t), json_integer(s->texts[t]));
	clock_rfc3339(s->oldest_due_s, oldest);
	o = json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:{s:I, s:I, s:I}, s:I, s:o, s:I, s:I, s:b, s:I, s:b, s:b, s:b, s:b, s:o, s:s}",
	    "messages", "accepted", (json_int_t)s->messages_accepted, "duplicate", (json_int_t)s->messages_duplicate,
	    "ignored", (json_int_t)s->messages_ignored, "quarantined", (json_int_t)s->messages_quarantined, "refused",
	    (json_int_t)s->messages_refused, "control_id_reused", (json_int_t)s->control_id_reused, "texts", texts,
	    "unknown_outcomes", "dropped", (json_int_t)s->unknown_dropped, "resent", (json_int_t)s->unknown_resent, "held",
	    (json_int_t)s->unknown_held,
	    "connections", (json_int_t)m->connections, "oldest_due", s->oldest_due_s ? json_string(oldest) : json_null(),
	    "backlog", (json_int_t)s->backlog, "in_flight", (json_int_t)s->in_flight, "sender_connected",
	    s->sender_connected, "numbers_blocked", (json_int_t)s->lanes_blocked, "clock_held", s->clock_held,
	    "clock_synchronised", s->clock_synchronised, "store_busy", s->store_busy, "journal_held", s->journal_held, "sites", status_sites(s, rules), "configuration",
	    rules->conf->file);
	if (o)
		(void)json_object_set_new(o, "noted", noted_of(s));
	if (o)
		(void)json_object_set_new(o, "disk", json_pack("{s:I, s:s}", "free", (json_int_t)s->free_bytes, "state", s->space));
	if (o)
		(void)json_object_set_new(o, "adt",
		    json_pack("{s:I, s:I, s:I}", "visits", (json_int_t)s->news_visits, "older", (json_int_t)s->news_older, "nobody",
		        (json_int_t)s->news_nobody));
	if (o)
		(void)json_object_set_new(o, "store_key", views_rotation(&s->rotation, rules->conf->store_key_name));
	views_version(rules->version, version);
	if (o)
		(void)json_object_set_new(o, "configuration_version", json_string(version));
	if (o)
		(void)json_object_set_new(o, "limits", status_limits(s));
	if (o)
		(void)json_object_set_new(o, "feeds", status_feeds(s));
	if (o)
		(void)json_object_set_new(o, "quarantine",
		    json_pack("{s:I, s:I, s:I}", "kept", (json_int_t)s->quarantine_kept, "bytes", (json_int_t)s->quarantine_bytes,
		        "dropped", (json_int_t)s->quarantine_dropped));
	if (o)
		(void)json_object_set_new(o, "intake",
		    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "refused_memory",
		        (json_int_t)m->refused_memory, "frames", (json_int_t)m->frames, "batches",
		        (json_int_t)m->batches, "batch_counts_wrong", (json_int_t)m->batch_counts_wrong, "no_msh",
		        (json_int_t)m->no_msh, "oversize", (json_int_t)m->oversize, "junk_bytes", (json_int_t)m->junk_bytes,
		        "restarted_frames", (json_int_t)m->restarts, "probes", (json_int_t)m->probes, "refused_certificate",
		        (json_int_t)m->refused_certificate, "refused_limit", (json_int_t)m->refused_limit,
		        "refused_penalty", (json_int_t)m->refused_penalty, "refused_handshakes", (json_int_t)m->refused_handshakes,
		        "handshake_timeouts", (json_int_t)m->handshake_timeouts, "unanswered", (json_int_t)m->unanswered));
	return o;
}

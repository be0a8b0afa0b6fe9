/* metrics.c - families, labels, values. */
// SPDX-License-Identifier: Apache-2.0
#include "control/metrics.h"

#include <stdio.h>
#include <string.h>

/* ---- the form ---- */

static void
family(struct buf *out, const char *name, const char *type, const char *help)
{
	(void)buf_addf(out, "# HELP nudge_%s %s\n# TYPE nudge_%s %s\n", name, help, name, type);
}

/* Bytes of the UTF-8 character there; 0: it is none, as where a title was cut. */
static size_t
character(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xc2 && c[0] < 0xe0 ? 2 : c[0] >= 0xe0 && c[0] < 0xf0 ? 3 : c[0] >= 0xf0 && c[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void
label(struct buf *out, const char *before, const char *name, const char *value)
{
	(void)buf_addf(out, "%s%s=\"", before, name);
	for (size_t n = 1; *value; value += n) {
		n = character(value);
		if (*value == '\n')
			(void)buf_add_text(out, "\\n");
		else if (*value == '\\' || *value == '"')
			(void)buf_addf(out, "\\%c", *value);
		else
			(void)buf_add(out, n ? value : "?", n ? n : 1);
		n = n ? n : 1;
	}
	(void)buf_add_char(out, '"');
}

static void
labelled(struct buf *out, const char *name, const char *key, const char *value, int64_t n)
{
	(void)buf_addf(out, "nudge_%s", name);
	label(out, "{", key, value);
	(void)buf_addf(out, "} %lld\n", (long long)n);
}

static void
single(struct buf *out, const char *name, const char *type, const char *help, int64_t n)
{
	family(out, name, type, help);
	(void)buf_addf(out, "nudge_%s %lld\n", name, (long long)n);
}

static void
seconds(struct buf *out, int64_t us)
{
	if (us == INT64_MAX)
		(void)buf_add_text(out, "+Inf");
	else
		(void)buf_addf(out, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
}

/* ---- what came, what goes ---- */

static void
write_messages(struct buf *out, const struct engine_status *s)
{
	family(out, "messages_total", "counter", "Messages, by what became of them.");
	labelled(out, "messages_total", "result", "accepted", s->messages_accepted);
	labelled(out, "messages_total", "result", "duplicate", s->messages_duplicate);
	labelled(out, "messages_total", "result", "ignored", s->messages_ignored);
	labelled(out, "messages_total", "result", "quarantined", s->messages_quarantined);
	labelled(out, "messages_total", "result", "refused", s->messages_refused);
	single(out, "quarantine_messages", "gauge", "Messages in quarantine.", s->quarantine_kept);
	single(out, "quarantine_bytes", "gauge", "Bytes of the messages in quarantine.", s->quarantine_bytes);
	single(out, "quarantine_dropped_total", "counter", "Messages that quarantine gave up for want of room.", s->quarantine_dropped);
}

static void
write_texts(struct buf *out, const struct engine_status *s, int64_t now_s)
{
	family(out, "texts", "gauge", "Texts that are known, by state.");
	for (int t = TEXT_PENDING; t < TEXT_STATES; t++)
		labelled(out, "texts", "state", text_state_name((enum text_state)t), s->texts[t]);
	single(out, "backlog_texts", "gauge", "Texts that are due and wait.", s->backlog);
	single(out, "oldest_due_seconds", "gauge", "How long the oldest of them has been due; 0: none waits.",
	    s->oldest_due_s && now_s > s->oldest_due_s ? now_s - s->oldest_due_s : 0);
	single(out, "in_flight_texts", "gauge", "Texts at the gateway whose answer is not known yet.", s->in_flight);
	family(out, "unknown_outcomes_total", "counter", "What the policy made of texts without an answer.");
	labelled(out, "unknown_outcomes_total", "policy", "dropped", s->unknown_dropped);
	labelled(out, "unknown_outcomes_total", "policy", "resent", s->unknown_resent);
	labelled(out, "unknown_outcomes_total", "policy", "held", s->unknown_held);
}

/* ---- the state of the house ---- */

static void
write_house(struct buf *out, const struct engine_status *s)
{
	static const char *const spaces[] = { "enough", "low", "shedding", "stopped" };

	family(out, "build_info", "gauge", "The version that runs.");
	labelled(out, "build_info", "version", NUDGE_VERSION, 1);
	single(out, "turns_total", "counter", "Turns of the engine.", s->turns);
	single(out, "commits_total", "counter", "Transactions that were committed.", s->commits);
	single(out, "sender_connected", "gauge", "1 while nudge-sender is connected.", s->sender_connected);
	single(out, "numbers_blocked", "gauge", "Sending numbers whose gateway refuses or fails.", s->lanes_blocked);
	single(out, "clock_held", "gauge", "1 while sends are held because the clock stepped.", s->clock_held);
	single(out, "clock_synchronised", "gauge", "1 while the clock is known to be synchronised.", s->clock_synchronised);
	single(out, "journal_held", "gauge", "1 while sends are held because the send journal is missing or too short.", s->journal_held);
	single(out, "store_busy", "gauge", "1 while nothing can be stored.", s->store_busy);
	single(out, "disk_free_bytes", "gauge", "Free bytes of the disk that has least; 0: not known.", s->free_bytes);
	family(out, "disk_state", "gauge", "1 for the state the disk is in.");
	for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
		labelled(out, "disk_state", "state", spaces[i], s->space && strcmp(s->space, spaces[i]) == 0);
}

static void
write_sites(struct buf *out, const struct engine_status *s)
{
	family(out, "site_sending", "gauge", "1 while nothing holds the texts of the site.");
	for (size_t i = 0; i < s->sites_n; i++)
		labelled(out, "site_sending", "site", s->sites[i].title,
		    !s->sites[i].held_s && !s->sites[i].silent && (s->sites[i].approved || !s->sites[i].needs_approval));
	family(out, "month_segments", "gauge", "Segments that an organization used this month.");
	for (size_t i = 0; i < s->limits_n; i++)
		labelled(out, "month_segments", "organization", s->limits[i].organization, s->limits[i].used);
	family(out, "month_limit_segments", "gauge", "Its monthly_limit; 0: none.");
	for (size_t i = 0; i < s->limits_n; i++)
		labelled(out, "month_limit_segments", "organization", s->limits[i].organization, s->limits[i].limit);
}

/* ---- the intake ---- */

static void
write_intake(struct buf *out, const struct mllp_stats *m)
{
	const struct {
		const char *event;
		int64_t n;
	} counted[] = { { "connection", m->accepted }, { "certificate_refused", m->refused_certificate },
		{ "limit_refused", m->refused_limit }, { "penalty_refused", m->refused_penalty }, { "handshakes_refused", m->refused_handshakes },
		{ "source_refused", m->refused_source }, { "memory_refused", m->refused_memory },
		{ "handshake_timeout", m->handshake_timeouts }, { "frame_timeout", m->frame_timeouts }, { "frame", m->frames },
		{ "batch", m->batches }, { "batch_count_wrong", m->batch_counts_wrong }, { "no_msh", m->no_msh }, { "oversize", m->oversize },
		{ "restarted_frame", m->restarts }, { "probe", m->probes }, { "unanswered", m->unanswered } };

	single(out, "connections", "gauge", "Connections of senders that are open, handshakes included.", m->connections);
	single(out, "listeners", "gauge", "Listeners that accept connections.", m->listening);
	family(out, "intake_total", "counter", "What happened where senders connect.");
	for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
		labelled(out, "intake_total", "event", counted[i].event, counted[i].n);
}

static void
sender_labels(struct buf *out, const char *name, const struct mllp_sender *s)
{
	(void)buf_addf(out, "nudge_%s", name);
	label(out, "{", "environment", s->environment);
	label(out, ",", "application", s->application);
}

static void
write_histogram(struct buf *out, const struct mllp_sender *s)
{
	for (unsigned i = 0; i <= LATENCY_DOUBLINGS; i++) {
		sender_labels(out, "acknowledgement_seconds_bucket", s);
		(void)buf_add_text(out, ",le=\"");
		seconds(out, latency_below_us(8 * i));
		(void)buf_addf(out, "\"} %lld\n", (long long)latency_within(&s->latency, i));
	}
	sender_labels(out, "acknowledgement_seconds_bucket", s);
	(void)buf_addf(out, ",le=\"+Inf\"} %lld\n", (long long)s->latency.n);
	sender_labels(out, "acknowledgement_seconds_sum", s);
	(void)buf_add_text(out, "} ");
	seconds(out, s->latency.sum_us);
	(void)buf_add_char(out, '\n');
	sender_labels(out, "acknowledgement_seconds_count", s);
	(void)buf_addf(out, "} %lld\n", (long long)s->latency.n);
}

static void
write_senders(struct buf *out, const struct metrics *m)
{
	static const struct {
		int per_mille;
		const char *name;
	} quantiles[] = { { 500, "0.5" }, { 990, "0.99" }, { 999, "0.999" } };

	family(out, "acknowledgement_seconds", "histogram", "From a whole frame to its answer's way out, by sender, since the start.");
	for (size_t i = 0; i < m->senders_n; i++)
		write_histogram(out, &m->senders[i]);
	family(out, "acknowledgement_quantile_seconds", "gauge", "Of the same, at most an eighth too large; NaN: none was measured.");
	for (size_t i = 0; i < m->senders_n; i++)
		for (size_t q = 0; q < sizeof quantiles / sizeof quantiles[0]; q++) {
			sender_labels(out, "acknowledgement_quantile_seconds", &m->senders[i]);
			label(out, ",", "quantile", quantiles[q].name);
			(void)buf_add_text(out, "} ");
			if (m->senders[i].latency.n == 0)
				(void)buf_add_text(out, "NaN");
			else
				seconds(out, latency_quantile_us(&m->senders[i].latency, quantiles[q].per_mille));
			(void)buf_add_char(out, '\n');
		}
	family(out, "sender_last_seen_timestamp_seconds", "gauge", "When the last message of the sender came, since the start.");
	for (size_t i = 0; i < m->senders_n; i++) {
		sender_labels(out, "sender_last_seen_timestamp_seconds", &m->senders[i]);
		(void)buf_addf(out, "} %lld\n", (long long)m->senders[i].last_s);
	}
}

static void
feed_labels(struct buf *out, const char *name, const struct feed_status *f)
{
	(void)buf_addf(out, "nudge_%s", name);
	label(out, "{", "environment", f->environment);
	label(out, ",", "application", f->application);
}

static void
write_feeds(struct buf *out, const struct engine_status *s)
{
	family(out, "sender_silent", "gauge", "1 while a sender is silent though it usually speaks at this hour.");
	for (size_t i = 0; i < s->feeds_n; i++) {
		feed_labels(out, "sender_silent", &s->feeds[i]);
		(void)buf_addf(out, "} %d\n", s->feeds[i].silent);
	}
	family(out, "sender_rhythm_known", "gauge", "1 when enough weeks of a sender were seen to know its rhythm.");
	for (size_t i = 0; i < s->feeds_n; i++) {
		feed_labels(out, "sender_rhythm_known", &s->feeds[i]);
		(void)buf_addf(out, "} %d\n", s->feeds[i].learned);
	}
}

/* ---- certificates ---- */

struct certificates {
	struct buf *out;
	int64_t now_s;
};

static void
write_certificate(void *arg, const struct held *h)
{
	static const char *const kinds[] = { [HELD_OWN] = "own", [HELD_PINNED] = "pinned", [HELD_ISSUER] = "issuer",
		[HELD_LIST] = "revocation-list", [HELD_SEEN] = "seen" };
	struct certificates *c = arg;
	char print[17];

	if (!h->counts || h->unreadable || h->is.not_after_s == 0)
		return;
	(void)snprintf(print, sizeof print, "%.16s", h->is.sha256);
	(void)buf_add_text(c->out, "nudge_certificate_days");
	label(c->out, "{", "kind", kinds[h->as]);
	label(c->out, ",", "block", h->block);
	label(c->out, ",", "title", h->owner);
	label(c->out, ",", "setting", h->setting);
	label(c->out, ",", "sha256", print);
	(void)buf_addf(c->out, "} %lld\n", (long long)held_days_left(h, c->now_s));
}

static void
write_forward(struct buf *out, const struct forward_state *w)
{
	single(out, "audit_forward_failing", "gauge", "Whether audit_forward takes no events; 0 or 1.", w->failing);
	single(out, "audit_forward_waiting_records", "gauge", "Records of the audit log that were not forwarded yet.", w->waiting);
	single(out, "audit_forwarded_total", "counter", "Events that audit_forward took.", w->told);
	single(out, "audit_forward_lost_total", "counter", "Records that were gone, or damaged, before they were forwarded.", w->lost);
}

void
metrics_write(const struct metrics *m, struct buf *out)
{
	struct certificates c = { out, m->now_s };

	write_house(out, m->engine);
	write_messages(out, m->engine);
	write_texts(out, m->engine, m->now_s);
	write_sites(out, m->engine);
	write_intake(out, m->intake);
	write_senders(out, m);
	write_feeds(out, m->engine);
	if (m->forward && m->forward->path[0])
		write_forward(out, m->forward);
	family(out, "certificate_days", "gauge", "Whole days until a certificate or revocation list that is in use is over; negative: since.");
	if (m->held)
		m->held(m->ctx, write_certificate, &c);
}

const char *
metrics_not_ready(const struct engine_status *s, const struct mllp_stats *intake, size_t listeners_n)
{
	if (s->store_busy)
		return "nothing can be stored: messages are not answered; make space";
	if (s->space && strcmp(s->space, "stopped") == 0)
		return "the disk has less than disk_stop free: messages are not answered; make space";
	if (intake->listening < (int64_t)listeners_n)
		return "a listener does not accept connections: see the log";
	return NULL;
}

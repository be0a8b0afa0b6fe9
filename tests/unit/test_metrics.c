/* test_metrics.c - what those who watch are told: its form, its numbers, and no word of a message. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "control/metrics.h"
#include "mllp/senders.h"

static void
says(struct buf *text, const char *line)
{
	char whole[512];

	(void)snprintf(whole, sizeof whole, "\n%s\n", line);
	if (!strstr(buf_text(text), whole))
		fail_msg("it does not say: %s", line);
}

static void
held(void *ctx, held_fn *fn, void *arg)
{
	struct held h = { .as = HELD_PINNED, .block = "environment", .owner = "prod", .setting = "certificates", .file = "a.cer", .peer = "",
		.counts = true };

	(void)ctx;
	(void)snprintf(h.is.sha256, sizeof h.is.sha256, "0123456789abcdef0123456789abcdef");
	h.is.not_after_s = 1000 + 5 * 86400 + 1;
	fn(arg, &h);
	h.counts = false;
	h.owner = "replaced";
	fn(arg, &h);
	h.counts = true;
	h.unreadable = "gone";
	h.owner = "unreadable";
	fn(arg, &h);
}

TEST(the_text)
{
	struct engine_status *s = calloc(1, sizeof *s);
	struct feed_status feed = { .environment = "prod", .application = "EPIC", .learned = true, .silent = true };
	struct mllp_sender *senders = calloc(2, sizeof *senders);
	struct latency *l = calloc(1, sizeof *l);
	struct mllp_stats intake = { .connections = 3, .listening = 2, .no_msh = 4, .refused_penalty = 8, .refused_handshakes = 9 };
	struct metrics m = { .engine = s, .intake = &intake, .senders = senders, .senders_n = 2, .held = held, .now_s = 1000 };
	struct buf text;

	assert_true(s && senders && l);
	s->messages_accepted = 17;
	s->texts[TEXT_PENDING] = 5;
	s->oldest_due_s = 940;
	s->backlog = 2;
	s->space = "low";
	s->free_bytes = 123456789;
	s->sites_n = 3;
	(void)snprintf(s->sites[0].title, sizeof s->sites[0].title, "a\"b\\c\nd");
	(void)snprintf(s->sites[1].title, sizeof s->sites[1].title, "K\xc3\xb6ln\xc3"); /* cut in a character */
	s->sites[1].needs_approval = true;
	(void)snprintf(s->sites[2].title, sizeof s->sites[2].title, "held");
	s->sites[2].held_s = 1;
	s->feeds_n = 1;
	s->feeds = &feed;
	s->limits_n = 1;
	(void)snprintf(s->limits[0].organization, sizeof s->limits[0].organization, "lamna");
	s->limits[0].used = 7;
	(void)snprintf(senders[0].environment, sizeof senders[0].environment, "prod");
	(void)snprintf(senders[0].application, sizeof senders[0].application, "EPIC");
	senders[0].last_s = 990;
	latency_add(l, 100);
	latency_add(l, 3000);
	latency_look(l, &senders[0].latency);
	(void)snprintf(senders[1].application, sizeof senders[1].application, CONF_SENDER_OTHER);
	buf_init(&text, 1 << 20);
	metrics_write(&m, &text);
	holds("it fits", !text.spoilt);
	holds("it begins with a family and ends with a line", strncmp(buf_text(&text), "# HELP nudge_", 13) == 0 && text.p[text.n - 1] == '\n');
	says(&text, "# TYPE nudge_messages_total counter");
	says(&text, "nudge_messages_total{result=\"accepted\"} 17");
	says(&text, "nudge_texts{state=\"pending\"} 5");
	says(&text, "nudge_oldest_due_seconds 60");
	says(&text, "nudge_backlog_texts 2");
	says(&text, "nudge_disk_free_bytes 123456789");
	says(&text, "nudge_disk_state{state=\"low\"} 1");
	says(&text, "nudge_disk_state{state=\"enough\"} 0");
	says(&text, "nudge_site_sending{site=\"a\\\"b\\\\c\\nd\"} 1");
	says(&text, "nudge_site_sending{site=\"K\xc3\xb6ln?\"} 0");
	says(&text, "nudge_site_sending{site=\"held\"} 0");
	says(&text, "nudge_month_segments{organization=\"lamna\"} 7");
	says(&text, "nudge_connections 3");
	says(&text, "nudge_listeners 2");
	says(&text, "nudge_intake_total{event=\"no_msh\"} 4");
	says(&text, "nudge_intake_total{event=\"penalty_refused\"} 8");
	says(&text, "nudge_intake_total{event=\"handshakes_refused\"} 9");
	says(&text, "nudge_sender_silent{environment=\"prod\",application=\"EPIC\"} 1");
	says(&text, "nudge_sender_rhythm_known{environment=\"prod\",application=\"EPIC\"} 1");
	says(&text, "nudge_acknowledgement_seconds_bucket{environment=\"prod\",application=\"EPIC\",le=\"0.000064\"} 0");
	says(&text, "nudge_acknowledgement_seconds_bucket{environment=\"prod\",application=\"EPIC\",le=\"0.000128\"} 1");
	says(&text, "nudge_acknowledgement_seconds_bucket{environment=\"prod\",application=\"EPIC\",le=\"67.108864\"} 2");
	says(&text, "nudge_acknowledgement_seconds_bucket{environment=\"prod\",application=\"EPIC\",le=\"+Inf\"} 2");
	says(&text, "nudge_acknowledgement_seconds_sum{environment=\"prod\",application=\"EPIC\"} 0.003100");
	says(&text, "nudge_acknowledgement_seconds_count{environment=\"prod\",application=\"EPIC\"} 2");
	says(&text, "nudge_acknowledgement_quantile_seconds{environment=\"prod\",application=\"EPIC\",quantile=\"0.5\"} 0.000104");
	says(&text, "nudge_acknowledgement_quantile_seconds{environment=\"\",application=\"other\",quantile=\"0.999\"} NaN");
	says(&text, "nudge_sender_last_seen_timestamp_seconds{environment=\"prod\",application=\"EPIC\"} 990");
	says(&text, "nudge_certificate_days{kind=\"pinned\",block=\"environment\",title=\"prod\",setting=\"certificates\",sha256=\"0123456789abcdef\"} 5");
	holds("a certificate that was replaced is left out", !strstr(buf_text(&text), "replaced"));
	holds("and one that cannot be read", !strstr(buf_text(&text), "unreadable"));
	buf_clear(&text);
	free(l);
	free(senders);
	free(s);
}

TEST(when_messages_are_taken)
{
	const struct {
		const char *rule, *space;
		bool busy;
		int64_t listening;
		const char *why;
	} rows[] = {
		{ "all is well", "enough", false, 2, NULL },
		{ "little room still takes messages", "shedding", false, 2, NULL },
		{ "nothing can be stored", "enough", true, 2, "stored" },
		{ "the disk", "stopped", false, 2, "disk_stop" },
		{ "a listener rests", "enough", false, 1, "listener" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine_status *s = calloc(1, sizeof *s);
		struct mllp_stats intake = { .listening = rows[i].listening };
		const char *why;

		assert_non_null(s);
		s->space = rows[i].space;
		s->store_busy = rows[i].busy;
		why = metrics_not_ready(s, &intake, 2);
		holds(rows[i].rule, rows[i].why ? why && strstr(why, rows[i].why) : !why);
		free(s);
	}
}

struct heard_from {
	struct conf conf;
	struct conf_environment prod;
	struct conf_site site[2];
	struct rules rules;
	struct senders *senders;
};

static void
hear(struct heard_from *x, const char *environment, const char *msh3, int64_t us)
{
	struct conf_environment other = { .title = (char *)(uintptr_t)environment };
	struct message m = { .rules = &x->rules, .environment = environment ? &other : &x->prod, .sending_application = span_of(msh3) };

	senders_note(x->senders, &m, us, 1000);
}

static size_t
known(const struct heard_from *x, const char *environment, const char *application)
{
	for (size_t i = 0; i < atomic_load(&x->senders->n); i++)
		if (strcmp(x->senders->at[i].environment, environment) == 0 && strcmp(x->senders->at[i].application, application) == 0)
			return i;
	return MLLP_SENDERS_MAX;
}

TEST(senders_have_the_names_of_the_configuration)
{
	static char title[] = "prod", epic[] = " EPIC ", adt[] = "ADTHUB", none[] = "";
	struct heard_from x = { .prod = { .title = title } };
	struct latency_look l;
	char many[32];

	x.site[0] = (struct conf_site){ .environment = &x.prod, .sending_application = epic, .adt_sending_application = adt };
	x.site[1] = (struct conf_site){ .environment = &x.prod, .sending_application = none, .adt_sending_application = none };
	x.conf.sites = x.site;
	x.conf.sites_n = 2;
	x.rules.conf = &x.conf;
	x.senders = calloc(1, sizeof *x.senders);
	assert_non_null(x.senders);
	senders_init(x.senders);
	hear(&x, NULL, "epic", 500);
	hear(&x, NULL, "EPIC", -1);
	hear(&x, NULL, "AdtHub", 500);
	hear(&x, NULL, "TESTMANN", 500);
	hear(&x, NULL, "", 500);
	same_int("three", atomic_load(&x.senders->n), 3);
	holds("as the site writes it", known(&x, "prod", "EPIC") == 0);
	holds("of ADT too", known(&x, "prod", "ADTHUB") == 1);
	holds("no name from outside", known(&x, "prod", CONF_SENDER_OTHER) == 2);
	latency_look(&x.senders->at[0].latency, &l);
	same_int("who got no answer is seen and not measured", l.n, 1);
	same_int("seen", atomic_load(&x.senders->at[0].last_s), 1000);
	for (int i = 0; i < 2 * MLLP_SENDERS_MAX; i++) {
		(void)snprintf(many, sizeof many, "e%d", i);
		hear(&x, many, "EPIC", 500);
	}
	same_int("no more than there is room for", atomic_load(&x.senders->n), MLLP_SENDERS_MAX);
	holds("the last is for the rest", known(&x, "", CONF_SENDER_OTHER) == MLLP_SENDERS_MAX - 1);
	latency_look(&x.senders->at[MLLP_SENDERS_MAX - 1].latency, &l);
	same_int("and has all of them", l.n, 2 * MLLP_SENDERS_MAX - (MLLP_SENDERS_MAX - 1 - 3));
	senders_clear(x.senders);
	free(x.senders);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(the_text),
		RUN(when_messages_are_taken),
		RUN(senders_have_the_names_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

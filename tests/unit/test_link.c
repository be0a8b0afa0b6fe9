/* test_link.c - frames of the link: there and back, cut anywhere, changed anywhere. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdlib.h>

#include "nudge/link.h"

static const struct link_job job = { INT64_C(0x0102030405060708), 3, SPAN_LIT("acs"), SPAN_LIT("/sms?api-version=2026-01-23"),
	SPAN_LIT("{\"message\":\"\xc3\xa9\"}"), SPAN_LIT("+16085550123"), 1795208400 };
static const struct link_outcome outcome = { 42, 3, OUTCOME_TOO_LATE, 202, 412, SPAN_LIT("Outgoing_1"), SPAN_LIT("window-over"),
	INT64_MIN, SPAN_LIT("cv.1") };

static const struct link_event event = { 7, EVENT_INBOUND, SPAN_LIT("acs"), SPAN_LIT("Incoming_1"), 4096, DELIVERY_FAILED,
	SPAN_LIT("blocked-by-recipient"), 4007, SPAN_LIT("+16085550123"), SPAN_LIT("+18335550100"), SPAN_LIT("Stop. Thank you"),
	1795208400, true };
static const struct link_question ask = { ASK_REPORT, SPAN_LIT("acs"), SPAN_LIT("+18335550100"), SPAN_LIT("+16085550123"),
	SPAN_LIT("Outgoing_1"), 4097 };

/* link_get() on memory of exactly n bytes, so that a reader past the end is seen. */
static enum link_result
get(const char *p, size_t n, struct link_frame *out)
{
	char *copy = malloc(n ? n : 1);
	enum link_result r;

	assert_non_null(copy);
	memcpy(copy, p, n);
	r = link_get(span_from(copy, n), out);
	free(copy);
	return r;
}

static void
put_each(struct buf *b, enum link_type type)
{
	buf_reset(b);
	if (type == LINK_JOB)
		assert_true(link_put_job(b, &job));
	else if (type == LINK_OUTCOME)
		assert_true(link_put_outcome(b, &outcome));
	else if (type == LINK_EVENT)
		assert_true(link_put_event(b, &event));
	else if (type == LINK_TAKEN)
		assert_true(link_put_taken(b, 7));
	else if (type == LINK_ASK)
		assert_true(link_put_ask(b, &ask));
	else if (type == LINK_RELOAD)
		assert_true(link_put_reload(b, RELOAD_KEYS));
	else if (type == LINK_RELOADED)
		assert_true(link_put_reloaded(b, false, SPAN_LIT("keys/acs.key: no such file")));
	else if (type == LINK_LOG)
		assert_true(link_put_log(b, SPAN_LIT("acs"), 7));
	else if (type == LINK_CERTIFICATE)
		assert_true(link_put_certificate(b, SPAN_LIT("acs"), SPAN_LIT("0\x82")));
	else
		assert_true(link_put_hello(b, "nudge-sender", LINK_CREDITS));
}

TEST(there_and_back)
{
	struct link_frame f;
	struct buf b;

	buf_init(&b, LINK_FRAME_MAX);
	put_each(&b, LINK_JOB);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("numbers of a job", f.type == LINK_JOB && f.job.text == job.text && f.job.attempt == 3 && f.job.not_after_s == job.not_after_s);
	holds("texts of a job", span_eq(f.job.gateway, job.gateway) && span_eq(f.job.path, job.path) && span_eq(f.job.body, job.body) &&
	    span_eq(f.job.to, job.to));
	same_int("its length", f.bytes, b.n);
	put_each(&b, LINK_OUTCOME);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("numbers of an outcome", f.type == LINK_OUTCOME && f.outcome.text == 42 && f.outcome.attempt == 3 &&
	    f.outcome.outcome == OUTCOME_TOO_LATE && f.outcome.http_status == 202 && f.outcome.item_status == 412 &&
	    f.outcome.retry_after_ms == INT64_MIN);
	holds("texts of an outcome", span_eq(f.outcome.message_id, outcome.message_id) && span_eq(f.outcome.code, outcome.code) &&
	    span_eq(f.outcome.trace, outcome.trace));
	put_each(&b, LINK_HELLO);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("a greeting", f.type == LINK_HELLO && f.credits == LINK_CREDITS);
	put_each(&b, LINK_EVENT);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("numbers of an event", f.type == LINK_EVENT && f.event.event == 7 && f.event.what == EVENT_INBOUND &&
	    f.event.text == 4096 && f.event.delivery == DELIVERY_FAILED && f.event.code == 4007 &&
	    f.event.at_s == event.at_s && f.event.opted_out);
	holds("texts of an event", span_eq(f.event.gateway, event.gateway) && span_eq(f.event.message_id, event.message_id) &&
	    span_eq(f.event.status, event.status) && span_eq(f.event.from, event.from) && span_eq(f.event.to, event.to) &&
	    span_eq(f.event.words, event.words));
	put_each(&b, LINK_TAKEN);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("an event is taken", f.type == LINK_TAKEN && f.event.event == 7);
	put_each(&b, LINK_ASK);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("a question", f.type == LINK_ASK && f.ask.ask == ASK_REPORT && f.ask.text == 4097 && span_eq(f.ask.gateway, ask.gateway) &&
	    span_eq(f.ask.from, ask.from) && span_eq(f.ask.to, ask.to) && span_eq(f.ask.message_id, ask.message_id));
	buf_clear(&b);
}

/* A frame of `type` with one field. */
static enum link_result
with_number(enum link_type type, uint8_t tag, uint8_t value)
{
	const char frame[] = { 0, 0, 0, 14, (char)type, (char)tag, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, (char)value };
	struct link_frame f;

	return get(frame, sizeof frame, &f);
}

TEST(what_was_not_said_is_not_taken_for_something)
{
	struct link_frame f;
	static const char bare[] = { 0, 0, 0, 1, LINK_EVENT, 0, 0, 0, 1, LINK_TAKEN, 0, 0, 0, 1, LINK_ASK };

	same_int("an event without its kind", get(bare, 5, &f), LINK_BROKEN);
	same_int("taken, but which", get(bare + 5, 5, &f), LINK_BROKEN);
	same_int("a question without its kind", get(bare + 10, 5, &f), LINK_BROKEN);
	same_int("a kind that is none", with_number(LINK_ASK, 26, ASKS), LINK_BROKEN);
	same_int("a kind that is one", with_number(LINK_ASK, 26, ASK_REPORT), LINK_COMPLETE);
	same_int("a reload of nothing", with_number(LINK_RELOAD, 17, RELOAD_ALL), LINK_BROKEN);
	same_int("a reload of what is none", with_number(LINK_RELOAD, 18, RELOADS), LINK_BROKEN);
	same_int("a reload", with_number(LINK_RELOAD, 18, RELOAD_ALL), LINK_COMPLETE);
	same_int("neither done nor not", with_number(LINK_RELOADED, 18, 2), LINK_BROKEN);
	same_int("done", with_number(LINK_RELOADED, 18, 1), LINK_COMPLETE);
	same_int("a level without its part", with_number(LINK_LOG, 21, 7), LINK_BROKEN);
	same_int("a level that is none", with_number(LINK_LOG, 21, 8), LINK_BROKEN);
}

TEST(every_outcome_there_and_back)
{
	for (enum outcome o = OUTCOME_ACCEPTED; o < OUTCOMES; o++) {
		struct link_outcome x = { .text = 1, .attempt = 1, .outcome = o, .retry_after_ms = -1 };
		struct link_frame f;
		struct buf b;

		buf_init(&b, LINK_FRAME_MAX);
		assert_true(link_put_outcome(&b, &x));
		assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
		same_text("outcome", outcome_name(f.outcome.outcome), outcome_name(o));
		same_int("no wait was said", f.outcome.retry_after_ms, -1);
		buf_clear(&b);
	}
	same_text("beyond the last", outcome_name(OUTCOMES), "none");
}

TEST(a_part_of_a_frame_waits_for_the_rest)
{
	for (enum link_type t = LINK_HELLO; t <= LINK_CERTIFICATE; t++) {
		struct link_frame f;
		struct buf b;

		buf_init(&b, LINK_FRAME_MAX);
		put_each(&b, t);
		for (size_t n = 0; n < b.n; n++)
			same_int("cut", get(b.p, n, &f), LINK_MORE);
		same_int("whole", get(b.p, b.n, &f), LINK_COMPLETE);
		buf_clear(&b);
	}
}

/* A frame that says it is shorter than its fields. */
TEST(a_length_that_lies_is_broken_or_cut_between_fields)
{
	for (enum link_type t = LINK_HELLO; t <= LINK_CERTIFICATE; t++) {
		struct link_frame f;
		struct buf b;
		size_t whole = 0;

		buf_init(&b, LINK_FRAME_MAX);
		put_each(&b, t);
		for (size_t n = 1; n + 4 < b.n; n++) {
			enum link_result r;

			b.p[2] = (char)(n >> 8);
			b.p[3] = (char)n;
			r = get(b.p, n + 4, &f);
			holds("not more than it says", r == LINK_BROKEN || (r == LINK_COMPLETE && f.bytes == n + 4));
			whole += r == LINK_COMPLETE;
		}
		holds("only between fields", whole < 12);
		buf_clear(&b);
	}
}

/* Any byte may be anything: no reading outside, and no field that reaches outside. */
TEST(every_byte_changed)
{
	for (enum link_type t = LINK_HELLO; t <= LINK_CERTIFICATE; t++) {
		struct buf b;

		buf_init(&b, LINK_FRAME_MAX);
		put_each(&b, t);
		for (size_t at = 0; at < b.n; at++)
			for (int v = 0; v < 256; v += at < 12 ? 1 : 51) {
				char was = b.p[at];
				char *copy = malloc(b.n);
				struct link_frame f;

				assert_non_null(copy);
				b.p[at] = (char)v;
				memcpy(copy, b.p, b.n);
				if (link_get(span_from(copy, b.n), &f) == LINK_COMPLETE) {
					const struct span all[] = { f.job.gateway, f.job.path, f.job.body, f.job.to, f.outcome.message_id,
						f.outcome.code, f.outcome.trace, f.why };

					for (size_t i = 0; i < COUNT(all); i++)
						holds("inside", all[i].n == 0 || (all[i].p >= copy && all[i].p + all[i].n <= copy + f.bytes));
					holds("inside", f.bytes <= b.n);
				}
				free(copy);
				b.p[at] = was;
			}
		buf_clear(&b);
	}
}

#define INT(tag, low) tag, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, low

TEST(frames_by_hand)
{
	static const struct {
		const char *rule;
		unsigned char bytes[64];
		size_t n;
		enum link_result result;
	} rows[] = {
		{ "nothing", { 0 }, 0, LINK_MORE },
		{ "a length of nothing", { 0, 0, 0, 0, 1 }, 5, LINK_BROKEN },
		{ "longer than any", { 0, 1, 0, 1, 1 }, 5, LINK_BROKEN },
		{ "the longest, not yet here", { 0, 1, 0, 0, 1 }, 5, LINK_MORE },
		{ "no type", { 0, 0, 0, 1, 0 }, 5, LINK_BROKEN },
		{ "a type of the future", { 0, 0, 0, 1, 5 }, 5, LINK_BROKEN },
		{ "an unknown type is broken before it is here", { 0, 0, 1, 0, 99 }, 5, LINK_BROKEN },
		{ "a greeting of nothing", { 0, 0, 0, 1, 1 }, 5, LINK_COMPLETE },
		{ "an unknown tag is skipped", { 0, 0, 0, 8, 1, 200, 0, 0, 0, 2, 'x', 'y' }, 12, LINK_COMPLETE },
		{ "half a field", { 0, 0, 0, 4, 1, 200, 0, 0 }, 8, LINK_BROKEN },
		{ "a field beyond its frame", { 0, 0, 0, 7, 1, 200, 0, 0, 0, 2, 'x', 'y' }, 12, LINK_BROKEN },
		{ "a field of 4 GiB", { 0, 0, 0, 6, 1, 200, 255, 255, 255, 255 }, 10, LINK_BROKEN },
		{ "a number of four bytes", { 0, 0, 0, 10, 1, 1, 0, 0, 0, 4, 0, 0, 0, 1 }, 14, LINK_BROKEN },
		{ "promise 4: an outcome that does not say what, is not accepted", { 0, 0, 0, 14, 3, INT(3, 42) }, 18, LINK_BROKEN },
		{ "an outcome that says", { 0, 0, 0, 27, 3, INT(3, 42), INT(10, 0) }, 31, LINK_COMPLETE },
		{ "an outcome of the future", { 0, 0, 0, 27, 3, INT(3, 42), INT(10, OUTCOMES) }, 31, LINK_BROKEN },
		{ "an outcome below nothing", { 0, 0, 0, 14, 3, 10, 0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 255, 255 }, 18, LINK_BROKEN },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct link_frame f;

		same_int(rows[i].rule, get((const char *)rows[i].bytes, rows[i].n, &f), rows[i].result);
	}
}

TEST(what_does_not_fit_changes_nothing)
{
	struct link_job j = job;
	struct buf b;
	size_t n;
	char *large = calloc(1, LINK_FRAME_MAX);
	struct link_frame f;

	assert_non_null(large);
	buf_init(&b, 200000);
	put_each(&b, LINK_HELLO);
	n = b.n;
	j.body = span_from(large, LINK_FRAME_MAX);
	holds("larger than a frame", !link_put_job(&b, &j) && b.n == n);
	j.body.n = LINK_FRAME_MAX - 200;
	b.spoilt = false;
	assert_true(link_put_job(&b, &j));
	assert_int_equal(link_get((struct span){ b.p + n, b.n - n }, &f), LINK_COMPLETE);
	same_int("the largest that fits", f.job.body.n, j.body.n);
	buf_clear(&b);
	buf_init(&b, 100);
	put_each(&b, LINK_HELLO);
	n = b.n;
	holds("no room", !link_put_job(&b, &job) && b.n == n);
	free(large);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(there_and_back), RUN(what_was_not_said_is_not_taken_for_something), RUN(every_outcome_there_and_back),
		RUN(a_part_of_a_frame_waits_for_the_rest), RUN(a_length_that_lies_is_broken_or_cut_between_fields), RUN(every_byte_changed),
		RUN(frames_by_hand), RUN(what_does_not_fit_changes_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

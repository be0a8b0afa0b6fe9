/* test_acs.c - the way out: signatures against known vectors, bodies, answers of every shape, the link's frames. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/acs.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static const struct {
	const char *name, *method, *path, *date, *host, *body, *hash, *signature;
} vectors[] = {
	{ "send-ascii", "POST", "/sms?api-version=2026-01-23", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.communication.azure.com",
	    "{\"from\":\"+18005550100\",\"smsRecipients\":[{\"to\":\"+14255550101\",\"repeatabilityRequestId\":\"fda6d242-46aa-4247-8bf6-619a1206f9c3\",\"repeatabilityFirstSent\":\"Fri, 20 Nov 2026 20:00:00 GMT\"}],\"message\":\"Hello\",\"smsSendOptions\":{\"enableDeliveryReport\":true,\"tag\":\"job-1\"}}",
	    "4ccqgyNFdRQb+M++fwCNFzNEbCFHXnd2oqow6Erdkzg=", "fzNL43xM19hN+WSfp829wAhApCuPmrt6aXmRCOwPh1E=" },
	{ "send-utf8", "POST", "/sms?api-version=2021-03-07", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.communication.azure.com",
	    "{\"from\":\"CONTOSO\",\"smsRecipients\":[{\"to\":\"+4915112345678\"}],\"message\":\"Gr\303\274\303\237e \342\202\254 \360\237\230\200\",\"smsSendOptions\":{\"enableDeliveryReport\":false}}",
	    "ZmJQ+AVh+Bdct3gmQ2VesMrn3MufXhX8dkgVJHhqmgk=", "J2zlqiTTPEkulr122aeCJ4lsQNeCBymzJ4CI7Gh+0xE=" },
	{ "optout-check", "POST", "/sms/optouts:check?api-version=2026-01-23", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.communication.azure.com",
	    "{\"from\":\"+18005550100\",\"recipients\":[{\"to\":\"+14255550101\"}]}",
	    "i+/wYG0vP94p3wst+JlMeKd0t0uUBGpI9l7OxyfZDfQ=", "E6v8zHGgZrwqJWUjcCCpJhlmTu22c54ifR5N/5UgZNI=" },
	{ "delivery-report-get-empty-body", "GET", "/deliveryReports/Outgoing_2026112020000084ea09d7-e818-40ca-8945-869b21356fe7_noam?api-version=2026-01-23", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.communication.azure.com",
	    "",
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "weVymEqNGlS7audQJ1Kdw97tlyLLRaSO4op4Gox5pGU=" },
	{ "geo-host", "POST", "/sms?api-version=2026-01-23", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.unitedstates.communication.azure.com",
	    "{}",
	    "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=", "Sa+zPJhnXVwJeumdG4jhdqBKFUSphQK7/so3k9w9lys=" },
	{ "host-with-port", "POST", "/sms?api-version=2026-01-23", "Fri, 20 Nov 2026 20:00:00 GMT", "127.0.0.1:8443",
	    "{}",
	    "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=", "TJCNWdxmaHyH3SznFAXicyuFMqRFdeUWYqDUQzvb5Pk=" },
	{ "email-send", "POST", "/emails:send?api-version=2025-09-01", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.communication.azure.com",
	    "{\"senderAddress\":\"DoNotReply@contoso.com\",\"content\":{\"subject\":\"s\",\"plainText\":\"p\"},\"recipients\":{\"to\":[{\"address\":\"a@contoso.com\"}]}}",
	    "7HdMY3iECaOjIa2XE91udk1Uqf1VJbEimmVAjQtMEE8=", "hU7sxMmhgJ9UnmIQBNLgA050RDqEZk71aNFWFaIvr0I=" },
};

TEST(signatures)
{
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct acs_key *k = NULL;
		struct acs_signature s;
		struct fault f = { 0 };
		char want[200];

		assert_true(acs_key_of_text(span_of(KEY), &k, &f));
		assert_true(acs_sign(k, vectors[i].method, vectors[i].path, vectors[i].date, vectors[i].host, span_of(vectors[i].body), &s));
		same_text(vectors[i].name, s.content_hash, vectors[i].hash);
		(void)snprintf(want, sizeof want, "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=%s",
		    vectors[i].signature);
		same_text(vectors[i].name, s.authorization, want);
		acs_key_free(k);
	}
}

TEST(keys_as_they_are_pasted)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = { { KEY, true }, { "  " KEY "\r\n", true }, { KEY ";", true },
		{ "endpoint=https://x.communication.azure.com/;accesskey=" KEY, true },
		{ "Endpoint=https://x.communication.azure.com/;AccessKey=" KEY ";\n", true }, { "", false }, { "abc", false },
		{ "endpoint=https://x/", false }, { "!!!!", false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct acs_key *k = NULL;
		struct fault f = { 0 };

		same_int(rows[i].text, acs_key_of_text(span_of(rows[i].text), &k, &f), rows[i].good);
		acs_key_free(k);
	}
}

TEST(the_body_is_always_the_same)
{
	struct acs_request r = { "2026-01-23", SPAN_LIT("+18335550100"), SPAN_LIT("+16085550123"), SPAN_LIT("A \"b\" \xc3\xa9\n"),
		SPAN_LIT("1024"), "3f1c", "Fri, 20 Nov 2026 21:00:00 GMT" };
	struct buf b;
	char path[64];

	buf_init(&b, 2000);
	assert_true(acs_body(&r, &b));
	same_text("2026-01-23", buf_text(&b),
	    "{\"from\":\"+18335550100\",\"smsRecipients\":[{\"to\":\"+16085550123\",\"repeatabilityRequestId\":\"3f1c\","
	    "\"repeatabilityFirstSent\":\"Fri, 20 Nov 2026 21:00:00 GMT\"}],\"message\":\"A \\\"b\\\" \xc3\xa9\\n\","
	    "\"smsSendOptions\":{\"enableDeliveryReport\":true,\"tag\":\"1024\",\"deliveryReportTimeoutInSeconds\":3600}}");
	buf_reset(&b);
	r.api_version = "2021-03-07";
	assert_true(acs_body(&r, &b));
	holds("the first version knows no time-out", !strstr(buf_text(&b), "Timeout"));
	buf_reset(&b);
	r.text = SPAN_LIT("\xff");
	holds("no UTF-8, no body", !acs_body(&r, &b));
	buf_clear(&b);
	assert_true(acs_path("2026-01-23", path, sizeof path));
	same_text("path", path, "/sms?api-version=2026-01-23");
}

#define ITEM(rest) "{\"value\":[{\"to\":\"+16085550123\"," rest "}]}"

TEST(what_an_answer_means)
{
	static const struct {
		const char *rule;
		int status;
		const char *body;
		enum outcome outcome;
		const char *code, *id;
	} rows[] = {
		{ "taken", 202, ITEM("\"messageId\":\"Outgoing_1\",\"httpStatusCode\":202,\"repeatabilityResult\":\"accepted\",\"successful\":true"), OUTCOME_ACCEPTED, "accepted", "Outgoing_1" },
		{ "taken, null beside", 202, ITEM("\"httpStatusCode\":202,\"successful\":true,\"errorMessage\":null"), OUTCOME_ACCEPTED, "accepted", "" },
		{ "200 too", 200, ITEM("\"httpStatusCode\":202,\"successful\":true"), OUTCOME_ACCEPTED, "accepted", "" },
		{ "another's item beside", 202, "{\"value\":[{\"to\":\"+1999\",\"httpStatusCode\":400,\"successful\":false},{\"to\":\"16085550123\",\"httpStatusCode\":202,\"successful\":true}]}", OUTCOME_ACCEPTED, "accepted", "" },
		{ "a bad number", 202, ITEM("\"httpStatusCode\":400,\"successful\":false,\"errorMessage\":\"Invalid To phone number format.\""), OUTCOME_REFUSED, "invalid-number", "" },
		{ "rejected repetition", 202, ITEM("\"httpStatusCode\":400,\"successful\":false,\"repeatabilityResult\":\"rejected\""), OUTCOME_REFUSED, "repeatability-rejected", "" },
		{ "item 412", 202, ITEM("\"httpStatusCode\":412,\"successful\":false,\"repeatabilityResult\":\"rejected\""), OUTCOME_TOO_LATE, "window-over", "" },
		{ "item 503", 202, ITEM("\"httpStatusCode\":503,\"successful\":false"), OUTCOME_AGAIN, "unavailable", "" },
		{ "item 429", 202, ITEM("\"httpStatusCode\":429,\"successful\":false"), OUTCOME_AGAIN, "rate-limit", "" },
		{ "item 500", 202, ITEM("\"httpStatusCode\":500,\"successful\":false"), OUTCOME_UNSURE, "server-error", "" },
		{ "item 401", 202, ITEM("\"httpStatusCode\":401,\"successful\":false"), OUTCOME_BLOCKED, "unauthorized", "" },
		{ "said unsuccessful in spite of 202", 202, ITEM("\"httpStatusCode\":202,\"successful\":false"), OUTCOME_REFUSED, "refused", "" },
		{ "no JSON", 202, "<html>", OUTCOME_UNSURE, "unreadable-answer", "" },
		{ "no body", 202, "", OUTCOME_UNSURE, "unreadable-answer", "" },
		{ "an empty list", 202, "{\"value\":[]}", OUTCOME_UNSURE, "unreadable-answer", "" },
		{ "a list of something", 202, "{\"value\":[7]}", OUTCOME_UNSURE, "unreadable-answer", "" },
		{ "a value of something", 202, "{\"value\":{\"to\":7}}", OUTCOME_UNSURE, "unreadable-answer", "" },
		{ "two, none ours", 202, "{\"value\":[{\"to\":\"+1\"},{\"to\":\"+2\"}]}", OUTCOME_UNSURE, "unreadable-answer", "" },
		{ "shape A", 400, "{\"From\":[\"Invalid from phone number format.\"]}", OUTCOME_BLOCKED, "invalid-sender", "" },
		{ "shape B", 400, "{\"type\":\"x\",\"title\":\"y\",\"status\":400,\"errors\":{}}", OUTCOME_REFUSED, "bad-request", "" },
		{ "shape C", 401, "{\"error\":{\"code\":\"Denied\",\"message\":\"\"}}", OUTCOME_BLOCKED, "unauthorized", "" },
		{ "shape D", 404, "", OUTCOME_BLOCKED, "not-found", "" },
		{ "shape E", 404, "{\"type\":\"x\",\"status\":404}", OUTCOME_BLOCKED, "not-found", "" },
		{ "403", 403, "", OUTCOME_BLOCKED, "forbidden", "" }, { "408", 408, "", OUTCOME_UNSURE, "request-timeout", "" },
		{ "409", 409, "", OUTCOME_UNSURE, "still-running", "" }, { "412", 412, "", OUTCOME_TOO_LATE, "window-over", "" },
		{ "413", 413, "", OUTCOME_REFUSED, "too-large", "" }, { "422", 422, "", OUTCOME_REFUSED, "bad-request", "" },
		{ "429", 429, "", OUTCOME_AGAIN, "rate-limit", "" }, { "500", 500, "", OUTCOME_UNSURE, "server-error", "" },
		{ "502", 502, "", OUTCOME_UNSURE, "server-error", "" }, { "503", 503, "", OUTCOME_AGAIN, "unavailable", "" },
		{ "504", 504, "", OUTCOME_UNSURE, "server-error", "" }, { "a redirect", 307, "", OUTCOME_BLOCKED, "redirect", "" },
		{ "418", 418, "", OUTCOME_REFUSED, "refused", "" }, { "100", 100, "", OUTCOME_UNSURE, "server-error", "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct link_outcome o = { 0 };
		struct buf hold;
		char text[64];

		buf_init(&hold, 256);
		acs_answer(rows[i].status, span_of(rows[i].body), span_of("+16085550123"), &hold, &o);
		same_text(rows[i].rule, outcome_name(o.outcome), outcome_name(rows[i].outcome));
		span_copy(text, sizeof text, o.code);
		same_text(rows[i].rule, text, rows[i].code);
		span_copy(text, sizeof text, o.message_id);
		same_text(rows[i].rule, text, rows[i].id);
		buf_clear(&hold);
	}
}

TEST(how_long_to_wait)
{
	static const struct {
		const char *ms, *x_ms, *standard;
		int64_t wait;
	} rows[] = { { "250", "900", "7", 250 }, { "", "900", "7", 900 }, { "", "", "7", 7000 }, { "", "", "0", 0 },
		{ "", "", "Fri, 20 Nov 2026 21:00:10 GMT", 10000 }, { "", "", "Fri, 20 Nov 2026 20:59:00 GMT", 0 }, { "", "", "soon", -1 },
		{ "", "", "", -1 }, { "-5", "", "", -1 }, { "", "", "99999999999", -1 } };

	for (size_t i = 0; i < COUNT(rows); i++)
		same_int(rows[i].standard, acs_retry_after(span_of(rows[i].ms), span_of(rows[i].x_ms), span_of(rows[i].standard), 1795208400),
		    rows[i].wait);
}

TEST(frames_of_the_link)
{
	struct link_job j = { 42, 3, SPAN_LIT("acs"), SPAN_LIT("/sms"), SPAN_LIT("{}"), SPAN_LIT("+1608"), 99 };
	struct link_outcome o = { 42, 3, OUTCOME_AGAIN, 429, 0, SPAN_LIT("id"), SPAN_LIT("rate-limit"), 2000, SPAN_LIT("cv") };
	struct link_frame f;
	struct buf b;

	buf_init(&b, 200000);
	assert_true(link_put_hello(&b, "nudge-sender", 256) && link_put_job(&b, &j) && link_put_outcome(&b, &o));
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	same_int("hello", f.type * 1000 + f.credits, LINK_HELLO * 1000 + 256);
	buf_drop_front(&b, f.bytes);
	for (size_t n = 0; n < b.n; n++) {
		enum link_result r = link_get(span_from(b.p, n), &f);

		holds("a part is not a whole", r == LINK_MORE || (r == LINK_COMPLETE && f.bytes <= n));
	}
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("a job", f.type == LINK_JOB && f.job.text == 42 && f.job.attempt == 3 && f.job.not_after_s == 99 && span_is(f.job.to, "+1608") &&
	    span_is(f.job.body, "{}") && span_is(f.job.gateway, "acs") && span_is(f.job.path, "/sms"));
	buf_drop_front(&b, f.bytes);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	holds("an outcome", f.outcome.outcome == OUTCOME_AGAIN && f.outcome.retry_after_ms == 2000 && span_is(f.outcome.code, "rate-limit") &&
	    f.outcome.http_status == 429 && span_is(f.outcome.trace, "cv"));
	b.p[5] = 120; /* a tag of the future */
	assert_int_equal(link_get(buf_span(&b), &f), LINK_COMPLETE);
	b.p[4] = 9;
	assert_int_equal(link_get(buf_span(&b), &f), LINK_BROKEN);
	memset(b.p, 0xff, 4);
	assert_int_equal(link_get(buf_span(&b), &f), LINK_BROKEN);
	j.body = span_from(calloc(1, 70000), 70000);
	buf_reset(&b);
	holds("too large for a frame", !link_put_job(&b, &j));
	free((void *)(uintptr_t)j.body.p);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(signatures), RUN(keys_as_they_are_pasted), RUN(the_body_is_always_the_same),
		RUN(what_an_answer_means), RUN(how_long_to_wait), RUN(frames_of_the_link) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_acs_answer.c - answers of every documented shape, and of none, against what they mean for one text. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "nudge/acs.h"

#define TO "\"to\":\"+16085550123\""
#define ITEM(rest) "{\"value\":[{" TO "," rest "}]}"
#define OTHER(rest) "{\"to\":\"+16085550199\"," rest "}"
#define GOOD "\"httpStatusCode\":202,\"successful\":true"
#define BAD(status) "\"httpStatusCode\":" #status ",\"successful\":false"
#define NOBODY "unreadable-answer"

static const struct row {
	const char *rule;
	int status;
	const char *body;
	enum outcome outcome;
	const char *code;
	int item;
} items[] = {
	/* one item, ours */
	{ "recorded: taken", 202, ITEM("\"messageId\":\"Outgoing_20261120_noam\",\"httpStatusCode\":202,\"repeatabilityResult\":\"accepted\",\"successful\":true"), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "taken, said in capitals", 202, ITEM(GOOD ",\"repeatabilityResult\":\"Accepted\""), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "successful absent", 202, ITEM("\"httpStatusCode\":202"), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "successful null", 202, ITEM("\"httpStatusCode\":202,\"successful\":null"), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "status absent, successful", 202, ITEM("\"successful\":true"), OUTCOME_ACCEPTED, "accepted", 0 },
	{ "item 200", 202, ITEM("\"httpStatusCode\":200"), OUTCOME_ACCEPTED, "accepted", 200 },
	{ "201 around it", 201, ITEM(GOOD), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "successful is trusted before the status", 202, ITEM("\"httpStatusCode\":202,\"successful\":false"), OUTCOME_REFUSED, "refused", 202 },
	{ "nulls beside", 202, ITEM(GOOD ",\"messageId\":null,\"errorMessage\":null,\"repeatabilityResult\":null"), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "fields of the future", 202, ITEM(GOOD ",\"price\":{\"a\":[1,2]}"), OUTCOME_ACCEPTED, "accepted", 202 },
	{ "blanks and lines", 202, " {\r\n\t\"value\" : [ { " TO " , " GOOD " } ] }\r\n", OUTCOME_ACCEPTED, "accepted", 202 },
	{ "a key twice: the last counts", 202, ITEM(GOOD ",\"successful\":false"), OUTCOME_REFUSED, "refused", 202 },
	{ "recorded: a bad number", 202, ITEM(BAD(400) ",\"errorMessage\":\"Invalid To phone number format.\""), OUTCOME_REFUSED, "invalid-number", 400 },
	{ "a bad number, other words", 202, ITEM(BAD(400) ",\"errorMessage\":\"the TO PHONE NUMBER is wrong\""), OUTCOME_REFUSED, "invalid-number", 400 },
	{ "a bad sender", 202, ITEM(BAD(400) ",\"errorMessage\":\"Invalid From phone number format.\""), OUTCOME_BLOCKED, "invalid-sender", 400 },
	{ "some 400", 202, ITEM(BAD(400) ",\"errorMessage\":\"No.\""), OUTCOME_REFUSED, "bad-request", 400 },
	{ "400 without a word", 202, ITEM(BAD(400)), OUTCOME_REFUSED, "bad-request", 400 },
	{ "400, message is no text", 202, ITEM(BAD(400) ",\"errorMessage\":[\"To phone number\"]"), OUTCOME_REFUSED, "bad-request", 400 },
	{ "spec example: no first-sent", 202, ITEM(BAD(400) ",\"repeatabilityResult\":\"rejected\",\"errorMessage\":\"RFC1123 expected\""), OUTCOME_REFUSED, "repeatability-rejected", 400 },
	{ "rejected, in capitals", 202, ITEM(BAD(400) ",\"repeatabilityResult\":\"Rejected\""), OUTCOME_REFUSED, "repeatability-rejected", 400 },
	{ "promise 4: the window is over", 202, ITEM(BAD(412) ",\"repeatabilityResult\":\"rejected\""), OUTCOME_TOO_LATE, "window-over", 412 },
	{ "promise 4: the first still runs", 202, ITEM(BAD(409)), OUTCOME_UNSURE, "still-running", 409 },
	{ "item 401", 202, ITEM(BAD(401)), OUTCOME_BLOCKED, "unauthorized", 401 },
	{ "item 403", 202, ITEM(BAD(403)), OUTCOME_BLOCKED, "forbidden", 403 },
	{ "item 404", 202, ITEM(BAD(404)), OUTCOME_BLOCKED, "not-found", 404 },
	{ "item 408", 202, ITEM(BAD(408)), OUTCOME_UNSURE, "request-timeout", 408 },
	{ "item 429", 202, ITEM(BAD(429)), OUTCOME_AGAIN, "rate-limit", 429 },
	{ "item 500", 202, ITEM(BAD(500)), OUTCOME_UNSURE, "server-error", 500 },
	{ "item 502", 202, ITEM(BAD(502)), OUTCOME_UNSURE, "server-error", 502 },
	{ "spec example: item 503", 202, ITEM(BAD(503) ",\"errorMessage\":\"busy\""), OUTCOME_AGAIN, "unavailable", 503 },
	{ "item 504", 202, ITEM(BAD(504)), OUTCOME_UNSURE, "server-error", 504 },
	{ "item 451", 202, ITEM(BAD(451)), OUTCOME_REFUSED, "refused", 451 },
	{ "said unsuccessful, no status", 202, ITEM("\"successful\":false"), OUTCOME_REFUSED, "refused", 0 },
	/* an item that says nothing is not a refusal */
	{ "promise 4: neither status nor success", 202, ITEM("\"messageId\":\"m\""), OUTCOME_UNSURE, NOBODY, 0 },
	{ "promise 4: a status that is text", 202, ITEM("\"httpStatusCode\":\"202\""), OUTCOME_UNSURE, NOBODY, 0 },
	{ "promise 4: a status that is null", 202, ITEM("\"httpStatusCode\":null,\"successful\":null"), OUTCOME_UNSURE, NOBODY, 0 },
	{ "promise 4: a success that is text", 202, ITEM("\"successful\":\"true\""), OUTCOME_UNSURE, NOBODY, 0 },
	{ "promise 4: a broken status", 202, ITEM("\"httpStatusCode\":202.5"), OUTCOME_UNSURE, NOBODY, 0 },
	{ "a status that wraps around to 202", 202, ITEM("\"httpStatusCode\":4294967498"), OUTCOME_UNSURE, NOBODY, 0 },
	{ "a status that wraps around to 400", 202, ITEM("\"httpStatusCode\":4294967696"), OUTCOME_UNSURE, NOBODY, 0 },
	{ "a negative status", 202, ITEM("\"httpStatusCode\":-202"), OUTCOME_UNSURE, NOBODY, 0 },
	/* whose item */
	{ "ours is the second", 202, "{\"value\":[" OTHER(BAD(400)) ",{" TO "," GOOD "}]}", OUTCOME_ACCEPTED, "accepted", 202 },
	{ "ours is the first", 202, "{\"value\":[{" TO "," BAD(429) "}," OTHER(GOOD) "]}", OUTCOME_AGAIN, "rate-limit", 429 },
	{ "ours without its plus", 202, "{\"value\":[" OTHER(GOOD) ",{\"to\":\"16085550123\"," BAD(400) "}]}", OUTCOME_REFUSED, "bad-request", 400 },
	{ "ours twice: the first", 202, "{\"value\":[{" TO "," GOOD "},{" TO "," BAD(400) "}]}", OUTCOME_ACCEPTED, "accepted", 202 },
	{ "one item, number as nobody wrote it", 202, "{\"value\":[{\"to\":\"(608) 555-0123\"," GOOD "}]}", OUTCOME_ACCEPTED, "accepted", 202 },
	{ "one item, number is null", 202, "{\"value\":[{\"to\":null," GOOD "}]}", OUTCOME_ACCEPTED, "accepted", 202 },
	{ "one item, no number", 202, "{\"value\":[{" BAD(503) "}]}", OUTCOME_AGAIN, "unavailable", 503 },
	{ "two items, none ours", 202, "{\"value\":[" OTHER(GOOD) "," OTHER(GOOD) "]}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "two items without numbers", 202, "{\"value\":[{" GOOD "},{" GOOD "}]}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "a number between items", 202, "{\"value\":[7,{" TO "," GOOD "},null]}", OUTCOME_ACCEPTED, "accepted", 202 },
	/* a 2xx that nobody can read: taken, perhaps */
	{ "promise 4: no body", 202, "", OUTCOME_UNSURE, NOBODY, 0 },
	{ "204", 204, "", OUTCOME_UNSURE, NOBODY, 0 },
	{ "promise 4: cut off", 202, "{\"value\":[{" TO ",\"httpStatusCode\":400,\"succ", OUTCOME_UNSURE, NOBODY, 0 },
	{ "something behind it", 202, ITEM(GOOD) "x", OUTCOME_UNSURE, NOBODY, 0 },
	{ "a page", 202, "<html>400 Bad Request</html>", OUTCOME_UNSURE, NOBODY, 0 },
	{ "a list", 202, "[{" TO "," GOOD "}]", OUTCOME_UNSURE, NOBODY, 0 },
	{ "a text", 202, "\"accepted\"", OUTCOME_UNSURE, NOBODY, 0 },
	{ "null", 202, "null", OUTCOME_UNSURE, NOBODY, 0 },
	{ "an object of nothing", 202, "{}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "value is null", 202, "{\"value\":null}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "value is an object", 202, "{\"value\":{" TO "," GOOD "}}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "value is of values", 202, "{\"value\":[[{" TO "," GOOD "}]]}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "an empty item", 202, "{\"value\":[{}]}", OUTCOME_UNSURE, NOBODY, 0 },
	{ "no UTF-8", 202, ITEM(GOOD ",\"errorMessage\":\"\xff\""), OUTCOME_UNSURE, NOBODY, 0 },
	{ "a zero inside a text", 202, ITEM(GOOD ",\"errorMessage\":\"\\u0000\""), OUTCOME_UNSURE, NOBODY, 0 },
	{ "half a surrogate", 202, ITEM(GOOD ",\"errorMessage\":\"\\ud83d\""), OUTCOME_UNSURE, NOBODY, 0 },
	/* shapes of errors: the status alone decides, the words never come out */
	{ "shape A", 400, "{\"From\":[\"Invalid from phone number format.\"]}", OUTCOME_BLOCKED, "invalid-sender", 0 },
	{ "shape A, the phone", 400, "{\"SmsRecipients[0].To\":[\"Invalid.\"]}", OUTCOME_REFUSED, "invalid-number", 0 },
	{ "shape A, phone and sender", 400, "{\"From\":[\"x\"],\"To\":[\"x\"],\"Message\":[\"x\"]}", OUTCOME_BLOCKED, "invalid-sender", 0 },
	{ "shape A, something else", 400, "{\"Fromage\":[\"x\"]}", OUTCOME_REFUSED, "bad-request", 0 },
	{ "shape B, the sender", 400, "{\"title\":\"t\",\"status\":400,\"errors\":{\"$.from\":[\"x\"]}}", OUTCOME_BLOCKED, "invalid-sender", 0 },
	{ "shape B, the version", 400, "{\"title\":\"t\",\"errors\":{\"api-version\":[\"x\"]}}", OUTCOME_BLOCKED, "api-version", 0 },
	{ "shape B, no fields", 400, "{\"title\":\"t\",\"errors\":[]}", OUTCOME_REFUSED, "bad-request", 0 },
	{ "400, no JSON", 400, "{\"From\":", OUTCOME_REFUSED, "bad-request", 0 },
	{ "400 and nothing", 400, "", OUTCOME_REFUSED, "bad-request", 0 },
	{ "shape B", 400, "{\"type\":\"t\",\"title\":\"One or more\",\"status\":400,\"traceId\":\"x\",\"errors\":{\"Message\":[\"too long\"]}}", OUTCOME_REFUSED, "invalid-text", 0 },
	{ "shape C", 401, "{\"error\":{\"code\":\"Unauthorized\",\"message\":\"\"}}", OUTCOME_BLOCKED, "unauthorized", 0 },
	{ "shape C, denied", 401, "{\"error\":{\"code\":\"Denied\",\"message\":\"Denied by the resource provider.\",\"innerError\":{}}}", OUTCOME_BLOCKED, "unauthorized", 0 },
	{ "shape C, no version", 400, "{\"error\":{\"code\":\"ApiVersionUnspecified\"}}", OUTCOME_BLOCKED, "api-version", 0 },
	{ "shape D: recorded, a sender of somebody else", 404, "", OUTCOME_BLOCKED, "not-found", 0 },
	{ "shape E", 404, "{\"type\":\"t\",\"title\":\"Not Found\",\"status\":404,\"traceId\":\"x\"}", OUTCOME_BLOCKED, "not-found", 0 },
	{ "an error that looks like an answer", 400, ITEM(GOOD), OUTCOME_REFUSED, "bad-request", 0 },
	{ "promise 4: a 500 that looks like a refusal", 500, ITEM(BAD(400)), OUTCOME_UNSURE, "server-error", 0 },
	{ "422", 422, "", OUTCOME_REFUSED, "bad-request", 0 },
	{ "408", 408, "", OUTCOME_UNSURE, "request-timeout", 0 },
	{ "409", 409, "", OUTCOME_UNSURE, "still-running", 0 },
	{ "412", 412, "{}", OUTCOME_TOO_LATE, "window-over", 0 },
	{ "429, and a page", 429, "<html>", OUTCOME_AGAIN, "rate-limit", 0 },
	{ "503", 503, "", OUTCOME_AGAIN, "unavailable", 0 },
	{ "501", 501, "", OUTCOME_UNSURE, "server-error", 0 },
	{ "599", 599, "", OUTCOME_UNSURE, "server-error", 0 },
	{ "no status", 0, "", OUTCOME_UNSURE, "server-error", 0 },
	{ "302", 302, "", OUTCOME_BLOCKED, "redirect", 0 },
	{ "308", 308, ITEM(GOOD), OUTCOME_BLOCKED, "redirect", 0 },
};

/* The bytes go where a reader past their end is seen. */
static void
check(const struct row *r)
{
	struct link_outcome o = { .retry_after_ms = -1 };
	size_t n = strlen(r->body);
	char *body = malloc(n ? n : 1), code[64];
	struct buf hold;

	assert_non_null(body);
	memcpy(body, r->body, n);
	buf_init(&hold, 256);
	acs_answer(r->status, span_from(body, n), SPAN_LIT("+16085550123"), &hold, &o);
	memset(body, '#', n ? n : 1); /* nothing in the outcome borrows from it */
	(void)span_copy(code, sizeof code, o.code);
	same_text(r->rule, outcome_name(o.outcome), outcome_name(r->outcome));
	same_text(r->rule, code, r->code);
	same_int(r->rule, o.item_status, r->item);
	same_int(r->rule, o.http_status, r->status);
	buf_clear(&hold);
	free(body);
}

TEST(what_an_answer_means)
{
	for (size_t i = 0; i < COUNT(items); i++)
		check(&items[i]);
}

TEST(whatever_is_cut_off_is_unsure)
{
	static const char whole[] = ITEM(BAD(400) ",\"errorMessage\":\"Invalid To phone number format.\"");

	for (size_t n = 0; n < sizeof whole - 1; n++) {
		char part[sizeof whole];
		struct row r = { "promise 4: a part of an answer refuses nothing", 202, part, OUTCOME_UNSURE, NOBODY, 0 };

		memcpy(part, whole, n);
		part[n] = '\0';
		check(&r);
	}
}

/* Deeper and longer than anybody means it. */
TEST(a_hostile_answer)
{
	size_t deep = 60000, many = 3000;
	char *text = malloc(deep + 1);
	struct buf b, long_id, hold;
	struct link_outcome o = { 0 };

	assert_non_null(text);
	memset(text, '[', deep);
	text[deep] = '\0';
	check(&(struct row){ "60000 brackets", 202, text, OUTCOME_UNSURE, NOBODY, 0 });
	free(text);
	buf_init(&b, 1 << 20);
	(void)buf_add_text(&b, "{\"value\":[");
	for (size_t i = 0; i < many; i++)
		(void)buf_add_text(&b, OTHER(GOOD) ",");
	(void)buf_add_text(&b, "{" TO "," BAD(503) "}]}");
	check(&(struct row){ "the last of many", 202, buf_text(&b), OUTCOME_AGAIN, "unavailable", 503 });
	buf_clear(&b);

	buf_init(&long_id, 10000);
	buf_init(&hold, 256);
	(void)buf_add_text(&long_id, "{\"value\":[{" TO "," GOOD ",\"messageId\":\"");
	for (size_t i = 0; i < 200; i++)
		(void)buf_add_text(&long_id, "x");
	(void)buf_add_text(&long_id, "\"}]}");
	acs_answer(202, buf_span(&long_id), SPAN_LIT("+16085550123"), &hold, &o);
	same_text("taken, whatever its id", outcome_name(o.outcome), "accepted");
	same_int("an id that is too long to be one is left out", o.message_id.n, 0);
	buf_reset(&long_id);
	buf_reset(&hold);
	(void)buf_add_text(&long_id, ITEM(GOOD ",\"messageId\":\"a\\nb\\u001b[0m\""));
	acs_answer(202, buf_span(&long_id), SPAN_LIT("+16085550123"), &hold, &o);
	same_text("taken, whatever its id", outcome_name(o.outcome), "accepted");
	same_int("an id with line ends is left out", o.message_id.n, 0);
	buf_clear(&long_id);
	buf_clear(&hold);
}

TEST(hosts_and_ids_of_requests)
{
	static const struct {
		const char *endpoint, *host;
	} rows[] = { { "https://lamna.communication.azure.com", "lamna.communication.azure.com" },
		{ "https://lamna.communication.azure.com/", "lamna.communication.azure.com" },
		{ "https://lamna.communication.azure.com:443", "lamna.communication.azure.com" },
		{ "https://lamna.communication.azure.com:443/", "lamna.communication.azure.com" },
		{ "https://127.0.0.1:8443", "127.0.0.1:8443" }, { "https://127.0.0.1:80", "127.0.0.1:80" },
		{ "http://127.0.0.1:80", "127.0.0.1" }, { "http://127.0.0.1:443", "127.0.0.1:443" },
		{ "http://[::1]:8080", "[::1]:8080" }, { "http://localhost", "localhost" } };
	char host[64], id[2][37];

	for (size_t i = 0; i < COUNT(rows); i++) {
		acs_host(rows[i].endpoint, host, sizeof host);
		same_text(rows[i].endpoint, host, rows[i].host);
	}
	assert_true(acs_request_id(id[0], sizeof id[0]) && acs_request_id(id[1], sizeof id[1]));
	same_int("36 characters", strlen(id[0]), 36);
	holds("version and variant", id[0][14] == '4' && strchr("89ab", id[0][19]));
	holds("each its own", strcmp(id[0], id[1]) != 0);
}

/* More than are drawn together. */
TEST(ids_that_are_drawn_together)
{
	static char id[200][ACS_REPEAT_ID_MAX];
	struct acs_ids ids = { .left = 0 };

	for (size_t i = 0; i < COUNT(id); i++) {
		assert_true(acs_next_id(&ids, id[i], sizeof id[i]));
		holds("a UUID of version 4", strlen(id[i]) == 36 && id[i][14] == '4' && strchr("89ab", id[i][19]));
		for (size_t j = 0; j < i; j++)
			holds("each its own", strcmp(id[i], id[j]) != 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_an_answer_means), RUN(whatever_is_cut_off_is_unsure), RUN(a_hostile_answer),
		RUN(hosts_and_ids_of_requests), RUN(ids_that_are_drawn_together) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_told.c - events as gateways write them, in both schemas and any case, and the XML and signatures of queues. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "acs/queue.h"
#include "nudge/told.h"

struct got {
	size_t n, room;
	struct link_event last[4];
	char message_id[4][128], status[4][32], from[4][24], to[4][24], words[4][64];
};

static bool
take(void *ctx, const struct link_event *e)
{
	struct got *g = ctx;
	size_t i = g->n % 4;

	if (g->room && g->n == g->room)
		return false;
	g->n++;
	g->last[i] = *e;
	(void)span_copy(g->message_id[i], 128, e->message_id);
	(void)span_copy(g->status[i], 32, e->status);
	(void)span_copy(g->from[i], 24, e->from);
	(void)span_copy(g->to[i], 24, e->to);
	(void)span_copy(g->words[i], 64, e->words);
	return true;
}

#define REPORT(status, details) \
	"{\"messageId\":\"Outgoing_1_noam\",\"from\":\"18335550100\",\"to\":\"+16085550123\",\"deliveryStatus\":\"" status "\"," \
	"\"deliveryStatusDetails\":\"" details "\",\"deliveryAttempts\":[],\"receivedTimestamp\":\"2026-11-20T20:00:00.1234567Z\",\"tag\":\"4097\"}"
#define GRID(type, data) "{\"id\":\"x\",\"topic\":\"/t\",\"subject\":\"/phonenumber/1\",\"eventType\":\"Microsoft.Communication." type "\",\"data\":" data ",\"dataVersion\":\"1.0\"}"
#define CLOUD(type, data) "{\"id\":\"x\",\"source\":\"/t\",\"specversion\":\"1.0\",\"type\":\"Microsoft.Communication." type "\",\"data\":" data "}"

TEST(a_report_in_every_form)
{
	static const char *const forms[] = {
		GRID("SMSDeliveryReportReceived", REPORT("Delivered", "No error.")),
		"[" GRID("SMSDeliveryReportReceived", REPORT("Delivered", "No error.")) "]",
		CLOUD("SMSDeliveryReportReceived", REPORT("delivered", "2000: No Error")),
		CLOUD("smsdeliveryreportreceived", "{\"MessageId\":\"Outgoing_1_noam\",\"From\":\"+18335550100\",\"To\":\"16085550123\",\"DeliveryStatus\":\"DELIVERED\","
		      "\"DeliveryStatusDetails\":null,\"ReceivedTimestamp\":\"2026-11-20T15:00:00-05:00\",\"Tag\":\"4097\"}"),
		"\xef\xbb\xbf" GRID("SMSDeliveryReportReceived", REPORT("Delivered", "")),
	};

	for (size_t i = 0; i < COUNT(forms); i++) {
		struct told_summary sum;
		struct got g = { 0 };

		holds(forms[i], told_read(span_of(forms[i]), take, &g, &sum));
		same_int(forms[i], g.n, 1);
		same_int(forms[i], sum.given, 1);
		same_int(forms[i], g.last[0].what, EVENT_REPORT);
		same_int(forms[i], g.last[0].text, 4097);
		same_int(forms[i], g.last[0].delivery, DELIVERY_OK);
		same_int(forms[i], g.last[0].at_s, 1795204800);
		same_text(forms[i], g.message_id[0], "Outgoing_1_noam");
		same_text(forms[i], g.from[0], "+18335550100");
		same_text(forms[i], g.to[0], "+16085550123");
	}
}

TEST(codes_have_words)
{
	static const struct {
		const char *details;
		enum delivery delivery;
		const char *word;
		int64_t code;
	} rows[] = {
		{ "4000: Fraud", DELIVERY_FAILED, "blocked-number", 4000 },
		{ "4001", DELIVERY_FAILED, "invalid-number", 4001 },
		{ " 4002 : bad", DELIVERY_FAILED, "invalid-number", 4002 },
		{ "4003", DELIVERY_FAILED, "recipient-blocked", 4003 },
		{ "4004", DELIVERY_FAILED, "no-such-number", 4004 },
		{ "4005", DELIVERY_FAILED, "recipient-blocked", 4005 },
		{ "4006", DELIVERY_FAILED, "unreachable", 4006 },
		{ "4007", DELIVERY_FAILED, "blocked-by-recipient", 4007 },
		{ "Sender blocked for given recipient", DELIVERY_FAILED, "blocked-by-recipient", 4007 },
		{ "4008", DELIVERY_FAILED, "limit-reached", 4008 },
		{ "4020", DELIVERY_FAILED, "limit-reached", 4020 },
		{ "4009", DELIVERY_FAILED, "blocked-number", 4009 },
		{ "4010: not verified", DELIVERY_FAILED, "spam", 4010 },
		{ "5000", DELIVERY_FAILED, "other", 5000 },
		{ "5001", DELIVERY_FAILED, "other", 5001 },
		{ "9999: Unknown", DELIVERY_FAILED, "other", 9999 },
		{ "5002: no reports", DELIVERY_UNKNOWN, "unknown", 5002 },
		{ "Delivery report timeout", DELIVERY_UNKNOWN, "unknown", 0 },
		{ "2000: but failed", DELIVERY_FAILED, "other", 2000 },
		{ "40071 not a code", DELIVERY_FAILED, "other", 0 },
		{ "", DELIVERY_FAILED, "other", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct told_meaning m = told_meaning(true, span_of(rows[i].details));

		same_int(rows[i].details, m.delivery, rows[i].delivery);
		same_text(rows[i].details, m.word, rows[i].word);
		same_int(rows[i].details, m.code, rows[i].code);
	}
	same_text("delivered", told_meaning(false, SPAN_LIT("No error.")).word, "delivered");
	same_int("delivered has a code", told_meaning(false, SPAN_LIT("No error.")).code, 2000);
}

TEST(who_opted_out_is_said_twice)
{
	static const char body[] = GRID("SMSDeliveryReportReceived", REPORT("Failed", "4007: The recipient opted out"));
	struct told_summary sum;
	struct got g = { 0 };

	assert_true(told_read(span_of(body), take, &g, &sum));
	same_int("events", g.n, 2);
	same_int("first the report", g.last[0].what, EVENT_REPORT);
	same_int("then the opt-out", g.last[1].what, EVENT_OPTOUT);
	holds("which is one", g.last[1].opted_out);
	same_text("of our sender", g.from[1], "+18335550100");
	same_text("by this phone", g.to[1], "+16085550123");
}

TEST(texts_from_phones)
{
	static const char body[] = "[" CLOUD("SMSReceived", "{\"MessageId\":\"Incoming_2\",\"From\":\"16085550123\",\"To\":\"18335550100\","
	                           "\"Message\":\"Stop\\u00e9\",\"ReceivedTimestamp\":\"2026-11-20T20:00:00Z\",\"SegmentCount\":1}") ","
	                           CLOUD("SMSReceived", "{\"MessageId\":\"Incoming_3\",\"From\":\"+16085550123\",\"To\":\"12345\",\"Message\":\"\"}") "]";
	struct told_summary sum;
	struct got g = { 0 };

	assert_true(told_read(span_of(body), take, &g, &sum));
	same_int("texts", sum.given, 2);
	same_text("words", g.words[0], "Stop\xc3\xa9");
	same_text("from", g.from[0], "+16085550123");
	same_text("to", g.to[0], "+18335550100");
	same_text("a short code has no plus", g.to[1], "12345");
	same_int("no time", g.last[1].at_s, 0);
}

TEST(what_is_not_for_us_and_what_cannot_be_read)
{
	static const struct {
		const char *body;
		bool ok;
		size_t given, foreign, broken;
	} rows[] = {
		{ GRID("CallStarted", "{}"), true, 0, 1, 0 },
		{ GRID("SMSDeliveryReportReceived", REPORT("Pending", "")), true, 0, 0, 0 },
		{ GRID("SMSDeliveryReportReceived", "{}"), true, 0, 0, 1 },
		{ GRID("SMSDeliveryReportReceived", "\"text\""), true, 0, 0, 1 },
		{ GRID("SMSDeliveryReportReceived", "{\"messageId\":\"a b\",\"deliveryStatus\":\"Delivered\"}"), true, 0, 0, 1 },
		{ GRID("SMSReceived", "{\"messageId\":\"a\",\"from\":\"+1\\u00e9\",\"to\":\"+18335550100\"}"), true, 0, 0, 1 },
		{ "[" GRID("SMSReceived", "{}") "," GRID("SMSDeliveryReportReceived", REPORT("Delivered", "")) ",7]", true, 1, 0, 2 },
		{ CLOUD("SMSReceived", "null") , true, 0, 0, 1 },
		{ "{\"type\":\"Microsoft.Communication.SMSReceived\",\"data_base64\":"
		  "\"eyJtZXNzYWdlSWQiOiJhIiwiZnJvbSI6IisxNjA4NTU1MDEyMyIsInRvIjoiMTIzNDUiLCJtZXNzYWdlIjoiSGkifQ==\"}", true, 1, 0, 0 },
		{ "[]", true, 0, 0, 0 },
		{ "{}", true, 0, 0, 1 },
		{ "", false, 0, 0, 0 },
		{ "7", false, 0, 0, 0 },
		{ "[{]", false, 0, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct told_summary sum = { 0 };
		struct got g = { 0 };

		same_int(rows[i].body, told_read(span_of(rows[i].body), take, &g, &sum), rows[i].ok);
		same_int(rows[i].body, sum.given, rows[i].given);
		same_int(rows[i].body, sum.foreign, rows[i].foreign);
		same_int(rows[i].body, sum.broken, rows[i].broken);
	}
}

TEST(bounds)
{
	static const char one[] = GRID("SMSDeliveryReportReceived", REPORT("Delivered", ""));
	struct told_summary sum;
	struct got g = { .room = 2 };
	struct buf b;

	buf_init(&b, 4u << 20);
	assert_true(buf_add_char(&b, '['));
	for (size_t i = 0; i < TOLD_EVENTS_MAX; i++)
		assert_true(buf_add_text(&b, i ? ",{}" : one));
	assert_true(buf_add_char(&b, ']'));
	holds("5000 events", told_read(buf_span(&b), take, &g, &sum));
	b.n--;
	assert_true(buf_add_text(&b, ",{}]"));
	holds("one more", !told_read(buf_span(&b), take, &g, &sum));
	buf_reset(&b);
	assert_true(buf_addf(&b, "[%s,%s,%s]", one, one, one));
	g = (struct got){ .room = 2 };
	holds("no room for the third", !told_read(buf_span(&b), take, &g, &sum) && sum.given == 2);
	buf_reset(&b);
	while (b.n <= TOLD_BYTES_MAX)
		assert_true(buf_add_text(&b, "                                        "));
	assert_true(buf_add_text(&b, one));
	holds("a delivery of more than Event Grid's largest", !told_read(buf_span(&b), take, &g, &sum));
	buf_clear(&b);
}

TEST(a_handshake_is_seen)
{
	static const char body[] = "[{\"id\":\"1\",\"topic\":\"/t\",\"subject\":\"\",\"eventType\":\"Microsoft.EventGrid.SubscriptionValidationEvent\","
	                           "\"data\":{\"validationCode\":\"512d38b6-c7b8-40c8-89fe-f46f9e9622b6\",\"validationUrl\":\"https://x\"}}]";
	struct told_summary sum;
	struct got g = { 0 };

	assert_true(told_read(span_of(body), take, &g, &sum));
	same_text("code", sum.validation, "512d38b6-c7b8-40c8-89fe-f46f9e9622b6");
	same_int("no event", g.n, 0);
}

TEST(a_report_that_was_asked_for)
{
	struct got g = { 0 };

	holds("delivered", told_report(SPAN_LIT(REPORT("Delivered", "2000: No Error")), take, &g) && g.n == 1);
	holds("not yet", !told_report(SPAN_LIT(REPORT("Pending", "")), take, &g) && g.n == 1);
	holds("nonsense", !told_report(SPAN_LIT("<html>"), take, &g) && g.n == 1);
}

/* ---- the queue ---- */

static const char list_xml[] =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><QueueMessagesList><QueueMessage><MessageId>794617a7</MessageId>"
    "<InsertionTime>Fri, 20 Nov 2026 20:00:58 GMT</InsertionTime><PopReceipt>Mj&amp;BO+/=</PopReceipt><DequeueCount>3</DequeueCount>"
    "<MessageText>{&quot;a&quot;:&#x41;}\n<![CDATA[<b>]]></MessageText></QueueMessage><QueueMessage><PopReceipt>r</PopReceipt>"
    "<MessageText/><MessageId>2</MessageId></QueueMessage></QueueMessagesList>";

struct listed {
	size_t n;
	char id[2][64], receipt[2][64], text[2][64];
	int64_t dequeued[2];
};

static bool
on_message(void *ctx, const struct queue_message *m)
{
	struct listed *l = ctx;

	if (l->n < 2) {
		(void)span_copy(l->id[l->n], 64, m->id);
		(void)span_copy(l->receipt[l->n], 64, m->receipt);
		(void)span_copy(l->text[l->n], 64, m->text);
		l->dequeued[l->n] = m->dequeued;
	}
	l->n++;
	return true;
}

TEST(a_list_of_messages)
{
	struct listed l = { 0 };

	assert_true(queue_list(span_of(list_xml), on_message, &l));
	same_int("messages", l.n, 2);
	same_text("id", l.id[0], "794617a7");
	same_text("receipt", l.receipt[0], "Mj&BO+/=");
	same_text("text", l.text[0], "{\"a\":A}\n<b>");
	same_int("count", l.dequeued[0], 3);
	same_text("order does not matter", l.id[1], "2");
	same_text("nothing in it", l.text[1], "");
	l.n = 0;
	holds("none", queue_list(SPAN_LIT("<?xml version=\"1.0\"?><QueueMessagesList />"), on_message, &l) && l.n == 0);
}

TEST(lists_that_are_none)
{
	static const char *const bad[] = {
		"", "<html/>", "<QueueMessagesList>", "<QueueMessagesList><QueueMessage><MessageId>1</MessageId></QueueMessage></QueueMessagesList>",
		"<!DOCTYPE x [<!ENTITY a \"b\">]><QueueMessagesList>&a;</QueueMessagesList>",
		"<!DOCTYPE QueueMessagesList SYSTEM \"file:///etc/passwd\"><QueueMessagesList/>",
		"<QueueMessagesList><a><b><c><d><e><f><g><h/></g></f></e></d></c></b></a></QueueMessagesList>",
		"<QueueMessagesList/>x",
	};
	struct listed l = { 0 };
	struct buf b;

	for (size_t i = 0; i < COUNT(bad); i++)
		holds(bad[i], !queue_list(span_of(bad[i]), on_message, &l) && l.n == 0);
	buf_init(&b, 65536);
	assert_true(buf_add_text(&b, "<QueueMessagesList>"));
	for (size_t i = 0; i < QUEUE_BATCH + 1; i++)
		assert_true(buf_add_text(&b, "<QueueMessage><MessageId>1</MessageId><PopReceipt>2</PopReceipt></QueueMessage>"));
	assert_true(buf_add_text(&b, "</QueueMessagesList>"));
	holds("more than were asked for", !queue_list(buf_span(&b), on_message, &l) && l.n == QUEUE_BATCH);
	buf_clear(&b);
}

TEST(signatures_that_the_vendors_client_made)
{
	static const struct {
		const char *method, *path, *query, *headers, *want;
	} rows[] = {
		{ "GET", "/acs-events/messages", "numofmessages=32&visibilitytimeout=60&timeout=30",
		    "x-ms-client-request-id:6f1d9a5b-330c-4049-bc32-086664590499\nx-ms-date:Fri, 20 Nov 2026 20:08:59 GMT\nx-ms-version:2026-04-06\n",
		    "SharedKey myaccount:Ecr/SuLr5vHXumtNmOYK8lv5qVIE/4ioW7FORvaJY1Y=" },
		{ "DELETE", "/acs-events/messages/5974b586-0df3-4e2d-ad0c-18e3892bfca2", "popreceipt=AgAAAAMAAAAAAAAA0lz%2B%2FYg62gE%3D&timeout=30",
		    "x-ms-client-request-id:5cbf8521-dc49-41ee-9411-9fe6bf6a8562\nx-ms-date:Fri, 20 Nov 2026 20:09:00 GMT\nx-ms-version:2026-04-06\n",
		    "SharedKey myaccount:T+Kic7f6NU9HswdTqucWVQOYpOprJXOIy4noy7hE7bI=" },
	};
	uint8_t key[64];

	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[128];

		assert_true(queue_sign(span_from(key, sizeof key), "myaccount", rows[i].method, rows[i].path, rows[i].query, rows[i].headers, out,
		    sizeof out));
		same_text(rows[i].method, out, rows[i].want);
	}
}

TEST(where_a_queue_is)
{
	struct queue_place p;
	char out[32];

	assert_true(queue_place("https://stlamna.queue.core.windows.net/sms-events", &p));
	same_text("base", p.base, "https://stlamna.queue.core.windows.net");
	same_text("path", p.path, "/sms-events");
	same_text("account", p.account, "stlamna");
	same_text("name", p.name, "sms-events");
	assert_true(queue_place("http://127.0.0.1:10001/devstoreaccount1/acs-events", &p));
	same_text("base", p.base, "http://127.0.0.1:10001");
	same_text("account", p.account, "devstoreaccount1");
	same_text("path", p.path, "/devstoreaccount1/acs-events");
	holds("no queue", !queue_place("https://stlamna.queue.core.windows.net", &p) && !queue_place("https://x/", &p));
	holds("escaped", queue_escape(SPAN_LIT("a+/=~"), out, sizeof out));
	same_text("escaped", out, "a%2B%2F%3D~");
	holds("no room", !queue_escape(SPAN_LIT("a+/=~"), out, 10));
}

TEST(base64)
{
	struct buf b;

	buf_init(&b, 1024);
	holds("plain", told_base64(SPAN_LIT("eyJhIjoxfQ=="), &b));
	same_bytes("plain", b.p, b.n, "{\"a\":1}", 7);
	buf_reset(&b);
	holds("with line ends", told_base64(SPAN_LIT("eyJh\r\nIjoxfQ==\n"), &b) && b.n == 7);
	buf_reset(&b);
	holds("not whole", !told_base64(SPAN_LIT("eyJhI"), &b));
	holds("none", !told_base64(SPAN_LIT("{}{}"), &b));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_report_in_every_form),
		RUN(codes_have_words),
		RUN(who_opted_out_is_said_twice),
		RUN(texts_from_phones),
		RUN(what_is_not_for_us_and_what_cannot_be_read),
		RUN(bounds),
		RUN(a_handshake_is_seen),
		RUN(a_report_that_was_asked_for),
		RUN(a_list_of_messages),
		RUN(lists_that_are_none),
		RUN(signatures_that_the_vendors_client_made),
		RUN(where_a_queue_is),
		RUN(base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

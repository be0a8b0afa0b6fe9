/* test_optouts.c - the words of the gateway's opt-out list, also where it says them differently. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>

#include "acs/asker.h"

#define ONE "+14255550101"
#define TWO "+14255550102"

TEST(body)
{
	const char *const to[] = { ONE, TWO };
	struct buf b;

	buf_init(&b, 256);
	assert_true(optout_body("+18005550100", to, 2, &b));
	holds("as the vendor's client writes it", span_is(buf_span(&b),
	    "{\"from\":\"+18005550100\",\"recipients\":[{\"to\":\"" ONE "\"},{\"to\":\"" TWO "\"}]}"));
	buf_clear(&b);
	buf_init(&b, 20);
	holds("no room", !optout_body("+18005550100", to, 2, &b));
	buf_clear(&b);
	buf_init(&b, 256);
	holds("no UTF-8", !optout_body("\xff", to, 1, &b));
	buf_clear(&b);
}

TEST(answers)
{
	static const struct {
		const char *label, *items;
		bool checked;
		enum optout_answer one, two;
		bool out_one, out_two;
	} rows[] = {
		{ "both on it", "{\"to\":\"" ONE "\",\"httpStatusCode\":200,\"isOptedOut\":true,\"errorMessage\":\"\"},{\"to\":\"" TWO "\",\"httpStatusCode\":200,\"isOptedOut\":true}",
		    true, OPTOUT_DONE, OPTOUT_DONE, true, true },
		{ "in another order, without its +", "{\"to\":\"14255550102\",\"httpStatusCode\":200,\"isOptedOut\":true},{\"to\":\"14255550101\",\"httpStatusCode\":200,\"isOptedOut\":false}",
		    true, OPTOUT_DONE, OPTOUT_DONE, false, true },
		{ "by place where no number is said", "{\"httpStatusCode\":200,\"isOptedOut\":false},{\"httpStatusCode\":200,\"isOptedOut\":true}",
		    true, OPTOUT_DONE, OPTOUT_DONE, false, true },
		{ "added", "{\"to\":\"" ONE "\",\"httpStatusCode\":200,\"errorMessage\":null},{\"to\":\"" TWO "\",\"httpStatusCode\":201}",
		    false, OPTOUT_DONE, OPTOUT_DONE, false, false },
		{ "checked without a word on it", "{\"to\":\"" ONE "\",\"httpStatusCode\":200},{\"to\":\"" TWO "\",\"httpStatusCode\":200,\"isOptedOut\":\"yes\"}",
		    true, OPTOUT_REFUSED, OPTOUT_REFUSED, false, false },
		{ "one is no number", "{\"to\":\"" ONE "\",\"httpStatusCode\":400,\"isOptedOut\":true,\"errorMessage\":\"Invalid\"},{\"to\":\"" TWO "\",\"httpStatusCode\":200,\"isOptedOut\":true}",
		    true, OPTOUT_REFUSED, OPTOUT_DONE, false, true },
		{ "one failed, one is too much", "{\"to\":\"" ONE "\",\"httpStatusCode\":500},{\"to\":\"" TWO "\",\"httpStatusCode\":429}",
		    false, OPTOUT_AGAIN, OPTOUT_AGAIN, false, false },
		{ "one is missing", "{\"to\":\"" TWO "\",\"httpStatusCode\":200,\"isOptedOut\":true}",
		    true, OPTOUT_AGAIN, OPTOUT_DONE, false, true },
		{ "no status", "{\"to\":\"" ONE "\"},{\"to\":\"" TWO "\",\"httpStatusCode\":\"200\"}",
		    false, OPTOUT_REFUSED, OPTOUT_REFUSED, false, false },
		{ "items of other kinds", "1,[]", true, OPTOUT_AGAIN, OPTOUT_AGAIN, false, false },
	};
	const char *const to[] = { ONE, TWO };

	for (size_t i = 0; i < COUNT(rows); i++) {
		enum optout_answer what[2];
		bool out[2];
		char text[512];

		(void)snprintf(text, sizeof text, "{\"value\":[%s]}", rows[i].items);
		assert_true(optout_read(span_of(text), rows[i].checked, to, 2, what, out));
		same_int(rows[i].label, what[0], rows[i].one);
		same_int(rows[i].label, what[1], rows[i].two);
		same_int(rows[i].label, out[0], rows[i].out_one);
		same_int(rows[i].label, out[1], rows[i].out_two);
	}
}

TEST(no_answers)
{
	static const char *const rows[] = { "", "{", "[]", "1", "{\"value\":{}}", "{\"error\":{\"code\":\"x\"}}" };
	const char *const to[] = { ONE };
	enum optout_answer what[1];
	bool out[1];

	for (size_t i = 0; i < COUNT(rows); i++)
		holds(rows[i], !optout_read(span_of(rows[i]), true, to, 1, what, out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(body),
		RUN(answers),
		RUN(no_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

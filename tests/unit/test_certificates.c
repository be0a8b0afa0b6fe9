/* test_certificates.c - how long certificates last, told once when it gets short and once when it is mended. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/certificates.h"
#include "nudge/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DAY 86400
#define NOW 1800000000

static struct held
pinned(const char *file, int64_t until_s)
{
	return (struct held){ .as = HELD_PINNED, .block = "environment", .owner = "prod", .setting = "certificates", .file = file,
		.is = { .subject = "CN=a", .issuer = "CN=a", .sha256 = "aa", .not_before_s = NOW - 400 * DAY, .not_after_s = until_s },
		.peer = "", .counts = true };
}

static struct held
list(int64_t from_s, int64_t until_s)
{
	return (struct held){ .as = HELD_LIST, .block = "environment", .owner = "prod", .setting = "revocation_list", .file = "ca.crl",
		.is = { .issuer = "CN=ca", .not_before_s = from_s, .not_after_s = until_s }, .peer = "", .counts = true };
}

TEST(the_thresholds)
{
	static const struct {
		int64_t left_s;
		enum held_state state;
		int64_t days;
	} rows[] = { { 31 * DAY, HELD_GOOD, 31 }, { 30 * DAY + 1, HELD_GOOD, 30 }, { 30 * DAY, HELD_30, 30 }, { 14 * DAY + 1, HELD_30, 14 },
		{ 14 * DAY, HELD_14, 14 }, { 7 * DAY + 1, HELD_14, 7 }, { 7 * DAY, HELD_7, 7 }, { DAY + 1, HELD_7, 1 }, { DAY, HELD_1, 1 },
		{ 1, HELD_1, 0 }, { 0, HELD_OVER, 0 }, { -1, HELD_OVER, -1 }, { -DAY, HELD_OVER, -1 }, { -DAY - 1, HELD_OVER, -2 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct held h = pinned("a", NOW + rows[i].left_s);
		same_int("state", held_state(&h, NOW), rows[i].state);
		same_int("days", held_days_left(&h, NOW), rows[i].days);
	}
	same_text("a word", held_state_word(HELD_7), "7-days");
}

TEST(before_its_time)
{
	struct held h = pinned("a", NOW + 90 * DAY);

	h.is.not_before_s = NOW + 1;
	same_int("early", held_state(&h, NOW), HELD_EARLY);
	h.is.not_before_s = NOW;
	same_int("in time", held_state(&h, NOW), HELD_GOOD);
}

TEST(lists)
{
	static const struct {
		int64_t age_s, left_s;
		enum held_state state;
	} rows[] = { { DAY, 29 * DAY, HELD_GOOD }, { 29 * DAY, DAY + 1, HELD_GOOD }, { 29 * DAY, DAY, HELD_1 }, { 30 * DAY, 0, HELD_OVER },
		/* a daily one: a quarter of its day */
		{ DAY / 2, DAY / 2, HELD_GOOD }, { DAY * 3 / 4, DAY / 4, HELD_1 }, { DAY, -1, HELD_OVER } };
	struct held endless = list(NOW, 0);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct held h = list(NOW - rows[i].age_s, NOW + rows[i].left_s);
		same_int("state", held_state(&h, NOW), rows[i].state);
	}
	same_int("no next one is promised", held_state(&endless, NOW), HELD_GOOD);
}

/* ---- told once ---- */

struct heard {
	char text[1024]; /* "prod/a 30-days;" */
	size_t n;
};

static void
hear(void *ctx, const struct held *h, enum held_state s, int64_t now_s)
{
	struct heard *x = ctx;

	assert_true(now_s >= NOW);
	x->n += (size_t)snprintf(x->text + x->n, sizeof x->text - x->n, "%s/%s %s;", h->owner, h->file[0] ? h->file : h->is.sha256,
	    held_state_word(s));
}

static const char *
told(struct expiry *e, const struct held *rows, size_t n, int64_t now_s)
{
	static struct heard x;

	x = (struct heard){ "", 0 };
	expiry_begin(e);
	for (size_t i = 0; i < n; i++)
		expiry_look(e, &rows[i], now_s, hear, &x);
	expiry_end(e, now_s, hear, &x);
	return x.text;
}

TEST(each_state_once)
{
	struct expiry e = { NULL, 0, 0 };
	struct held h = pinned("a", NOW + 40 * DAY);
	static const struct {
		int64_t day;
		const char *text;
	} rows[] = { { 0, "" }, { 9, "" }, { 10, "prod/a 30-days;" }, { 11, "" }, { 25, "" }, { 26, "prod/a 14-days;" }, { 27, "" },
		{ 33, "prod/a 7-days;" }, { 34, "" }, { 39, "prod/a 1-day;" }, { 40, "prod/a expired;" }, { 41, "" }, { 400, "" } };

	for (size_t i = 0; i < COUNT(rows); i++)
		same_text("day", told(&e, &h, 1, NOW + rows[i].day * DAY), rows[i].text);
	h.is.not_after_s += 800 * DAY;
	same_text("renewed", told(&e, &h, 1, NOW + 400 * DAY), "prod/a good;");
	same_text("once", told(&e, &h, 1, NOW + 401 * DAY), "");
	expiry_clear(&e);
}

TEST(a_start_late_tells_the_worst)
{
	struct expiry e = { NULL, 0, 0 };
	struct held rows[] = { pinned("a", NOW + 5 * DAY), pinned("b", NOW - DAY), pinned("c", NOW + 200 * DAY) };

	same_text("both", told(&e, rows, COUNT(rows), NOW), "prod/a 7-days;prod/b expired;");
	same_text("the second is gone", told(&e, rows, 1, NOW), "prod/b good;");
	same_text("and the first", told(&e, rows, 0, NOW), "prod/a good;");
	same_text("nothing is left", told(&e, rows, 0, NOW), "");
	same_int("kept", (long long)e.n, 0);
	expiry_clear(&e);
}

TEST(what_was_replaced_ends)
{
	struct expiry e = { NULL, 0, 0 };
	struct held rows[] = { pinned("", NOW + 5 * DAY), pinned("", NOW + 200 * DAY) };

	rows[0].as = rows[1].as = HELD_SEEN;
	strcpy(rows[1].is.sha256, "bb");
	same_text("two of one name", told(&e, rows, 2, NOW), "prod/aa 7-days;");
	same_text("no flapping", told(&e, rows, 2, NOW), "");
	rows[0].counts = false;
	same_text("the sender has changed over", told(&e, rows, 2, NOW), "prod/aa good;");
	same_text("its end means nothing", told(&e, rows, 2, NOW + 9 * DAY), "");
	expiry_clear(&e);
}

TEST(a_successor_lies_ready)
{
	struct expiry e = { NULL, 0, 0 };
	struct held h = pinned("next", NOW + 400 * DAY);

	h.is.not_before_s = NOW + 30 * DAY;
	same_text("no alarm", told(&e, &h, 1, NOW), "");
	h.unreadable = "next: cannot be read";
	same_text("unreadable is one", told(&e, &h, 1, NOW), "prod/next expired;");
	expiry_clear(&e);
}

/* One file may be named in several places, and hold several: each is told for itself. */
TEST(by_its_place)
{
	struct expiry e = { NULL, 0, 0 };
	struct held rows[8];

	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = pinned("a", NOW + 5 * DAY);
	rows[1].as = HELD_OWN;
	rows[2].block = "listener";
	rows[3].owner = "test";
	rows[4].setting = "issuer";
	rows[5].as = rows[6].as = HELD_ISSUER;
	strcpy(rows[6].is.sha256, "bb");
	rows[7] = list(NOW - DAY, NOW - 1);
	same_text("each", told(&e, rows, COUNT(rows), NOW),
	    "prod/a 7-days;prod/a 7-days;prod/a 7-days;test/a 7-days;prod/a 7-days;prod/a 7-days;prod/a 7-days;prod/ca.crl expired;");
	same_text("once", told(&e, rows, COUNT(rows), NOW), "");
	same_text("the list is fetched no more, the second issuer neither", told(&e, rows, 6, NOW), "prod/a good;prod/ca.crl good;");
	expiry_clear(&e);
}

TEST(in_words)
{
	static const struct { enum held_as as; enum held_state state; const char *unreadable, *says[4]; } rows[] = {
		{ HELD_OWN, HELD_30, NULL, { " warning ", "certificate ends within 30 days", "days_left=4", "put its successor in its place" } },
		{ HELD_PINNED, HELD_14, NULL, { " warning ", "certificate ends within 14 days", "environment=prod", "get the sender's next certificate" } },
		{ HELD_ISSUER, HELD_7, NULL, { " warning ", "certificate ends within 7 days", "name=\"CN=a\"", "get the issuer's next certificate" } },
		{ HELD_SEEN, HELD_1, NULL, { " warning ", "certificate ends within a day", "file=", "have the sender renew" } },
		{ HELD_PINNED, HELD_OVER, NULL, { " error ", "certificate has expired", "sha256=aa", "why=" } },
		{ HELD_PINNED, HELD_EARLY, NULL, { " warning ", "certificate is not valid yet", "setting=", "file=" } },
		{ HELD_PINNED, HELD_GOOD, NULL, { " notice ", "certificate is in order again", "name=\"CN=a\"", "file=" } },
		{ HELD_PINNED, HELD_OVER, "a: is gone", { " error ", "certificate cannot be read", "why=\"a: is gone\"", "file=" } },
		{ HELD_LIST, HELD_OVER, NULL, { " error ", "revocation list is out of date: no certificate of its issuer is taken", "name=\"CN=ca\"", "fetch a fresh list" } },
		{ HELD_LIST, HELD_1, NULL, { " warning ", "revocation list is about to go out of date", "name=\"CN=ca\"", "fetch a fresh list" } },
		{ HELD_LIST, HELD_GOOD, NULL, { " notice ", "revocation list is in order again", "name=\"CN=ca\"", "file=" } },
	};
	int err = dup(2);

	log_open("test", LOG_NOTE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct held h = pinned("a", NOW + 4 * DAY + 60);
		FILE *file = tmpfile();
		char line[1024] = "";

		h.as = rows[i].as;
		h.unreadable = rows[i].unreadable;
		if (h.as == HELD_LIST)
			strcpy(h.is.issuer, "CN=ca");
		assert_true(file && dup2(fileno(file), 2) == 2);
		expiry_log(NULL, &h, rows[i].state, NOW);
		(void)dup2(err, 2);
		rewind(file);
		assert_true(fread(line, 1, sizeof line - 1, file) > 0);
		(void)fclose(file);
		for (size_t k = 0; k < COUNT(rows[i].says); k++)
			if (!strstr(line, rows[i].says[k]))
				fail_msg("row %zu: no \"%s\" in %s", i, rows[i].says[k], line);
	}
	(void)close(err);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_thresholds), RUN(before_its_time), RUN(lists), RUN(each_state_once),
		RUN(a_start_late_tells_the_worst), RUN(what_was_replaced_ends), RUN(a_successor_lies_ready), RUN(by_its_place), RUN(in_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

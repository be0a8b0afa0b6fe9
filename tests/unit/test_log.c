/* test_log.c - what stands in the journal: one line an event, and nothing from outside unescaped. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/log.h"

/* Standard error goes into a pipe that keeps the borders of each write(2). */
struct ear {
	int was, pipe[2];
	char heard[8192];
};

static void
listen_begin(struct ear *e)
{
	assert_int_equal(pipe2(e->pipe, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
	e->was = dup(STDERR_FILENO);
	assert_true(e->was >= 0 && dup2(e->pipe[1], STDERR_FILENO) >= 0);
}

/* What one write(2) wrote; "" when there was none. */
static const char *
listen_next(struct ear *e)
{
	ssize_t n = read(e->pipe[0], e->heard, sizeof e->heard - 1);

	e->heard[n > 0 ? n : 0] = '\0';
	return e->heard;
}

static void
listen_end(struct ear *e)
{
	(void)dup2(e->was, STDERR_FILENO);
	(void)close(e->was);
	(void)close(e->pipe[0]);
	(void)close(e->pipe[1]);
}

/* As systemd names standard error to what it starts; other: as to a process that was given another one since. */
static void
name_journal(bool other)
{
	struct stat st;
	char name[64];

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(name, sizeof name, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino + other);
	(void)setenv("JOURNAL_STREAM", name, 1);
	log_open("nudged", LOG_DEBUG);
}

static bool
has_form(const char *text, const char *form) /* 9 stands for any digit */
{
	for (; *form; form++, text++)
		if (*form == '9' ? !isdigit((unsigned char)*text) : *text != *form)
			return false;
	return true;
}

#define STAMP "9999-99-99T99:99:99.999Z "

TEST(the_form)
{
	static const struct fault fault = { FAULT_BUSY, "disk full" };
	struct ear e;
	const char *line;

	(void)unsetenv("JOURNAL_STREAM");
	log_open("nudged", LOG_DEBUG);
	listen_begin(&e);
	log_warn("frame refused", log_name("listener", "epic"), log_int("bytes", 12));
	line = listen_next(&e);
	holds("a time in UTC with milliseconds", has_form(line, STAMP));
	same_text("program, level, what, fields", line + strlen(STAMP),
	    "nudged warning what=\"frame refused\" listener=epic bytes=12\n");
	log_error("ready");
	same_text("one word needs no quotes", listen_next(&e) + strlen(STAMP), "nudged error what=ready\n");
	log_note("a", log_fault(&fault));
	same_text("a fault says why",
	    listen_next(&e) + strlen(STAMP), "nudged notice what=a why=\"disk full\"\n");
	log_info("a", log_int("least", INT64_MIN), log_int("most", INT64_MAX));
	same_text("each number", listen_next(&e) + strlen(STAMP),
	    "nudged info what=a least=-9223372036854775808 most=9223372036854775807\n");
	log_debug("a", log_name("none", NULL), log_name("empty", ""));
	same_text("a field without a value is seen", listen_next(&e) + strlen(STAMP),
	    "nudged debug what=a none=\"\" empty=\"\"\n");
	same_text("one write a line", listen_next(&e), "");
	listen_end(&e);
}

TEST(levels)
{
	struct ear e;

	(void)unsetenv("JOURNAL_STREAM");
	log_open("nudged", LOG_NOTE);
	listen_begin(&e);
	log_info("above the level");
	log_debug("above the level");
	same_text("is not said", listen_next(&e), "");
	log_note("at");
	holds("the level itself is", strstr(listen_next(&e), "what=at") != NULL);
	log_set_level(LOG_ERROR);
	log_warn("now above");
	same_text("a new level counts at once", listen_next(&e), "");
	log_set_level(LOG_DEBUG);
	log_debug("now below");
	holds("in both directions", strstr(listen_next(&e), "what=\"now below\"") != NULL);
	listen_end(&e);
}

TEST(each_part_has_a_level_of_its_own)
{
	const struct log_field none[] = { LOG_END_ };
	enum log_level level;
	struct ear e;

	log_open("nudged", LOG_INFO);
	listen_begin(&e);
	holds("a part", log_set_part("mllp", LOG_DEBUG));
	log_line("src/mllp/tls.c", LOG_DEBUG, "mllp", none);
	holds("says more", strstr(listen_next(&e), "what=mllp") != NULL);
	log_line("src/mllpx/tls.c", LOG_DEBUG, "other", none);
	log_line("src/control/server.c", LOG_DEBUG, "control", none);
	log_line("tests/src/mllp/x.c", LOG_DEBUG, "elsewhere", none);
	same_text("no other does", listen_next(&e), "");
	holds("another", log_set_part("control", LOG_ERROR));
	log_line("src/control/server.c", LOG_WARN, "control", none);
	same_text("says less", listen_next(&e), "");
	holds("no such part", !log_set_part("mll", LOG_DEBUG) && !log_set_part("", LOG_DEBUG));
	for (size_t i = 0; i < LOG_PARTS; i++)
		same_int(log_part(i), log_level_of(i), strcmp(log_part(i), "mllp") == 0 ? LOG_DEBUG : strcmp(log_part(i), "control") == 0 ? LOG_ERROR : LOG_INFO);
	log_reset();
	for (size_t i = 0; i < LOG_PARTS; i++)
		same_int("as at the start", log_level_of(i), LOG_INFO);
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++)
		holds("names", log_level_named(log_level_name((enum log_level)i), &level) && (int)level == i);
	holds("no such level", !log_level_named("loud", &level));
	listen_end(&e);
}

TEST(under_the_journal)
{
	static const struct {
		enum log_level level;
		const char *line;
	} rows[] = {
		{ LOG_ERROR, "<3>what=x n=1\n" },
		{ LOG_WARN, "<4>what=x n=1\n" },
		{ LOG_NOTE, "<5>what=x n=1\n" },
		{ LOG_INFO, "<6>what=x n=1\n" },
		{ LOG_DEBUG, "<7>what=x n=1\n" },
	};
	struct ear e;

	listen_begin(&e);
	name_journal(false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		log_at(rows[i].level, "x", log_int("n", 1));
		same_text("the priority, and no time of our own", listen_next(&e), rows[i].line);
	}
	listen_end(&e);
	(void)unsetenv("JOURNAL_STREAM");
}

TEST(a_terminal_inside_of_a_session_is_no_journal)
{
	struct ear e;

	listen_begin(&e);
	name_journal(true);
	log_warn("x");
	holds("a time, no priority", has_form(listen_next(&e), STAMP));
	(void)setenv("JOURNAL_STREAM", "nonsense", 1);
	log_open("nudged", LOG_DEBUG);
	log_warn("x");
	holds("nor is what nobody can read", has_form(listen_next(&e), STAMP));
	listen_end(&e);
	(void)unsetenv("JOURNAL_STREAM");
}

TEST(what_comes_from_outside_is_made_harmless)
{
	static const struct {
		const char *rule;
		struct span in;
		const char *out;
	} rows[] = {
		{ "plain stays plain", SPAN_LIT("SCHED_1-a.b@c:d/e"), "SCHED_1-a.b@c:d/e" },
		{ "a blank asks for quotes", SPAN_LIT("A B"), "\"A B\"" },
		{ "nothing is two quotes", { NULL, 0 }, "\"\"" },
		{ "an equals sign makes no field", SPAN_LIT("a=b"), "\"a=b\"" },
		{ "a quote ends nothing", SPAN_LIT("a\" b=\"c"), "\"a\\\" b=\\\"c\"" },
		{ "a backslash escapes nothing", SPAN_LIT("a\\"), "\"a\\\\\"" },
		{ "promise 8: a line end makes no line", SPAN_LIT("a\nnudged error what=x"),
		    "\"a\\x0anudged error what=x\"" },
		{ "nor does a carriage return", SPAN_LIT("a\rb"), "\"a\\x0db\"" },
		{ "no terminal sequence", SPAN_LIT("\x1b[2J"), "\"\\x1b[2J\"" },
		{ "no zero byte", SPAN_LIT("a\0b"), "\"a\\x00b\"" },
		{ "no delete", SPAN_LIT("\x7f"), "\"\\x7f\"" },
		{ "no byte above ASCII", SPAN_LIT("\xc3\xa4\xff"), "\"\\xc3\\xa4\\xff\"" },
		{ "40 characters", SPAN_LIT("1234567890123456789012345678901234567890"),
		    "1234567890123456789012345678901234567890" },
		{ "and not one more", SPAN_LIT("12345678901234567890123456789012345678901"),
		    "1234567890123456789012345678901234567890" },
	};
	struct ear e;

	listen_begin(&e);
	name_journal(false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char want[256];

		(void)snprintf(want, sizeof want, "<4>what=x msh3=%s after=1\n", rows[i].out);
		log_warn("x", log_msh("msh3", rows[i].in), log_int("after", 1));
		same_text(rows[i].rule, listen_next(&e), want);
	}
	log_warn("x", log_name("why", "a \"b\"\n\x01\x80"));
	same_text("our own words are escaped the same way", listen_next(&e),
	    "<4>what=x why=\"a \\\"b\\\"\\x0a\\x01\\x80\"\n");
	for (int c = 1; c < 256; c++) {
		char value[2] = { (char)c };
		const char *line;

		log_warn("x", log_name("v", value));
		line = listen_next(&e);
		for (size_t i = 0; i + 1 < strlen(line); i++)
			holds("each byte: only printable ASCII before the line's end",
			    line[i] >= ' ' && line[i] <= '~');
	}
	listen_end(&e);
	(void)unsetenv("JOURNAL_STREAM");
}

TEST(a_long_line_is_cut)
{
	char word[3000];
	struct ear e;
	const char *line;

	listen_begin(&e);
	name_journal(false);
	for (size_t n = 1990; n < 2100; n++) {
		bool whole = strlen("<4>what=x w= n=12345") + n <= 2044;

		memset(word, 'w', n);
		word[n] = '\0';
		log_warn("x", log_name("w", word), log_int("n", 12345));
		line = listen_next(&e);
		holds("2 KiB at most, the line's end with it",
		    strlen(line) <= 2048 && line[strlen(line) - 1] == '\n');
		same_int("one line end", strchr(line, '\n') - line, strlen(line) - 1);
		same_int("whole, or marked as cut", strcmp(line + strlen(line) - 4, "...\n") != 0, whole);
		if (whole)
			holds("whole to the last digit", strstr(line, " n=12345\n") != NULL);
	}
	memset(word, '\x01', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	log_warn("x", log_name("w", word));
	holds("escapes count too", strlen(listen_next(&e)) == 2048);
	same_text("and it is one write", listen_next(&e), "");
	listen_end(&e);
	(void)unsetenv("JOURNAL_STREAM");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_form), RUN(levels), RUN(each_part_has_a_level_of_its_own), RUN(under_the_journal),
		RUN(a_terminal_inside_of_a_session_is_no_journal),
		RUN(what_comes_from_outside_is_made_harmless), RUN(a_long_line_is_cut) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

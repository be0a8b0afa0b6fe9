/* test_template.c - what a template file may say, and what a patient then reads. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/builtin.h"
#include "nudge/sms.h"
#include "policy/words.h"

#include <pthread.h>
#include <stdio.h>

#define REST "[changed]\nc\n[canceled]\nd\n[reminder]\ne\n"
#define START_S INT64_C(1795276800) /* Saturday 2026-11-21, 10:00 in Chicago */

static struct zone *chicago;

static int
set_up(void **state)
{
	struct fault f;

	(void)state;
	return zone_load("America/Chicago", &chicago, &f) ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	zone_free(chicago);
	return 0;
}

static struct sms_templates *
read_templates(const char *rule, const char *language, const char *text)
{
	struct sms_templates *t = NULL;
	struct fault f = { .kind = FAULT_NONE };

	if (!sms_templates_read("templates/en", language, span_of(text), &t, &f))
		fail_msg("%s: %s", rule, f.text);
	return t;
}

static struct sms_templates *
read_builtin(const char *language)
{
	const char *path = strcmp(language, "en") == 0 ? "conf/templates/en"
	    : strcmp(language, "es") == 0 ? "conf/templates/es" : "conf/templates/fr";
	const struct builtin *b = builtin_find(path);

	holds(path, b != NULL);
	return read_templates(path, language, b->text);
}

/* What stands under [booked] with these values. */
static const struct {
	const char *rule, *booked, *link, *contact, *want;
} texts[] = {
	{ "values are put in", "{organization}: {start_date} at {start_time}.", "", "",
	  "Lamna: Saturday, November 21 at 10:00 AM." },
	{ "blanks in a variable's braces", "{ organization }", "", "", "Lamna" },
	{ "lines are joined by a blank", "one\ntwo\n\n   three  ", "", "", "one two three" },
	{ "a comment is no line", "one\n# two\n   # three\nfour # five", "", "", "one four # five" },
	{ "\\n is a line feed", "one\\ntwo\\n\nthree\n\\nfour", "", "", "one\ntwo\nthree\nfour" },
	{ "a backslash alone is a backslash", "a\\b", "", "", "a\\b" },
	{ "lines of Windows", "one\r\ntwo\r", "", "", "one two" },
	{ "a part is said when its value is known", "a [[Join: {link}]] b", "https://x.example", "",
	  "a Join: https://x.example b" },
	{ "and left out with one blank when not", "a [[Join: {link}]] b", "", "", "a b" },
	{ "a part at the beginning", "[[{link}]] b", "", "", "b" },
	{ "a part at the end", "a [[{link}]]", "", "", "a" },
	{ "a part without blanks beside it", "a[[ ({link})]]. b", "", "", "a. b" },
	{ "two parts left out in a row", "a\n[[{link}]]\n[[{contact}]]\nb", "", "", "a b" },
	{ "the second of two parts", "a\n[[{link}]]\n[[call {contact}]]\nb", "", "608-555-0123",
	  "a call 608-555-0123 b" },
	{ "a part is left out if one value of two is missing", "a [[{contact} {link}]] b", "", "608-555-0123",
	  "a b" },
	{ "a part over two lines", "a [[one {link}\ntwo]] b", "L", "", "a one L two b" },
	{ "an empty value outside of a part", "a {link} b", "", "", "a b" },
	{ "brackets alone are words", "a [b] c", "", "", "a [b] c" },
	{ "control characters of a value are dropped", "{link}", "a\r\n\tb\x7f\xc2\x85" "c", "", "abc" },
	{ "broken UTF-8 of a value is marked", "{link}", "a\xff" "b", "", "a\xef\xbf\xbd" "b" },
	{ "a value is not read as a template", "{link}", "{contact} [[x]]", "1", "{contact} [[x]]" },
};

TEST(a_template_and_values_make_a_text)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		char file[512];
		struct sms_templates *t;
		struct buf b;
		const struct sms_values v = { .organization = SPAN_LIT("Lamna"),
		    .contact = span_of(texts[i].contact),
			.link = span_of(texts[i].link), .start_s = START_S, .zone = chicago };

		(void)snprintf(file, sizeof file, REST "[booked]\n%s\n", texts[i].booked);
		t = read_templates(texts[i].rule, "en", file);
		buf_init(&b, 4096);
		holds(texts[i].rule, sms_render(t, TEXT_BOOKED, &v, &b));
		same_text(texts[i].rule, buf_text(&b), texts[i].want);
		buf_clear(&b);
		sms_templates_free(t);
	}
}

static const struct {
	const char *rule, *file, *says; /* part of the fault */
} refused[] = {
	{ "an unknown variable", "[booked]\nyou see\n{doctor}\n" REST,
	  "templates/en:3: unknown variable {doctor}" },
	{ "a kind is missing", "[booked]\na\n[changed]\nb\n[canceled]\nc\n", "no text for [reminder]" },
	{ "a kind without words", "[booked]\n# nothing\n" REST, "no text for [booked]" },
	{ "a kind twice", "[booked]\na\n" REST "[booked]\nb\n",
	  "templates/en:9: [booked] is here twice: the first is in line 1" },
	{ "an unknown title", "[cancelled]\na\n", "templates/en:1: unknown title [cancelled]" },
	{ "words before a title", "\nhello\n", "templates/en:2: words before the first title" },
	{ "a brace that does not end", "[booked]\n{link\n" REST, "templates/en:2: { without }" },
	{ "a brace that does not begin", "[booked]\nlink}\n" REST, "templates/en:2: } without {" },
	{ "a part that does not end", "[booked]\na\n[[b {link}\nc\n" REST, "templates/en:3: [[ without ]]" },
	{ "a part that does not end at the end of the file", REST "[booked]\n[[b {link}\n",
	  "templates/en:8: [[ without ]]" },
	{ "a part that does not begin", "[booked]\na ]]\n" REST, "]] without [[" },
	{ "a part in a part", "[booked]\n[[a [[{link}]]\n" REST, "[[ inside of [[ ]]" },
	{ "a part that nothing leaves out", "[booked]\n[[a]]\n" REST, "no variable" },
	{ "a condition outside of a part", "[booked]\na {if video} b\n" REST, "templates/en:2: {if video} outside of [[ ]]" },
	{ "a condition that there is not", "[booked]\na [[{if home}b]]\n" REST, "there are {if video}, {if phone} and {if office}" },
	{ "a condition about no visit", REST "[booked]\na\n[help]\na [[{if video}b]]\n", "not known in a text of this kind" },
	{ "not UTF-8", "[booked]\ncaf\xe9\n" REST, "templates/en:2: the file is not UTF-8" },
	{ "a control character", "[booked]\na\x01" "b\n" REST, "control character" },
	{ "an empty file", "", "no text for [booked]" },
	{ "a cancellation with the visit's link", "[booked]\nb\n[changed]\nc\n[canceled]\nsee\n[[{link}]]\n[reminder]\ne\n",
	  "templates/en:5: [canceled] has {link}" },
	{ "or with that of the device test", "[booked]\nb\n[changed]\nc\n[canceled]\n[[{device_test_link}]]\n[reminder]\ne\n",
	  "a cancellation never has" },
	{ "a sign of deletion", "[booked]\na\x7f" "b\n" REST, "control character" },
	{ "a variable of one letter", "[booked]\n{a}\n" REST, "unknown variable {a}" },
	{ "a condition of nothing", "[booked]\n[[{if}]]\n" REST, "unknown variable {if}" },
	{ "a time of no visit", REST "[booked]\na\n[help]\n{start_date}\n", "{start_date} is not known in a text of this kind" },
	{ "a link for who wants no more", REST "[booked]\na\n[stopped]\n{link}\n", "{link} is not known in a text of this kind" },
	{ "visits to choose from, of one visit", "[booked]\n{choices}\n" REST, "{choices} is not known in a text of this kind" },
	{ "a question which visit, without the visits", REST "[booked]\na\n[which-visit]\nwhich of them, {site}?\n",
	  "[which-visit] does not say {choices}" },
	{ "the same, without a variable", REST "[booked]\na\n[which-visit]\nwhich?\n", "[which-visit] does not say {choices}" },
	{ "a public shortener", "[booked]\nsee https://bit.ly/{link}\n" REST, "shortener bit.ly" },
	{ "a public shortener in capitals", "[booked]\nsee HTTPS://TinyURL.com/x\n" REST,
	  "shortener tinyurl.com" },
	{ "a short public shortener", "[booked]\nsee t.co/x.\n" REST, "shortener t.co" },
};

/* pain: {{patient_name}} goes out as it is */
TEST(a_wrong_template_is_refused_with_line_and_reason)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct sms_templates *t = NULL;
		struct fault f = { .kind = FAULT_NONE };

		holds(refused[i].rule, !sms_templates_read("templates/en", "en", span_of(refused[i].file), &t,
		    &f));
		holds(refused[i].rule, t == NULL && f.kind == FAULT_OPERATOR);
		if (!strstr(f.text, refused[i].says))
			fail_msg("%s: got \"%s\", want \"%s\" in it", refused[i].rule, f.text,
			    refused[i].says);
	}
	sms_templates_free(NULL);
}

static const struct {
	const char *text;
	bool fine;
} invitations[] = {
	{ "Reply STOP to opt out.", true },
	{ "Reply STOP to opt-out", true },
	{ "Text STOP to unsubscribe", true },
	{ "Reply STOP to end texts", true },
	{ "Reply STOP to stop receiving messages", true },
	{ "Reply STOP or ALTO to opt out", true },
	{ "Reply STOP to opt out of appointment reminders", true },
	{ "STOP to opt out", true },
	{ "Opt out: STOP", true },
	{ "Responda STOP para darse de baja", true },
	{ "Responda ALTO para no recibir mensajes", true },
	{ "R\xc3\xa9pondez ARR\xc3\x8aT pour vous d\xc3\xa9sabonner", true },
	{ "Reply C to confirm or N if you cannot come", true },
	{ "Reply 1 to confirm, 2 to cancel", true },
	{ "To cancel, call us", true },
	{ "Call or text to cancel your visit", true },
	{ "Your visit was canceled. Reply STOP to opt out.", true },
	{ "Please text us before the end of the day", true },
	{ "Bus stop: City Hall. Please send questions to us", true },
	{ "see https://meet.contact/t.com and pt.co.example or https://pt.co/x", true },
	{ "Reply STOP for opting out!", true },
	{ "Reply STOP to cancel these texts", true },
	{ "STOP = no more texts", true },
	{ "Lamna = your clinic", true },
	{ "Donaudampfschifffahrtsgesellschaftskapitaen. Reply STOP to opt out", true },
	{ "\xc2\xaa\xc2\xb5 Reply STOP to opt out", true },
	{ "Reply STOP to opt in", false },
	{ "see https://9bit.ly/x, https://Abit.ly/x, https://a-bit.ly/x", true },
	{ "see |bit.ly/x", false },
	{ "see (bit.ly)", false },
	{ "Reply CANCEL to cancel", false },
	{ "reply cancel to cancel your visit", false },
	{ "Reply with the word CANCEL", false },
	{ "Reply \"Cancel\" if you cannot come", false },
	{ "Reply YES to confirm or CANCEL to cancel", false },
	{ "Reply YES to confirm, Cancel to cancel", false },
	{ "CANCEL to cancel your visit", false },
	{ "CANCEL=no visit", false },
	{ "Text END to 12345", false },
	{ "Text us QUIT", false },
	{ "Send REVOKE", false },
	{ "Reply UNSUBSCRIBE to opt out", false },
	{ "Reply STOPALL", false },
	{ "Reply OPTOUT", false },
	{ "Reply STOP to cancel your visit", false },
	{ "Reply STOP", false },
	{ "Reply STOP to cancel. Opt out any time", false },
	{ "Reply STOP or CANCEL to opt out", false },
	{ "Responda ALTO para cancelar su cita", false },
	{ "Responda CANCEL para cancelar", false },
	{ "Env\xc3\xad" "e STOP si no puede venir", false },
	{ "R\xc3\xa9pondez ARRET pour annuler", false },
	{ "R\xc3\x89PONDEZ ARR\xc3\x8aT POUR ANNULER", false },
	{ "Envoyez END", false },
	{ "Reply STOP to cancel your visit; reminders end then", false },
	{ "Reply STOP to cancel your visit and its reminders", false },
	{ "Reply Y to come, N or CANCEL otherwise", false },
};

TEST(no_template_asks_for_a_word_that_opts_out)
{
	for (size_t i = 0; i < COUNT(invitations); i++) {
		char file[512];
		struct sms_templates *t = NULL;
		struct fault f = { .kind = FAULT_NONE };

		(void)snprintf(file, sizeof file, "[booked]\n%s\n" REST, invitations[i].text);
		same_int(invitations[i].text, sms_templates_read("t", "en", span_of(file), &t, &f),
		    invitations[i].fine);
		if (!invitations[i].fine)
			holds(invitations[i].text, strncmp(f.text, "t:1: [booked]: ", 15) == 0);
		sms_templates_free(t);
	}
}

static const struct {
	const char *rule, *language;
	struct civil c;
	const char *want;
} dates[] = {
	{ "English", "en", { 2026, 11, 21, 10, 0, 0 }, "Saturday, November 21|10:00 AM" },
	{ "English in the afternoon, plain blank before PM", "en", { 2026, 9, 30, 15, 5, 0 },
	  "Wednesday, September 30|3:05 PM" },
	{ "midnight begins the day", "en", { 2026, 1, 1, 0, 0, 0 }, "Thursday, January 1|12:00 AM" },
	{ "Spanish", "es", { 2026, 11, 21, 14, 30, 0 }, "s\xc3\xa1" "bado, 21 de noviembre|14:30" },
	{ "French", "fr", { 2026, 8, 5, 9, 5, 0 }, "mercredi 5 ao\xc3\xbbt|09:05" },
	{ "German", "de", { 2026, 3, 4, 9, 5, 0 }, "Mittwoch, 4. M\xc3\xa4rz|09:05" },
	{ "Spanish of the United States", "es-US", { 2026, 3, 4, 14, 5, 0 },
	  "mi\xc3\xa9rcoles, 4 de marzo|2:05 p. m." },
	{ "an underscore is taken for a dash", "en_GB", { 2026, 3, 4, 14, 5, 0 },
	  "Wednesday, 4 March|14:05" },
};

TEST(dates_are_in_the_language_of_the_patient)
{
	for (size_t i = 0; i < COUNT(dates); i++) {
		struct sms_templates *t = read_templates(dates[i].rule, dates[i].language,
		    "[booked]\n{start_date}|{start_time}\n" REST);
		const struct sms_values v = { .start_s = zone_instant(chicago, &dates[i].c, NULL),
		    .zone = chicago };
		struct buf b;

		buf_init(&b, 4096);
		holds(dates[i].rule, sms_render(t, TEXT_BOOKED, &v, &b));
		same_text(dates[i].rule, buf_text(&b), dates[i].want);
		same_text(dates[i].rule, sms_templates_language(t), dates[i].language);
		buf_clear(&b);
		sms_templates_free(t);
	}
}

static void
render_at(const struct sms_templates *t, const struct civil *c, struct buf *b)
{
	const struct sms_values v = { .start_s = zone_instant(chicago, c, NULL), .zone = chicago };

	buf_reset(b);
	holds("a day and a time", sms_render(t, TEXT_BOOKED, &v, b));
}

/* Days and times that have the same place in memory take turns, and come again. */
TEST(what_was_written_lately_is_of_that_day_and_time)
{
	static const char file[] = "[booked]\n{start_date}|{start_time}\n" REST;
	struct sms_templates *t = read_templates("one that remembers", "fr", file);
	struct buf a, b;

	buf_init(&a, 4096);
	buf_init(&b, 4096);
	for (int i = 0; i < 1200; i++) {
		struct civil c = { 2026, 1, 1, 8 + i / 7 % 3, i * 7 % 60, 0 };
		struct sms_templates *fresh = i % 3 == 0 ? read_templates("one that was just read", "fr", file) : NULL;

		civil_add_days(&c, i % 5 * 128 + i / 400);
		render_at(t, &c, &a);
		if (!fresh)
			continue;
		render_at(fresh, &c, &b);
		same_text("remembered", buf_text(&a), buf_text(&b));
		sms_templates_free(fresh);
	}
	buf_clear(&a);
	buf_clear(&b);
	sms_templates_free(t);
}

struct writer {
	pthread_t thread;
	const struct sms_templates *t;
	int first, wrong;
};

static void *
write_days(void *arg)
{
	struct writer *w = arg;
	static const char *const names[] = { "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday" };
	struct buf b;

	buf_init(&b, 4096);
	for (int i = 0; i < 3000; i++) {
		struct civil c = { 2026, 1, 1, 9, 15, 0 };
		int day = (i + w->first) % 300;
		const struct sms_values v = { .start_s = (civil_add_days(&c, day), zone_instant(chicago, &c, NULL)), .zone = chicago };

		buf_reset(&b);
		w->wrong += !sms_render(w->t, TEXT_BOOKED, &v, &b) || strncmp(buf_text(&b), names[day % 7], strlen(names[day % 7])) != 0 ||
		    !strstr(buf_text(&b), "|9:15 AM");
	}
	buf_clear(&b);
	return NULL;
}

TEST(several_threads_write_dates_with_one_set)
{
	struct sms_templates *t = read_templates("shared", "en", "[booked]\n{start_date}|{start_time}\n" REST);
	struct writer w[4];

	for (int i = 0; i < 4; i++) {
		w[i] = (struct writer){ .t = t, .first = i * 40 };
		assert_int_equal(pthread_create(&w[i].thread, NULL, write_days, &w[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(w[i].thread, NULL), 0);
		same_int("each got its own day", w[i].wrong, 0);
	}
	sms_templates_free(t);
}

TEST(a_language_that_icu_has_no_words_for_is_refused)
{
	static const char *const unknown[] = { "", "xx", "English", "en us", "e", "en-",
	    "zzzzzzzzzzzzzzzzz", "und", "en-x-a-note-of-more-letters-than-any-code-has-and-more-than-there-is-room-for" };

	for (size_t i = 0; i < COUNT(unknown); i++) {
		struct sms_templates *t = NULL;
		struct fault f = { .kind = FAULT_NONE };

		holds(unknown[i], !sms_templates_read("t", unknown[i], SPAN_LIT("[booked]\na\n" REST), &t,
		    &f));
		holds(unknown[i], strstr(f.text, "language") != NULL);
	}
}

TEST(a_text_that_does_not_fit_leaves_nothing_behind)
{
	struct sms_templates *t = read_templates("long", "en", "[booked]\n{organization} {site}\n" REST);
	char long_name[SMS_CHARS_MAX + 1];
	struct sms_values v = { .organization = SPAN_LIT("a"), .start_s = START_S, .zone = chicago };
	struct buf b;

	memset(long_name, 'a', sizeof long_name);
	buf_init(&b, 8192);
	holds("room", buf_add_text(&b, "before"));
	v.site = span_from(long_name, SMS_CHARS_MAX - 2);
	holds("2048 characters", sms_render(t, TEXT_BOOKED, &v, &b));
	same_int("2048 characters", b.n, 6 + SMS_CHARS_MAX);
	b.n = 6;
	v.site = span_from(long_name, SMS_CHARS_MAX - 1);
	holds("2049 characters", !sms_render(t, TEXT_BOOKED, &v, &b));
	same_text("nothing is appended", buf_text(&b), "before");
	same_int("and the worst case says so", sms_worst(t, TEXT_BOOKED, &v).segments, 0);
	buf_clear(&b);
	buf_init(&b, 8);
	v.site = SPAN_LIT("a long name");
	holds("a full buffer", !sms_render(t, TEXT_BOOKED, &v, &b));
	buf_clear(&b);
	sms_templates_free(t);
}

TEST(words_alone_may_not_be_too_long)
{
	struct sms_templates *t = NULL;
	struct fault f = { .kind = FAULT_NONE };
	struct buf b;

	buf_init(&b, 16384);
	(void)buf_add_text(&b, "[booked]\n");
	for (int i = 0; i <= SMS_CHARS_MAX; i++)
		(void)buf_add_char(&b, 'a');
	(void)buf_add_text(&b, "\n" REST);
	holds("2049 characters", !sms_templates_read("t", "en", buf_span(&b), &t, &f) && strstr(f.text,
	    "2048"));
	buf_clear(&b);
}

/* Of the built-in texts, with the longest organization and contact of the rule. */
static const struct {
	const char *language;
	enum text_kind kind;
	bool link, opts_out;
	unsigned segments;
	uint32_t culprit;
} worst[] = {
	{ "en", TEXT_BOOKED, false, true, 1, 0 }, { "en", TEXT_CHANGED, false, false, 1, 0 },
	{ "en", TEXT_CANCELED, false, false, 1, 0 }, { "en", TEXT_REMINDER, false, true, 1, 0 },
	{ "en", TEXT_BOOKED, true, true, 2, 0 }, { "en", TEXT_REMINDER, true, true, 2, 0 },
	{ "es", TEXT_BOOKED, false, true, 1, 0 }, { "es", TEXT_CHANGED, false, false, 1, 0 },
	{ "es", TEXT_CANCELED, false, false, 1, 0 }, { "es", TEXT_REMINDER, false, true, 1, 0 },
	{ "fr", TEXT_BOOKED, false, true, 1, 0 }, { "fr", TEXT_CHANGED, false, false, 1, 0 },
	{ "fr", TEXT_CANCELED, false, false, 1, 0 }, { "fr", TEXT_REMINDER, false, true, 1, 0 },
};

TEST(the_built_in_texts_cost_what_is_said_of_them)
{
	for (size_t i = 0; i < COUNT(worst); i++) {
		struct sms_templates *t = read_builtin(worst[i].language);
		const struct sms_values v = { .organization = SPAN_LIT("Lamna Healthcare Ltd"),
			.contact = SPAN_LIT("608-555-0123"), .zone = chicago, .start_s = START_S,
			.link = worst[i].link ? SPAN_LIT("https://visit.lamna.example/0123456") : SPAN_NONE };
		struct sms_size s = sms_worst(t, worst[i].kind, &v);
		struct buf b;

		buf_init(&b, 4096);
		same_int(worst[i].language, s.segments, worst[i].segments);
		same_int(worst[i].language, s.culprit, worst[i].culprit);
		holds("the organization comes first", sms_render(t, worst[i].kind, &v, &b) &&
		    strncmp(buf_text(&b), "Lamna Healthcare Ltd", 20) == 0);
		holds("the contact is said", strstr(buf_text(&b), "608-555-0123") != NULL);
		same_int("booked and reminder say how to opt out", strstr(buf_text(&b), "STOP") != NULL,
		    worst[i].opts_out);
		same_int("the link is said when there is one", strstr(buf_text(&b), "https://") != NULL,
		    worst[i].link);
		same_int("no canceled text has a link", sms_uses_link(t, worst[i].kind),
		    worst[i].kind != TEXT_CANCELED);
		buf_clear(&b);
		sms_templates_free(t);
	}
}

/* Also where numbers are not written as ours are, and at each hour: what says no
 * number of it is taken for what ICU leaves when memory runs out. */
TEST(every_language_says_its_days_and_times)
{
	static const char *const languages[] = { "en", "es", "fr", "de", "pt-BR", "zh", "zh-Hant", "ja", "ko", "vi", "th", "ar", "ar-EG", "fa", "he", "hi",
		"mr", "ne", "my", "bn", "ur", "ru", "uk", "pl", "el", "so", "am", "ht", "ff-Adlm", "ccp", "fil", "hmn" };

	for (size_t i = 0; i < COUNT(languages); i++) {
		struct dates *d = NULL;
		struct fault f = { 0 };
		char out[DATE_MAX_BYTES];

		if (!dates_open(languages[i], &d, &f)) { /* this ICU has no words for it */
			same_int(languages[i], f.kind, FAULT_OPERATOR);
			continue;
		}
		for (int hour = 0; hour < 24; hour++) {
			const struct civil c = { 2027, 1 + hour / 2, 1 + hour, hour, hour % 4 * 15, 0 };

			holds(languages[i], dates_day(d, &c, out).n > 0);
			holds(languages[i], dates_time(d, &c, out).n > 0);
		}
		dates_close(d);
	}
}

TEST(the_built_in_texts_fit_one_segment_on_most_days)
{
	static const char *const languages[] = { "en", "es", "fr" };

	for (size_t i = 0; i < COUNT(languages); i++) {
		struct sms_templates *t = read_builtin(languages[i]);
		/* Wednesday, 25 November: no accent outside of the alphabet in any of the three */
		const struct sms_values v = { .organization = SPAN_LIT("Lamna Healthcare Ltd"),
			.contact = SPAN_LIT("608-555-0123"), .zone = chicago,
			    .start_s = START_S + 4 * 86400 };

		for (int k = 0; k < TEXT_KINDS; k++) {
			struct buf b;

			buf_init(&b, 4096);
			holds(languages[i], sms_render(t, (enum text_kind)k, &v, &b));
			same_int(languages[i], sms_measure(buf_span(&b)).segments, 1);
			buf_clear(&b);
		}
		sms_templates_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_template_and_values_make_a_text),
		RUN(a_wrong_template_is_refused_with_line_and_reason),
		RUN(no_template_asks_for_a_word_that_opts_out),
		RUN(dates_are_in_the_language_of_the_patient),
		RUN(what_was_written_lately_is_of_that_day_and_time),
		RUN(several_threads_write_dates_with_one_set),
		RUN(a_language_that_icu_has_no_words_for_is_refused),
		RUN(a_text_that_does_not_fit_leaves_nothing_behind),
		RUN(words_alone_may_not_be_too_long),
		RUN(the_built_in_texts_cost_what_is_said_of_them),
		RUN(every_language_says_its_days_and_times),
		RUN(the_built_in_texts_fit_one_segment_on_most_days),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

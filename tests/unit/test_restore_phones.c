/* test_restore_phones.c - the store is put back from a backup: whose number was called wrong since is not texted, and who opted out is not even where sends are unknown. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig_journal.h"

#define PHONE "+16085550123"
#define OTHER "+16085550124"
#define DAY ((int64_t)86400)
#define HOUR ((int64_t)3600)

static int event_number;

/* A visit in twenty days whose confirmation the gateway took; which text that is. */
static int64_t
book(struct rig *r, const char *id, const char *phone)
{
	int before = r->jobs_n;

	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 20 * DAY });
	same_int("its confirmation leaves", r->jobs_n, before + 1);
	settle_all(r);
	return last_job(r)->text;
}

static void
not_texted(struct rig *r, const char *id, const char *phone)
{
	int before = r->jobs_n;

	(void)tell(r, (struct say){ .id = id, .patient = id, .phone = phone, .in_s = 20 * DAY });
	same_int("nobody is texted", r->jobs_n, before);
}

static void
call_wrong(struct rig *r, int64_t text)
{
	struct sender_event ev = { .told = EVENT_REPORT, .event = ++event_number, .text = text, .from = "+18335550100", .number = 4004,
		.delivery = DELIVERY_FAILED, .status = "no-such-number" };

	told(r, ev, NULL);
}

static enum store_found
is_refused(struct rig *r, struct refused *out)
{
	struct fault f = { 0 };

	return store_refused_get(r->store, "lamna", PHONE, out, &f);
}

static void
about_phone(struct rig *r, enum command_kind kind, const char *phone)
{
	struct command *c = calloc(1, sizeof *c);

	assert_non_null(c);
	c->kind = kind;
	(void)snprintf(c->organization, sizeof c->organization, "lamna");
	(void)snprintf(c->phone, sizeof c->phone, "%s", phone);
	(void)snprintf(c->who, sizeof c->who, "ann");
	(void)turn(r, NULL, NULL, &c->link);
}

TEST(a_number_that_was_called_wrong_since_is_not_texted)
{
	struct rig r;
	struct refused before, after;
	int64_t text, wrong_s;

	journalled_rig(&r, "");
	text = book(&r, "A", PHONE);
	backup(&r);
	call_wrong(&r, text);
	wrong_s = now_s(&r.now);
	same_int("it is remembered", is_refused(&r, &before), STORE_FOUND);
	pass(&r, 600);
	restore(&r);
	same_int("the store is from before", r.journal_state, JOURNAL_AHEAD);
	same_int("it still is", is_refused(&r, &after), STORE_FOUND);
	same_text("with its cause", after.cause, "no-such-number");
	same_int("its code", after.code, 4004);
	same_int("and its time", after.at_s, wrong_s);
	not_texted(&r, "B", PHONE);
	(void)book(&r, "C", OTHER);
	stop(&r);
	start(&r);
	same_int("level from then on", r.journal_state, JOURNAL_LEVEL);
	same_int("and known", is_refused(&r, &after), STORE_FOUND);
	restore(&r);
	same_int("the same backup again, the same again", is_refused(&r, &after), STORE_FOUND);
	same_int("of that time", after.at_s, wrong_s);
	end(&r);
}

TEST(one_that_was_let_go_since_is_texted)
{
	struct rig r;
	struct refused x;

	journalled_rig(&r, "");
	call_wrong(&r, book(&r, "A", PHONE));
	same_int("remembered", is_refused(&r, &x), STORE_FOUND);
	backup(&r);
	about_phone(&r, COMMAND_REFUSED_RELEASE, PHONE);
	same_int("a person let it go", is_refused(&r, &x), STORE_NONE);
	restore(&r);
	same_int("which stands", is_refused(&r, &x), STORE_NONE);
	call_wrong(&r, book(&r, "B", PHONE));
	restore(&r);
	same_int("called wrong once more, it is the last word that stands", is_refused(&r, &x), STORE_FOUND);
	end(&r);
}

TEST(it_is_forgotten_when_it_would_have_been)
{
	struct rig r;
	struct refused x;
	int64_t text;

	journalled_rig(&r, "");
	rig_change(&r, "country = US", "country = US refused_numbers = 1d");
	text = book(&r, "A", PHONE);
	backup(&r);
	call_wrong(&r, text);
	live(&r, 20 * HOUR);
	restore(&r);
	same_int("after twenty hours of a day", is_refused(&r, &x), STORE_FOUND);
	not_texted(&r, "B", PHONE);
	live(&r, 4 * HOUR);
	(void)book(&r, "C", PHONE);
	restore(&r);
	same_int("whose time is over is not taken over", is_refused(&r, &x), STORE_NONE);
	end(&r);
}

static void
count_of_contoso(void *ctx, const char *organization, const uint8_t phone[MARK_BYTES], const struct barred *b)
{
	*(int *)ctx += strcmp(organization, "contoso") == 0 && phone[0] == 7 && b->refused && strcmp(b->why, "no-such-number") == 0;
}

/* Nobody knows for how long: the file of the configuration may be an older one as well. */
TEST(of_an_organization_that_is_not_configured_it_is_kept)
{
	struct rig r;
	struct fault f = { 0 };
	struct journal_entry x = { .kind = JOURNAL_REFUSED, .at_s = 1, .name = "contoso", .phone = { 7 }, .source = "no-such-number" };
	int n = 0;

	journalled_rig(&r, "");
	backup(&r);
	journal_add(r.journal, &x);
	(void)book(&r, "A", PHONE);
	restore(&r);
	assert_true(store_barred(r.store, count_of_contoso, &n, &f));
	same_int("kept", n, 1);
	end(&r);
}

static void
journal_path(const char *name, char out[200])
{
	(void)snprintf(out, 200, "%s/%.60s", journal_folder, name);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Killed between the commit and the journal: the next start writes it there. */
TEST(what_the_journal_lost_in_a_crash_is_written_again)
{
	struct rig r;
	struct refused x;
	char path[200];
	int64_t text;
	off_t good;

	journalled_rig(&r, "");
	text = book(&r, "A", PHONE);
	backup(&r);
	journal_path("optouts.log", path);
	good = size_of(path);
	call_wrong(&r, text);
	holds("it was written", size_of(path) > good);
	stop(&r);
	assert_int_equal(truncate(path, good), 0);
	start(&r);
	same_int("the journal is behind", r.journal_state, JOURNAL_BEHIND);
	restore(&r);
	same_int("and knows it all the same", is_refused(&r, &x), STORE_FOUND);
	end(&r);
}

TEST(the_journal_has_no_number_in_it)
{
	static char bytes[1 << 16];
	struct rig r;
	char path[200];
	FILE *f;
	size_t n;

	journalled_rig(&r, "");
	call_wrong(&r, book(&r, "A", PHONE));
	about_phone(&r, COMMAND_REFUSED_RELEASE, PHONE);
	journal_path("optouts.log", path);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(bytes, 1, sizeof bytes - 1, f);
	(void)fclose(f);
	bytes[n] = '\0';
	holds("called wrong, and let go", strstr(bytes, "\nR ") && strstr(bytes, "\nG "));
	holds("by a mark alone", !strstr(bytes, "6085550123") && !strstr(bytes, "5550123"));
	end(&r);
}

static void
lose_sends(void)
{
	DIR *d = opendir(journal_folder);
	char path[200];

	assert_non_null(d);
	for (struct dirent *x; (x = readdir(d));)
		if (strncmp(x->d_name, "sends-", 6) == 0) {
			journal_path(x->d_name, path);
			assert_int_equal(unlink(path), 0);
		}
	(void)closedir(d);
}

/* What is known of phones has a file of its own, of which nothing goes: it is as good as ever. */
TEST(where_sends_are_unknown_phones_are_known)
{
	for (int missing = 0; missing < 2; missing++) {
		struct rig r;
		struct refused x;
		struct fault f = { 0 };
		int64_t text;

		journalled_rig(&r, "");
		text = book(&r, "A", PHONE);
		backup(&r);
		call_wrong(&r, text);
		about_phone(&r, COMMAND_OPTOUT_ADD, OTHER);
		for (int i = 0; i < (missing ? 1 : 40); i++) { /* days: files of sends go */
			char id[16];

			(void)snprintf(id, sizeof id, "D%d", i);
			(void)book(&r, id, "+16085550199");
			live(&r, DAY);
		}
		if (missing)
			lose_sends();
		restore(&r);
		same_int("sends are not known", r.journal_state, missing ? JOURNAL_MISSING : JOURNAL_TOO_SHORT);
		holds("held", status(&r)->journal_held);
		same_int("a wrong number is", is_refused(&r, &x), STORE_FOUND);
		same_int("so is who opted out", store_optout_find(r.store, "lamna", OTHER, &f), STORE_FOUND);
		end(&r);
	}
}

/* What came of a text that was out is no journal of sends either: without the person's word the hold stays. */
TEST(a_late_answer_does_not_end_the_hold)
{
	struct rig r;

	journalled_rig(&r, "");
	(void)tell(&r, (struct say){ .id = "A", .phone = PHONE, .in_s = 20 * DAY });
	same_int("it is out", r.jobs_n, 1);
	stop(&r);
	lose_sends();
	start(&r);
	same_int("missed", r.journal_state, JOURNAL_MISSING);
	settle_all(&r);
	same_int("what came of it is known", status(&r)->texts[TEXT_SENT], 1);
	stop(&r);
	start(&r);
	same_int("missed still", r.journal_state, JOURNAL_MISSING);
	holds("held still", status(&r)->journal_held);
	end(&r);
}

/* Of a key that a rotation since had made, and whose store key nobody gave. */
TEST(a_mark_that_nobody_can_read_stops_the_start_there_too)
{
	struct journal_entry key = { .kind = JOURNAL_KEY, .at_s = 1, .name = "optouts/0009/00000001", .wrapped = { 1, 2, 3 } };
	struct journal_setup s = { .directory = journal_folder, .retention_s = 35 * DAY };
	struct engine_setup e = { .compose = compose, .random = chance };
	struct engine *none = NULL;
	struct fault f = { 0 };
	struct rig r;

	journalled_rig(&r, "");
	(void)book(&r, "A", PHONE);
	journal_add(r.journal, &key);
	about_phone(&r, COMMAND_OPTOUT_ADD, OTHER);
	stop(&r);
	lose_sends();
	open_store(&r);
	assert_true(store_begin(r.store, &f) && store_house(r.store, &s.house, &f) && store_commit(r.store, &f));
	s.seq = 1; /* as a backup of before has it */
	s.now_s = now_s(&r.now);
	assert_true(store_begin(r.store, &f) && store_setting_put(r.store, "journal", s.seq, &f) && store_commit(r.store, &f));
	assert_true(journal_open(&s, &r.journal, &r.journal_state, &f));
	same_int("sends are not known", r.journal_state, JOURNAL_MISSING);
	e.store = r.store;
	e.rules = rules_hold(r.rules);
	e.random_ctx = &r;
	e.now = r.now;
	e.journal = r.journal;
	e.journal_state = r.journal_state;
	holds("refused, with what to do", !engine_new(&e, &none, &f) && f.kind == FAULT_OPERATOR && strstr(f.text, "old_store_keys"));
	rules_drop(e.rules);
	end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_number_that_was_called_wrong_since_is_not_texted), RUN(one_that_was_let_go_since_is_texted),
		RUN(it_is_forgotten_when_it_would_have_been), RUN(of_an_organization_that_is_not_configured_it_is_kept),
		RUN(what_the_journal_lost_in_a_crash_is_written_again), RUN(the_journal_has_no_number_in_it),
		RUN(where_sends_are_unknown_phones_are_known), RUN(a_late_answer_does_not_end_the_hold),
		RUN(a_mark_that_nobody_can_read_stops_the_start_there_too) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

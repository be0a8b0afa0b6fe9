/* test_journal.c - entries of the send journal: written, read back, and whatever is wrong with them. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/journal_line.h"

#define FILED 6 /* of the entries: what the files of the tests below have */

static const struct journal_entry entries[] = {
	{ .kind = JOURNAL_ARMED, .seq = 1, .at_s = 1795780800, .text = 1025, .repeat_id = "11111111-2222-4333-8444-555555555555",
	    .visit = { 1, 2, 3 }, .text_kind = TEXT_REMINDER, .start_s = 1795870800, .generation = 2, .segments = 1,
	    .fingerprint = { 9 }, .rule = "the day before" },
	{ .kind = JOURNAL_ARMED, .seq = 2, .at_s = 1, .text = 1, .repeat_id = "11111111-2222-4333-8444-555555555556", .start_s = -5 },
	{ .kind = JOURNAL_ENDED, .seq = 3, .at_s = 4, .text = 1025, .repeat_id = "11111111-2222-4333-8444-555555555555", .taken = true },
	{ .kind = JOURNAL_OPTOUT, .seq = 4, .at_s = 5, .name = "lamna", .phone = { 7 }, .source = "admin:ann lee" },
	{ .kind = JOURNAL_OPTIN, .seq = 5, .at_s = 6, .name = "lamna", .phone = { 7 } },
	{ .kind = JOURNAL_OPTOUT, .seq = 6, .at_s = 7, .name = "another", .phone = { 8 }, .source = "handset" },
	{ .kind = JOURNAL_KEY, .seq = 7, .at_s = 8, .name = "optouts/0002/00c0ffee", .wrapped = { 1, 2, 3 } },
	{ .kind = JOURNAL_REFUSED, .seq = 8, .at_s = 9, .name = "lamna", .phone = { 7 }, .source = "no-such-number", .code = 4004 },
	{ .kind = JOURNAL_RIGHT, .seq = 9, .at_s = 10, .name = "lamna", .phone = { 7 } },
};

TEST(what_is_written_is_read)
{
	for (size_t i = 0; i < COUNT(entries); i++) {
		struct journal_entry e;
		struct buf b;

		buf_init(&b, 4096);
		assert_true(journal_line_make(&entries[i], &b));
		holds("read", journal_line_read(span_from(b.p, b.n - 1), &e));
		same_bytes("the same", (const char *)&e, sizeof e, (const char *)&entries[i], sizeof e);
		for (size_t at = 0; at + 1 < b.n; at++)
			for (int bit = 0; bit < 8; bit++) {
				b.p[at] ^= (char)(1 << bit);
				if (journal_line_read(span_from(b.p, b.n - 1), &e))
					fail_msg("byte %zu of entry %zu, flipped in bit %d, is taken", at, i, bit);
				b.p[at] ^= (char)(1 << bit);
			}
		for (size_t n = 0; n + 1 < b.n; n++)
			holds("a part of a line is none", !journal_line_read(span_from(b.p, n), &e));
		buf_clear(&b);
	}
}

/* ---- files ---- */

static char folder[64];

static struct journal *
open_at(int64_t house, int64_t seq, enum journal_state want)
{
	struct journal_setup s = { .directory = folder, .house = house, .seq = seq, .retention_s = 86400, .now_s = 1795780800 };
	enum journal_state state = JOURNAL_LEVEL;
	struct journal *j = NULL;
	struct fault f = { 0 };

	if (!journal_open(&s, &j, &state, &f))
		fail_msg("%s", f.text);
	same_int("how it stands", state, want);
	return j;
}

static bool
count_entry(void *ctx, const struct journal_entry *e, struct fault *f)
{
	(void)f;
	*(int64_t *)ctx += e->seq;
	return true;
}

static int64_t
sum_after(struct journal *j, int64_t seq)
{
	struct fault f = { 0 };
	int64_t sum = 0;

	assert_true(journal_read(j, seq, count_entry, &sum, &f));
	return sum;
}

static void
add_all(struct journal *j)
{
	struct fault f = { 0 };

	for (size_t i = 0; i < FILED; i++) {
		struct journal_entry e = entries[i];

		journal_add(j, &e);
	}
	journal_commit(j);
	if (!journal_write(j, 1795780800, &f))
		fail_msg("%s", f.text);
}

static void
change(const char *name_begins, bool cut, const char *add)
{
	DIR *d = opendir(folder);

	for (struct dirent *x; (x = readdir(d));) {
		int fd = strncmp(x->d_name, name_begins, strlen(name_begins)) == 0 ? openat(dirfd(d), x->d_name, O_RDWR | O_APPEND) : -1;

		if (fd < 0)
			continue;
		if (cut)
			assert_int_equal(ftruncate(fd, lseek(fd, 0, SEEK_END) - 10), 0);
		assert_true(write(fd, add, strlen(add)) == (ssize_t)strlen(add));
		(void)close(fd);
	}
	(void)closedir(d);
}

static void
sweep(void)
{
	DIR *d = opendir(folder);

	for (struct dirent *x; (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	(void)closedir(d);
	(void)rmdir(folder);
}

TEST(files_are_read_on_and_mended)
{
	struct journal *j;
	struct fault f = { 0 };
	struct journal_setup other = { .directory = folder, .house = 8, .seq = 0, .retention_s = 1, .now_s = 1795780800 };
	enum journal_state state;

	(void)snprintf(folder, sizeof folder, "/tmp/nudge-journal-XXXXXX");
	assert_non_null(mkdtemp(folder));
	j = open_at(7, 0, JOURNAL_LEVEL);
	add_all(j);
	same_int("its last", journal_last(j), 6);
	same_int("all", sum_after(j, 0), 21);
	same_int("what follows", sum_after(j, 3), 15);
	struct journal_entry undone = entries[0];

	journal_add(j, &undone);
	journal_drop(j);
	same_int("an undone turn leaves no number", journal_last(j), 6);
	journal_close(j);
	j = open_at(7, 6, JOURNAL_LEVEL);
	journal_close(j);
	j = open_at(7, 9, JOURNAL_BEHIND); /* a crash before the journal was written */
	same_int("goes on behind the store", journal_last(j), 9);
	journal_close(j);
	j = open_at(7, 2, JOURNAL_AHEAD);
	same_int("a backup", sum_after(j, 2), 18);
	journal_close(j);
	holds("another house's is refused", !journal_open(&other, &j, &state, &f) && strstr(f.text, "another store"));
	change("sends", true, "");
	j = open_at(7, 6, JOURNAL_LEVEL); /* a torn line is cut */
	same_int("the torn one is gone", sum_after(j, 0), 18);
	add_all(j);
	same_int("and writing goes on behind", sum_after(j, 6), 7 + 8 + 9 + 10 + 11 + 12);
	journal_close(j);
	change("sends", false, "nonsense in the middle\n");
	j = open_at(7, 3, JOURNAL_TOO_SHORT);
	journal_close(j);
	j = open_at(7, 12, JOURNAL_LEVEL); /* damaged where nobody needs it */
	journal_close(j);
	change("optouts", true, "");
	j = open_at(7, 12, JOURNAL_BEHIND);
	journal_close(j);
	DIR *d = opendir(folder);

	for (struct dirent *x; (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	(void)closedir(d);
	j = open_at(7, 12, JOURNAL_MISSING);
	assert_true(journal_begin(j, 1795780800, &f));
	journal_close(j);
	j = open_at(7, 12, JOURNAL_LEVEL);
	journal_close(j);
	sweep();
}

static int
files_of_sends(void)
{
	DIR *d = opendir(folder);
	int n = 0;

	for (struct dirent *x; (x = readdir(d));)
		n += strncmp(x->d_name, "sends", 5) == 0;
	(void)closedir(d);
	return n;
}

/* A send on the day that the clock shows: retention is a day, and each day has a file. */
static void
send_on(struct journal *j, int64_t day)
{
	struct journal_entry e = entries[0];
	struct fault f = { 0 };

	e.at_s = day * 86400;
	journal_add(j, &e);
	journal_commit(j);
	if (!journal_write(j, e.at_s, &f))
		fail_msg("%s", f.text);
}

TEST(old_files_go_by_what_the_clock_can_have_been)
{
	struct journal *j;

	(void)snprintf(folder, sizeof folder, "/tmp/nudge-journal-XXXXXX");
	assert_non_null(mkdtemp(folder));
	j = open_at(7, 0, JOURNAL_LEVEL);
	for (int64_t day = 20000; day < 20010; day++)
		send_on(j, day);
	same_int("what began before the retention went", files_of_sends(), 3);
	send_on(j, 0);
	same_int("a clock of 1970 makes a file", files_of_sends(), 4);
	send_on(j, 20010);
	same_int("and takes nobody's with it but what is too old", files_of_sends(), 4);
	same_int("yesterday's is there", sum_after(j, 8), 9 + 10 + 11 + 12);
	send_on(j, 40000);
	send_on(j, 20011);
	same_int("one of the future says nothing of its neighbours' age", files_of_sends(), 3);
	for (int64_t day = 20012; day < 20018; day++)
		send_on(j, day);
	same_int("until those behind them are too old", files_of_sends(), 3);
	same_int("which are the newest", sum_after(j, 18), 19 + 20);
	journal_close(j);
	sweep();
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_written_is_read), RUN(files_are_read_on_and_mended),
		RUN(old_files_go_by_what_the_clock_can_have_been) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_audit.c - every change of an audit log is found, and none is seen where there is none. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/audit_verify.h"
#include "nudge/buf.h"

static _Atomic int64_t wall_ms = 1795000000000; /* 2026-11-18 */

static int64_t
made_up_clock(void)
{
	return wall_ms;
}

static char folder[64];

static void
folder_make(void)
{
	(void)snprintf(folder, sizeof folder, "%s/nudge-audit-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(folder));
}

static void
folder_empty(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *x; d && (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	if (d)
		(void)closedir(d);
}

static void
folder_remove(void)
{
	folder_empty(folder);
	(void)rmdir(folder);
}

static struct audit *
open_log(int64_t file_max, enum audit_begun want)
{
	struct audit_setup s = { .directory = folder, .retention_s = 400 * 86400LL, .wall_ms = made_up_clock, .file_max = file_max };
	enum audit_begun begun = AUDIT_NEW;
	struct audit *a = NULL;
	struct fault f = { 0 };

	if (!audit_open(&s, &a, &begun, &f))
		fail_msg("%s", f.text);
	same_int("new or not", begun, want);
	return a;
}

static void
write_some(struct audit *a, int n)
{
	struct fault f = { 0 };

	for (int i = 0; i < n; i++) {
		char id[32];
		struct audit_entry e = { .who = i % 3 == 0 ? AUDIT_USER : AUDIT_SYSTEM, .uid = 1000, .name = i % 3 == 0 ? "alice" : "nudged",
			.what = i % 2 ? "site.approve" : "config.load", .kind = "site", .id = id, .hash = "aa>bb", .why = "because",
			.detail = span_of(i % 5 == 0 ? "-window = \"09:00-20:00\"\n+window = \"08:00-20:00\"\n" : "") };

		(void)snprintf(id, sizeof id, "clinic-%d", i);
		if (!audit_write(a, &e, &f))
			fail_msg("%s", f.text);
		wall_ms += 1500;
	}
}

static struct audit_verdict
verify(const struct audit_head *known)
{
	uint8_t key[SEAL_KEY_BYTES];
	struct audit_verdict v = { 0 };
	struct fault f = { 0 };

	if (!audit_first_key(folder, NULL, key, &f) || !audit_verify(folder, key, known, NULL, NULL, &v, &f))
		fail_msg("%s", f.text);
	return v;
}

/* ---- a copy in memory, to be spoilt and put back ---- */

struct kept {
	char name[64];
	char *p;
	size_t n;
};
static struct kept kept[64];
static size_t kept_n;

static void
put(const struct kept *k, const char *name, size_t n)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && write(fd, k->p, n) == (ssize_t)n);
	(void)close(fd);
}

static void
keep_all(void)
{
	DIR *d = opendir(folder);

	kept_n = 0;
	for (struct dirent *x; (x = readdir(d));) {
		struct kept *k = &kept[kept_n];
		struct stat st;
		int fd = openat(dirfd(d), x->d_name, O_RDONLY);

		if (x->d_name[0] == '.' || fd < 0) {
			if (fd >= 0)
				(void)close(fd);
			continue;
		}
		assert_int_equal(fstat(fd, &st), 0);
		(void)snprintf(k->name, sizeof k->name, "%.63s", x->d_name);
		k->n = (size_t)st.st_size;
		k->p = malloc(k->n + 1);
		assert_true(read(fd, k->p, k->n) == (ssize_t)k->n);
		(void)close(fd);
		kept_n++;
	}
	(void)closedir(d);
}

static void
put_back(void)
{
	folder_empty(folder);
	for (size_t i = 0; i < kept_n; i++)
		put(&kept[i], kept[i].name, kept[i].n);
}

static void
forget_all(void)
{
	for (size_t i = 0; i < kept_n; i++)
		free(kept[i].p);
	kept_n = 0;
}

static uint64_t random_state = 88172645463325252u;

static size_t
any(size_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return below ? (size_t)(random_state % below) : 0;
}

static struct kept *
a_log(void)
{
	for (;;) {
		struct kept *k = &kept[any(kept_n)];

		if (strncmp(k->name, "audit-", 6) == 0 && k->n > 0)
			return k;
	}
}

/* Where line number i of k begins; its end in *end. */
static size_t
line_at(const struct kept *k, size_t i, size_t *end)
{
	size_t at = 0;

	for (;; i--) {
		const char *nl = memchr(k->p + at, '\n', k->n - at);

		*end = nl ? (size_t)(nl - k->p) + 1 : k->n;
		if (i == 0 || *end == k->n)
			return at;
		at = *end;
	}
}

static size_t
lines_of(const struct kept *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += k->p[i] == '\n';
	return n;
}

/* Each changes the folder, in one of the ways that people and disks have. */
static const char *
spoil(void)
{
	struct kept *k = a_log(), *other = a_log();
	size_t from, to, from2, to2, n;
	struct buf b;

	buf_init(&b, 1u << 24);
	switch (any(9)) {
	case 0: /* one bit */
		k->p[from = any(k->n)] ^= (char)(1 << (n = any(8)));
		put(k, k->name, k->n);
		k->p[from] ^= (char)(1 << n);
		return "a flipped bit";
	case 1: /* another byte */
		from = any(k->n);
		to = (unsigned char)k->p[from];
		k->p[from] = (char)(to + 1 + any(255));
		put(k, k->name, k->n);
		k->p[from] = (char)to;
		return "another byte";
	case 2: /* the end of any file, whole lines or not */
		put(k, k->name, any(k->n));
		return "a file cut short";
	case 3: /* a record taken out */
		from = line_at(k, any(lines_of(k)), &to);
		(void)buf_add(&b, k->p, from);
		(void)buf_add(&b, k->p + to, k->n - to);
		put(&(struct kept){ .p = b.p ? b.p : k->p }, k->name, b.n);
		buf_clear(&b);
		return "a record taken out";
	case 4: /* two records swapped */
		n = lines_of(k);
		if (n < 2)
			return NULL;
		from = line_at(k, any(n - 1), &to);
		from2 = to;
		(void)line_at(k, 0, &to2);
		to2 = from2;
		while (to2 < k->n && k->p[to2] != '\n')
			to2++;
		to2++;
		(void)buf_add(&b, k->p, from);
		(void)buf_add(&b, k->p + from2, to2 - from2);
		(void)buf_add(&b, k->p + from, to - from);
		(void)buf_add(&b, k->p + to2, k->n - to2);
		put(&(struct kept){ .p = b.p }, k->name, b.n);
		buf_clear(&b);
		return "two records swapped";
	case 5: /* a record twice, here or elsewhere */
		from = line_at(k, any(lines_of(k)), &to);
		from2 = line_at(other, any(lines_of(other)), &to2);
		(void)buf_add(&b, other->p, from2);
		(void)buf_add(&b, k->p + from, to - from);
		(void)buf_add(&b, other->p + from2, other->n - from2);
		put(&(struct kept){ .p = b.p }, other->name, b.n);
		buf_clear(&b);
		return "a record put in again";
	case 6: { /* a whole file gone */
		char path[160];

		(void)snprintf(path, sizeof path, "%s/%s", folder, k->name);
		assert_int_equal(unlink(path), 0);
		return "a file gone";
	}
	case 7: /* two files change names */
		if (k == other)
			return NULL;
		put(k, other->name, k->n);
		put(other, k->name, other->n);
		return "two files swapped";
	default: /* bytes put in between */
		from = any(k->n + 1);
		(void)buf_add(&b, k->p, from);
		(void)buf_add(&b, &"1\n \"x\","[any(4)], 1 + any(3));
		(void)buf_add(&b, k->p + from, k->n - from);
		put(&(struct kept){ .p = b.p }, k->name, b.n);
		buf_clear(&b);
		return "bytes put in";
	}
}

TEST(ten_thousand_tamperings_are_found)
{
	struct audit *a;
	int done = 0;

	folder_make();
	a = open_log(6000, AUDIT_NEW); /* so that there are several files */
	write_some(a, 60);
	audit_close(a);
	same_int("an untouched log is good", verify(NULL).findings, 0);
	same_int("all of it", verify(NULL).records, 60);
	holds("in several files", verify(NULL).files >= 3);
	keep_all();
	while (done < 10000) {
		const char *what = spoil();

		if (!what)
			continue;
		done++;
		if (verify(NULL).findings == 0)
			fail_msg("not found: %s (number %d)", what, done);
		put_back();
	}
	same_int("put back, it is good", verify(NULL).findings, 0);
	forget_all();
	folder_remove();
}

static void
found_or_fail(const char *what, const struct kept *k, size_t at)
{
	if (verify(NULL).findings == 0)
		fail_msg("not found: %s of %s at %zu", what, k->name, at);
}

/* By chance above; here each that there is. */
TEST(every_flip_cut_loss_and_swap_of_a_small_log)
{
	struct audit *a;
	size_t tried = 0;

	folder_make();
	a = open_log(1200, AUDIT_NEW);
	write_some(a, 7);
	audit_close(a);
	holds("in two files at least", verify(NULL).files >= 2);
	keep_all();
	for (size_t f = 0; f < kept_n; f++) {
		struct kept *k = &kept[f];
		size_t from, to, after, n;

		if (strncmp(k->name, "audit-", 6) != 0)
			continue;
		for (size_t at = 0; at < k->n; at++) {
			for (int bit = 0; bit < 8; bit++, tried++) {
				k->p[at] ^= (char)(1 << bit);
				put(k, k->name, k->n);
				found_or_fail("a flip", k, at);
				k->p[at] ^= (char)(1 << bit);
			}
			put(k, k->name, at);
			found_or_fail("a cut", k, at);
			tried++;
		}
		n = lines_of(k);
		for (size_t i = 0; i < n; i++) {
			struct buf b;

			buf_init(&b, 1u << 20);
			from = line_at(k, i, &to);
			assert_true(buf_add(&b, k->p, from) && buf_add(&b, k->p + to, k->n - to));
			put(&(struct kept){ .p = b.p ? b.p : k->p }, k->name, b.n);
			found_or_fail("a loss", k, from);
			if (i + 1 < n) { /* with the one behind it */
				buf_reset(&b);
				(void)line_at(k, i + 1, &after);
				assert_true(buf_add(&b, k->p, from) && buf_add(&b, k->p + to, after - to) && buf_add(&b, k->p + from, to - from) &&
				    buf_add(&b, k->p + after, k->n - after));
				put(&(struct kept){ .p = b.p }, k->name, b.n);
				found_or_fail("a swap", k, from);
			}
			buf_clear(&b);
			tried += 2;
		}
		put(k, k->name, k->n);
		same_int("put back, it is good", verify(NULL).findings, 0);
	}
	holds("thousands", tried > 10000);
	forget_all();
	folder_remove();
}

TEST(the_end_is_known_by_the_state_and_by_a_head_kept_elsewhere)
{
	struct audit *a;
	struct audit_head head;
	char path[160];

	folder_make();
	a = open_log(0, AUDIT_NEW);
	write_some(a, 20);
	audit_head(a, &head);
	same_int("the head's number", head.seq, 20);
	keep_all();
	write_some(a, 5);
	same_int("with the head that was kept", verify(&head).findings, 0);
	audit_close(a);
	put_back(); /* all of it as it was: log and state */
	same_int("an old copy is good in itself", verify(NULL).findings, 0);
	same_int("and with a head from then", verify(&head).findings, 0);
	head.seq = 25;
	same_int("but not with a later one", verify(&head).findings, 1);
	head.seq = 20;
	head.mac[3] = head.mac[3] == 'a' ? 'b' : 'a';
	same_int("nor with another", verify(&head).findings, 1);
	(void)snprintf(path, sizeof path, "%s/state", folder);
	assert_int_equal(unlink(path), 0);
	holds("without its state the end cannot be told", verify(NULL).findings > 0);
	forget_all();
	folder_remove();
}

TEST(a_log_that_was_touched_is_not_gone_on_with)
{
	struct audit_setup s = { .directory = folder, .retention_s = 86400, .wall_ms = made_up_clock };
	enum audit_begun begun;
	struct audit *a;
	struct fault f = { 0 };
	struct kept *log = NULL;
	size_t end;

	folder_make();
	a = open_log(0, AUDIT_NEW);
	write_some(a, 5);
	audit_close(a);
	keep_all();
	for (size_t i = 0; i < kept_n; i++)
		log = strncmp(kept[i].name, "audit-", 6) == 0 ? &kept[i] : log;
	assert_non_null(log);
	put(log, log->name, line_at(log, 4, &end));
	holds("its last record is gone", !audit_open(&s, &a, &begun, &f) && strstr(f.text, "missing at the end"));
	log->p[line_at(log, 2, &end) + 60] ^= 1;
	put(log, log->name, log->n);
	holds("a record in the middle: the rest can go on, verify finds it", audit_open(&s, &a, &begun, &f));
	audit_close(a);
	holds("found", verify(NULL).findings > 0);
	for (size_t i = 0; i < kept_n; i++)
		if (strcmp(kept[i].name, "state") == 0)
			put(&kept[i], "state", 10);
	holds("its state is damaged", !audit_open(&s, &a, &begun, &f) && strstr(f.text, "nudgectl audit verify"));
	forget_all();
	folder_remove();
}

TEST(a_torn_line_is_cut_and_said)
{
	struct audit *a;
	struct kept torn = { .p = NULL };
	struct buf b;

	folder_make();
	a = open_log(0, AUDIT_NEW);
	write_some(a, 3);
	audit_close(a);
	keep_all();
	buf_init(&b, 65536);
	for (size_t i = 0; i < kept_n; i++)
		if (strncmp(kept[i].name, "audit-", 6) == 0) {
			(void)buf_add(&b, kept[i].p, kept[i].n);
			(void)buf_add(&b, kept[i].p, 100);
			torn.p = b.p;
			put(&torn, kept[i].name, b.n);
		}
	a = open_log(0, AUDIT_WENT_ON);
	write_some(a, 2);
	audit_close(a);
	same_int("it holds", verify(NULL).findings, 0);
	same_int("and the cut has a record", verify(NULL).records, 6);
	buf_clear(&b);
	forget_all();
	folder_remove();
}

/* As after a power cut: the lines are there, the state is an older one. */
TEST(a_state_that_lags_is_caught_up_from_the_lines)
{
	struct audit *a;

	folder_make();
	a = open_log(0, AUDIT_NEW);
	write_some(a, 3);
	keep_all();
	write_some(a, 4);
	audit_close(a);
	for (size_t i = 0; i < kept_n; i++)
		if (strcmp(kept[i].name, "state") == 0)
			put(&kept[i], "state", kept[i].n);
	a = open_log(0, AUDIT_WENT_ON);
	write_some(a, 1);
	audit_close(a);
	same_int("it holds", verify(NULL).findings, 0);
	same_int("all are there", verify(NULL).records, 8);
	forget_all();
	folder_remove();
}

TEST(the_old_key_is_nowhere)
{
	struct audit *a;
	uint8_t key[SEAL_KEY_BYTES];
	struct fault f;
	char path[160];

	folder_make();
	a = open_log(0, AUDIT_NEW);
	write_some(a, 1);
	keep_all();
	write_some(a, 1);
	for (size_t i = 0; i < kept_n; i++) {
		char now[512];
		int fd;

		if (strcmp(kept[i].name, "state") != 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/state", folder);
		fd = open(path, O_RDONLY);
		same_int("of one length, so that it covers the old one", read(fd, now, sizeof now), kept[i].n);
		holds("another key", memcmp(now, kept[i].p, kept[i].n) != 0);
		(void)close(fd);
	}
	assert_true(audit_first_key(folder, NULL, key, &f));
	(void)snprintf(path, sizeof path, "%s/first.key", folder);
	assert_int_equal(unlink(path), 0);
	write_some(a, 1);
	audit_close(a);
	a = open_log(0, AUDIT_WENT_ON); /* writing needs no first key */
	write_some(a, 1);
	audit_close(a);
	struct audit_verdict v;

	assert_true(audit_verify(folder, key, NULL, NULL, NULL, &v, &f));
	same_int("verified with the key that was taken away", v.findings, 0);
	same_int("all", v.records, 4);
	forget_all();
	folder_remove();
}

TEST(what_is_too_old_goes_and_leaves_a_record)
{
	struct audit *a;
	struct fault f = { 0 };
	struct audit_verdict v;

	folder_make();
	a = open_log(0, AUDIT_NEW);
	write_some(a, 5);
	wall_ms += 40 * 86400000LL; /* another month: another file */
	write_some(a, 5);
	wall_ms += 40 * 86400000LL;
	write_some(a, 5);
	same_int("a file a month", verify(NULL).files, 3);
	assert_true(audit_tidy(a, &f));
	same_int("nothing is old", verify(NULL).files, 3);
	audit_set_retention(a, 30 * 86400, 0);
	assert_true(audit_tidy(a, &f));
	v = verify(NULL);
	same_int("the first is", v.files, 2);
	same_int("begins behind it", v.first_seq, 6);
	same_int("and that is no finding", v.findings, 0);
	audit_close(a);
	keep_all();
	for (size_t i = 0; i < kept_n; i++)
		if (strcmp(kept[i].name, "audit-000000000006.jsonl") == 0) {
			char path[160];

			(void)snprintf(path, sizeof path, "%s/audit-000000000006.jsonl", folder);
			assert_int_equal(unlink(path), 0);
		}
	holds("what another hand removed is one", verify(NULL).findings > 0);
	forget_all();
	folder_remove();
}

TEST(what_is_too_much_goes_the_oldest_first)
{
	struct audit *a;
	struct fault f = { 0 };
	struct audit_verdict v;

	folder_make();
	a = open_log(0, AUDIT_NEW);
	for (int month = 0; month < 4; month++) {
		write_some(a, 5);
		wall_ms += 40 * 86400000LL;
	}
	write_some(a, 1);
	same_int("a file a month", verify(NULL).files, 5);
	audit_set_retention(a, 3650 * 86400LL, INT64_MAX);
	assert_true(audit_tidy(a, &f));
	same_int("it is not too much", verify(NULL).files, 5);
	audit_set_retention(a, 3650 * 86400LL, 4000);
	assert_true(audit_tidy(a, &f));
	v = verify(NULL);
	holds("some went", v.files < 5 && v.files > 1);
	same_int("and that is no finding", v.findings, 0);
	audit_set_retention(a, 3650 * 86400LL, 1);
	assert_true(audit_tidy(a, &f));
	v = verify(NULL);
	same_int("what is written to stays, whatever its size", v.files, 1);
	same_int("no finding either", v.findings, 0);
	audit_close(a);
	folder_remove();
}

static void *
note_many(void *ctx)
{
	for (int i = 0; i < 200; i++) {
		struct audit_entry e = { .who = AUDIT_CERTIFICATE, .name = "sha256:00", .what = "peer.refused", .why = "expired", .failed = true };
		struct fault f;

		audit_note(ctx, &e);
		if (i % 50 == 49)
			assert_true(audit_flush(ctx, &f));
	}
	return NULL;
}

TEST(threads_note_and_write_beside_each_other)
{
	struct audit *a;
	pthread_t t[3];
	struct fault f;

	folder_make();
	a = open_log(20000, AUDIT_NEW);
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, note_many, a), 0);
	write_some(a, 50);
	for (size_t i = 0; i < COUNT(t); i++)
		(void)pthread_join(t[i], NULL);
	assert_true(audit_flush(a, &f));
	same_int("nothing to flush is fine", audit_flush(a, &f), true);
	same_int("beside a running writer", verify(NULL).findings, 0);
	holds("all of it, or how much was left out", verify(NULL).records >= 250);
	for (int i = 0; i < 1000; i++)
		audit_note(a, &(struct audit_entry){ .what = "flood" });
	audit_close(a);
	same_int("a flood is cut and counted", verify(NULL).findings, 0);
	folder_remove();
}

TEST(what_stands_in_a_line)
{
	static const struct {
		const char *rule, *why, *line;
	} rows[] = {
		{ "quotes", "a \"b\" \\ c", "\"why\":\"a \\\"b\\\" \\\\ c\"" },
		{ "a line end", "a\nb", "\"why\":\"a\\nb\"" },
		{ "UTF-8", "caf\xc3\xa9", "\"why\":\"caf\\u00e9\"" },
		{ "beyond the plane", "\xf0\x9f\x98\x80", "\"why\":\"\\ud83d\\ude00\"" },
		{ "no UTF-8", "\xff\xc3", "\"why\":\"\\ufffd\\ufffd\"" },
		{ "a surrogate", "\xed\xa0\x80", "\"why\":\"\\ufffd\\ufffd\\ufffd\"" },
		{ "control", "\x1b[2J", "\"why\":\"\\u001b[2J\"" },
	};
	struct audit *a;
	struct fault f = { 0 };

	folder_make();
	a = open_log(0, AUDIT_NEW);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_true(audit_write(a, &(struct audit_entry){ .what = "test", .why = rows[i].why }, &f));
	audit_close(a);
	keep_all();
	for (size_t k = 0; k < kept_n; k++)
		for (size_t i = 0; strncmp(kept[k].name, "audit-", 6) == 0 && i < COUNT(rows); i++)
			holds(rows[i].rule, memmem(kept[k].p, kept[k].n, rows[i].line, strlen(rows[i].line)) != NULL);
	holds("a log of nobody keeps nothing", audit_write(NULL, &(struct audit_entry){ .what = "x" }, &f));
	forget_all();
	folder_remove();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(ten_thousand_tamperings_are_found),
		RUN(every_flip_cut_loss_and_swap_of_a_small_log),
		RUN(the_end_is_known_by_the_state_and_by_a_head_kept_elsewhere),
		RUN(a_log_that_was_touched_is_not_gone_on_with),
		RUN(a_torn_line_is_cut_and_said),
		RUN(a_state_that_lags_is_caught_up_from_the_lines),
		RUN(the_old_key_is_nowhere),
		RUN(what_is_too_old_goes_and_leaves_a_record), RUN(what_is_too_much_goes_the_oldest_first),
		RUN(threads_note_and_write_beside_each_other),
		RUN(what_stands_in_a_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_seal.c - sealed fields, marks and secret files: what opens, what never does. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nudge/seal.h"

static const uint8_t bytes_a[SEAL_KEY_BYTES] = { 1, 2, 3 };
static const uint8_t bytes_b[SEAL_KEY_BYTES] = { 1, 2, 4 };
static const struct seal_where here = { "appointment", "phone", 42 };

static bool
opens(struct seal_key *k, struct seal_where at, struct span sealed)
{
	struct buf plain;
	bool ok;

	buf_init(&plain, 1 << 20);
	assert_true(buf_add_text(&plain, "before"));
	ok = seal_open(k, at, sealed, &plain);
	holds("what does not open adds nothing", ok || span_is(buf_span(&plain), "before"));
	buf_wipe(&plain);
	return ok;
}

TEST(what_is_sealed_opens)
{
	static const size_t sizes[] = { 0, 1, 12, 15, 16, 17, 255, 4096, 100000 };
	struct seal_key *k = seal_key_new(0x01020304, bytes_a);
	char *text = malloc(100000);

	assert_true(k && text);
	same_int("the key knows its id", seal_key_id(k), 0x01020304);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf sealed, plain;
		uint32_t id = 0;

		memset(text, 'a' + (int)i, sizes[i]);
		buf_init(&sealed, 1 << 20);
		buf_init(&plain, 1 << 20);
		assert_true(buf_add_char(&sealed, '#') && buf_add_char(&plain, '#'));
		assert_true(seal_close(k, here, span_from(text, sizes[i]), &sealed));
		same_int("the overhead is as promised", sealed.n - 1, sizes[i] + SEAL_OVERHEAD);
		holds("version, then the id, big endian",
		    memcmp(sealed.p + 1, "\x01\x01\x02\x03\x04", 5) == 0);
		holds("the id can be read",
		    seal_peek(span_from(sealed.p + 1, sealed.n - 1), &id) && id == 0x01020304);
		assert_true(seal_open(k, here, span_from(sealed.p + 1, sealed.n - 1), &plain));
		same_bytes("the plain text", plain.p + 1, plain.n - 1, text, sizes[i]);
		holds("appended, not replaced", sealed.p[0] == '#' && plain.p[0] == '#');
		buf_wipe(&sealed);
		buf_wipe(&plain);
	}
	free(text);
	seal_key_free(k);
	seal_key_free(NULL);
}

TEST(nothing_else_opens)
{
	static const struct {
		const char *rule;
		struct seal_where at;
		bool opens;
	} rows[] = {
		{ "where it was sealed", { "appointment", "phone", 42 }, true },
		{ "another row", { "appointment", "phone", 43 }, false },
		{ "a row that differs in the highest bit", { "appointment", "phone", 42 ^ INT64_MIN },
		    false },
		{ "another column", { "appointment", "link", 42 }, false },
		{ "another table", { "text", "phone", 42 }, false },
		{ "the border of table and column moved", { "appointmentp", "hone", 42 }, false },
		{ "table and column exchanged", { "phone", "appointment", 42 }, false },
	};
	struct seal_key *k = seal_key_new(7, bytes_a), *same_id = seal_key_new(7, bytes_b),
		*same_bytes_ = seal_key_new(8, bytes_a), *twin = seal_key_new(7, bytes_a);
	struct buf sealed;

	buf_init(&sealed, 1000);
	assert_true(k && same_id && same_bytes_ && twin);
	assert_true(seal_close(k, here, SPAN_LIT("+16085550123"), &sealed));
	holds("promise 7: the plain text is not in it",
	    span_find_nocase(buf_span(&sealed), "6085550123") < 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		same_int(rows[i].rule, opens(k, rows[i].at, buf_span(&sealed)), rows[i].opens);
	holds("not with another key of the same id", !opens(same_id, here, buf_span(&sealed)));
	holds("not with the same key under another id", !opens(same_bytes_, here, buf_span(&sealed)));
	holds("but with the same key made again", opens(twin, here, buf_span(&sealed)));
	for (size_t n = 0; n < sealed.n; n++)
		holds("nothing shorter", !opens(k, here, span_from(sealed.p, n)));
	for (size_t bit = 0; bit < sealed.n * 8; bit++) {
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ 1 << bit % 8);
		holds("no single changed bit", !opens(k, here, buf_span(&sealed)));
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ 1 << bit % 8);
	}
	holds("a failure spoils nothing for the next", opens(k, here, buf_span(&sealed)));
	assert_true(buf_add_char(&sealed, '\0'));
	holds("nothing longer", !opens(k, here, buf_span(&sealed)));
	holds("nothing at all", !opens(k, here, SPAN_NONE));
	buf_wipe(&sealed);
	seal_key_free(k);
	seal_key_free(same_id);
	seal_key_free(same_bytes_);
	seal_key_free(twin);
}

TEST(the_same_text_never_looks_the_same)
{
	struct seal_key *k = seal_key_new(7, bytes_a);
	struct buf one, two;

	buf_init(&one, 1000);
	buf_init(&two, 1000);
	assert_true(seal_close(k, here, SPAN_LIT("+16085550123"), &one));
	assert_true(seal_close(k, here, SPAN_LIT("+16085550123"), &two));
	holds("a nonce of its own", memcmp(one.p + 5, two.p + 5, 12) != 0);
	holds("another ciphertext", memcmp(one.p + 17, two.p + 17, 12) != 0);
	buf_wipe(&one);
	buf_wipe(&two);
	seal_key_free(k);
}

TEST(a_full_buffer_takes_no_half_field)
{
	struct seal_key *k = seal_key_new(7, bytes_a);
	struct buf sealed, whole;

	buf_init(&whole, 1000);
	assert_true(seal_close(k, here, SPAN_LIT("+16085550123"), &whole));
	for (size_t max = 0; max < 12 + SEAL_OVERHEAD; max++) {
		buf_init(&sealed, max);
		holds("refused", !seal_close(k, here, SPAN_LIT("+16085550123"), &sealed) && sealed.n == 0);
		buf_wipe(&sealed);
	}
	buf_init(&sealed, 12 + SEAL_OVERHEAD);
	holds("room to the byte", seal_close(k, here, SPAN_LIT("+16085550123"), &sealed));
	buf_wipe(&sealed);
	buf_init(&sealed, 11);
	holds("no room for the plain text", !seal_open(k, here, buf_span(&whole), &sealed) && sealed.n == 0);
	buf_wipe(&sealed);
	buf_wipe(&whole);
	seal_key_free(k);
}

/* Made by another program from the words of the header, with the nonce 1 .. 12:
 * an old database must stay readable. */
TEST(a_field_of_yesterday_opens_today)
{
	static const uint8_t kept[] = { 0x01, 0xa1, 0xb2, 0xc3, 0xd4, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
		0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x8f, 0xdd, 0x2f, 0xbb, 0x2a, 0x30, 0xdf, 0xcd, 0x4c,
		0xc9, 0x67, 0x24, 0x13, 0xca, 0x1a, 0x36, 0x9d, 0x3e, 0x93, 0x5a, 0xea, 0xc5, 0x87, 0x98,
		0xa1, 0x6a, 0x20, 0xea };
	struct seal_key *k = seal_key_new(0xa1b2c3d4, bytes_a);
	struct buf plain;

	buf_init(&plain, 100);
	holds("the layout has not changed", seal_open(k, here, span_from(kept, sizeof kept), &plain));
	same_text("nor the text", buf_text(&plain), "+16085550123");
	buf_wipe(&plain);
	seal_key_free(k);
}

TEST(marks)
{
	static const struct {
		const char *rule, *purpose, *value;
		bool same;
	} rows[] = {
		{ "same purpose, same value", "phone", "+16085550123", true },
		{ "another purpose", "patient", "+16085550123", false },
		{ "another value", "phone", "+16085550124", false },
		{ "the border of purpose and value moved", "phone+", "16085550123", false },
		{ "no value", "phone", "", false },
	};
	/* printf 'phone\0+16085550123' | openssl dgst -sha256 -hmac key, the first half */
	static const uint8_t known[MARK_BYTES] = { 0x3a, 0xc8, 0x5a, 0x2f, 0x59, 0x6c, 0xd5, 0x6b,
		0xb2, 0x58, 0x18, 0xea, 0x26, 0x86, 0xaf, 0x21 };
	struct mark_key *k = mark_key_new((const uint8_t *)"key", 3),
		*other = mark_key_new((const uint8_t *)"kez", 3);
	uint8_t first[MARK_BYTES], mark[MARK_BYTES];

	assert_true(k && other && mark_make(k, "phone", SPAN_LIT("+16085550123"), first));
	same_bytes("HMAC-SHA-256, cut", first, sizeof first, known, sizeof known);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(mark_make(k, rows[i].purpose, span_of(rows[i].value), mark));
		same_int(rows[i].rule, memcmp(mark, first, MARK_BYTES) == 0, rows[i].same);
	}
	assert_true(mark_make(other, "phone", SPAN_LIT("+16085550123"), mark));
	holds("another key", memcmp(mark, first, MARK_BYTES) != 0);
	mark_key_free(k);
	mark_key_free(other);
	mark_key_free(NULL);
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, 12);
}

/* Twice the same under one key would tell what is sealed. */
TEST(no_nonce_comes_twice)
{
	static uint8_t nonces[4000][12];
	struct seal_key *k = seal_key_new(7, bytes_a), *copied = seal_key_copy(k);
	struct buf out;

	for (int i = 0; i < 4000; i++) {
		buf_init(&out, 200);
		holds("sealed", seal_close(i % 2 ? copied : k, (struct seal_where){ "t", "c", i }, span_of("x"), &out) && out.n > 17);
		memcpy(nonces[i], out.p + 5, 12);
		buf_clear(&out);
	}
	qsort(nonces, 4000, sizeof nonces[0], by_bytes);
	for (int i = 1; i < 4000; i++)
		holds("no nonce twice", memcmp(nonces[i - 1], nonces[i], 12) != 0);
	seal_key_free(k);
	seal_key_free(copied);
}

TEST(chance_and_wiping)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };
	static const uint8_t zero[32];

	holds("given", seal_random(a, sizeof a) && seal_random(b, sizeof b));
	holds("and not the same twice", memcmp(a, b, sizeof a) != 0);
	holds("no more than OpenSSL can give", !seal_random(a, (size_t)INT32_MAX + 1));
	seal_wipe(a, sizeof a);
	same_bytes("wiped", a, sizeof a, zero, sizeof zero);
}

/* ---- secret files ---- */

struct folder {
	char path[64], file[96];
};

static void
folder_make(struct folder *d)
{
	(void)snprintf(d->path, sizeof d->path, "/tmp/nudge-seal-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	(void)snprintf(d->file, sizeof d->file, "%s/store.key", d->path);
}

static void
folder_clear(struct folder *d)
{
	(void)unlink(d->file);
	assert_int_equal(rmdir(d->path), 0);
}

static void
file_put(const char *path, struct span content, mode_t mode)
{
	int fd;

	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0 && write(fd, content.p, content.n) == (ssize_t)content.n &&
	    fchmod(fd, mode) == 0);
	(void)close(fd);
}

#define KEY "nudge-store-key-1 "
#define GOOD "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="

TEST(a_key_file)
{
	struct folder d;
	struct stat st;
	struct fault f = { 0 };
	uint8_t one[SEAL_KEY_BYTES], two[SEAL_KEY_BYTES];
	mode_t was = umask(0);

	folder_make(&d);
	assert_true(seal_keyfile_make(d.file, &f));
	(void)umask(was);
	assert_int_equal(stat(d.file, &st), 0);
	same_int("of mode 0600 whatever the umask", st.st_mode & 07777, 0600);
	same_int("one line", st.st_size, strlen(KEY) + 44 + 1);
	assert_true(seal_keyfile_read(d.file, one, &f));
	holds("never overwritten", !seal_keyfile_make(d.file, &f) && f.kind == FAULT_OPERATOR);
	holds("and says so, with the file's name",
	    strstr(f.text, d.file) && strstr(f.text, "never overwritten"));
	assert_true(seal_keyfile_read(d.file, two, &f));
	holds("the old key is still there", memcmp(one, two, sizeof one) == 0);
	assert_int_equal(unlink(d.file), 0);
	assert_true(seal_keyfile_make(d.file, &f) && seal_keyfile_read(d.file, two, &f));
	holds("each key is new", memcmp(one, two, sizeof one) != 0);
	assert_int_equal(unlink(d.file), 0);
	assert_int_equal(symlink("elsewhere", d.file), 0);
	holds("not through a link", !seal_keyfile_make(d.file, &f));
	folder_clear(&d);
	holds("not where no folder is", !seal_keyfile_make(d.file, &f) && strstr(f.text, d.file));
}

TEST(the_form_of_a_key_file)
{
	static const struct {
		const char *rule;
		struct span content;
		bool ok;
	} rows[] = {
		{ "as written", SPAN_LIT(KEY GOOD "\n"), true },
		{ "without a line end", SPAN_LIT(KEY GOOD), true },
		{ "an editor's line ends", SPAN_LIT(KEY GOOD "\r\n\n"), true },
		{ "empty", SPAN_LIT(""), false },
		{ "only the name", SPAN_LIT(KEY), false },
		{ "only the key", SPAN_LIT(GOOD "\n"), false },
		{ "of another kind", SPAN_LIT("nudge-store-key-2 " GOOD "\n"), false },
		{ "a character short", SPAN_LIT(KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy=\n"), false },
		{ "31 bytes", SPAN_LIT(KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==\n"), false },
		{ "33 bytes", SPAN_LIT(KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAh\n"), false },
		{ "bits behind the end", SPAN_LIT(KEY "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB=\n"),
		    false },
		{ "no Base64", SPAN_LIT(KEY "AQIDBAUGBwgJCgsMDQ4P*BESExQVFhcYGRobHB0eHyA=\n"), false },
		{ "a second line", SPAN_LIT(KEY GOOD "\n" KEY GOOD "\n"), false },
		{ "a zero byte behind", SPAN_LIT(KEY GOOD "\0"), false },
		{ "something before", SPAN_LIT(" " KEY GOOD "\n"), false },
	};
	struct folder d;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t key[SEAL_KEY_BYTES];
		struct fault f = { 0 };

		memset(key, '#', sizeof key);
		file_put(d.file, rows[i].content, 0600);
		same_int(rows[i].rule, seal_keyfile_read(d.file, key, &f), rows[i].ok);
		for (int n = 0; n < SEAL_KEY_BYTES; n++)
			same_int(rows[i].rule, key[n], rows[i].ok ? n + 1 : '#');
		if (!rows[i].ok)
			holds("names the file and the command",
			    strstr(f.text, d.file) && strstr(f.text, "nudgectl keygen"));
		holds("promise 7: the key is in no message", !strstr(f.text, "AQID"));
	}
	folder_clear(&d);
}

static void
run(const char *command)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	same_int(command, status, 0);
}

TEST(who_may_read_a_secret)
{
	static const struct {
		const char *rule;
		uid_t owner; /* 1: somebody else */
		mode_t mode;
		bool as_root, as_user;
		const char *says;
	} rows[] = {
		{ "its owner only", 0, 0600, true, true, NULL },
		{ "its owner, reading", 0, 0400, true, true, NULL },
		{ "root's, and a group that reads", 0, 0640, true, false, "chmod " },
		{ "a group that writes", 0, 0620, false, false, "chmod " },
		{ "a group that runs", 0, 0610, false, false, "chmod " },
		{ "others read", 0, 0604, false, false, "chmod " },
		{ "others write", 0, 0602, false, false, "chmod " },
		{ "others run", 0, 0601, false, false, "chmod " },
		{ "everybody", 0, 0666, false, false, "chmod " },
		{ "another user's", 1, 0600, false, false, "chown " },
	};
	struct folder d;
	bool root = geteuid() == 0;

	folder_make(&d);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		if (rows[i].owner && !root)
			continue; /* only root can give a file away */
		file_put(d.file, SPAN_LIT(KEY GOOD "\n"), rows[i].mode);
		if (rows[i].owner)
			assert_int_equal(chown(d.file, 4711, 4711), 0);
		bool want = root ? rows[i].as_root : rows[i].as_user;

		same_int(rows[i].rule, secret_file_ok(d.file, &f), want);
		if (rows[i].owner) { /* root looks after it: whose it is does not matter, what others may do does */
			holds("closed", secret_file_closed(d.file, &f));
			assert_int_equal(chmod(d.file, 0640), 0);
			holds("its group reads", !secret_file_closed(d.file, &f) && strstr(f.text, "chmod go-rwx"));
			assert_int_equal(chmod(d.file, rows[i].mode), 0);
		} else {
			same_int("of one's own both say the same", secret_file_closed(d.file, &f), want);
		}
		same_int("reading a key asks the same",
		    seal_keyfile_read(d.file, (uint8_t[SEAL_KEY_BYTES]){ 0 }, &f), want);
		if (want)
			continue;
		const char *command = strstr(f.text, rows[i].says);

		holds("names the file and a command",
		    strstr(f.text, d.file) && command && f.kind == FAULT_OPERATOR);
		run(command);
		holds("which mends it", secret_file_ok(d.file, &f));
	}
	folder_clear(&d);
}

TEST(what_is_no_file)
{
	struct folder d;
	struct fault f = { 0 };

	folder_make(&d);
	holds("not there",
	    !secret_file_ok(d.file, &f) && strstr(f.text, d.file) && strstr(f.text, "No such file"));
	holds("a folder", !secret_file_ok(d.path, &f) && strstr(f.text, "not a regular file"));
	assert_int_equal(mkfifo(d.file, 0600), 0);
	holds("a pipe, without waiting for a writer",
	    !seal_keyfile_read(d.file, (uint8_t[SEAL_KEY_BYTES]){ 0 }, &f));
	folder_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_sealed_opens), RUN(nothing_else_opens),
		RUN(the_same_text_never_looks_the_same), RUN(a_full_buffer_takes_no_half_field),
		RUN(a_field_of_yesterday_opens_today), RUN(marks), RUN(no_nonce_comes_twice), RUN(chance_and_wiping), RUN(a_key_file),
		RUN(the_form_of_a_key_file), RUN(who_may_read_a_secret), RUN(what_is_no_file) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

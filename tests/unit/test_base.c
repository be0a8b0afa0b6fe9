/* test_base.c - the ground: bytes, buffers, clocks, queue, log, seals, key files. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/arena.h"
#include "nudge/clock.h"
#include "nudge/digest.h"
#include "nudge/log.h"
#include "nudge/queue.h"
#include "nudge/seal.h"

TEST(spans)
{
	struct span rest;
	uint64_t n = 7;

	holds("folding", span_eq_nocase(span_of("PatienT"), span_of("pATIENt")) && !span_is_nocase(span_of("a"), "ab"));
	holds("trim", span_is(span_trim(span_of(" \t a b \t")), "a b"));
	holds("cut", span_is(span_cut(span_of("a^b^c"), '^', &rest), "a") && span_is(rest, "b^c"));
	holds("cut without", span_is(span_cut(span_of("abc"), '^', &rest), "abc") && rest.p == NULL);
	same_int("find", span_find_nocase(span_of("endpoint=x;AccessKey=y"), "accesskey="), 11);
	holds("a number", span_to_u64(span_of("18446744073709551615"), UINT64_MAX, &n) && n == UINT64_MAX);
	holds("too large by one", !span_to_u64(span_of("18446744073709551616"), UINT64_MAX, &n));
	holds("limits", span_to_u64(span_of("99"), 99, &n) && !span_to_u64(span_of("100"), 99, &n) && !span_to_u64(span_of("9"), 8, &n));
	holds("no number", !span_to_u64(span_of(""), 9, &n) && !span_to_u64(span_of("-1"), 9, &n) && !span_to_u64(span_of("1 "), 9, &n));
}

TEST(buffers_have_a_ceiling)
{
	struct buf b;

	buf_init(&b, 10);
	holds("up to it", buf_add(&b, "0123456789", 10));
	holds("not beyond", !buf_add_char(&b, 'x') && b.n == 10 && b.spoilt);
	same_text("spoilt gives nothing", buf_text(&b), "");
	buf_reset(&b);
	holds("formatted", buf_addf(&b, "%d-%s", 42, "abc") && span_is(buf_span(&b), "42-abc"));
	same_text("terminated", buf_text(&b), "42-abc");
	buf_drop_front(&b, 3);
	same_text("from the front", buf_text(&b), "abc");
	holds("formatted beyond", !buf_addf(&b, "%s", "01234567") && b.n == 3);
	buf_wipe(&b);
}

TEST(arenas_have_a_ceiling)
{
	struct arena a;

	arena_init(&a, 20000);
	char *p = arena_take(&a, 100), *q = arena_take(&a, 9000);

	holds("aligned and zeroed", p && q && (uintptr_t)p % 16 == 0 && (uintptr_t)q % 16 == 0 && p[99] == 0);
	holds("not beyond", !arena_take(&a, 20000) && !arena_take(&a, SIZE_MAX));
	holds("a copy", span_is(arena_copy(&a, span_of("hello")), "hello"));
	arena_reset(&a);
	holds("all again", arena_take(&a, 15000) != NULL);
	arena_clear(&a);
}

TEST(dates)
{
	static const struct {
		int64_t at;
		const char *rfc3339, *http;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 951782400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 1795208400, "2026-11-20T21:00:00Z", "Fri, 20 Nov 2026 21:00:00 GMT" },
		{ 2147483648, "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT" },
		{ 4107542400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT" },
		{ -1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[CLOCK_TEXT_MAX];

		clock_rfc3339(rows[i].at, text);
		same_text("RFC 3339", text, rows[i].rfc3339);
		clock_http_date(rows[i].at, text);
		same_text("IMF-fixdate", text, rows[i].http);
	}
}

struct item {
	struct queue_link link;
	int n;
};

static void *
give_many(void *q)
{
	for (int i = 0; i < 100000; i++) {
		struct item *x = malloc(sizeof *x);

		x->n = i;
		queue_give(q, &x->link);
	}
	return NULL;
}

TEST(a_queue_between_threads_keeps_the_order)
{
	struct queue *q = queue_new();
	pthread_t t;
	int want = 0;

	assert_non_null(q);
	assert_int_equal(pthread_create(&t, NULL, give_many, q), 0);
	while (want < 100000)
		for (struct queue_link *l = queue_take_all(q), *next; l; l = next) {
			next = l->next;
			same_int("in order", ((struct item *)(void *)l)->n, want);
			want++;
			free(l);
		}
	(void)pthread_join(t, NULL);
	holds("then empty", queue_take_all(q) == NULL);
	queue_free(q);
}

static const uint8_t key_bytes[SEAL_KEY_BYTES] = { 1, 2, 3 };
static const struct seal_where place = { "appointment", "phone", 42 };

TEST(a_sealed_field_opens_only_where_it_was_sealed)
{
	struct seal_key *k = seal_key_new(77, key_bytes);
	struct buf sealed, plain;
	uint32_t id;

	buf_init(&sealed, 1000);
	buf_init(&plain, 1000);
	assert_true(seal_close(k, place, span_of("+16085550123"), &sealed));
	same_int("overhead", sealed.n, 12 + SEAL_OVERHEAD);
	holds("the key is named", seal_peek(buf_span(&sealed), &id) && id == 77);
	holds("promise 7: unreadable", span_find_nocase(buf_span(&sealed), "6085550123") < 0);
	assert_true(seal_open(k, place, buf_span(&sealed), &plain));
	same_text("opened", buf_text(&plain), "+16085550123");
	buf_reset(&plain);
	holds("another row", !seal_open(k, (struct seal_where){ "appointment", "phone", 43 }, buf_span(&sealed), &plain));
	holds("another column", !seal_open(k, (struct seal_where){ "appointment", "link", 42 }, buf_span(&sealed), &plain));
	holds("another table", !seal_open(k, (struct seal_where){ "body", "phone", 42 }, buf_span(&sealed), &plain));
	holds("cut", !seal_open(k, place, span_from(sealed.p, sealed.n - 1), &plain));
	for (size_t bit = 0; bit < sealed.n * 8; bit++) {
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ 1 << bit % 8);
		holds("no flipped bit goes unseen", !seal_open(k, place, buf_span(&sealed), &plain) && plain.n == 0);
		sealed.p[bit / 8] = (char)(sealed.p[bit / 8] ^ 1 << bit % 8);
	}
	buf_reset(&sealed);
	holds("of nothing too", seal_close(k, place, SPAN_NONE, &sealed) && seal_open(k, place, buf_span(&sealed), &plain) && plain.n == 0);
	seal_key_free(k);
	buf_wipe(&sealed);
	buf_wipe(&plain);
}

TEST(marks)
{
	struct mark_key *k = mark_key_new(key_bytes, sizeof key_bytes), *other = mark_key_new((const uint8_t *)"other", 5);
	uint8_t a[MARK_BYTES], b[MARK_BYTES];

	assert_true(mark_make(k, "phone", span_of("+16085550123"), a) && mark_make(k, "phone", span_of("+16085550123"), b));
	assert_memory_equal(a, b, MARK_BYTES);
	assert_true(mark_make(k, "patient", span_of("+16085550123"), b));
	assert_memory_not_equal(a, b, MARK_BYTES);
	assert_true(mark_make(other, "phone", span_of("+16085550123"), b));
	assert_memory_not_equal(a, b, MARK_BYTES);
	mark_key_free(k);
	mark_key_free(other);
}

TEST(what_the_machine_is_short_of_passes)
{
	static const int passes[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, EDQUOT, EIO, EINTR }, stays[] = { ENOENT, EACCES, EPERM, ENOTDIR, EROFS, ELOOP };

	for (size_t i = 0; i < COUNT(passes); i++)
		same_int(strerror(passes[i]), fault_kind_of(passes[i]), FAULT_BUSY);
	for (size_t i = 0; i < COUNT(stays); i++)
		same_int(strerror(stays[i]), fault_kind_of(stays[i]), FAULT_OPERATOR);
}

TEST(key_files)
{
	char folder[] = "/tmp/nudge-base-XXXXXX", path[64];
	uint8_t a[SEAL_KEY_BYTES], b[SEAL_KEY_BYTES];
	struct fault f = { 0 };
	FILE *file;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/store.key", folder);
	assert_true(seal_keyfile_make(path, &f));
	holds("never overwritten", !seal_keyfile_make(path, &f) && strstr(f.text, "never overwritten"));
	assert_true(seal_keyfile_read(path, a, &f) && seal_keyfile_read(path, b, &f));
	assert_memory_equal(a, b, sizeof a);
	assert_int_equal(chmod(path, 0644), 0);
	holds("open to others", !seal_keyfile_read(path, a, &f) && strstr(f.text, "chmod"));
	assert_int_equal(chmod(path, 0600), 0);
	file = fopen(path, "w");
	(void)fputs("hello\n", file);
	(void)fclose(file);
	holds("no key", !seal_keyfile_read(path, a, &f) && strstr(f.text, "keygen"));
	(void)unlink(path);
	holds("not there", !seal_keyfile_read(path, a, &f) && strstr(f.text, path));
	(void)rmdir(folder);
}

TEST(a_log_line)
{
	int out[2], was = dup(STDERR_FILENO);
	char line[4096] = "";
	struct fault f = { FAULT_BUSY, "disk \"full\"\nnow" };

	assert_int_equal(pipe(out), 0);
	(void)dup2(out[1], STDERR_FILENO);
	(void)unsetenv("JOURNAL_STREAM");
	log_open("nudged", LOG_INFO);
	log_debug("not said");
	log_warn("frame refused", log_name("listener", "epic"), log_int("bytes", 12), log_msh("msh3", span_of("A\x1b[1m B")), log_fault(&f));
	(void)dup2(was, STDERR_FILENO);
	(void)close(was);
	(void)close(out[1]);
	assert_true(read(out[0], line, sizeof line - 1) > 0);
	(void)close(out[0]);
	same_text("promise 8: escaped, one line, nothing free", line + 25,
	    "nudged warning what=\"frame refused\" listener=epic bytes=12 msh3=\"A\\x1b[1m B\" why=\"disk \\\"full\\\"\\x0anow\"\n");
}

TEST(hashes)
{
	uint8_t hash[DIGEST_BYTES], back[2];
	char hex[65];

	assert_true(digest_sha256(span_of("abc"), hash));
	digest_hex(hash, sizeof hash, hex);
	same_text("FIPS 180-4", hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	holds("back", digest_unhex(span_of("ba78"), back, 2) && back[0] == 0xba && !digest_unhex(span_of("bx78"), back, 2) &&
	    !digest_unhex(span_of("ba7"), back, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(spans), RUN(buffers_have_a_ceiling), RUN(arenas_have_a_ceiling), RUN(dates),
		RUN(a_queue_between_threads_keeps_the_order), RUN(a_sealed_field_opens_only_where_it_was_sealed), RUN(marks),
		RUN(what_the_machine_is_short_of_passes), RUN(key_files), RUN(a_log_line), RUN(hashes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_audit_scarce.c - an audit log whose digests fail for want of memory, one after the other: no confirmed record is lost, and the chain holds. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nudge/audit_verify.h"

#define RECORDS 5

static char folder[64];
static long asked, refuse_at; /* which of OpenSSL's digests fails; 0: none */

static bool
refused(void)
{
	return ++asked == refuse_at;
}

/* In place of OpenSSL's, for all that is linked here. */
int
EVP_Digest(const void *data, size_t n, unsigned char *out, unsigned *out_n, const EVP_MD *md, ENGINE *e)
{
	static int (*real)(const void *, size_t, unsigned char *, unsigned *, const EVP_MD *, ENGINE *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "EVP_Digest");
	return refused() ? 0 : real(data, n, out, out_n, md, e);
}

unsigned char *
HMAC(const EVP_MD *md, const void *key, int key_n, const unsigned char *data, size_t n, unsigned char *out, unsigned *out_n)
{
	static unsigned char *(*real)(const EVP_MD *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "HMAC");
	return refused() ? NULL : real(md, key, key_n, data, n, out, out_n);
}

static bool
open_log(struct audit **a, struct fault *f)
{
	struct audit_setup s = { .directory = folder, .retention_s = 400 * 86400LL };
	enum audit_begun begun;

	return audit_open(&s, a, &begun, f);
}

/* Written, again when it was not. */
static void
write_one(struct audit *a, int n)
{
	struct fault f = { .kind = FAULT_NONE };
	char id[16];
	struct audit_entry e = { .what = "site.hold", .kind = "site", .id = id };

	(void)snprintf(id, sizeof id, "site-%d", n);
	if (audit_write(a, &e, &f))
		return;
	same_int("it passes by itself", f.kind, FAULT_BUSY);
	holds("the next try", audit_write(a, &e, &f));
}

static void
told(void *ctx, const struct audit_finding *x)
{
	(void)ctx;
	print_error("%s:%lld: %s\n", x->file, (long long)x->line, x->what);
}

static int64_t
records(void)
{
	uint8_t key[SEAL_KEY_BYTES];
	struct audit_verdict v;
	struct fault f = { .kind = FAULT_NONE };
	char path[96];

	(void)snprintf(path, sizeof path, "%s/first.key", folder);
	holds(f.text, seal_keyfile_read(path, key, &f) && audit_verify(folder, key, NULL, told, NULL, &v, &f));
	same_int("nothing is found in it", v.findings, 0);
	return v.records;
}

static void
empty(void)
{
	DIR *d = opendir(folder);

	for (struct dirent *x; d && (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	if (d)
		(void)closedir(d);
}

/* One life: opened, written, ended, opened again. true: no digest was refused any more. */
static bool
live(long n)
{
	struct audit *a = NULL;
	struct fault f = { .kind = FAULT_NONE };
	int64_t n_there;
	bool last;

	asked = 0;
	refuse_at = n;
	for (int life = 0; life < 2; life++) {
		if (!open_log(&a, &f)) {
			same_int("a start that lacks memory is tried again", f.kind, FAULT_BUSY);
			holds("and works then", open_log(&a, &f));
		}
		for (int i = 0; i < RECORDS; i++)
			write_one(a, i);
		audit_close(a);
	}
	last = asked < n;
	refuse_at = 0;
	n_there = records();
	holds("each that was confirmed, and at most the one that could not be", n_there == 2 * RECORDS || n_there == 2 * RECORDS + 1);
	empty();
	return last;
}

/* pain: memory was short for a moment, and the service never starts again */
TEST(a_digest_that_fails_spoils_no_log)
{
	long n = 1;

	(void)snprintf(folder, sizeof folder, "/tmp/nudge-audit-XXXXXX");
	assert_non_null(mkdtemp(folder));
	while (!live(n))
		n++;
	holds("many were refused", n > 4 * RECORDS);
	(void)rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_digest_that_fails_spoils_no_log) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

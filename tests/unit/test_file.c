/* test_file.c - a file that a configuration names is a plain one, of text, and not larger than it may be. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/file.h"

#define MAX 16

static char folder[64];

static void
write_file(const char *path, const char *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

TEST(what_is_read_is_all_of_it)
{
	static const struct {
		const char *rule, *bytes;
		size_t n;
		const char *fault, *text_fault; /* of file_read_bytes(), of file_read(); NULL: it is read */
	} rows[] = {
		{ "nothing", "", 0, NULL, NULL },
		{ "a line", "one\n", 4, NULL, NULL },
		{ "as much as may be", "0123456789abcdef", MAX, NULL, NULL },
		{ "a byte more", "0123456789abcdef0", MAX + 1, "has over 16 bytes", "has over 16 bytes" },
		{ "a zero byte", "one\0two", 7, NULL, "not a text file" },
		{ "a zero byte at the end", "one", 4, NULL, "not a text file" },
	};
	char path[96];

	(void)snprintf(path, sizeof path, "%s/file", folder);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		char *out = NULL;
		size_t n = 0;

		write_file(path, rows[i].bytes, rows[i].n);
		same_int(rows[i].rule, file_read_bytes(path, MAX, &out, &n, &f), !rows[i].fault);
		if (rows[i].fault)
			holds(rows[i].rule, strstr(f.text, rows[i].fault) && strstr(f.text, path) && f.kind == FAULT_OPERATOR && !out);
		else
			same_bytes(rows[i].rule, out, n, rows[i].bytes, rows[i].n);
		free(out);
		out = NULL;
		same_int(rows[i].rule, file_read(path, MAX, &out, &f), !rows[i].text_fault);
		holds(rows[i].rule, !rows[i].text_fault ? strlen(out) == rows[i].n : !out && strstr(f.text, rows[i].text_fault) != NULL);
		free(out);
	}
	assert_int_equal(unlink(path), 0);
}

/* None of them must make a start or a reload wait. */
TEST(what_is_no_plain_file_is_refused)
{
	char pipe[96], gone[96];
	const struct {
		const char *rule, *path, *fault;
	} rows[] = {
		{ "a pipe that nobody writes", pipe, "not a regular file" },
		{ "a folder", folder, "not a regular file" },
		{ "a device", "/dev/zero", "not a regular file" },
		{ "a file that is not there", gone, "cannot be read" },
		{ "a plain file that the disk does not give", "/proc/self/mem", "cannot be read" },
	};

	(void)snprintf(pipe, sizeof pipe, "%s/pipe", folder);
	(void)snprintf(gone, sizeof gone, "%s/gone", folder);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault f = { 0 };
		char *out = NULL;

		holds(rows[i].rule, !file_read(rows[i].path, MAX, &out, &f) && !out);
		if (!strstr(f.text, rows[i].fault) || !strstr(f.text, rows[i].path))
			fail_msg("%s: %s", rows[i].rule, f.text);
	}
	assert_int_equal(unlink(pipe), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_is_read_is_all_of_it), RUN(what_is_no_plain_file_is_refused) };
	int failed;

	(void)snprintf(folder, sizeof folder, "/tmp/nudge-file.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}

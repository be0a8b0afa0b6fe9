/* test_log_gather.c - what is written to the log leaves in order, in few calls, and its errors are heard. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "store/sqlite/log_gather.h"

#define FILE_MAX 300000

static struct {
	sqlite3_file file;
	char bytes[FILE_MAX];
	int writes, code;
} disk;

static int
disk_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	(void)f;
	disk.writes++;
	assert_true(n > 0 && n < 128 << 10); /* what the default VFS can do in one call */
	assert_true(at >= 0 && at + n <= FILE_MAX);
	if (disk.code == SQLITE_OK)
		memcpy(disk.bytes + at, from, (size_t)n);
	return disk.code;
}

static const sqlite3_io_methods disk_methods = { .iVersion = 1, .xWrite = disk_write };

static int
begin(void **state)
{
	memset(&disk, 0, sizeof disk);
	disk.file.pMethods = &disk_methods;
	*state = log_gather_new();
	return *state ? 0 : -1;
}

static int
end(void **state)
{
	log_gather_free(*state);
	return 0;
}

static void
put(struct log_gather *g, char what, int n, sqlite3_int64 at)
{
	char block[4096];

	memset(block, what, sizeof block);
	assert_int_equal(log_gather_write(g, &disk.file, block, n, at), SQLITE_OK);
}

static void
frames_leave_in_one_call(void **state)
{
	for (int i = 0; i < 10; i++) {
		put(*state, 'h', 24, 32 + i * 4120);
		put(*state, (char)('A' + i), 4096, 56 + i * 4120);
	}
	assert_int_equal(disk.writes, 0);
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_OK);
	assert_int_equal(disk.writes, 1);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(disk.bytes[32 + i * 4120], 'h');
		assert_int_equal(disk.bytes[56 + i * 4120], 'A' + i);
		assert_int_equal(disk.bytes[56 + i * 4120 + 4095], 'A' + i);
	}
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_OK);
	assert_int_equal(disk.writes, 1);
}

static void
more_than_fits_leaves_in_pieces(void **state)
{
	for (int i = 0; i < 70; i++)
		put(*state, (char)('0' + i), 4096, i * 4096);
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_OK);
	assert_in_range(disk.writes, 2, 4);
	for (int i = 0; i < 70; i++)
		assert_int_equal(disk.bytes[i * 4096 + 2000], '0' + i);
}

static void
another_place_ends_what_was_gathered(void **state)
{
	put(*state, 'a', 100, 1000);
	put(*state, 'b', 100, 0);
	assert_int_equal(disk.writes, 1);
	put(*state, 'c', 50, 1000); /* over what was there: order counts */
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_OK);
	assert_int_equal(disk.bytes[0], 'b');
	assert_int_equal(disk.bytes[1000], 'c');
	assert_int_equal(disk.bytes[1060], 'a');
}

static void
a_piece_larger_than_all_room_is_written_as_it_is(void **state)
{
	static char large[129000];

	memset(large, 'L', sizeof large);
	put(*state, 'a', 100, 0);
	assert_int_equal(log_gather_write(*state, &disk.file, large, sizeof large, 100), SQLITE_OK);
	assert_int_equal(disk.writes, 2);
	assert_int_equal(disk.bytes[99], 'a');
	assert_int_equal(disk.bytes[100], 'L');
}

static void
an_error_is_told_once_and_what_failed_is_forgotten(void **state)
{
	put(*state, 'a', 100, 0);
	disk.code = SQLITE_FULL;
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_FULL);
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_OK);
	put(*state, 'b', 100, 0);
	assert_int_equal(log_gather_write(*state, &disk.file, "x", 1, 5000), SQLITE_FULL);
	disk.code = SQLITE_OK;
	put(*state, 'c', 100, 0);
	assert_int_equal(log_gather_flush(*state, &disk.file), SQLITE_OK);
	assert_int_equal(disk.bytes[0], 'c');
	assert_int_equal(disk.bytes[5000], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames_leave_in_one_call, begin, end),
		cmocka_unit_test_setup_teardown(more_than_fits_leaves_in_pieces, begin, end),
		cmocka_unit_test_setup_teardown(another_place_ends_what_was_gathered, begin, end),
		cmocka_unit_test_setup_teardown(a_piece_larger_than_all_room_is_written_as_it_is, begin, end),
		cmocka_unit_test_setup_teardown(an_error_is_told_once_and_what_failed_is_forgotten, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

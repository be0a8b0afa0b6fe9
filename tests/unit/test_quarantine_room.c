/* test_quarantine_room.c - the quarantine has room for so much, less when the disk runs low: the oldest go, and what they held stays held. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PHONE "+16085550123"
#define DAY ((int64_t)86400)
#define MIB 1048576

static int told_full;

static void
count_full(const char *what)
{
	told_full += strstr(what, "quarantine_max") != NULL;
}

static int64_t
kept(struct rig *r, int64_t *bytes)
{
	int64_t n;

	store_quarantine_size(r->store, &n, bytes);
	return n;
}

static void
begin(struct rig *r, const char *settings)
{
	char with[200];

	rig_open(r, 6000, 60, "");
	(void)snprintf(with, sizeof with, "%s store_key", settings);
	rig_change(r, "store_key", with);
	told_full = 0;
	r->on_alarm = count_full;
}

TEST(the_oldest_go_and_what_they_held_waits_on)
{
	int64_t bytes;
	struct rig r;

	begin(&r, "quarantine_max = 3MiB");
	(void)tell(&r, (struct say){ .id = "A1", .phone = PHONE, .in_s = 2 * DAY });
	doubt_large(&r, "A1", MIB);
	doubt_large(&r, "", MIB);
	same_int("two", kept(&r, &bytes), 2);
	same_int("nothing went", told_full, 0);
	doubt_large(&r, "", MIB);
	same_int("the first made room", kept(&r, &bytes), 2);
	same_int("which is told", told_full, 1);
	doubt_large(&r, "", MIB);
	same_int("once", told_full, 1);
	pass(&r, 120);
	same_int("what it was about waits, for nobody knows", r.jobs_n, 0);
	same_int("held", status(&r)->texts[TEXT_HELD] > 0, 1);
	same_int("how many went", r.status.quarantine_dropped, 2);
	rig_close(&r);
}

TEST(the_newest_is_kept_even_if_it_is_larger_than_all)
{
	int64_t bytes;
	struct rig r;

	begin(&r, "quarantine_max = 1MiB");
	doubt_large(&r, "", 100);
	doubt_large(&r, "", 2 * MIB);
	same_int("it alone", kept(&r, &bytes), 1);
	holds("whole", bytes > 2 * MIB);
	same_int("what went for it is counted", status(&r)->quarantine_dropped, 1);
	same_int("and told", told_full, 1);
	rig_close(&r);
}

/* pain: the disk fills up with what nobody looks at, and then nothing is taken any more */
TEST(when_the_disk_runs_low_little_is_kept)
{
	int64_t bytes;
	struct rig r;
	int alarms;

	begin(&r, "quarantine_max = 64MiB disk_shed = 1GiB disk_warn = 2GiB disk_stop = 10MiB");
	r.free_bytes = 100LL << 30;
	for (int i = 0; i < 150; i++)
		doubt_large(&r, "", 20000);
	same_int("all are kept", kept(&r, &bytes), 150);
	r.free_bytes = 500LL << 20;
	alarms = told_full;
	(void)turn(&r, NULL, NULL, NULL);
	holds("a megabyte stays, of the newest", kept(&r, &bytes) > 0 && bytes <= MIB);
	same_int("it is the disk that is told of, not a setting", told_full, alarms);
	same_int("the rest is counted", status(&r)->quarantine_dropped, 150 - kept(&r, &bytes));
	(void)turn(&r, NULL, NULL, NULL);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(the_oldest_go_and_what_they_held_waits_on), RUN(the_newest_is_kept_even_if_it_is_larger_than_all),
		RUN(when_the_disk_runs_low_little_is_kept) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

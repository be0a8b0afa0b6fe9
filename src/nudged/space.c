/* space.c - how much room the disks have that must not fill. */
// SPDX-License-Identifier: Apache-2.0
#include <sys/statvfs.h>

#include "nudged/house.h"

/* What we may still write there: the reserve of root is not ours. 0: not known. */
static int64_t
free_at(const char *directory)
{
	struct statvfs v;

	if (!directory[0] || statvfs(directory, &v) != 0)
		return 0;
	return v.f_bavail > 0 ? (int64_t)v.f_bavail * (int64_t)v.f_frsize : 1;
}

void
space_tick(struct house *h)
{
	const struct conf *c = h->settings.rules->conf;
	int64_t store = free_at(c->state_directory), journal = free_at(c->journal_directory);

	atomic_store(&h->room.free_bytes, journal > 0 && (store == 0 || journal < store) ? journal : store);
}

/* readers.c - whether the program that needs a secret may read what an administrator put there. */
// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "conf/options.h"

#define GROUPS_MAX 64

static bool
is_in(gid_t group, const struct passwd *p)
{
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (getgrouplist(p->pw_name, p->pw_gid, groups, &n) < 0)
		return true; /* in more than we look at */
	for (int i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool
reader_may(const struct stat *st, const char *user)
{
	struct passwd p, *found = NULL;
	char text[16384];

	if (getpwnam_r(user, &p, text, sizeof text, &found) != 0 || !found || found->pw_uid == 0)
		return true;
	return st->st_uid == found->pw_uid ? st->st_mode & S_IRUSR : st->st_mode & S_IRGRP && is_in(st->st_gid, found);
}

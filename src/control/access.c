/* access.c - users and groups looked up when asked, so that a change takes effect at once. */
// SPDX-License-Identifier: Apache-2.0
#include "control/access.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
in_group(const struct passwd *p, const char *name)
{
	struct group g, *found = NULL;
	char text[16384];

	if (getgrnam_r(name, &g, text, sizeof text, &found) != 0 || !found)
		return false;
	if (found->gr_gid == p->pw_gid)
		return true;
	for (char **m = found->gr_mem; *m; m++)
		if (strcmp(*m, p->pw_name) == 0)
			return true;
	return false;
}

bool
access_listed(const struct text_list *l, uid_t uid)
{
	struct passwd p, *found = NULL;
	char text[16384];

	if (getpwuid_r(uid, &p, text, sizeof text, &found) != 0 || !found)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		const char *who = l->item[i];

		if (who[0] == '@' ? in_group(found, who + 1) : strcmp(who, found->pw_name) == 0)
			return true;
	}
	return false;
}

bool
access_allows(const struct conf_access *a, enum access_role role, uid_t uid)
{
	if (role == ACCESS_ANY)
		return true;
	if (role == ACCESS_PHI)
		return access_listed(&a->phi, uid);
	if (uid == 0 || uid == geteuid() || access_listed(&a->operate, uid))
		return true;
	return role == ACCESS_VIEW && access_listed(&a->view, uid);
}

void
access_name(uid_t uid, char *out, size_t cap)
{
	struct passwd p, *found = NULL;
	char text[16384];

	if (getpwuid_r(uid, &p, text, sizeof text, &found) == 0 && found)
		(void)snprintf(out, cap, "%s", found->pw_name);
	else
		(void)snprintf(out, cap, "uid %u", (unsigned)uid);
}

/* control/access.h - who may do what, by the kernel's word for who they are. */
#ifndef CONTROL_ACCESS_H
#define CONTROL_ACCESS_H

#include <sys/types.h>

#include "nudge/conf.h"

enum access_role { ACCESS_VIEW, ACCESS_OPERATE, ACCESS_PHI, ACCESS_ANY };

/* uid 0 and this process's own user may always view and operate. Operate
 * includes view. Reads the user database. */
bool access_allows(const struct conf_access *a, enum access_role role, uid_t uid);

/* The user, or one of its groups ("@name"), is in the list. uid 0 only when named. */
bool access_listed(const struct text_list *l, uid_t uid);

void access_name(uid_t uid, char *out, size_t cap); /* "alice", or "uid 1000". */

#endif

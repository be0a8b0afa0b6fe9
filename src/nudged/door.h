/* nudged/door.h - callers of the unix sockets, handed on by a process that sees who they are.
 *
 * A service whose users are its own (PrivateUsers of systemd) is told by the
 * kernel that everybody else is nobody. So a small process of the same user, but
 * not of that sandbox, accepts: it reads who calls (SO_PEERCRED) and hands the
 * connection with that number over, one datagram each. It reads not one byte of
 * what they say. Only who may write to the socket of nudged, by the file system's
 * rights its own user, can hand over.
 */
#ifndef NUDGED_DOOR_H
#define NUDGED_DOOR_H

#include <stdint.h>

#include "nudge/fault.h"

enum door { DOOR_CONTROL, DOOR_SENDER, DOORS };

/* The process that hands over: listens on both paths, until a signal ends it; to:
 * the socket of nudged. Gives an exit status. */
int door_serve(const char *to, const char *control, const char *sender);

/* nudged's end: a socket at that path, of its user only. -1 fills *f. */
int door_open(const char *path, struct fault *f) __attribute__((warn_unused_result));
/* The next caller: its connection, owned by the caller of this; -1: there is none, or what came is no caller. */
int door_take(int fd, enum door *which, uint32_t *uid) __attribute__((warn_unused_result));

#endif

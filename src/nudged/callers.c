/* callers.c - how administrators and nudge-sender come in: by sockets of our own, or handed over at the door. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include "nudged/door.h"
#include "nudged/house.h"

static void
on_door(evutil_socket_t fd, short what, void *ctx)
{
	struct house *h = ctx;
	enum door which;
	uint32_t uid;
	int caller = door_take(fd, &which, &uid);

	(void)what;
	if (caller < 0)
		return;
	if (which == DOOR_CONTROL)
		control_take(h->control, caller, uid);
	else
		link_server_take(h->link, caller, uid);
}

static bool
open_door(struct house *h, const char *path, struct fault *f)
{
	int fd = door_open(path, f);

	if (fd < 0)
		return false;
	h->on_door = event_new(h->base, fd, EV_READ | EV_PERSIST, on_door, h);
	if (h->on_door && event_add(h->on_door, NULL) == 0)
		return true;
	if (!h->on_door)
		(void)close(fd);
	return fault_set(f, FAULT_BROKEN, "out of memory");
}

bool
callers_open(struct house *h, struct control_setup *s, struct fault *f)
{
	const struct conf *c = h->settings.rules->conf;
	const char *door = getenv("NUDGE_DOOR");
	int link = -1;

	s->listener = -1;
	if (!door && (s->listener = control_listen(c->control_socket, 0666, f)) < 0)
		return false;
	if (!control_new(s, &h->control, f))
		return false;
	if (!door && (link = control_listen(c->sender_socket, 0660, f)) < 0)
		return false;
	return link_server_new(h->base, link, h->room.events, &h->link, f) && (!door || open_door(h, door, f));
}

void
callers_close(struct house *h)
{
	int fd = h->on_door ? event_get_fd(h->on_door) : -1;

	if (h->on_door)
		event_free(h->on_door);
	h->on_door = NULL;
	if (fd >= 0)
		(void)close(fd);
}

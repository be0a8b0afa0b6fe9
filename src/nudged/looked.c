/* looked.c - a backup counts when it was opened: on a thread of its own, since every page is read. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include "nudge/log.h"
#include "nudged/house.h"

struct looking {
	pthread_t thread;
	struct command *command; /* back with the main thread when `done` */
	struct queue *replies;
	struct house_keyring keys;
	atomic_bool done;
	struct looking *next;
};

static void *
look(void *arg)
{
	struct looking *x = arg;
	struct command *c = x->command;

	c->ok = store_backup_check(c->path, x->keys.bytes, x->keys.n - 1, &c->seen, &c->fault);
	if (!c->ok)
		(void)unlink(c->path); /* nobody shall take it for a backup */
	c->looked = true;
	if (c->ok)
		log_note("a backup is made, and was opened", log_name("file", c->path), log_int("bytes", c->seen.bytes),
		    log_int("appointments", c->seen.appointments), log_int("unreadable", c->seen.unreadable));
	else
		log_warn("a backup failed", log_name("file", c->path), log_fault(&c->fault));
	house_keys_wipe(&x->keys);
	atomic_store(&x->done, true);
	queue_give(x->replies, &c->link);
	return NULL;
}

static void
end_those(struct house *h, bool all)
{
	for (struct looking **at = &h->looking, *x; (x = *at);) {
		if (!all && !atomic_load(&x->done)) {
			at = &x->next;
			continue;
		}
		*at = x->next;
		(void)pthread_join(x->thread, NULL);
		free(x);
	}
}

bool
looked_begin(struct house *h, struct command *c)
{
	struct looking *x;

	end_those(h, false);
	if (c->kind != COMMAND_BACKUP || !c->ok || c->looked)
		return false;
	x = calloc(1, sizeof *x);
	c->ok = false; /* until it was looked at */
	if (x && house_keys_read(h->settings.rules->conf, &x->keys, &c->fault)) {
		x->command = c;
		x->replies = h->replies;
		if (pthread_create(&x->thread, NULL, look, x) == 0) {
			x->next = h->looking;
			h->looking = x;
			return true;
		}
		(void)fault_set(&c->fault, FAULT_BUSY, "the copy could not be looked at: no thread");
	} else if (!x) {
		(void)fault_set(&c->fault, FAULT_BUSY, "out of memory");
	}
	if (x)
		house_keys_wipe(&x->keys);
	free(x);
	(void)unlink(c->path);
	return false;
}

void
looked_end(struct house *h)
{
	end_those(h, true);
}

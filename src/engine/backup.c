/* backup.c - a copy of the store while it works: a portion a turn, after everything that somebody waits for. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "engine/parts.h"

/* The command is kept, and answered when the copy is made. */
void
backup_begin(struct engine *e, struct command *c)
{
	if (e->backup.command) {
		(void)fault_set(&c->fault, FAULT_OPERATOR, "a backup is being made already");
		return;
	}
	if (!store_backup_begin(e->store, c->path, &e->backup.copy, &c->fault))
		return;
	e->out.replies = (struct command *)(void *)c->link.next; /* the newest is the first */
	c->link.next = NULL;
	e->backup.command = c;
}

static struct command *
end(struct engine *e, bool made)
{
	struct command *c = e->backup.command;

	store_backup_end(e->backup.copy, made);
	e->backup.copy = NULL;
	e->backup.command = NULL;
	c->ok = made;
	return c;
}

bool
backup_portion(struct engine *e)
{
	bool done, ok;

	if (!e->backup.command)
		return false;
	ok = store_backup_step(e->backup.copy, &done, &e->backup.command->fault);
	if (ok && !done)
		return true;
	e->setup.outlet.reply(e->setup.outlet.ctx, end(e, ok));
	return false;
}

void
backup_drop(struct engine *e)
{
	if (e->backup.command)
		command_free(end(e, false));
}

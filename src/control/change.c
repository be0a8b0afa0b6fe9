/* change.c - commands for the engine: release, approve, backup. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "control/request.h"

void
do_release(struct request *q)
{
	const char *how = request_text(q, "how"), *what = request_text(q, "what");
	struct command *c = request_command(q, strcmp(what, "clock") == 0   ? COMMAND_RELEASE_CLOCK :
	                                       strcmp(what, "journal") == 0 ? COMMAND_RELEASE_JOURNAL : COMMAND_RELEASE_SITE);

	if (!c)
		return;
	(void)snprintf(c->site, sizeof c->site, "%s", what);
	c->release = strcmp(how, "send") == 0 ? RELEASE_SEND : strcmp(how, "drop") == 0 ? RELEASE_DROP : RELEASE_COUNT;
	request_give(q, c);
}

/* Not a matter of `operate`: the site names its approvers. */
void
do_approve(struct request *q)
{
	const struct conf_site *s = conf_find_site(q->rules->conf, request_text(q, "site"));
	struct command *c;

	if (!s)
		request_error(q, "no such site in the configuration");
	else if (s->approvers.n == 0)
		request_error(q, "this site has approver = none: there is nothing to approve");
	else if (!access_listed(&s->approvers, (uid_t)request_uid(q)))
		request_error(q, "you are not an approver of this site");
	else if ((c = request_command(q, COMMAND_APPROVE)))
		request_give(q, c);
}

/* A copy within what it is a copy of would be lost with it. */
static bool
is_under(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

void
do_backup(struct request *q)
{
	const char *file = request_text(q, "file");
	struct command *c;

	if (file[0] != '/' || strlen(file) >= sizeof c->path)
		request_error(q, "backup needs an absolute path of at most 1023 bytes");
	else if (strstr(file, "/../") || is_under(file, request_directory(q)))
		request_error(q, "put the backup outside of state_directory, and name it without \"..\"");
	else if ((c = request_command(q, COMMAND_BACKUP))) {
		(void)snprintf(c->path, sizeof c->path, "%s", file);
		request_give(q, c);
	}
}

/* change.c - commands that let texts go: release, approve. */
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

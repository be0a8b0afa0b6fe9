/* refused.c - nudgectl refused: numbers that a gateway or a carrier called wrong; the number is typed in, never an argument. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/seal.h"
#include "nudgectl/nudgectl.h"

#define HELP "refused list | find [--organization O] | release [--organization O]\n" \
	"           (the number is read from standard input)"

static void
print_one(const json_t *o)
{
	const char *until = call_text(o, "until");

	if (!json_is_true(json_object_get(o, "refused"))) {
		(void)printf("%s: this number was not refused\n", call_text(o, "organization"));
		return;
	}
	(void)printf("%s: refused on %s as %s", call_text(o, "organization"), call_text(o, "since"), call_text(o, "cause"));
	if (json_is_integer(json_object_get(o, "code")))
		(void)printf(" (%lld)", (long long)json_integer_value(json_object_get(o, "code")));
	(void)printf("%s%s\n", until[0] ? "; not texted until " : "", until);
}

static int
list(struct call *c)
{
	size_t i;
	json_t *r = NULL, *o;
	int status = call_ask(c, json_pack("{s:s}", "command", "refused-list"), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	json_array_foreach(r, i, o)
		print_one(o);
	(void)printf("%zu refused; whose visits they are: nudgectl report replies\n", json_array_size(r));
	json_decref(r);
	return 0;
}

static int
about_phone(struct call *c, const char *organization, bool release)
{
	char phone[64] = "";
	json_t *r = NULL, *request;
	int status;

	if (!call_read_phone(phone, sizeof phone))
		return call_usage(HELP);
	request = json_pack("{s:s, s:s, s:s}", "command", release ? "refused-release" : "refused-find", "organization", organization,
	    "phone", phone);
	seal_wipe(phone, sizeof phone);
	status = call_ask(c, request, &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	if (!release)
		print_one(r);
	else
		(void)printf("%s: may be texted again\n", call_text(r, "organization"));
	json_decref(r);
	return 0;
}

int
command_refused(struct call *c)
{
	const char *organization = call_option(c, "--organization");

	if (!organization || c->argc != 1)
		return call_usage(HELP);
	if (strcmp(c->argv[0], "list") == 0)
		return list(c);
	if (strcmp(c->argv[0], "find") != 0 && strcmp(c->argv[0], "release") != 0)
		return call_usage(HELP);
	return about_phone(c, organization, strcmp(c->argv[0], "release") == 0);
}

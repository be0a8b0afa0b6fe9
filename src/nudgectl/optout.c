/* optout.c - nudgectl optout: who wants no texts; the number is typed in, never an argument. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/seal.h"
#include "nudgectl/nudgectl.h"

#define HELP "optout list | add | find | compare [--organization O]\n" \
	"       nudgectl optout remove [--organization O] [--reconsent --who WHO --when DAY --how HOW]\n" \
	"           (the number is read from standard input)"

static void
print_one(const json_t *o)
{
	if (!json_is_true(json_object_get(o, "opted_out"))) {
		(void)printf("%s: has not opted out\n", call_text(o, "organization"));
		return;
	}
	(void)printf("%s: opted out since %s, by %s%s%s\n", call_text(o, "organization"), call_text(o, "since"), call_text(o, "source"),
	    call_text(o, "who")[0] ? " " : "", call_text(o, "who"));
}

static int
list(struct call *c)
{
	size_t i;
	json_t *r = NULL, *o;
	int status = call_ask(c, json_pack("{s:s}", "command", "optout-list"), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	json_array_foreach(r, i, o)
		print_one(o);
	(void)printf("%zu opted out; numbers are kept as keyed marks only: nudgectl optout find looks one up\n", json_array_size(r));
	json_decref(r);
	return 0;
}

static int
compare(struct call *c)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s}", "command", "optout-compare"), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	(void)puts("begun: a hundred phones a second are asked for at the gateway");
	json_decref(r);
	return 0;
}

static void
say(const struct call *c, const json_t *r)
{
	bool changed = json_is_true(json_object_get(r, "changed"));

	if (strcmp(c->argv[0], "find") == 0)
		print_one(r);
	else if (strcmp(c->argv[0], "add") == 0)
		(void)printf("%s: %s\n", call_text(r, "organization"), changed ? "gets no more texts" : "had opted out already");
	else
		(void)printf("%s: may be texted again; a block of the carrier itself (toll-free) ends only with START from the phone\n",
		    call_text(r, "organization"));
}

static int
about_phone(struct call *c, const char *organization, json_t *reconsent)
{
	char phone[64] = "", command[32];
	json_t *r = NULL, *request;
	int status;

	if (!call_read_phone(phone, sizeof phone)) {
		json_decref(reconsent);
		return call_usage(HELP);
	}
	(void)snprintf(command, sizeof command, "optout-%s", c->argv[0]);
	request = json_pack("{s:s, s:s, s:s, s:o*}", "command", command, "organization", organization, "phone", phone, "reconsent",
	    reconsent);
	seal_wipe(phone, sizeof phone);
	status = call_ask(c, request, &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	say(c, r);
	json_decref(r);
	return 0;
}

int
command_optout(struct call *c)
{
	bool reconsent = call_flag(c, "--reconsent"), remove;
	const char *organization = call_option(c, "--organization"), *who = call_option(c, "--who"), *when = call_option(c, "--when"),
		   *how = call_option(c, "--how");

	if (!organization || !who || !when || !how || c->argc != 1)
		return call_usage(HELP);
	remove = strcmp(c->argv[0], "remove") == 0;
	if (reconsent != (who[0] && when[0] && how[0]) || (reconsent && !remove)) {
		(void)fputs("nudgectl: --reconsent goes with remove, and needs --who heard the patient's consent, --when and --how\n", stderr);
		return EXIT_USAGE;
	}
	if (strcmp(c->argv[0], "list") == 0)
		return list(c);
	if (strcmp(c->argv[0], "compare") == 0)
		return compare(c);
	if (!remove && strcmp(c->argv[0], "add") != 0 && strcmp(c->argv[0], "find") != 0)
		return call_usage(HELP);
	return about_phone(c, organization,
	    reconsent ? json_pack("{s:s, s:s, s:s}", "who", who, "when", when, "how", how) : NULL);
}

/* change.c - commands that change something: reload, approve, release, backup. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nudgectl/nudgectl.h"

static int
ask_and_say(struct call *c, json_t *request, const char *said)
{
	json_t *r = NULL;
	int status = call_ask(c, request, &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	(void)puts(said);
	json_decref(r);
	return 0;
}

int
command_reload(struct call *c)
{
	(void)call_flag(c, "--keys"); /* renewed certificates and keys come with every reload */
	if (c->argc != 0)
		return call_usage("reload [--keys]");
	return ask_and_say(c, json_pack("{s:s}", "command", "reload"), "the configuration is applied");
}

int
command_approve(struct call *c)
{
	if (c->argc != 1)
		return call_usage("approve SITE");
	return ask_and_say(c, json_pack("{s:s, s:s}", "command", "approve", "site", c->argv[0]), "the site is approved");
}

/* nudged lets go of some at a time; all are counted together. */
static int
release_held(struct call *c, const char *how, json_t *sums)
{
	bool more = true;

	while (more) {
		const char *kind;
		json_t *r, *n;
		int status = call_ask(c, json_pack("{s:s, s:s, s:s}", "command", "release", "what", c->argv[0], "how", how), &r);

		if (status != 0)
			return status;
		more = json_is_true(json_object_get(r, "more"));
		(void)json_object_del(r, "more");
		json_object_foreach(r, kind, n)
			(void)json_object_set_new(sums, kind,
			    json_integer(json_integer_value(json_object_get(sums, kind)) + json_integer_value(n)));
		json_decref(r);
	}
	return 0;
}

int
command_release(struct call *c)
{
	bool send = call_flag(c, "--send"), drop = call_flag(c, "--drop");
	const char *kind;
	json_t *sums, *n;
	int status;

	if (c->argc != 1 || (send && drop))
		return call_usage("release clock | journal | SITE [--send|--drop]");
	if (strcmp(c->argv[0], "journal") == 0)
		return ask_and_say(c, json_pack("{s:s, s:s}", "command", "release", "what", "journal"),
		    "sends go on, and a new send journal begins");
	if (strcmp(c->argv[0], "clock") == 0)
		return ask_and_say(c, json_pack("{s:s, s:s}", "command", "release", "what", "clock"), "sends go on");
	sums = json_object();
	status = release_held(c, send ? "send" : drop ? "drop" : "count", sums);
	if (status == 0 && c->json)
		return call_print_json(sums);
	if (status == 0) {
		json_object_foreach(sums, kind, n)
			(void)printf("%s %lld\n", kind, (long long)json_integer_value(n));
		(void)puts(send ? "released: they go at the number's rate" :
		    drop        ? "dropped" :
		                  "held; release them with --send, or end them with --drop");
	}
	json_decref(sums);
	return status;
}

static long long
number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

/* nudged makes the file: what is typed is meant from here. */
int
command_backup(struct call *c)
{
	char here[2048], path[4200];
	json_t *r = NULL;
	int status;

	if (c->argc != 1)
		return call_usage("backup FILE");
	if (c->argv[0][0] == '/')
		(void)snprintf(path, sizeof path, "%s", c->argv[0]);
	else if (getcwd(here, sizeof here))
		(void)snprintf(path, sizeof path, "%s/%s", here, c->argv[0]);
	else
		return call_usage("backup FILE (an absolute path: this folder has no name)");
	status = call_ask(c, json_pack("{s:s, s:s}", "command", "backup", "file", path), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	(void)printf("%s: %lld bytes, opened and whole: %lld appointments, %lld texts, %lld opt-outs\n", path, number(r, "bytes"),
	    number(r, "appointments"), number(r, "texts"), number(r, "optouts"));
	if (number(r, "unreadable") > 0)
		(void)printf("%lld of %lld sealed fields do not open, here as in the store: they are damaged\n", number(r, "unreadable"),
		    number(r, "sealed"));
	json_decref(r);
	return 0;
}

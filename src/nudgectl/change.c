/* change.c - commands that change something: reload and its diff, hold, release, backup. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nudge/clock.h"
#include "nudgectl/nudgectl.h"

#define SENDER_PATIENCE_MS 15000
#define LOOK_AGAIN_US 50000

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

bool
call_confirm(const char *question)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO))
		return true;
	(void)fprintf(stderr, "%s [y/N] ", question);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* ---- what would change, and reload ---- */

static const char *
shown(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? (text[0] ? text : "(empty)") : "(default)";
}

void
call_print_changes(const json_t *changes, FILE *to)
{
	size_t i;
	json_t *x;

	json_array_foreach(changes, i, x) {
		if (call_text(x, "from")[0] || call_text(x, "to")[0])
			(void)fprintf(to, "    %s: %s -> %s; %s\n", call_text(x, "setting"), shown(x, "from"), shown(x, "to"),
			    call_text(x, "when"));
		else
			(void)fprintf(to, "    %s: changed; %s\n", call_text(x, "setting"), call_text(x, "when"));
	}
}

static void
print_site(const json_t *s, FILE *to)
{
	bool was = json_is_true(json_object_get(s, "sending")), will = json_is_true(json_object_get(s, "will_send"));

	(void)fprintf(to, "site \"%s\": %lld texts planned%s%s%s\n", call_text(s, "site"),
	    (long long)json_integer_value(json_object_get(s, "planned")),
	    was && !will ? "; STOPS TEXTING: " : !was && will ? "; begins to text" : was ? "; goes on texting" : "; does not text: ",
	    will ? "" : call_text(s, "why"), "");
	call_print_changes(json_object_get(s, "changes"), to);
}

static void
print_diff(const json_t *d, FILE *to)
{
	size_t i;
	json_t *x;

	if (json_is_true(json_object_get(d, "same")))
		(void)fputs("nothing would change\n", to);
	json_array_foreach(json_object_get(d, "sites"), i, x)
		print_site(x, to);
	json_array_foreach(json_object_get(d, "settings"), i, x) {
		if (call_text(x, "title")[0])
			(void)fprintf(to, "%s \"%s\": ", call_text(x, "block"), call_text(x, "title"));
		else if (call_text(x, "block")[0])
			(void)fprintf(to, "%s: ", call_text(x, "block"));
		(void)fprintf(to, "%s: %s -> %s\n", call_text(x, "setting"), shown(x, "from"), shown(x, "to"));
	}
}

int
command_diff(struct call *c)
{
	json_t *d = NULL;
	int status;

	if (c->argc != 0)
		return call_usage("diff [--json]");
	status = call_ask(c, json_pack("{s:s}", "command", "diff"), &d);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(d);
	print_diff(d, stdout);
	json_decref(d);
	return 0;
}

/* Who would stop texting, and why; asked about on a terminal only, so that a
 * service manager's reload goes on. */
static bool
stops_are_meant(const json_t *d, bool yes)
{
	const json_t *stops = json_object_get(d, "stops");
	size_t i;
	json_t *x;

	json_array_foreach(stops, i, x)
		(void)fprintf(stderr, "site \"%s\" would stop texting: %s\n", call_text(x, "site"), call_text(x, "why"));
	return yes || json_array_size(stops) == 0 || call_confirm("apply it all the same?");
}

/* nudge-sender reads for itself, after nudged; what it makes of it is waited for. */
static int
sender_took_it(struct call *c)
{
	int64_t end_ms = clock_now().boot_ms + SENDER_PATIENCE_MS;

	for (;;) {
		json_t *r = NULL;
		int status = call_ask(c, json_pack("{s:s}", "command", "sender"), &r);
		const char *said = call_text(r, "reload");
		bool waits = status == 0 && strcmp(said, "waiting") == 0 && clock_now().boot_ms < end_ms;

		if (status == 0 && strcmp(said, "refused") == 0) {
			(void)fprintf(stderr, "nudgectl: nudge-sender did not take it, and goes on with what it had: %s\n", call_text(r, "why"));
			status = EXIT_FAILURE;
		} else if (status == 0 && !waits && !c->json) {
			(void)printf("nudge-sender %s\n", strcmp(said, "taken") == 0 ? "took it, too" : strcmp(said, "away") == 0 ?
			        "is not connected: it reads the configuration when it starts" : "has not said yet whether it took it: see the log");
		}
		json_decref(r);
		if (!waits)
			return status;
		(void)usleep(LOOK_AGAIN_US);
	}
}

int
command_log(struct call *c)
{
	json_t *r = NULL, *level;
	const char *part;
	int status;

	if (c->argc > 2)
		return call_usage("log [LEVEL [PART] | default] [--json]");
	status = call_ask(c, c->argc == 0 ? json_pack("{s:s}", "command", "log") :
	    json_pack("{s:s, s:s, s:s}", "command", "log-set", "level", c->argv[0], "part", c->argc > 1 ? c->argv[1] : ""), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	json_object_foreach(r, part, level)
		(void)printf("%-8s %s\n", part, json_string_value(level));
	json_decref(r);
	return 0;
}

int
command_reload(struct call *c)
{
	bool yes = call_flag(c, "--yes"), keys = call_flag(c, "--keys");
	json_t *d = NULL;
	int status;

	if (c->argc != 0)
		return call_usage("reload [--yes] [--json] | reload --keys");
	if (keys) {
		status = ask_and_say(c, json_pack("{s:s, s:b}", "command", "reload", "keys", 1), "certificates and keys are read again");
		return status != 0 ? status : sender_took_it(c);
	}
	status = call_ask(c, json_pack("{s:s}", "command", "diff"), &d);
	if (status != 0) {
		(void)fputs("nudgectl: the configuration was not applied; what was in force stays so\n", stderr);
		return status;
	}
	if (!c->json)
		print_diff(d, stdout);
	if (!stops_are_meant(d, yes)) {
		json_decref(d);
		(void)fputs("nudgectl: nothing was applied\n", stderr);
		return EXIT_FAILURE;
	}
	status = ask_and_say(c, json_pack("{s:s, s:s}", "command", "reload", "version", call_text(d, "version")),
	    "the configuration is applied");
	json_decref(d);
	return status != 0 ? status : sender_took_it(c);
}

int
command_hold(struct call *c)
{
	if (c->argc != 1)
		return call_usage("hold SITE");
	return ask_and_say(c, json_pack("{s:s, s:s}", "command", "hold", "site", c->argv[0]),
	    "the site is held: its texts wait until nudgectl release SITE --send or --drop");
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
	json_int_t all = 0;
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
		json_object_foreach(sums, kind, n) {
			(void)printf("%s %lld\n", kind, (long long)json_integer_value(n));
			all += json_integer_value(n);
		}
		(void)puts(send ? "released: they go at the number's rate, and the site is not held" :
		    drop        ? "dropped, and the site is not held" :
		    all == 0    ? "no text is held" :
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

/* main.c - nudgectl: the table of commands, and how their arguments are read. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nudge/control.h"
#include "nudge/hl7_batch.h"
#include "nudge/log.h"
#include "nudgectl/nudgectl.h"

#define SOCKET_DEFAULT "/run/nudge/control"
#define PATIENCE_S 5

static const struct {
	const char *name, *arguments, *text;
	int (*fn)(struct call *c);
} commands[] = {
	{ "status", "[--all]", "one look at the whole house, on one screen; all of its lists", command_status },
	{ "top", "[-n COUNT] [-d SECONDS]", "the same while one watches, with what happens in a second", command_top },
	{ "appointments", "[--site SITE] [--all]", "upcoming visits and their texts; all that is known", command_appointments },
	{ "explain", "ID | SITE/ID | --phone", "every text of one appointment, or of the number that is typed in, and why", command_explain },
	{ "report", "sms|untold|replies [--days N | --from DAY --to DAY] [--site S] [--type T] [--status S] "
		"[--format text|csv|json|html] | states",
		"texts handed to the gateway; what a person must tell; what patients wrote back; whether the states add up", command_report },
	{ "certificates", "", "ours and every sender's: how long each lasts, and when it was seen", command_certificates },
	{ "quarantine", "list | show ID | replay ID | replay --all [--site SITE] | discard ID",
		"messages that could not be understood: where and why, their content, another try, their end", command_quarantine },
	{ "optout", "list | add | find | remove [--reconsent --who WHO --when DAY --how HOW] | compare [--organization O]",
		"who wants no texts; the number is read from standard input; the gateway's list is compared", command_optout },
	{ "refused", "list | find | release [--organization O]",
		"numbers that a gateway or a carrier called wrong; the number is read from standard input", command_refused },
	{ "diff", "", "what a reload would change, and for whom", command_diff },
	{ "reload", "[--yes] | --keys", "apply the changed configuration, all or nothing; read certificates and keys again", command_reload },
	{ "log", "[LEVEL [PART] | default]", "how much nudged and nudge-sender say, until they end: error, warning, notice, info, debug", command_log },
	{ "approve", "SITE [--yes | --statement | --signature FILE]", "let a site text patients, as its approver", command_approve },
	{ "records", "SITE", "what the EHR's side must type in for a site", command_records },
	{ "verify", "SITE", "the last message of a site against its records, field by field", command_verify },
	{ "hold", "SITE", "let a site text nobody until it is released", command_hold },
	{ "release", "clock | journal | SITE [--send|--drop]",
		"trust the clock after a step; send without a journal; let go, or end, what the storm brake or a hold keeps", command_release },
	{ "backup", "FILE", "a copy of the store while it works, opened and looked over", command_backup },
	{ "erase", "--proof [PATH...]", "that no file of the product has the numbers that are typed in, in any form; reads the files of -c", command_erase },
	{ "rotate", "[--wait]", "another store key, the one that store_key names now, while it works", command_rotate },
	{ "audit", "verify [--directory DIR] [--key FILE] [--head SEQ:MAC]",
		"whether the log of who did what is whole and as it was written", command_audit },
	{ "check", "FILE [--online [--ca FILE]]", "check a configuration, without nudged; try gateways, queues and FHIR servers", command_check },
	{ "keygen", "FILE", "make a store key, without nudged", command_keygen },
	{ "learn", "SITE [FILE...]", "what a sender's messages have in common, and the site block that they suggest", command_learn },
	{ "simulate", "FILE... [--at TIME | --at message] [--show-phi] | --config FILE [--since 30d] [--price P]",
		"what messages from files would do under the configuration of -c; what the visits that are known "
		"would under another one; without sending", command_simulate },
	{ "preview", "SITE", "every text of a site of -c in every language, and its segments, without nudged", command_preview },
	{ "send", "FILE... --to HOST:PORT [--cert F --key F] [--ca F] [--name N] [--plain]",
		"send HL7 messages and show the answers, without nudged", command_send },
};

static int
usage(FILE *to, int status)
{
	(void)fputs("usage: nudgectl [-s SOCKET] [-c FILE] COMMAND [--json] ...\n", to);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		(void)fprintf(to, "  %s %s\n        %s\n", commands[i].name, commands[i].arguments, commands[i].text);
	(void)fputs("  -s SOCKET  where nudged listens (default " SOCKET_DEFAULT ")\n"
	            "  -c FILE    take the socket from this configuration\n"
	            "  -V         version\n  -h         this help\n", to);
	return status;
}

int
call_usage(const char *text)
{
	(void)fprintf(stderr, "usage: nudgectl %s\n", text);
	return EXIT_USAGE;
}

static void
take(struct call *c, int at, int n)
{
	for (int i = at; i + n < c->argc; i++)
		c->argv[i] = c->argv[i + n];
	c->argc -= n;
}

bool
call_flag(struct call *c, const char *name)
{
	for (int i = 0; i < c->argc; i++)
		if (strcmp(c->argv[i], name) == 0) {
			take(c, i, 1);
			return true;
		}
	return false;
}

const char *
call_option(struct call *c, const char *name)
{
	size_t n = strlen(name);

	for (int i = 0; i < c->argc; i++) {
		char *value;

		if (strncmp(c->argv[i], name, n) == 0 && c->argv[i][n] == '=') {
			value = c->argv[i] + n + 1;
			take(c, i, 1);
			return value;
		}
		if (strcmp(c->argv[i], name) != 0)
			continue;
		if (i + 1 == c->argc) {
			(void)fprintf(stderr, "nudgectl: %s needs a value\n", name);
			return NULL;
		}
		value = c->argv[i + 1];
		take(c, i, 2);
		return value;
	}
	return "";
}

const char *
call_text(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

bool
call_read_phone(char *out, size_t cap)
{
	size_t n;

	if (isatty(STDIN_FILENO))
		(void)fputs("phone number: ", stderr);
	if (!fgets(out, (int)cap, stdin))
		return false;
	n = strcspn(out, "\r\n");
	out[n] = '\0';
	return n > 0;
}

bool
call_read_file(const char *path, struct buf *out, struct fault *f)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	char piece[65536];
	ssize_t n = fd < 0 ? -1 : 0;
	int why = errno;

	while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0)
		if (!buf_add(out, piece, (size_t)n))
			break;
	why = n < 0 && fd >= 0 ? errno : why;
	if (fd >= 0)
		(void)close(fd);
	if (n != 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s", path, n < 0 ? strerror(why) : "too large");
	return out->n > 0 || fault_set(f, FAULT_OPERATOR, "%s is empty", path);
}

static bool
each_of_frame(struct span frame, call_message_fn *fn, void *ctx)
{
	struct hl7_batch b;
	struct span message;

	if (hl7_batch_is_single(frame))
		return fn(ctx, frame);
	hl7_batch_begin(&b, frame);
	while (hl7_batch_next(&b, &message))
		if (!fn(ctx, message))
			return false;
	return b.messages > 0 || fn(ctx, frame);
}

bool
call_each_message(struct span all, call_message_fn *fn, void *ctx)
{
	const char *vt = memchr(all.p, '\x0b', all.n), *end = all.p + all.n;

	if (!vt)
		return each_of_frame(all, fn, ctx);
	while (vt) {
		const char *from = vt + 1, *fs = memchr(from, '\x1c', (size_t)(end - from)), *to = fs ? fs : end;

		if (!each_of_frame(span_from(from, (size_t)(to - from)), fn, ctx))
			return false;
		vt = memchr(to, '\x0b', (size_t)(end - to));
	}
	return true;
}

int
call_print_json(json_t *o)
{
	(void)json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY); /* some answer with true alone */
	(void)putchar('\n');
	json_decref(o);
	return EXIT_SUCCESS;
}

/* 78 sends its reader to the files; what nudged was short of for a moment is not in them. */
static int
print_faults(const json_t *faults, bool passes)
{
	size_t i;
	json_t *x;

	json_array_foreach(faults, i, x) {
		long long line = (long long)json_integer_value(json_object_get(x, "line"));

		if (call_text(x, "file")[0])
			(void)fprintf(stderr, "%s:", call_text(x, "file"));
		if (line > 0)
			(void)fprintf(stderr, "%lld:", line);
		(void)fprintf(stderr, "%s%s: %s\n", call_text(x, "file")[0] ? " " : "", json_is_true(json_object_get(x, "warning")) ? "warning" : "error",
		    call_text(x, "text"));
	}
	return passes ? EXIT_FAILURE : EXIT_CONF;
}

/* The socket that a configuration names, when its reader may read it. */
static bool
socket_of(const char *path, char *out, size_t cap)
{
	struct conf_faults faults;
	struct conf *c = NULL;
	bool ok = conf_load(path, CONF_CHECK, &c, &faults);

	if (ok)
		span_copy(out, cap, span_of(c->control_socket));
	else
		(void)fprintf(stderr, "nudgectl: %s cannot be used, nudgectl check %s says why; or name the socket with -s\n", path, path);
	conf_faults_clear(&faults);
	conf_drop(c);
	return ok;
}

/* Its commands may take long, but nobody shall sit before a program that says nothing. */
static void
on_alarm(int sig)
{
	static const char late[] = "nudgectl: nudged has not answered yet; waiting (Ctrl-C ends it; systemctl status nudged tells how it is)\n";

	(void)sig;
	(void)!write(STDERR_FILENO, late, sizeof late - 1);
}

static bool
ask_patiently(const char *socket, const char *request, struct buf *answer, struct fault *f)
{
	struct sigaction on = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	bool ok;

	(void)sigaction(SIGALRM, &on, NULL);
	(void)alarm(PATIENCE_S);
	ok = control_ask(socket, request, answer, f);
	(void)alarm(0);
	return ok;
}

int
call_ask(const struct call *c, json_t *request, json_t **result)
{
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL, path[512];
	const char *socket = c->socket ? c->socket : SOCKET_DEFAULT;
	struct fault f = { 0 };
	struct buf answer;
	json_t *o = NULL;
	int status = EXIT_FAILURE;

	json_decref(request);
	if (!c->socket && c->conf) {
		if (!socket_of(c->conf, path, sizeof path)) {
			free(text);
			return EXIT_CONF;
		}
		socket = path;
	}
	buf_init(&answer, 256u << 20);
	if (!text) {
		(void)fputs("nudgectl: out of memory\n", stderr);
	} else if (!ask_patiently(socket, text, &answer, &f)) {
		(void)fprintf(stderr, "nudgectl: %s\n", f.text);
	} else if (!(o = json_loadb(answer.p, answer.n, 0, NULL))) {
		(void)fputs("nudgectl: the answer is no JSON\n", stderr);
	} else if (!json_is_true(json_object_get(o, "ok"))) {
		const json_t *faults = json_object_get(o, "faults");

		if (faults)
			status = print_faults(faults, json_is_true(json_object_get(o, "passes")));
		(void)fprintf(stderr, "nudgectl: %s\n", call_text(o, "error"));
	} else {
		*result = json_incref(json_object_get(o, "result"));
		status = EXIT_SUCCESS;
	}
	json_decref(o);
	buf_wipe(&answer);
	free(text);
	return status;
}

int
main(int argc, char **argv)
{
	struct call c = { .socket = NULL };
	int o;

	while ((o = getopt(argc, argv, "+s:c:Vh")) != -1)
		switch (o) {
		case 's':
			c.socket = optarg;
			break;
		case 'c':
			c.conf = optarg;
			break;
		case 'V':
			(void)puts("nudgectl " NUDGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			return usage(stdout, EXIT_SUCCESS);
		default:
			return usage(stderr, EXIT_USAGE);
		}
	c.argc = argc - optind;
	c.argv = argv + optind;
	c.json = call_flag(&c, "--json");
	if (c.argc == 0)
		return usage(stderr, EXIT_USAGE);
	log_open("nudgectl", LOG_WARN);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, c.argv[0]) == 0) {
			c.argc--;
			c.argv++;
			return commands[i].fn(&c);
		}
	(void)fprintf(stderr, "nudgectl: unknown command \"%s\"; nudgectl -h lists them\n", c.argv[0]);
	return EXIT_USAGE;
}

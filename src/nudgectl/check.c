/* check.c - nudgectl check: a configuration with all it names, and with --online what is outside. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nudge/settings.h"
#include "nudgectl/nudgectl.h"

#define SENDER "nudge-sender"
#define FINDINGS_MAX (4u << 20)

/* ---- the faults ---- */

static json_t *
show_faults(const struct call *c, const struct conf_faults *faults)
{
	json_t *list = json_array();

	for (size_t i = 0; i < faults->n; i++) {
		const struct conf_fault *x = &faults->item[i];
		char line[1024];

		settings_fault_text(x, line, sizeof line);
		if (!c->json)
			(void)fprintf(stderr, "%s\n", line);
		(void)json_array_append_new(list, json_pack("{s:s, s:i, s:b, s:s}", "file", x->file, "line", x->line,
		                                      "warning", x->warning, "text", x->text));
	}
	return list;
}

/* ---- what is outside: nudge-sender asks, since it is the part that talks to the internet ---- */

/* Beside this program, or where it is installed. */
static void
find_sender(char *out, size_t cap)
{
	static const char *const places[] = { "/" SENDER, "/../sbin/" SENDER };
	char own[2048];
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	char *slash;

	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	for (size_t i = 0; slash && i < 2; i++) {
		*slash = '\0';
		(void)snprintf(out, cap, "%s%s", own, places[i]);
		if (access(out, X_OK) == 0)
			return;
	}
	(void)snprintf(out, cap, SENDER);
}

static bool
start_sender(const char *file, const char *ca, int *out, pid_t *pid, struct fault *f)
{
	char program[2112], c[] = "-c", o[] = "-o", a[] = "-a";
	char *const args[] = { program, c, (char *)(uintptr_t)file, o, ca[0] ? a : NULL, (char *)(uintptr_t)ca, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], why;

	find_sender(program, sizeof program);
	if (pipe(ends) != 0)
		return fault_set(f, FAULT_BUSY, "no pipe: %s", strerror(errno));
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	(void)posix_spawn_file_actions_addclose(&actions, ends[0]);
	(void)posix_spawn_file_actions_addclose(&actions, ends[1]);
	why = posix_spawnp(pid, program, &actions, NULL, args, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	*out = ends[0];
	if (why == 0)
		return true;
	(void)close(ends[0]);
	return fault_set(f, FAULT_OPERATOR, "%s: %s", program, strerror(why));
}

static bool
run_sender(const char *file, const char *ca, struct buf *out, int *status, struct fault *f)
{
	char piece[4096];
	ssize_t n;
	pid_t pid = -1;
	int fd = -1;

	if (!start_sender(file, ca, &fd, &pid, f))
		return false;
	while ((n = read(fd, piece, sizeof piece)) > 0 && buf_add(out, piece, (size_t)n))
		continue;
	(void)close(fd);
	if (waitpid(pid, status, 0) != pid || !WIFEXITED(*status))
		return fault_set(f, FAULT_BUSY, SENDER " did not end as it should");
	*status = WEXITSTATUS(*status);
	return true;
}

static bool
show_finding(const struct call *c, struct span line, json_t *list)
{
	struct span rest = line, part[5];
	bool works;

	for (size_t i = 0; i < 4; i++)
		part[i] = span_cut(rest, '\t', &rest);
	part[4] = rest;
	works = span_is(part[0], "works");
	(void)json_array_append_new(list, json_pack("{s:b, s:s%, s:s%, s:s%, s:s%}", "works", works, "what", part[1].p, part[1].n, "title",
	                                      part[2].p, part[2].n, "url", part[3].p, part[3].n, "text", part[4].p, part[4].n));
	if (!c->json)
		(void)fprintf(works ? stdout : stderr, "%s%.*s \"%.*s\": %.*s %.*s\n", works ? "" : "error: ", (int)part[1].n, part[1].p,
		    (int)part[2].n, part[2].p, (int)part[3].n, part[3].p, (int)part[4].n, part[4].p);
	return works;
}

/* A new list in *out. */
static int
check_online(const struct call *c, const char *file, const char *ca, json_t **out)
{
	struct fault f = { .kind = FAULT_NONE };
	struct span rest;
	struct buf text;
	int status = 0;
	bool all = true;

	*out = json_array();
	buf_init(&text, FINDINGS_MAX);
	if (!run_sender(file, ca, &text, &status, &f)) {
		(void)fprintf(stderr, "nudgectl: what is outside was not tried: %s\n", f.text);
		status = EXIT_FAILURE;
	}
	rest = buf_span(&text);
	while (rest.n > 0) {
		struct span line = span_cut(rest, '\n', &rest);

		if (line.n > 0)
			all = show_finding(c, line, *out) && all;
	}
	buf_clear(&text);
	return status != 0 ? status : all ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
command_check(struct call *c)
{
	const char *ca = call_option(c, "--ca");
	bool online = call_flag(c, "--online"), ok;
	struct settings s = { NULL, NULL, NULL };
	struct conf_faults faults;
	json_t *list, *outside = NULL;
	int status;

	if (c->argc != 1 || !ca || (ca[0] && !online))
		return call_usage("check FILE [--online [--ca FILE]] [--json]");
	ok = settings_check(c->argv[0], CONF_CHECK, &s, &faults);
	status = ok ? EXIT_SUCCESS : EXIT_CONF;
	list = show_faults(c, &faults);
	if (ok && !c->json)
		(void)printf("%s: good, %zu site%s\n", c->argv[0], s.rules->conf->sites_n, s.rules->conf->sites_n == 1 ? "" : "s");
	(void)fflush(stdout);
	if (ok && online)
		status = check_online(c, c->argv[0], ca, &outside);
	else if (online && !c->json)
		(void)fputs("nudgectl: what is outside was not tried: mend these first\n", stderr);
	if (c->json)
		(void)call_print_json(json_pack("{s:b, s:O, s:O?}", "ok", status == EXIT_SUCCESS, "faults", list, "online", outside));
	json_decref(list);
	json_decref(outside);
	conf_faults_clear(&faults);
	settings_clear(&s);
	return status;
}

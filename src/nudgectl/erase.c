/* erase.c - proof of erasure: every file of the product is read, and no form of a number is in any. */
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/conf.h"
#include "nudge/phone.h"
#include "nudge/seal.h"
#include "nudge/traces.h"
#include "nudgectl/nudgectl.h"

#define PIECE (1u << 20)
#define NESTED_MAX 16
#define PLACES_MAX 1000 /* of which each is told; the rest is counted */

struct proof {
	struct traces *traces;
	json_t *files, *found;   /* owned */
	const char *path;        /* the one that is read */
	int64_t before, seen;    /* bytes of it before this piece; places so far */
	int64_t bytes;
	bool failed;
};

/* ---- files ---- */

static void
on_trace(void *ctx, size_t number, const char *form, size_t at)
{
	struct proof *p = ctx;
	json_int_t offset = p->before + (int64_t)at;

	if (p->seen++ < PLACES_MAX)
		(void)json_array_append_new(p->found, json_pack("{s:s, s:I, s:s, s:I}", "file", p->path, "offset", offset, "form", form,
		    "number", (json_int_t)number));
}

static void
complain(struct proof *p, const char *path)
{
	(void)fprintf(stderr, "nudgectl: %s: %s\n", path, strerror(errno));
	p->failed = true;
}

/* Pieces overlap, so that nothing is lost between them; what lies in the overlap may be told twice. */
static void
read_file(struct proof *p, const char *path, int64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *piece = malloc(PIECE);
	size_t kept = 0;
	ssize_t n = 0;

	*size = 0;
	p->path = path;
	p->before = 0;
	errno = piece ? errno : ENOMEM;
	while (fd >= 0 && piece && (n = read(fd, piece + kept, PIECE - kept)) > 0) {
		size_t all = kept + (size_t)n;

		(void)traces_look(p->traces, span_from(piece, all), on_trace, p);
		kept = all < TRACES_OVERLAP - 1 ? all : TRACES_OVERLAP - 1;
		memmove(piece, piece + all - kept, kept);
		p->before += (int64_t)(all - kept);
		*size += n;
	}
	if (fd < 0 || !piece || n < 0)
		complain(p, path);
	if (fd >= 0)
		(void)close(fd);
	if (piece)
		seal_wipe(piece, PIECE);
	free(piece);
}

static void
look_at(struct proof *p, const char *path, int depth)
{
	struct stat st;
	struct dirent *x;
	int64_t size;
	DIR *d;

	if (lstat(path, &st) != 0) {
		if (errno != ENOENT || depth == 0) /* a log that ended meanwhile is no matter */
			complain(p, path);
		return;
	}
	if (S_ISREG(st.st_mode)) {
		read_file(p, path, &size);
		p->bytes += size;
		(void)json_array_append_new(p->files, json_pack("{s:s, s:I}", "file", path, "bytes", (json_int_t)size));
	}
	if (!S_ISDIR(st.st_mode))
		return;
	if (depth >= NESTED_MAX || !(d = opendir(path))) {
		complain(p, path);
		return;
	}
	while ((x = readdir(d))) {
		char *inner = NULL;

		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		if (asprintf(&inner, "%s/%s", path, x->d_name) < 0)
			abort();
		look_at(p, inner, depth + 1);
		free(inner);
	}
	(void)closedir(d);
}

/* ---- what is asked ---- */

/* Each line a number, but for empty ones; the first country of the configuration reads national ones. */
static size_t
read_numbers(struct proof *p, const struct conf *c)
{
	char line[128], phone[PHONE_MAX];
	size_t n = 0, at = 0;

	while (n == 0 || !isatty(STDIN_FILENO)) {
		enum phone_result r;

		at++;
		if (!call_read_phone(line, sizeof line)) {
			if (feof(stdin) || ferror(stdin) || isatty(STDIN_FILENO))
				break;
			continue;
		}
		r = phone_e164(span_of(line), c->organizations_n > 0 ? c->organizations[0].country : "", phone);
		seal_wipe(line, sizeof line);
		if (r != PHONE_OK || !traces_add(p->traces, phone, ++n)) {
			(void)fprintf(stderr, "nudgectl: line %zu is no phone number that can be looked for: %s\n", at,
			    r == PHONE_OK ? "too short" : phone_result_text(r));
			seal_wipe(phone, sizeof phone);
			return 0;
		}
	}
	seal_wipe(phone, sizeof phone);
	if (n == 0)
		(void)fputs("nudgectl: no number was given: nothing was looked for\n", stderr);
	return n;
}

#define CHANCE_SAID 0.001 /* below it, whatever was found is no chance */

static int
say(const struct call *c, struct proof *p, size_t numbers)
{
	bool none = p->seen == 0 && !p->failed;
	double chance = traces_chance(p->traces, p->bytes);
	size_t i;
	json_t *x;

	if (c->json) {
		(void)call_print_json(json_pack("{s:b, s:b, s:I, s:I, s:I, s:f, s:O, s:O}", "none", none, "complete", !p->failed, "numbers",
		    (json_int_t)numbers, "bytes", (json_int_t)p->bytes, "places", (json_int_t)p->seen, "chance", chance, "files", p->files,
		    "found", p->found));
		return none ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	json_array_foreach(p->files, i, x)
		(void)printf("%12lld  %s\n", (long long)json_integer_value(json_object_get(x, "bytes")), call_text(x, "file"));
	json_array_foreach(p->found, i, x)
		(void)printf("FOUND number %lld as %s in %s at byte %lld\n", (long long)json_integer_value(json_object_get(x, "number")),
		    call_text(x, "form"), call_text(x, "file"), (long long)json_integer_value(json_object_get(x, "offset")));
	if (p->seen > 0 && chance >= CHANCE_SAID)
		(void)printf("random bytes alone, as sealed fields are, would show %.3f places of so many numbers in so many bytes: a single place as BCD "
		    "or binary may be that, and is gone after nudgectl rotate; text is never\n", chance);
	if (p->failed)
		(void)puts("not all could be read: this proves nothing; run it as root");
	else
		(void)printf("%zu number%s, %zu files, %lld bytes: %s\n", numbers, numbers == 1 ? "" : "s", json_array_size(p->files),
		    (long long)p->bytes, none ? "none of them in any form" : "FOUND, see above");
	return none ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
command_erase(struct call *c)
{
	struct proof p = { .traces = NULL };
	struct conf_faults faults = { .n = 0 };
	struct conf *conf = NULL;
	size_t numbers = 0;
	int status = EXIT_FAILURE;

	if (!call_flag(c, "--proof") || !c->conf)
		return call_usage("-c FILE erase --proof [PATH...] [--json]    (numbers are read from standard input, one a line)");
	if (!conf_load(c->conf, CONF_CHECK, &conf, &faults)) {
		(void)fprintf(stderr, "nudgectl: %s cannot be used; see nudgectl check %s\n", c->conf, c->conf);
		conf_faults_clear(&faults);
		return EXIT_CONF;
	}
	conf_faults_clear(&faults);
	p.traces = traces_new();
	p.files = json_array();
	p.found = json_array();
	if (p.traces && p.files && p.found)
		numbers = read_numbers(&p, conf);
	if (numbers > 0) {
		look_at(&p, conf->state_directory, 0);
		if (conf->journal_directory[0])
			look_at(&p, conf->journal_directory, 0);
		for (int i = 0; i < c->argc; i++)
			look_at(&p, c->argv[i], 0);
		status = say(c, &p, numbers);
	}
	traces_free(p.traces);
	json_decref(p.files);
	json_decref(p.found);
	conf_drop(conf);
	return status;
}

/* fuzz_conf.c - any text is either a whole configuration or faults with a place; lines are kept. */
// SPDX-License-Identifier: Apache-2.0
// for: src/conf/scan.c src/conf/source.c src/conf/readers.c src/conf/section.c src/conf/build.c src/conf/site.c src/conf/times.c src/conf/check.c
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_scan(const char *text, size_t n)
{
	struct scanned x;
	struct fault f = { 0 };
	int line = 0, lines = 1;
	size_t kept = 0, given = 0;

	for (size_t i = 0; i < n; i++)
		given += text[i] == '\n';
	lines += (int)given;
	if (!scan(text, n, &x, &line, &f)) {
		assert(line >= 1 && line <= lines && f.text[0]);
		return;
	}
	for (const char *p = x.text; *p; p++)
		kept += *p == '\n';
	assert(kept == given);
	for (size_t i = 0; i < x.n; i++)
		assert(x.entries[i].line >= 1 && x.entries[i].line <= lines);
	scanned_free(&x);
}

static void
try_load(const char *path)
{
	struct conf *c = NULL;
	struct conf_faults faults;

	if (conf_load(path, CONF_CHECK, &c, &faults)) {
		assert(c && faults.errors_n == 0);
		assert(c->sites_n > 0 && c->listeners_n > 0);
		for (size_t i = 0; i < c->sites_n; i++) {
			assert(conf_find_site(c, c->sites[i].title) == &c->sites[i]);
			(void)conf_site_silent(&c->sites[i]);
		}
		conf_drop(c);
	} else {
		assert(!c && faults.errors_n > 0);
	}
	for (size_t i = 0; i < faults.n; i++)
		assert(faults.item[i].text[0] && faults.item[i].file[0] && faults.item[i].line >= 0);
	conf_faults_clear(&faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	char *text = malloc(size + 1);
	int fd;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	try_scan(text, size);
	/* No other file is read: what else lies on this machine is no test. */
	for (char *p = text; (p = memmem(p, size - (size_t)(p - text), "include", 7)) != NULL;)
		*p = 'I';
	(void)snprintf(path, sizeof path, "/tmp/nudge-fuzz-conf-%d", (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	assert(fd >= 0 && write(fd, text, size) == (ssize_t)size && close(fd) == 0);
	try_load(path);
	(void)unlink(path);
	free(text);
	return 0;
}

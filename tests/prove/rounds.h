/* tests/prove/rounds.h - a long proof in rounds: a line of JSON each in a file, behind the last of which a later run goes on. */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many of `what` ("cuts") the lines of this file count; *seed: behind that of the last one. No file: 0, and *seed stays. */
static inline long
rounds_done(const char *path, const char *what, uint64_t *seed)
{
	FILE *f = fopen(path, "r");
	char line[1024], key[32];
	long done = 0;

	(void)snprintf(key, sizeof key, "\"%s\":", what);
	while (f && fgets(line, sizeof line, f)) {
		const char *n = strstr(line, key), *s = strstr(line, "\"seed\":");

		if (n && s) {
			done += strtol(n + strlen(key), NULL, 10);
			*seed = strtoull(s + 7, NULL, 10) + 1;
		}
	}
	if (f)
		(void)fclose(f);
	return done;
}

#endif

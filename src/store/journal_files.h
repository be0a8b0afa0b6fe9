/* store/journal_files.h - the files of a send journal, and their lines. */
#ifndef STORE_JOURNAL_FILES_H
#define STORE_JOURNAL_FILES_H

#include "nudge/buf.h"
#include "nudge/journal.h"

#define JOURNAL_NAME_MAX 40

struct journal_place {
	char path[512];
	int folder;
	int64_t house;
};

/* Fills *f from errno; is false. */
bool journal_io_fault(const struct journal_place *p, const char *name, struct fault *f);

/* The name of the file of sends whose first entry has this number. */
void journal_file_name(int64_t first, char out[JOURNAL_NAME_MAX]);

/* First numbers of the files of sends, in order; the caller frees. */
bool journal_files(const struct journal_place *p, int64_t **out, size_t *n, struct fault *f) __attribute__((warn_unused_result));

/* All of it; *there false: there is none. */
bool journal_file_read(const struct journal_place *p, const char *name, struct buf *out, bool *there, struct fault *f)
    __attribute__((warn_unused_result));

struct journal_walk { /* one file's lines */
	struct span rest;
	size_t good;         /* bytes up to the end of the last whole line */
	bool damaged;        /* a line that is whole and wrong */
	bool foreign;        /* of another house */
};
void journal_walk_begin(struct journal_walk *w, int64_t house, struct span text);      /* Pure. */
bool journal_walk_next(struct journal_walk *w, struct journal_entry *e);               /* Skips what is wrong. Pure. */

#endif

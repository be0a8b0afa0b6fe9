/* base/audit_parts.h - an open audit log, shared by the files that write it. */
#ifndef BASE_AUDIT_PARTS_H
#define BASE_AUDIT_PARTS_H

#include <pthread.h>

#include "base/audit_line.h"

#define NOTES_MAX 256

struct note { /* an entry with its words */
	struct audit_entry e;
	int64_t wall_ms;
	char name[128], what[48], kind[32], id[160], hash[160], why[200];
};

struct audit {
	pthread_mutex_t lock;   /* over all below but the notes; held over the disk's time */
	int folder, file, state;
	char path[512];         /* of the folder, for faults */
	char node[65];
	int64_t (*wall_ms)(void);
	int64_t retention_s, max_bytes, file_max, size;
	size_t files_n;
	char month[8];          /* of the file: "2026-11" */
	int64_t unsynced;       /* records since the state was synced */
	struct audit_chain chain;
	struct buf line;
	bool broken;            /* a sync failed: nothing more can be promised */

	pthread_mutex_t notes_lock;
	struct note *notes;     /* owned, NOTES_MAX of them */
	size_t notes_n;
	int64_t left_out;
};

/* With the lock held. One line into the file; the chain goes on only when all
 * of it is there. On the disk only after audit_settle(). */
bool audit_put(struct audit *a, const struct audit_entry *e, int64_t wall_ms, struct fault *f);
bool audit_settle(struct audit *a, struct fault *f);

/* Appends the first n bytes of a file, or all where it is shorter. */
bool audit_read_all(int fd, size_t n, struct buf *out);

#endif

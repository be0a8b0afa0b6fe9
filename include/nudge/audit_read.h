/* nudge/audit_read.h - the records of an audit log one after the other, beside the one who writes them.
 *
 * Threads: one at a time. Never waits for the writer; what it wrote is there when audit_head() says so.
 */
#ifndef NUDGE_AUDIT_READ_H
#define NUDGE_AUDIT_READ_H

#include "nudge/audit.h"
#include "nudge/buf.h"

struct audit_reader {
	char path[512];
	int fd;           /* of the file that is read; -1: none */
	int64_t next;     /* the record that comes next */
	int64_t at;       /* of the file: where what is not in `piece` begins */
	int64_t missing;  /* records that were gone before they were read */
	struct buf piece; /* read and not yet given */
	size_t given;     /* of it: bytes of the line that was given last */
};

/* From record seq on. Nothing is opened yet; *r is the caller's, audit_reader_end() it. */
void audit_reader_begin(struct audit_reader *r, const char *directory, int64_t seq);
void audit_reader_end(struct audit_reader *r);

enum audit_read { AUDIT_READ_ONE, AUDIT_READ_NO_MORE, AUDIT_READ_FAILED };

/* The record r->next, if it is not behind `last`: its line without the end, borrowed until the next call, and r->next
 * is the one behind it. What retention, or somebody, has removed is passed over and counted in `missing`. FAILED: the
 * disk, or memory; the same call may succeed later. */
enum audit_read audit_reader_next(struct audit_reader *r, int64_t last, struct span *line, struct fault *f)
    __attribute__((warn_unused_result));
void audit_reader_again(struct audit_reader *r); /* The record that was given last comes once more. */

#endif

/* nudge/audit_verify.h - reads an audit log from its first key on and tells every
 * flip, cut, swap, gap and missing end. Reads only; beside a running nudged too.
 */
#ifndef NUDGE_AUDIT_VERIFY_H
#define NUDGE_AUDIT_VERIFY_H

#include "nudge/audit.h"
#include "nudge/seal.h"

struct audit_finding {
	const char *file; /* its name; borrowed for the call */
	int64_t line;     /* 0: the file as a whole */
	const char *what; /* a literal sentence */
};
typedef void audit_finding_fn(void *ctx, const struct audit_finding *x);

struct audit_verdict {
	int64_t files, records, findings;
	int64_t first_seq;            /* of what is kept; 0: nothing is */
	struct audit_head head;       /* of the last good record */
	char first_t[32], last_t[32]; /* when */
};

/* One record in its parts; spans borrow from the line. */
struct audit_line {
	int64_t seq;
	struct span t, what, hash, prev, mac;
	struct span body; /* what mac is over */
};

/* A line without its end. false: it is not what audit_write() writes. Pure. */
bool audit_line_read(struct span line, struct audit_line *out) __attribute__((warn_unused_result));

/* The text of a field at any depth, as written (escapes stay): "id", "what"; the
 * first of that name behind `after` (NULL: of the line). SPAN_NONE when there is
 * none. Pure. */
struct span audit_line_text(struct span line, const char *after, const char *name);

/* known: a head that was kept elsewhere, which must be there; NULL for none.
 * true: everything could be read, and *out says what was found. false: *f. */
bool audit_verify(const char *directory, const uint8_t first_key[SEAL_KEY_BYTES], const struct audit_head *known,
    audit_finding_fn *fn, void *ctx, struct audit_verdict *out, struct fault *f) __attribute__((warn_unused_result));

/* The first key: from `path`, or from the folder itself when path is NULL. */
bool audit_first_key(const char *directory, const char *path, uint8_t out[SEAL_KEY_BYTES], struct fault *f)
    __attribute__((warn_unused_result));

#endif

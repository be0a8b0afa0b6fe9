/* nudge/atna.h - a record of the audit log as others keep them: IHE ITI-20 (ATNA).
 *
 * One RFC 5424 message with a DICOM audit message in it (PS3.15 A.5, which came of RFC 3881):
 *
 *   <85>1 2026-11-20T20:01:02.123Z HOST nudged PID IHE+RFC-3881 - <?xml ...?><AuditMessage>...</AuditMessage>
 *
 * Facility 10, severity 5, for what was refused or failed 4. Without a byte order mark, and without a line end inside.
 * Every message has our own word for the event as a second EventTypeCode and the number of the record as a
 * participant object, so that the record itself can be found. What a person typed stays in the record: what was
 * asked for (it may be a number by mistake), and the reasons of who lifts an opt-out.
 * Pure.
 */
#ifndef NUDGE_ATNA_H
#define NUDGE_ATNA_H

#include "nudge/buf.h"

#define ATNA_MAX 8192 /* octets of a message: what every receiver of RFC 5425 should take. Longer words are cut */

struct atna_record {          /* as a line of the audit log has it (nudge/audit.h); borrowed, UTF-8, none NULL */
	int64_t seq;
	const char *t, *node;
	const char *who_type, *who; /* "uid" and "1000/alice"; "cert" and "sha256:..."; "system" and a program */
	const char *what;
	const char *kind, *id, *hash;
	const char *why;
	bool ok;
};

/* Appends the message, of the process pid. *told false: this is no event for a repository (looking at counts and the
 * like) and nothing was appended. false: no memory. */
bool atna_message(const struct atna_record *r, long pid, struct buf *out, bool *told) __attribute__((warn_unused_result));

#endif

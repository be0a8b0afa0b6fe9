/* nudge/fault.h - a failure as a value, on its way to whoever can act.
 *
 * Who fails fills the fault once, at the place that knows most, and logs
 * nothing. Who passes it up may add where with fault_at(). Who stops it (a
 * main(), the engine's turn, a connection) logs it once.
 * Never allocates, never fails; a text that is too long is cut.
 */
#ifndef NUDGE_FAULT_H
#define NUDGE_FAULT_H

#include <stdbool.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_OPERATOR, /* configuration, file, certificate: a person must act */
	FAULT_BUSY,     /* passes by itself (disk full, peer away): try later */
	FAULT_PEER,     /* the other side broke a rule */
	FAULT_BROKEN    /* a promise cannot be kept any more: stop the process */
};

struct fault {
	enum fault_kind kind;
	char text[512]; /* one line, says what and what to do; no patient data */
};

/* Fills *f. Always returns false, so that `return fault_set(...)` reads well. */
bool fault_set(struct fault *f, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Of a call of the system that failed: what the machine is short of, or what its
 * disk says, passes or is mended without us (BUSY: whoever started us tries
 * again); anything else a person must mend (OPERATOR). Pure. */
enum fault_kind fault_kind_of(int error);

/* Puts "WHERE: " before the text that is there. Always returns false. */
bool fault_at(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

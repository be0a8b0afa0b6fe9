/* nudge/audit.h - who did what, written so that nobody changes it afterwards unseen.
 *
 * One record is one line of JSON in files that only grow, in a folder of their
 * own (state_directory/audit):
 *
 *   {"v":1,"seq":7,"t":"2026-11-20T20:01:02.123Z","node":"h","who":{"type":"uid","id":"1000/alice"},
 *    "what":"site.approve","obj":{"type":"site","id":"cardiology","hash":""},"why":"","ok":true,
 *    "detail":"","prev":"32 hex digits","mac":"32 hex digits"}
 *
 * prev is the mac of the record before; mac is HMAC-SHA-256, cut to 128 bits,
 * over the line's bytes before `,"mac"`, under a key that the record uses up:
 * the next one is SHA-256 of it, and the old one is overwritten. Who breaks in
 * today cannot write yesterday's records anew. The first key lies in
 * audit/first.key; verifying needs it, writing does not: keep it elsewhere.
 * The files are named by their first sequence number, so a cut, a swap, a gap
 * or a missing end shows (nudge/audit_verify.h).
 *
 * No phone number, name, MRN, link or text of a patient goes into a record.
 * Threads: any; audit_write() waits for the disk, audit_note() never does.
 */
#ifndef NUDGE_AUDIT_H
#define NUDGE_AUDIT_H

#include "nudge/fault.h"
#include "nudge/span.h"

#define AUDIT_MAC_HEX 32              /* characters of prev and mac */
#define AUDIT_DETAIL_MAX (256u << 10) /* bytes; what is longer is cut, and says so */

struct audit;

struct audit_setup {
	const char *directory;       /* made when it is missing; borrowed for the call */
	int64_t retention_s;         /* files whose last record is older go */
	int64_t (*wall_ms)(void);    /* NULL: the system's clock */
	int64_t file_max;            /* bytes after which the next file begins; 0: 16 MiB */
};

enum audit_begun { AUDIT_WENT_ON, AUDIT_NEW }; /* records were there; or this is the first ever */

/* Reads where the records end, mends what a power cut left of the last line (and
 * says so in a record of its own). Refuses to go on where the end is not the
 * one it wrote: a person must look (nudgectl audit verify). Owned by the caller. */
bool audit_open(const struct audit_setup *s, struct audit **out, enum audit_begun *begun, struct fault *f)
    __attribute__((warn_unused_result));
void audit_close(struct audit *a); /* Writes what was noted. NULL is fine. */

enum audit_who { AUDIT_SYSTEM, AUDIT_USER, AUDIT_CERTIFICATE };

struct audit_entry {
	enum audit_who who;
	int64_t uid;       /* AUDIT_USER */
	const char *name;  /* the user's; a certificate's "sha256:..."; a program's. NULL, as any text below: "" */
	const char *what;  /* our own word: "config.load", "site.approve", "phi.show" */
	const char *kind;  /* what it was done to: "site", "file", "listener" */
	const char *id;    /* its title, path or number */
	const char *hash;  /* "OLD>NEW" where there is one */
	const char *why;   /* a person's words, or the rule that refused */
	struct span detail; /* longer text: a configuration's diff */
	bool failed;
};

/* On the disk when true; what is done must wait for it. a NULL: nothing is
 * kept and it is true (tests, tools without a house). FAULT_BUSY: no space. */
bool audit_write(struct audit *a, const struct audit_entry *e, struct fault *f) __attribute__((warn_unused_result));

/* For what happens by itself and often: kept in memory until audit_flush().
 * Never waits. When too much has gathered, what is left out is counted, and the
 * count is written. NULL is fine. */
void audit_note(struct audit *a, const struct audit_entry *e);
bool audit_flush(struct audit *a, struct fault *f) __attribute__((warn_unused_result));

struct audit_head {
	int64_t seq;                  /* of the last record; 0: none */
	char mac[AUDIT_MAC_HEX + 1];
};
/* The end of the chain. Who keeps it somewhere else can prove a missing end. */
void audit_head(struct audit *a, struct audit_head *out);

/* Ends the file when it is of another month, and removes what is older than the
 * retention, and the oldest of what is more than the most; once an hour is often enough. */
bool audit_tidy(struct audit *a, struct fault *f) __attribute__((warn_unused_result));
void audit_set_retention(struct audit *a, int64_t retention_s, int64_t max_bytes); /* max_bytes 0: as much as there is */

#endif

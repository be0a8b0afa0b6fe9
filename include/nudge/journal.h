/* nudge/journal.h - what was sent, beside the store, so that a restored backup sends nothing twice.
 *
 * A store that is put back from a backup has forgotten what left since. This
 * journal has not: it lies in files of its own (journal_directory; best on
 * another disk) and must NOT be restored along with the store. An entry is
 * numbered; the store remembers in the same transaction how far it got. At the
 * start four things can be:
 *
 *   journal as far as the store    nothing to do
 *   journal behind the store       a crash: what the store knows is written again
 *   journal further than the store a backup: the engine takes what follows over
 *                                  (nudge/engine.h) before anything is served
 *   no journal, or one that begins later than the store ends
 *                                  sends are held until a person releases them
 *
 * Entries gather in memory during a turn and are written after its commit and
 * before its jobs leave; one fdatasync for all of a turn, none in a turn that
 * arms nothing. An entry holds no number and no name: row, ids and keyed marks.
 * Lines of text, each with a check of its own; a torn end is cut off.
 * Threads: one, the engine's.
 */
#ifndef NUDGE_JOURNAL_H
#define NUDGE_JOURNAL_H

#include "nudge/seal.h"
#include "nudge/text.h"

struct journal;

enum journal_kind {
	JOURNAL_ARMED,      /* a text is about to leave */
	JOURNAL_ENDED,      /* what came of it; helps a restore to tell more, and waits for no disk */
	JOURNAL_OPTOUT, JOURNAL_OPTIN,
	JOURNAL_KEY,        /* by which phones are marked from here on, wrapped by the store key */
	JOURNAL_REFUSED, JOURNAL_RIGHT /* a number was called wrong; it is right */
};

struct journal_entry {
	enum journal_kind kind;
	int64_t seq;              /* given by journal_add() */
	int64_t at_s;
	/* ARMED, ENDED */
	int64_t text;             /* the row's id */
	char repeat_id[37];
	bool taken;               /* ENDED: false: certainly not */
	/* ARMED */
	uint8_t visit[MARK_BYTES];      /* of the appointment and its patient */
	enum text_kind text_kind;
	int64_t start_s, generation, segments;
	uint8_t fingerprint[16];        /* of what it says */
	char rule[48];
	/* OPTOUT, OPTIN, KEY, REFUSED, RIGHT */
	char name[64];            /* organization; KEY: the key's */
	uint8_t phone[MARK_BYTES];
	char source[80];          /* REFUSED: its cause */
	int64_t code;             /* REFUSED: the gateway's */
	uint8_t wrapped[SEAL_KEY_BYTES + SEAL_OVERHEAD]; /* KEY */
};

struct journal_setup {
	const char *directory;    /* made when it is missing; borrowed for the call */
	int64_t house;            /* whose it is: a number that the store was given at its birth, not 0 */
	int64_t seq;              /* how far the store got */
	int64_t retention_s;      /* sends that are older go; what is known of phones stays */
	int64_t now_s;
};

enum journal_state {
	JOURNAL_LEVEL,      /* as far as the store */
	JOURNAL_BEHIND,     /* shorter, by what a crash cut off */
	JOURNAL_AHEAD,      /* the store is an older one: journal_read() what follows */
	JOURNAL_MISSING,    /* the store had one, and there is none */
	JOURNAL_TOO_SHORT,  /* it does not reach back to where the store ended, or is damaged there */
};

/* Opens or makes it, and looks how it stands to the store. Refuses a journal of
 * another house. Owned by the caller. */
bool journal_open(const struct journal_setup *s, struct journal **out, enum journal_state *state, struct fault *f)
    __attribute__((warn_unused_result));
void journal_close(struct journal *j); /* NULL is fine. */

/* Entries after the store's, in order. fn false ends it, and is false here too. */
typedef bool journal_fn(void *ctx, const struct journal_entry *e, struct fault *f);
bool journal_read(struct journal *j, int64_t after_seq, journal_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));

int64_t journal_last(const struct journal *j); /* The number of the last entry, also of one that is not written yet. */

/* Where none is, one begins: a person said that sends may go on. */
bool journal_begin(struct journal *j, int64_t now_s, struct fault *f) __attribute__((warn_unused_result));

/* Gathers one; gives its number, which the store must remember in the same transaction. */
void journal_add(struct journal *j, struct journal_entry *e);
void journal_drop(struct journal *j);  /* The turn was undone: what it gathered never was. Not what a failed write left. */

/* Writes what has gathered, on the disk when it has to be. FAULT_BUSY: no
 * space, what gathered stays and nothing may leave; FAULT_BROKEN: a sync failed. */
bool journal_write(struct journal *j, int64_t now_s, struct fault *f) __attribute__((warn_unused_result));
void journal_commit(struct journal *j); /* The turn is committed: journal_drop() no longer takes its entries. */

#endif

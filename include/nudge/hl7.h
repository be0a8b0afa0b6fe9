/* nudge/hl7.h - one HL7 v2 message: where its segments and fields are.
 *
 * hl7_read() goes over the bytes once and notes where segments and fields
 * begin; nothing is copied, and no memory is taken per field. Repetitions,
 * components and subcomponents are found when asked for, inside their field.
 * The message borrows the bytes given to hl7_read(): they must outlive its use.
 * Tolerant of form as facts of the field demand: CR ends a segment; a message
 * without any CR is split on LF; empty segments are skipped; blanks and a LF
 * before a segment name are skipped; the last terminator may be missing;
 * unknown and Z segments, extra fields and short segments are fine.
 * Pure but for the memory of the index. Threads: a message belongs to one.
 * Source: HL7 v2.9 chapter 2, sections 2.4 to 2.7.
 */
#ifndef NUDGE_HL7_H
#define NUDGE_HL7_H

#include "nudge/arena.h"
#include "nudge/fault.h"
#include "nudge/span.h"

struct hl7_delims { /* MSH-1 and MSH-2 */
	char field, component, repetition, escape, subcomponent;
	char truncation; /* 0 when MSH-2 has four characters */
	bool repaired;   /* MSH-2 was short or damaged and was completed; also set on HL7_BAD_DELIMS */
};

enum hl7_result {
	HL7_OK,
	HL7_NO_MSH,     /* nobody to answer */
	HL7_BAD_DELIMS, /* MSH is there; its delimiters are equal, alphanumeric or control */
	HL7_TOO_MANY,   /* more segments or fields than an index holds; the MSH is there for the answer */
	HL7_NO_MEMORY
};

#define HL7_SEGMENTS_MAX 4096
#define HL7_FIELDS_MAX 65536

struct hl7; /* the index; reused from message to message */

struct hl7 *hl7_new(void);      /* NULL when out of memory. Owned by the caller. */
void hl7_free(struct hl7 *m);   /* NULL is fine. */

/* Reads `bytes` (borrowed until the next hl7_read()). On HL7_BAD_DELIMS the
 * MSH can still be looked at with the default delimiters, for the answer. */
enum hl7_result hl7_read(struct hl7 *m, struct span bytes);

const struct hl7_delims *hl7_delims(const struct hl7 *m); /* Borrowed. */
unsigned hl7_segments(const struct hl7 *m);               /* How many; segment 0 is the MSH. */
struct span hl7_name(const struct hl7 *m, unsigned segment); /* "SCH"; as sent. Borrowed. */
bool hl7_is(const struct hl7 *m, unsigned segment, const char *name); /* Case-blind. */

/* The first segment of that name in [from, to); `to` when there is none. name:
 * three upper-case characters. Pure. */
unsigned hl7_find(const struct hl7 *m, const char name[4], unsigned from, unsigned to);

/* Field `field` (1-based, MSH counted as the standard does: MSH-1 is the
 * separator) of a segment, with all repetitions, escapes untouched. SPAN_NONE
 * when absent. `""` is given as it stands. Borrowed. */
struct span hl7_field(const struct hl7 *m, unsigned segment, unsigned field);

/* Parts of a field, still escaped; SPAN_NONE when absent. Repetitions count
 * from 0, components and subcomponents from 1; subcomponent 0 = the whole
 * component; component 0 = the whole repetition. Borrowed. */
unsigned hl7_repetitions(const struct hl7_delims *d, struct span field); /* 0 for an empty field */
struct span hl7_repetition(const struct hl7_delims *d, struct span field, unsigned repetition);
struct span hl7_part(const struct hl7_delims *d, struct span repetition, unsigned component, unsigned subcomponent);

/* Exactly `""`: delete what you hold (2.9.4). Pure. */
static inline bool
hl7_is_null(struct span value)
{
	return value.n == 2 && value.p[0] == '"' && value.p[1] == '"';
}

/* Undoes escapes once, left to right (2.6): \F\ \S\ \T\ \R\ \E\ \P\; \.br\ and
 * \.sp\ give a blank; \H\ \N\ nothing; \Xdd..\ the bytes, less C0 controls;
 * anything unknown or not ended is kept as it stands. Borrows when there is
 * nothing to undo, else a copy in the arena; SPAN_NONE when the arena is full. */
struct span hl7_unescape(const struct hl7_delims *d, struct span value, struct arena *a);

/* A place in a message, in the manner of HAPI's Terser:
 *   SEG[(segment repetition)]-FIELD[(repetition)][.COMPONENT[.SUBCOMPONENT]]
 * with an optional leading '/'; repetitions from 0, the rest from 1. "SCH-11.4",
 * "PID-13(2).12", "/AIL(0)-3.9". A repetition `*` means every one. */
struct hl7_path {
	char segment[4];       /* upper case, terminated */
	short segment_rep;     /* -1: every one */
	short field;           /* 1 .. 255 */
	short field_rep;       /* -1: every one */
	short component;       /* 0: whole repetition */
	short subcomponent;    /* 0: whole component */
};

/* Reads a path. false says what is wrong and where, as an administrator reads
 * it. `*out` is written on success only. Pure. */
bool hl7_path_read(const char *text, struct hl7_path *out, struct fault *f)
    __attribute__((warn_unused_result));

/* Back again: "SCH-11.4". Pure. */
#define HL7_PATH_TEXT_MAX 48
void hl7_path_text(const struct hl7_path *p, char out[HL7_PATH_TEXT_MAX]);

struct hl7_scope { /* the segments a path may see: [from, to) */
	unsigned from, to;
};

/* The whole message. Pure. */
struct hl7_scope hl7_whole(const struct hl7 *m);

/* The value at a path (still escaped), SPAN_NONE when absent; with `*` the
 * first that is not empty. Borrowed. */
struct span hl7_get(const struct hl7 *m, struct hl7_scope in, const struct hl7_path *path);

/* Walks every value that a path with `*` names, each byte once. Begin with
 * *cursor = {0}; gives false at the end. Empty values are skipped. `*segment`
 * gets its segment. */
struct hl7_cursor { /* private to hl7_next() */
	unsigned segment, repetition, seen;
	struct span rest; /* of the field that is being walked */
	bool inside;
};
bool hl7_next(const struct hl7 *m, struct hl7_scope in, const struct hl7_path *path,
    struct hl7_cursor *cursor, struct span *value, unsigned *segment);

/* The character set of a message: bytes that are valid UTF-8 are that, whatever
 * MSH-18 says; else the set that MSH-18 names (table 0211, or a name that ICU
 * knows); else Windows-1252, guessed. UNSUPPORTED: UTF-16 and UTF-32, which no
 * frame can carry. *name: for hl7_to_utf8(), borrowed from msh18. Pure. */
enum hl7_charset { HL7_UTF8, HL7_LATIN1, HL7_CP1252, HL7_OTHER, HL7_CHARSET_UNSUPPORTED };
enum hl7_charset hl7_charset_of(struct span bytes, struct span msh18, struct span *name, bool *guessed);

/* `bytes` as UTF-8 without a BOM; before anything is looked for in them, since
 * bytes of some sets look like delimiters. Borrows when they are UTF-8 already,
 * else a copy in the arena; SPAN_NONE with n 0 when the arena is full. */
struct span hl7_to_utf8(struct span bytes, enum hl7_charset set, struct span name, struct arena *a);

/* UTF-16 or UTF-32, known by its mark or its zeros, as UTF-8: enough to answer
 * its sender. SPAN_NONE when it is neither, or the arena is full. */
struct span hl7_wide_to_utf8(struct span bytes, struct arena *a);

/* A time as sent: TS/DTM, YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ], first
 * component only, blanks trimmed, 16-digit stamps read to 14 digits.
 * Section 2.A.22 / DTM. */
enum hl7_precision { HL7_YEAR = 4, HL7_MONTH = 6, HL7_DAY = 8, HL7_HOUR = 10, HL7_MINUTE = 12, HL7_SECOND = 14 };
struct hl7_time {
	int year, month, day, hour, minute, second;
	enum hl7_precision precision;
	bool has_offset;
	int offset_min; /* minutes east of UTC, |offset| <= 14 h */
};
enum hl7_time_result { HL7_TIME_OK, HL7_TIME_EMPTY, HL7_TIME_BAD };

/* Checks the calendar too (month, day of the month, hour; 24:00 is bad). Pure. */
enum hl7_time_result hl7_time_read(struct span value, struct hl7_time *out);

#endif

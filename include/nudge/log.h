/* nudge/log.h - one line an event: what happened, then key=value fields.
 *
 * The fields are typed and none of them takes free text from outside, so a
 * phone number, a name or a message cannot be logged by accident. What does
 * come from outside (an MSH-3 that belongs to nobody) goes through log_msh(),
 * which keeps 40 printable ASCII characters, and the names in a certificate
 * through log_claim(). Lines go to standard error; where
 * that is the journal (JOURNAL_STREAM names it) each begins with its "<N>" priority.
 * base, hl7, phone, siu, policy, wheel and store do not log: they return faults.
 * Threads: any; a line is written in one write(2).
 */
#ifndef NUDGE_LOG_H
#define NUDGE_LOG_H

#include "nudge/fault.h"
#include "nudge/span.h"

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

struct log_field {
	const char *key;  /* literal */
	enum { LOG_F_END, LOG_F_SKIP, LOG_F_NAME, LOG_F_INT, LOG_F_MSH } type;
	const char *name; /* borrowed for the call */
	int64_t number;
	struct span msh;  /* borrowed for the call */
};

/* program: literal, put before each line. level: lines above it are dropped. */
void log_open(const char *program, enum log_level level);

/* Levels may be changed at any time by any thread. A part is a folder of src whose
 * files log: a line belongs to that of the file which writes it. */
#define LOG_PARTS 5
const char *log_part(size_t part);                          /* Its name; literal. */
enum log_level log_level_of(size_t part);
void log_set_level(enum log_level level);                   /* Of all parts. */
bool log_set_part(const char *part, enum log_level level);  /* false: there is none of this name. */
void log_reset(void);                                       /* All as log_open() was told. */
const char *log_level_name(enum log_level level);           /* Literal. */
bool log_level_named(const char *name, enum log_level *level); /* error, warning, notice, info, debug; false: none of them. */

/* what: a literal sentence. fields: ended by LOG_F_END. Use the macros below. */
void log_line(const char *file, enum log_level level, const char *what, const struct log_field *fields);

/* A word of our own or from the configuration (a listener's name, a state, a
 * fault's text, an address); quoted when it has blanks. Never patient data. */
struct log_field log_name(const char *key, const char *name);
struct log_field log_int(const char *key, int64_t number);     /* a count, or a number with the unit in its key */
struct log_field log_msh(const char *key, struct span value);  /* MSH-3 to MSH-6, MSH-9, MSH-12 only */
struct log_field log_claim(const char *key, const char *name); /* what a certificate says of itself: 40 printable characters are kept */
struct log_field log_fault(const struct fault *f);             /* why=... */

#define LOG_SKIP_ ((struct log_field){ .type = LOG_F_SKIP })
#define LOG_END_ ((struct log_field){ .type = LOG_F_END })
#define LOG_FIELDS_(...) ((const struct log_field[]){ LOG_SKIP_, ##__VA_ARGS__, LOG_END_ })
#define log_at(level, what, ...) log_line(__FILE__, level, what, LOG_FIELDS_(__VA_ARGS__))
#define log_error(what, ...) log_line(__FILE__, LOG_ERROR, what, LOG_FIELDS_(__VA_ARGS__))
#define log_warn(what, ...) log_line(__FILE__, LOG_WARN, what, LOG_FIELDS_(__VA_ARGS__))
#define log_note(what, ...) log_line(__FILE__, LOG_NOTE, what, LOG_FIELDS_(__VA_ARGS__))
#define log_info(what, ...) log_line(__FILE__, LOG_INFO, what, LOG_FIELDS_(__VA_ARGS__))
#define log_debug(what, ...) log_line(__FILE__, LOG_DEBUG, what, LOG_FIELDS_(__VA_ARGS__))

#endif

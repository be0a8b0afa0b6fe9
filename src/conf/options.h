/* conf/options.h - the table of every setting, and the pieces of the reader. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <confuse.h>

#include "nudge/conf.h"

enum option_kind {
	OPTION_TEXT, OPTION_PATH, OPTION_PATH_OR_EMPTY, OPTION_BOOL, OPTION_NUMBER, OPTION_DURATION, OPTION_SIZE,
	OPTION_WORD,      /* one of a few */
	OPTION_TEXTS, OPTION_PATHS, /* lists */
	OPTION_BLOCK      /* a block inside */
};

struct option {
	const char *block;   /* "" for the top */
	const char *name;
	enum option_kind kind;
	const char *standard; /* default as it would be written; NULL: required; "" empty */
	const char *text;    /* one line for people */
};

extern const struct option options[]; /* ended by a NULL block */

const struct option *option_find(const char *block, const char *name);

/* ---- what stands where ---- */
struct entry {
	char block[24], title[64], sub[24], subtitle[64], key[48]; /* key "": the block itself begins */
	int line;
};

struct source { /* one file */
	char path[512], folder[512];
	const char *name;     /* the conf's copy of path */
	cfg_t *cfg;           /* owned */
	struct entry *entries; /* owned */
	size_t entries_n;
};

#define SOURCES_MAX 256

struct reader {
	struct source *sources; /* owned */
	size_t sources_n;
	struct conf *conf;
	struct conf_faults *faults;
	enum conf_reader who;
};

/* Reads a file and all it includes; faults for syntax, unknown keys, titles and
 * keys used twice. false when nothing can be built from it. */
bool source_read(struct reader *r, const char *path, int depth, const struct conf_place *from);
void sources_free(struct reader *r);

/* Blanks comments, keeps what stands in double quotes from being eaten, takes
 * includes out; notes where everything stands. false: *f, and the line in *line. */
struct scanned {
	char *text;           /* owned; what libConfuse gets */
	struct entry *entries; /* owned */
	size_t n;
	char (*includes)[512]; /* owned */
	int *include_lines;   /* owned */
	size_t includes_n;
};
bool scan(const char *text, size_t n, struct scanned *out, int *line, struct fault *f);
void scanned_free(struct scanned *s);

/* ---- one block ---- */
struct section {
	struct reader *reader;
	const struct source *source;
	cfg_t *cfg;
	const char *block, *title, *sub, *subtitle;
};

struct conf_place section_place(const struct section *s, const char *key); /* key "": of the block */
void section_fault(const struct section *s, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
void section_warn(const struct section *s, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool section_has(const struct section *s, const char *key);
/* All give the default when the key is missing, and a fault when it is required or wrong. */
const char *section_raw(const struct section *s, const char *key);       /* borrowed; "" when none */
char *section_text(const struct section *s, const char *key);            /* owned */
char *section_path(const struct section *s, const char *key);            /* owned, absolute */
bool section_bool(const struct section *s, const char *key);
int64_t section_number(const struct section *s, const char *key, int64_t min, int64_t max);
int64_t section_duration(const struct section *s, const char *key, int64_t min_s, int64_t max_s);
int section_word(const struct section *s, const char *key, const char *const *words); /* index; 0 when wrong */
struct text_list section_texts(const struct section *s, const char *key, bool paths); /* owned */
void section_patterns(const struct section *s, const char *key, struct pattern_list *out);
bool section_window(const struct section *s, const char *key, struct conf_window *out);
char *path_from(const struct source *s, const char *path); /* owned */

/* ---- builders ---- */
void build_top(struct reader *r);
void build_organizations(struct reader *r);
void build_gateways(struct reader *r);
void build_numbers(struct reader *r);
void build_environments(struct reader *r);
void build_listeners(struct reader *r);
void build_sites(struct reader *r);
void check_across(struct reader *r);
void conf_free(struct conf *c);
struct conf *conf_new(void); /* one hold */

/* Calls fn for each block of this name, in the order of the files. Grows
 * *items (zeroed) by one for each. */
void each_block(struct reader *r, const char *block, void **items, size_t *n, size_t size,
    void (*fn)(struct reader *r, const struct section *s, void *item, size_t index));

void text_list_free(struct text_list *l);

#endif

/* conf/options.h - the table of every setting, and the pieces of the reader. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <confuse.h>
#include <sys/stat.h>

#include "nudge/conf.h"

enum option_kind {
	OPTION_TEXT,
	OPTION_PATH,
	OPTION_PATH_OR_EMPTY,
	OPTION_BOOL,
	OPTION_NUMBER,
	OPTION_DURATION,
	OPTION_SIZE,
	OPTION_RATE,   /* "200/min" */
	OPTION_WINDOW, /* "09:00-20:00" */
	OPTION_BEFORE, /* "15min", "1d", "2d at 10:00" */
	OPTION_WORD,   /* one of a few, which stand as unit */
	OPTION_TEXTS,  /* lists, from here */
	OPTION_PATHS,
	OPTION_PATTERNS,
	OPTION_BLOCK   /* a block inside */
};

struct option {
	const char *block;    /* "" for the top */
	const char *name;
	enum option_kind kind;
	const char *standard; /* default as it would be written; NULL: required; "" empty */
	int64_t min, max;     /* in the unit; both 0 where nothing is counted */
	const char *unit;     /* what is counted, or the words: "skip, send" */
	const char *text;     /* one line for people */
};

#define OPTS_MAX 64 /* settings of one block */
extern const struct option options[]; /* ended by a NULL block */

const struct option *option_find(const char *block, const char *name);

/* ---- what stands where ---- */
#define TITLE_MAX 63
struct entry {
	char block[24], title[TITLE_MAX + 1], sub[24], subtitle[TITLE_MAX + 1];
	char key[48]; /* "": the block itself begins */
	int line;
	bool is_list; /* its value is in braces */
};

struct source { /* one file */
	char path[512], folder[512];
	const char *name;     /* the conf's copy of path */
	cfg_t *cfg;           /* owned */
	struct entry *entries; /* owned */
	size_t entries_n;
};

#define SOURCES_MAX 4096

struct reader {
	struct source *sources; /* owned */
	size_t sources_n;
	struct conf *conf;
	struct conf_faults *faults;
	size_t doubles_n; /* errors after which it can still be built, so that all is told at once */
	enum conf_reader who;
};

/* readers.c: false: a program that runs as this user cannot open the file; true too where there is no such user. */
bool reader_may(const struct stat *st, const char *user);

/* Reads a file and all it includes; faults for syntax, unknown keys, titles and
 * keys used twice. */
void source_read(struct reader *r, const char *path, int depth, const struct conf_place *from);
void sources_free(struct reader *r);

/* Faults for unknown keys, wrong kinds, bad titles, and what stands twice.
 * false: nothing can be built from this file. */
bool entries_check(struct reader *r, const struct source *s);

/* Blanks comments, writes each word so that libConfuse gives it back as it was
 * typed, takes includes out; notes where everything stands. false: *f, and the
 * line in *line. */
struct scanned {
	char *text;           /* owned; what libConfuse gets */
	struct entry *entries; /* owned */
	size_t n;
	struct include {
		char path[512];
		int line;
	} *includes;           /* owned */
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
void section_fault(const struct section *s, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void section_warn(const struct section *s, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool section_has(const struct section *s, const char *key);
/* All give the default when the key is missing, and a fault when it is required or wrong. */
const char *section_raw(const struct section *s, const char *key);       /* borrowed; "" when none */
char *section_text(const struct section *s, const char *key);            /* owned */
char *section_path(const struct section *s, const char *key);            /* owned, absolute */
bool section_bool(const struct section *s, const char *key);
int64_t section_number(const struct section *s, const char *key);
int64_t section_duration(const struct section *s, const char *key);      /* seconds */
int64_t section_size(const struct section *s, const char *key);          /* bytes */
int64_t section_rate(const struct section *s, const char *key);          /* a minute; 0: "off", or empty */
int section_word(const struct section *s, const char *key);              /* index of the word; 0: wrong */
struct text_list section_texts(const struct section *s, const char *key, bool paths); /* owned */
void section_patterns(const struct section *s, const char *key, struct pattern_list *out);
void section_window(const struct section *s, const char *key, struct conf_window *out);
/* All but title and place. */
bool section_before(const struct section *s, const char *key, struct conf_reminder *out);
/* Absolute, or "" as it is; owned as text_copy()'s. "credential:NAME" is a file among those
 * that systemd hands to the service. */
#define CREDENTIALS_UNKNOWN "/no-credentials-directory"
char *path_from(const struct source *s, const char *path);
char *text_or_none(char *text);                             /* text; when there was no memory for it one that is empty, and this is noted */
char *text_copy(const char *text);                          /* owned: text_free(); never NULL, as text_or_none() */
void text_free(char *text);

/* Whether memory was short in this thread while a configuration was read: some of it is missing, and it must not be used. */
void reading_begins(void);
void reading_lacks(void);
bool reading_lacked(void);

/* ---- builders ---- */
void build_top(struct reader *r);
struct conf_place top_place(const struct reader *r, const char *key); /* of a setting of the top */
void build_metrics(const struct section *s); /* of the top, after the other sockets */
void build_organizations(struct reader *r);
void build_gateways(struct reader *r);
void build_gateway_told(const struct section *s, struct conf_gateway *g); /* how its reports and texts from phones come */
void build_numbers(struct reader *r);
void build_environments(struct reader *r);
void build_listeners(struct reader *r);
void build_sites(struct reader *r);
void build_written(struct reader *r); /* what is set, for people to compare */
void written_free(struct conf *c);
void check_across(struct reader *r); /* between blocks, and the secrets */
void check_shadows(struct reader *r); /* what stands behind something else and is never reached */
void check_folders(struct reader *r); /* of the store, its journal and the sockets */
/* Both take the same messages, or some that both fit. */
bool check_same_messages(const struct conf_site *a, const struct conf_site *b);
void build_fhir_url(const struct section *s, const struct conf_site *site); /* how it looks */
void check_told(struct reader *r);   /* numbers that must hear their phones, webhooks on one port */
struct conf *conf_new(struct conf *base); /* one hold; base is held, NULL: none */

/* The block of this title; NULL, and a fault that names the nearest, when there
 * is none. `items` are blocks that begin with their titles. */
void *build_linked(const struct section *s, const char *key, const char *name, void *items, size_t n,
    size_t size);

/* ---- shapes of single values; pure ---- */
bool shape_e164(const char *text);     /* + and 8 to 15 digits */
bool shape_name(const char *text);     /* an alphanumeric sender */
bool shape_address(const char *text);  /* an IP address, or localhost */
bool shape_loopback(const char *text); /* an address that only this machine reaches */
/* "https://HOST[:PORT]", brought into that form in place. */
bool shape_endpoint(char *url, bool any_host, struct fault *f);
bool shape_url(const char *name, char *url, struct fault *f); /* The same for any host; http:// on loopback only. name: of the setting. */
bool shape_url_local(const char *url);                        /* Of that form, and on loopback. */
#define CONF_IMDS "http://169.254.169.254"                    /* of a virtual machine of Azure */

/* "https://ACCOUNT.queue.core.windows.net/QUEUE", its host in lower case in place. */
bool shape_queue(char *url, bool any_host, struct fault *f);

/* Calls fn for each block of this name, in the order of the files. Grows
 * *items (zeroed) by one for each. */
void each_block(struct reader *r, const char *block, void **items, size_t *n, size_t size,
    void (*fn)(struct reader *r, const struct section *s, void *item, size_t index));

/* A site of its own, with all its strings and patterns; false: no memory. */
bool site_copy(const struct conf_site *from, struct conf_site *to);
void site_free(struct conf_site *s);

#endif

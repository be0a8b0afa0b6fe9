/* nudge/rules.h - a configuration with what the rules compile out of it: zones
 * loaded, templates read, and for each site the terms that an approval covers.
 *
 * rules_new() makes what the file says. rules_in_force() makes of it, and of the
 * approvals that were given, what applies: sites whose file differs from what
 * was approved keep that, see nudge/terms.h.
 *
 * Read-only once made and shared by counting, like the conf it holds.
 * Threads: any, but templates are rendered by one thread only (nudge/sms.h).
 */
#ifndef NUDGE_RULES_H
#define NUDGE_RULES_H

#include "nudge/civil.h"
#include "nudge/conf.h"
#include "nudge/digest.h"
#include "nudge/hours.h"
#include "nudge/sms.h"
#include "nudge/terms.h"

enum standing {
	STANDING_FREE,     /* approver = none */
	STANDING_NEEDED,   /* never approved, or what was approved cannot be kept: sends nothing */
	STANDING_APPROVED, /* as approved */
	STANDING_DIFFERS   /* approved, and the file says something else by now */
};

struct site_standing {
	enum standing what;
	int64_t at_s;              /* when it was approved; 0: never */
	char who[64];
	enum term_fate fate[TERMS_MAX]; /* STANDING_DIFFERS: of each setting */
	const char *why;           /* STANDING_NEEDED though once approved: why it cannot be kept. Literal, or NULL */
};

struct site_rules {
	const struct conf_site *site;
	struct zone *zone;                 /* owned by the rules; sites of one zone share it */
	struct holidays *holidays;         /* owned; NULL: none */
	uint8_t holidays_hash[DIGEST_BYTES]; /* of their file; zeros: none */
	struct span profile;               /* text of the profile: built in, or profile_file */
	char *profile_file;                /* owned; NULL when built in */
	struct sms_templates **templates;  /* owned, parallel to site->languages */
	int64_t words;                     /* 48 bits that no other templates have, of all languages together */
	struct site_terms terms;           /* owned; these settings in words */
	uint8_t hash[DIGEST_BYTES];        /* of the terms */
	uint8_t approval_hash[DIGEST_BYTES]; /* of the terms whose approval lets it send: its own, or those it was approved with */
	struct site_standing standing;
	bool has_link_key;                 /* false also where the file may not be read by who only checks */
	uint8_t link_key[32];              /* SEAL_KEY_BYTES; wiped when freed */
};

struct rules {
	struct conf *conf;         /* held */
	struct site_rules *sites;  /* owned, parallel to conf->sites */
	struct zone **places;      /* owned, parallel to place_zones; NULL where the system has no such zone */
	uint64_t tzdata;           /* changes when the rules of any used zone do */
	int64_t version;           /* 48 bits that no other configuration, words or profiles have; shown as 12 hexadecimal digits */
};

/* Compiles `c` (held, not taken over). false: *faults (already initialised)
 * got at least one error with file and line. Reads template files. One hold. */
bool rules_new(struct conf *c, struct rules **out, struct conf_faults *faults) __attribute__((warn_unused_result));
/* The same for who looks for more faults, see conf_look(): *out has what could be
 * compiled, sites may lack zone, profile and templates; NULL without memory.
 * One hold. */
bool rules_look(struct conf *c, struct rules **out, struct conf_faults *faults) __attribute__((warn_unused_result));
/* What is in force of `file` under these approvals (of sites by title; others
 * are passed over). Reads no file. false: *faults (already initialised) got an
 * error; a site whose approval cannot be kept is a warning. One hold. */
bool rules_in_force(struct rules *file, const struct approval *approvals, size_t n, struct rules **out,
    struct conf_faults *faults) __attribute__((warn_unused_result));
struct rules *rules_hold(struct rules *r); /* One more user; returns r. */
void rules_drop(struct rules *r);          /* One user less; the last frees it. NULL is fine. */

/* The rules of a site of this configuration. Borrowed. Pure. */
const struct site_rules *rules_of(const struct rules *r, const struct conf_site *s);

#define RULES_LINK_MAX 1152 /* bytes of a link with what is signed, terminator included */

/* Values as long as they get at this site, for measuring and showing: its own
 * names, an example of each link, the zone's name shown. A link from a field is
 * taken to be of 80 characters. */
struct rules_example {
	struct sms_values values; /* borrows from here and from the rules */
	char link[RULES_LINK_MAX], device_test_link[RULES_LINK_MAX];
};
void rules_example(const struct site_rules *s, struct rules_example *out); /* Pure. */

/* The settings of the site that every text of it has, into values. Pure. */
void rules_values(const struct site_rules *s, struct sms_values *out);

/* A link of a template setting (link as stored, device_test_link) with all that
 * is signed, into out; empty when it cannot be or may not be sent. Pure. */
struct span rules_link(const struct site_rules *s, const char *link, struct span appointment_id, int64_t start_s,
    char out[RULES_LINK_MAX]);
/* Why a site cannot send under these rules, by its settings or its approval;
 * NULL when it can. Literal. A hold is the engine's to know. Pure. */
const char *rules_silent(const struct site_rules *s);

/* Zones of a patient by the names that places_zones() gave, into out[]; how many:
 * 0 when one of them is not known, or there are more than `most`. Borrowed. Pure. */
size_t rules_places(const struct rules *r, const char *names, const struct zone **out, size_t most);

/* The templates for a patient's language ("es-MX" finds "es"), else the site's
 * first language. Borrowed. Pure. */
const struct sms_templates *rules_templates(const struct site_rules *s, struct span language);

#endif

/* siu/parts.h - one message being read, and the rules that read it. */
#ifndef SIU_PARTS_H
#define SIU_PARTS_H

#include "siu/profile.h"

#define SAID_MAX 32      /* departments or visit types that one message is looked at for */
#define PATIENTS_MAX 256 /* of a group visit */
#define ID_MAX 199       /* bytes */

enum link_kind { LINK_OF_NONE, LINK_OF_PATH, LINK_OF_TEMPLATE };

/* A field that decides whether a site takes a message, or how its visit takes place. */
struct field_match {
	struct path_list path;   /* one */
	struct pattern *pattern; /* owned */
	bool never;              /* it must not match */
	enum modality modality;  /* of site_map.modes: what the visit is when it does */
};

struct sender { /* MSH-3 and MSH-4 that a site asks for; what is empty is not asked for. Borrowed from the site. */
	struct span application, facility;
};

struct site_map { /* what siu makes of a site's settings */
	struct sender sender, news; /* of SIU, and of ADT */
	const struct siu_profile *profile; /* borrowed from siu_map.profiles */
	struct field_match *matches; /* owned */
	size_t matches_n;
	struct field_match *modes;   /* owned; video first, then phone, then office */
	size_t modes_n;
	enum link_kind link;
	struct path_list link_path; /* LINK_OF_PATH: one */
};

struct siu_map {
	struct rules *rules;           /* held */
	struct site_map *sites;        /* owned, parallel to conf->sites */
	struct siu_profile **profiles; /* owned, parallel; NULL where an earlier site has the same, unchanged */
};

struct said { /* values that a list of patterns is tested on */
	struct span item[SAID_MAX];
	size_t n;
};

struct reading {
	const struct siu_map *map;
	const struct siu_peer *peer;
	struct hl7 *hl7;
	const struct hl7_delims *delims;
	struct message *msg;
	int64_t now_s;
	size_t stands_max;  /* bytes of a value that may stand as it is: 0 where something is escaped */

	/* Nothing of these at first: */
	bool no_memory;     /* the arena is full: nothing read since can be trusted */
	bool is_bare;       /* character set unknown: only ASCII can be trusted */
	bool since_2_7;     /* MSH-12 */
	char event[4];      /* "S12" */
	const struct conf_site *sender; /* first site that MSH-3/4 fit */
	const struct site_map *at;      /* of the site, else of the sender */
	bool has_sent_at;
	int64_t sent_at_s;
	bool has_offset;    /* MSH-7 has one */
	int offset_min;     /* minutes east of UTC */

	bool is_news;                /* not about a visit but about a patient: ADT */
	bool merges;                 /* is_news: two records become one */
	bool is_plain;               /* of one patient, and no row is deleted */
	bool has_dead;               /* some row is in `dead` */
	bool is_group;               /* several PID */
	struct hl7_scope whole;      /* segments of the message */
	const struct siu_profile *said_by; /* what departments and visit_types were collected with */

	/* Filled before they are looked at: */
	struct hl7_scope patient;    /* is_group: segments of the patient looked at now */
	struct hl7_scope head, tail; /* is_group: before the first and after the last patient */
	uint8_t dead[HL7_SEGMENTS_MAX / 8 + 1]; /* rows that the message deletes */
	struct said departments, visit_types;
};

/* ---- values.c ---- */

/* Notes which resource rows are deleted (action code D), own or of their group. */
void values_begin(struct reading *r);

/* Walks every value of every path, best first, still escaped. `""` is given. */
struct walk {
	size_t path;
	unsigned place;       /* how many parts of the message were begun; 0: the rest is not said yet */
	unsigned segment, to; /* of the part that is looked at: not yet looked at */
	unsigned seen;        /* segments of this name so far */
	struct span rest;     /* of the field that is looked at */
	int repetition;       /* its number */
};
bool walk_next(const struct reading *r, const struct path_list *l, struct walk *w, struct span *value);
bool walk_path(const struct reading *r, const struct hl7_path *p, struct walk *w, struct span *value); /* Of one path. */

/* The value as text: unescaped, trimmed, in the arena. One over VALUE_MAX bytes
 * is none of the things looked for here, and reads as empty. */
#define VALUE_MAX 4096
struct span value_made(struct reading *r, struct span raw);    /* value_text(), where it does not stand as it is. */
struct span value_trimmed(struct reading *r, struct span raw); /* value_said(), likewise. */

/* There is no blank to take off and nothing to undo, as with most. */
static inline bool
value_stands(const struct reading *r, struct span raw)
{
	return raw.n > 0 && raw.n <= r->stands_max && (unsigned char)raw.p[0] > ' ' && (unsigned char)raw.p[raw.n - 1] > ' ';
}

static inline struct span
value_text(struct reading *r, struct span raw)
{
	return value_stands(r, raw) ? raw : value_made(r, raw);
}

/* `""` reads as empty. */
static inline struct span
value_said(struct reading *r, struct span raw)
{
	if (value_stands(r, raw) && raw.p[0] != '"')
		return raw;
	return raw.n > 0 ? value_trimmed(r, raw) : SPAN_NONE;
}

/* A component of a repetition that a walk gave, as text; `""` reads as empty. */
struct span value_part(struct reading *r, struct span repetition, unsigned component);

/* The first n components of a repetition that a walk gave, as text, into out[n]. Returns how many
 * there are up to the last that is not empty. */
unsigned value_parts(struct reading *r, struct span repetition, struct span *out, unsigned n);

/* The values that are neither empty nor `""`, as text, up to SAID_MAX; and the first of them. */
void values_collect(struct reading *r, const struct path_list *l, struct said *out);
struct span value_first(struct reading *r, const struct path_list *l);
struct span value_at(struct reading *r, const struct hl7_path *p);

/* ---- the message as a whole: verdict.c ---- */

/* Each gives false, so that a rule can end with it. Texts are literals. */
bool verdict_refuse(struct reading *r, const char *reason, enum ack_verdict v, int condition,
    const char *segment, int field);
bool verdict_ignore(struct reading *r, const char *reason);
bool verdict_quarantine(struct reading *r, const char *reason, int condition, const struct hl7_path *place);
void verdict_count(struct reading *r, const char *counted); /* The first one stays. */

/* ---- header.c ---- */

/* MSH: may this be read at all, is it wanted? false: the verdict is in the
 * message. Fills the sender, the environment and the event. */
bool header_read(struct reading *r);

/* Order: MSH-7, when it can be trusted. After the sender is known. */
void header_read_time(struct reading *r);

/* ---- sites.c ---- */

/* The environment, and the first site, that MSH-3/4 belong to. false: they
 * belong to none of this certificate; the environment is its first. */
bool sites_find_sender(struct reading *r);
bool sites_fit_sender(const struct sender *s, const struct message *m);
bool sites_refuse_sender(struct reading *r); /* Names both environments. */

/* The site that takes this department and visit type; NULL when none does.
 * *not_said: only because the message names none. */
const struct conf_site *sites_match(struct reading *r, bool *not_said);
void sites_describe(struct reading *r, struct booking *b); /* Department, visit type, confidential. */
void sites_modality(struct reading *r, struct booking *b); /* Of a booking with a site. */
const struct site_map *sites_map(const struct reading *r, const struct conf_site *s);

/* ---- patients of a message: read.c ---- */
struct groups {
	unsigned from[PATIENTS_MAX]; /* segments PID */
	unsigned n;
};
bool groups_find(struct reading *r, struct groups *g); /* false: quarantined. */
void groups_enter(struct reading *r, const struct groups *g, unsigned i); /* What is read from here on is of this one. */

/* ---- news.c ---- */

/* Some site asks for what such a message tells; fills event, sender and environment. */
bool news_wanted(struct reading *r, struct span type, struct span event);
bool news_read(struct reading *r); /* false: quarantined, or no memory. */

/* ---- ids.c, status.c, start.c, person.c, phones.c ---- */

bool ids_read(struct reading *r, struct booking *b); /* false: quarantined. */
struct span ids_best(struct reading *r);             /* What a quarantined message may be about; or empty. */
void ids_read_patient(struct reading *r, struct booking *b);
/* The first id of one of the profile's types, else the first; and its type as it stands there. */
struct span ids_chosen(struct reading *r, const struct path_list *l, struct span *type);
void ids_read_link(struct reading *r, struct booking *b);

/* Trigger and status words together. */
enum visit_status status_read(struct reading *r);

/* Start, duration. false: quarantined; never when the visit is not to take place. */
bool start_read(struct reading *r, struct booking *b);
void start_civil(const struct hl7_time *t, struct civil *out);
int64_t start_instant(const struct hl7_time *t, const struct zone *z, enum civil_note *note);

void person_read(struct reading *r, struct booking *b); /* Language, death, consent. */
struct span language_code(struct span text);            /* "en"; empty when not known. Literal. Pure. */
void phones_read(struct reading *r, struct booking *b);
void address_read(struct reading *r, struct booking *b); /* Of a booking with a site. */

#endif

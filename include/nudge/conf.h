/* nudge/conf.h - the configuration: read whole, checked whole, never changed.
 *
 * conf_load() gives either a complete `struct conf` or a list of faults, each
 * with file and line, what is wrong and what would be right; nothing between.
 * All strings, lists and links between blocks are owned by the conf and live
 * as long as it does. A conf is read-only and shared between threads by
 * counting: conf_hold() and conf_drop().
 * Paths are absolute (relative ones start at the folder of the file they stand
 * in). Durations are seconds. An unset string is "", never NULL.
 * What the rules make of it (zones, templates, profiles) is compiled above:
 * nudge/rules.h and nudge/siu.h.
 */
#ifndef NUDGE_CONF_H
#define NUDGE_CONF_H

#include "nudge/ack.h"
#include "nudge/digest.h"
#include "nudge/fault.h"
#include "nudge/pattern.h"

struct text_list { /* strings in the order given */
	char **item;
	size_t n;
};

struct conf_place { /* where something stands, for errors and `diff` */
	const char *file; /* borrowed from the conf */
	int line;
};

struct conf_access { /* users, or "@groups" */
	struct text_list view, operate, phi;
};

struct conf_organization {
	char *title, *name;
	bool consent_send_on_behalf, consent_attendees_consented;
	char *consent_by, *consent_date;
	char *country;                /* alpha-2, upper case */
	struct text_list countries;   /* alpha-2; default: {country} */
	char *geography;
	int64_t monthly_limit;        /* segments; 0: none */
	enum { LIMIT_WARN, LIMIT_HOLD } on_limit;
	int64_t refused_numbers_s;    /* a number that was called wrong is not texted so long; 0: is not remembered */
	struct conf_place at;
};

enum gateway_auth { AUTH_KEY, AUTH_CLIENT_SECRET, AUTH_CLIENT_CERTIFICATE, AUTH_MANAGED_IDENTITY, AUTH_ARC };

struct conf_gateway {
	char *title;
	char *endpoint;      /* "https://host[:port]", no trailing slash, default port dropped */
	enum gateway_auth auth;
	char *access_key, *access_key_2;  /* AUTH_KEY: paths; the second may be "" */
	char *tenant, *client_id;         /* of Entra ID; client_id also of a user-assigned identity, or "" */
	char *client_secret;              /* AUTH_CLIENT_SECRET: path */
	char *client_certificate;         /* AUTH_CLIENT_CERTIFICATE: path of key and certificate */
	bool client_certificate_chain;    /* the assertion holds the certificate's chain */
	char *authority;                  /* who gives tokens: "https://host[:port]" */
	char *identity_endpoint;          /* of the machine's identity: "http://host[:port]"; its own default by auth */
	char *arc_keys;                   /* folder of Azure Arc's challenges */
	char *api_version;
	char *ca_file;       /* path, or "" for the system's */
	char *revocation_list; /* path, or "" */
	bool any_host;
	/* How delivery reports come; queue and webhook give texts from phones, too. */
	enum { REPORTS_NONE, REPORTS_POLL, REPORTS_QUEUE, REPORTS_WEBHOOK } reports;
	char *queue;         /* "https://ACCOUNT.queue.core.windows.net/QUEUE", or "" */
	char *queue_key, *queue_sas; /* paths; one of them with queue */
	char *webhook_address;
	int webhook_port;    /* 0: no webhook */
	char *webhook_path;  /* "/events" */
	char *webhook_certificate, *webhook_private_key; /* paths */
	char *webhook_secret;   /* path, or "" */
	char *webhook_tenant;   /* of the tokens that Event Grid shows; "" : none are asked for */
	char *webhook_audience, *webhook_caller; /* caller "": any of the tenant */
	char *webhook_keys;     /* URL of the tenant's public keys */
	int64_t repeat_window_s; /* an id is used again so long after it was first sent */
	struct conf_place at;
};

/* What its phones say reaches us: a queue or a webhook is set. Pure. */
bool conf_gateway_hears(const struct conf_gateway *g);

enum number_type { NUMBER_TOLL_FREE, NUMBER_SHORT_CODE, NUMBER_10DLC, NUMBER_ALPHANUMERIC };

struct conf_number {
	char *title;
	char *sender;        /* as it goes to the gateway */
	enum number_type type;
	bool verified;
	const struct conf_gateway *gateway;
	enum { KEYWORDS_AUTO, KEYWORDS_GATEWAY, KEYWORDS_NONE } keyword_answers; /* who answers STOP, START and HELP */
	int64_t rate_per_min; /* segments a minute; default by type: 200, 6000, 60, 600 */
	size_t index;         /* in conf.numbers */
	struct conf_place at;
};

struct conf_environment {
	char *title;
	bool production;     /* kind = production */
	const struct conf_organization *organization;
	struct text_list certificates;   /* paths of pinned certificates */
	char *issuer;                    /* path, or "" */
	struct text_list subjects;       /* with issuer: names in SAN or CN */
	char *revocation_list;           /* path, or "" */
	struct text_list sources;        /* addresses or CIDR that may connect; empty: any */
	struct text_list only_to;        /* E.164; test environments */
	int64_t silence_s;               /* 4 d; 0: nobody is missed */
	size_t index;
	struct conf_place at;
};

struct conf_listener {
	char *title, *address;
	int port;
	bool tls;
	char *certificate, *private_key; /* paths */
	const struct conf_environment **environments; /* owned array, borrowed items */
	size_t environments_n;
	enum ack_mode ack_mode;
	size_t max_message;              /* bytes */
	int64_t max_connections;         /* of this listener; default 1000 */
	int64_t max_handshakes;          /* unfinished ones of this listener; default 256 */
	int64_t penalty_max_s;           /* how long an address is kept out at most; default 60, 0: never */
	int mllp_release;                /* 1 or 2 */
	bool strict_types;
	int64_t first_byte_timeout_s;    /* 3600 */
	int64_t handshake_timeout_s, frame_timeout_s, idle_timeout_s; /* 10, 30, 0 = never */
	size_t index;
	struct conf_place at;
};

/* When a reminder goes: an elapsed time before the start ("15min", "24h"),
 * calendar days at the same wall clock ("1d"), or calendar days at a given
 * wall clock ("2d at 10:00"). */
struct conf_reminder {
	char *title;
	enum { BEFORE_ELAPSED, BEFORE_DAYS, BEFORE_DAYS_AT } form;
	int64_t before_s;  /* BEFORE_ELAPSED: seconds; else days * 86400 */
	int days, at_min;  /* at_min: minutes after midnight */
	struct conf_place at;
};

struct conf_window { /* minutes after midnight, from <= t < to; 0..1440 */
	int from_min, to_min;
	bool always;
	int margin_min; /* before `to`: nothing is handed over that can wait */
};

enum late_rule { LATE_SKIP, LATE_SEND };
enum unknown_rule { UNKNOWN_DROP, UNKNOWN_RESEND, UNKNOWN_HOLD };
enum consent_rule { CONSENT_NOT_REQUIRED, CONSENT_REQUIRED };

struct conf_site {
	char *title, *name, *contact, *fhir_base_url;
	const struct conf_environment *environment;
	char *organization_name, *country; /* of the environment's organization; as approved while a change of them waits */
	struct text_list countries;
	char *profile;                   /* "epic", or a path */
	char *sending_application, *sending_facility; /* "" matches any */
	struct pattern_list departments, visit_types;  /* empty: any */
	struct pattern_list confidential_departments, confidential_visit_types;
	struct text_list only_if, never_if; /* "PATH = PATTERN" */
	struct text_list video_if, phone_if, office_if; /* "PATH = PATTERN": any of them says how the visit takes place */
	struct text_list paths;          /* "KEY = PATH, PATH": in place of the profile's */
	enum { SITE_ACK_LISTENER, SITE_ACK_ALWAYS_AA, SITE_ACK_AUTO } ack_mode;
	bool msh7_offset;                /* times without an offset have MSH-7's */
	const struct conf_number *number; /* NULL: sends nothing */
	char *time_zone;
	struct text_list languages;      /* first = fallback */
	char *templates_path;            /* "" for the built-in ones */
	char *link;                      /* field path, or template with {appointment_id} {token} {expires}, or "" */
	bool link_required;
	struct text_list link_domains;   /* host names, lower case; empty: any */
	char *link_key;                  /* path, or "" */
	int64_t link_valid_s;            /* after the start; 0: for ever */
	char *device_test_link;          /* template as link, or "" */
	bool smart_encoding, names_keep_accents;
	enum consent_rule patient_consent;
	bool confirmation;
	int64_t settle_s, stale_s;
	struct conf_reminder *reminders;
	size_t reminders_n;
	enum late_rule late;
	struct conf_window window, short_window; /* short_window: reminders under 2 h, default 07:00-21:00 widened by window */
	char *holidays;                  /* path, or "" */
	bool patient_zone;               /* the window must be open where the patient lives as well */
	int64_t expiry_s, retain_s;
	enum unknown_rule unknown;
	int64_t unknown_wait_s;          /* for a report, before resend or hold */
	int64_t storm_brake_per_min;     /* 0: off */
	int64_t daily_cap, weekly_cap;   /* 0: none */
	bool merge;                      /* reminders of one patient, rule and day become one text */
	bool adt_deceased, adt_phone, adt_merge; /* what it takes from ADT messages */
	char *adt_sending_application, *adt_sending_facility; /* of those; "" matches any */
	bool suppress_minors;
	int64_t minor_age;               /* years */
	bool learning;                   /* keeps its last messages for nudgectl learn, sends nothing */
	bool nak_bad_content;
	bool unknown_type_phone;         /* untyped_phones: take a number whose type is not said; default true */
	bool fiction_numbers;            /* text numbers that are kept for fiction and tests; default true */
	struct text_list approvers;      /* empty: approver = none */
	size_t index;
	struct conf_place at;
};

/* Which secrets this program must be able to read; the others are not touched. */
enum conf_reader { CONF_NUDGED, CONF_SENDER, CONF_CHECK };
struct conf_written { /* one setting as it stands in a file */
	char *block, *title; /* "" for the top */
	char *key;           /* of a reminder: its title and the key */
	char *value;         /* as written; a list in braces */
	struct conf_place at;
};

struct conf {
	enum conf_reader reader;         /* who loaded it */
	char *file;
	struct text_list files;          /* all that were read, in order */
	char *state_directory, *control_socket, *sender_socket, *store_key; /* paths */
	struct text_list old_store_keys; /* paths */
	uint32_t store_key_name;  /* seal_name() of store_key, by whoever read it; 0: nobody did */
	char *journal_directory;         /* "": journal in state_directory */
	char *metrics;                   /* "": off; else as written, and one of these two */
	char *metrics_socket;            /* a path, or "" */
	char *metrics_address;           /* on loopback, with metrics_port; or "" */
	int metrics_port;
	int64_t journal_retention_s;
	bool clock_sync_required;
	int64_t audit_retention_s;
	int64_t audit_max_bytes;         /* 0: none */
	char *audit_forward;             /* a unix socket; "": nowhere */
	int64_t report_retention_s;      /* 6 y; not less than journal_retention_s */
	int64_t store_max_bytes;         /* 0: none */
	int64_t intake_threads;          /* default 2 */
	int64_t intake_memory_bytes;
	int64_t quarantine_retention_s, quarantine_max_bytes;
	int64_t disk_warn_bytes, disk_shed_bytes, disk_stop_bytes; /* free; 0: off */
	struct conf_access access;
	struct conf_organization *organizations; size_t organizations_n;
	struct conf_gateway *gateways;           size_t gateways_n;
	struct conf_number *numbers;             size_t numbers_n;
	struct conf_environment *environments;   size_t environments_n;
	struct conf_listener *listeners;         size_t listeners_n;
	struct conf_site *sites;                 size_t sites_n;
	struct conf_written *written;            size_t written_n; /* all that is set, sorted by block, title and key */
	uint8_t digest[DIGEST_BYTES];    /* of all files' bytes, in order */
	uint64_t generation;             /* given by the loader's caller; 0 at load */
};

struct conf_faults {
	struct conf_fault {
		char file[256];
		int line;          /* 0: the file as a whole */
		bool warning;      /* does not stop the load */
		char text[512];
	} *item;           /* owned */
	size_t n;
	size_t errors_n;   /* of them not warnings */
	bool passes;       /* one of them is what the machine is short of: another try may find nothing wrong */
};

/* Reads and checks `path` and all it includes. true: *out is owned by the
 * caller (one hold); warnings may be in *faults. false: *faults says why.
 * *faults is always initialised and freed with conf_faults_clear(). */
bool conf_load(const char *path, enum conf_reader reader, struct conf **out, struct conf_faults *faults)
    __attribute__((warn_unused_result));
void conf_faults_clear(struct conf_faults *f);

/* The same for who looks for more faults than this reader can know: *out is what
 * could be built even with errors in it (a link to a block that is not there is
 * NULL, a wrong value its least), and NULL when nothing could; the caller's to
 * drop. Never to be served from. */
bool conf_look(const char *path, enum conf_reader reader, struct conf **out, struct conf_faults *faults)
    __attribute__((warn_unused_result));

/* Where a setting stands; what it belongs to, when it is not set. Pure. */
const struct conf_place *conf_place_of(const struct conf *c, const char *block, const char *title, const char *key,
    const struct conf_place *otherwise);

/* Adds one; file may be NULL. What compiles the rest of the configuration
 * reports through the same list. */
void conf_fault_add(struct conf_faults *f, const struct conf_place *at, bool warning,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Adds an error for what could not be done, by the kind of its fault: what the machine is short of (FAULT_BUSY) passes. */
void conf_fault_of(struct conf_faults *f, const struct conf_place *at, enum fault_kind kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

struct conf *conf_hold(struct conf *c);   /* One more user; returns c. Any thread. */
void conf_drop(struct conf *c);           /* One user less; the last frees it. NULL is fine. Any thread. */

/* By title; NULL when there is none. Borrowed from the conf. Pure. */
const struct conf_site *conf_find_site(const struct conf *c, const char *title);
const struct conf_environment *conf_find_environment(const struct conf *c, const char *title);
const struct conf_number *conf_find_number(const struct conf *c, const char *title);
const struct conf_gateway *conf_find_gateway(const struct conf *c, const char *title);

/* Why a site cannot send at all right now by configuration alone (consents,
 * number, verification); NULL when it can. A sentence that names the setting.
 * Literal. Approval and holds are the engine's to know. Pure. */
const char *conf_site_silent(const struct conf_site *s);

/* Whose messages say this in MSH-3: the name that a site of the environment has in
 * sending_application or adt_sending_application, else CONF_SENDER_OTHER. No name
 * from outside. Borrowed. Pure. */
#define CONF_SENDER_OTHER "other"
struct span conf_sender(const struct conf *c, const struct conf_environment *e, struct span application);

/* The nearest known word to a mistyped one, NULL when none is near. Pure. */
const char *conf_nearest(const char *word, const char *const *known);

/* The same settings with sites and numbers of its own, to be changed before
 * anybody else sees them; all else is shared with *base, which it holds. NULL:
 * no memory. One hold. */
struct conf *conf_derive(struct conf *base);

/* What stands in a setting, and back; the form in which people write it. */
bool conf_window(const char *text, struct conf_window *out) __attribute__((warn_unused_result)); /* Without a margin. Pure. */
void conf_window_margin(struct conf_window *w, int64_t wanted_s);                               /* Sets it, to a quarter of the window at most. Pure. */
void conf_window_text(const struct conf_window *w, char out[16]);                                /* "09:00-20:00". Pure. */
/* All of *out but title and place. */
bool conf_before(const char *text, struct conf_reminder *out, struct fault *f) __attribute__((warn_unused_result)); /* Pure. */
void conf_before_text(const struct conf_reminder *r, char out[40]);                              /* "24h", "1d", "2d at 10:00". Pure. */
void conf_duration_text(int64_t s, char out[24]);                                                /* "90s", "24h"; never days. Pure. */
void text_list_free(struct text_list *l);                                                        /* Leaves an empty one. */
bool text_list_add(struct text_list *l, const char *text) __attribute__((warn_unused_result));   /* Copies; false: no memory. */

/* A duration: digits and one of s min h d ("90s", "24h"), or bare "0". Seconds. Pure. */
bool conf_duration(const char *text, int64_t *out_s, struct fault *f) __attribute__((warn_unused_result));

#endif

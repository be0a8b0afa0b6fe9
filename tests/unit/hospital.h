/* tests/unit/hospital.h - a configuration of several sites, and messages read with it.
 * Written to a folder of its own, loaded as the programs do. No cmocka here: the
 * fuzzers use it too.
 */
#ifndef HOSPITAL_H
#define HOSPITAL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/siu.h"

#define HOSPITAL_SITES                                                                             \
	SITE("cardiology", "prod", "epic", "EPIC", "LAMNA", "America/Chicago",                     \
	    "confidential_visit_types = {'\\bHIV\\b'} confidential_departments = {'^PSYCH'}")      \
	SITE("renal", "prod", "oracle-health", "HNAM", "", "America/New_York", "")                 \
	SITE("misc", "prod", "generic", "MISC", "", "America/Chicago", "nak_bad_content = true")   \
	SITE("eye", "prod", "generic", "CLINIC", "", "America/Chicago",                            \
	    "departments = {'^EYE'} visit_types = {'exam'}")                                       \
	SITE("skin", "prod", "generic", "CLINIC", "", "America/Denver",                            \
	    "departments = {'^SKIN'} link = \"ZVV-3\" nak_bad_content = true")                    \
	SITE("video", "prod", "generic", "VIDEO", "", "America/Chicago",                           \
	    "link = \"https://video.lamna.example/visit/{appointment_id}/join\"")                  \
	SITE("strict", "prod", "generic", "STRICT", "", "America/Chicago", "untyped_phones = false") \
	SITE("trial", "trials", "epic", "EPICTST", "LAMNA", "America/Chicago", "")

#define SITE(title, environment, profile, application, facility, zone, more)                       \
	"site \"" title "\" {\n\tenvironment = " environment "\n\tprofile = " profile              \
	"\n\tname = \"Lamna " title "\"\n\tcontact = \"608-271-9000\"\n"                           \
	"\tfhir_base_url = \"https://lamna.example/" title "/R4\"\n\tnumber = main\n"             \
	"\tsending_application = \"" application "\"\n\tsending_facility = \"" facility "\"\n"    \
	"\ttime_zone = " zone "\n\tapprover = root\n\t" more "\n}\n"

#define HOSPITAL_TOP                                                                               \
	"state_directory = state\nstore_key = store.key\n"                                         \
	"organization \"lamna\" {\n\tname = \"Lamna Healthcare\"\n"                               \
	"\tconsent_send_on_behalf = true\n\tconsent_attendees_consented = true\n\tcountry = US\n}\n" \
	"gateway \"acs\" {\n\tendpoint = \"http://127.0.0.1:9\"\n\taccess_key = acs.key\n}\n"     \
	"number \"main\" {\n\tsender = \"+18335550100\"\n\ttype = toll-free\n\tverified = true\n" \
	"\tgateway = acs\n}\n"                                                                     \
	"environment \"prod\" {\n\tkind = production\n\torganization = lamna\n"                   \
	"\tcertificates = {prod.cer}\n}\n"                                                         \
	"environment \"trials\" {\n\tkind = test\n\torganization = lamna\n"                       \
	"\tcertificates = {trials.cer}\n}\n"                                                       \
	"listener \"epic\" {\n\taddress = \"127.0.0.1\"\n\tport = 2575\n\ttls = false\n"          \
	"\tenvironments = {prod}\n}\n"

struct hospital {
	char folder[64];
	struct rules *rules;
	struct siu_map *map;
	struct hl7 *index;
	struct message msg;
	struct conf_faults faults;
	bool has_message;
};

static inline void
hospital_write(const struct hospital *h, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", h->folder, name);
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
		abort();
}

/* A folder with what a configuration names. */
static inline void
hospital_build(struct hospital *h)
{
	memset(h, 0, sizeof *h);
	(void)snprintf(h->folder, sizeof h->folder, "/tmp/nudge-hospital.XXXXXX");
	if (!mkdtemp(h->folder))
		abort();
	hospital_write(h, "acs.key", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==\n");
	hospital_write(h, "store.key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
	hospital_write(h, "prod.cer", "");
	hospital_write(h, "trials.cer", "");
}

/* Loads and compiles; false: h->faults says why. */
static inline bool
hospital_load(struct hospital *h, const char *text)
{
	struct conf *c = NULL;
	char path[128];
	bool ok;

	hospital_write(h, "nudge.conf", text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", h->folder);
	conf_faults_clear(&h->faults);
	if (!conf_load(path, CONF_CHECK, &c, &h->faults))
		return false;
	ok = rules_new(c, &h->rules, &h->faults);
	conf_drop(c);
	return ok && siu_map_new(h->rules, &h->map, &h->faults);
}

static inline void
hospital_forget(struct hospital *h)
{
	if (h->has_message) {
		arena_clear(&h->msg.arena);
		rules_drop(h->msg.rules);
	}
	h->has_message = false;
	siu_map_free(h->map);
	rules_drop(h->rules);
	h->map = NULL;
	h->rules = NULL;
}

/* Removes the folder; what was loaded stays. */
static inline void
hospital_sweep(const struct hospital *h)
{
	static const char *const names[] = { "nudge.conf", "acs.key", "store.key", "prod.cer", "trials.cer",
		"ours.conf", "en" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", h->folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(h->folder);
}

static inline void
hospital_close(struct hospital *h)
{
	hospital_forget(h);
	hl7_free(h->index);
	conf_faults_clear(&h->faults);
	hospital_sweep(h);
}

/* Reads a message as this sender; h->msg lives until the next. */
static inline bool
hospital_peer_read(struct hospital *h, const struct siu_peer *peer, struct span bytes, int64_t now_s, size_t arena_max)
{
	if (h->has_message) {
		arena_clear(&h->msg.arena);
		rules_drop(h->msg.rules);
	}
	if (!h->index)
		h->index = hl7_new();
	memset(&h->msg, 0, sizeof h->msg);
	h->has_message = true;
	arena_init(&h->msg.arena, arena_max);
	h->msg.raw = arena_copy(&h->msg.arena, bytes);
	return siu_read(h->map, peer, h->index, now_s, &h->msg);
}

static inline bool
hospital_read(struct hospital *h, const char *environment, struct span bytes, int64_t now_s, size_t arena_max)
{
	const struct conf_environment *e = conf_find_environment(h->rules->conf, environment);
	const struct siu_peer peer = { NULL, &e, 1 };

	return hospital_peer_read(h, &peer, bytes, now_s, arena_max);
}

#endif

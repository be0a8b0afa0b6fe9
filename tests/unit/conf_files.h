/* tests/unit/conf_files.h - configurations in a folder of their own: write, load, look at the faults.
 * Include after unit.h.
 */
#ifndef CONF_FILES_H
#define CONF_FILES_H

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/conf.h"
#include "nudge/seal.h"

#define GOOD_QUEUE " queue = \"https://stlamna.queue.core.windows.net/sms-events\" queue_key = keys/queue.key"

/* The least that texts patients and hears them. Rows of faults count its lines. */
#define GOOD_CONF                                                               \
	"store_key = keys/store.key\n"                                /* 1 */   \
	"organization \"lamna\" {\n"                                  /* 2 */   \
	"    name = \"Lamna Healthcare\"\n"                           /* 3 */   \
	"    consent_send_on_behalf = true\n"                         /* 4 */   \
	"    consent_attendees_consented = true\n"                    /* 5 */   \
	"    country = US\n"                                          /* 6 */   \
	"}\n"                                                                   \
	"gateway \"acs\" {" GOOD_QUEUE "\n"                            /* 8 */   \
	"    endpoint = \"https://lamna.unitedstates.communication.azure.com\"\n" \
	"    access_key = keys/acs.key\n"                             /* 10 */  \
	"}\n"                                                                   \
	"number \"main\" {\n"                                         /* 12 */  \
	"    sender = \"+18335550100\"\n"                             /* 13 */  \
	"    type = toll-free\n"                                      /* 14 */  \
	"    verified = true\n"                                       /* 15 */  \
	"    gateway = acs\n"                                         /* 16 */  \
	"}\n"                                                                   \
	"environment \"prod\" {\n"                                    /* 18 */  \
	"    kind = production\n"                                     /* 19 */  \
	"    organization = lamna\n"                                  /* 20 */  \
	"    certificates = {certs/prod.cer}\n"                       /* 21 */  \
	"}\n"                                                                   \
	"listener \"epic\" {\n"                                       /* 23 */  \
	"    port = 2575\n"                                           /* 24 */  \
	"    certificate = tls/listener.crt\n"                        /* 25 */  \
	"    private_key = tls/listener.key\n"                        /* 26 */  \
	"    environments = {prod}\n"                                 /* 27 */  \
	"}\n"                                                                   \
	"site \"cardiology\" {\n"                                     /* 29 */  \
	"    environment = prod\n"                                    /* 30 */  \
	"    fhir_base_url = \"https://lamna.example/api/FHIR/R4\"\n" /* 31 */  \
	"    profile = epic\n"                                        /* 32 */  \
	"    time_zone = America/Chicago\n"                           /* 33 */  \
	"    number = main\n"                                         /* 34 */  \
	"    reminder \"day\" {\n"                                    /* 35 */  \
	"        before = 24h\n"                                      /* 36 */  \
	"    }\n"                                                               \
	"    approver = analyst1\n"                                   /* 38 */  \
	"}\n"

struct folder {
	char path[64];
};

static inline void
folder_file(const struct folder *d, const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", d->path, name);
	(void)unlink(path);
	f = fopen(path, "w");
	assert(f);
	assert(fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, mode) == 0);
}

static inline void
folder_sub(const struct folder *d, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", d->path, name);
	assert(mkdir(path, 0755) == 0);
}

/* With the secrets that the good configuration names. */
static inline void
folder_make(struct folder *d)
{
	char path[256];
	struct fault f = { 0 };

	(void)snprintf(d->path, sizeof d->path, "/tmp/nudge-test-XXXXXX");
	assert(mkdtemp(d->path));
	folder_sub(d, "keys");
	folder_sub(d, "tls");
	(void)snprintf(path, sizeof path, "%s/keys/store.key", d->path);
	assert(seal_keyfile_make(path, &f));
	folder_file(d, "keys/acs.key", "bm8ga2V5IGF0IGFsbA==\n", 0600);
	folder_file(d, "keys/queue.key", "bm8ga2V5IGVpdGhlcg==\n", 0600);
	folder_file(d, "tls/listener.key", "no key either\n", 0600);
}

static inline int
folder_drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void
folder_remove(struct folder *d)
{
	(void)nftw(d->path, folder_drop, 8, FTW_DEPTH | FTW_PHYS);
}

static inline bool
folder_load(const struct folder *d, const char *name, enum conf_reader who, struct conf **out,
    struct conf_faults *faults)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", d->path, name);
	return conf_load(path, who, out, faults);
}

/* The text with the first `from` in it made into `to`; owned. */
static inline char *
text_with(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	size_t before = at ? (size_t)(at - text) : 0, n = strlen(text) + strlen(to) + 1;
	char *out = malloc(n);

	if (!at)
		fail_msg("\"%s\" is not in the text", from);
	assert(out);
	(void)snprintf(out, n, "%.*s%s%s", (int)before, text, to, text + before + strlen(from));
	return out;
}

static inline void
show_faults(const struct conf_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		print_message("  %s:%d: %s%s\n", faults->item[i].file, faults->item[i].line,
		    faults->item[i].warning ? "warning: " : "", faults->item[i].text);
}

/* "12: fragment" is among the faults (or, with "warning " before it, the warnings). */
static inline bool
has_fault(const struct conf_faults *faults, const char *want)
{
	bool warning = strncmp(want, "warning ", 8) == 0;
	char *rest;
	long line = strtol(want + (warning ? 8 : 0), &rest, 10);

	assert(rest[0] == ':' && rest[1] == ' ');
	for (size_t i = 0; i < faults->n; i++)
		if (faults->item[i].line == line && faults->item[i].warning == warning &&
		    strstr(faults->item[i].text, rest + 2))
			return true;
	return false;
}

#endif

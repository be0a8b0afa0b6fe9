/* online_fhir.c - reads the answer to GET [base]/metadata. */
// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>

#include "acs/online.h"

#define NAME_MAX_SHOWN 60

static const struct {
	const char *segment, *name, *begins; /* of the path; of people; of fhirVersion */
} versions[] = { { "DSTU2", "DSTU2", "1." }, { "STU3", "STU3", "3." }, { "R4", "R4", "4.0" }, { "R4B", "R4B", "4.3" }, { "R5", "R5", "5." } };

static const char *
text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* A stranger's words on a terminal: no control characters, and not many. */
static void
add_plain(struct buf *b, const char *s)
{
	for (size_t i = 0; i < NAME_MAX_SHOWN && s[i]; i++)
		(void)buf_add_char(b, s[i] >= ' ' && s[i] <= '~' ? s[i] : '?');
}

/* The version in the path; the last one counts. */
static size_t
version_of_url(const char *url)
{
	struct span rest = span_of(url);
	size_t found = sizeof versions / sizeof versions[0];

	while (rest.n > 0) {
		struct span segment = span_cut(rest, '/', &rest);

		for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
			if (span_is_nocase(segment, versions[i].segment))
				found = i;
	}
	return found;
}

static bool
judge(const json_t *o, const char *base_url, struct buf *text)
{
	const char *type = text_of(o, "resourceType"), *version = text_of(o, "fhirVersion"), *name;
	size_t asked = version_of_url(base_url);

	if (strcmp(type, "CapabilityStatement") != 0 && strcmp(type, "Conformance") != 0) {
		(void)buf_addf(text, "answers with something that is no CapabilityStatement: this is not the base URL of a FHIR server");
		return false;
	}
	(void)buf_addf(text, "is a FHIR server");
	if (version[0]) {
		(void)buf_addf(text, " of version ");
		add_plain(text, version);
	}
	name = text_of(json_object_get(o, "software"), "name");
	if (name[0]) {
		(void)buf_addf(text, ", ");
		add_plain(text, name);
	}
	if (asked == sizeof versions / sizeof versions[0] || !version[0] ||
	    strncmp(version, versions[asked].begins, strlen(versions[asked].begins)) == 0)
		return true;
	(void)buf_addf(text, "; but fhir_base_url names %s", versions[asked].name);
	return false;
}

bool
online_fhir(struct span body, const char *base_url, struct buf *text)
{
	json_t *o = json_loadb(body.n ? body.p : "", body.n, JSON_REJECT_DUPLICATES, NULL);
	bool ok = judge(o, base_url, text);

	json_decref(o);
	return ok;
}

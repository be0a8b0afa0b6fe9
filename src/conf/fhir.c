/* fhir.c - what is often wrong with a FHIR base URL that was copied by hand. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "conf/options.h"

static const char *const versions[] = { "DSTU2", "STU3", "R4", "R4B", "R5" };

/* What stands behind the base URL where somebody copied a request. */
static const char *const requests[] = { "metadata", "Patient", "Appointment", "Slot", "Schedule", "Practitioner", "Location",
	"Encounter", "Observation", ".well-known" };

static bool
is_one_of(struct span s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_is_nocase(s, words[i]))
			return true;
	return false;
}

struct seen {
	bool version;          /* a segment of the path names one */
	struct span request;   /* the segment that is none of the base; empty: none */
};

static void
look_at_path(struct span path, struct seen *out)
{
	*out = (struct seen){ false, SPAN_NONE };
	while (path.n > 0) {
		struct span segment = span_cut(path, '/', &path);

		if (is_one_of(segment, versions, sizeof versions / sizeof versions[0]))
			out->version = true;
		else if (out->request.n == 0 && is_one_of(segment, requests, sizeof requests / sizeof requests[0]))
			out->request = segment;
	}
}

/* The word stands alone, or what is around it is no letter. */
static bool
has_word(struct span s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.n; i++)
		if (span_is_nocase(span_from(s.p + i, n), word) && (i == 0 || !isalpha((unsigned char)s.p[i - 1])) &&
		    (i + n == s.n || !isalpha((unsigned char)s.p[i + n])))
			return true;
	return false;
}

/* The word by which people name systems that are not for patients; NULL when there is none. */
static const char *
test_word(struct span s)
{
	static const char *const alone[] = { "test", "tst", "dev", "poc", "train", "stage", "staging", "uat", "demo" };
	static const char *const inside[] = { "nonprod", "nonprd", "non-prod", "non-prd", "sandbox" };

	for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
		if (span_find_nocase(s, inside[i]) >= 0)
			return inside[i];
	for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
		if (has_word(s, alone[i]))
			return alone[i];
	return NULL;
}

static void
check_environment(const struct section *s, const struct conf_site *site, struct span url)
{
	const char *word = test_word(url);

	if (!site->environment)
		return;
	if (site->environment->production && word)
		section_warn(s, "fhir_base_url", "fhir_base_url says \"%s\", and environment \"%s\" is production: is it the right one?",
		    word, site->environment->title);
	else if (!site->environment->production && !word && (has_word(url, "prod") || has_word(url, "prd")))
		section_warn(s, "fhir_base_url", "fhir_base_url looks like production's, and environment \"%s\" is a test: is it the right one?",
		    site->environment->title);
}

void
build_fhir_url(const struct section *s, const struct conf_site *site)
{
	struct span url = span_of(site->fhir_base_url), path;
	struct seen seen;

	if (url.n == 0)
		return;
	if (url.n < 8 || !span_is_nocase(span_from(url.p, 8), "https://")) {
		section_warn(s, "fhir_base_url", "fhir_base_url begins with https:// elsewhere; look whether it is copied whole");
		return;
	}
	(void)span_cut(span_from(url.p + 8, url.n - 8), '/', &path);
	look_at_path(path, &seen);
	if (strpbrk(site->fhir_base_url, " \t"))
		section_warn(s, "fhir_base_url", "fhir_base_url has a blank in it; look whether it is copied whole");
	if (strchr(site->fhir_base_url, '@'))
		section_fault(s, "fhir_base_url", "fhir_base_url has no user and no password in it: others read it, as in the records");
	if (strpbrk(site->fhir_base_url, "?#"))
		section_warn(s, "fhir_base_url", "fhir_base_url ends before \"?\" and \"#\": it is an address, not a request");
	if (url.p[url.n - 1] == '/')
		section_warn(s, "fhir_base_url", "fhir_base_url usually has no '/' at its end; it should be letter by letter as the EHR's people have it");
	if (seen.request.n > 0)
		section_warn(s, "fhir_base_url", "fhir_base_url ends before \"/%.*s\": that belongs to a request", (int)seen.request.n,
		    seen.request.p);
	if (!seen.version)
		section_warn(s, "fhir_base_url", "fhir_base_url usually names its version, as /R4; look whether it is copied whole");
	check_environment(s, site, url);
}

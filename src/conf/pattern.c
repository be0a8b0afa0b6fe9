/* pattern.c - PCRE2 with limits: a bad pattern or text costs steps, never a hang. */
// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "nudge/pattern.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_STEPS 100000
#define MATCH_DEPTH 1000

struct pattern {
	pcre2_code *code;
	char *text;
};

bool
pattern_new(const char *text, struct pattern **out, struct fault *f)
{
	struct pattern *p = calloc(1, sizeof *p);
	int error = 0;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR why[128];

	if (!p || !(p->text = strdup(text))) {
		pattern_free(p);
		return fault_set(f, FAULT_BUSY, "out of memory");
	}
	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_CASELESS | PCRE2_MATCH_INVALID_UTF, &error, &at, NULL);
	if (!p->code) {
		(void)pcre2_get_error_message(error, why, sizeof why);
		pattern_free(p);
		return fault_set(
		    f, FAULT_OPERATOR, "pattern '%s': at character %zu: %s", text, at + 1, (const char *)why);
	}
	/* Where memory may not become code this fails, and matching goes on without it. */
	(void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
	*out = p;
	return true;
}

void
pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	free(p->text);
	free(p);
}

bool
pattern_matches(const struct pattern *p, struct span text)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(p->code, NULL);
	pcre2_match_context *limits = pcre2_match_context_create(NULL);
	int rc = -1;

	if (data && limits) {
		(void)pcre2_set_match_limit(limits, MATCH_STEPS);
		(void)pcre2_set_depth_limit(limits, MATCH_DEPTH);
		rc = pcre2_match(p->code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, 0, data, limits);
	}
	pcre2_match_context_free(limits);
	pcre2_match_data_free(data);
	return rc >= 0;
}

const char *
pattern_text(const struct pattern *p)
{
	return p->text;
}

bool
pattern_list_matches(const struct pattern_list *l, struct span text)
{
	for (size_t i = 0; i < l->n; i++)
		if (pattern_matches(l->item[i], text))
			return true;
	return false;
}

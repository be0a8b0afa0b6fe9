/* pattern.c - PCRE2 with limits: a bad pattern or text costs steps, never a hang. */
// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "nudge/pattern.h"

#include <pcre2.h>
#include <pthread.h>
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

/* What matching needs besides the pattern: of a thread, for all that it matches. */
struct scratch {
	pcre2_match_data *data; /* of where it matched, which nobody asks for */
	pcre2_match_context *limits;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool has_key;

static void
scratch_free(void *scratch)
{
	struct scratch *s = scratch;

	pcre2_match_context_free(s->limits);
	pcre2_match_data_free(s->data);
	free(s);
}

static void
make_key(void)
{
	has_key = pthread_key_create(&key, scratch_free) == 0;
}

/* NULL: no memory. */
static const struct scratch *
scratch(void)
{
	struct scratch *s;

	(void)pthread_once(&once, make_key);
	if (!has_key)
		return NULL;
	if ((s = pthread_getspecific(key)))
		return s;
	if (!(s = calloc(1, sizeof *s)))
		return NULL;
	s->data = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	if (s->data && s->limits && pthread_setspecific(key, s) == 0) {
		(void)pcre2_set_match_limit(s->limits, MATCH_STEPS);
		(void)pcre2_set_depth_limit(s->limits, MATCH_DEPTH);
		return s;
	}
	scratch_free(s);
	return NULL;
}

bool
pattern_matches(const struct pattern *p, struct span text)
{
	const struct scratch *s = scratch();

	return s && pcre2_match(p->code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, 0, s->data, s->limits) >= 0;
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

/* terms_text.c - terms as bytes that can be kept, signed and read back. */
// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "policy/terms.h"

#define SPELLED_MAX (16u << 20)

void
terms_clear(struct site_terms *t)
{
	for (size_t i = 0; i < TERMS_MAX; i++)
		text_list_free(&t->item[i]);
}

bool
terms_copy(const struct site_terms *from, struct site_terms *to)
{
	*to = (struct site_terms){ .item = { { NULL, 0 } } };
	for (size_t i = 0; i < terms_n(); i++)
		for (size_t k = 0; k < from->item[i].n; k++)
			if (!text_list_add(&to->item[i], from->item[i].item[k]))
				return false;
	return true;
}

bool
terms_same_item(size_t term, const struct site_terms *a, const struct site_terms *b)
{
	const struct text_list *x = &a->item[term], *y = &b->item[term];

	if (x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->item[i], y->item[i]) != 0)
			return false;
	return true;
}

bool
terms_same(const struct site_terms *a, const struct site_terms *b)
{
	for (size_t i = 0; i < terms_n(); i++)
		if (term_rows[i].rule != RULE_BESIDE && !terms_same_item(i, a, b))
			return false;
	return true;
}

const char *
terms_value(const struct site_terms *t, const char *name)
{
	size_t i = terms_find(name);

	return i < terms_n() && t->item[i].n > 0 ? t->item[i].item[0] : "";
}

const char *
terms_fate_text(enum term_fate fate)
{
	static const char *const texts[] = { "the same", "at once", "waits for approval",
		"what narrows at once, the rest waits for approval" };

	return texts[fate];
}

/* ---- spelled ---- */

static bool
spell(const struct site_terms *t, bool beside, struct buf *out)
{
	for (size_t i = 0; i < terms_n(); i++) {
		if (term_rows[i].rule == RULE_BESIDE && !beside)
			continue;
		(void)buf_addf(out, "%s %zu\n", term_rows[i].name, t->item[i].n);
		for (size_t k = 0; k < t->item[i].n; k++)
			(void)buf_addf(out, "%zu %s\n", strlen(t->item[i].item[k]), t->item[i].item[k]);
	}
	return !out->spoilt;
}

bool
terms_spell(const struct site_terms *t, struct buf *out)
{
	return spell(t, true, out);
}

bool
terms_hash(const struct site_terms *t, uint8_t out[DIGEST_BYTES])
{
	struct buf b;
	bool ok;

	buf_init(&b, SPELLED_MAX);
	ok = spell(t, false, &b) && digest_sha256(buf_span(&b), out);
	buf_clear(&b);
	return ok;
}

/* One value: its length, a blank, that many bytes, a line end. */
static bool
read_value(struct span *rest, struct text_list *into)
{
	struct span after, digits = span_cut(*rest, ' ', &after);
	uint64_t n;
	char *value;
	bool ok;

	if (!span_to_u64(digits, SPELLED_MAX, &n) || n >= after.n || after.p[n] != '\n')
		return false;
	value = malloc(n + 1);
	if (!value)
		return false;
	span_copy(value, n + 1, span_from(after.p, n));
	ok = strlen(value) == n && (!into || text_list_add(into, value));
	free(value);
	*rest = span_from(after.p + n + 1, after.n - n - 1);
	return ok;
}

static bool
read_term(struct span *rest, struct site_terms *out)
{
	struct span after, line = span_cut(*rest, '\n', &after), digits, name = span_cut(line, ' ', &digits);
	struct text_list *into = NULL;
	uint64_t n;

	if (!span_to_u64(digits, 4096, &n))
		return false;
	for (size_t i = 0; i < terms_n(); i++)
		if (span_is(name, term_rows[i].name))
			into = &out->item[i];
	if (into && into->n > 0)
		return false;
	*rest = after;
	for (; n > 0; n--)
		if (!read_value(rest, into))
			return false;
	return true;
}

bool
terms_read(struct span spelled, struct site_terms *out, struct fault *f)
{
	*out = (struct site_terms){ .item = { { NULL, 0 } } };
	while (spelled.n > 0)
		if (!read_term(&spelled, out)) {
			terms_clear(out);
			return fault_set(f, FAULT_BROKEN, "the stored terms of an approval cannot be read");
		}
	return true;
}

/* e164.c - from the way people write a number to the one way networks do. */
// SPDX-License-Identifier: Apache-2.0
#include "phone/plans.h"

#include <assert.h>
#include <string.h>

#define DIGITS_MAX 15      /* of E.164, country code included */
#define DIGITS_MIN 8       /* of a number whose plan we do not have */
#define WRITTEN_MAX 20     /* with every prefix that may stand before */

struct written {
	char digits[WRITTEN_MAX + 1];
	size_t n;
	bool plus;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_separator(char c)
{
	return c != '\0' && strchr(" \t.-/()[]", c) != NULL;
}

static bool
has_digit(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (is_digit(text.p[i]))
			return true;
	return false;
}

/* "x12", "ext. 12", "#12", ";ext=12" */
static bool
begins_extension(struct span rest)
{
	static const char *const words[] = { ";extension", ";ext", "extension", "extn", "ext", "x", "#" };
	size_t at = 0;

	for (size_t i = 0; i < sizeof words / sizeof words[0] && at == 0; i++) {
		size_t n = strlen(words[i]);

		if (rest.n > n && span_is_nocase(span_from(rest.p, n), words[i]))
			at = n;
	}
	if (at == 0)
		return false;
	while (at < rest.n && rest.p[at] != '\0' && strchr(" .:=#", rest.p[at]))
		at++;
	return at < rest.n && is_digit(rest.p[at]);
}

/* The 0 of "+44 (0)20": dialled at home only. Italy keeps its own. */
static bool
is_home_zero(const struct written *w, struct span rest)
{
	if (w->n == 0 || rest.n < 3 || memcmp(rest.p, "(0)", 3) != 0)
		return false;
	return strcmp(w->digits, "39") != 0 && strcmp(w->digits, "0039") != 0;
}

static enum phone_result
read_digits(struct span text, struct written *w)
{
	*w = (struct written){ .n = 0 };
	if (!has_digit(text))
		return PHONE_EMPTY;
	for (size_t i = 0; i < text.n; i++) {
		struct span rest = { text.p + i, text.n - i };
		char c = text.p[i];

		if (is_digit(c)) {
			if (w->n == WRITTEN_MAX)
				return PHONE_LONG;
			w->digits[w->n++] = c;
		} else if (is_home_zero(w, rest)) {
			i += 2;
		} else if (c == '+' && w->n == 0 && !w->plus) {
			w->plus = true;
		} else if (!is_separator(c)) {
			return w->n > 0 && begins_extension(rest) ? PHONE_EXTENSION : PHONE_BAD_CHARACTER;
		}
	}
	return PHONE_OK;
}

static size_t
length_of_code(const char *code) /* one to three digits: no call is worth it */
{
	size_t n = 0;

	while (code[n])
		n++;
	return n;
}

static enum phone_result
put(const char *code, const char *national, char out[PHONE_MAX])
{
	size_t code_n = length_of_code(code), n = strlen(national);

	if (code_n + n > DIGITS_MAX)
		return PHONE_LONG;
	assert(1 + code_n + n < PHONE_MAX);
	out[0] = '+';
	memcpy(out + 1, code, code_n);
	memcpy(out + 1 + code_n, national, n + 1);
	return PHONE_OK;
}

/* digits: what follows the + */
static enum phone_result
read_international(const char *digits, char out[PHONE_MAX], enum phone_type *type)
{
	const struct plan *p = plan_of_code(digits);
	enum phone_result r;

	if (digits[0] == '0')
		return PHONE_NOT_ASSIGNABLE;
	if (!p)
		return strlen(digits) < DIGITS_MIN ? PHONE_SHORT : put("", digits, out);
	digits += length_of_code(p->code);
	if (p->rules && plan_begins(digits, p->trunk))
		digits += strlen(p->trunk);
	r = plan_check(p, digits, type);
	return r == PHONE_OK ? put(p->code, digits, out) : r;
}

/* Spreadsheets and number fields lose the leading 0 and the plus. Such a number
 * is taken only where it can be nothing but a whole one: a landline without
 * its trunk prefix may as well be one without its area. */
static enum phone_result
read_bare(const struct plan *p, const char *digits, char out[PHONE_MAX], enum phone_type *type)
{
	enum phone_result r = plan_check(p, digits, type);
	bool local = r == PHONE_OK && p->trunk[0] && *type == PHONE_LANDLINE;

	if (r == PHONE_OK && !local)
		return put(p->code, digits, out);
	if (plan_begins(digits, p->code)) {
		const char *rest = digits + strlen(p->code);

		if (plan_check(p, rest, type) == PHONE_OK && (!p->trunk[0] || *type != PHONE_LANDLINE))
			return put(p->code, rest, out);
	}
	return local ? PHONE_SHORT : r;
}

static enum phone_result
read_national(const struct plan *p, const char *digits, char out[PHONE_MAX], enum phone_type *type)
{
	enum phone_result r;

	/* In North America the trunk prefix is told from an area code by length only. */
	if (!p->rules)
		digits += strlen(digits) == 11 && digits[0] == '1';
	else if (plan_begins(digits, p->trunk))
		digits += strlen(p->trunk);
	else
		return read_bare(p, digits, out, type);
	r = plan_check(p, digits, type);
	return r == PHONE_OK ? put(p->code, digits, out) : r;
}

enum phone_result
phone_read(struct span text, const char *country, char out[PHONE_MAX], enum phone_type *type)
{
	const struct plan *p;
	struct written w;
	enum phone_result r = read_digits(text, &w);

	if (r != PHONE_OK)
		return r;
	if (w.plus)
		return read_international(w.digits, out, type);
	p = plan_of_country(country);
	if (p && plan_begins(w.digits, p->abroad))
		return read_international(w.digits + strlen(p->abroad), out, type);
	/* Ten digits are a whole number in North America, and a wrong one when they begin so. */
	if (plan_begins(w.digits, "00") && !(p && !p->rules && w.n == 10))
		return read_international(w.digits + 2, out, type);
	return p ? read_national(p, w.digits, out, type) : PHONE_UNKNOWN_COUNTRY;
}

enum phone_result
phone_e164(struct span text, const char *country, char out[PHONE_MAX])
{
	enum phone_type type;

	return phone_read(text, country, out, &type);
}

const char *
phone_result_text(enum phone_result r)
{
	switch (r) {
	case PHONE_OK: return "The number is complete; whether it takes texts is not said.";
	case PHONE_EMPTY: return "There is no phone number.";
	case PHONE_EXTENSION: return "The number has an extension and cannot be texted.";
	case PHONE_SHORT: return "The number has too few digits.";
	case PHONE_LONG: return "The number has too many digits.";
	case PHONE_NOT_ASSIGNABLE: return "The country's numbering plan has no such number.";
	case PHONE_BAD_CHARACTER: return "The number has characters that do not belong in one.";
	case PHONE_UNKNOWN_COUNTRY:
		return "The number has no country code, and the country's rules are not known.";
	}
	return "The number cannot be read.";
}

enum phone_type
phone_type_of(const char *e164, char country[3])
{
	const struct plan *p = e164[0] == '+' ? plan_of_code(e164 + 1) : NULL;
	enum phone_type type = PHONE_MAYBE_MOBILE;
	const char *national;

	country[0] = '\0';
	if (!p)
		return type;
	national = e164 + 1 + strlen(p->code);
	(void)span_copy(country, 3, span_of(plan_country(p, national)));
	(void)plan_check(p, national, &type);
	return type;
}

bool
phone_is_fiction(const char *e164)
{
	return strncmp(e164, "+1", 2) == 0 && strlen(e164) == 12 && strncmp(e164 + 5, "55501", 5) == 0;
}

const char *
phone_type_text(enum phone_type t)
{
	switch (t) {
	case PHONE_MAYBE_MOBILE: return "mobile or landline";
	case PHONE_MOBILE: return "mobile";
	case PHONE_LANDLINE: return "landline";
	case PHONE_TOLL_FREE: return "toll-free";
	case PHONE_PREMIUM: return "premium";
	}
	return "unknown";
}

bool
phone_country_known(const char *country)
{
	return plan_of_country(country) != NULL;
}

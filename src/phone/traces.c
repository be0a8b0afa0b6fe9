/* traces.c - the forms in which a number may stand in a file, and one pass that finds any of any. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/traces.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/seal.h"

#define DIGITS_MAX 16
#define NEEDLE_MAX TRACES_OVERLAP
#define NEEDLE_MIN 5
#define HEADS (1u << 20) /* bits: which first four bytes some needle has */

struct needle {
	uint32_t head; /* its first four bytes */
	uint8_t n, bytes[NEEDLE_MAX];
	uint8_t mask; /* what of the last byte belongs to it */
	const char *form;
	size_t number;
};

struct traces {
	struct needle *item; /* owned */
	size_t n, cap;
	bool sorted;
	double chance; /* that a form begins at a random byte, all forms together */
	uint8_t heads[HEADS / 8];
};

struct traces *
traces_new(void)
{
	return calloc(1, sizeof(struct traces));
}

void
traces_free(struct traces *t)
{
	if (!t)
		return;
	if (t->item)
		seal_wipe(t->item, t->cap * sizeof *t->item);
	free(t->item);
	free(t);
}

/* ---- forms ---- */

static uint32_t
head_of(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t
slot_of(uint32_t head)
{
	return head * 2654435761u >> 12;
}

static bool
add_masked(struct traces *t, const void *bytes, size_t n, uint8_t mask, const char *form, size_t number)
{
	struct needle *x;

	if (n < NEEDLE_MIN || n > NEEDLE_MAX)
		return true; /* too short to mean something */
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct needle *grown = calloc(cap, sizeof *grown);

		if (!grown)
			return false;
		if (t->item) {
			memcpy(grown, t->item, t->n * sizeof *grown);
			seal_wipe(t->item, t->cap * sizeof *grown);
		}
		free(t->item);
		t->item = grown;
		t->cap = cap;
	}
	x = &t->item[t->n++];
	*x = (struct needle){ .head = head_of(bytes), .n = (uint8_t)n, .mask = mask, .form = form, .number = number };
	memcpy(x->bytes, bytes, n);
	t->heads[slot_of(x->head) / 8] |= (uint8_t)(1u << slot_of(x->head) % 8);
	t->sorted = false;
	t->chance += ldexp(1, (mask == 0xff ? 0 : 4) - 8 * (int)n);
	return true;
}

static bool
add(struct traces *t, const void *bytes, size_t n, const char *form, size_t number)
{
	return add_masked(t, bytes, n, 0xff, form, number);
}

double
traces_chance(const struct traces *t, int64_t bytes)
{
	return t->chance * (double)bytes;
}

/* How many digits the country code has (ITU-T E.164, list of assigned codes). */
static size_t
code_length(const char *digits)
{
	static const char two[] = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 "
	    "84 86 90 91 92 93 94 95 98 ";
	char want[4] = { digits[0], digits[1], ' ', '\0' };

	return digits[0] == '1' || digits[0] == '7' ? 1 : strstr(two, want) ? 2 : 3;
}

/* Of either byte order: from the first digit to the last the bytes are the same. */
static bool
add_utf16(struct traces *t, const char *text, size_t n, size_t number)
{
	uint8_t wide[2 * DIGITS_MAX] = { 0 };

	for (size_t i = 0; i < n; i++)
		wide[2 * i] = (uint8_t)text[i];
	return add(t, wide, 2 * n - 1, "UTF-16", number);
}

static bool
add_hex(struct traces *t, const char *text, size_t n, size_t number)
{
	char hex[2 * DIGITS_MAX + 1];

	for (size_t i = 0; i < n; i++) /* digits are 30 to 39: large and small letters are the same */
		(void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
	return add(t, hex, 2 * n, "hexadecimal", number);
}

/* At each place of a group of three bytes; what its neighbours decide is left out. */
static bool
add_base64(struct traces *t, const char *text, size_t n, size_t number)
{
	static const char sign[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t before = 0; before < 3; before++) {
		size_t first = (before * 8 + 5) / 6, end = (before + n) * 8 / 6;
		char out[2 * DIGITS_MAX];

		for (size_t i = first; i < end; i++) {
			unsigned bits = 0;

			for (size_t b = 6 * i; b < 6 * i + 6; b++)
				bits = bits << 1 | ((unsigned char)text[b / 8 - before] >> (7 - b % 8) & 1);
			out[i - first] = sign[bits];
		}
		if (!add(t, out, end - first, "Base64", number))
			return false;
	}
	return true;
}

static bool
add_packed(struct traces *t, const char *digits, size_t n, size_t number)
{
	for (size_t from = 0; from < 2; from++) {
		uint8_t first[DIGITS_MAX], second[DIGITS_MAX];
		size_t bytes = 0;
		bool odd = (n - from) % 2 != 0; /* beside the last digit stands anything */

		if ((n - from) / 2 < NEEDLE_MIN)
			continue;
		for (size_t i = from; i < n; i += 2, bytes++) {
			unsigned a = (unsigned)(digits[i] - '0'), b = i + 1 < n ? (unsigned)(digits[i + 1] - '0') : 0;

			first[bytes] = (uint8_t)(a << 4 | b);
			second[bytes] = (uint8_t)(b << 4 | a);
		}
		if (!add_masked(t, first, bytes, odd ? 0xf0 : 0xff, "BCD", number) ||
		    !add_masked(t, second, bytes, odd ? 0x0f : 0xff, "BCD, halves swapped", number))
			return false;
	}
	return true;
}

static bool
add_binary(struct traces *t, const char *digits, size_t number)
{
	uint64_t v = strtoull(digits, NULL, 10);
	uint8_t little[8], big[8];
	size_t n = 0;

	for (; n < 8 && v >> 8 * n; n++)
		little[n] = (uint8_t)(v >> 8 * n);
	for (size_t i = 0; i < n; i++)
		big[i] = little[n - 1 - i];
	return add(t, little, n, "binary, little-endian", number) && add(t, big, n, "binary, big-endian", number);
}

static bool
add_written(struct traces *t, const char *national, size_t number)
{
	static const char *const form[] = { "%.3s-%.3s-%.4s", "%.3s.%.3s.%.4s", "%.3s %.3s %.4s", "%.3s)%.3s-%.4s", "%.3s) %.3s-%.4s" };
	char text[32];

	for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		int n = snprintf(text, sizeof text, form[i], national, national + 3, national + 6);
#pragma GCC diagnostic pop

		if (!add(t, text, (size_t)n, "text", number))
			return false;
	}
	return true;
}

bool
traces_add(struct traces *t, const char *e164, size_t number)
{
	const char *digits = e164 + 1, *national;
	size_t n = e164[0] == '+' ? strspn(digits, "0123456789") : 0, m;

	if (n < 8 || n >= DIGITS_MAX || digits[n] != '\0')
		return false;
	national = digits + code_length(digits);
	m = strlen(national);
	return add(t, national, m, "text", number) && add_utf16(t, national, m, number) && add_hex(t, national, m, number) &&
	    add_base64(t, national, m, number) && add_packed(t, digits, n, number) && add_binary(t, digits, number) &&
	    (digits[0] != '1' || m != 10 || add_written(t, national, number));
}

/* ---- looked for ---- */

static int
by_head(const void *a, const void *b)
{
	const struct needle *x = a, *y = b;

	return x->head < y->head ? -1 : x->head > y->head;
}

static const struct needle *
first_with(const struct traces *t, uint32_t head)
{
	size_t from = 0, to = t->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (t->item[mid].head < head)
			from = mid + 1;
		else
			to = mid;
	}
	return &t->item[from];
}

size_t
traces_look(struct traces *t, struct span bytes, traces_fn *fn, void *ctx)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	size_t found = 0;

	if (!t->sorted && t->n > 0)
		qsort(t->item, t->n, sizeof *t->item, by_head);
	t->sorted = true;
	for (size_t at = 0; at + NEEDLE_MIN <= bytes.n; at++) {
		uint32_t head = head_of(p + at), slot = slot_of(head);

		if (!(t->heads[slot / 8] >> slot % 8 & 1))
			continue;
		for (const struct needle *x = first_with(t, head); x < t->item + t->n && x->head == head; x++)
			if (x->n <= bytes.n - at && memcmp(x->bytes, p + at, x->n - 1u) == 0 && (p[at + x->n - 1] & x->mask) == x->bytes[x->n - 1]) {
				fn(ctx, x->number, x->form, at);
				found++;
			}
	}
	return found;
}

/* fuzz_phone.c - any bytes as a telephone field: what is accepted is a number, and stays the same number. */
// SPDX-License-Identifier: Apache-2.0
// for: src/phone/e164.c src/phone/choose.c
#include "nudge/phone.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CANDIDATES 3

static void
require(bool belief)
{
	if (!belief)
		abort();
}

static void
check_number(const char *e164)
{
	char again[PHONE_MAX], country[3];
	size_t n = strlen(e164);

	require(n >= 8 && n < PHONE_MAX && e164[0] == '+' && e164[1] != '0');
	require(strspn(e164 + 1, "0123456789") == n - 1);
	require(phone_e164(span_of(e164), "XX", again) == PHONE_OK && strcmp(e164, again) == 0);
	require(phone_type_text(phone_type_of(e164, country)) != NULL && strlen(country) != 1);
}

/* Repetitions are cut at line feeds, components at '^'. */
static struct phone_candidate
read_candidate(struct span s)
{
	struct span part[12] = { { NULL, 0 } };

	for (size_t i = 0; i < 12 && s.n > 0; i++)
		part[i] = span_cut(s, '^', &s);
	return (struct phone_candidate){ .text = part[0], .use = part[1], .equipment = part[2],
	    .address = part[3],
		.country = part[4], .area = part[5], .local = part[6], .extension = part[7], .any = part[8],
		.unformatted = part[11], .ended = s.n % 2 == 1, .preference = (int)part[9].n };
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const countries[] = { "US", "GB", "DE", "ES", "NO", "AU", "IE", "XX" };
	struct phone_candidate c[CANDIDATES];
	struct phone_choice choice;
	struct span rest = span_from(data, n);
	size_t candidates_n = 0;
	const char *country;
	char out[PHONE_MAX];

	if (n == 0)
		return 0;
	country = countries[data[0] % (sizeof countries / sizeof countries[0])];
	rest = span_from(rest.p + 1, n - 1);
	if (phone_e164(rest, country, out) == PHONE_OK)
		check_number(out);
	while (candidates_n < CANDIDATES && rest.n > 0)
		c[candidates_n++] = read_candidate(span_cut(rest, '\n', &rest));
	choice = phone_choose(c, candidates_n, country, data[0] > 127);
	require((choice.index >= 0) == (choice.e164[0] != '\0'));
	require(choice.index < (int)candidates_n);
	if (choice.index >= 0)
		check_number(choice.e164);
	return 0;
}

/* fuzz_token.c - what a stranger may show as a token, and what a server of keys may answer. */
// SPDX-License-Identifier: Apache-2.0
// for: src/acs/jwt.c
#include <stdint.h>
#include <stdlib.h>

#include "acs/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A public key whose private half was never kept: nothing that is signed with it can come in here. */
#define KEYS "{\"keys\":[{\"kty\":\"RSA\",\"use\":\"sig\",\"kid\":\"k1\",\"e\":\"AQAB\",\"n\":\"" MODULUS "\"}]}"
#define MODULUS \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn6" \
	"4tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9" \
	"1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const issuers[] = { "https://login.microsoftonline.com/t/v2.0", NULL };
	static const struct jwt_wanted wanted = { issuers, "api://nudge", "", 1795208400 };
	static struct jwks *keys;
	struct jwks *others = NULL;
	const char *why = NULL;

	if (!keys && !jwks_read(SPAN_LIT(KEYS), &keys))
		abort();
	if (jwt_check(span_from(data, n), keys, &wanted, &why) == JWT_GOOD || !why)
		abort();
	if (jwt_check(span_from(data, n), NULL, &wanted, &why) == JWT_GOOD)
		abort();
	if (jwks_read(span_from(data, n), &others))
		jwks_free(others);
	return 0;
}

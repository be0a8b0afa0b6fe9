/* tests/unit/unit.h - a few words over cmocka, so that a failing row names the
 * rule it broke. Include before anything of cmocka's.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* A test: TEST(name) { ... }, listed in main() by RUN(name). */
#define TEST(name) static void name(void **unit_state_ __attribute__((unused)))
#define RUN(name) cmocka_unit_test(name)

#define same_text(rule, got, want)                                              \
	do {                                                                    \
		const char *got_ = (got), *want_ = (want);                      \
		if (strcmp(got_, want_) != 0)                                   \
			fail_msg("%s: got \"%s\", want \"%s\"", rule, got_, want_); \
	} while (0)
#define same_int(rule, got, want)                                               \
	do {                                                                    \
		long long got_ = (long long)(got), want_ = (long long)(want);   \
		if (got_ != want_)                                              \
			fail_msg("%s: got %lld, want %lld", rule, got_, want_); \
	} while (0)
#define same_bytes(rule, got, got_n, want, want_n)                              \
	do {                                                                    \
		if ((got_n) != (want_n) || memcmp((got), (want), (want_n)) != 0)    \
			fail_msg("%s: got \"%.*s\", want \"%.*s\"", rule, (int)(got_n), \
			    (const char *)(got), (int)(want_n), (const char *)(want)); \
	} while (0)
#define holds(rule, condition)                                                  \
	do {                                                                    \
		if (!(condition))                                               \
			fail_msg("%s: %s", rule, #condition);                   \
	} while (0)

#endif

/* scarce.c - see scarce.h. */
// SPDX-License-Identifier: Apache-2.0
#include "scarce.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uclean.h>

#include "sim.h"
#include "whose.h"

static struct {
	long at, asked, failed;
	int64_t for_ms, since_ms;
	bool trap;
	sqlite3_mem_methods sqlite;
} the;

void
scarce_arm(long n, int64_t for_ms)
{
	the.at = n;
	the.for_ms = for_ms;
	the.asked = the.failed = 0;
	the.since_ms = 0;
}

long scarce_asked(void) { return the.asked; }
long scarce_failed(void) { return the.failed; }
int64_t scarce_until_ms(void) { return the.failed > 0 ? the.since_ms + the.for_ms : 0; }
void scarce_trap(void) { the.trap = true; }

/* true: there is none left. */
static bool
none(void)
{
	if (!product_runs)
		return false;
	the.asked++;
	if (the.at == 0 || the.asked < the.at)
		return false;
	if (the.asked == the.at)
		the.since_ms = sim_ms();
	else if (the.for_ms == 0 || sim_ms() >= the.since_ms + the.for_ms)
		return false;
	the.failed++;
	if (the.trap)
		(void)raise(SIGTRAP);
	return true;
}

#include "scarce_doors.h"

/* ---- the libraries' own doors ---- */

static void *of_sqlite(int n) { return none() ? NULL : the.sqlite.xMalloc(n); }
static void *again_of_sqlite(void *p, int n) { return none() ? NULL : the.sqlite.xRealloc(p, n); }

static void *of_icu(const void *ctx, size_t n) { (void)ctx; return __wrap_malloc(n); }
static void *again_of_icu(const void *ctx, void *p, size_t n) { (void)ctx; return __wrap_realloc(p, n); }
static void back_to_icu(const void *ctx, void *p) { (void)ctx; free(p); }

bool
scarce_install(void)
{
	sqlite3_mem_methods mine;
	UErrorCode u = U_ZERO_ERROR;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &the.sqlite) != SQLITE_OK)
		return false;
	mine = the.sqlite;
	mine.xMalloc = of_sqlite;
	mine.xRealloc = again_of_sqlite;
	u_setMemoryFunctions(NULL, of_icu, again_of_icu, back_to_icu, &u);
	json_set_alloc_funcs(__wrap_malloc, free);
	return U_SUCCESS(u) && sqlite3_config(SQLITE_CONFIG_MALLOC, &mine) == SQLITE_OK &&
	    CRYPTO_set_mem_functions(of_openssl, again_of_openssl, back_to_openssl) == 1;
}

/* fuzz_conf.c - any text as a configuration: loaded or refused with a reason, and nothing left behind. */
// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nudge/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char path[64];
	struct conf *c = NULL;
	struct conf_faults faults;
	FILE *f;

	(void)snprintf(path, sizeof path, "/dev/shm/nudge-fuzz-%d.conf", (int)getpid());
	f = fopen(path, "w");
	if (!f)
		return 0;
	(void)fwrite(data, 1, n, f);
	(void)fclose(f);
	if (conf_load(path, CONF_CHECK, &c, &faults))
		conf_drop(c);
	else if (faults.errors_n == 0)
		abort();
	conf_faults_clear(&faults);
	(void)unlink(path);
	return 0;
}

/* old_time.c - a program that believes it is OLD_TIME_S seconds earlier. Put before it by LD_PRELOAD; for tests/world/test_outbound.py. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <time.h>

time_t
time(time_t *out)
{
	const char *back = getenv("OLD_TIME_S");
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec -= back ? strtol(back, NULL, 10) : 0;
	if (out)
		*out = t.tv_sec;
	return t.tv_sec;
}

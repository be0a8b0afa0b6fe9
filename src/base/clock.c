/* clock.c - the system's clocks, and dates without the locale. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define CLOCK_SYNC_MARK "/run/systemd/timesync/synchronized" /* of systemd-timesyncd, since this boot */

static int64_t
milliseconds(clockid_t id)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct now
clock_now(void)
{
	return (struct now){ milliseconds(CLOCK_REALTIME), milliseconds(CLOCK_BOOTTIME) };
}

int64_t
clock_boot_us(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

enum clock_sync
clock_sync(void)
{
	struct timex t = { .modes = 0 };
	int state = adjtimex(&t);

	if (state < 0)
		return access(CLOCK_SYNC_MARK, F_OK) == 0 ? CLOCK_SYNC_YES : CLOCK_SYNC_UNKNOWN;
	return state != TIME_ERROR && !(t.status & STA_UNSYNC) ? CLOCK_SYNC_YES : CLOCK_SYNC_NO;
}

bool
clock_synchronised(void)
{
	return clock_sync() == CLOCK_SYNC_YES;
}

/* 32 digits, as the service manager writes it, in the kernel's form. */
static bool
boot_id_of(const char *text, char out[37])
{
	size_t at = 0;

	if (!text || strlen(text) != 32)
		return false;
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = text[i];
	}
	out[at] = '\0';
	return true;
}

void
clock_boot_id(char out[37])
{
	static const char none[] = "00000000-0000-0000-0000-000000000000";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, 36) : -1;

	if (fd >= 0)
		(void)close(fd);
	if (n == 36)
		out[36] = '\0';
	else if (!boot_id_of(getenv("NUDGE_BOOT_ID"), out))
		memcpy(out, none, sizeof none);
}

struct date {
	int year, month, day, hour, minute, second, weekday;
};

/* Proleptic Gregorian; the era arithmetic counts years from March. */
static struct date
date_of(int64_t wall_s)
{
	int64_t days = wall_s / 86400, rest = wall_s % 86400;
	struct date d;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	d.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	d.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	d.year = (int)(yoe + era * 400 + (d.month <= 2));
	d.hour = (int)(rest / 3600);
	d.minute = (int)(rest / 60 % 60);
	d.second = (int)(rest % 60);
	d.weekday = (int)((days % 7 + 11) % 7); /* 1970-01-01 was a Thursday */
	return d;
}

/* As many digits as it takes, with zeros in front up to `least`. */
static char *
number(char *out, int value, int least)
{
	char digit[10];
	int n = 0;

	for (; n < least || value > 0; value /= 10)
		digit[n++] = (char)('0' + value % 10);
	while (n > 0)
		*out++ = digit[--n];
	return out;
}

char *
clock_civil(char *out, const int field[6])
{
	static const char before[] = "\0--T::";

	for (int i = 0; i < 6; i++) {
		if (i > 0)
			*out++ = before[i];
		out = number(out, field[i], i == 0 ? 4 : 2);
	}
	return out;
}

void
clock_rfc3339(int64_t wall_s, char out[CLOCK_TEXT_MAX])
{
	struct date d = date_of(wall_s);

	out = clock_civil(out, (int[]){ d.year, d.month, d.day, d.hour, d.minute, d.second });
	out[0] = 'Z';
	out[1] = '\0';
}

void
clock_http_date(int64_t wall_s, char out[CLOCK_TEXT_MAX])
{
	static const char day[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char month[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
		"Nov", "Dec" };
	struct date d = date_of(wall_s);

	(void)snprintf(out, CLOCK_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT", day[d.weekday], d.day,
	    month[d.month - 1], d.year, d.hour, d.minute, d.second);
}

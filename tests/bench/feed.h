/* feed.h - the messages of all that is measured: a SIU^S12 of one kilobyte, or of the size that is asked for. */
// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_FEED_H
#define BENCH_FEED_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FEED_MAX 65536
#define FEED_SHORT_BELOW 900 /* bytes: a smaller one has no notes and no resources */

static inline uint64_t
feed_chance(long long i)
{
	uint64_t x = (uint64_t)i * 6364136223846793005u + 1442695040888963407u;

	x ^= x >> 29;
	return x * 2862933555777941757u >> 17;
}

static inline int64_t
feed_start(long long i, int64_t now_s) /* within sixty days, from the day after tomorrow on */
{
	return (now_s + 2 * 86400 + (int64_t)(feed_chance(i) % (60 * 86400))) / 300 * 300;
}

static inline void
feed_local(int64_t at_s, char out[20]) /* six hours west */
{
	time_t at = (time_t)at_s - 6 * 3600;
	struct tm tm;

	(void)gmtime_r(&at, &tm);
	(void)strftime(out, 20, "%Y%m%d%H%M%S", &tm);
}

/* Message `control` about appointment `i`, seen at `now_s`, of about `wanted` bytes (0: as it comes) into out[FEED_MAX]; gives its length. */
static inline size_t
feed_text(long long control, long long i, int64_t now_s, size_t wanted, char *out)
{
	static const char head[] =
	    "MSH|^~\\&|SCHED|RIVERSIDE|NUDGE|LAMNA|%s-0600||SIU^S12^SIU_S12|Q%09lld|P|2.5.1|||AL|NE\r"
	    "SCH|A%09lld^SCHED|A%09lld^SCHED|||SG12^Series^L|ROUTINE^Routine^HL70276|CHECKUP^Yearly check-up^L|"
	    "NORMAL^Normal^HL70277|30|min|^^30^%s|1004^Sample^Clara^^^Dr^MD|"
	    "^WPN^PH^^1^608^5550101|||||1004^Sample^Clara^^^Dr^MD||||||BOOKED^Booked^HL70278\r";
	static const char note[] = "NTE|1|L|Please come ten minutes early and bring your referral.\r";
	static const char patient[] =
	    "PID|1||MR%09lld^^^RIVERSIDE^MR||Testperson^Paula^Q^^^^L||19800229|F|||"
	    "1 Sample Road^^Testtown^WI^00000^US^H||^PRN^PH^^1^608^5550102~^PRN^CP^^1^608^%07lld|"
	    "^WPN^PH^^1^608^5550104|ENG^English^HL70296|S\r"
	    "PV1|1|O|CARD^ROOM2^^RIVERSIDE||||1004^Sample^Clara^^^Dr^MD|||CAR|||||||"
	    "1004^Sample^Clara^^^Dr^MD|OP|A%09lld\r";
	static const char resources[] =
	    "RGS|1|A|RG1\r"
	    "AIS|1|A|ECHO^Echo of the heart^L||0|min|30|min|NOSUBST|BOOKED^Booked^HL70278\r"
	    "AIL|1|A|CARD^ROOM2^^RIVERSIDE|CLINIC^Clinic^L|||0|min|30|min\r"
	    "AIP|1|A|1004^Sample^Clara^^^Dr^MD|ATT^Attending^L|||0|min|30|min|NOSUBST|BOOKED\r";
	char said[20], start[20];
	size_t n, rest;

	feed_local(now_s, said);
	feed_local(feed_start(i, now_s), start);
	n = (size_t)snprintf(out, FEED_MAX, head, said, control, i, i, start);
	rest = n + sizeof patient + sizeof resources;
	while (wanted >= FEED_SHORT_BELOW && rest + sizeof note < wanted) {
		memcpy(out + n, note, sizeof note - 1);
		n += sizeof note - 1;
		rest += sizeof note - 1;
	}
	if (wanted == 0) {
		memcpy(out + n, note, sizeof note - 1);
		n += sizeof note - 1;
	}
	n += (size_t)snprintf(out + n, FEED_MAX - n, patient, i, (long long)(5550200 + i % 4000000 + 1000000), i);
	if (wanted == 0 || wanted >= FEED_SHORT_BELOW) {
		memcpy(out + n, resources, sizeof resources - 1);
		n += sizeof resources - 1;
	}
	return n;
}

#endif

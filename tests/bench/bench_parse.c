/* bench_parse.c - how long one 1 KB appointment takes to be indexed, and to be indexed and asked. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nudge/hl7.h"

#define MESSAGES_DEFAULT 1000000

static const char siu[] =
    "MSH|^~\\&|SCHED|RIVERSIDE|NUDGE|LAMNA|20270111083000-0600||"
    "SIU^S12^SIU_S12|Q10000000000042|P|2.5.1|||AL|NE\r"
    "SCH|A700100042^SCHED|A700100042^SCHED|||SG12^Series^L|ROUTINE^Routine^HL70276|CHECKUP^Yearly check-up^L|"
    "NORMAL^Normal^HL70277|30|min|^^30^20270118103000-0600^20270118110000-0600|1004^Sample^Clara^^^Dr^MD|"
    "^WPN^PH^^1^608^5550101|||||1004^Sample^Clara^^^Dr^MD||||||BOOKED^Booked^HL70278\r"
    "NTE|1|L|Please come ten minutes early and bring your referral.\r"
    "PID|1||MR700042^^^RIVERSIDE^MR||Testperson^Paula^Q^^^^L||19800229|F|||"
    "1 Sample Road^^Testtown^WI^00000^US^H||"
    "^PRN^PH^^1^608^5550102~^PRN^CP^^1^608^5550103|^WPN^PH^^1^608^5550104|ENG^English^HL70296|S\r"
    "PV1|1|O|CARD^ROOM2^^RIVERSIDE||||1004^Sample^Clara^^^Dr^MD|||CAR|||||||"
    "1004^Sample^Clara^^^Dr^MD|OP|A700100042\r"
    "RGS|1|A|RG1\r"
    "AIS|1|A|ECHO^Echo of the heart^L|20270118103000|0|min|30|min|NOSUBST|BOOKED^Booked^HL70278\r"
    "AIL|1|A|CARD^ROOM2^^RIVERSIDE|CLINIC^Clinic^L||20270118103000|0|min|30|min\r"
    "AIP|1|A|1004^Sample^Clara^^^Dr^MD|ATT^Attending^L||20270118103000|0|min|30|min|NOSUBST|BOOKED\r";

static const char *const asked[] = {
	"MSH-9.2", "MSH-10", "SCH-2.1", "SCH-11.4", "PID-3.1", "PID-13(*).7", "AIL-3.1", "SCH-25.1",
};
#define ASKED (sizeof asked / sizeof asked[0])

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Nanoseconds per message; what was found is added up, so that nothing is optimised away. */
static double
measure(struct hl7 *m, const struct hl7_path *path, size_t paths, long messages, size_t *found)
{
	struct span bytes = span_from(siu, sizeof siu - 1);
	int64_t begin = now_ns();

	for (long i = 0; i < messages; i++) {
		if (hl7_read(m, bytes) != HL7_OK)
			exit(1);
		*found += hl7_segments(m);
		for (size_t k = 0; k < paths; k++)
			*found += hl7_get(m, hl7_whole(m), &path[k]).n;
	}
	return (double)(now_ns() - begin) / (double)messages;
}

static void
report(const char *name, double ns, bool json)
{
	double mb_s = (double)(sizeof siu - 1) / ns * 1000.0;

	if (json)
		printf("{\"bench\":\"%s\",\"bytes\":%zu,\"ns_per_message\":%.1f,\"mb_per_s\":%.1f}\n", name,
		    sizeof siu - 1, ns, mb_s);
	else
		printf("%-18s %zu bytes  %8.1f ns/message  %8.1f MB/s\n", name, sizeof siu - 1, ns, mb_s);
}

int
main(int argc, char **argv)
{
	bool json = false;
	long messages = MESSAGES_DEFAULT;
	struct hl7_path path[ASKED];
	struct hl7 *m = hl7_new();
	struct fault f;
	size_t found = 0;

	if (argc == 2 && strcmp(argv[1], "--message") == 0) { /* what it reads, for others to read */
		hl7_free(m);
		return fwrite(siu, 1, sizeof siu - 1, stdout) != sizeof siu - 1;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else
			messages = strtol(argv[i], NULL, 10);
	}
	if (!m || messages < 1) {
		fprintf(stderr, "usage: bench_parse [--json] [MESSAGES] | --message\n");
		hl7_free(m);
		return 2;
	}
	for (size_t i = 0; i < ASKED; i++) {
		if (!hl7_path_read(asked[i], &path[i], &f)) {
			fprintf(stderr, "bench_parse: %s\n", f.text);
			hl7_free(m);
			return 1;
		}
	}
	(void)measure(m, path, ASKED, messages / 20 + 1, &found);
	report("parse", measure(m, path, 0, messages, &found), json);
	report("parse+8 paths", measure(m, path, ASKED, messages, &found), json);
	hl7_free(m);
	return found == 0;
}

/* test_siu_edges.c - settings of one site, sizes, signs and memory at their edges: what is read then, and what is refused in which words. */
// SPDX-License-Identifier: Apache-2.0
#include "siu_rows.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Titles in 80 characters: three beside whose names one answer has no room. */
#define LONG_TITLE "prod-of-the-north"
#define LONGER_TITLE "trials-of-the-south-and-of-the-west-too"

#define EDGE_ENVIRONMENTS \
	"environment \"other\" {\n\tkind = test\n\torganization = lamna\n\tcertificates = {prod.cer}\n}\n" \
	"environment \"" LONG_TITLE "\" {\n\tkind = test\n\torganization = lamna\n\tcertificates = {prod.cer}\n}\n" \
	"environment \"" LONGER_TITLE "\" {\n\tkind = test\n\torganization = lamna\n\tcertificates = {trials.cer}\n}\n" \
	"environment \"caf\xc3\xa9\x7f\" {\n\tkind = test\n\torganization = lamna\n\tcertificates = {trials.cer}\n}\n"

#define EDGE_SITES                                                                                                      \
	SITE("paths", "prod", "generic", "PATHS", "", "America/Chicago",                                                \
	    "paths = {'start = SCH-11.4, ARQ-11.4, TQ1-7', 'phone = PID-13(1)', 'deceased = PID-30.1, PD1-7.1',"        \
	    " 'appointment_id = SCH-2.1, SCH-1.1, SCH-26.1, SCH-27.1, PV1-19.1, ZID-1', 'duration = SCH-9.1', 'birth = PID-7, PID-23'}")         \
	SITE("plain", "prod", "generic", "PLAIN", "", "America/Chicago", "ack_mode = always-AA")                        \
	SITE("again", "prod", "generic", "AGAIN", "", "America/Chicago", "paths = {'phone = PID-14(*)'} ack_mode = auto") \
	SITE("only", "prod", "generic", "ONLY", "", "America/Chicago",                                                  \
	    "only_if = {'PV1-2 = ^O$'} never_if = {'PV1-18 = ^TEST'}")                                                  \
	SITE("msh7", "prod", "generic", "MSH7", "", "America/Chicago", "time_without_offset = msh7")                    \
	SITE("domains", "prod", "generic", "DOMAINS", "", "America/Chicago",                                            \
	    "link = \"ZVV-3\" link_domains = {\"lamna.example\"} device_test_link = \"https://t.lamna.example/\"")                                                     \
	SITE("template", "prod", "generic", "TEMPLATE", "", "America/Chicago",                                          \
	    "link = \"https://video.lamna.example/" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED "/{appointment_id}\"")      \
	SITE("cerner", "prod", "oracle-health", "HNAM", "", "America/New_York", "")                                     \
	SITE("epic", "prod", "epic", "EPIC", "", "America/Chicago", "")                                                 \
	SITE("whoever", "other", "epic", "", "", "America/Chicago", "")                                                 \
	SITE("facility", "trials", "epic", "", "FACILITY", "America/Chicago", "")                                       \
	SITE("north", LONG_TITLE, "epic", "NORTH", "", "America/Chicago", "")                                           \
	SITE("south", LONGER_TITLE, "epic", "SOUTH", "", "America/Chicago", "")                                         \
	SITE("cafe", "caf\xc3\xa9\x7f", "epic", "CAFE", "", "America/Chicago", "")

#define OF(app, event) MSH_OF(app, "X", event, "C1", "|P|2.5.1")
#define WHO(xtn) "PID|1||7^^^L^MR||T^P||1970|F|||||" xtn "\r"
#define LIVES(xad) "PID|1||7^^^L^MR||T^P||1970|F|||" xad "\r"
#define SPEAKS(language) "PID|1||7^^^L^MR||T^P||1970|F|||||||" language "\r"

static void
places_and_people(void **state)
{
	static const struct row rows[] = {
		{ "an address of separators says nothing", "prod", OF("PLAIN", "S12") GOOD LIVES("^& ^ &"), "place=not said|zones=" },
		{ "nor an address that is not there", "prod", OF("PLAIN", "S12") GOOD LIVES(""), "place=not said" },
		{ "a language by its other name", "prod", OF("PLAIN", "S12") GOOD SPEAKS("Farsi"), "language=fa" },
		{ "a language of a country, with an underscore", "prod", OF("PLAIN", "S12") GOOD SPEAKS("en_US"), "language=en" },
		{ "what begins as a language's name does is none", "prod", OF("PLAIN", "S12") GOOD SPEAKS("Elvish"), "language=" },
		{ "nor what begins as its other name", "prod", OF("PLAIN", "S12") GOOD SPEAKS("Fanagalo"), "language=" },
		{ "a sign behind a code is no country", "prod", OF("PLAIN", "S12") GOOD SPEAKS("en{US"), "language=" },
		{ "a name before a sign", "prod", OF("PLAIN", "S12") GOOD SPEAKS("Welsh{"), "language=cy" },
		{ "the first of two places for a day of birth", "prod", OF("PATHS", "S12") GOOD "PID|1||7||T^P||20090115|F|||||||||||||||20080115\r", "minor_until=2027-01-15T00:00:00" },
		{ "a month of birth", "prod", OF("PLAIN", "S12") GOOD "PID|1||7||T^P||200901|F\r", "minor_until=2027-02-01T00:00:00" },
		{ "the last month of a year", "prod", OF("PLAIN", "S12") GOOD "PID|1||7||T^P||200912|F\r", "minor_until=2028-01-01T00:00:00" },
		{ "one place says alive, the other nothing that is known", "prod",
		    OF("PATHS", "S12") GOOD "PID|1||7||T^P||1970|F||||||||||||||||||||||N\rPD1|||||||maybe\r", "deceased=no" },
		{ "one place says nothing that is known, the other dead", "prod",
		    OF("PATHS", "S12") GOOD "PID|1||7||T^P||1970|F||||||||||||||||||||||maybe\rPD1|||||||Y\r", "deceased=yes" },
		{ "a blank is no time of death", "prod",
		    OF("PLAIN", "S12") GOOD "PID|1||7||T^P||1970|F||||||||||||||||||||| |\r", "deceased=no" },
		{ "XTN.14 to the minute: it has ended", "prod",
		    OF("PLAIN", "S12") GOOD WHO("608-271-9001^PRN^CP^^^^^^^^^^^202611210359"), "phone_state=set|phone=" },
		{ "XTN.14 to the minute: it lasts", "prod",
		    OF("PLAIN", "S12") GOOD WHO("608-271-9001^PRN^CP^^^^^^^^^^^202611210401"), "phone=+16082719001" },
		{ "\"\" in a component is none", "prod", OF("PLAIN", "S12") GOOD WHO("608-271-9001^PRN^CP^^^^^\"\""), "phone=+16082719001" },
		{ "a blank repetition before a number", "prod", OF("PLAIN", "S12") GOOD WHO(" ~608-271-9001^PRN^CP"), "phone=+16082719001" },
		{ "a word in quotes takes no number away", "prod", OF("PLAIN", "S12") GOOD WHO("\"none\"^PRN^CP~608-271-9001^PRN^CP"), "phone=+16082719001" },
		{ "the unformatted number alone", "prod", OF("PLAIN", "S12") GOOD WHO("^PRN^CP^^^^^^^^^6082719001"), "phone=+16082719001" },
		{ "the second repetition by its path", "prod",
		    OF("PATHS", "S12") GOOD WHO("608-271-9001^PRN^CP~608-271-9002^PRN^CP~608-271-9003^PRN^CP"), "phone=+16082719002" },
		{ "and where there is no second", "prod", OF("PATHS", "S12") GOOD WHO("608-271-9001^PRN^CP"), "phone_state=keep" },
		{ "another site's paths are its own", "prod", OF("AGAIN", "S12") GOOD WHO("608-271-9001^PRN^CP|608-271-9004^^CP"), "phone=+16082719004" },
		{ "a profile without paths is as it was", "prod", OF("PLAIN", "S12") GOOD WHO("608-271-9001^PRN^CP"), "phone=+16082719001" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
ids(void **state)
{
	static const struct row rows[] = {
		{ "an alias once", "prod", OF("HNAM", "S12") SCH("88", "99", AT, "") JANE "PV1|1|O|||||||||||||||||88\r", "id=99|alias1=88|alias2=" },
		{ "the id is no alias of itself", "prod", OF("HNAM", "S12") SCH("99", "99", AT, "") JANE, "id=99|alias1=" },
		{ "five aliases are four", "prod",
		    OF("PATHS", "S12") "SCH|1|2|||||||30|MIN|^^^" AT "|||||||||||||||6|7\r" JANE "PV1|1|O|||||||||||||||||8\rZID|9\r",
		    "id=2|alias1=1|alias2=6|alias3=7|alias4=8" },
		{ "an alias of 200 characters is none", "prod", OF("HNAM", "S12") SCH(HUNDRED HUNDRED, "99", AT, "") JANE, "id=99|alias1=" },
		{ "an id of 200 characters cannot be kept", "prod", OF("HNAM", "S12") SCH("88", HUNDRED HUNDRED, AT, "") JANE,
		    "kind=quarantine|reason=appointment id is too long|error=102 SCH-2|held=" },
		{ "an old id of 200 characters is none", "prod",
		    OF("EPIC", "S13") "SCH||200|||||||||^^^" AT "||||||||||||101|" HUNDRED HUNDRED "\r" JANE, "id=200|old=101" },
		{ "the first visit of a series has an old id", "prod",
		    OF("EPIC", "S13") "SCH||200|1||||||||^^^" AT "|||||||||||||100\r" JANE, "old=100" },
		{ "who has no SCH-2 has no old id", "prod",
		    OF("EPIC", "S13") "SCH||||||||||^^^" "|^^^" AT "|||||||||||||100\r" JANE "PV1|1|O|||||||||||||||||777\r",
		    "id=777|filler=no|old=" },
		{ "a repetition without an id is no patient", "prod", OF("EPIC", "S12") GOOD PID("^^^LAMNA^MR~2^^^X^PI~3^^^LAMNA^MR", ""), "patient=3" },
		{ "\"\" is no patient", "prod", OF("EPIC", "S12") GOOD PID("\"\"^^^LAMNA^MR~2^^^X^PI", ""), "patient=2" },
		{ "an escape of another set stays as it was sent", "prod", OF("PLAIN", "S12") SCH("", "A\\XE9\\B", AT, "") JANE, "id=A\\XE9\\B" },
		{ "blanks are no id", "prod", OF("PLAIN", "S12") SCH("5", "  ", AT, "") JANE, "id=5|filler=no" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
whose(void **state)
{
	static const struct row rows[] = {
		{ "a field that the site asks for", "prod", OF("ONLY", "S12") GOOD JANE "PV1|1|O\r", "site=only" },
		{ "another value in it", "prod", OF("ONLY", "S12") GOOD JANE "PV1|1|I\r", "site=none|site_said=yes" },
		{ "nothing in it", "prod", OF("ONLY", "S12") GOOD JANE, "site=none|site_said=no" },
		{ "\"\" in it", "prod", OF("ONLY", "S12") GOOD JANE "PV1|1|\"\"\r", "site=none|site_said=no" },
		{ "a field that must not match", "prod", OF("ONLY", "S12") GOOD JANE "PV1|1|O||||||||||||||||TESTING\r", "site=none|site_said=yes" },
		{ "and does not", "prod", OF("ONLY", "S12") GOOD JANE "PV1|1|O||||||||||||||||REAL\r", "site=only" },
		{ "a department with a tabulator", "prod", OF("PLAIN", "S12") GOOD JANE "AIL|1||EYE\tX\r", "site=plain|department=EYE\tX" },
		{ "a site that asks for MSH-4 only", "prod", MSH_OF("ANY", "FACILITY", "S12", "C1", "|P|2.3") GOOD JANE,
		    "kind=refuse|text=MSH-3/MSH-4 belong to environment trials; this certificate is for prod" },
		{ "a name that is too long beside another is cut", LONG_TITLE, OF("SOUTH", "S12") GOOD JANE,
		    "kind=refuse|error=204 MSH-3|text=MSH-3/MSH-4 belong to environment trials-of-; this certificate is for prod-of-th" },
		{ "both are", LONGER_TITLE, OF("NORTH", "S12") GOOD JANE,
		    "text=MSH-3/MSH-4 belong to environment prod-of-th; this certificate is for trials-of-" },
		{ "what is short is whole, the other ends where the text does", LONGER_TITLE, OF("PLAIN", "S12") GOOD JANE,
		    "text=MSH-3/MSH-4 belong to environment prod; this certificate is for trials-of-the-so" },
		{ "and the other way round it gets what room is left", "prod", OF("SOUTH", "S12") GOOD JANE,
		    "text=MSH-3/MSH-4 belong to environment trials-of-the-so; this certificate is for prod" },
		{ "a site that takes any sender names no other environment", "prod", OF("NOBODY", "S12") GOOD JANE,
		    "kind=refuse|text=MSH-3/MSH-4 belong to no site of environment prod" },
		{ "a name is shown in ASCII", "prod", OF("CAFE", "S12") GOOD JANE,
		    "text=MSH-3/MSH-4 belong to environment caf???; this certificate is for prod" },
		{ "the first thing that is counted stays", "trials",
		    MSH_OF("X", "FACILITY", "S12", "C1", "|T|2.3") GOOD JANE "RGS|1\rAIL|1|A|R|||202611281030\r", "counted=test processing id" },
		{ "a message that says it goes on", "prod", "MSH|^~\\&|PLAIN|X|||20261121||SIU^S12|C1|P|2.5.1||7\r" GOOD JANE,
		    "kind=quarantine|error=100 MSH-14|held=36996" },
	};

	check_rows(state, rows, COUNT(rows));
}

#define LENGTH(value, unit) "SCH||2|||||||" value "|" unit "|^^^" AT "\r"

static void
starts(void **state)
{
	static const struct row rows[] = {
		{ "a version that is no number reads as before 2.7", "prod",
		    MSH_OF("PLAIN", "X", "S12", "C1", "|P|2.x") SCH("", "2", AT "00", "") "TQ1|1||||||" AT "30\r" JANE, "wall=2026-12-01T10:30:00" },
		{ "a segment whose name begins with A is no resource", "prod",
		    OF("PATHS", "S12") SCH("", "2", AT, "") JANE "ARQ|||||||||||^^^202612011031\r", "kind=quarantine|error=102 ARQ-11" },
		{ "a start of nothing but a subcomponent", "prod", OF("PLAIN", "S12") SCH("", "2", "&" AT, "") JANE,
		    "kind=quarantine|reason=no start time" },
		{ "before 1970", "prod", OF("PLAIN", "S12") SCH("", "2", "196912312359", "") JANE, "kind=quarantine|reason=start time cannot be read" },
		{ "from 2100 on", "prod", OF("PLAIN", "S12") SCH("", "2", "210001010000", "") JANE, "kind=quarantine|reason=start time cannot be read" },
		{ "a year is no date", "prod", OF("PLAIN", "S12") SCH("", "2", "2026", "") JANE, "kind=quarantine|reason=start time cannot be read" },
		{ "a date is better than what cannot be read", "prod",
		    OF("PLAIN", "S12") SCH("", "2", "", "") JANE "RGS|1\rAIS|1|A|X|20261201\rAIS|2|A|X|bad\rAIS|3|A|X|20261202\r",
		    "kind=quarantine|reason=start has no time of day|error=102 AIS-4" },
		{ "dates of another month contradict", "prod", OF("PATHS", "S12") SCH("", "2", "20261101", "") "TQ1|1||||||" AT "\r" JANE, "kind=quarantine" },
		{ "dates of another year contradict", "prod", OF("PATHS", "S12") SCH("", "2", "20271201", "") "TQ1|1||||||" AT "\r" JANE, "kind=quarantine" },
		{ "the same date does not", "prod", OF("PATHS", "S12") SCH("", "2", "20261201", "") "TQ1|1||||||" AT "\r" JANE, "wall=2026-12-01T10:30:00" },
		{ "what cannot be read contradicts nothing", "prod",
		    OF("PATHS", "S12") SCH("", "2", "bad", "") "TQ1|1||||||" AT "\r" JANE, "wall=2026-12-01T10:30:00" },
		{ "the earliest of several rows in any order", "prod",
		    OF("PLAIN", "S12") SCH("", "2", "", "") JANE "RGS|1\rAIS|1|A|X|" AT "\rAIS|2|A|X|202612011100\r", "wall=2026-12-01T10:30:00" },
		{ "the offset of MSH-7, where it is asked for", "prod",
		    "MSH|^~\\&|MSH7|X|||20261121045900-0500||SIU^S12|C1|P|2.3\r" GOOD JANE, "instant=1796139000|wall=2026-12-01T09:30:00" },
		{ "MSH-7 without an offset says nothing", "prod", "MSH|^~\\&|MSH7|X|||20261121035900||SIU^S12|C1|P|2.3\r" GOOD JANE, "instant=1796142600" },
		{ "a start with its own offset keeps it", "prod",
		    "MSH|^~\\&|MSH7|X|||20261121045900-0500||SIU^S12|C1|P|2.3\r" SCH("1", "2", AT "+0000", "") JANE, "instant=1796121000" },
		{ "hours", "prod", OF("PLAIN", "S12") LENGTH("2", "HR") JANE, "duration=7200" },
		{ "hours in small letters", "prod", OF("PLAIN", "S12") LENGTH("2", "hr") JANE, "duration=7200" },
		{ "seconds in capitals", "prod", OF("PLAIN", "S12") LENGTH("1800", "SEC") JANE, "duration=1800" },
		{ "a unit that is none", "prod", OF("PLAIN", "S12") LENGTH("2", "weeks") JANE, "duration=0" },
		{ "a unit behind the number without a blank", "prod", OF("PATHS", "S12") LENGTH("45min", "") JANE, "duration=2700" },
		{ "halves are cut", "prod", OF("PATHS", "S12") LENGTH("30.5", "") JANE, "duration=1800" },
		{ "more than a number may be", "prod", OF("PATHS", "S12") LENGTH("99999999999999999999", "") JANE, "duration=0" },
		{ "a unit without a number", "prod", OF("PATHS", "S12") LENGTH("M", "") JANE, "duration=0" },
		{ "an end at the start is none", "prod", OF("PLAIN", "S12") "SCH||2|||||||30|min|^^^" AT "^" AT "\r" JANE, "duration=1800" },
		{ "an end a day and a minute later is none", "prod", OF("PLAIN", "S12") "SCH||2|||||||30|min|^^^" AT "^202612021031\r" JANE, "duration=1800" },
		{ "a day is a length", "prod", OF("PLAIN", "S12") "SCH||2|||||||30|min|^^^" AT "^202612021030\r" JANE, "duration=86400" },
		{ "a no-show that was entered in error", "prod", OF("PLAIN", "S26") SCH("", "2", AT, "Deleted") JANE, "status=deleted" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
links(void **state)
{
	static const struct row rows[] = {
		{ "a link to where it may go", "prod", OF("DOMAINS", "S12") GOOD JANE "ZVV|||https://v.lamna.example/1\r",
		    "link_state=set|link=https://v.lamna.example/1|counted=" },
		{ "a link to elsewhere takes the known one away", "prod", OF("DOMAINS", "S12") GOOD JANE "ZVV|||https://v.other.example/1\r",
		    "link_state=clear|link=|counted=link outside of link_domains" },
		{ "blanks are nothing said", "prod", OF("DOMAINS", "S12") GOOD JANE "ZVV|||  \r", "link_state=keep" },
		{ "no link is not counted as one to elsewhere", "prod", OF("DOMAINS", "S12") GOOD JANE "ZVV|||soon\r", "link_state=clear|counted=" },
		{ "a sign that no link has", "prod", OF("DOMAINS", "S12") GOOD JANE "ZVV|||https://v.lamna.example/\x7f\r", "link_state=clear" },
		{ "a link of the template", "prod", OF("TEMPLATE", "S12") GOOD JANE, "link_state=set" },
		{ "a link that would be too long is none", "prod",
		    OF("TEMPLATE", "S12") SCH("", "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"
		    "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%", AT, "") JANE,
		    "kind=bookings|link_state=clear|link=" },
		{ "a link of over 1023 characters is none", "prod",
		    OF("DOMAINS", "S12") GOOD JANE "ZVV|||https://v.lamna.example/" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
		    HUNDRED HUNDRED HUNDRED "\r", "link_state=clear|link=" },
	};

	check_rows(state, rows, COUNT(rows));
}

/* The listener's settings, and the site's before them. */
static void
answers(void **state)
{
	static const struct {
		const char *rule, *message;
		bool strict;
		enum message_kind kind;
		enum ack_mode listener, mode;
	} rows[] = {
		{ "SIU on a strict listener", OF("EPIC", "S12") GOOD JANE, true, MESSAGE_BOOKINGS, ACK_AUTO, ACK_AUTO },
		{ "another type on a strict listener", "MSH|^~\\&|EPIC|X|||20261121||ORU^R01|C1|P|2.3\r", true, MESSAGE_REFUSE, ACK_AUTO, ACK_AUTO },
		{ "another type elsewhere", "MSH|^~\\&|EPIC|X|||20261121||ORU^R01|C1|P|2.3\r", false, MESSAGE_IGNORE, ACK_AUTO, ACK_AUTO },
		{ "the site says auto", OF("AGAIN", "S12") GOOD JANE, false, MESSAGE_BOOKINGS, ACK_ALWAYS_AA, ACK_AUTO },
		{ "the site says always", OF("PLAIN", "S12") GOOD JANE, false, MESSAGE_BOOKINGS, ACK_AUTO, ACK_ALWAYS_AA },
	};
	struct hospital *h = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct conf_environment *e = conf_find_environment(h->rules->conf, "prod");
		struct conf_listener l = { .strict_types = rows[i].strict, .ack_mode = rows[i].listener };
		struct siu_peer peer = { &l, &e, 1 };

		holds(rows[i].rule, hospital_peer_read(h, &peer, span_of(rows[i].message), NOW, ARENA_MAX));
		same_int(rows[i].rule, h->msg.kind, rows[i].kind);
		same_int(rows[i].rule, h->msg.ack_mode, rows[i].mode);
		if (rows[i].kind == MESSAGE_REFUSE)
			same_text(rows[i].rule, h->msg.reason, "message type: this listener takes SIU only");
	}
}

/* Each byte as two. */
static struct span
widened(const char *text, char out[2048])
{
	size_t n = strlen(text);

	assert_true(2 * n <= 2048);
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = text[i];
		out[2 * i + 1] = '\0';
	}
	return span_from(out, 2 * n);
}

/* It can be answered, and its appointment be held; nothing in it is believed. */
static void
wide_messages(void **state)
{
	static const struct {
		const char *rule, *message, *held;
	} rows[] = {
		{ "a plain id", OF("PLAIN", "S12") GOOD JANE, "36996" },
		{ "an id beyond ASCII", OF("PLAIN", "S12") SCH("", "3\x7f", AT, "") JANE, "" },
		{ "no id", OF("PLAIN", "S12") SCH("", "", AT, "") JANE, "" },
	};
	struct hospital *h = *state;
	char wide[2048];

	for (size_t i = 0; i < COUNT(rows); i++) {
		holds(rows[i].rule, hospital_read(h, "prod", widened(rows[i].message, wide), NOW, ARENA_MAX));
		same_int(rows[i].rule, h->msg.kind, MESSAGE_QUARANTINE);
		same_text(rows[i].rule, h->msg.reason, "character set cannot be read");
		same_int("MSH-18", h->msg.error.field, 18);
		holds(rows[i].rule, h->msg.answerable && span_is(h->msg.control_id, "C1"));
		same_bytes(rows[i].rule, h->msg.held_id.n ? h->msg.held_id.p : "", h->msg.held_id.n, rows[i].held, strlen(rows[i].held));
		same_int("where it is in the message as it came is not known", h->msg.place_at, -1);
	}
	holds("half a message is one too", hospital_read(h, "prod", widened("MSH|^~\\&|PLAIN", wide), NOW, ARENA_MAX));
	same_int("and is refused for what it lacks", h->msg.kind, MESSAGE_REFUSE);
}

/* What is more than any frame has nobody to answer. */
static void
two_gigabytes(void **state)
{
	struct hospital *h = *state;
	const struct conf_environment *e = conf_find_environment(h->rules->conf, "prod");
	struct siu_peer peer = { NULL, &e, 1 };

	holds("a message before", hospital_read(h, "prod", SPAN_LIT(OF("PLAIN", "S12") GOOD JANE), NOW, ARENA_MAX));
	h->msg.raw.n = UINT32_MAX;
	holds("decided", siu_read(h->map, &peer, h->index, NOW, &h->msg));
	same_int("refused", h->msg.kind, MESSAGE_REFUSE);
	holds("nobody to answer", !h->msg.answerable);
	same_int("nothing of the message before is left", (int64_t)h->msg.bookings_n, 0);
}

/* Wherever its memory ends: nothing is decided, or it is set aside; or it is whole. */
static void
memory(void **state)
{
	static const char text[] = OF("TEMPLATE", "S12") SCH("A\\T\\C", "A\\T\\B", AT, "3^B\\T\\C")
	    "PID|1||7\\T\\^^^L^MR||T\xe9^P||1970|F|||1 Main St^^Madison^W\\H\\I^53703^US^\\H\\H||608-271\\H\\-9000^PRN^CP||en\\H\\\r"
	    "RGS|1\rAIS|1||X^E\\T\\xam\rAIL|1||N\\T\\phro\r";
	struct hospital *h = *state;
	int silent = 0, aside = 0, whole = 0;

	for (size_t max = sizeof text; max < 8000; max++) {
		if (!hospital_read(h, "prod", span_of(text), NOW, max)) {
			holds("what had room before has it now", whole == 0);
			silent++;
		} else if (h->msg.kind == MESSAGE_QUARANTINE) {
			same_text("why", h->msg.reason, "message needs more memory than one may have");
			holds("nothing of it is left", h->msg.bookings_n == 0 && !h->msg.bookings);
			holds("what had room before has it now", whole == 0);
			aside++;
		} else {
			const struct booking *b = h->msg.bookings;

			same_int("a booking", h->msg.kind, MESSAGE_BOOKINGS);
			holds("its id", span_is(b->appointment_id, "A&B") && b->aliases_n == 1 && span_is(b->aliases[0], "A&C"));
			holds("its patient", span_is(b->patient, "7&") && span_is(b->language, "en"));
			holds("its place", span_is(b->zones, "America/Chicago") && span_is(b->department, "N&phro"));
			same_text("its number", b->phone, "+16082719000");
			same_int("its link", b->link_state, FIELD_SET);
			whole++;
		}
	}
	holds("of each some", silent > 0 && aside > 0 && whole > 0);
}

#define FAULTY(more) HOSPITAL_TOP SITE("a", "prod", "generic", "A", "", "America/Chicago", more)

static void
faults(void **state)
{
	static const struct { const char *rule, *text, *fault; } rows[] = {
		{ "a template that begins with a variable", FAULTY("link = \"{appointment_id}\""), "link: must begin with https://" },
		{ "a template that begins otherwise", FAULTY("link = \"ftp://a.example/1\""), "link: must begin with https://" },
		{ "no path", FAULTY("link = \"ZVV3\""), "link: path \"ZVV3\"" },
		{ "a link for the device that is none", FAULTY("device_test_link = \"ZVV-3\""), "device_test_link: must begin with https://" },
		{ "only_if without a sign", FAULTY("only_if = {'PV1-2'}"), "only_if: \"PV1-2\" is not in the form PATH = PATTERN" },
		{ "only_if without a pattern", FAULTY("only_if = {'PV1-2 = '}"), "is not in the form PATH = PATTERN" },
		{ "only_if of no path", FAULTY("only_if = {'PV12 = O'}"), "only_if: path \"PV12\"" },
		{ "only_if of a pattern that is none", FAULTY("only_if = {'PV1-2 = ('}"), "only_if: " },
		{ "a path that is too long", FAULTY("only_if = {'PV1-2" HUNDRED HUNDRED HUNDRED " = O'}"), "is not in the form PATH = PATTERN" },
		{ "a pattern that is too long", FAULTY("only_if = {'PV1-2 = " HUNDRED HUNDRED HUNDRED "'}"), "is not in the form PATH = PATTERN" },
		{ "never_if likewise", FAULTY("only_if = {'PV1-2 = O'} never_if = {'PV1-18'}"), "never_if: \"PV1-18\"" },
		{ "never_if alone", FAULTY("never_if = {'PV1-18 = ('}"), "never_if: " },
		{ "paths with a key that there is not", FAULTY("paths = {'nothing = SCH-1'}"), "paths: \"nothing = SCH-1\"" },
		{ "paths with a value that is too long", FAULTY("paths = {'start = SCH-11" HUNDRED "'}"), "paths: start: a value is at most 79" },
		{ "merges without a place of the other record", FAULTY("adt = {merge} paths = {'prior_patient = '}"),
		  "adt: merge needs prior_patient in the profile" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hospital h;
		const char *text = "";

		hospital_build(&h);
		holds(rows[i].rule, !hospital_load(&h, rows[i].text));
		for (size_t k = 0; k < h.faults.n && !strstr(text, rows[i].fault); k++)
			if (!h.faults.item[k].warning)
				text = h.faults.item[k].text;
		if (!strstr(text, rows[i].fault))
			fail_msg("%s: got \"%s\"", rows[i].rule, text);
		hospital_close(&h);
	}
}

/* Who looks for all faults gets what could be loaded: of a profile that could not, nothing more is said. */
static void
looked_at(void **state)
{
	static const char text[] = HOSPITAL_TOP
	    SITE("a", "prod", "./missing.conf", "A", "", "America/Chicago", "adt = {merge} only_if = {'PV1-2'}")
	    SITE("b", "prod", "epic", "B", "", "America/Chicago", "");
	struct hospital h;
	struct conf *c = NULL;
	char path[128];
	size_t before;

	(void)state;
	hospital_build(&h);
	hospital_write(&h, "nudge.conf", text);
	(void)snprintf(path, sizeof path, "%s/nudge.conf", h.folder);
	holds("the file itself is good", conf_look(path, CONF_CHECK, &c, &h.faults));
	assert_non_null(c);
	holds("the profile is missing", !rules_look(c, &h.rules, &h.faults));
	conf_drop(c);
	assert_non_null(h.rules);
	before = h.faults.errors_n;
	holds("no map", !siu_map_new(h.rules, &h.map, &h.faults));
	same_int("one fault more", (int64_t)(h.faults.errors_n - before), 1);
	if (!strstr(h.faults.item[h.faults.n - 1].text, "only_if: \"PV1-2\""))
		fail_msg("%s", h.faults.item[h.faults.n - 1].text);
	hospital_close(&h);
}

static int
open_edges(void **state)
{
	struct hospital *h = calloc(1, sizeof *h);

	if (!h)
		return -1;
	hospital_build(h);
	*state = h;
	if (hospital_load(h, HOSPITAL_TOP EDGE_ENVIRONMENTS EDGE_SITES))
		return 0;
	for (size_t i = 0; i < h->faults.n; i++)
		print_error("line %d: %s\n", h->faults.item[i].line, h->faults.item[i].text);
	return -1;
}

static int
close_edges(void **state)
{
	hospital_close(*state);
	free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(places_and_people), RUN(ids), RUN(whose), RUN(starts), RUN(links), RUN(answers),
		RUN(wide_messages), RUN(two_gigabytes), RUN(memory), RUN(faults), RUN(looked_at),
	};

	return cmocka_run_group_tests(tests, open_edges, close_edges);
}

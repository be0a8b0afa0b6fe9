/* test_siu.c - messages of several systems, and what is made of each. */
// SPDX-License-Identifier: Apache-2.0
#include "siu_rows.h"

#include "nudge/builtin.h"

static void
headers(void **state)
{
	static const struct row rows[] = {
		{ "no MSH: nobody to answer", "prod", "PID|1\r", "kind=refuse|answerable=no|reason=no MSH" },
		{ "an empty frame has no MSH", "prod", "\r\r", "kind=refuse|answerable=no" },
		{ "equal delimiters are refused", "prod",
		    "MSH|^^\\&|EPIC|LAMNA|||20261121||SIU^S12|C1|P|2.3\r",
		    "kind=refuse|verdict=reject|answerable=yes|error=102 MSH-2" },
		{ "an empty MSH-10 is refused, and answered", "prod",
		    MSH_OF("EPIC", "LAMNA", "S12", "", "|P|2.3") GOOD JANE,
		    "kind=refuse|verdict=reject|answerable=yes|echo=|error=101 MSH-10" },
		{ "promise 2: MSH-10 is kept byte for byte", "prod",
		    MSH_OF("EPIC", "LAMNA", "S12", " C1 ", "|P|2.3") GOOD JANE,
		    "kind=bookings|control= C1 |echo= C1 " },
		{ "production takes P", "prod", EPIC("S12") GOOD JANE,
		    "kind=bookings|verdict=accept|counted=" },
		{ "production takes an empty MSH-11", "prod",
		    MSH_OF("EPIC", "LAMNA", "S12", "C1", "||2.3") GOOD JANE, "kind=bookings" },
		{ "production takes P with a mode", "prod",
		    MSH_OF("EPIC", "LAMNA", "S12", "C1", "|P^A|2.3") GOOD JANE, "kind=bookings" },
		{ "production refuses T", "prod", MSH_OF("EPIC", "LAMNA", "S12", "C1", "|T|2.3") GOOD JANE,
		    "kind=refuse|verdict=reject|error=202 MSH-11" },
		{ "production refuses D", "prod", MSH_OF("EPIC", "LAMNA", "S12", "C1", "|D|2.3") GOOD JANE,
		    "kind=refuse|error=202 MSH-11" },
		{ "test takes T, counted", "trials",
		    MSH_OF("EPICTST", "LAMNA", "S12", "C1", "|T|2.3") GOOD JANE,
		    "kind=bookings|counted=test processing id|site=trial|environment=trials" },
		{ "version 3 is refused", "prod", MSH_OF("EPIC", "LAMNA", "S12", "C1", "|P|3.0") GOOD JANE,
		    "kind=refuse|verdict=reject|error=203 MSH-12" },
		{ "version 22 is not 2.x", "prod", MSH_OF("EPIC", "LAMNA", "S12", "C1", "|P|22") GOOD JANE,
		    "kind=refuse|error=203 MSH-12" },
		{ "an empty version is taken", "prod", MSH_OF("EPIC", "LAMNA", "S12", "C1", "|P") GOOD JANE,
		    "kind=bookings" },
		{ "MSH-10 is asked for first", "prod", "MSH|^~\\&|EPIC|LAMNA|||20261121||||P|2.3\r",
		    "kind=refuse|error=101 MSH-10" },
		{ "a missing type is refused", "prod", "MSH|^~\\&|EPIC|LAMNA|||20261121|||C1|P|2.3\r",
		    "kind=refuse|verdict=reject|error=200 MSH-9" },
		{ "a type without event is refused", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121||SIU|C1|P|2.3\r", "kind=refuse|error=201 MSH-9" },
		{ "ADT is ignored", "prod", "MSH|^~\\&|EPIC|LAMNA|||20261121||ADT^A01|C1|P|2.3\r",
		    "kind=ignore|verdict=accept" },
		{ "ADT of an unknown sender is ignored too", "prod",
		    "MSH|^~\\&|NOBODY|X|||20261121||ADT^A01|C1|P|2.3\r", "kind=ignore" },
		{ "S23 blocks time: ignored", "prod", EPIC("S23") GOOD, "kind=ignore" },
		{ "S24 opens time: ignored", "prod", EPIC("S24") GOOD, "kind=ignore" },
		{ "S25 is no notification: ignored", "prod", EPIC("S25") GOOD, "kind=ignore" },
		{ "local events are ignored", "prod", EPIC("Z02") GOOD, "kind=ignore" },
		{ "S27 is read as a booking", "prod", EPIC("S27") GOOD JANE,
		    "kind=bookings|event=S27|status=booked" },
		{ "S19 is read as a booking", "prod", EPIC("S19") GOOD JANE,
		    "kind=bookings|event=S19|status=booked" },
		{ "two messages in a frame are not one", "prod", EPIC("S12") GOOD JANE EPIC("S12") GOOD JANE,
		    "kind=quarantine|error=100 MSH-0|held=36996|bookings=0" },
		{ "two SCH are not one appointment", "prod", EPIC("S12") GOOD GOOD JANE,
		    "kind=quarantine|error=100 SCH-0" },
		{ "a message that goes on elsewhere is not whole", "prod", EPIC("S12") GOOD JANE "DSC|1\r",
		    "kind=quarantine|error=100 MSH-14" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
senders(void **state)
{
	static const struct row rows[] = {
		{ "MSH-3/4 choose the site", "prod", EPIC("S12") GOOD JANE,
		    "site=cardiology|environment=prod" },
		{ "MSH-3 is compared without case and blanks", "prod",
		    MSH_OF(" epic ", "Lamna", "S12", "C1", "|P|2.3") GOOD JANE, "site=cardiology" },
		{ "only component 1 of MSH-3 counts", "prod",
		    MSH_OF("EPIC^1.2.3^ISO", "LAMNA^9", "S12", "C1", "|P|2.3") GOOD JANE,
		    "site=cardiology|application=EPIC" },
		{ "another facility is another sender", "prod",
		    MSH_OF("EPIC", "OTHER", "S12", "C1", "|P|2.3") GOOD JANE,
		    "kind=refuse|verdict=reject|error=204 MSH-3|"
		    "text=MSH-3/MSH-4 belong to no site of environment prod" },
		{ "the other environment's sender is told both names", "trials", EPIC("S12") GOOD JANE,
		    "kind=refuse|error=204 MSH-3|"
		    "text=MSH-3/MSH-4 belong to environment prod; this certificate is for trials" },
		{ "department and visit type choose the site", "prod",
		    CLINIC("S12") GOOD JANE "RGS|1\rAIS|1||X^Eye exam\rAIL|1||EYE1^2\r",
		    "site=eye|department=EYE1|visit=Eye exam" },
		{ "the next site takes what the first does not", "prod",
		    CLINIC("S12") GOOD JANE "RGS|1\rAIL|1||SKIN2\r", "site=skin" },
		{ "a description serves as well as a code", "prod",
		    CLINIC("S12") GOOD JANE "RGS|1||9^Skin and hair\r", "site=skin" },
		{ "a filtered visit type is of no site, ids are read", "prod",
		    CLINIC("S14") GOOD JANE "RGS|1\rAIS|1||X^surgery\rAIL|1||EYE1\r",
		    "kind=bookings|site=none|site_said=yes|id=36996|"
		    "counted=no site takes it|instant=none|phone_state=keep" },
		{ "a message without department says nothing of the site", "prod",
		    CLINIC("S15") SCH_BARE("1", "36996") JANE,
		    "kind=bookings|site=none|site_said=no|status=canceled" },
		{ "patients of a group may be of different sites", "prod",
		    CLINIC("S12") GOOD PID("1", "") "PV1|1|O|EYE1\r" PID("2", "")
		    "PV1|1|O|SKIN1\rRGS|1\rAIS|1||X^exam\r", "site=eye|2.site=skin|2.instant=1796146200" },
		{ "the site's own settings say how to answer", "prod",
		    CLINIC("S12") SCH("", "2", "", "") JANE "AIL|1||SKIN1\r",
		    "kind=quarantine|verdict=error" },
		{ "no site and no id: ignored", "prod",
		    CLINIC("S12") SCH("", "", AT, "") JANE "AIL|1||DENTAL\r", "kind=ignore" },
		{ "deleted rows choose no site", "prod",
		    CLINIC("S13") GOOD JANE "RGS|1|D\rAIL|1|D|EYE1\rAIS|1|D|X^exam\rRGS|2|A\rAIL|2|A|SKIN1\r",
		    "site=skin|department=SKIN1" },
		{ "what the profile does not look at confides nothing", "prod",
		    EPIC("S12") GOOD JANE "AIS|1||9^Follow-up\r", "confidential=no" },
		{ "confidential visit types are marked", "prod",
		    EPIC("S12") GOOD JANE "AIS|1||9^HIV clinic\r", "confidential=yes" },
		{ "confidential departments are marked", "prod",
		    EPIC("S12") GOOD JANE "RGS|1||3^PSYCHIATRY\r", "confidential=yes|department=PSYCHIATRY" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
ids(void **state)
{
	static const struct row rows[] = {
		{ "Epic: SCH-2 names it, SCH-1 never", "prod",
		    EPIC("S12") GOOD JANE "PV1|1|O|||||||||||||||||36996^^^CSN\r",
		    "id=36996|filler=yes|alias1=" },
		{ "Epic: PV1-19 is the alias", "prod", EPIC("S12") GOOD JANE "PV1|1|O|||||||||||||||||777\r",
		    "id=36996|alias1=777|alias2=" },
		{ "Epic: PV1-19 alone identifies, and says so", "prod",
		    EPIC("S12") SCH("1", "", AT, "") JANE "PV1|1|O|||||||||||||||||777\r",
		    "id=777|filler=no" },
		{ "Epic: SCH-1 alone is no id", "prod", EPIC("S12") SCH("1", "", AT, "") JANE,
		    "kind=quarantine|verdict=accept|error=101 SCH-2|reason=no appointment id|held=" },
		{ "Oracle: SCH-1 where SCH-2 is empty", "prod",
		    CERNER("S12") SCH("8801", "", AT, "Confirmed") JANE
		    "PV1|1|O|||||||||||||||||24301156^^^RNJATTNUM^VISITID\r",
		    "id=8801|filler=no|alias1=24301156|site=renal" },
		{ "Oracle: SCH-2 first, the others are aliases", "prod",
		    CERNER("S12") SCH("8801", "9902", AT, "") JANE "PV1|1|O|||||||||||||||||243\r",
		    "id=9902|filler=yes|alias1=8801|alias2=243" },
		{ "Oracle: \"\" is no id", "prod", CERNER("S12") SCH("8801", "\"\"", AT, "") JANE,
		    "id=8801|filler=no" },
		{ "generic: the namespace is no part of the id", "prod",
		    MISC("S12") SCH("5^A", "6^APP", AT, "") JANE, "id=6|alias1=5" },
		{ "an id is unescaped and trimmed", "prod", MISC("S12") SCH("", " A\\T\\B ", AT, "") JANE,
		    "id=A&B" },
		{ "S13 with a new id carries the old one", "prod",
		    EPIC("S13") "SCH||200||||||||" "|^^^" AT "|||||||||||||100\r" JANE,
		    "id=200|old=100|event=S13" },
		{ "SCH-23 may hold the old id", "prod",
		    EPIC("S13") "SCH||200||||||||" "|^^^" AT "||||||||||||101\r" JANE, "id=200|old=101" },
		{ "the same id is no old one", "prod",
		    EPIC("S13") "SCH||200||||||||" "|^^^" AT "|||||||||||||200\r" JANE, "old=" },
		{ "in a series SCH-24 is the parent", "prod",
		    EPIC("S13") "SCH||200|2|||||||" "|^^^" AT "|||||||||||||100\r" JANE, "old=" },
		{ "only S13 moves an id", "prod",
		    EPIC("S14") "SCH||200||||||||" "|^^^" AT "|||||||||||||100\r" JANE, "old=" },
		{ "the patient is the MR repetition", "prod",
		    EPIC("S12") GOOD PID("1^^^NHS^NH~2^^^LAMNA^MR~3^^^X^PI", ""), "patient=2|number=0" },
		{ "else the first", "prod", EPIC("S12") GOOD PID("1^^^NHS^NH~3^^^X^PI", ""), "patient=1" },
		{ "no PID: no patient", "prod", EPIC("S15") GOOD,
		    "kind=bookings|patient=|number=0|phone_state=keep" },
		{ "a group visit has one booking per patient", "prod",
		    EPIC("S12") GOOD PID("1", "608-271-9001^^CP") "PV1|1|O|||||||||||||||||11\r"
		    PID("2", "608-271-9002^^CP") "PV1|1|O|||||||||||||||||22\rRGS|1\rAIS|1||X^Group class\r",
		    "bookings=2|patient=1|number=1|phone=+16082719001|alias1=11|visit=Group class|"
		    "2.patient=2|2.number=2|2.phone=+16082719002|2.alias1=22|"
		    "2.id=36996|2.visit=Group class" },
		{ "a group's second patient inherits nothing of the first", "prod",
		    EPIC("S12") GOOD PID("1", "608-271-9001^^CP") PID("2", "") "RGS|1\r",
		    "bookings=2|2.phone_state=keep|2.phone=|2.alias1=" },
		{ "PID before SCH is fine", "prod", EPIC("S12") JANE GOOD,
		    "kind=bookings|id=36996|patient=7" },
	};

	check_rows(state, rows, COUNT(rows));
}

#define TQ1(start) "TQ1|1||||||" start "\r"

static void
starts(void **state)
{
	static const struct row rows[] = {
		{ "SCH-11.4 in the site's zone", "prod", EPIC("S12") GOOD JANE,
		    "wall=2026-12-01T10:30:00|instant=1796142600|note=plain|duration=1800" },
		{ "another site, another zone", "prod", CERNER("S12") SCH("1", "2", AT, "") JANE,
		    "wall=2026-12-01T10:30:00|instant=1796139000" },
		{ "an offset wins over the zone", "prod",
		    EPIC("S12") SCH("1", "2", "202612011030+0000", "") JANE,
		    "wall=2026-12-01T04:30:00|instant=1796121000" },
		{ "MSH-7's offset says nothing of the visit", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121045900-0500||SIU^S12|C1|P|2.3\r" GOOD JANE,
		    "instant=1796142600|sent=1795255140" },
		{ "TQ1-7 when SCH-11 has none", "prod", MISC("S12") SCH("", "2", "", "") TQ1(AT) JANE,
		    "wall=2026-12-01T10:30:00" },
		{ "the first TQ1 is the appointment's", "prod",
		    MISC("S12") SCH("", "2", "", "") TQ1(AT) TQ1("202611301030") JANE, "wall=2026-12-01T10:30:00" },
		{ "they may agree", "prod", MISC("S12") SCH("", "2", AT, "") TQ1(AT "00") JANE,
		    "kind=bookings" },
		{ "SCH-11.4 and TQ1-7 that differ: quarantine, its texts are held", "prod",
		    EPIC("S12") SCH("", "2", AT, "") TQ1("202612011100") JANE,
		    "kind=quarantine|verdict=accept|reason=start times contradict each other|held=2|"
		    "error=102 TQ1-7" },
		{ "nak_bad_content answers AE", "prod",
		    MISC("S12") SCH("", "2", AT, "") TQ1("202612011100") JANE,
		    "kind=quarantine|verdict=error" },
		{ "a date and a time on different days contradict", "prod",
		    EPIC("S12") SCH("", "2", "20261202", "") TQ1(AT) JANE, "kind=quarantine" },
		{ "from 2.7 on SCH-11 is asked last of the two", "prod",
		    MISC27("S12") SCH("", "2", "bad", "") TQ1(AT) JANE, "wall=2026-12-01T10:30:00" },
		{ "and TQ1-7 wins where they differ by seconds", "prod",
		    MISC27("S12") SCH("", "2", AT "00", "") TQ1(AT "30") JANE, "wall=2026-12-01T10:30:30" },
		{ "before 2.7 SCH-11 wins", "prod", MISC("S12") SCH("", "2", AT "00", "") TQ1(AT "30") JANE,
		    "wall=2026-12-01T10:30:00" },
		{ "AIS-4 when nothing else has it", "prod",
		    MISC("S12") SCH("", "2", "", "") JANE "RGS|1\rAIS|1|A|X|" AT "\r",
		    "wall=2026-12-01T10:30:00" },
		{ "of several rows the earliest", "prod",
		    MISC("S12") SCH("", "2", "", "") JANE "RGS|1\rAIS|1|A|X|202612011100\rAIS|2|A|X|" AT "\r",
		    "wall=2026-12-01T10:30:00" },
		{ "services before people before rooms", "prod",
		    MISC("S12") SCH("", "2", "", "") JANE
		    "RGS|1\rAIL|1|A|R|||202612010900\rAIP|1|A|D|||202612011000\rAIS|1|A|X|" AT "\r",
		    "wall=2026-12-01T10:30:00" },
		{ "equipment comes last", "prod",
		    MISC("S12") SCH("", "2", "", "") JANE "RGS|1\rAIG|1|A|R|||||" AT "\r",
		    "wall=2026-12-01T10:30:00" },
		{ "a deleted row is not looked at", "prod",
		    MISC("S13") SCH("", "2", "", "") JANE "RGS|1|A\rAIS|1|D|X|202611300900\rAIS|2|A|X|" AT
		    "\r", "wall=2026-12-01T10:30:00" },
		{ "nor a row of a deleted group", "prod",
		    MISC("S13") SCH("", "2", "", "") JANE
		    "RGS|1|D\rAIS|1||X|202611300900\rRGS|2|A\rAIS|2|A|X|" AT "\r",
		    "wall=2026-12-01T10:30:00" },
		{ "offsets of rows are not used", "prod",
		    MISC("S12") SCH("", "2", "", "") JANE "RGS|1\rAIS|1|A|X|" AT "|30|min\r",
		    "wall=2026-12-01T10:30:00" },
		{ "a resource far from the start is counted, SCH wins", "prod",
		    MISC("S12") SCH("", "2", AT, "") JANE "RGS|1\rAIL|1|A|R|||202611281030\r",
		    "kind=bookings|wall=2026-12-01T10:30:00|counted=start far from its resources'" },
		{ "a resource half an hour later is nothing", "prod",
		    EPIC("S12") SCH("", "2", AT, "") JANE "RGS|1\rAIG|1|A|R|||||202612011100|30|MIN\r",
		    "counted=" },
		{ "a date is no time of day", "prod", EPIC("S12") SCH("", "2", "20261201", "") JANE,
		    "kind=quarantine|reason=start has no time of day|error=102 SCH-11|held=2" },
		{ "an hour is no time of day either", "prod", EPIC("S13") SCH("", "2", "2026120110", "") JANE,
		    "kind=quarantine" },
		{ "a row may have the time that SCH lacks", "prod",
		    EPIC("S12") SCH("", "2", "20261201", "") JANE "RGS|1\rAIS|1|A|X|" AT "\r",
		    "wall=2026-12-01T10:30:00" },
		{ "no start at all", "prod", EPIC("S14") SCH("", "2", "", "") JANE,
		    "kind=quarantine|reason=no start time|error=101 SCH-11|held=2" },
		{ "shifted fields are not guessed at", "prod",
		    EPIC("S12") "SCH||2||||||||^^^" AT "|30\r" JANE, "kind=quarantine" },
		{ "what is no time", "prod", EPIC("S12") SCH("", "2", "tomorrow", "") JANE,
		    "kind=quarantine|reason=start time cannot be read" },
		{ "a cancellation needs no start", "prod", EPIC("S15") SCH_BARE("", "2") JANE,
		    "kind=bookings|status=canceled|instant=none" },
		{ "and takes none that is doubtful", "prod",
		    EPIC("S15") SCH("", "2", AT, "") TQ1("202612011100") JANE,
		    "kind=bookings|status=canceled|instant=none" },
		{ "nor does a status that cancels", "prod", EPIC("S14") SCH("", "2", "", "Cancelled") JANE,
		    "kind=bookings|status=canceled" },
		{ "the gap of spring names the first instant after it", "prod",
		    EPIC("S12") SCH("", "2", "202703140230", "") JANE,
		    "note=gap|wall=2027-03-14T03:00:00|instant=1805011200" },
		{ "the hour that comes twice names the first", "prod",
		    EPIC("S12") SCH("", "2", "202711070130", "") JANE,
		    "note=twice|wall=2027-11-07T01:30:00|instant=1825569000" },
		{ "duration by the end", "prod",
		    MISC("S12") "SCH||2|||||||||^^M20^" AT "^202612011115\r" JANE, "duration=2700" },
		{ "duration M45", "prod", MISC("S12") "SCH||2|||||||||^^M45^" AT "\r" JANE, "duration=2700" },
		{ "duration in words", "prod", MISC("S12") "SCH||2|||||||||^^2 hours^" AT "\r" JANE,
		    "duration=7200" },
		{ "duration in seconds", "prod", MISC("S12") "SCH||2|||||||1800|s|^^^" AT "\r" JANE,
		    "duration=1800" },
		{ "a duration without unit is not guessed", "prod",
		    MISC("S12") "SCH||2|||||||1800||^^^" AT "\r" JANE, "duration=0" },
		{ "a duration over a day is a slip", "prod",
		    MISC("S12") "SCH||2|||||||1800|min|^^^" AT "\r" JANE, "duration=0" },
		{ "duration of TQ1-6", "prod", MISC("S12") "SCH||2\rTQ1|1|||||45^min|" AT "\r" JANE,
		    "duration=2700" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
statuses(void **state)
{
	static const struct row rows[] = {
		{ "S12 books", "prod", EPIC("S12") SCH("", "2", AT, "") JANE, "status=booked|event=S12" },
		{ "S13 books", "prod", EPIC("S13") SCH("", "2", AT, "2^RESCHEDULED") JANE, "status=booked" },
		{ "S15 cancels, whatever SCH-25 says", "prod", EPIC("S15") SCH("", "2", AT, "Booked") JANE,
		    "status=canceled" },
		{ "S16 cancels", "prod", EPIC("S16") SCH("", "2", AT, "Started") JANE, "status=canceled" },
		{ "S17 was entered in error", "prod", EPIC("S17") SCH("", "2", AT, "Cancelled") JANE,
		    "status=deleted" },
		{ "S26 is a no-show", "prod", EPIC("S26") SCH("", "2", AT, "") JANE, "status=no-show" },
		{ "unless SCH-25 says cancelled", "prod", EPIC("S26") SCH("", "2", AT, "CANCELLED") JANE,
		    "status=canceled" },
		{ "S14 with a cancelled status cancels", "prod",
		    EPIC("S14") SCH("", "2", AT, "Canceled") JANE, "status=canceled" },
		{ "the second component counts", "prod", EPIC("S14") SCH("", "2", AT, "6^ARRIVED") JANE,
		    "status=arrived" },
		{ "Dc is discontinued", "prod", EPIC("S14") SCH("", "2", AT, "Dc^Discontinued^HL70278") JANE,
		    "status=canceled" },
		{ "no show in two words", "prod", EPIC("S14") SCH("", "2", AT, "No Show") JANE,
		    "status=no-show" },
		{ "no-show with a hyphen", "prod", EPIC("S14") SCH("", "2", AT, "4^NO-SHOW") JANE,
		    "status=no-show" },
		{ "deleted by status", "prod", EPIC("S14") SCH("", "2", AT, "DELETED") JANE,
		    "status=deleted" },
		{ "checked-in", "prod", EPIC("S14") SCH("", "2", AT, "Checked-in") JANE, "status=arrived" },
		{ "complete", "prod", EPIC("S14") SCH("", "2", AT, "Complete") JANE, "status=arrived" },
		{ "what is not known is left to the event", "prod",
		    EPIC("S14") SCH("", "2", AT, "17^PURPLE") JANE, "status=booked" },
		{ "S12 with a cancelled status cancels", "prod",
		    EPIC("S12") SCH("", "2", AT, "3^Cancelled") JANE, "status=canceled" },
		{ "S20 keeps the appointment", "prod", EPIC("S20") SCH("", "2", AT, "") JANE,
		    "status=booked" },
	};

	check_rows(state, rows, COUNT(rows));
}

/* PID-13, -14, language PID-15, death PID-29, -30, and PID-40. */
#define PERSON(home, work, language, death, dead, telecom) \
	"PID|1||7^^^L^MR||T^P||1970|F|||||" home "|" work "|" language "||||||||||||||" death "|" dead \
	"||||||||||" telecom "\r"
#define BORN(date) "PID|1||7^^^L^MR||T^P||" date "|F\r"
#define PHONES(home, work, telecom) PERSON(home, work, "", "", "", telecom)

static void
people(void **state)
{
	static const struct row rows[] = {
		{ "the mobile, not the first", "prod",
		    MISC("S12") GOOD PHONES("608-271-9001^PRN^PH~608-271-9002^PRN^CP", "", ""),
		    "phone_state=set|phone=+16082719002" },
		{ "a mobile in PID-14", "prod",
		    MISC("S12") GOOD PHONES("608-271-9001^PRN^PH", "608-271-9003^^CP", ""),
		    "phone=+16082719003" },
		{ "a mobile in PID-40", "prod", MISC27("S12") GOOD PHONES("", "", "^PRN^CP^^1^608^2719004"),
		    "phone=+16082719004" },
		{ "a number whose type is not said", "prod", MISC("S12") GOOD PHONES("(608)271-9001", "", ""),
		    "phone=+16082719001" },
		{ "unless the site wants its type said", "prod",
		    STRICT("S12") GOOD PHONES("(608)271-9001", "", ""), "phone_state=set|phone=" },
		{ "all empty: keep what is known", "prod", MISC("S12") GOOD PHONES("", "", ""),
		    "phone_state=keep|phone=" },
		{ "no number in a repetition is nothing said", "prod",
		    MISC("S12") GOOD PHONES("^PRN^PH", "", ""), "phone_state=keep" },
		{ "\"\" clears", "prod", MISC("S12") GOOD PHONES("\"\"", "", ""),
		    "phone_state=clear|phone=" },
		{ "\"\"^BUSINESS clears too", "prod", CERNER("S12") GOOD PHONES("", "\"\"^BUSINESS", ""),
		    "phone_state=clear" },
		{ "a number beside \"\" is set", "prod",
		    CERNER("S12") GOOD PHONES("608-271-9001^MOBILE", "\"\"^BUSINESS", ""),
		    "phone_state=set|phone=+16082719001" },
		{ "what cannot be texted replaces all the same", "prod",
		    MISC("S12") GOOD PHONES("608-271-9001^PRN^FX", "", ""), "phone_state=set|phone=" },
		{ "mail alone replaces all the same", "prod",
		    MISC("S12") GOOD PHONES("^NET^Internet^a@b.example", "", ""), "phone_state=set|phone=" },
		{ "XTN.13 in the past: the number began then", "prod",
		    MISC("S12") GOOD
		    PHONES("608-271-9001^PRN^CP^^^^^^^^^^20250101~608-271-9002^PRN^PH", "", ""),
		    "phone=+16082719001" },
		{ "XTN.14 in the past: it has ended", "prod",
		    MISC("S12") GOOD
		    PHONES("608-271-9001^PRN^CP^^^^^^^^^^^20250101~608-271-9002^PRN^PH", "", ""),
		    "phone=+16082719002" },
		{ "XTN.14 is today: it lasts until the day is over", "prod",
		    MISC("S12") GOOD
		    PHONES("608-271-9001^PRN^CP^^^^^^^^^^^20261121~608-271-9002^PRN^PH", "", ""),
		    "phone=+16082719001" },
		{ "XTN.15 ends it", "prod",
		    MISC("S12") GOOD PHONES("608-271-9001^PRN^CP^^^^^^^^^^^^D~608-271-9002^PRN^PH", "", ""),
		    "phone=+16082719002" },
		{ "XTN.18 breaks a tie", "prod",
		    MISC("S12") GOOD
		    PHONES("608-271-9001^PRN^CP^^^^^^^^^^^^^^^2~608-271-9002^PRN^CP^^^^^^^^^^^^^^^1", "", ""),
		    "phone=+16082719002" },
		{ "language by code", "prod", MISC("S12") GOOD PERSON("", "", "es", "", "", ""),
		    "language=es" },
		{ "language by three letters", "prod",
		    MISC("S12") GOOD PERSON("", "", "ENG^English^HL70296", "", "", ""), "language=en" },
		{ "language by either three letters", "prod",
		    MISC("S12") GOOD PERSON("", "", "GER", "", "", ""), "language=de" },
		{ "language by name", "prod",
		    MISC("S12") GOOD PERSON("", "", "132^Spanish - Latin America", "", "", ""),
		    "language=es" },
		{ "language of a country", "prod", MISC("S12") GOOD PERSON("", "", "fr-CA", "", "", ""),
		    "language=fr" },
		{ "a shifted field is no language", "prod", MISC("S12") GOOD PERSON("", "", "M", "", "", ""),
		    "language=" },
		{ "no preference is not Norwegian", "prod",
		    MISC("S12") GOOD PERSON("", "", "No preference", "", "", ""), "language=" },
		{ "PID-30 Y", "prod", MISC("S12") GOOD PERSON("", "", "", "", "y", ""), "deceased=yes" },
		{ "PID-30 N", "prod", MISC("S12") GOOD PERSON("", "", "", "", "N", ""), "deceased=no" },
		{ "a time of death", "prod", MISC("S12") GOOD PERSON("", "", "", "20261101", "N", ""),
		    "deceased=yes" },
		{ "\"\" is no time of death", "prod", MISC("S12") GOOD PERSON("", "", "", "\"\"", "\"\"", ""),
		    "deceased=no" },
		{ "born on a day", "prod", MISC("S12") GOOD BORN("20120514"), "minor_until=2030-05-14T00:00:00" },
		{ "with a time of day", "prod", MISC("S12") GOOD BORN("201205142359-0600"), "minor_until=2030-05-14T00:00:00" },
		{ "born on 29 February: of age on 1 March", "prod", MISC("S12") GOOD BORN("20120229"), "minor_until=2030-03-01T00:00:00" },
		{ "born in a month: at its end", "prod", MISC("S12") GOOD BORN("201212"), "minor_until=2031-01-01T00:00:00" },
		{ "born in a year: at its end", "prod", MISC("S12") GOOD BORN("2012"), "minor_until=2031-01-01T00:00:00" },
		{ "of age", "prod", MISC("S12") GOOD BORN("19700101"), "minor_until=of age" },
		{ "no date of birth", "prod", MISC("S12") GOOD BORN(""), "minor_until=not said" },
		{ "\"\" is none", "prod", MISC("S12") GOOD BORN("\"\""), "minor_until=not said" },
		{ "a shifted field is none", "prod", MISC("S12") GOOD BORN("F"), "minor_until=not said" },
		{ "consent has no standard place", "prod", MISC("S12") GOOD JANE, "consent=" },
	};

	check_rows(state, rows, COUNT(rows));
}

#define HOME(address) "PID|1||7^^^LAMNA^MR||Testman^Petra||19700101|F|||" address "||608-271-9000^PRN^CP\r"

static void
homes(void **state)
{
	static const struct row rows[] = {
		{ "state and ZIP code", "prod", EPIC("S12") GOOD HOME("1 Main St^^Honolulu^HI^96813^USA^H"), "place=said|zones=Pacific/Honolulu" },
		{ "no type is an address to live at", "prod", EPIC("S12") GOOD HOME("^^^^53703"), "zones=America/Chicago" },
		{ "of two homes, both", "prod", MISC("S12") GOOD HOME("^^^WI~^^^AZ^85004^^C"), "zones=America/Chicago America/Phoenix" },
		{ "one zone is said once", "prod", MISC("S12") GOOD HOME("^^^WI~^^^IL"), "zones=America/Chicago" },
		{ "an office, a birth place, a bad address are none", "prod", MISC("S12") GOOD HOME("^^^HI^^^O~^^^CA^^^BDL~^^^AZ^85004^^BA~^^^WI^^^H"),
		    "zones=America/Chicago" },
		{ "nothing but those: not known", "prod", MISC("S12") GOOD HOME("^^^HI^^^BDL"), "place=said|zones=" },
		{ "abroad: not known", "prod", MISC("S12") GOOD HOME("Storgata 1^^Oslo^^0155^NOR"), "place=said|zones=" },
		{ "deleted parts are empty", "prod", CERNER("S12") GOOD HOME("\"\"^\"\"^Madison^WI^53703"), "zones=America/Chicago" },
		{ "deleted as a whole", "prod", MISC("S12") GOOD HOME("\"\""), "place=said|zones=" },
		{ "empty keeps what is known", "prod", MISC("S12") GOOD HOME(""), "place=not said|zones=" },
		{ "bars alone are empty", "prod", MISC("S12") GOOD HOME("^^^^"), "place=not said|zones=" },
		{ "more zones than have room: as many as fit", "prod",
		    MISC("S12") GOOD HOME("^^^IN~^^^KY~^^^AK~^^^HI~^^^AZ~^^^ID~^^^GU~^^^AS~^^^PR"),
		    "zones=America/Indiana/Indianapolis America/Chicago America/Kentucky/Louisville America/Anchorage America/Adak Pacific/Honolulu" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
links(void **state)
{
#define SKIN CLINIC("S12") GOOD JANE "AIL|1||SKIN1\r"
	static const struct row rows[] = {
		{ "no link by default", "prod", EPIC("S12") GOOD JANE "ZVV|||https://x.example/1\r",
		    "link_state=keep|link=" },
		{ "a link from its field, unescaped", "prod", SKIN "ZVV|||https://x.example/j?a=1\\T\\b=2\r",
		    "link_state=set|link=https://x.example/j?a=1&b=2" },
		{ "no field: keep", "prod", SKIN, "link_state=keep" },
		{ "an empty field: keep", "prod", SKIN "ZVV|1||\r", "link_state=keep" },
		{ "\"\" clears", "prod", SKIN "ZVV|||\"\"\r", "link_state=clear" },
		{ "what is not https is no link, nor is the old one", "prod",
		    SKIN "ZVV|||http://x.example/1\r", "link_state=clear|link=" },
		{ "a blank ends no link", "prod", SKIN "ZVV|||https://x.example/1 2\r", "link_state=clear" },
		{ "a template gets the id, encoded", "prod", VIDEO("S12") SCH("", "A/4 2", AT, "") JANE,
		    "link_state=set|link=https://video.lamna.example/visit/A%2F4%202/join" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
order_and_characters(void **state)
{
	static const struct row rows[] = {
		{ "MSH-7 in the sender's zone", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121035900||SIU^S12|C1|P|2.3\r" GOOD JANE,
		    "sent=1795255140" },
		{ "sixteen digits are read to fourteen", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||2026112103590000||SIU^S12|C1|P|2.3\r" GOOD JANE,
		    "sent=1795255140" },
		{ "five minutes ahead is a clock that is off", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121040500||SIU^S12|C1|P|2.3\r" GOOD JANE,
		    "sent=1795255500" },
		{ "more orders nothing", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121040501||SIU^S12|C1|P|2.3\r" GOOD JANE, "sent=none" },
		{ "a repeated hour orders nothing", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261101013000||SIU^S12|C1|P|2.3\r" GOOD JANE, "sent=none" },
		{ "unless an offset says which", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261101013000-0600||SIU^S12|C1|P|2.3\r" GOOD JANE,
		    "sent=1793518200" },
		{ "a date orders nothing", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121||SIU^S12|C1|P|2.3\r" GOOD JANE, "sent=none" },
		{ "no MSH-7", "prod", "MSH|^~\\&|EPIC|LAMNA|||||SIU^S12|C1|P|2.3\r" GOOD JANE, "sent=none" },
		{ "one feed has one zone for MSH-7, whatever the site's", "prod",
		    "MSH|^~\\&|CLINIC|X|||20261121035900||SIU^S12|C1|P|2.5\r" GOOD JANE "AIL|1||SKIN1\r",
		    "site=skin|sent=1795255140|instant=1796146200" },
		{ "a BOM is no part of the message", "prod", "\xef\xbb\xbf" EPIC("S12") GOOD JANE,
		    "kind=bookings|id=36996" },
		{ "Latin-1 becomes UTF-8", "prod",
		    CERNER("S12") SCH("", "2", AT, "") JANE "AIL|1||N\xe9phrologie\r",
		    "department=N\xc3\xa9phrologie|counted=" },
		{ "UTF-8 wins over what MSH-18 says", "prod",
		    CERNER("S12") SCH("", "2", AT, "") JANE "AIL|1||N\xc3\xa9phro\r",
		    "department=N\xc3\xa9phro" },
		{ "a set that is not said is guessed, and counted", "prod",
		    EPIC("S12") GOOD JANE "AIL|1||N\xe9phro\r",
		    "department=N\xc3\xa9phro|counted=character set guessed" },
		{ "a set that cannot be read: quarantine, its texts are held", "prod",
		    MSH_OF("EPIC", "LAMNA", "S12", "C1", "|P|2.3||||||UNICODE UTF-16") GOOD JANE "AIL|1||\xa4\xa4\r",
		    "kind=quarantine|held=36996|error=102 MSH-18" },
		{ "an id in such a set is no id", "prod",
		    MSH_OF("EPIC", "LAMNA", "S12", "C1", "|P|2.3||||||UNICODE UTF-16") SCH("", "\xa4\xa4", AT, "") JANE,
		    "kind=quarantine|held=" },
		{ "LF may end segments", "prod",
		    "MSH|^~\\&|EPIC|LAMNA|||20261121||SIU^S12|C1|P|2.3\nSCH|1|36996|||||||||^^^" AT
		    "\nPID|1||7\n", "kind=bookings|id=36996|patient=7" },
		{ "other delimiters", "prod",
		    "MSH#*~\\&#EPIC#LAMNA###20261121##SIU*S12#C1#P#2.3\rSCH#1#36996#########***" AT
		    "\rPID#1##7****MR\r", "kind=bookings|id=36996|wall=2026-12-01T10:30:00|patient=7" },
	};

	check_rows(state, rows, COUNT(rows));
}

static void
limits(void **state)
{
	struct hospital *h = *state;
	struct buf b;
	struct row row = { "an id over 199 bytes names nothing", "prod", NULL,
		"kind=quarantine|reason=appointment id is too long|held=" };

	buf_init(&b, 1 << 20);
	(void)buf_add_text(&b, MISC("S12") "SCH||");
	for (int i = 0; i < 200; i++)
		(void)buf_add_char(&b, 'x');
	(void)buf_add_text(&b, "|||||||||^^^" AT "\r");
	row.message = buf_text(&b);
	check_row(h, &row, NOW);

	buf_reset(&b);
	(void)buf_add_text(&b, EPIC("S12") GOOD);
	for (int i = 0; i < 257; i++)
		(void)buf_addf(&b, "PID|1||%d\r", i);
	row = (struct row){ "more than 256 patients are no group visit", "prod", buf_text(&b),
		"kind=quarantine|reason=more than 256 patients|held=36996" };
	check_row(h, &row, NOW);

	buf_reset(&b);
	(void)buf_add_text(&b, "MSH|^~\\&|EPIC|LAMNA|||||SIU^S12|");
	for (int i = 0; i < 300; i++)
		(void)buf_add_char(&b, '1');
	(void)buf_add_text(&b, "|P|2.3\r" GOOD);
	row = (struct row){ "promise 2: an id too long to echo cannot be answered", "prod", buf_text(&b),
		"kind=refuse|answerable=no" };
	check_row(h, &row, NOW);

	buf_reset(&b);
	(void)buf_add_text(&b, EPIC("S12") GOOD);
	for (int i = 0; i < 5000; i++)
		(void)buf_add_text(&b, "NTE|1\r");
	row = (struct row){ "promise 2: too many segments are answered with the limit", "prod", buf_text(&b),
		"kind=refuse|answerable=yes|verdict=reject|error=207 MSH-0|echo=C1" };
	check_row(h, &row, NOW);

	/* Looked at once for each byte, this takes milliseconds; else half an hour. */
	buf_reset(&b);
	(void)buf_add_text(&b, EPIC("S12") GOOD "PID|1||7||||||||||");
	for (int i = 0; i < 500000; i++)
		(void)buf_add_char(&b, '~');
	(void)buf_add_text(&b, "608-271-9001^PRN^CP\r");
	row = (struct row){ "a field of half a million repetitions", "prod", buf_text(&b),
		"kind=bookings|phone=+16082719001" };
	check_row(h, &row, NOW);
	buf_clear(&b);
}

/* Out of memory must look like silence; a message that is too large for the
 * memory it may have must not come back for ever. */
static void
memory(void **state)
{
	static const char text[] = CERNER("S12") SCH("8801", "A\\T\\B", AT, "") JANE "AIL|1||N\xe9phro\r";
	struct hospital *h = *state;
	bool was_read = false, was_silent = false;

	for (size_t max = sizeof text; max < 4096; max += 64) {
		bool decided = hospital_read(h, "prod", span_of(text), NOW, max);

		if (!decided)
			was_silent = true;
		else if (h->msg.kind == MESSAGE_BOOKINGS)
			was_read = true;
		else
			same_int("a full arena is quarantine", h->msg.kind, MESSAGE_QUARANTINE);
	}
	holds("no memory to begin with: not decided", was_silent);
	holds("enough memory", was_read);
}

#define OWN_SITE \
	HOSPITAL_TOP "site \"a\" {\n\tenvironment = prod\n\tprofile = \"./ours.conf\"\n\tnumber = main\n" \
	"\tfhir_base_url = \"https://lamna.example/R4\"\n\ttime_zone = America/Chicago\n" \
	"\tapprover = root\n}\n"

/* Epic's profile with a place for consent. */
static void
own_profile(void **state)
{
	static const struct row rows[] = {
		{ "a mapped yes", "prod", EPIC("S12") GOOD JANE "ZPC|1||Y\r", "consent=yes" },
		{ "a mapped no", "prod", EPIC("S12") GOOD JANE "ZPC|1||n\r", "consent=no" },
		{ "one no outweighs a yes", "prod", EPIC("S12") GOOD JANE "ZPC|1||Y\rZPC|1||N\r",
		    "consent=no" },
		{ "in any order", "prod", EPIC("S12") GOOD JANE "ZPC|1||N\rZPC|1||Y\r", "consent=no" },
		{ "another word is neither", "prod", EPIC("S12") GOOD JANE "ZPC|1||maybe\r", "consent=" },
		{ "a row after the resources serves every patient of a group", "prod",
		    EPIC("S12") GOOD PID("1", "") PID("2", "") "RGS|1\rZPC|1||N\r",
		    "consent=no|2.consent=no" },
		{ "a row of one patient is only that one's", "prod",
		    EPIC("S12") GOOD PID("1", "") "ZPC|1||Y\r" PID("2", "") "RGS|1\r",
		    "consent=yes|2.consent=" },
	};
	static const char nowhere[] = "\nconsent     = {}";
	const char *epic = builtin_find("schemas/hl7/epic.conf")->text, *place = strstr(epic, nowhere);
	struct hospital own;
	char text[16384];

	(void)state;
	assert_non_null(place);
	hospital_build(&own);
	(void)snprintf(text, sizeof text, "%.*s%s%s", (int)(place - epic), epic, "\nconsent = {\"ZPC(*)-3\"}",
	    place + sizeof nowhere - 1);
	hospital_write(&own, "ours.conf", text);
	if (!hospital_load(&own, OWN_SITE))
		fail_msg("%s", own.faults.n ? own.faults.item[0].text : "not loaded");
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(&own, &rows[i], NOW);
	hospital_close(&own);
}

static int
open_hospital(void **state)
{
	struct hospital *h = calloc(1, sizeof *h);

	if (!h)
		return -1;
	hospital_build(h);
	*state = h;
	if (hospital_load(h, HOSPITAL_TOP HOSPITAL_SITES))
		return 0;
	for (size_t i = 0; i < h->faults.n; i++)
		print_error("line %d: %s\n", h->faults.item[i].line, h->faults.item[i].text);
	return -1;
}

static int
close_hospital(void **state)
{
	struct hospital *h = *state;

	hospital_close(h);
	free(h);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(headers),
		RUN(senders),
		RUN(ids),
		RUN(starts),
		RUN(statuses),
		RUN(people),
		RUN(homes),
		RUN(links),
		RUN(order_and_characters),
		RUN(limits),
		RUN(memory),
		RUN(own_profile),
	};

	return cmocka_run_group_tests(tests, open_hospital, close_hospital);
}

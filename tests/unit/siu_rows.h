/* tests/unit/siu_rows.h - messages as rows: a message, and in a few words what must have been read of it. */
// SPDX-License-Identifier: Apache-2.0
#ifndef SIU_ROWS_H
#define SIU_ROWS_H

#include "unit.h"

#include <inttypes.h>

#include "hospital.h"

#include "nudge/buf.h"
#define NOW 1795255200 /* 2026-11-21T10:00:00Z */
#define ARENA_MAX (1u << 20)

#define MSH_OF(app, fac, event, id, rest) \
	"MSH|^~\\&|" app "|" fac "|NUDGE|IT|20261121095900+0000||SIU^" event "^SIU_S12|" id rest "\r"
#define EPIC(event) MSH_OF("EPIC", "LAMNA", event, "C1", "|P|2.3")
#define CERNER(event) MSH_OF("HNAM", "BLT", event, "Q1T2", "|P|2.4||||||8859/1")
#define MISC(event) MSH_OF("MISC", "X", event, "C1", "|P|2.5.1")
#define MISC27(event) MSH_OF("MISC", "X", event, "C1", "|P|2.7")
#define CLINIC(event) MSH_OF("CLINIC", "X", event, "C1", "|P|2.5.1")
#define VIDEO(event) MSH_OF("VIDEO", "X", event, "C1", "|P|2.5.1")
#define STRICT(event) MSH_OF("STRICT", "X", event, "C1", "|P|2.5.1")

/* Fields 3 to 10, 12 to 24 and beyond are seldom of use: they are counted out here. */
#define SCH(placer, filler, start, status) \
	"SCH|" placer "|" filler "|||||||30|MIN|^^^" start "||||||||||||||" status "\r"
#define SCH_BARE(placer, filler) "SCH|" placer "|" filler "\r"
#define PID(id, phone) "PID|1||" id "||Testman^Petra||19700101|F||||" "|" phone "\r"
#define JANE PID("7^^^LAMNA^MR", "608-271-9000^PRN^CP")
#define AT "202612011030"
#define GOOD SCH("1", "36996", AT, "1^SCH")

struct row {
	const char *rule, *environment, *message, *want;
};

static inline void
put_pair(struct buf *b, const char *prefix, const char *key, struct span value)
{
	assert_true(buf_addf(b, "%s%s=", prefix, key));
	assert_true(buf_add_span(b, value));
	assert_true(buf_add_char(b, '\n'));
}

static inline void
put_word(struct buf *b, const char *prefix, const char *key, const char *value)
{
	put_pair(b, prefix, key, span_of(value));
}

static inline void
describe_booking(struct buf *b, const char *prefix, const struct booking *k)
{
	static const char *const states[] = { "keep", "clear", "set" };
	static const char *const consents[] = { "", "yes", "no" };
	static const char *const notes[] = { "plain", "gap", "twice" };
	char text[64];

	put_pair(b, prefix, "id", k->appointment_id);
	put_word(b, prefix, "filler", k->has_filler_id ? "yes" : "no");
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(text, sizeof text, "alias%zu", i + 1);
		put_pair(b, prefix, text, i < k->aliases_n ? k->aliases[i] : SPAN_NONE);
	}
	put_pair(b, prefix, "old", k->old_id);
	put_word(b, prefix, "event", k->event);
	put_word(b, prefix, "status", visit_status_name(k->status));
	(void)snprintf(text, sizeof text, "%" PRId64, k->start_s);
	put_word(b, prefix, "instant", k->has_start ? text : "none");
	civil_text(&k->wall, text);
	put_word(b, prefix, "wall", k->has_start ? text : "none");
	put_word(b, prefix, "note", notes[k->note]);
	(void)snprintf(text, sizeof text, "%" PRId64, k->duration_s);
	put_word(b, prefix, "duration", text);
	put_pair(b, prefix, "patient", k->patient);
	(void)snprintf(text, sizeof text, "%d", k->patient_number);
	put_word(b, prefix, "number", text);
	put_word(b, prefix, "phone_state", states[k->phone_state]);
	put_word(b, prefix, "phone", k->phone);
	put_pair(b, prefix, "language", k->language);
	put_word(b, prefix, "deceased", k->deceased ? "yes" : "no");
	put_word(b, prefix, "consent", consents[k->consent]);
	if (k->minor) {
		struct civil adult;

		civil_of_days(k->adult_day, &adult);
		civil_text(&adult, text);
	}
	put_word(b, prefix, "place", k->zones_said ? "said" : "not said");
	put_pair(b, prefix, "zones", k->zones);
	put_word(b, prefix, "minor_until", k->minor ? text : k->birth_said ? "of age" : "not said");
	put_pair(b, prefix, "department", k->department);
	put_pair(b, prefix, "visit", k->visit_type);
	put_word(b, prefix, "confidential", k->confidential ? "yes" : "no");
	put_word(b, prefix, "link_state", states[k->link_state]);
	put_pair(b, prefix, "link", k->link);
	put_word(b, prefix, "site", k->site ? k->site->title : "none");
	put_word(b, prefix, "site_said", k->site_not_said ? "no" : "yes");
	(void)snprintf(text, sizeof text, "%" PRId64, k->sent_at_s);
	put_word(b, prefix, "sent", k->has_sent_at ? text : "none");
}

static inline void
describe(struct buf *b, const struct message *m)
{
	static const char *const kinds[] = { "bookings", "news", "ignore", "quarantine", "refuse" };
	static const char *const verdicts[] = { "accept", "error", "reject" };
	char text[64];

	put_word(b, "", "kind", kinds[m->kind]);
	put_word(b, "", "verdict", verdicts[m->verdict]);
	put_word(b, "", "answerable", m->answerable ? "yes" : "no");
	put_word(b, "", "reason", m->reason ? m->reason : "");
	put_word(b, "", "text", m->error.text ? m->error.text : "");
	put_word(b, "", "counted", m->counted ? m->counted : "");
	put_word(b, "", "environment", m->environment->title);
	put_pair(b, "", "control", m->control_id);
	put_word(b, "", "echo", m->request.msh10);
	put_pair(b, "", "application", m->sending_application);
	put_pair(b, "", "held", m->held_id);
	(void)snprintf(text, sizeof text, "%d %s-%d", m->error.condition, m->error.segment, m->error.field);
	put_word(b, "", "error", text);
	(void)snprintf(text, sizeof text, "%zu", m->bookings_n);
	put_word(b, "", "bookings", text);
	for (size_t i = 0; i < m->bookings_n && i < 3; i++) {
		(void)snprintf(text, sizeof text, "%zu.", i + 1);
		describe_booking(b, i == 0 ? "" : text, &m->bookings[i]);
	}
}

/* Every "key=value" of `want`, divided by '|', is a line of what was read. */
static inline void
check_row(struct hospital *h, const struct row *row, int64_t now_s)
{
	struct span rest = span_of(row->want);
	struct buf b;

	buf_init(&b, 1 << 16);
	if (!hospital_read(h, row->environment, span_of(row->message), now_s, ARENA_MAX))
		fail_msg("%s: not decided", row->rule);
	describe(&b, &h->msg);
	while (rest.p) {
		struct span pair = span_cut(rest, '|', &rest);
		char line[256];

		(void)snprintf(line, sizeof line, "\n%.*s\n", (int)pair.n, pair.p);
		if (strncmp(buf_text(&b), line + 1, strlen(line + 1)) != 0 && !strstr(buf_text(&b), line))
			fail_msg("%s: want %.*s, got\n%s", row->rule, (int)pair.n, pair.p, buf_text(&b));
	}
	buf_clear(&b);
}

static inline void
check_rows(void **state, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_row(*state, &rows[i], NOW);
}

#endif

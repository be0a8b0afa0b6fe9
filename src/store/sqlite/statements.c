/* statements.c - every statement of the store in one table, and how one is run. */
// SPDX-License-Identifier: Apache-2.0
#include <assert.h>

#include "nudge/mutant.h"
#include "store/sqlite/sql.h"

/* A value could not be copied to or from a statement, for want of memory: NULL
 * stands for it, and nothing that is read or written since may count. */
static _Thread_local bool lacking;

#define APPOINTMENT_COLUMNS "id, " APPOINTMENT_OTHERS
#define APPOINTMENT_OTHERS \
	"sender, appointment_id, patient_number, has_filler_id, site, patient, generation, status, start, wall, " \
	"zone, duration, language, flags, consent, phone, link, sent_at, arrived, quarantine, erase_at, erased, " \
	"phone_mark, visit, said, adult, continues, continued_by, person_at, phone_at, prior, merged_at, news_at, " \
	"place, number_no, modality, who"
/* What no index knows. */
#define APPOINTMENT_SET \
	"has_filler_id = ?5, site = ?6, patient = ?7, generation = ?8, status = ?9, start = ?10, wall = ?11, zone = ?12, " \
	"duration = ?13, language = ?14, flags = ?15, consent = ?16, phone = ?17, link = ?18, sent_at = ?19, " \
	"arrived = ?20, quarantine = ?21, erase_at = ?22, phone_mark = ?24, visit = ?25, said = ?26, adult = ?27, continues = ?28, continued_by = ?29, " \
	"person_at = ?30, phone_at = ?31, prior = ?32, merged_at = ?33, news_at = ?34, place = ?35, number_no = ?36, " \
	"modality = ?37, who = ?38"
#define TEXT_COLUMNS \
	"id, site, generation, kind, rule, state, reason, planned, due, expires, start, fingerprint, repeat_id, " \
	"first_sent, boot_id, attempts, unsure, number, sender, gateway, segments, sent, http_status, code, message_id, " \
	"config, within, carrier, report_code, words, number_no, hours"

#define TEXT_SET \
	"state = ?6, reason = ?7, due = ?9, expires = ?10, start = ?11, fingerprint = ?12, repeat_id = ?13, boot_id = ?15, attempts = ?16, " \
	"unsure = ?17, number = ?18, sender = ?19, gateway = ?20, segments = ?21, sent = ?22, http_status = ?23, code = ?24, message_id = ?25, " \
	"config = ?26, within = ?27, report_code = ?29, words = ?30, number_no = ?31, hours = ?32"
#define TEXT_FOUND_BY ", first_sent = ?14, carrier = ?28" /* each has an index, which is written anew when it is named */
#define TEXT_ADD "INSERT INTO text (id, site, generation, kind, rule, state, reason, planned, due, expires, start, fingerprint, config, hours, " \
	"attempts, unsure) VALUES " TEXT_NEW
#define TEXT_NEW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)"

/* One of the places by which rows are found, of which the newest are in memory (recent_*). */
#define FOUND_STATEMENT(by, what) [(int)S_FOUND + (int)FOUND_##by * (int)FOUND_STATEMENTS + (int)FOUND_##what]
#define FOUND(by, t, key, id, values) \
	FOUND_STATEMENT(by, HAS) = "SELECT 1 FROM found_" t " WHERE " key " = ?1 AND " id " = ?2", \
	FOUND_STATEMENT(by, ADD) = "INSERT OR REPLACE INTO found_" t " VALUES (" values ")", \
	FOUND_STATEMENT(by, DROP) = "DELETE FROM found_" t " WHERE " key " = ?1 AND " id " = ?2", \
	FOUND_STATEMENT(by, FILE) = "INSERT OR REPLACE INTO found_" t " SELECT * FROM filing_" t
/* Of both places of a kind; the visits of a mark. */
#define EITHER(columns, t, where) "SELECT " columns " FROM found_" t " WHERE " where " UNION ALL SELECT " columns " FROM recent_" t " WHERE " where
#define VISITS(t, where) VISITS_IN("found_" t, where) " UNION ALL " VISITS_IN("recent_" t, where)
#define VISITS_IN(t, where) "SELECT " t ".appointment, " APPOINTMENT_OTHERS " FROM " t " CROSS JOIN appointment ON id = " t ".appointment WHERE mark = ?1 " where

#define RESPONSE_COLUMNS "id, at, organization, site, kind, appointment, start, language, phone, phone_mark, day"

/* Confirmed or declined, as the visit is now. */
#define REPLIED \
	"FROM reply r WHERE r.appointment = a.id AND r.appointment <> 0 AND r.what IN (4, 5) AND r.start = a.start AND r.generation = a.generation " \
	"ORDER BY r.id DESC LIMIT 1"

/* What may be seen of an appointment; ?3: now. */
#define VIEW_APPOINTMENT \
	"SELECT a.id, a.appointment_id, s.title, a.zone, a.language, a.patient_number, a.status, " \
	"a.start, a.phone IS NOT NULL AND a.erase_at > ?3, a.flags, a.erased, a.quarantine <> 0, a.arrived, " \
	"(SELECT p.appointment_id FROM appointment p WHERE p.id = a.continues), " \
	"(SELECT p.appointment_id FROM appointment p WHERE p.id = a.continued_by), a.news_at, " \
	"(SELECT r.what " REPLIED "), (SELECT r.at " REPLIED "), a.modality " \
	"FROM appointment a LEFT JOIN site s ON s.id = a.site "
/* The same of a table named t. */
#define TEXT_OF_T \
	"t.id, t.site, t.generation, t.kind, t.rule, t.state, t.reason, t.planned, t.due, t.expires, t.start, " \
	"t.fingerprint, t.repeat_id, t.first_sent, t.boot_id, t.attempts, t.unsure, t.number, t.sender, t.gateway, " \
	"t.segments, t.sent, t.http_status, t.code, t.message_id, t.config, t.within, t.carrier, t.report_code, t.words, t.number_no, t.hours"

static const char *const text[STATEMENTS] = {
	[S_BEGIN] = "BEGIN IMMEDIATE",
	[S_COMMIT] = "COMMIT",
	[S_ROLLBACK] = "ROLLBACK",
	[S_FREE_PAGES] = "PRAGMA freelist_count",
	[S_PAGES] = "PRAGMA page_count",

	[S_SENDER_GET] = "SELECT id FROM sender WHERE environment = ?1 AND application = ?2 AND facility = ?3",
	[S_SENDER_ADD] = "INSERT INTO sender (environment, application, facility) VALUES (?1, ?2, ?3)",
	[S_SITE_GET] = "SELECT id FROM site WHERE title = ?1",
	[S_SITE_HELD] = "SELECT held, who FROM site WHERE id = ?1",
	[S_SITE_HOLD] = "UPDATE site SET held = ?2, who = ?3 WHERE id = ?1",
	[S_HEARD_PUT] = "INSERT INTO heard (environment, site, at, msh, fate, reason, facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
	                "ON CONFLICT DO UPDATE SET at = ?3, msh = ?4, fate = ?5, reason = ?6, facts = ?7",
	[S_HEARD_LIST] = "SELECT environment, site, at, msh, fate, reason, facts FROM heard",
	[S_FEED_PUT] = "INSERT INTO feed (environment, application, rhythm) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET rhythm = ?3",
	[S_FEED_LIST] = "SELECT environment, application, rhythm FROM feed",
	[S_SITE_ADD] = "INSERT INTO site (title) VALUES (?1)",

	[S_SEEN_GET] = "SELECT answered, condition FROM seen WHERE sender = ?1 AND control_id = ?2 AND content = ?3",
	[S_SEEN_SAME_ID] = "SELECT 1 FROM seen WHERE sender = ?1 AND control_id = ?2 LIMIT 1",
	[S_SEEN_ADD] = "INSERT INTO seen (sender, control_id, content, answered, condition, at) "
	               "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[S_SEEN_OLDEST] = "SELECT id, at FROM seen ORDER BY id LIMIT ?1",
	[S_SEEN_DROP] = "DELETE FROM seen WHERE id <= ?1",

	[S_APPOINTMENTS_OF] = "SELECT " APPOINTMENT_COLUMNS " FROM appointment "
	                      "WHERE sender = ?1 AND appointment_id = ?2 ORDER BY patient_number",
	[S_APPOINTMENT_GET] = "SELECT " APPOINTMENT_COLUMNS " FROM appointment WHERE id = ?1",
	[S_APPOINTMENT_STATE] = "SELECT status, erased, erase_at FROM appointment WHERE id = ?1",
	[S_APPOINTMENT_PHONE] = "SELECT site, erased, erase_at, phone FROM appointment WHERE id = ?1",
	[S_APPOINTMENT_PUT] = "INSERT INTO appointment (" APPOINTMENT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
	                      "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, "
	                      "?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38) "
	                      "ON CONFLICT (id) DO UPDATE SET appointment_id = ?3, patient_number = ?4, erased = ?23, " APPOINTMENT_SET,
	/* An index is written anew, on a page far from the others, as soon as one of its columns is named. */
	[S_APPOINTMENT_FOUND_BY] = "SELECT appointment_id, patient, erased, phone_mark, erase_at, patient_number FROM appointment WHERE id = ?1",
	[S_APPOINTMENT_SET] = "UPDATE appointment SET " APPOINTMENT_SET " WHERE id = ?1",
	[S_APPOINTMENT_LAST] = "SELECT max(ifnull((SELECT max(id) FROM appointment), 0), "
	                       "ifnull((SELECT value FROM setting WHERE name = 'appointments'), 0))",
	[S_APPOINTMENT_LIVE] = "SELECT " APPOINTMENT_COLUMNS " FROM appointment "
	                       "WHERE id > ?1 AND id <= ?4 AND erased = 0 AND status = 0 AND start > ?2 ORDER BY id LIMIT ?3",

	[S_APPOINTMENTS_PATIENT] = VISITS("patient", "AND erased = 0") " ORDER BY 1 DESC LIMIT ?2",
	[S_APPOINTMENTS_PATIENT_FILED] = VISITS_IN("found_patient", "AND erased = 0") " ORDER BY 1 DESC LIMIT ?2",
	[S_PATIENT_AFTER] = VISITS("patient", "AND erased = 0 AND appointment > ?2") " ORDER BY 1 LIMIT ?3",
	[S_APPOINTMENTS_PHONE] = VISITS("phone", "") " ORDER BY 1 DESC LIMIT ?2",
	[S_HISTORY] = "SELECT " APPOINTMENT_COLUMNS " FROM appointment "
	              "WHERE id > ?1 AND id <= ?2 AND (arrived >= ?3 OR start >= ?3) ORDER BY id",

	FOUND(PATIENT, "patient", "mark", "appointment", "?1, ?2"),
	FOUND(PHONE, "phone", "mark", "appointment", "?1, ?2"),
	FOUND(ERASE, "erase", "day", "appointment", "?1, ?2, ?3"),
	FOUND(DUE, "due", "span", "text", "?1, ?2, ?3"),
	[S_FOUND_VISITS] = "SELECT id, patient, phone_mark, erased, erase_at FROM appointment WHERE id > ?1",
	[S_FOUND_TEXTS] = "SELECT id, due FROM text WHERE id >= (?1 + 1) * 1024 AND state = 1",

	[S_ALIAS_PUT] = "INSERT INTO alias (sender, alias, appointment) VALUES (?1, ?2, ?3) "
	                "ON CONFLICT DO UPDATE SET appointment = ?3",
	[S_ALIAS_GET] = "SELECT appointment FROM alias WHERE sender = ?1 AND alias = ?2",

	[S_TEXT_GET] = "SELECT " TEXT_COLUMNS " FROM text WHERE id = ?1",
	[S_TEXT_PUT] = "INSERT INTO text (" TEXT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
	               "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32) "
	               "ON CONFLICT (id) DO UPDATE SET " TEXT_SET TEXT_FOUND_BY,
	[S_TEXT_SET] = "UPDATE text SET " TEXT_SET TEXT_FOUND_BY " WHERE id = ?1",
	[S_TEXT_SET_SAME] = "UPDATE text SET " TEXT_SET " WHERE id = ?1",
	[S_TEXT_ADD_1] = TEXT_ADD,
	[S_TEXT_ADD_2] = TEXT_ADD ", " TEXT_NEW,
	[S_TEXT_ADD_3] = TEXT_ADD ", " TEXT_NEW ", " TEXT_NEW,
	[S_TEXT_ADD_4] = TEXT_ADD ", " TEXT_NEW ", " TEXT_NEW ", " TEXT_NEW,
	[S_TEXTS_OF] = "SELECT " TEXT_COLUMNS " FROM text WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
	[S_TEXTS_DUE] = EITHER("text, due", "due", "span = ?1 AND text > ?2") " ORDER BY text LIMIT ?3",
	[S_TEXTS_SPAN] = "SELECT min(span) FROM (" EITHER("min(span) AS span", "due", "span > ?1") ")",
	[S_TEXTS_HELD_FOR] = "SELECT " TEXT_COLUMNS " FROM text WHERE state = 2 AND site = ?1 AND reason = ?3 "
	                     "ORDER BY id LIMIT ?2",
	[S_TEXTS_HELD_KINDS] = "SELECT kind, count(*) FROM text WHERE state = 2 AND site = ?1 AND reason = ?2 GROUP BY kind",
	[S_TEXTS_UNKNOWN] = "SELECT " TEXT_COLUMNS " FROM text WHERE state = 7 AND reason = ?1 AND (?2 = 0 OR site = ?2) "
	                    "AND expires <= ?3 ORDER BY first_sent",
	[S_TEXTS_HELD_OVER] = "SELECT " TEXT_COLUMNS " FROM text INDEXED BY text_held_over WHERE state = 2 AND expires <= ?1 LIMIT ?2",
	[S_TEXTS_SENDING] = "SELECT " TEXT_COLUMNS " FROM text WHERE state = 3 ORDER BY id",

	[S_TEXTS_CARRIED] = "SELECT " TEXT_COLUMNS " FROM text WHERE carrier = ?1 ORDER BY id",

	[S_REPORT_PUT] = "INSERT INTO report (text, due, asked) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET due = ?2, asked = ?3",
	[S_REPORT_DROP] = "DELETE FROM report WHERE text = ?1",
	[S_REPORT_LIST] = "SELECT text, asked FROM report WHERE due <= ?1 ORDER BY due LIMIT ?2",
	[S_REPORT_NEXT] = "SELECT due FROM report ORDER BY due LIMIT 1",

	[S_USAGE_GET] = "SELECT texts, segments, alarmed FROM usage WHERE organization = ?1 AND month = ?2",
	[S_USAGE_PUT] = "INSERT INTO usage (organization, month, texts, segments, alarmed) VALUES (?1, ?2, ?3, ?4, ?5) "
	                "ON CONFLICT DO UPDATE SET texts = ?3, segments = ?4, alarmed = ?5",

	[S_BODY_PUT] = "INSERT INTO body (text, day, sealed) VALUES (?1, ?2, ?3) "
	               "ON CONFLICT DO UPDATE SET day = ?2, sealed = ?3",
	[S_BODY_GET] = "SELECT sealed FROM body WHERE text = ?1",
	[S_BODY_DROP] = "DELETE FROM body WHERE text = ?1",
	[S_BODY_DROP_OF] = "DELETE FROM body WHERE text BETWEEN ?1 AND ?2",

	[S_TALLY_LIST] = "SELECT site, state, n FROM tally",
	[S_TALLY_PUT] = "INSERT INTO tally (site, state, n) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET n = ?3",

	[S_OPTOUT_GET] = "SELECT source, at FROM optout WHERE organization = ?1 AND phone = ?2",
	[S_OPTOUT_PUT] = "INSERT INTO optout (organization, phone, source, at) VALUES (?1, ?2, ?3, ?4) "
	                 "ON CONFLICT DO UPDATE SET source = ?3, at = ?4",
	[S_OPTOUT_DROP] = "DELETE FROM optout WHERE organization = ?1 AND phone = ?2",
	[S_REFUSED_GET] = "SELECT cause, code, at FROM refused WHERE organization = ?1 AND phone = ?2",
	[S_REFUSED_PUT] = "INSERT OR REPLACE INTO refused (organization, phone, cause, at, code) VALUES (?1, ?2, ?3, ?4, ?5)",
	[S_REFUSED_DROP] = "DELETE FROM refused WHERE organization = ?1 AND phone = ?2",
	[S_REFUSED_OVER] = "DELETE FROM refused WHERE organization = ?1 AND at <= ?2",
	[S_REFUSED_ANY] = "SELECT 1 FROM refused WHERE organization = ?1 LIMIT 1",
	[S_LIFT_PUT] = "INSERT INTO lifted (organization, phone, sender, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET at = ?4",
	[S_LIFT_GET] = "SELECT at FROM lifted WHERE organization = ?1 AND phone = ?2 AND sender = ?3",
	[S_LIFT_DROP] = "DELETE FROM lifted WHERE organization = ?1 AND phone = ?2 AND sender = ?3",
	[S_LIFT_DROP_ALL] = "DELETE FROM lifted WHERE organization = ?1 AND phone = ?2",
	[S_LIFT_OVER] = "DELETE FROM lifted WHERE at < ?1",
	[S_LIFT_ANY] = "SELECT 1 FROM lifted LIMIT 1",
	[S_RECONSENT_PUT] = "INSERT INTO reconsent (organization, phone, at, admin, who, said, how) "
	                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[S_INBOUND_GET] = "SELECT 1 FROM inbound WHERE message = ?1",
	[S_INBOUND_PUT] = "INSERT INTO inbound (message, at) VALUES (?1, ?2)",
	[S_INBOUND_DROP] = "DELETE FROM inbound WHERE at < ?1",
	[S_REPLY_PUT] = "INSERT INTO reply (at, what, site, appointment, generation, start) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[S_REPLIES_OF] = "SELECT at, what, site, appointment, generation, start, id FROM reply WHERE appointment = ?1 AND appointment <> 0 ORDER BY id",
	[S_RESPONSE_LAST] = "SELECT max(ifnull((SELECT max(id) FROM response), 0), "
	                    "ifnull((SELECT value FROM setting WHERE name = 'responses'), 0))",
	[S_RESPONSE_PUT] = "INSERT INTO response (" RESPONSE_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[S_RESPONSE_GET] = "SELECT " RESPONSE_COLUMNS " FROM response WHERE id = ?1",
	[S_RESPONSE_OVER] = "UPDATE response SET phone = NULL WHERE id = ?1",
	[S_RESPONSE_ERASE] = "UPDATE response SET phone = NULL, phone_mark = NULL WHERE phone_mark IS NOT NULL AND day < ?1",
	[S_RESPONSE_COUNT] = "SELECT kind, count(*) FROM response WHERE phone_mark = ?1 AND organization = ?2 AND at > ?3 GROUP BY kind",
	[S_RESPONSE_CHOSE] = "SELECT id FROM response WHERE phone_mark = ?1 AND organization = ?2 AND kind = ?3 ORDER BY id DESC LIMIT 1",
	[S_CHOICE_PUT] = "INSERT INTO choice (response, code, appointment, start) VALUES (?1, ?2, ?3, ?4)",
	[S_CHOICES_OF] = "SELECT appointment, start FROM choice WHERE response = ?1 ORDER BY code",
	[S_PHONES_AFTER] = "SELECT mark, min(id) FROM ("
	                   "SELECT * FROM (SELECT mark, min(appointment) AS id FROM found_phone WHERE mark > ?1 GROUP BY mark ORDER BY mark LIMIT ?2) "
	                   "UNION ALL SELECT * FROM (SELECT mark, min(appointment) AS id FROM recent_phone WHERE mark > ?1 GROUP BY mark ORDER BY mark LIMIT ?2)) "
	                   "GROUP BY mark ORDER BY mark LIMIT ?2",
	/* Of another clinic's tomorrow, too; what is later was written by a clock that was ahead. */
	[S_CAP_GET] = "SELECT day, n FROM cap WHERE phone = ?1 AND day > ?2 AND day <= ?2 + 8",
	[S_CAP_ADD] = "INSERT INTO cap (phone, day, n) VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET n = n + 1",
	[S_CAP_AFTER] = "SELECT phone FROM cap WHERE phone > ?1 ORDER BY phone LIMIT 1 OFFSET ?2",
	[S_CAP_DROP] = "DELETE FROM cap WHERE phone > ?1 AND phone <= ?2 AND day < ?3",

	[S_BARRED] = "SELECT 0, organization, phone, source, at, 0 FROM optout UNION ALL "
	             "SELECT 1, organization, phone, cause, at, code FROM refused",
	[S_RESTORED_PUT] = "INSERT OR IGNORE INTO restored (seq, visit, kind, rule, start, fingerprint, repeat_id, at, segments) "
	                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[S_RESTORED_FIND] = "SELECT seq, repeat_id, at, segments FROM restored WHERE visit = ?1 AND "
	                    "CASE WHEN ?2 = 3 THEN kind = 3 AND rule = ?3 AND start = ?4 "
	                    "ELSE kind <> 3 AND (kind = 2) = (?2 = 2) AND fingerprint = ?5 END ORDER BY seq LIMIT 1",
	[S_RESTORED_DROP] = "DELETE FROM restored WHERE visit = ?1 AND (seq = ?2 OR (?3 <> 3 AND kind <> 3 AND seq < ?2))",
	[S_RESTORED_OVER] = "DELETE FROM restored WHERE start < ?1",
	[S_RESTORED_ANY] = "SELECT 1 FROM restored LIMIT 1",
	[S_APPROVAL_GET] = "SELECT hash, who, at FROM approval WHERE site = ?1",
	[S_APPROVAL_PUT] = "INSERT INTO approval (site, hash, who, at, terms) VALUES (?1, ?2, ?3, ?4, ?5) "
	                   "ON CONFLICT DO UPDATE SET hash = ?2, who = ?3, at = ?4, terms = ?5",
	[S_SETTING_GET] = "SELECT value FROM setting WHERE name = ?1",
	[S_SETTING_PUT] = "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",

	[S_ENVIRONMENT_LIST] = "SELECT title, production, organization FROM environment",
	[S_ENVIRONMENT_PUT] = "INSERT INTO environment (title, production, organization) VALUES (?1, ?2, ?3) "
	                      "ON CONFLICT DO NOTHING",
	[S_KEYRING_GET] = "SELECT wrapped FROM keyring WHERE name = ?1",
	[S_KEYRING_PUT] = "INSERT INTO keyring (name, wrapped) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET wrapped = ?2",
	[S_KEYRING_NEXT] = "SELECT name, wrapped FROM keyring WHERE name > ?1 ORDER BY name LIMIT 1",
	[S_DAY_GET] = "SELECT wrapped FROM day_key WHERE day = ?1 AND turn = ?2",
	[S_DAY_PUT] = "INSERT INTO day_key (day, turn, wrapped) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET wrapped = ?3",
	[S_DAY_NEXT] = "SELECT day, turn, wrapped FROM day_key WHERE (day, turn) > (?1, ?2) ORDER BY day, turn LIMIT 1",
	/* Overwritten in its place first: a deleted row may leave a copy behind. */
	[S_DAY_BLANK] = "UPDATE day_key SET wrapped = zeroblob(length(wrapped)) "
	                "WHERE (day = ?1 OR ?1 < 0) AND turn < ?2",
	[S_DAY_DROP] = "DELETE FROM day_key WHERE (day = ?1 OR ?1 < 0) AND turn < ?2",
	[S_DAY_OVER] = "SELECT DISTINCT day FROM day_key WHERE day <= ?1 "
	               "AND NOT EXISTS (" EITHER("1", "erase", "day = day_key.day + 0") ") "
	               "AND NOT EXISTS (SELECT 1 FROM body WHERE body.day = day_key.day) "
	               "AND NOT EXISTS (SELECT 1 FROM quarantine WHERE quarantine.day = day_key.day) "
	               "AND NOT EXISTS (SELECT 1 FROM response WHERE phone_mark IS NOT NULL AND response.day = day_key.day) "
	               "AND NOT EXISTS (SELECT 1 FROM sample WHERE sample.day = day_key.day) LIMIT 16",

	[S_QUARANTINE_PUT] = "INSERT INTO quarantine (id, sender, site, received, reason, segment, field, place, about, day, raw, boot, clock) "
	                     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[S_QUARANTINE_GET] = "SELECT q.id, q.sender, q.received, q.site, q.reason, q.segment, q.field, q.place, q.about, q.day, "
	                     "q.raw, s.environment FROM quarantine q LEFT JOIN sender s ON s.id = q.sender WHERE q.id = ?1",
	[S_QUARANTINE_NEXT] = "SELECT id FROM quarantine WHERE id > ?1 AND (?2 = '' OR site = ?2) ORDER BY id LIMIT 1",
	[S_QUARANTINE_BYTES] = "SELECT length(raw) FROM quarantine WHERE id = ?1",
	[S_QUARANTINE_DROP] = "DELETE FROM quarantine WHERE id = ?1",
	[S_QUARANTINE_OVER] = "SELECT id FROM quarantine WHERE day < ?1 ORDER BY day LIMIT 1",
	[S_QUARANTINE_CAME] = "SELECT id, received, boot, clock, raw FROM quarantine WHERE id > ?1 ORDER BY id LIMIT ?2",
	[S_QUARANTINE_MOVE] = "UPDATE quarantine SET received = ?2, boot = ?3, clock = ?4, day = ?5, raw = ?6 WHERE id = ?1",
	[S_QUARANTINE_SIZE] = "SELECT ifnull(max(id), 0), count(*), ifnull(sum(length(raw)), 0) FROM quarantine",

	[S_SAMPLE_LAST] = "SELECT ifnull(max(id), 0) FROM sample",
	[S_SAMPLE_PUT] = "INSERT INTO sample (id, site, day, raw, received, boot, clock) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[S_SAMPLE_TRIM] = "DELETE FROM sample WHERE site = ?1 AND id <= (SELECT id FROM sample WHERE site = ?1 "
	                  "ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[S_SAMPLE_NEXT] = "SELECT id, raw FROM sample WHERE id > ?1 AND site = ?2 ORDER BY id LIMIT 1",
	[S_SAMPLE_CAME] = "SELECT id, received, boot, clock, raw FROM sample WHERE id > ?1 ORDER BY id LIMIT ?2",
	[S_SAMPLE_MOVE] = "UPDATE sample SET received = ?2, boot = ?3, clock = ?4, day = ?5, raw = ?6 WHERE id = ?1",
	[S_SAMPLE_OVER] = "DELETE FROM sample WHERE day < ?1",

	/* A visit that is still to come stays (it was canceled, perhaps under a clock that was wrong: what comes late
	 * must find it), and what is still to be decided. */
	[S_OVER_VISITS] = "SELECT id FROM appointment AS a WHERE erased = 1 AND erase_at / 86400 < ?1 "
	                  "AND (start IS NULL OR start / 86400 < ?1) AND NOT EXISTS (SELECT 1 FROM text "
	                  "WHERE text.id BETWEEN a.id * 1024 AND a.id * 1024 + 1023 AND state IN (1, 2, 3)) ORDER BY erase_at / 86400, id LIMIT ?2",
	[S_OVER_RESPONSES] = "SELECT id FROM response WHERE at < ?1 * 86400 AND phone IS NULL ORDER BY at LIMIT ?2",
	[S_OVER_STATES] = "SELECT site, state, count(*) FROM text WHERE id BETWEEN ?1 AND ?2 GROUP BY site, state",
	[S_OVER_TEXTS] = "DELETE FROM text WHERE id BETWEEN ?1 AND ?2",
	[S_OVER_REPORTS] = "DELETE FROM report WHERE text BETWEEN ?1 AND ?2",
	[S_OVER_ALIASES] = "DELETE FROM alias WHERE appointment = ?1",
	[S_OVER_VISIT] = "DELETE FROM appointment WHERE id = ?1",
	[S_OVER_CHOICES] = "DELETE FROM choice WHERE response = ?1",
	[S_OVER_RESPONSE] = "DELETE FROM response WHERE id = ?1",
	[S_OVER_REPLIES] = "DELETE FROM reply WHERE id IN (SELECT id FROM reply WHERE at < ?1 * 86400 AND start < ?1 * 86400 "
	                    "ORDER BY at LIMIT ?2)",
	[S_ERASE_LIST] = EITHER("appointment, at", "erase", "day <= ?1 / 86400 AND at <= ?1") " LIMIT ?2",
	[S_ERASE_ONE] = "UPDATE appointment SET phone = NULL, link = NULL, patient = NULL, language = '', erased = 1, "
	                "phone_mark = NULL, visit = NULL, said = NULL, adult = NULL, prior = NULL, place = NULL "
	                "WHERE id = ?1",
	[S_ERASE_NEXT] = "SELECT min(at) FROM found_erase WHERE day = (SELECT min(day) FROM found_erase)",

	[S_VIEW_APPOINTMENTS] = VIEW_APPOINTMENT "WHERE (?1 = '' OR s.title = ?1) AND (?2 = '' OR a.appointment_id = ?2) "
	                        "AND (?4 OR a.start > ?3) ORDER BY a.start, a.id",
	/* Recent ones are in the other connection's memory. */
	[S_VIEW_OF_PHONE] = VIEW_APPOINTMENT "WHERE a.id IN (SELECT appointment FROM found_phone WHERE mark = ?1 UNION ALL SELECT id FROM appointment "
	                    "WHERE id > ifnull((SELECT value FROM setting WHERE name = 'filed'), 0) AND phone_mark = ?1) AND a.erase_at > ?3 "
	                    "ORDER BY a.start, a.id",
	[S_VIEW_ID] = "SELECT appointment_id FROM appointment WHERE id = ?1",
	[S_VIEW_TEXTS] = "SELECT " TEXT_COLUMNS " FROM text WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
	[S_VIEW_REPORT] = "SELECT " TEXT_OF_T ", s.title, n.environment, a.appointment_id FROM text t "
	                  "LEFT JOIN response w ON w.id = t.id / 1024 "
	                  "LEFT JOIN appointment a ON a.id = coalesce(w.appointment, t.id / 1024) LEFT JOIN site s ON s.id = t.site "
	                  "LEFT JOIN sender n ON n.id = a.sender "
	                  "WHERE t.first_sent >= ?1 AND t.first_sent < ?2 AND (?3 = '' OR s.title = ?3) "
	                  "ORDER BY t.first_sent, t.id",
	/* Changes and cancellations that are held or ended untold, and that nothing newer was told or waits instead of. */
	[S_VIEW_UNTOLD] = "SELECT " TEXT_OF_T ", s.title, n.environment, a.appointment_id FROM text t "
	                  "LEFT JOIN appointment a ON a.id = t.id / 1024 LEFT JOIN site s ON s.id = t.site "
	                  "LEFT JOIN sender n ON n.id = a.sender "
	                  "WHERE t.kind IN (1, 2) AND t.state IN (2, 6, 7, 8, 9) AND t.planned >= ?1 AND t.planned < ?2 "
	                  "AND (?3 = '' OR s.title = ?3) AND NOT EXISTS (SELECT 1 FROM text u WHERE u.id > t.id "
	                  "AND u.id <= (t.id / 1024) * 1024 + 1023 AND u.kind <> 3 AND u.state <> 10) ORDER BY t.start, t.id",
	[S_VIEW_OPTOUTS] = "SELECT organization, source, at FROM optout ORDER BY at, organization",
	[S_VIEW_REFUSED] = "SELECT organization, cause, code, at FROM refused ORDER BY at, organization",
	[S_VIEW_REPLIES] = "SELECT r.at, r.what, r.site, r.appointment, r.generation, r.start, r.id, s.title, n.environment, "
	                   "a.appointment_id, a.status = 0 AND a.start > ?4 AND a.start = r.start AND a.generation = r.generation "
	                   "AND NOT EXISTS (SELECT 1 FROM reply o WHERE r.what IN (4, 5) AND o.appointment = r.appointment AND o.appointment <> 0 "
	                   "AND o.id > r.id AND o.what IN (4, 5)) "
	                   /* Another number, or a person's word for it, is what was asked for. */
	                   "AND NOT (r.what IN (6, 8) AND a.phone_at > r.at) "
	                   "AND NOT EXISTS (SELECT 1 FROM reply o WHERE r.what = 8 AND o.appointment = r.appointment AND o.appointment <> 0 "
	                   "AND o.id > r.id AND o.what = 9) FROM reply r "
	                   "LEFT JOIN appointment a ON a.id = r.appointment LEFT JOIN site s ON s.id = r.site "
	                   "LEFT JOIN sender n ON n.id = a.sender "
	                   "WHERE r.at >= ?1 AND r.at < ?2 AND (?3 = '' OR s.title = ?3) ORDER BY r.at, r.id",
	[S_VIEW_RESPONSES] = "SELECT " TEXT_OF_T " FROM response w JOIN text t ON t.id = w.id * 1024 WHERE w.appointment = ?1 AND w.appointment <> 0 "
	                     "ORDER BY w.id",
	[S_VIEW_STATES] = "SELECT site, state, count(*) FROM text GROUP BY site, state",
	[S_VIEW_USAGE] = "SELECT organization, month, texts, segments FROM usage WHERE month BETWEEN ?1 AND ?2 "
	                 "ORDER BY month, organization",
	[S_VIEW_APPROVALS] = "SELECT s.title, a.hash, a.who, a.at, a.terms FROM approval a JOIN site s ON s.id = a.site",
	[S_VIEW_SITES] = "SELECT title FROM site WHERE id = ?1",
	[S_VIEW_QUARANTINE] = "SELECT id, sender, received, site, reason, segment, field, place FROM quarantine ORDER BY id",
};

/* No space, or no write: undone, and later it may work. A failed sync or read is
 * another matter: what is on the disk is not known any more. */
static bool
passes(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_NOMEM:
	case SQLITE_BUSY:
		return true;
	default:
		return rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_SHMSIZE || rc == SQLITE_IOERR_TRUNCATE;
	}
}

bool
sql_failed(sqlite3 *db, int rc, const char *doing, struct fault *f)
{
	(void)db;
	if (rc == SQLITE_NOMEM && MUTANT("heedless"))
		return true;
	return fault_set(f, passes(rc) ? FAULT_BUSY : FAULT_BROKEN, "store: %s: %s", doing, sqlite3_errstr(rc));
}

sqlite3_stmt *
sql_prepare(sqlite3 *db, enum statement which, struct fault *f)
{
	sqlite3_stmt *q = NULL;
	int rc = sqlite3_prepare_v3(db, text[which], -1, SQLITE_PREPARE_PERSISTENT, &q, NULL);

	assert(text[which]);
	if (rc == SQLITE_OK)
		return q;
	(void)fault_set(f, (rc & 0xff) == SQLITE_NOMEM ? FAULT_BUSY : FAULT_BROKEN, "store: %s", sqlite3_errmsg(db));
	return NULL;
}

sqlite3_stmt *
sql_use(struct store *s, enum statement which, struct fault *f)
{
	if (!s->prepared[which])
		s->prepared[which] = sql_prepare(s->db, which, f);
	if (s->prepared[which]) {
		(void)sqlite3_reset(s->prepared[which]);
		(void)sqlite3_clear_bindings(s->prepared[which]);
	}
	return s->prepared[which];
}

static int
step(sqlite3_stmt *q)
{
	if (lacking && !MUTANT("heedless")) {
		lacking = false;
		return SQLITE_NOMEM;
	}
	return sqlite3_step(q);
}

void
sql_lacks_nothing(void)
{
	lacking = false;
}

static void
bound(int rc)
{
	lacking = lacking || rc != SQLITE_OK;
}

bool
sql_do(struct store *s, sqlite3_stmt *q, const char *doing, struct fault *f)
{
	int rc = step(q);

	if (rc == SQLITE_DONE || rc == SQLITE_ROW) {
		(void)sqlite3_reset(q);
		return true;
	}
	rc = rc == SQLITE_NOMEM ? rc : sqlite3_extended_errcode(s->db);
	(void)sqlite3_reset(q);
	return sql_failed(s->db, rc, doing, f);
}

enum store_found
sql_row(sqlite3 *db, sqlite3_stmt *q, const char *doing, struct fault *f)
{
	int rc = step(q);

	if (rc == SQLITE_ROW)
		return STORE_FOUND;
	if (rc == SQLITE_DONE)
		return STORE_NONE;
	(void)sql_failed(db, rc == SQLITE_NOMEM ? rc : sqlite3_extended_errcode(db), doing, f);
	(void)sqlite3_reset(q);
	return STORE_FAILED;
}

void
sql_bind_span(sqlite3_stmt *q, int at, struct span v)
{
	bound(sqlite3_bind_text(q, at, v.n ? v.p : "", (int)v.n, SQLITE_TRANSIENT));
}

void
sql_bind_text(sqlite3_stmt *q, int at, const char *v)
{
	bound(sqlite3_bind_text(q, at, v, -1, SQLITE_TRANSIENT));
}

void
sql_lend_text(sqlite3_stmt *q, int at, const char *v)
{
	(void)sqlite3_bind_text(q, at, v, -1, SQLITE_STATIC);
}

void
sql_lend_blob(sqlite3_stmt *q, int at, const void *v, size_t n)
{
	(void)sqlite3_bind_blob(q, at, v, (int)n, SQLITE_STATIC);
}

void
sql_bind_blob(sqlite3_stmt *q, int at, const void *v, size_t n)
{
	if (n == 0)
		(void)sqlite3_bind_null(q, at);
	else
		bound(sqlite3_bind_blob(q, at, v, (int)n, SQLITE_TRANSIENT));
}

void
sql_text(sqlite3_stmt *q, int column, char *out, size_t cap)
{
	struct span v = { (const char *)sqlite3_column_text(q, column), (size_t)sqlite3_column_bytes(q, column) };

	lacking = lacking || (!v.p && sqlite3_column_type(q, column) == SQLITE_TEXT);
	span_copy(out, cap, v.p ? v : SPAN_NONE);
}

struct span
sql_blob(sqlite3_stmt *q, int column)
{
	const void *p = sqlite3_column_blob(q, column);

	lacking = lacking || (!p && sqlite3_column_bytes(q, column) > 0);
	return p ? span_from(p, (size_t)sqlite3_column_bytes(q, column)) : SPAN_NONE;
}

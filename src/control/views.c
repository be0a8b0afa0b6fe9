/* views.c - what is shown of an appointment, a text, the house; never a number or a name. */
// SPDX-License-Identifier: Apache-2.0
#include "control/views.h"

#include <stdio.h>
#include <string.h>

struct collect {
	json_t *array;
	const struct rules *rules;
	int64_t now_s;
	bool why;
	struct store_reader *reader;
	const char *site;         /* explain: SITE of SITE/ID, or "" */
};

static json_t *
time_text(int64_t at_s, const char *zone_name_text)
{
	struct zone *z = NULL;
	struct fault f;
	char out[32];

	if (at_s == 0)
		return json_null();
	if (zone_name_text && zone_name_text[0] && zone_load(zone_name_text, &z, &f))
		zone_rfc3339(z, at_s, out);
	else
		clock_rfc3339(at_s, out);
	zone_free(z);
	return json_string(out);
}

/* Zones of a whole listing are few; loading one is dear. */
static json_t *
time_in(const struct collect *c, int64_t at_s, const char *site, const char *zone)
{
	const struct conf_site *s = c->rules ? conf_find_site(c->rules->conf, site) : NULL;
	char out[32];

	if (at_s != 0 && s && strcmp(s->time_zone, zone) == 0) {
		zone_rfc3339(rules_of(c->rules, s)->zone, at_s, out);
		return json_string(out);
	}
	return time_text(at_s, zone);
}

static const char *
status_word(const struct appointment_view *v, int64_t now_s)
{
	if ((v->status == VISIT_BOOKED || v->status == VISIT_ARRIVED) && v->has_start && v->start_s <= now_s)
		return "over";
	return visit_status_name(v->status);
}

/* Which configuration, as status shows the one in force. */
void
views_version(int64_t config, char out[16])
{
	(void)snprintf(out, 16, "%012llx", (unsigned long long)config & 0xffffffffffffu);
}

static json_t *
text_object(const struct collect *c, const struct appointment_view *v, const struct text *t)
{
	char version[16], words[16];

	views_version(t->config, version);
	views_version(t->words, words);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:b}", "kind", text_kind_name(t->kind), "rule", t->rule,
	    "state", text_state_name(t->state), "reason", reason_name(t->reason), "reason_text",
	    reason_sentence(t->reason), "planned", time_in(c, t->planned_s, v->site, v->zone), "due", time_in(c, t->due_s, v->site, v->zone), "sent",
	    time_in(c, t->sent_s ? t->sent_s : (text_was_told(t->state) ? t->first_sent_s : 0), v->site, v->zone),
	    "configuration", version, "within_limit", t->first_sent_s ? json_boolean(t->within) : json_null(), "attempts", (json_int_t)t->attempts,
	    "templates", t->words ? json_string(words) : json_null(), "clinic_hours", t->clinic_hours);
}

static void
why_line(json_t *lines, const struct collect *c, const struct appointment_view *v, const struct text *t)
{
	json_t *due = time_in(c, t->due_s, v->site, v->zone);
	json_t *planned = time_in(c, t->planned_s, v->site, v->zone);
	json_t *sent = time_in(c, text_was_told(t->state) ? t->first_sent_s : 0, v->site, v->zone);
	char line[512], name[80], version[16], words[40] = "", other[STORE_ID_MAX];

	(void)snprintf(name, sizeof name, "%s%s%s%s", text_kind_name(t->kind), t->rule[0] ? " \"" : "", t->rule,
	    t->rule[0] ? "\"" : "");
	views_version(t->config, version);
	if (t->words)
		(void)snprintf(words, sizeof words, ", templates %012llx", (unsigned long long)t->words & 0xffffffffffffu);
	(void)snprintf(line, sizeof line, "%s: %s%s%s; planned %s, due %s%s%s; configuration %s%s%s%s%s%s", name, text_state_name(t->state),
	    t->reason ? ": " : "", reason_sentence(t->reason), json_string_value(planned),
	    json_string_value(due) ? json_string_value(due) : "-", json_string_value(sent) ? ", sent " : "",
	    json_string_value(sent) ? json_string_value(sent) : "", version, words,
	    t->clinic_hours ? "; by the clinic's hours alone: those of the patient's time zone come too late" : "",
	    t->first_sent_s && !t->within ? "; over monthly_limit" : "", t->code[0] ? "; gateway: " : "", t->code);
	(void)json_array_append_new(lines, json_string(line));
	if (t->carrier && store_read_id(c->reader, t->carrier / STORE_TEXTS_OF_ONE, other)) {
		(void)snprintf(line, sizeof line, "    it is said in the %s of appointment %s", name, other);
		(void)json_array_append_new(lines, json_string(line));
	}
	json_decref(due);
	json_decref(planned);
	json_decref(sent);
}

/* What was told of the patient beside the schedule. */
static void
why_news(json_t *lines, const struct collect *c, const struct appointment_view *v)
{
	json_t *at = time_in(c, v->news_at_s, v->site, v->zone);
	char line[256];

	if (v->deceased && !v->news_death)
		(void)json_array_append_new(lines, json_string("the patient was said to be deceased: nothing is sent"));
	if (v->news_at_s && (v->news_death || v->news_phone || v->news_merge)) {
		(void)snprintf(line, sizeof line, "ADT, the last at %s:%s%s%s", json_string_value(at),
		    !v->news_death ? "" : v->deceased ? " the patient is deceased, nothing is sent;" : " the patient is not deceased;",
		    v->news_phone ? " another phone number took the place of the one before;" : "",
		    v->news_merge ? " the patient's record was merged with another, the visit is that one's now;" : "");
		line[strlen(line) - 1] = '\0';
		(void)json_array_append_new(lines, json_string(line));
	}
	json_decref(at);
}

struct replied {
	json_t *lines;
	const struct collect *c;
	const struct appointment_view *v;
};

static bool
add_reply_line(void *ctx, const struct said_reply *r)
{
	struct replied *x = ctx;
	json_t *at = time_in(x->c, r->at_s, x->v->site, x->v->zone);
	char line[256];

	(void)snprintf(line, sizeof line, "%s %s%s%s", json_string_value(at), r->what < REPLY_NUMBER_REFUSED ? "the patient's phone replied: " : "", reply_sentence(r->what),
	    r->start_s != x->v->start_s ? " (the visit had another time then)" : "");
	json_decref(at);
	return json_array_append_new(x->lines, json_string(line)) == 0;
}

static bool
add_response_line(void *ctx, const struct text *t)
{
	struct replied *x = ctx;

	why_line(x->lines, x->c, x->v, t);
	return true;
}

static bool
add_response(void *ctx, const struct text *t)
{
	struct replied *x = ctx;

	return json_array_append_new(x->lines, text_object(x->c, x->v, t)) == 0;
}

static json_t *
why_lines(const struct collect *c, const struct appointment_view *v)
{
	json_t *lines = json_array();
	struct replied x = { lines, c, v };
	struct fault f;
	char line[512];

	(void)snprintf(line, sizeof line, "appointment %s of site %s is %s; phone number %s", v->appointment_id,
	    v->site[0] ? v->site : "(none)", status_word(v, c->now_s),
	    v->phone ? "known" : v->erased ? "erased" : "not known");
	(void)json_array_append_new(lines, json_string(line));
	if (v->left_site)
		(void)json_array_append_new(lines, json_string("its department or visit type fits no site any more"));
	if (v->patient_flag)
		(void)json_array_append_new(lines,
		    json_string("PID-3 changed once: nothing was inherited from the patient before"));
	why_news(lines, c, v);
	if (v->quarantined)
		(void)json_array_append_new(lines,
		    json_string("a message about it is in quarantine: nudgectl quarantine list"));
	if (v->continues[0]) {
		(void)snprintf(line, sizeof line, "it was booked in place of %s, which was canceled: both are told as one change", v->continues);
		(void)json_array_append_new(lines, json_string(line));
	}
	if (v->continued_by[0]) {
		(void)snprintf(line, sizeof line, "it was booked again as %s: both are told as one change", v->continued_by);
		(void)json_array_append_new(lines, json_string(line));
	}
	for (size_t i = 0; i < v->texts_n; i++)
		why_line(lines, c, v, &v->texts[i]);
	if (!store_read_replies_of(c->reader, v->id, add_reply_line, &x, &f) ||
	    !store_read_responses_of(c->reader, v->id, add_response_line, &x, &f))
		(void)json_array_append_new(lines, json_string("its replies could not be read"));
	return lines;
}

static bool
add_appointment(void *ctx, const struct appointment_view *v)
{
	struct collect *c = ctx;
	json_t *texts, *o;

	if (c->site && c->site[0] && strcmp(c->site, v->site) != 0)
		return true;
	if (!c->why && v->left_site)
		return true;
	texts = json_array();
	for (size_t i = 0; i < v->texts_n; i++)
		(void)json_array_append_new(texts, text_object(c, v, &v->texts[i]));
	o = json_pack("{s:s, s:s, s:I, s:s, s:o, s:s, s:s, s:b, s:o, s:o, s:o}", "id", v->appointment_id, "site", v->site,
	    "patient", (json_int_t)v->patient_number, "status", status_word(v, c->now_s), "start",
	    v->has_start ? time_in(c, v->start_s, v->site, v->zone) : json_null(), "time_zone", v->zone, "language",
	    v->language, "phone", v->phone, "texts", texts, "reply",
	    v->replied ? json_string(reply_name(v->replied)) : json_null(), "replied",
	    v->replied ? time_in(c, v->replied_at_s, v->site, v->zone) : json_null());
	if (o)
		(void)json_object_set_new(o, "modality", v->modality ? json_string(modality_name(v->modality)) : json_null());
	if (o && c->why) {
		struct replied x = { json_array(), c, v };
		struct fault f;

		if (!store_read_responses_of(c->reader, v->id, add_response, &x, &f))
			(void)json_array_clear(x.lines);
		(void)json_object_set_new(o, "responses", x.lines);
	}
	if (o && c->why)
		(void)json_object_set_new(o, "why", why_lines(c, v));
	return json_array_append_new(c->array, o) == 0;
}

json_t *
views_appointments(struct store_reader *r, const char *site, bool all, int64_t now_s, struct fault *f)
{
	struct collect c = { .array = json_array(), .now_s = now_s };

	if (store_read_appointments(r, site, "", all, now_s, add_appointment, &c, f))
		return c.array;
	json_decref(c.array);
	return NULL;
}

json_t *
views_explain(struct store_reader *r, const struct rules *rules, const char *id, int64_t now_s, struct fault *f)
{
	const char *slash = strchr(id, '/');
	char site[64] = "";
	struct collect c = { .array = json_array(), .rules = rules, .now_s = now_s, .reader = r, .why = true, .site = site };
	bool ok;

	ok = store_read_appointments(r, "", id, true, now_s, add_appointment, &c, f);
	if (ok && json_array_size(c.array) == 0 && slash && (size_t)(slash - id) < sizeof site) {
		span_copy(site, sizeof site, span_from(id, (size_t)(slash - id)));
		ok = store_read_appointments(r, "", slash + 1, true, now_s, add_appointment, &c, f);
	}
	if (ok && json_array_size(c.array) == 0)
		ok = fault_set(f, FAULT_OPERATOR, "no appointment with this id is known");
	if (ok)
		return c.array;
	json_decref(c.array);
	return NULL;
}

json_t *
views_explain_phone(struct store_reader *r, const struct rules *rules, const uint8_t phone[MARK_BYTES], int64_t now_s,
    struct fault *f)
{
	struct collect c = { .array = json_array(), .rules = rules, .now_s = now_s, .reader = r, .why = true };
	bool ok = store_read_of_phone(r, phone, now_s, add_appointment, &c, f);

	if (ok && json_array_size(c.array) == 0)
		ok = fault_set(f, FAULT_OPERATOR, "no appointment with this number is known; numbers of visits that are over are erased");
	if (ok)
		return c.array;
	json_decref(c.array);
	return NULL;
}

/* ---- quarantine, status ---- */

static json_t *
quarantined_of(const struct quarantined *q, const char *received)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:o}", "id", (json_int_t)q->id, "site", q->site, "received", received,
	    "reason", q->reason, "segment", q->segment, "field", (json_int_t)q->field, "offset",
	    q->offset < 0 ? json_null() : json_integer(q->offset));
}

static bool
add_quarantined(void *ctx, const struct quarantined *q)
{
	char received[CLOCK_TEXT_MAX];

	clock_rfc3339(q->received_s, received);
	return json_array_append_new(ctx, quarantined_of(q, received)) == 0;
}

/* Bytes that are no UTF-8 are shown as Latin-1: JSON knows no others. */
static json_t *
text_of(struct span s)
{
	json_t *o = json_stringn(s.n ? s.p : "", s.n);
	struct buf b;

	if (o)
		return o;
	buf_init(&b, 2 * s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x80)
			(void)buf_add_char(&b, (char)(0xc0 | c >> 6));
		(void)buf_add_char(&b, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
	}
	o = json_stringn(b.n ? b.p : "", b.n);
	buf_wipe(&b);
	return o;
}

json_t *
views_quarantined(const struct quarantined *q, struct span raw)
{
	char received[CLOCK_TEXT_MAX];
	json_t *o;

	clock_rfc3339(q->received_s, received);
	o = quarantined_of(q, received);
	(void)json_object_set_new(o, "message", text_of(raw));
	return o;
}

json_t *
views_replayed(const struct replay_result *r, size_t n, bool more)
{
	static const char *const word[] = { [REPLAY_APPLIED] = "applied", [REPLAY_IGNORED] = "not wanted",
		[REPLAY_STAYS] = "stays" };
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:i}", "id", (json_int_t)r[i].id, "result",
		                                      word[r[i].what], "reason", r[i].why, "segment", r[i].segment, "field",
		                                      r[i].field));
	return json_pack("{s:o, s:b}", "messages", list, "more", more);
}

json_t *
views_quarantine(struct store_reader *r, struct fault *f)
{
	json_t *array = json_array();

	if (store_read_quarantine(r, add_quarantined, array, f))
		return array;
	json_decref(array);
	return NULL;
}

json_t *
views_done(const struct command *c)
{
	json_t *counts;

	switch (c->kind) {
	case COMMAND_RELEASE_SITE:
		counts = json_object();
		for (int k = 0; k < (int)TEXT_PLANNED_KINDS; k++)
			(void)json_object_set_new(counts, text_kind_name((enum text_kind)k), json_integer(c->counts[k]));
		(void)json_object_set_new(counts, "more", json_boolean(c->more));
		return counts;
	case COMMAND_QUARANTINE_SHOW:
		return views_quarantined(&c->quarantined, buf_span(&c->raw));
	case COMMAND_QUARANTINE_REPLAY:
		return views_replayed(c->results, c->results_n, c->more);
	case COMMAND_HISTORY:
		return views_history(c->history, c->id, c->more);
	case COMMAND_LEARN:
		return text_of(buf_span(&c->raw));
	case COMMAND_OPTOUT_ADD:
	case COMMAND_OPTOUT_REMOVE:
	case COMMAND_REFUSED_RELEASE:
		return json_pack("{s:s, s:b}", "organization", c->organization, "changed", c->changed);
	case COMMAND_BACKUP:
		return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "file", c->path, "bytes", (json_int_t)c->seen.bytes,
		    "appointments", (json_int_t)c->seen.appointments, "texts", (json_int_t)c->seen.texts, "optouts",
		    (json_int_t)c->seen.optouts, "journal", (json_int_t)c->seen.journal, "sealed", (json_int_t)c->seen.sealed,
		    "unreadable", (json_int_t)c->seen.unreadable);
	case COMMAND_ROTATE:
		return views_rotation(&c->status.rotation, c->status.rotation.key);
	case COMMAND_OPTOUT_FIND:
		return views_optout(c->organization, &c->optout);
	case COMMAND_REFUSED_FIND:
		return views_refused_one(c->organization, &c->refused, NULL);
	case COMMAND_STATUS:
	case COMMAND_PHONE_MARK:
	case COMMAND_RULES:
	case COMMAND_APPROVE:
	case COMMAND_RELEASE_CLOCK:
	case COMMAND_HOLD_SITE:
	case COMMAND_HEARD:
	case COMMAND_OPTOUT_COMPARE:
	case COMMAND_RELEASE_JOURNAL:
	case COMMAND_QUARANTINE_DISCARD:
		break;
	}
	return json_string("done");
}

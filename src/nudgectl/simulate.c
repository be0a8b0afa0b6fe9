/* simulate.c - messages from files: what would be understood, planned and sent, and why, without sending. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/settings.h"
#include "nudgectl/nudgectl.h"
#include "nudgectl/rehearsal.h"

#define FILE_MAX (64u << 20)
#define ARENA_MAX (64u << 20)
#define HELP "simulate FILE... [--at TIME | --at message] [--show-phi] [--json]   (with -c CONFIGURATION before it)"
#define FOR_EVER (400 * 86400)

struct simulation {
	struct settings settings;
	struct hl7 *index;
	struct rehearsal *stage;
	const struct conf_environment **environments; /* owned: all */
	json_t *messages;
	bool by_message, show_phi; /* by_message: its clock follows MSH-7 */
	const char *file;          /* being read */
	int64_t read_at_s;         /* when messages count as arrived, for the trust in MSH-7 */
	struct fault f;
};

/* ---- what was understood ---- */

static json_t *
text(struct span s)
{
	json_t *o = json_stringn(s.n ? s.p : "", s.n);

	return o ? o : json_string("(not UTF-8)");
}

static json_t *
time_of(const struct simulation *x, const struct booking *b)
{
	char out[32];

	if (!b->has_start || !b->site)
		return json_null();
	zone_rfc3339(rules_of(x->settings.rules, b->site)->zone, b->start_s, out);
	return json_string(out);
}

static json_t *
booking_of(const struct simulation *x, const struct booking *b)
{
	static const char *const consent[] = { "not said", "yes", "no" }, *const note[] = { "", "in a gap of the clock", "comes twice" };
	json_t *o = json_pack("{s:o, s:s, s:s, s:s?, s:o, s:I, s:I, s:b, s:b, s:o, s:s, s:o, s:o, s:b, s:b, s:s}", "id",
	    text(b->appointment_id), "event", b->event, "status", visit_status_name(b->status), "site",
	    b->site ? b->site->title : NULL, "start", time_of(x, b), "duration", (json_int_t)b->duration_s, "patient",
	    (json_int_t)b->patient_number, "patient_known", b->patient.n > 0, "phone", b->phone[0] != '\0', "language",
	    text(b->language), "consent", consent[b->consent], "department", text(b->department), "visit_type",
	    text(b->visit_type), "deceased", b->deceased, "link", b->link_state == FIELD_SET, "clock", note[b->note]);
	json_t *aliases = json_array();

	for (size_t i = 0; i < b->aliases_n; i++)
		(void)json_array_append_new(aliases, text(b->aliases[i]));
	(void)json_object_set_new(o, "modality", b->modality ? json_string(modality_name(b->modality)) : json_null());
	(void)json_object_set_new(o, "aliases", aliases);
	if (b->phone_state == FIELD_SET && !b->phone[0])
		(void)json_object_set_new(o, "phone_why", json_string(phone_result_text(b->phone_why)));
	if (x->show_phi)
		(void)json_object_set_new(o, "number", json_string(b->phone));
	return o;
}

static json_t *
news_of(const struct simulation *x, const struct patient_news *n)
{
	json_t *o = json_pack("{s:s, s:b, s:b, s:o, s:b, s:o}", "site", n->site->title, "patient_known", n->patient.n > 0, "number_said",
	    n->phone_state != FIELD_KEEP, "deceased", n->death_said ? json_boolean(n->deceased) : json_null(), "phone", n->phone[0] != '\0',
	    "merged", json_integer((json_int_t)n->priors_n));

	if (x->show_phi)
		(void)json_object_set_new(o, "number", json_string(n->phone));
	return o;
}

static json_t *
message_of(const struct simulation *x, const char *file, const struct message *m)
{
	static const char *const kind[] = { [MESSAGE_BOOKINGS] = "understood", [MESSAGE_NEWS] = "understood", [MESSAGE_IGNORE] = "not wanted",
		[MESSAGE_QUARANTINE] = "quarantine", [MESSAGE_REFUSE] = "refused" };
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < m->bookings_n; i++)
		(void)json_array_append_new(list, booking_of(x, &m->bookings[i]));
	o = json_pack("{s:s, s:o, s:s, s:s, s:s?, s:o}", "file", file, "control_id", text(m->control_id), "kind", kind[m->kind],
	    "environment", m->environment->title, "reason", m->reason, "bookings", list);
	if (m->kind == MESSAGE_NEWS) {
		json_t *news = json_array();

		for (size_t i = 0; i < m->news_n; i++)
			(void)json_array_append_new(news, news_of(x, &m->news[i]));
		(void)json_object_set_new(o, "patients", news);
	}
	if (m->kind == MESSAGE_QUARANTINE || m->kind == MESSAGE_REFUSE)
		(void)json_object_update_new(o, json_pack("{s:s, s:i, s:o}", "segment", m->error.segment, "field", m->error.field,
		                                   "offset", m->place_at < 0 ? json_null() : json_integer(m->place_at)));
	if (m->counted)
		(void)json_object_set_new(o, "noted", json_string(m->counted));
	return o;
}

/* ---- messages ---- */

/* When it was sent, if its own clock is to be believed. */
static bool
go_to(struct simulation *x, const struct message *m)
{
	for (size_t i = 0; x->by_message && i < m->bookings_n; i++)
		if (m->bookings[i].has_sent_at)
			return rehearsal_pass(x->stage, m->bookings[i].sent_at_s, &x->f);
	return true;
}

static bool
one_message(void *ctx, struct span raw)
{
	struct simulation *x = ctx;
	struct siu_peer peer = { x->settings.rules->conf->listeners_n ? &x->settings.rules->conf->listeners[0] : NULL,
		x->environments, x->settings.rules->conf->environments_n };
	struct message *m = calloc(1, sizeof *m);
	struct answer a;
	json_t *o;

	if (!m)
		return fault_set(&x->f, FAULT_BUSY, "out of memory");
	arena_init(&m->arena, ARENA_MAX);
	m->raw = arena_copy(&m->arena, raw);
	if (!m->raw.p || !siu_read(x->settings.map, &peer, x->index, x->read_at_s, m)) {
		rules_drop(m->rules);
		arena_clear(&m->arena);
		free(m);
		return fault_set(&x->f, FAULT_BUSY, "%s: needs more memory than a message may have", x->file);
	}
	if (!m->answerable) {
		rules_drop(m->rules);
		arena_clear(&m->arena);
		free(m);
		return fault_set(&x->f, FAULT_OPERATOR, "%s: no segment MSH in it", x->file);
	}
	o = message_of(x, x->file, m);
	(void)json_array_append_new(x->messages, o);
	if (!go_to(x, m) || !rehearsal_tell(x->stage, m, &a, &x->f))
		return false;
	(void)json_object_set_new(o, "answer", json_string(a.verdict == VERDICT_ACCEPT ? "AA" : a.verdict == VERDICT_ERROR ? "AE" : "AR"));
	return true;
}

/* ---- what became of it ---- */

static json_t *
when(const struct zone *z, int64_t at_s)
{
	char out[32];

	if (at_s == 0)
		return json_null();
	zone_rfc3339(z, at_s, out);
	return json_string(out);
}

struct outcome_list {
	const struct simulation *x;
	json_t *list;
};

static bool
add_outcome(void *ctx, const struct appointment_view *v)
{
	struct outcome_list *l = ctx;
	const struct conf_site *s = conf_find_site(l->x->settings.rules->conf, v->site);
	const struct zone *z = s ? rules_of(l->x->settings.rules, s)->zone : NULL;
	json_t *texts = json_array();

	for (size_t i = 0; z && i < v->texts_n; i++) {
		const struct text *t = &v->texts[i];
		const struct words *w = rehearsal_words(l->x->stage, t->id);

		(void)json_array_append_new(texts, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:s?}", "kind",
		                                       text_kind_name(t->kind), "rule", t->rule, "state", text_state_name(t->state),
		                                       "reason", reason_name(t->reason), "reason_text",
		                                       reason_sentence(t->reason), "due", when(z, t->due_s), "sent",
		                                       when(z, w ? w->at_s : 0), "segments", (json_int_t)t->segments, "words",
		                                       w ? w->said : NULL));
	}
	return json_array_append_new(l->list, json_pack("{s:s, s:s, s:I, s:s, s:o, s:o}", "id", v->appointment_id, "site", v->site,
	                                          "patient", (json_int_t)v->patient_number, "status", visit_status_name(v->status),
	                                          "start", z && v->has_start ? when(z, v->start_s) : json_null(), "texts", texts)) == 0;
}

static json_t *
outcomes_of(struct simulation *x)
{
	struct outcome_list l = { x, json_array() };
	struct store_reader *r = NULL;
	bool ok = store_reader_open(rehearsal_folder(x->stage), &r, &x->f) &&
	    store_read_appointments(r, "", "", true, rehearsal_now(x->stage), add_outcome, &l, &x->f);

	store_reader_close(r);
	if (ok)
		return l.list;
	json_decref(l.list);
	return NULL;
}

/* ---- for people ---- */

static void
print_message(const json_t *m)
{
	size_t i;
	json_t *b;

	(void)printf("%s  %s  %s", call_text(m, "file"), call_text(m, "control_id"), call_text(m, "kind"));
	if (call_text(m, "reason")[0])
		(void)printf(": %s", call_text(m, "reason"));
	if (call_text(m, "segment")[0])
		(void)printf(" (%s-%lld)", call_text(m, "segment"), (long long)json_integer_value(json_object_get(m, "field")));
	(void)printf("; answer %s%s%s\n", call_text(m, "answer"), call_text(m, "noted")[0] ? "; " : "", call_text(m, "noted"));
	json_array_foreach(json_object_get(m, "bookings"), i, b)
		(void)printf("    %s %s, site %s, %s, start %s, phone %s%s%s\n", call_text(b, "event"), call_text(b, "id"),
		    call_text(b, "site")[0] ? call_text(b, "site") : "(none)", call_text(b, "status"),
		    call_text(b, "start")[0] ? call_text(b, "start") : "not said",
		    call_text(b, "number")[0] ? call_text(b, "number") : json_is_true(json_object_get(b, "phone")) ? "yes" : "no",
		    call_text(b, "phone_why")[0] ? ": " : "", call_text(b, "phone_why"));
}

static void
print_news(const json_t *m)
{
	size_t i;
	json_t *n;

	json_array_foreach(json_object_get(m, "patients"), i, n) {
		const json_t *dead = json_object_get(n, "deceased");

		(void)printf("    of a patient, for site %s:%s%s", call_text(n, "site"),
		    json_is_true(dead) ? " deceased" : json_is_false(dead) ? " not deceased" : "",
		    !json_is_true(json_object_get(n, "number_said")) ? "" : json_is_true(json_object_get(n, "phone")) ? " another number" : " no number");
		if (json_integer_value(json_object_get(n, "merged")) > 0)
			(void)printf(" merged with %lld other id(s)", (long long)json_integer_value(json_object_get(n, "merged")));
		(void)putchar('\n');
	}
}

static void
print_outcome(const json_t *a)
{
	size_t i;
	json_t *t;

	(void)printf("%s of %s, %s, start %s\n", call_text(a, "id"), call_text(a, "site"), call_text(a, "status"), call_text(a, "start"));
	json_array_foreach(json_object_get(a, "texts"), i, t) {
		(void)printf("    %s%s%s  ", call_text(t, "kind"), call_text(t, "rule")[0] ? " " : "", call_text(t, "rule"));
		if (call_text(t, "sent")[0])
			(void)printf("would go %s\n        %s\n", call_text(t, "sent"), call_text(t, "words"));
		else
			(void)printf("%s: %s (due %s)\n", call_text(t, "state"), call_text(t, "reason_text"), call_text(t, "due"));
	}
}

static int
print(const struct call *c, json_t *messages, json_t *outcomes)
{
	size_t i;
	json_t *x;

	if (c->json)
		return call_print_json(json_pack("{s:O, s:O}", "messages", messages, "appointments", outcomes));
	json_array_foreach(messages, i, x) {
		print_message(x);
		print_news(x);
	}
	(void)putchar('\n');
	json_array_foreach(outcomes, i, x)
		print_outcome(x);
	(void)puts("\nnothing was sent; sites count as approved here");
	return 0;
}

/* ---- the command ---- */

static bool
load(struct simulation *x, const char *path)
{
	struct conf_faults faults;
	bool ok = settings_load(path, CONF_CHECK, &x->settings, &faults);

	for (size_t i = 0; !ok && i < faults.n; i++) {
		char line[1024];

		settings_fault_text(&faults.item[i], line, sizeof line);
		(void)fprintf(stderr, "%s\n", line);
	}
	conf_faults_clear(&faults);
	if (!ok)
		return false;
	x->environments = calloc(x->settings.rules->conf->environments_n, sizeof(struct conf_environment *));
	x->index = hl7_new();
	for (size_t i = 0; x->environments && i < x->settings.rules->conf->environments_n; i++)
		x->environments[i] = &x->settings.rules->conf->environments[i];
	return x->environments && x->index;
}

/* "2026-11-20T10:00:00-06:00", or "Z", or nothing for UTC behind the seconds. */
static bool
time_from(const char *s, int64_t *out_s)
{
	struct civil c;
	int used = 0, hours = 0, minutes = 0;
	char sign = '+';

	if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &c.year, &c.month, &c.day, &c.hour, &c.minute, &c.second, &used) != 6 ||
	    !civil_valid(&c))
		return false;
	s += used;
	if (s[0] && strcmp(s, "Z") != 0 && (sscanf(s, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || s[used]))
		return false;
	*out_s = civil_days(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second -
	    (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

static bool
run(struct simulation *x, const struct call *c, int64_t at_s)
{
	int64_t real = clock_now().wall_ms / 1000;

	x->read_at_s = at_s > real ? at_s : real;
	for (int i = 0; i < c->argc; i++) {
		struct buf all;
		bool ok;

		buf_init(&all, FILE_MAX);
		x->file = c->argv[i];
		ok = call_read_file(x->file, &all, &x->f) && call_each_message(buf_span(&all), one_message, x);
		buf_wipe(&all);
		if (!ok)
			return false;
	}
	return rehearsal_pass(x->stage, rehearsal_now(x->stage) + FOR_EVER, &x->f);
}

int
command_simulate(struct call *c)
{
	struct simulation x = { .messages = json_array(), .show_phi = call_flag(c, "--show-phi") };
	const char *then = call_option(c, "--config"), *since = call_option(c, "--since"), *at = call_option(c, "--at");
	int64_t at_s = clock_now().wall_ms / 1000;
	json_t *outcomes = NULL;
	int status = EXIT_FAILURE;

	if (then && since && (then[0] || since[0])) {
		json_decref(x.messages);
		return command_foresee(c, then, since);
	}
	x.by_message = at && strcmp(at, "message") == 0;
	if (!at || !then || !since || c->argc == 0 || !c->conf || (at[0] && !x.by_message && !time_from(at, &at_s))) {
		json_decref(x.messages);
		return call_usage(HELP);
	}
	if (x.by_message)
		at_s = 0; /* the first message says when it begins */
	if (!load(&x, c->conf))
		status = EXIT_CONF;
	else if (rehearsal_new(x.settings.rules, at_s, &x.stage, &x.f) && run(&x, c, at_s) && (outcomes = outcomes_of(&x)))
		status = print(c, x.messages, outcomes);
	else
		(void)fprintf(stderr, "nudgectl: %s\n", x.f.text);
	rehearsal_free(x.stage);
	hl7_free(x.index);
	free(x.environments);
	settings_clear(&x.settings);
	json_decref(x.messages);
	json_decref(outcomes);
	return status;
}

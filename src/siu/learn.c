/* learn.c - a feed looked at as a whole: which fields hold what, how often, and what a site block would say. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/siu_learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN_MAX 1024 /* different values of all topics */
#define VALUE_MAX 160 /* bytes, terminator included */
#define FEW 5         /* a value of fewer messages is not shown */
#define SHOWN_MAX 12  /* values of one topic */
#define PART_MAX 78   /* bytes of one half of a pair */

enum topic { /* in the order of the proposal */
	T_SENDER, T_EVENT, T_VERSION, T_PROCESSING, T_ACK, T_ENDS, T_CHARSET, T_ID, T_START, T_CLOCK, T_PHONE, T_KIND, T_LANGUAGE, T_STATUS,
	T_DEPARTMENT, T_VISIT_TYPE, T_Z, TOPICS
};
static const char *const topic_name[TOPICS] = { "MSH-3^MSH-4", "events", "versions", "MSH-11", "MSH-15/16", "segments end in",
	"character set", "ids", "start time in", "offsets", "number in", "kind of number said by", "language", "status", "departments",
	"visit types", "Z segments" };

struct seen {
	enum topic topic;
	char value[VALUE_MAX];
	unsigned n;
};

struct siu_learn {
	struct seen seen[SEEN_MAX];
	size_t n;
	unsigned messages, unreadable, without_phone, over; /* over: values that found no place */
};

struct siu_learn *
siu_learn_new(void)
{
	return calloc(1, sizeof(struct siu_learn));
}

void
siu_learn_free(struct siu_learn *l)
{
	free(l);
}

/* ---- counting ---- */

static void
note(struct siu_learn *l, enum topic topic, struct span value)
{
	char text[VALUE_MAX];

	value = span_trim(value);
	if (value.n == 0 || value.n >= sizeof text)
		return;
	span_copy(text, sizeof text, value);
	/* A field that slipped may hold a number of the patient's. */
	for (char *p = text; (topic == T_KIND || topic == T_LANGUAGE) && *p; p++)
		if (*p >= '0' && *p <= '9')
			*p = '9';
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i].topic == topic && strcmp(l->seen[i].value, text) == 0) {
			l->seen[i].n++;
			return;
		}
	if (l->n == SEEN_MAX) {
		l->over++;
		return;
	}
	l->seen[l->n].topic = topic;
	memcpy(l->seen[l->n].value, text, sizeof text);
	l->seen[l->n++].n = 1;
}

static void
note_text(struct siu_learn *l, enum topic topic, const char *value)
{
	note(l, topic, span_of(value));
}

static struct span
at(const struct hl7 *m, const char *path)
{
	struct hl7_path p;
	struct fault f = { .kind = FAULT_NONE };

	return hl7_path_read(path, &p, &f) ? span_trim(hl7_get(m, hl7_whole(m), &p)) : SPAN_NONE;
}

static bool
has(const struct hl7 *m, const char *path)
{
	struct span v = at(m, path);

	return v.n > 0 && !hl7_is_null(v);
}

/* The first of these paths that has something, by its name. */
static void
note_first(struct siu_learn *l, const struct hl7 *m, enum topic topic, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (has(m, paths[i])) {
			note_text(l, topic, paths[i]);
			return;
		}
	note_text(l, topic, "nowhere");
}

static void
look_at_ends(struct siu_learn *l, struct span raw)
{
	bool cr = memchr(raw.p, '\r', raw.n) != NULL, lf = memchr(raw.p, '\n', raw.n) != NULL;

	note_text(l, T_ENDS, cr && lf ? "CR LF" : cr ? "CR" : lf ? "LF" : "nothing");
}

/* Two values with a mark between. */
static void
note_pair(struct siu_learn *l, enum topic topic, struct span a, char mark, struct span b, const char *neither)
{
	char text[VALUE_MAX];

	if (a.n == 0 && b.n == 0) {
		note_text(l, topic, neither);
		return;
	}
	(void)snprintf(text, sizeof text, "%.*s%c%.*s", (int)(a.n < PART_MAX ? a.n : PART_MAX), a.n ? a.p : "", mark,
	    (int)(b.n < PART_MAX ? b.n : PART_MAX), b.n ? b.p : "");
	note_text(l, topic, text);
}

static void
look_at_header(struct siu_learn *l, const struct hl7 *m, struct span raw)
{
	struct span name, msh18 = at(m, "MSH-18");
	bool guessed;
	static const char *const sets[] = { [HL7_UTF8] = "valid UTF-8", [HL7_LATIN1] = "Latin-1", [HL7_CP1252] = "Windows-1252",
		[HL7_OTHER] = "as declared", [HL7_CHARSET_UNSUPPORTED] = "cannot be read" };
	enum hl7_charset set = hl7_charset_of(raw, hl7_field(m, 0, 18), &name, &guessed);

	note_pair(l, T_SENDER, at(m, "MSH-3.1"), '^', at(m, "MSH-4.1"), "none");
	note(l, T_EVENT, at(m, "MSH-9.2").n ? at(m, "MSH-9.2") : SPAN_LIT("none"));
	note(l, T_VERSION, at(m, "MSH-12.1").n ? at(m, "MSH-12.1") : SPAN_LIT("empty"));
	note(l, T_PROCESSING, at(m, "MSH-11.1").n ? at(m, "MSH-11.1") : SPAN_LIT("empty"));
	note_pair(l, T_ACK, at(m, "MSH-15"), '/', at(m, "MSH-16"), "empty");
	note_pair(l, T_CHARSET, span_of(sets[set]), ',', msh18.n ? msh18 : SPAN_LIT("not declared"), "");
	if (guessed)
		note_text(l, T_CHARSET, "guessed");
}

static void
look_at_visit(struct siu_learn *l, const struct hl7 *m)
{
	static const char *const ids[] = { "SCH-2.1", "SCH-1.1", "PV1-19.1" }, *const departments[] = { "AIL-3.1", "RGS-3.2", "PV1-3.1" },
	    *const types[] = { "AIS-3.2", "SCH-8.2", "SCH-8.1", "SCH-7.2", "SCH-7.1", "AIS-3.1" },
	    *const starts[] = { "SCH-11.4", "TQ1-7", "AIS-4", "AIP-6", "AIL-6", "AIG-8" };
	char text[VALUE_MAX] = "";
	struct hl7_time t;

	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
		if (has(m, ids[i]))
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", text[0] ? " + " : "", ids[i]);
	note_text(l, T_ID, text[0] ? text : "none");
	note_first(l, m, T_START, starts, sizeof starts / sizeof starts[0]);
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (has(m, starts[i])) {
			if (hl7_time_read(at(m, starts[i]), &t) == HL7_TIME_OK)
				note_text(l, T_CLOCK, t.has_offset ? "the start has an offset" : "the start has none");
			break;
		}
	if (hl7_time_read(at(m, "MSH-7.1"), &t) == HL7_TIME_OK)
		note_text(l, T_CLOCK, t.has_offset ? "MSH-7 has an offset" : "MSH-7 has none");
	note(l, T_STATUS, at(m, "SCH-25.2").n ? at(m, "SCH-25.2") : at(m, "SCH-25.1"));
	for (size_t i = 0; i < sizeof departments / sizeof departments[0]; i++)
		if (has(m, departments[i])) {
			note(l, T_DEPARTMENT, at(m, departments[i]));
			break;
		}
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (has(m, types[i])) {
			note(l, T_VISIT_TYPE, at(m, types[i]));
			break;
		}
}

/* Where in the XTN the digits stand, and what says which kind of phone it is;
 * nothing of the number itself. */
static void
look_at_phone(struct siu_learn *l, const struct hl7 *m)
{
	static const char *const numbers[] = { "PID-13.1", "PID-13.7", "PID-13.12", "PID-13.4", "PID-14.1", "PID-14.7", "PID-40.1", "PID-40.7" };

	if (!has(m, "PID-13") && !has(m, "PID-14") && !has(m, "PID-40")) {
		l->without_phone++;
		return;
	}
	note_first(l, m, T_PHONE, numbers, sizeof numbers / sizeof numbers[0]);
	note_pair(l, T_KIND, at(m, "PID-13.2"), '/', at(m, "PID-13.3"), "nothing");
	note(l, T_LANGUAGE, at(m, "PID-15.1"));
}

bool
siu_learn_add(struct siu_learn *l, struct hl7 *index, struct span raw)
{
	enum hl7_result r = hl7_read(index, raw);
	char last[4] = "";

	l->messages++;
	if (r != HL7_OK) {
		l->unreadable++;
		return false;
	}
	look_at_ends(l, raw);
	look_at_header(l, index, raw);
	look_at_visit(l, index);
	look_at_phone(l, index);
	for (unsigned i = 1; i < hl7_segments(index); i++) {
		struct span name = hl7_name(index, i);

		if (name.n == 3 && (name.p[0] | 32) == 'z' && !span_is(name, last)) {
			note(l, T_Z, name);
			span_copy(last, sizeof last, name);
		}
	}
	return true;
}

/* ---- the proposal ---- */

static const struct seen *
most(const struct siu_learn *l, enum topic topic, const struct seen *less_than)
{
	const struct seen *best = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct seen *s = &l->seen[i];

		if (s->topic != topic || (less_than && (s->n > less_than->n || (s->n == less_than->n && s <= less_than))))
			continue;
		if (!best || s->n > best->n)
			best = s;
	}
	return best;
}

static bool
is_shown(const struct seen *s)
{
	static const bool free_text[TOPICS] = { [T_DEPARTMENT] = true, [T_VISIT_TYPE] = true, [T_STATUS] = true, [T_LANGUAGE] = true,
		[T_KIND] = true };

	return s->n >= FEW || !free_text[s->topic];
}

static void
write_topic(const struct siu_learn *l, enum topic topic, struct buf *out)
{
	unsigned few = 0, shown = 0;

	if (!most(l, topic, NULL))
		return;
	(void)buf_addf(out, "# %s:", topic_name[topic]);
	for (const struct seen *s = most(l, topic, NULL); s; s = most(l, topic, s)) {
		if (!is_shown(s) || shown == SHOWN_MAX) {
			few++;
			continue;
		}
		(void)buf_addf(out, "%s %s (%u)", shown++ ? "," : "", s->value, s->n);
	}
	if (few > 0)
		(void)buf_addf(out, "%s %u more with few messages each", shown ? "," : "", few);
	(void)buf_add_char(out, '\n');
}

static unsigned
count_of(const struct siu_learn *l, enum topic topic, const char *value)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->seen[i].topic == topic && strcmp(l->seen[i].value, value) == 0)
			return l->seen[i].n;
	return 0;
}

static const char *
profile_of(const struct siu_learn *l)
{
	const struct seen *id = most(l, T_ID, NULL), *sender = most(l, T_SENDER, NULL);

	if (sender && (strncmp(sender->value, "EPIC", 4) == 0 || strncmp(sender->value, "SCHED", 5) == 0 || strncmp(sender->value, "CADENCE", 7) == 0))
		return "epic";
	if (id && strncmp(id->value, "SCH-1.1", 7) == 0)
		return "oracle-health";
	return "generic";
}

static void
write_doubts(const struct siu_learn *l, struct buf *out)
{
	if (count_of(l, T_CLOCK, "the start has none") > 0)
		(void)buf_add_text(out, "# the start has no offset: compare one visit with the EHR's screen before going live; time_zone decides\n");
	if (count_of(l, T_CLOCK, "the start has none") > 0 && count_of(l, T_CLOCK, "the start has an offset") > 0)
		(void)buf_add_text(out, "# some starts have an offset and some have none: ask the sender which is meant\n");
	if (count_of(l, T_START, "nowhere") > 0)
		(void)buf_addf(out, "# %u messages have no start where the standard has it: name the place in paths\n", count_of(l, T_START, "nowhere"));
	if (count_of(l, T_ID, "none") > 0)
		(void)buf_addf(out, "# %u messages have no appointment id\n", count_of(l, T_ID, "none"));
	if (l->without_phone > 0)
		(void)buf_addf(out, "# %u of %u messages bring no phone number in PID-13, PID-14 or PID-40\n", l->without_phone, l->messages);
	if (l->unreadable > 0)
		(void)buf_addf(out, "# %u messages could not be read at all\n", l->unreadable);
	if (most(l, T_Z, NULL))
		(void)buf_add_text(out, "# Z segments are the sender's own: a consent or a link may stand there (profile: consent; site: link)\n");
	if (l->over > 0)
		(void)buf_add_text(out, "# there were more different values than are counted\n");
}

bool
siu_learn_write(const struct siu_learn *l, const char *title, struct buf *out)
{
	const struct seen *sender = most(l, T_SENDER, NULL), *set = most(l, T_ACK, NULL);
	struct span facility = SPAN_NONE, application = SPAN_NONE;

	if (sender && strcmp(sender->value, "none") != 0)
		application = span_cut(span_of(sender->value), '^', &facility);
	(void)buf_addf(out, "# learned from %u message%s\n", l->messages, l->messages == 1 ? "" : "s");
	for (int t = 0; t < TOPICS; t++)
		write_topic(l, (enum topic)t, out);
	write_doubts(l, out);
	(void)buf_addf(out, "site \"%s\" {\n    profile             = %s\n", title, profile_of(l));
	(void)buf_addf(out, "    sending_application = \"%.*s\"\n    sending_facility    = \"%.*s\"\n", (int)application.n,
	    application.n ? application.p : "", (int)facility.n, facility.n ? facility.p : "");
	if (set && strcmp(set->value, "empty") != 0)
		(void)buf_add_text(out, "    # ack_mode          = auto     # it asks for enhanced acknowledgement; most engines are content with AA\n");
	(void)buf_add_text(out, "    # environment, fhir_base_url, time_zone and number are yours to say\n}\n");
	return !out->spoilt;
}

/* site_words.c - the templates of a site under its settings: what may be missing, lead away, cost or tell too much. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/site_words.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nudge/builtin.h"
#include "nudge/policy.h"
#include "words.h"

#define CHARACTERS_ADVISED 320
#define FIELD_LINK_CHARS 80

/* ---- values ---- */

void
rules_values(const struct site_rules *s, struct sms_values *out)
{
	*out = (struct sms_values){ .organization = span_of(s->site->organization_name),
		.site = span_of(s->site->name), .contact = span_of(s->site->contact), .zone = s->zone,
		.emergency = span_of(sms_emergency_number(s->site->country)),
		.as_is = !s->site->smart_encoding, .plain_names = !s->site->names_keep_accents };
	for (int m = 0; m < MODALITIES; m++)
		out->no_link_for |= link_fits(s->site, (enum modality)m) ? 0 : 1u << m;
	out->may_be = (s->site->video_if.n ? 1u << MODALITY_VIDEO : 0) | (s->site->phone_if.n ? 1u << MODALITY_PHONE : 0) |
	    (s->site->office_if.n ? 1u << MODALITY_OFFICE : 0);
}

struct span
rules_link(const struct site_rules *s, const char *link, struct span appointment_id, int64_t start_s, char out[RULES_LINK_MAX])
{
	const struct link_facts x = { .appointment_id = appointment_id, .key = s->has_link_key ? s->link_key : NULL,
		.expires_s = s->site->link_valid_s > 0 ? start_s + s->site->link_valid_s : 0 };
	struct span done = SPAN_NONE;
	struct buf b;

	if (!link[0] || !link_allowed(s->site, span_of(link)))
		return done;
	/* A link from a field is the sender's own, braces or not. */
	if (!strstr(s->site->link, "://") && link != s->site->device_test_link)
		return span_from(out, span_copy(out, RULES_LINK_MAX, span_of(link)));
	buf_init(&b, RULES_LINK_MAX - 1);
	if (link_fill(span_of(link), &x, &b))
		done = span_from(out, span_copy(out, RULES_LINK_MAX, buf_span(&b)));
	buf_wipe(&b);
	return done;
}

void
rules_example(const struct site_rules *s, struct rules_example *out)
{
	const struct conf_site *site = s->site;
	const int64_t start_s = civil_days(2027, 9, 22) * 86400 + 58500; /* a Wednesday */
	struct span id = SPAN_LIT("1234567890");
	int n = 0;

	rules_values(s, &out->values);
	out->values.start_s = start_s;
	out->values.choices_n = 2;
	for (size_t i = 0; i < out->values.choices_n; i++) {
		out->values.choice[i].start_s = start_s + (int64_t)i * 86400;
		out->values.choice[i].zone = s->zone;
	}
	out->values.zone_shown = true;
	out->values.device_test_link = rules_link(s, site->device_test_link, id, start_s, out->device_test_link);
	if (strstr(site->link, "://")) {
		out->values.link = rules_link(s, site->link, id, start_s, out->link);
	} else if (site->link[0]) {
		n = snprintf(out->link, sizeof out->link, "https://%.256s/",
		    site->link_domains.n > 0 ? site->link_domains.item[0] : "visit.example");
		for (; n < FIELD_LINK_CHARS; n++)
			out->link[n] = (char)('0' + n % 10);
		out->values.link = span_from(out->link, (size_t)n);
	}
}

/* ---- checks ---- */

struct looking {
	const struct site_rules *s;
	const struct sms_templates *t;
	enum text_kind kind;
	struct conf_faults *faults;
};

__attribute__((format(printf, 3, 4))) static void
say(const struct looking *l, bool warning, const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	conf_fault_add(l->faults, &l->s->site->at, warning, "site \"%s\": [%s] in %s %s", l->s->site->title,
	    text_kind_name(l->kind), sms_templates_language(l->t), text);
}

static bool
joins_only_some(const struct conf_site *s)
{
	return s->video_if.n + s->phone_if.n + s->office_if.n > 0;
}

/* What would make it never be missing; NULL when it never is. */
static const char *
missing(const struct conf_site *s, enum variable v)
{
	switch (v) {
	case VARIABLE_CONTACT:
		return s->contact[0] ? NULL : "the site has no contact";
	case VARIABLE_LINK:
		return s->link[0] && s->link_required && !joins_only_some(s) ? NULL :
		    joins_only_some(s) ? "a visit may be one without a link (video_if, phone_if, office_if)" :
		                         "a message may bring no link (link_required = false)";
	case VARIABLE_DEVICE_TEST_LINK:
		return !s->device_test_link[0] ? "the site has no device_test_link" :
		    joins_only_some(s)     ? "a visit may be one without a link (video_if, phone_if, office_if)" : NULL;
	case VARIABLE_OTHER_TIMES:
		return "most patients have one visit on a day";
	case VARIABLE_ORGANIZATION:
	case VARIABLE_SITE:
	case VARIABLE_START_DATE:
	case VARIABLE_START_TIME:
	case VARIABLE_CHOICES:
	case VARIABLE_EMERGENCY:
	case VARIABLES:
		break;
	}
	return NULL;
}

static void
check_missing(const struct looking *l)
{
	const struct words *w = &l->t->kind[l->kind];
	bool inside = false;

	for (size_t i = 0; i < w->parts_n; i++) {
		const char *why = w->part[i].kind == PART_VALUE && !inside ? missing(l->s->site, w->part[i].variable) : NULL;

		if (w->part[i].kind == PART_OPEN || w->part[i].kind == PART_CLOSE)
			inside = w->part[i].kind == PART_OPEN;
		if (why)
			say(l, false, "has {%s} outside of [[ ]], and %s: patients would read a gap; put the words around it into [[ ]]",
			    variable_name(w->part[i].variable), why);
	}
}

/* The next address that is written out; empty at the end. */
static struct span
next_address(struct span *rest)
{
	size_t from = 0, n;

	while (rest->n - from >= 4) {
		struct span at = span_from(rest->p + from, rest->n - from);
		bool scheme = memcmp(at.p, "://", 3) == 0;

		if (!scheme && !span_is_nocase(span_from(at.p, 4), "www.")) {
			from++;
			continue;
		}
		n = scheme ? 3 : 0;
		while (n < at.n && !strchr(" \n\"'()<>,", at.p[n]))
			n++;
		*rest = span_from(at.p + n, at.n - n);
		return span_from(at.p, n);
	}
	return SPAN_NONE;
}

static void
check_addresses(const struct looking *l)
{
	const struct words *w = &l->t->kind[l->kind];

	for (size_t i = 0; i < w->parts_n; i++) {
		struct span rest = w->part[i].kind == PART_WORDS ? span_from(w->text.p + w->part[i].at, w->part[i].n) : SPAN_NONE;

		for (struct span a = next_address(&rest); a.n > 0; a = next_address(&rest)) {
			struct span host = link_host(a);

			if (!link_in_domains(l->s->site, host))
				say(l, false, "has a link to %.*s, which is not in link_domains", (int)(host.n < 100 ? host.n : 100), host.p);
		}
	}
}

/* The character as it is written, and its number. */
static void
spell(uint32_t c, char out[16])
{
	char utf8[5] = { 0 };
	size_t n = 0;

	if (c < 0x80) {
		utf8[n++] = (char)c;
	} else if (c < 0x800) {
		utf8[n++] = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		utf8[n++] = (char)(0xe0 | c >> 12);
		utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		utf8[n++] = (char)(0xf0 | c >> 18);
		utf8[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		utf8[n++] = (char)(0x80 | (c & 0x3f));
	(void)snprintf(out, 16, "%s U+%04X", utf8, c);
}

static void
check_size(const struct looking *l)
{
	struct rules_example x;
	struct sms_size size;
	char character[16];

	rules_example(l->s, &x);
	size = sms_worst(l->t, l->kind, &x.values);
	if (size.segments == 0) {
		say(l, false, "can be longer than %d characters, the most that the gateway takes", SMS_CHARS_MAX);
		return;
	}
	spell(size.culprit, character);
	if (size.ucs2 && size.segments > 1)
		say(l, true, "takes up to %u segments: %s is not in the SMS alphabet, which leaves 70 characters for a segment instead of 160",
		    size.segments, character);
	if (size.units > CHARACTERS_ADVISED)
		say(l, true, "takes up to %u characters: over %d some phones and carriers cut texts", size.units, CHARACTERS_ADVISED);
}

/* With the site's own names, which may be the part that tells. */
static void
check_telling(const struct looking *l)
{
	const struct builtin *list = builtin_find("schemas/words/medical");
	const struct words *w = &l->t->kind[l->kind];
	struct buf seen;
	struct span word;

	assert(list);
	buf_init(&seen, 2 * WORDS_MAX_BYTES);
	for (size_t i = 0; i < w->parts_n; i++) {
		const struct part *p = &w->part[i];

		if (p->kind == PART_WORDS)
			(void)buf_add(&seen, w->text.p + p->at, p->n);
		else if (p->kind == PART_VALUE && p->variable == VARIABLE_SITE)
			(void)buf_add_span(&seen, span_of(l->s->site->name));
		else
			(void)buf_add_char(&seen, '.');
	}
	word = lint_listed(buf_span(&seen), span_from(list->text, list->n));
	buf_clear(&seen);
	if (word.n > 0)
		say(l, true, "tells what the visit is about (\"%.*s\"): others may read it", (int)word.n, word.p);
}

void
site_words_check(const struct site_rules *s, struct conf_faults *faults)
{
	for (size_t i = 0; i < s->site->languages.n; i++)
		for (int k = 0; k < TEXT_KINDS; k++) {
			const struct looking l = { s, s->templates[i], (enum text_kind)k, faults };

			check_missing(&l);
			check_addresses(&l);
			check_size(&l);
			check_telling(&l);
		}
}

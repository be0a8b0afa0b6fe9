/* template.c - a template file, checked and cut into words, values and parts that may be left out. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include "nudge/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/utf8.h>

#define NONE SIZE_MAX

struct reader {
	struct sms_templates *t;
	struct words *now;   /* the section being read; NULL before the first */
	size_t open;         /* part that opened [[ in it, NONE when none did */
	bool open_has_value;
	int line, open_line;
	struct fault *f;
};

static const char *const names[VARIABLES] = { "organization", "site", "contact", "start_date", "start_time",
	"other_times", "link", "device_test_link", "choices", "emergency" };

const char *
variable_name(enum variable v)
{
	return v < VARIABLES ? names[v] : "";
}

#define refuse(r, ...) fault_set((r)->f, FAULT_OPERATOR, __VA_ARGS__)

static struct part *
add_part(struct reader *r, enum part_kind kind)
{
	struct words *w = r->now;

	assert(w);
	if (w->parts_n == PARTS_MAX) {
		(void)refuse(r, "more than %d variables and [[ ]] in one text", PARTS_MAX / 2);
		return NULL;
	}
	w->part[w->parts_n] = (struct part){ .kind = kind };
	return &w->part[w->parts_n++];
}

static bool
add_bytes(struct reader *r, const char *p, size_t n)
{
	struct words *w = r->now;
	struct part *last = w->parts_n > 0 ? &w->part[w->parts_n - 1] : NULL;

	if (!last || last->kind != PART_WORDS) {
		last = add_part(r, PART_WORDS);
		if (!last)
			return false;
		last->at = w->text.n;
	}
	last->n += n;
	return buf_add(&w->text, p, n) || refuse(r, "the text is longer than %d characters", SMS_CHARS_MAX);
}

static bool
open_group(struct reader *r)
{
	if (r->open != NONE)
		return refuse(r, "[[ inside of [[ ]]: close the first one before");
	if (!add_part(r, PART_OPEN))
		return false;
	r->open = r->now->parts_n - 1;
	r->open_line = r->line;
	r->open_has_value = false;
	return true;
}

static bool
close_group(struct reader *r)
{
	if (r->open == NONE)
		return refuse(r, "]] without [[ before it");
	if (!r->open_has_value)
		return refuse(r, "the part in [[ ]] has no variable and no {if ...}, so nothing would leave it out");
	if (!add_part(r, PART_CLOSE))
		return false;
	r->now->part[r->open].at = r->now->parts_n - 1;
	r->open = NONE;
	return true;
}

/* A response is about a visit only when the patient answered one. */
static bool
has_value(const struct reader *r, enum variable v)
{
	enum text_kind k = (enum text_kind)(r->now - r->t->kind);

	switch (v) {
	case VARIABLE_START_DATE:
	case VARIABLE_START_TIME:
		return !text_is_response(k) || k == TEXT_CONFIRMED || k == TEXT_DECLINED;
	case VARIABLE_OTHER_TIMES:
	case VARIABLE_LINK:
	case VARIABLE_DEVICE_TEST_LINK:
		return !text_is_response(k);
	case VARIABLE_CHOICES:
		return k == TEXT_WHICH_VISIT;
	case VARIABLE_ORGANIZATION:
	case VARIABLE_SITE:
	case VARIABLE_CONTACT:
	case VARIABLE_EMERGENCY:
	case VARIABLES:
		break;
	}
	return true;
}

static bool
add_value(struct reader *r, struct span name)
{
	for (int v = 0; v < VARIABLES; v++) {
		struct part *p;

		if (!span_is(name, names[v]))
			continue;
		if (!has_value(r, (enum variable)v))
			return refuse(r, "{%s} is not known in a text of this kind", names[v]);
		p = add_part(r, PART_VALUE);
		if (!p)
			return false;
		p->variable = (enum variable)v;
		r->open_has_value = true;
		return true;
	}
	return refuse(r, "unknown variable {%.*s}: there are organization, site, contact, start_date, "
	    "start_time, other_times, link, device_test_link, emergency and choices", (int)(name.n > 40 ? 40 : name.n), name.p ? name.p : "");
}

/* {if video} */
static bool
add_if(struct reader *r, struct span name)
{
	enum text_kind k = (enum text_kind)(r->now - r->t->kind);
	struct part *p;
	int m;

	if (text_is_response(k))
		return refuse(r, "{if ...} is not known in a text of this kind");
	if (r->open == NONE)
		return refuse(r, "{if %.*s} outside of [[ ]]: it says when the part that it stands in is said", (int)(name.n > 40 ? 40 : name.n),
		    name.p ? name.p : "");
	for (m = MODALITY_OFFICE; m < MODALITIES && !span_is(name, modality_name((enum modality)m)); m++)
		;
	if (m == MODALITIES)
		return refuse(r, "{if %.*s}: there are {if video}, {if phone} and {if office}", (int)(name.n > 40 ? 40 : name.n),
		    name.p ? name.p : "");
	p = add_part(r, PART_IF);
	if (!p)
		return false;
	p->modality = (enum modality)m;
	r->open_has_value = true;
	return true;
}

/* One of the marks at rest.p; *used: its bytes. */
static bool
read_mark(struct reader *r, struct span rest, size_t *used)
{
	const char *end;
	struct span name;

	*used = 2;
	if (rest.n >= 2 && memcmp(rest.p, "[[", 2) == 0)
		return open_group(r);
	if (rest.n >= 2 && memcmp(rest.p, "]]", 2) == 0)
		return close_group(r);
	if (rest.n >= 2 && memcmp(rest.p, "\\n", 2) == 0)
		return add_bytes(r, "\n", 1);
	*used = 1;
	if (rest.p[0] == '}')
		return refuse(r, "} without { before it");
	if (rest.p[0] != '{')
		return add_bytes(r, rest.p, 1);
	end = memchr(rest.p, '}', rest.n);
	if (!end)
		return refuse(r, "{ without } in the same line: a variable is written {start_date}");
	*used = (size_t)(end - rest.p) + 1;
	name = span_trim(span_from(rest.p + 1, *used - 2));
	if (name.n > 3 && memcmp(name.p, "if ", 3) == 0)
		return add_if(r, span_trim(span_from(name.p + 3, name.n - 3)));
	return add_value(r, name);
}

static bool
ends_new_line(const struct words *w)
{
	return w->part[w->parts_n - 1].kind == PART_WORDS && w->text.p[w->text.n - 1] == '\n';
}

static bool
read_words(struct reader *r, struct span line)
{
	bool at_new_line = r->now->parts_n == 0 || ends_new_line(r->now);
	bool begins_new = line.n >= 2 && memcmp(line.p, "\\n", 2) == 0;

	if (!at_new_line && !begins_new && !add_bytes(r, " ", 1))
		return false;
	for (size_t at = 0; at < line.n;) {
		size_t n = 0;

		while (at + n < line.n && !strchr("[]{}\\", line.p[at + n]))
			n++;
		if (n > 0 && !add_bytes(r, line.p + at, n))
			return false;
		if (n == 0 && !read_mark(r, span_from(line.p + at, line.n - at), &n))
			return false;
		at += n;
	}
	return true;
}

/* Who opens the link of a visit that will not be waits for nobody. */
static bool
check_no_link(struct reader *r)
{
	if (!sms_uses_link(r->t, TEXT_CANCELED))
		return true;
	return refuse(r, "[canceled] has {link} or {device_test_link}: a cancellation never has the visit's link");
}

/* The words as a stranger would see them: a value is a digit, which no rule is about. */
static bool
check_words(struct reader *r)
{
	struct words *w = r->now;
	struct buf seen;
	bool ok;

	if (!w)
		return true;
	if (r->open != NONE) {
		r->line = r->open_line;
		return refuse(r, "[[ without ]] in the same text");
	}
	r->line = w->line;
	buf_init(&seen, WORDS_MAX_BYTES + PARTS_MAX);
	for (size_t i = 0; i < w->parts_n; i++) {
		const struct part *p = &w->part[i];

		if (p->kind == PART_WORDS)
			(void)buf_add(&seen, w->text.p + p->at, p->n);
		else if (p->kind == PART_VALUE)
			(void)buf_add_char(&seen, '0');
	}
	ok = !seen.spoilt || refuse(r, "no memory for a template");
	if (ok && w == &r->t->kind[TEXT_CANCELED])
		ok = check_no_link(r);
	if (ok && utf16_units(buf_span(&seen)) > SMS_CHARS_MAX)
		ok = refuse(r, "the text is longer than %d characters", SMS_CHARS_MAX);
	if (ok && !lint_text(buf_span(&seen), r->f))
		ok = fault_at(r->f, "[%s]", text_kind_name((enum text_kind)(w - r->t->kind)));
	buf_clear(&seen);
	return ok;
}

static bool
begin_section(struct reader *r, struct span title)
{
	int at = r->line;

	if (!check_words(r))
		return false;
	r->line = at;
	for (int k = 0; k < TEXT_KINDS; k++) {
		if (!span_is(title, text_kind_name((enum text_kind)k)))
			continue;
		r->now = &r->t->kind[k];
		if (r->now->line > 0)
			return refuse(r, "[%s] is here twice: the first is in line %d",
			    text_kind_name((enum text_kind)k), r->now->line);
		r->now->line = r->line;
		return true;
	}
	return refuse(r, "unknown title [%.*s]: there are [booked], [changed], [canceled] and [reminder]; for who writes back "
	    "[stopped], [not-canceled], [resumed], [help], [confirmed], [declined], [which-visit] and [unread]",
	    (int)(title.n > 40 ? 40 : title.n), title.p ? title.p : "");
}

static bool
read_line(struct reader *r, struct span line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	line = span_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return true;
	for (size_t i = 0; i < line.n;) {
		UChar32 c;

		U8_NEXT((const uint8_t *)line.p, i, line.n, c);
		if (c < 0)
			return refuse(r, "the file is not UTF-8: save it as UTF-8");
		if (c < 0x20 || c == 0x7f)
			return refuse(r, "a control character: write a blank, or \\n for a line feed");
	}
	if (line.p[0] == '[' && line.p[line.n - 1] == ']' && (line.n < 2 || line.p[1] != '['))
		return begin_section(r, span_trim(span_from(line.p + 1, line.n - 2)));
	if (!r->now)
		return refuse(r, "words before the first title: begin with [booked]");
	return read_words(r, line);
}

static bool
says(const struct words *w, enum variable v)
{
	for (size_t i = 0; i < w->parts_n; i++)
		if (w->part[i].kind == PART_VALUE && w->part[i].variable == v)
			return true;
	return false;
}

static bool
read_file(struct reader *r, struct span text)
{
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = span_from(text.p + 3, text.n - 3);
	while (text.n > 0) {
		struct span line = span_cut(text, '\n', &text);

		r->line++;
		if (!read_line(r, line))
			return false;
	}
	if (!check_words(r))
		return false;
	r->line = 0;
	r->now = &r->t->kind[TEXT_WHICH_VISIT];
	if (r->now->parts_n > 0 && !says(r->now, VARIABLE_CHOICES))
		return refuse(r, "[which-visit] does not say {choices}");
	for (int k = 0; k < TEXT_PLANNED_KINDS; k++)
		if (r->t->kind[k].parts_n == 0)
			return refuse(r, "has no text for [%s]", text_kind_name((enum text_kind)k));
	return true;
}

static bool
take_version(struct sms_templates *t, struct span text)
{
	uint8_t sum[DIGEST_BYTES];

	if (!digest_sha256(text, sum))
		return false;
	for (int i = 0; i < 6; i++)
		t->version = t->version << 8 | sum[i];
	return true;
}

bool
sms_templates_read(const char *name, const char *language, struct span text, struct sms_templates **out,
    struct fault *f)
{
	struct sms_templates *t = calloc(1, sizeof *t);
	struct reader r = { .t = t, .open = NONE, .f = f };

	if (!t)
		return fault_set(f, FAULT_BUSY, "no memory for templates");
	for (int k = 0; k < TEXT_KINDS; k++)
		buf_init(&t->kind[k].text, WORDS_MAX_BYTES);
	(void)span_copy(t->language, sizeof t->language, span_of(language));
	if (!take_version(t, text)) {
		(void)fault_set(f, FAULT_BUSY, "%s: its digest could not be made", name);
	} else if (!dates_open(language, &t->dates, f)) {
		(void)fault_at(f, "%s", name);
	} else if (!read_file(&r, text)) {
		(void)(r.line > 0 ? fault_at(f, "%s:%d", name, r.line) : fault_at(f, "%s", name));
	} else {
		*out = t;
		return true;
	}
	sms_templates_free(t);
	return false;
}

void
sms_templates_free(struct sms_templates *t)
{
	if (!t)
		return;
	dates_close(t->dates);
	for (int k = 0; k < TEXT_KINDS; k++)
		buf_clear(&t->kind[k].text);
	free(t);
}

void
sms_templates_complete(struct sms_templates *t, struct sms_templates *from)
{
	for (int k = TEXT_PLANNED_KINDS; k < TEXT_KINDS; k++) {
		struct words own = t->kind[k];

		if (own.parts_n > 0)
			continue;
		t->kind[k] = from->kind[k];
		from->kind[k] = own;
	}
}

const char *
sms_emergency_number(const char *country)
{
	static const char *const number[][2] = { { "US", "911" }, { "CA", "911" }, { "PR", "911" }, { "MX", "911" }, { "GB", "999" },
		{ "AU", "000" }, { "NZ", "111" } };

	for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
		if (strcmp(number[i][0], country) == 0)
			return number[i][1];
	return "112";
}

const char *
sms_templates_language(const struct sms_templates *t)
{
	return t->language;
}

int64_t
sms_templates_version(const struct sms_templates *t)
{
	return t->version;
}

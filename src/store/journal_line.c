/* journal_line.c - an entry as a line: words, numbers, hexadecimal, and a check over all of it. */
// SPDX-License-Identifier: Apache-2.0
#include "store/journal_line.h"

#include <stdio.h>
#include <string.h>

#include "nudge/digest.h"

#define CHECK_HEX 16
#define FIELDS_MAX 14
#define WORD_MAX 128 /* bytes: none of an entry is longer */

static const char letters[] = { [JOURNAL_ARMED] = 'A', [JOURNAL_ENDED] = 'E', [JOURNAL_OPTOUT] = 'O', [JOURNAL_OPTIN] = 'I',
	[JOURNAL_KEY] = 'K', [JOURNAL_REFUSED] = 'R', [JOURNAL_RIGHT] = 'G' };

/* ---- made ---- */

static void
put_hex(struct buf *out, const uint8_t *p, size_t n)
{
	char hex[2 * WORD_MAX + 1];

	digest_hex(p, n, hex);
	(void)buf_addf(out, " %s", hex);
}

/* A word of a configuration, in hexadecimal: it may have blanks. "-" when empty. */
static void
put_word(struct buf *out, const char *word)
{
	if (word[0])
		put_hex(out, (const uint8_t *)word, strlen(word));
	else
		(void)buf_add_text(out, " -");
}

static bool
finish(struct buf *out, size_t from)
{
	uint8_t hash[DIGEST_BYTES];
	char hex[CHECK_HEX + 1];

	if (out->spoilt || !digest_sha256(span_from(out->p + from, out->n - from), hash))
		return false;
	digest_hex(hash, CHECK_HEX / 2, hex);
	return buf_addf(out, " %s\n", hex);
}

bool
journal_line_make(const struct journal_entry *e, struct buf *out)
{
	size_t from = out->n;

	(void)buf_addf(out, "%c %lld %lld", letters[e->kind], (long long)e->seq, (long long)e->at_s);
	switch (e->kind) {
	case JOURNAL_ARMED:
		(void)buf_addf(out, " %lld %s", (long long)e->text, e->repeat_id);
		put_hex(out, e->visit, sizeof e->visit);
		(void)buf_addf(out, " %d %lld %lld %lld", (int)e->text_kind, (long long)e->start_s, (long long)e->generation,
		    (long long)e->segments);
		put_hex(out, e->fingerprint, sizeof e->fingerprint);
		put_word(out, e->rule);
		break;
	case JOURNAL_ENDED:
		(void)buf_addf(out, " %lld %s %d", (long long)e->text, e->repeat_id, e->taken);
		break;
	case JOURNAL_OPTOUT:
	case JOURNAL_OPTIN:
	case JOURNAL_REFUSED:
	case JOURNAL_RIGHT:
		put_word(out, e->name);
		put_hex(out, e->phone, sizeof e->phone);
		put_word(out, e->source);
		if (e->kind == JOURNAL_REFUSED)
			(void)buf_addf(out, " %lld", (long long)e->code);
		break;
	case JOURNAL_KEY:
		put_word(out, e->name);
		put_hex(out, e->wrapped, sizeof e->wrapped);
		break;
	}
	return finish(out, from);
}

bool
journal_head_make(int64_t house, struct buf *out)
{
	size_t from = out->n;

	(void)buf_addf(out, "nudge-journal-1 %016llx", (unsigned long long)house);
	return finish(out, from);
}

/* ---- read ---- */

/* What is before the check, when it is right. */
static bool
checked(struct span line, struct span *body)
{
	uint8_t hash[DIGEST_BYTES];
	char hex[CHECK_HEX + 1];

	if (line.n < CHECK_HEX + 2 || line.n > JOURNAL_LINE_MAX || line.p[line.n - CHECK_HEX - 1] != ' ')
		return false;
	*body = span_from(line.p, line.n - CHECK_HEX - 1);
	if (!digest_sha256(*body, hash))
		return false;
	digest_hex(hash, CHECK_HEX / 2, hex);
	return memcmp(hex, line.p + line.n - CHECK_HEX, CHECK_HEX) == 0;
}

static bool
number(struct span s, int64_t *out)
{
	bool minus = s.n > 1 && s.p[0] == '-';
	uint64_t v;

	if (!span_to_u64(minus ? span_from(s.p + 1, s.n - 1) : s, INT64_MAX, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

static bool
word(struct span s, char *out, size_t cap)
{
	out[0] = '\0';
	if (span_is(s, "-"))
		return true;
	if (s.n % 2 != 0 || s.n / 2 >= cap || !digest_unhex(s, (uint8_t *)out, s.n / 2))
		return false;
	out[s.n / 2] = '\0';
	return strlen(out) == s.n / 2;
}

static bool
repeat_id(struct span s, char out[37])
{
	span_copy(out, 37, s);
	return s.n == 36;
}

static bool
read_armed(const struct span *v, size_t n, struct journal_entry *e)
{
	int64_t kind;

	if (n != 12 || !number(v[3], &e->text) || !repeat_id(v[4], e->repeat_id) || !digest_unhex(v[5], e->visit, sizeof e->visit) ||
	    !number(v[6], &kind) || kind < 0 || kind >= TEXT_KINDS)
		return false;
	e->text_kind = (enum text_kind)kind;
	return number(v[7], &e->start_s) && number(v[8], &e->generation) && number(v[9], &e->segments) &&
	    digest_unhex(v[10], e->fingerprint, sizeof e->fingerprint) && word(v[11], e->rule, sizeof e->rule);
}

static bool
read_rest(const struct span *v, size_t n, struct journal_entry *e)
{
	bool coded;

	switch (e->kind) {
	case JOURNAL_ARMED:
		return read_armed(v, n, e);
	case JOURNAL_ENDED:
		e->taken = n == 6 && span_is(v[5], "1");
		return n == 6 && number(v[3], &e->text) && repeat_id(v[4], e->repeat_id) && (e->taken || span_is(v[5], "0"));
	case JOURNAL_OPTOUT:
	case JOURNAL_OPTIN:
	case JOURNAL_REFUSED:
	case JOURNAL_RIGHT:
		coded = e->kind == JOURNAL_REFUSED;
		return n == (coded ? 7 : 6) && word(v[3], e->name, sizeof e->name) && digest_unhex(v[4], e->phone, sizeof e->phone) &&
		    word(v[5], e->source, sizeof e->source) && (!coded || number(v[6], &e->code));
	case JOURNAL_KEY:
		return n == 5 && word(v[3], e->name, sizeof e->name) && digest_unhex(v[4], e->wrapped, sizeof e->wrapped);
	}
	return false;
}

bool
journal_line_read(struct span line, struct journal_entry *out)
{
	struct span body, v[FIELDS_MAX], rest;
	const char *at;
	size_t n = 0;

	if (!checked(line, &body))
		return false;
	for (rest = body; rest.n > 0 && n < FIELDS_MAX;)
		v[n++] = span_cut(rest, ' ', &rest);
	if (n < 4 || rest.n > 0 || v[0].n != 1 || !(at = memchr(letters, v[0].p[0], sizeof letters)))
		return false;
	*out = (struct journal_entry){ .kind = (enum journal_kind)(at - letters) };
	return number(v[1], &out->seq) && out->seq > 0 && number(v[2], &out->at_s) && read_rest(v, n, out);
}

bool
journal_head_read(struct span line, int64_t *house)
{
	static const char head[] = "nudge-journal-1 ";
	struct span body;
	uint8_t bytes[8];
	uint64_t v = 0;

	if (!checked(line, &body) || body.n != sizeof head - 1 + 16 || memcmp(body.p, head, sizeof head - 1) != 0 ||
	    !digest_unhex(span_from(body.p + sizeof head - 1, 16), bytes, sizeof bytes))
		return false;
	for (size_t i = 0; i < sizeof bytes; i++)
		v = v << 8 | bytes[i];
	*house = (int64_t)v;
	return true;
}

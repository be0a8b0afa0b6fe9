/* tzif.c - the binary part of a zone file (RFC 9636, 3.1 and 3.2). */
// SPDX-License-Identifier: Apache-2.0
#include "policy/tzif.h"

#include <assert.h>
#include <string.h>

#include "nudge/civil.h"

#define HEADER_BYTES 44
#define TYPE_BYTES 6
#define OFFSET_MAX_S 93599 /* what the format allows east; it allows less west */

struct counts { /* in the order of the header */
	uint64_t is_ut, is_standard, leaps, times, types, chars;
};

struct block { /* of 64-bit data */
	const unsigned char *times, *kinds, *types;
	size_t times_n, types_n;
	struct span footer;
};

struct list {
	struct tz_change *item;
	size_t n, cap;
};

static uint64_t
big_endian(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* Two's complement of 4 or 8 bytes. */
static int64_t
read_signed(const unsigned char *p, size_t n)
{
	uint64_t v = big_endian(p, n);

	return n == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

static bool
read_header(struct span *rest, struct counts *c)
{
	const unsigned char *p = (const unsigned char *)rest->p;

	if (rest->n < HEADER_BYTES || memcmp(rest->p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	*c = (struct counts){ big_endian(p + 20, 4), big_endian(p + 24, 4), big_endian(p + 28, 4),
		big_endian(p + 32, 4), big_endian(p + 36, 4), big_endian(p + 40, 4) };
	*rest = (struct span){ rest->p + HEADER_BYTES, rest->n - HEADER_BYTES };
	return true;
}

static uint64_t
data_bytes(const struct counts *c, uint64_t time_bytes)
{
	return c->times * (time_bytes + 1) + c->types * TYPE_BYTES + c->chars + c->leaps * (time_bytes + 4) +
	    c->is_standard + c->is_ut;
}

static bool
skip(struct span *rest, uint64_t n)
{
	if (n > rest->n)
		return false;
	*rest = (struct span){ rest->p + n, rest->n - (size_t)n };
	return true;
}

static bool
find_block(struct span bytes, struct block *out, struct fault *f)
{
	struct counts c;

	if (!read_header(&bytes, &c) || !skip(&bytes, data_bytes(&c, 4)) || !read_header(&bytes, &c))
		return fault_set(f, FAULT_OPERATOR, "not a zone file of version 2 or later (TZif)");
	if (c.leaps > 0)
		return fault_set(f, FAULT_OPERATOR, "the zone file counts leap seconds");
	out->times = (const unsigned char *)bytes.p;
	if (c.types == 0 || c.types > 256 || !skip(&bytes, data_bytes(&c, 8)) || bytes.n < 2 ||
	    bytes.p[0] != '\n' || bytes.p[bytes.n - 1] != '\n')
		return fault_set(f, FAULT_OPERATOR, "the zone file is torn");
	out->times_n = (size_t)c.times;
	out->types_n = (size_t)c.types;
	out->kinds = out->times + 8 * out->times_n;
	out->types = out->kinds + out->times_n;
	out->footer = (struct span){ bytes.p + 1, bytes.n - 2 };
	return true;
}

/* All up to FROM is one change at FROM; what changes nothing is left out. */
static bool
add_change(struct list *l, struct tz_change c)
{
	if (c.at_s <= TZ_FROM_S) {
		l->item[0] = (struct tz_change){ TZ_FROM_S, c.offset_s };
		l->n = 1;
		return true;
	}
	assert(l->n >= 1);
	if (l->n > 1 && l->item[l->n - 1].at_s == c.at_s)
		l->n--; /* a year that is summer to its end and another from its beginning */
	if (l->item[l->n - 1].offset_s == c.offset_s)
		return true;
	if (l->n == l->cap)
		return false;
	l->item[l->n++] = c;
	return true;
}

static bool
type_offset(const struct block *b, size_t type, int64_t *out)
{
	if (type >= b->types_n)
		return false;
	*out = read_signed(b->types + type * TYPE_BYTES, 4);
	return *out >= -OFFSET_MAX_S && *out <= OFFSET_MAX_S;
}

static bool
add_listed(const struct block *b, struct list *l, int64_t *last_s)
{
	int64_t offset_s;

	if (!type_offset(b, 0, &offset_s) || !add_change(l, (struct tz_change){ TZ_FROM_S, offset_s }))
		return false;
	for (size_t i = 0; i < b->times_n; i++) {
		int64_t at_s = read_signed(b->times + 8 * i, 8);

		if ((i > 0 && at_s <= *last_s) || !type_offset(b, b->kinds[i], &offset_s))
			return false;
		if (at_s < TZ_UNTIL_S && !add_change(l, (struct tz_change){ at_s, offset_s }))
			return false;
		*last_s = at_s;
	}
	return true;
}

/* What the footer says of the years after the last change that is listed. */
static bool
add_ruled(const struct block *b, struct list *l, int64_t last_s)
{
	struct tz_rule rule;
	struct civil c;
	int year = 1969;

	if (b->footer.n == 0 || last_s >= TZ_UNTIL_S)
		return true;
	if (!tz_rule_read(b->footer, &rule))
		return false;
	if (!rule.has_summer)
		return b->times_n > 0 || add_change(l, (struct tz_change){ TZ_FROM_S, rule.offset_s });
	if (b->times_n > 0 && last_s > TZ_FROM_S) {
		civil_of_days(last_s / 86400, &c);
		year = c.year - 1;
	}
	for (; year <= TZ_YEAR_LAST; year++) {
		struct tz_change both[2];

		tz_rule_changes(&rule, year, both);
		for (size_t i = 0; i < 2; i++)
			if ((b->times_n == 0 || both[i].at_s > last_s) && both[i].at_s < TZ_UNTIL_S && !add_change(l, both[i]))
				return false;
	}
	return true;
}

bool
tzif_read(struct span bytes, struct tz_change *list, size_t cap, size_t *n, struct fault *f)
{
	struct list l = { list, 0, cap };
	int64_t last_s = INT64_MIN;
	struct block b = { .types_n = 0 };

	assert(cap >= 1);
	if (!find_block(bytes, &b, f))
		return false;
	if (!add_listed(&b, &l, &last_s))
		return fault_set(f, FAULT_OPERATOR, "the zone file's changes are out of order or too many");
	if (!add_ruled(&b, &l, last_s))
		return fault_set(f, FAULT_OPERATOR, "the zone file ends in a rule that cannot be read");
	*n = l.n;
	return true;
}

/* test_values.c - what the walks along paths find in every message at hand, beside a slow way to look for the same. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "siu/parts.h"

#define MESSAGE_MAX 65536
#define FOUND_MAX 4096

static const char *const paths[] = {
	"MSH-2", "MSH-3.1", "MSH-9.2", "MSH-10", "SCH-1", "SCH-2.1", "SCH-11.4", "SCH-25.1", "SCH-25.2", "SCH-26.1.1", "TQ1-7", "TQ1(*)-7",
	"PID-3(*)", "PID-3(1).1", "PID-5.1", "PID-11(*)", "PID-13", "PID-13(*)", "PID-13(2).7", "PID-14(*)", "PID-40(*)", "PID(1)-3.1",
	"PV1-3.1", "PV1-3.4.1", "PV1-19.1", "RGS(*)-3.1", "RGS(*)-3.2", "RGS(1)-1", "AIS-3.2", "AIS(*)-3.2", "AIS(1)-4", "AIS(*)-4",
	"AIL(*)-3.1", "AIL(*)-3.9", "AIL(0)-3", "AIP(*)-6", "AIG(*)-3.1.2", "NTE(*)-3", "OBX(*)-5(*).2", "ZZZ-1", "ZVV-3", "MRG-1(*)",
	"ZZZ-1.1", "ZZZ-1.2", "ZZZ-1.4", "ZZZ-1(*)", "ZZZ-1(*).2", "ZZZ-1(1).3", "ZZZ-1.2.1", "ZZZ-1(*).1.2", "ZZZ(*)-2", "ZZZ-2.2",
};

struct found {
	struct span item[FOUND_MAX];
	size_t n;
};

static void
add(struct found *f, struct span value)
{
	assert_true(f->n < FOUND_MAX);
	f->item[f->n++] = value;
}

/* ---- the slow way ---- */

/* The n-th part, from 0. */
static struct span
part_slowly(struct span s, char sep, int n)
{
	size_t from = 0;

	for (size_t i = 0; s.n > 0 && i <= s.n; i++) {
		if (i < s.n && s.p[i] != sep)
			continue;
		if (n-- == 0)
			return (struct span){ s.p + from, i - from };
		from = i + 1;
	}
	return SPAN_NONE;
}

static bool
named_slowly(const struct reading *r, unsigned segment, const char *name)
{
	return span_is_nocase(hl7_name(r->hl7, segment), name);
}

static bool
deletes(const struct reading *r, unsigned segment)
{
	return span_is_nocase(span_trim(hl7_field(r->hl7, segment, 2)), "D");
}

/* A resource row with action code D, or one behind a group with it. */
static bool
dead_slowly(const struct reading *r, unsigned segment)
{
	if (named_slowly(r, segment, "RGS"))
		return deletes(r, segment);
	if (!named_slowly(r, segment, "AIS") && !named_slowly(r, segment, "AIG") && !named_slowly(r, segment, "AIL") &&
	    !named_slowly(r, segment, "AIP"))
		return false;
	for (unsigned i = segment; i-- > 0;)
		if (named_slowly(r, i, "RGS"))
			return deletes(r, i) || deletes(r, segment);
	return deletes(r, segment);
}

static void
field_slowly(const struct reading *r, const struct hl7_path *p, unsigned segment, struct found *out)
{
	struct span field = hl7_field(r->hl7, segment, (unsigned)p->field), rep;

	for (int k = 0; (rep = part_slowly(field, r->delims->repetition, k)).p; k++) {
		struct span value = rep;

		if (p->field_rep >= 0 && k != p->field_rep)
			continue;
		if (p->component > 0)
			value = part_slowly(value, r->delims->component, p->component - 1);
		if (p->component > 0 && p->subcomponent > 0)
			value = part_slowly(value, r->delims->subcomponent, p->subcomponent - 1);
		if (value.n > 0)
			add(out, value);
	}
}

static void
scope_slowly(const struct reading *r, const struct hl7_path *p, struct hl7_scope in, struct found *out)
{
	int seen = 0;

	for (unsigned i = in.from; i < in.to; i++) {
		if (!named_slowly(r, i, p->segment))
			continue;
		if ((p->segment_rep < 0 || seen == p->segment_rep) && !dead_slowly(r, i))
			field_slowly(r, p, i, out);
		seen++;
	}
}

static void
walk_slowly(const struct reading *r, const struct hl7_path *p, struct found *out)
{
	static const char shared[] = "MSH SCH TQ1 RGS AIS AIG AIL AIP";

	if (!r->is_group || strstr(shared, p->segment)) {
		scope_slowly(r, p, (struct hl7_scope){ 0, hl7_segments(r->hl7) }, out);
		return;
	}
	scope_slowly(r, p, r->patient, out);
	scope_slowly(r, p, r->head, out);
	scope_slowly(r, p, r->tail, out);
}

/* ---- both ---- */

struct tried {
	size_t messages, groups, values, escaped;
};

/* A text is the same whether or not it is known beforehand that nothing is escaped. */
static void
compare_text(const char *name, struct reading *r, struct span raw, struct tried *t)
{
	bool has_escapes = r->stands_max == 0;
	struct span got = value_text(r, raw), want;

	r->stands_max = 0;
	want = value_text(r, raw);
	r->stands_max = has_escapes ? 0 : VALUE_MAX;
	assert_false(r->no_memory);
	same_bytes(name, got.n ? got.p : "", got.n, want.n ? want.p : "", want.n);
	t->escaped += has_escapes && want.n > 0 && want.p != span_trim(raw).p;
}

#define PARTS 18

static void
compare_parts(const char *name, struct reading *r, struct span repetition)
{
	struct span got[PARTS];
	unsigned n = value_parts(r, repetition, got, PARTS), last = 0;

	for (unsigned i = 0; i < PARTS; i++) {
		struct span part = part_slowly(repetition, r->delims->component, (int)i), want = value_trimmed(r, part);

		if (part.n > 0)
			last = i + 1;
		same_bytes(name, got[i].n ? got[i].p : "", got[i].n, want.n ? want.p : "", want.n);
		want = value_part(r, repetition, i + 1);
		same_bytes(name, got[i].n ? got[i].p : "", got[i].n, want.n ? want.p : "", want.n);
	}
	same_int(name, n, last);
}

static void
compare_path(const char *name, struct reading *r, const struct hl7_path *p, struct tried *t)
{
	static struct found want;
	struct walk w = { 0 };
	struct span value;
	size_t n = 0;

	want.n = 0;
	walk_slowly(r, p, &want);
	for (; walk_path(r, p, &w, &value); n++) {
		char path[HL7_PATH_TEXT_MAX];

		hl7_path_text(p, path);
		if (n >= want.n || value.p != want.item[n].p || value.n != want.item[n].n)
			fail_msg("%s: %s: value %zu is \"%.*s\"", name, path, n, (int)value.n, value.p);
		compare_text(name, r, value, t);
		if (p->component == 0 && !(p->segment[0] == 'M' && p->field <= 2))
			compare_parts(name, r, value);
	}
	same_int(name, n, want.n);
	t->values += n;
}

/* The values of several paths follow each other. */
static void
compare_list(const char *name, struct reading *r, const struct path_list *l)
{
	struct walk w = { 0 };
	struct span value;

	for (size_t i = 0; i < l->n; i++) {
		struct walk one = { 0 };
		struct span want;

		while (walk_path(r, &l->item[i], &one, &want)) {
			holds(name, walk_next(r, l, &w, &value));
			holds(name, value.p == want.p && value.n == want.n);
		}
	}
	holds(name, !walk_next(r, l, &w, &value));
}

static void
compare_message(const char *name, struct hl7 *index, struct span bytes, struct tried *t)
{
	static struct groups groups;
	struct message msg = { .raw = bytes };
	struct reading r = { .hl7 = index, .msg = &msg, .stands_max = 0 };
	struct span behind;

	if (hl7_read(index, bytes) != HL7_OK)
		return;
	arena_init(&msg.arena, SIZE_MAX / 4);
	r.delims = hl7_delims(index);
	r.whole = hl7_whole(index);
	(void)span_cut(bytes, r.delims->escape, &behind);
	r.stands_max = behind.n > 0 && memchr(behind.p, r.delims->escape, behind.n) ? 0 : VALUE_MAX;
	values_begin(&r);
	groups.n = 0;
	holds(name, groups_find(&r, &groups));
	for (unsigned g = 0; g < groups.n || g == 0; g++) {
		struct path_list all = { .n = 0 };

		groups_enter(&r, &groups, g);
		for (size_t i = 0; i < COUNT(paths); i++) {
			struct hl7_path p;
			struct fault f;

			holds(paths[i], hl7_path_read(paths[i], &p, &f));
			compare_path(name, &r, &p, t);
			all.item[all.n++] = p;
			if (all.n < PATHS_MAX && i + 1 < COUNT(paths))
				continue;
			compare_list(name, &r, &all);
			all.n = 0;
		}
	}
	arena_clear(&msg.arena);
	t->messages++;
	t->groups += groups.n > 1;
}

/* Rows that a message deletes, and what may stand between them. */
#define HEAD "MSH|^~\\&|A|B\r"
static const char *const deleted[] = {
	HEAD "RGS|1|D|X\rAIS|1|A|E^F\rAIL|1|A|L\rRGS|2|A|Y\rAIS|1|D|G^H\rAIL|1|A|M\r",
	HEAD "RGS|1|D|X\rPID|1||7^^^L^MR\rAIS|1|A|E^F\rPV1|1|O|C\rAIP|1|A|P||20261201103000\r",
	HEAD "PID|1||7\rRGS|1| d |X\rNTE|1||T\rAIL|1||L^^^^^^^^N\rPID|2||8\rAIL|2||M\rZZZ|1|D\r",
	/* names that the index files under the same number */
	HEAD "ZAV|1||1~2\rZCY|1|D|Z\rPID|1||7^^^L^MR~10\rZFE|2||3\rAIS|1|A|E^F\rZFK|1|A\rAIS|2|D|G\rZHH|3\rAIS|3|A|H^I\r",
	HEAD "ZAV|1||1~2\rZAD|1\rZCY|1|A|X^Y\r",
	HEAD "rgs|1|d|X\rais|1|a|E^F\rRGS\rAIS|2|D \rAIS|3|DD|G\rAIX|1|D|Q\rAIG|1||G^I&J\r",
};

static void
compare_folder(const char *folder, struct hl7 *index, struct tried *t)
{
	static char bytes[MESSAGE_MAX];
	DIR *d = opendir(folder);

	holds(folder, d != NULL);
	for (const struct dirent *e; d && (e = readdir(d));) {
		char path[600];
		size_t n;
		FILE *f;

		(void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		if (e->d_name[0] == '.' || strstr(e->d_name, ".json") || !(f = fopen(path, "rb")))
			continue;
		n = fread(bytes, 1, sizeof bytes, f);
		(void)fclose(f);
		compare_message(e->d_name, index, span_from(bytes, n), t);
		/* Cut anywhere, a message is still one. */
		for (size_t cut = 1; cut < 8; cut++)
			compare_message(e->d_name, index, span_from(bytes, n * cut / 8), t);
	}
	if (d)
		(void)closedir(d);
}

TEST(a_walk_finds_what_a_slow_look_finds)
{
	struct hl7 *index = hl7_new();
	struct tried t = { 0 };

	assert_non_null(index);
	compare_folder("tests/messages", index, &t);
	compare_folder("tests/fuzz/corpus/siu", index, &t);
	compare_folder("tests/fuzz/corpus/hl7", index, &t);
	for (size_t i = 0; i < COUNT(deleted); i++)
		compare_message(deleted[i], index, span_of(deleted[i]), &t);
	hl7_free(index);
	holds("there were messages", t.messages > 1000 && t.groups > 0);
	holds("with values, some of them escaped", t.values > 10000 && t.escaped > 10);
}

/* HEAD, and a field in which '#' stands for n characters, in memory that ends where the message does. */
static void
compare_length(struct hl7 *index, const char *field, const char *behind, size_t n, struct tried *t)
{
	size_t size = strlen(HEAD "ZZZ|") + strlen(field) - 1 + n + strlen(behind);
	char *exact = malloc(size), *at = exact;

	assert_non_null(exact);
	at = mempcpy(at, HEAD "ZZZ|", strlen(HEAD "ZZZ|"));
	for (const char *p = field; *p; p++)
		if (*p != '#')
			*at++ = *p;
		else
			for (size_t i = 0; i < n; i++)
				*at++ = (char)('A' + i % 26);
	memcpy(at, behind, strlen(behind));
	compare_message(field, index, span_from(exact, size), t);
	free(exact);
}

/* A field is looked at many bytes at a time, as far as its message goes: of each length, and wherever that ends. */
TEST(a_field_is_read_whatever_its_length)
{
	static const char *const fields[] = { "#", "x^#", "#^y&z", "ab^^#~c^d&e^f", "#~^q^r", "^~#^^^s&&t" };
	static const char *const behind[] = { "", "\r", "|w^v", "|w\rZZZ|u|longer than sixteen bytes^and a part\r" };
	struct hl7 *index = hl7_new();
	struct tried t = { 0 };

	assert_non_null(index);
	for (size_t i = 0; i < COUNT(fields) * COUNT(behind); i++)
		for (size_t n = 0; n <= 72; n++)
			compare_length(index, fields[i / COUNT(behind)], behind[i % COUNT(behind)], n, &t);
	hl7_free(index);
	holds("all were read", t.messages == COUNT(fields) * COUNT(behind) * 73);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_walk_finds_what_a_slow_look_finds),
		RUN(a_field_is_read_whatever_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

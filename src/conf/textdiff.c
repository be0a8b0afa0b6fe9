/* textdiff.c - the longest common lines of two texts, and what is not among them. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/textdiff.h"

#include <stdlib.h>
#include <string.h>

#define CELLS_MAX (16u << 20) /* beyond this the middle counts as all gone and all new */
#define FILE_MARK '\x1c'

struct lines {
	struct span *item; /* owned */
	size_t n;
};

static bool
cut_lines(struct span text, struct lines *out)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	out->n = 0;
	out->item = calloc(n, sizeof *out->item);
	while (out->item && text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t len = end ? (size_t)(end - text.p) : text.n;

		out->item[out->n++] = span_from(text.p, len);
		text = end ? span_from(end + 1, text.n - len - 1) : SPAN_NONE;
	}
	return out->item != NULL;
}

struct diff {
	struct lines a, b;
	struct buf *out;
	struct span named; /* the file of the last line written */
};

/* The file in which line i of l stands. */
static struct span
file_of(const struct lines *l, size_t i)
{
	for (size_t k = i + 1; k-- > 0;)
		if (k < l->n && l->item[k].n > 0 && l->item[k].p[0] == FILE_MARK)
			return span_from(l->item[k].p + 1, l->item[k].n - 1);
	return SPAN_NONE;
}

static void
put(struct diff *d, const struct lines *l, size_t i, char sign)
{
	struct span file = file_of(l, i), line = l->item[i];

	if (file.n > 0 && !span_eq(file, d->named)) {
		(void)buf_add_text(d->out, "@ ");
		(void)buf_add_span(d->out, file);
		(void)buf_add_char(d->out, '\n');
		d->named = file;
	}
	if (line.n > 0 && line.p[0] == FILE_MARK)
		return;
	(void)buf_add_char(d->out, sign);
	(void)buf_add_span(d->out, line);
	(void)buf_add_char(d->out, '\n');
}

static void
walk(struct diff *d, const uint32_t *best, size_t from, size_t n, size_t m)
{
	size_t i = 0, k = 0;

	while (i < n || k < m) {
		if (i < n && k < m && best && span_eq(d->a.item[from + i], d->b.item[from + k])) {
			i++;
			k++;
		} else if (k == m || (i < n && (!best || best[(i + 1) * (m + 1) + k] >= best[i * (m + 1) + k + 1]))) {
			put(d, &d->a, from + i++, '-');
		} else {
			put(d, &d->b, from + k++, '+');
		}
	}
}

static bool
compare(struct diff *d)
{
	size_t from = 0, n = d->a.n, m = d->b.n;
	uint32_t *best = NULL;

	while (from < n && from < m && span_eq(d->a.item[from], d->b.item[from]))
		from++;
	while (n > from && m > from && span_eq(d->a.item[n - 1], d->b.item[m - 1])) {
		n--;
		m--;
	}
	n -= from;
	m -= from;
	if (n > 0 && m > 0 && (n + 1) * (m + 1) <= CELLS_MAX) {
		best = calloc((n + 1) * (m + 1), sizeof *best);
		if (!best)
			return false;
		for (size_t i = n; i-- > 0;)
			for (size_t k = m; k-- > 0;) {
				uint32_t down = best[(i + 1) * (m + 1) + k], right = best[i * (m + 1) + k + 1];

				best[i * (m + 1) + k] = span_eq(d->a.item[from + i], d->b.item[from + k]) ?
				    best[(i + 1) * (m + 1) + k + 1] + 1 : down > right ? down : right;
			}
	}
	walk(d, best, from, n, m);
	free(best);
	return true;
}

bool
textdiff(struct span before, struct span now, struct buf *out)
{
	struct diff d = { .out = out };
	bool ok = cut_lines(before, &d.a) && cut_lines(now, &d.b) && compare(&d);

	free(d.a.item);
	free(d.b.item);
	return ok && !out->spoilt;
}

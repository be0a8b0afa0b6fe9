/* batch.c - one frame, several messages: found by their heads, counted against their trailers. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/hl7_batch.h"

#include <string.h>

#include "hl7/index.h"

/* Its name as a number, 0 when it goes on with a letter. */
static uint32_t
name_of(struct span line)
{
	if (line.n < 3 || (line.n > 3 && (line.p[3] | 32) >= 'a' && (line.p[3] | 32) <= 'z'))
		return 0;
	return index_code((struct span){ line.p, 3 });
}

static bool
begins(struct span line, const char name[4])
{
	return name_of(line) == code_of_name(name);
}

static bool
is_head(struct span line)
{
	static const char heads[][4] = { "MSH", "FHS", "BHS", "BTS", "FTS" };
	uint32_t name = name_of(line);

	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
		if (name == code_of_name(heads[i]))
			return true;
	return false;
}

static char
end_of_segments(struct span frame)
{
	return frame.n > 0 && memchr(frame.p, '\r', frame.n) ? '\r' : '\n';
}

/* The segment at the front of *rest, without its end and a LF before it. */
static struct span
cut_line(struct span *rest, char end)
{
	const char *stop = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;
	struct span line = { rest->p, stop ? (size_t)(stop - rest->p) : rest->n };
	size_t used = line.n + (stop != NULL);

	*rest = (struct span){ rest->n > 0 ? rest->p + used : rest->p, rest->n - used };
	while (line.n > 0 && (*line.p == '\n' || *line.p == ' ' || *line.p == '\0')) {
		line.p++;
		line.n--;
	}
	return line;
}

bool
hl7_batch_is_single(struct span frame)
{
	char end = end_of_segments(frame);
	struct span line = cut_line(&frame, end);

	if (is_head(line) && !begins(line, "MSH"))
		return false;
	while (frame.n > 0) {
		/* A head inside needs its letters at the front of a segment: most segments end the look here. */
		line = cut_line(&frame, end);
		if (is_head(line))
			return false;
	}
	return true;
}

void
hl7_batch_begin(struct hl7_batch *b, struct span frame)
{
	*b = (struct hl7_batch){ .rest = frame, .end = end_of_segments(frame) };
}

/* BTS-1, FTS-1; an empty one says nothing. */
static void
compare(struct hl7_batch *b, struct span trailer, uint64_t n)
{
	struct span rest = SPAN_NONE, said;
	uint64_t count = 0;

	if (trailer.n < 5)
		return;
	said = span_trim(span_cut((struct span){ trailer.p + 4, trailer.n - 4 }, trailer.p[3], &rest));
	if (said.n > 0 && (!span_to_u64(said, UINT64_MAX, &count) || count != n))
		b->wrong_counts++;
}

static void
note_wrapper(struct hl7_batch *b, struct span line)
{
	bool batch = begins(line, "BHS");

	if (batch || begins(line, "FHS")) {
		if (b->header.n == 0)
			b->header = line;
		b->messages = 0;
		b->batches = batch ? b->batches + 1 : 0;
	} else if (begins(line, "BTS")) {
		compare(b, line, b->messages);
	} else if (begins(line, "FTS")) {
		compare(b, line, b->batches > 0 ? b->batches : b->messages);
	}
}

bool
hl7_batch_next(struct hl7_batch *b, struct span *message)
{
	struct span line = SPAN_NONE, before;

	while (b->rest.n > 0 && !begins(line, "MSH")) {
		line = cut_line(&b->rest, b->end);
		note_wrapper(b, line);
	}
	if (!begins(line, "MSH"))
		return false;
	message->p = line.p;
	for (before = b->rest; before.n > 0; before = b->rest) {
		line = cut_line(&b->rest, b->end);
		if (is_head(line)) {
			b->rest = before;
			break;
		}
	}
	message->n = (size_t)((before.n > 0 ? before.p : b->rest.p) - message->p);
	b->messages++;
	return true;
}

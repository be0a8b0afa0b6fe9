/* delims.c - MSH-1 and MSH-2: what separates the rest, completed where little is missing. */
// SPDX-License-Identifier: Apache-2.0
#include "hl7/delims.h"

#include <string.h>

static const struct hl7_delims standard = { '|', '^', '~', '\\', '&', 0, false };

static bool
is_usable(char c)
{
	unsigned char u = (unsigned char)c;

	return u > ' ' && u < 0x7f && !(u >= '0' && u <= '9') && !((u | 32) >= 'a' && (u | 32) <= 'z');
}

static bool
are_usable(const char *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_usable(c[i]) || memchr(c, c[i], i))
			return false;
	}
	return true;
}

/* Puts the five of MSH-2 into c[1..5]. Returns whether they had to be mended:
 * a lost backslash (`^~&`), one doubled by a program that quotes it, blanks
 * behind, too few, too many. */
static bool
take_encoding(struct span msh2, char c[6])
{
	struct span found = span_trim(msh2);

	memcpy(c + 1, "^~\\&", 5);
	if (span_is(found, "^~&"))
		return true;
	if (found.n >= 5 && found.p[2] == '\\' && found.p[3] == '\\') {
		memcpy(c + 1, found.p, 3);
		c[4] = found.p[4];
		c[5] = found.n > 5 ? found.p[5] : '\0';
		return true;
	}
	for (size_t i = 0; i < found.n && i < 5; i++)
		c[i + 1] = found.p[i];
	return msh2.n < 4 || msh2.n > 5 || found.n != msh2.n;
}

bool
delims_read(struct span msh, struct hl7_delims *out)
{
	char c[6];
	struct span rest, msh2 = SPAN_NONE;
	bool repaired;

	if (msh.n <= 3) {
		*out = standard;
		out->repaired = true;
		return true;
	}
	if (msh.n >= 9 && memcmp(msh.p + 3, "|^~\\&|", 6) == 0) { /* as nearly all send them */
		*out = standard;
		return true;
	}
	c[0] = msh.p[3];
	if (msh.n > 4)
		msh2 = span_cut((struct span){ msh.p + 4, msh.n - 4 }, c[0], &rest);
	repaired = take_encoding(msh2, c);
	if (!are_usable(c, c[5] ? 6 : 5)) {
		*out = standard;
		out->repaired = true;
		return false;
	}
	*out = (struct hl7_delims){ c[0], c[1], c[2], c[3], c[4], c[5], repaired };
	return true;
}

bool
delims_are_in(struct span segment_name)
{
	return span_is_nocase(segment_name, "MSH") || span_is_nocase(segment_name, "FHS") ||
	    span_is_nocase(segment_name, "BHS");
}

/* hl7/marks.h - many bytes looked at together: which of them are this character. */
#ifndef HL7_MARKS_H
#define HL7_MARKS_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "nudge/span.h"

#define MARKS_FEW 16
#define MARKS_MANY 64

/* A character as it is looked for, and back. */
#ifdef __SSE2__
typedef __m128i marks_char;
#else
typedef char marks_char;
#endif

static inline marks_char
marks_sought(char c)
{
#ifdef __SSE2__
	return _mm_set1_epi8(c);
#else
	return c;
#endif
}

static inline char
marks_plain(marks_char c)
{
#ifdef __SSE2__
	return (char)_mm_cvtsi128_si32(c);
#else
	return c;
#endif
}

/* A bit for each of the MARKS_FEW bytes at p that is c. Pure. */
static inline uint32_t
marks_of_few(const char *p, marks_char c)
{
#ifdef __SSE2__
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), c));
#else
	uint32_t marks = 0;

	for (unsigned i = 0; i < MARKS_FEW; i++)
		marks |= (uint32_t)(p[i] == c) << i;
	return marks;
#endif
}

/* A bit for each of them that is a or b. Pure. */
static inline uint32_t
marks_of_either(const char *p, marks_char a, marks_char b)
{
#ifdef __SSE2__
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b)));
#else
	return marks_of_few(p, a) | marks_of_few(p, b);
#endif
}

/* A bit for each of the MARKS_MANY bytes at p that is c. Pure. */
static inline uint64_t
marks_of(const char *p, marks_char c)
{
	return marks_of_few(p, c) | (uint64_t)marks_of_few(p + 16, c) << 16 | (uint64_t)marks_of_few(p + 32, c) << 32 |
	    (uint64_t)marks_of_few(p + 48, c) << 48;
}

/* `high` and the bits of the MARKS_MANY bytes at p, of which the highest counts for marks_no_high(). Pure. */
static inline marks_char
marks_gather(marks_char high, const char *p)
{
#ifdef __SSE2__
	const __m128i *bytes = (const __m128i *)(const void *)p;
	__m128i first = _mm_or_si128(_mm_loadu_si128(bytes), _mm_loadu_si128(bytes + 1));
	__m128i second = _mm_or_si128(_mm_loadu_si128(bytes + 2), _mm_loadu_si128(bytes + 3));

	return _mm_or_si128(high, _mm_or_si128(first, second));
#else
	for (unsigned i = 0; i < MARKS_MANY; i++)
		high |= p[i];
	return high;
#endif
}

/* All that were gathered are ASCII. Pure. */
static inline bool
marks_no_high(marks_char high)
{
#ifdef __SSE2__
	return _mm_movemask_epi8(high) == 0;
#else
	return (unsigned char)high < 0x80;
#endif
}

/* Some byte is below blank. Pure. */
static inline bool
marks_control(struct span s)
{
#ifdef __SSE2__
	if (s.n >= MARKS_FEW) {
		const __m128i blank = _mm_set1_epi8(' ');
		const char *last = s.p + s.n - MARKS_FEW;
		__m128i least = _mm_loadu_si128((const __m128i *)(const void *)last);

		for (const char *p = s.p; p < last; p += MARKS_FEW)
			least = _mm_min_epu8(least, _mm_loadu_si128((const __m128i *)(const void *)p));
		return _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(least, blank), blank)) != 0xffff;
	}
#endif
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ')
			return true;
	return false;
}

#endif

/* language.c - the names that systems give to languages, and their ISO 639-1 codes. */
// SPDX-License-Identifier: Apache-2.0
#include "siu/parts.h"

#include <string.h>

/* ISO 639-2 has two codes for some; the name's first word is enough. What is spoken most stands first. */
static const struct language {
	char code[3], three[4], other_three[4];
	const char *name, *other_name;
} languages[] = {
	{ "en", "eng", "", "english", "" },
	{ "es", "spa", "", "spanish", "castilian" },
	{ "am", "amh", "", "amharic", "" },
	{ "ar", "ara", "", "arabic", "" },
	{ "bg", "bul", "", "bulgarian", "" },
	{ "bn", "ben", "", "bengali", "bangla" },
	{ "bs", "bos", "", "bosnian", "" },
	{ "ca", "cat", "", "catalan", "" },
	{ "cs", "ces", "cze", "czech", "" },
	{ "cy", "cym", "wel", "welsh", "" },
	{ "da", "dan", "", "danish", "" },
	{ "de", "deu", "ger", "german", "deutsch" },
	{ "el", "ell", "gre", "greek", "" },
	{ "et", "est", "", "estonian", "" },
	{ "fa", "fas", "per", "persian", "farsi" },
	{ "fi", "fin", "", "finnish", "" },
	{ "fr", "fra", "fre", "french", "" },
	{ "ga", "gle", "", "irish", "gaelic" },
	{ "gu", "guj", "", "gujarati", "" },
	{ "he", "heb", "", "hebrew", "" },
	{ "hi", "hin", "", "hindi", "" },
	{ "hr", "hrv", "", "croatian", "" },
	{ "ht", "hat", "", "haitian", "creole" },
	{ "hu", "hun", "", "hungarian", "" },
	{ "hy", "hye", "arm", "armenian", "" },
	{ "id", "ind", "", "indonesian", "" },
	{ "it", "ita", "", "italian", "" },
	{ "ja", "jpn", "", "japanese", "" },
	{ "km", "khm", "", "khmer", "cambodian" },
	{ "ko", "kor", "", "korean", "" },
	{ "lo", "lao", "", "laotian", "" },
	{ "lt", "lit", "", "lithuanian", "" },
	{ "lv", "lav", "", "latvian", "" },
	{ "my", "mya", "bur", "burmese", "" },
	{ "nb", "nob", "", "bokmal", "" },
	{ "ne", "nep", "", "nepali", "" },
	{ "nl", "nld", "dut", "dutch", "flemish" },
	{ "no", "nor", "", "norwegian", "" },
	{ "pa", "pan", "", "punjabi", "panjabi" },
	{ "pl", "pol", "", "polish", "" },
	{ "ps", "pus", "", "pashto", "" },
	{ "pt", "por", "", "portuguese", "" },
	{ "ro", "ron", "rum", "romanian", "" },
	{ "ru", "rus", "", "russian", "" },
	{ "sk", "slk", "slo", "slovak", "" },
	{ "sl", "slv", "", "slovenian", "" },
	{ "so", "som", "", "somali", "" },
	{ "sq", "sqi", "alb", "albanian", "" },
	{ "sr", "srp", "", "serbian", "" },
	{ "sv", "swe", "", "swedish", "" },
	{ "sw", "swa", "", "swahili", "" },
	{ "ta", "tam", "", "tamil", "" },
	{ "te", "tel", "", "telugu", "" },
	{ "th", "tha", "", "thai", "" },
	{ "ti", "tir", "", "tigrinya", "" },
	{ "tl", "tgl", "fil", "tagalog", "filipino" },
	{ "tr", "tur", "", "turkish", "" },
	{ "uk", "ukr", "", "ukrainian", "" },
	{ "ur", "urd", "", "urdu", "" },
	{ "vi", "vie", "", "vietnamese", "" },
	{ "zh", "zho", "chi", "chinese", "mandarin" },
	{ "zh", "yue", "", "cantonese", "" },
};
#define LANGUAGES_N (sizeof languages / sizeof languages[0])

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* code: two or three letters, lower case. */
static const struct language *
language_of_code(const char code[4])
{
	for (size_t i = 0; i < LANGUAGES_N; i++) {
		const struct language *l = &languages[i];

		if (code[2] ? memcmp(code, l->three, 4) == 0 || memcmp(code, l->other_three, 4) == 0 : memcmp(code, l->code, 3) == 0)
			return l;
	}
	return NULL;
}

static bool
has_name(const struct language *l, struct span word)
{
	char first = (char)(word.p[0] | 32);

	return (first == l->name[0] && span_is_nocase(word, l->name)) ||
	    (first == l->other_name[0] && span_is_nocase(word, l->other_name));
}

static const struct language *
language_of_name(struct span word)
{
	for (size_t i = 0; i < LANGUAGES_N; i++)
		if (has_name(&languages[i], word))
			return &languages[i];
	return NULL;
}

struct span
language_code(struct span text)
{
	struct span word = { text.p, 0 };
	const struct language *l;
	char code[4] = "";
	bool is_alone;

	while (word.n < text.n && is_letter(text.p[word.n]))
		word.n++;
	/* A code stands alone or before a country ("en-US"), else "No answer" were Norwegian. */
	is_alone = word.n == text.n || text.p[word.n] == '-' || text.p[word.n] == '_';
	if (word.n < 2 || (word.n <= 3 && !is_alone))
		return SPAN_NONE;
	for (size_t i = 0; i < word.n && i < 3; i++)
		code[i] = (char)(word.p[i] | 32);
	l = word.n <= 3 ? language_of_code(code) : language_of_name(word);
	return l ? (struct span){ l->code, 2 } : SPAN_NONE;
}

/* lint.c - what carriers punish: asking for a word that opts out, and public link shorteners. */
// SPDX-License-Identifier: Apache-2.0
#include "words.h"

#include <string.h>

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define WORD_MAX 24 /* longer words are none of ours */

/* Words are compared in lower case, without accents. */
static const char *const ask[] = { "reply", "respond", "answer", "text", "send", "type", "write", "responda",
	"responde", "responder", "conteste", "contesta", "envie", "envia", "enviar", "mande", "manda",
	"escriba", "escribe", "repondez", "reponds", "repondre", "envoyez", "envoie", "envoyer", "ecrivez",
	"tapez", "textez", NULL };
/* May stand between the asking and the word asked for. */
static const char *const between[] = { "back", "us", "with", "the", "a", "word", "code", "or", "con", "la",
	"el", "palabra", "nos", "o", "avec", "le", "un", "mot", "par", "ou", "sms", NULL };
static const char *const always_bad[] = { "cancel", "end", "quit", "revoke", "unsubscribe", "stopall",
	"optout", NULL };
static const char *const stop_words[] = { "stop", "alto", "arret", NULL };
static const char *const for_what[] = { "to", "para", "pour", NULL };
static const char *const opting_out[] = { "optout", "unsubscribe", "quit", "baja", "salir", "desabonner",
	"desabonnement", "desinscrire", "desinscription", NULL };
static const char *const texts[] = { "texts", "messages", "reminders", "alerts", "notifications", "texting",
	"messaging", "receiving", "mensajes", "recordatorios", "textos", "avisos", "recibir", "rappels",
	"recevoir", NULL };
static const char *const calling_off[] = { "cancel", "cancelar", "annuler", "reschedule", "cambiar",
	"modifier", "change", NULL };
static const char *const visits[] = { "visit", "appointment", "cita", "visita", "consulta", "rendez", "rdv",
	NULL };

static const char *const shorteners[] = { "bit.ly", "bitly.com", "tinyurl.com", "goo.gl", "t.co", "ow.ly",
	"is.gd", "v.gd", "buff.ly", "rebrand.ly", "cutt.ly", "tiny.cc", "tiny.one", "t.ly", "rb.gy",
	"shorturl.at", "short.io", "shorte.st", "adf.ly", "bl.ink", "dlvr.it", "trib.al", "lnkd.in", "s.id",
	"snip.ly", "soo.gd", "tr.im", "u.to", "x.co", "qr.ae", NULL };

struct word {
	char text[WORD_MAX]; /* folded */
	size_t n;
	bool capitals;       /* written in capitals only */
};

/* What was read of the sentence so far. */
struct sentence {
	bool asked;            /* "reply" stood in it */
	bool next_is_asked;    /* ... and what comes now is what to reply */
	bool after_opt;        /* the word before was "opt" */
	bool stop_asked;
	bool says_opting_out, says_texts, says_calling_off, says_visit;
	const char *loose;     /* an opt-out word, bad if a purpose follows */
};

/* The list's own copy of the word, NULL when it has none. */
static const char *
find_in(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(word, *list) == 0)
			return *list;
	return NULL;
}

static bool
is_in(const char *word, const char *const *list)
{
	return find_in(word, list) != NULL;
}

static bool
refuse_word(struct fault *f, const char *word)
{
	return fault_set(f, FAULT_OPERATOR,
	    "asks the patient to send \"%s\", which carriers take for opting out: "
	    "ask for another word, such as C or N", word);
}

static bool
refuse_stop(struct fault *f)
{
	return fault_set(f, FAULT_OPERATOR,
	    "asks for STOP, ALTO or ARRET without saying in the same sentence that "
	    "this opts out: write \"Reply STOP to opt out\", and ask for another word for anything else");
}

static bool
ask_for(struct sentence *s, const char *word, struct fault *f)
{
	if (is_in(word, stop_words)) {
		s->stop_asked = true;
		return true;
	}
	return refuse_word(f, word);
}

static void
note_subject(struct sentence *s, const char *word)
{
	s->says_opting_out |= is_in(word, opting_out) || (s->after_opt && strcmp(word, "out") == 0);
	s->says_texts |= is_in(word, texts);
	s->says_calling_off |= is_in(word, calling_off);
	s->says_visit |= is_in(word, visits);
	s->after_opt = strcmp(word, "opt") == 0 || strcmp(word, "opting") == 0;
}

static bool
read_word(struct sentence *s, const struct word *w, struct fault *f)
{
	const char *stop = find_in(w->text, stop_words);
	const char *opts_out = stop ? stop : find_in(w->text, always_bad);
	const char *loose = s->loose;
	bool adjacent = s->next_is_asked;

	s->loose = NULL;
	if (loose && is_in(w->text, for_what) && !ask_for(s, loose, f))
		return false;
	if (opts_out && (adjacent || (s->asked && w->capitals)))
		return ask_for(s, opts_out, f); /* "STOP or CANCEL": what follows is asked for as well */
	if (w->capitals || s->asked)
		s->loose = opts_out;
	note_subject(s, w->text);
	if (is_in(w->text, ask))
		s->asked = s->next_is_asked = true;
	else
		s->next_is_asked = adjacent && is_in(w->text, between);
	return true;
}

static bool
end_sentence(struct sentence *s, struct fault *f)
{
	bool fine = s->says_opting_out || (s->says_texts && !(s->says_calling_off && s->says_visit));
	bool refused = s->stop_asked && !fine;

	*s = (struct sentence){ .asked = false };
	return refused ? refuse_stop(f) : true;
}

char
lint_fold(int32_t c)
{
	/* U+00C0 .. U+00FF without their accents */
	static const char plain[] = "aaaaaaaceeeeiiiidnooooo*ouuuuytsaaaaaaaceeeeiiiidnooooo/ouuuuyty";

	c = u_tolower(c);
	return c < 0x80 ? (char)c : c >= 0xc0 && c <= 0xff ? plain[c - 0xc0] : '?';
}

static void
add_letter(struct word *w, UChar32 c)
{
	w->capitals = (w->n == 0 || w->capitals) && u_isupper(c);
	if (w->n < WORD_MAX - 1)
		w->text[w->n] = lint_fold(c);
	w->n++;
}

static bool
lint_opt_out(struct span text, struct fault *f)
{
	const uint8_t *p = (const uint8_t *)text.p;
	struct sentence s = { .asked = false };
	struct word w = { .n = 0 };

	for (size_t at = 0; at <= text.n;) {
		UChar32 c = '\n';

		if (at < text.n)
			U8_NEXT_OR_FFFD(p, at, text.n, c);
		else
			at++;
		if (u_isalpha(c)) {
			add_letter(&w, c);
			continue;
		}
		if (w.n > 0 && w.n < WORD_MAX) {
			w.text[w.n] = '\0';
			if (!read_word(&s, &w, f))
				return false;
		}
		w.n = 0;
		if (c == '=' && s.loose && !ask_for(&s, s.loose, f))
			return false;
		if (c >= '0' && c <= '9')
			s.next_is_asked = false;
		if ((c == '.' || c == '!' || c == '?' || c == ';' || c == '\n') && !end_sentence(&s, f))
			return false;
	}
	return true;
}

static bool
continues_host(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

static bool
has_host(struct span text, const char *host)
{
	size_t n = strlen(host);

	while (text.n >= n) {
		long at = span_find_nocase(text, host);
		size_t end;
		bool begins, ends;

		if (at < 0)
			return false;
		end = (size_t)at + n;
		begins = at == 0 || !continues_host(text.p[at - 1]);
		if (end < text.n && text.p[end] == '.') /* of a longer name, or of the sentence */
			end++;
		ends = end == text.n || !continues_host(text.p[end]);
		if (begins && ends)
			return true;
		text.p += at + 1;
		text.n -= (size_t)at + 1;
	}
	return false;
}

const char *
lint_shortener(struct span text)
{
	for (const char *const *host = shorteners; *host; host++)
		if (has_host(text, *host))
			return *host;
	return NULL;
}

bool
lint_text(struct span text, struct fault *f)
{
	const char *host = lint_shortener(text);

	if (host)
		return fault_set(f, FAULT_OPERATOR,
		    "has a link of the public shortener %s, which carriers block: "
		    "write the whole link", host);
	return lint_opt_out(text, f);
}

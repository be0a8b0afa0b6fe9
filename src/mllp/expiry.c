/* expiry.c - how long certificates last, and each state of them told once. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/certificates.h"

#include "nudge/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

enum held_state
held_state(const struct held *h, int64_t now_s)
{
	static const struct {
		int64_t days;
		enum held_state state;
	} rows[] = { { 1, HELD_1 }, { 7, HELD_7 }, { 14, HELD_14 }, { 30, HELD_30 } };
	int64_t left_s = h->is.not_after_s - now_s, short_s;

	if (h->unreadable) {
		return HELD_OVER;
	}
	if (h->as == HELD_LIST) {
		short_s = (h->is.not_after_s - h->is.not_before_s) / 4;
		short_s = short_s < DAY_S ? short_s : DAY_S;
		return h->is.not_after_s == 0 || left_s > short_s ? HELD_GOOD : left_s > 0 ? HELD_1 : HELD_OVER;
	}
	if (left_s <= 0) {
		return HELD_OVER;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (left_s <= rows[i].days * DAY_S) {
			return rows[i].state;
		}
	}
	return h->is.not_before_s > now_s ? HELD_EARLY : HELD_GOOD;
}

const char *
held_state_word(enum held_state s)
{
	static const char *const words[] = { [HELD_GOOD] = "good", [HELD_EARLY] = "not-yet-valid", [HELD_30] = "30-days",
		[HELD_14] = "14-days", [HELD_7] = "7-days", [HELD_1] = "1-day", [HELD_OVER] = "expired" };

	return words[s];
}

int64_t
held_days_left(const struct held *h, int64_t now_s)
{
	int64_t left_s = h->is.not_after_s - now_s;

	return left_s >= 0 ? left_s / DAY_S : -((-left_s + DAY_S - 1) / DAY_S);
}

/* ---- told once ---- */

/* By its place: what is put in a file's place is the same one again. Where
 * several may share a place, by what they are as well. */
struct expiry_known {
	enum held_as as;
	char *block, *owner, *setting, *file; /* owned */
	char which[256], name[256], sha256[65];
	enum held_state told;
	uint64_t round;
};

static const char *
which_of(const struct held *h)
{
	switch (h->as) {
	case HELD_ISSUER:
	case HELD_SEEN:
		return h->is.sha256;
	case HELD_LIST:
		return h->is.issuer;
	case HELD_OWN:
	case HELD_PINNED:
		break;
	}
	return "";
}

static const char *
name_of(const struct held *h)
{
	return h->as == HELD_LIST ? h->is.issuer : h->is.subject;
}

static void
known_clear(struct expiry_known *k)
{
	free(k->block);
	free(k->owner);
	free(k->setting);
	free(k->file);
}

static struct expiry_known *
find(struct expiry *e, const struct held *h)
{
	for (size_t i = 0; i < e->n; i++) {
		struct expiry_known *k = &e->known[i];
		if (k->as == h->as && strcmp(k->block, h->block) == 0 && strcmp(k->owner, h->owner) == 0 &&
		    strcmp(k->setting, h->setting) == 0 && strcmp(k->file, h->file) == 0 &&
		    strcmp(k->which, which_of(h)) == 0) {
			return k;
		}
	}
	return NULL;
}

static struct expiry_known *
add(struct expiry *e, const struct held *h)
{
	struct expiry_known *grown = realloc(e->known, (e->n + 1) * sizeof *grown), *k;

	if (!grown) {
		return NULL;
	}
	e->known = grown;
	k = &grown[e->n];
	*k = (struct expiry_known){ .as = h->as, .block = strdup(h->block), .owner = strdup(h->owner),
		.setting = strdup(h->setting), .file = strdup(h->file) };
	if (!k->block || !k->owner || !k->setting || !k->file) {
		known_clear(k);
		return NULL;
	}
	snprintf(k->which, sizeof k->which, "%s", which_of(h));
	snprintf(k->name, sizeof k->name, "%s", name_of(h));
	snprintf(k->sha256, sizeof k->sha256, "%s", h->is.sha256);
	e->n++;
	return k;
}

void
expiry_begin(struct expiry *e)
{
	e->round++;
}

void
expiry_look(struct expiry *e, const struct held *h, int64_t now_s, expiry_tell_fn *tell, void *ctx)
{
	enum held_state s = held_state(h, now_s);
	struct expiry_known *k = h->counts ? find(e, h) : NULL;

	if (s == HELD_EARLY) { /* a successor that lies ready */
		s = HELD_GOOD;
	}
	if (!h->counts || (!k && (s == HELD_GOOD || !(k = add(e, h))))) {
		return;
	}
	k->round = e->round;
	if (s != k->told) {
		k->told = s;
		tell(ctx, h, s, now_s);
	}
}

void
expiry_end(struct expiry *e, int64_t now_s, expiry_tell_fn *tell, void *ctx)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct expiry_known *k = &e->known[i];
		if (k->round != e->round) { /* and told of: else it was not kept */
			struct held gone = { .as = k->as, .block = k->block, .owner = k->owner, .setting = k->setting, .file = k->file,
				.peer = "" };
			snprintf(k->as == HELD_LIST ? gone.is.issuer : gone.is.subject, sizeof gone.is.subject, "%s", k->name);
			snprintf(gone.is.sha256, sizeof gone.is.sha256, "%s", k->sha256);
			tell(ctx, &gone, HELD_GOOD, now_s);
		}
		if (k->round != e->round || k->told == HELD_GOOD) {
			known_clear(k);
		} else {
			e->known[kept++] = *k;
		}
	}
	e->n = kept;
}

void
expiry_clear(struct expiry *e)
{
	for (size_t i = 0; i < e->n; i++) {
		known_clear(&e->known[i]);
	}
	free(e->known);
	*e = (struct expiry){ NULL, 0, 0 };
}

/* ---- in words ---- */

static const char *
advice(const struct held *h)
{
	static const char *const texts[] = {
		[HELD_OWN] = "put its successor in its place, then nudgectl reload --keys",
		[HELD_PINNED] = "get the sender's next certificate, put it beside this one in certificates, then nudgectl reload",
		[HELD_ISSUER] = "get the issuer's next certificate, add it to the file, then nudgectl reload --keys",
		[HELD_LIST] = "fetch a fresh list, then nudgectl reload --keys: without one no certificate of the issuer is taken",
		[HELD_SEEN] = "have the sender renew its certificate",
	};

	return texts[h->as];
}

static const char *
sentence(const struct held *h, enum held_state s)
{
	static const char *const certificate[] = { [HELD_GOOD] = "certificate is in order again",
		[HELD_EARLY] = "certificate is not valid yet", [HELD_30] = "certificate ends within 30 days",
		[HELD_14] = "certificate ends within 14 days", [HELD_7] = "certificate ends within 7 days",
		[HELD_1] = "certificate ends within a day", [HELD_OVER] = "certificate has expired" };

	if (h->unreadable) {
		return "certificate cannot be read";
	}
	if (h->as != HELD_LIST) {
		return certificate[s];
	}
	return s == HELD_OVER ? "revocation list is out of date: no certificate of its issuer is taken" :
	    s == HELD_GOOD    ? "revocation list is in order again" :
	                        "revocation list is about to go out of date";
}

void
expiry_log(void *ctx, const struct held *h, enum held_state s, int64_t now_s)
{
	(void)ctx;
	if (s == HELD_GOOD) {
		log_note(sentence(h, s), log_name(h->block, h->owner), log_name("setting", h->setting), log_name("file", h->file),
		    log_name("name", name_of(h)), log_name("sha256", h->is.sha256));
		return;
	}
	log_at(s == HELD_OVER ? LOG_ERROR : LOG_WARN, sentence(h, s), log_name(h->block, h->owner), log_name("setting", h->setting),
	    log_name("file", h->file), log_name("name", name_of(h)), log_name("sha256", h->is.sha256),
	    log_int("days_left", held_days_left(h, now_s)), log_name("why", h->unreadable ? h->unreadable : ""), log_name("do", advice(h)));
}

/* settings.c - the stages of a configuration, each reporting into the same list. */
// SPDX-License-Identifier: Apache-2.0
#include "control/ports.h"
#include "nudge/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/mllp.h"
#include "nudge/store.h"

#define SPELLED_MAX (16u << 20)

/* By file, in the order they were read in, and by line: as one mends them. */
static void
sort_faults(struct conf_faults *l)
{
	for (size_t i = 1; i < l->n; i++) {
		struct conf_fault x = l->item[i];
		size_t to = i, first = 0;

		while (first < i && strcmp(l->item[first].file, x.file) != 0)
			first++;
		while (first < i && to > first && (strcmp(l->item[to - 1].file, x.file) != 0 || l->item[to - 1].line > x.line)) {
			l->item[to] = l->item[to - 1];
			to--;
		}
		l->item[to] = x;
	}
}

static bool
load(const char *path, enum conf_reader reader, bool with_ports, struct settings *out, struct conf_faults *faults)
{
	struct settings s = { NULL, NULL, NULL };
	struct conf *c = NULL;
	bool ok = conf_look(path, reader, &c, faults);

	/* Whoever mends a file wants to know of all that is wrong with it. */
	if (c) {
		ok = rules_look(c, &s.rules, faults) && ok;
		ok = s.rules && siu_map_new(s.rules, &s.map, faults) && ok;
		ok = (reader == CONF_SENDER || mllp_check(c, faults)) && ok;
		ok = (!with_ports || ports_check(c, faults)) && ok;
	}
	conf_drop(c);
	sort_faults(faults);
	if (!ok || faults->errors_n > 0) {
		settings_clear(&s);
		return false;
	}
	s.file = rules_hold(s.rules);
	*out = s;
	return true;
}

bool
settings_load(const char *path, enum conf_reader reader, struct settings *out, struct conf_faults *faults)
{
	return load(path, reader, false, out, faults);
}

bool
settings_check(const char *path, enum conf_reader reader, struct settings *out, struct conf_faults *faults)
{
	return load(path, reader, true, out, faults);
}

bool
settings_stand(struct settings *s, const struct approvals *a, struct conf_faults *faults)
{
	struct rules *rules;
	struct siu_map *map;

	if (!rules_in_force(s->file, a->item, a->n, &rules, faults))
		return false;
	if (!siu_map_new(rules, &map, faults)) {
		rules_drop(rules);
		return false;
	}
	siu_map_free(s->map);
	rules_drop(s->rules);
	s->rules = rules;
	s->map = map;
	return true;
}

/* ---- approvals ---- */

static bool
add(struct approvals *l, const struct approval *a)
{
	struct approval *grown = realloc(l->item, (l->n + 1) * sizeof *grown), *x;

	if (!grown)
		return false;
	l->item = grown;
	x = &grown[l->n];
	*x = *a;
	x->spelled = malloc(a->spelled_n + 1);
	if (!x->spelled)
		return false;
	if (a->spelled_n > 0)
		memcpy(x->spelled, a->spelled, a->spelled_n);
	l->n++;
	return true;
}

struct reading {
	struct approvals *into;
	bool ok;
};

static bool
read_one(void *ctx, const struct approval *a)
{
	struct reading *r = ctx;

	return r->ok = add(r->into, a);
}

bool
approvals_read(const char *directory, struct approvals *out, struct fault *f)
{
	struct reading r = { out, true };
	struct store_reader *reader = NULL;
	bool ok;

	*out = (struct approvals){ NULL, 0 };
	if (!store_reader_open(directory, &reader, f))
		return false;
	ok = store_read_approvals(reader, read_one, &r, f);
	store_reader_close(reader);
	return ok && (r.ok || fault_set(f, FAULT_BUSY, "no memory for the approvals"));
}

bool
approvals_add(struct approvals *l, const struct site_rules *file, const char *who, int64_t now_s)
{
	struct approval a = { .at_s = now_s };
	struct buf spelled;
	bool ok;

	(void)snprintf(a.site, sizeof a.site, "%s", file->site->title);
	(void)snprintf(a.who, sizeof a.who, "%s", who);
	memcpy(a.hash, file->hash, sizeof a.hash);
	buf_init(&spelled, SPELLED_MAX);
	ok = terms_spell(&file->terms, &spelled);
	a.spelled = spelled.p;
	a.spelled_n = spelled.n;
	for (size_t i = 0; ok && i < l->n; i++)
		if (strcmp(l->item[i].site, a.site) == 0) {
			free(l->item[i].spelled);
			l->item[i] = l->item[--l->n];
			break;
		}
	ok = ok && add(l, &a);
	buf_clear(&spelled);
	return ok;
}

void
approvals_clear(struct approvals *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->item[i].spelled);
	free(l->item);
	*l = (struct approvals){ NULL, 0 };
}

void
settings_clear(struct settings *s)
{
	siu_map_free(s->map);
	rules_drop(s->rules);
	rules_drop(s->file);
	*s = (struct settings){ NULL, NULL, NULL };
}

void
settings_fault_text(const struct conf_fault *f, char *out, size_t cap)
{
	const char *kind = f->warning ? "warning" : "error";

	if (f->file[0] && f->line > 0)
		(void)snprintf(out, cap, "%s:%d: %s: %s", f->file, f->line, kind, f->text);
	else if (f->file[0])
		(void)snprintf(out, cap, "%s: %s: %s", f->file, kind, f->text);
	else
		(void)snprintf(out, cap, "%s: %s", kind, f->text);
}

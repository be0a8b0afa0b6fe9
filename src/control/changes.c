/* changes.c - two configurations laid beside each other, in terms of sites and their patients. */
// SPDX-License-Identifier: Apache-2.0
#include "control/changes.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 65536

/* A value of several entries on one line. */
static json_t *
line_of(const struct text_list *l)
{
	struct buf b;
	json_t *o;

	buf_init(&b, VALUE_MAX);
	for (size_t i = 0; i < l->n; i++)
		(void)buf_addf(&b, "%s%s", i > 0 ? ", " : "", l->item[i]);
	o = json_string(buf_text(&b));
	buf_clear(&b);
	return o ? o : json_string("");
}

static void
add_change(json_t *list, const char *setting, const struct text_list *from, const struct text_list *to, const char *when)
{
	(void)json_array_append_new(list,
	    json_pack("{s:s, s:o, s:o, s:s}", "setting", setting, "from", line_of(from), "to", line_of(to), "when", when));
}

/* Of whole files only that they are others, and of which language. */
static void
add_long(json_t *list, size_t term, const struct site_rules *from, const struct site_rules *to, const char *when)
{
	static const struct text_list none = { NULL, 0 };
	const struct text_list *a = &from->terms.item[term], *b = &to->terms.item[term];
	char name[96];

	if (strcmp(terms_name(term), "texts") != 0) {
		add_change(list, terms_name(term), &none, &none, when);
		return;
	}
	for (size_t i = 0; i < b->n && i < to->site->languages.n; i++) {
		const char *language = to->site->languages.item[i];
		bool same = false;

		for (size_t k = 0; k < a->n && k < from->site->languages.n; k++)
			same = same || (strcmp(from->site->languages.item[k], language) == 0 && strcmp(a->item[k], b->item[i]) == 0);
		(void)snprintf(name, sizeof name, "texts (%.40s)", language);
		if (!same)
			add_change(list, name, &none, &none, when);
	}
}

static void
compare(json_t *list, const struct site_rules *from, const struct site_rules *to, const char *when)
{
	for (size_t i = 0; i < terms_n(); i++) {
		if (terms_same_item(i, &from->terms, &to->terms) || strcmp(terms_name(i), "number_block") == 0)
			continue;
		if (terms_is_long(i))
			add_long(list, i, from, to, when);
		else
			add_change(list, terms_name(i), &from->terms.item[i], &to->terms.item[i], when);
	}
}

json_t *
changes_waiting(const struct site_rules *in_force, const struct site_rules *file)
{
	json_t *list = json_array();

	compare(list, in_force, file, terms_fate_text(TERM_WAITS));
	return list;
}

json_t *
changes_terms(const struct site_rules *s)
{
	json_t *o = json_object();

	for (size_t i = 0; i < terms_n(); i++) {
		const struct text_list *l = terms_is_long(i) ? &s->site->languages : &s->terms.item[i];
		json_t *values = json_array();

		for (size_t k = 0; k < l->n && strcmp(terms_name(i), "profile_file") != 0; k++)
			(void)json_array_append_new(values, json_string(l->item[k]));
		(void)json_object_set_new(o, terms_name(i), values);
	}
	return o;
}

/* ---- sites ---- */

/* How many texts wait, by site. */
static bool
count_planned(void *ctx, const struct states_view *v)
{
	return json_object_set_new(ctx, v->title, json_integer(v->tally[TEXT_PENDING] + v->tally[TEXT_HELD])) == 0;
}

static const struct site_rules *
site_of(const struct rules *r, const char *title)
{
	const struct conf_site *s = conf_find_site(r->conf, title);

	return s ? rules_of(r, s) : NULL;
}

static const char *
silent(const struct site_rules *s)
{
	return s ? rules_silent(s) : "it is not in the configuration any more";
}

/* One site of either; nothing when it stays as it is. */
static void
add_site(json_t *o, const char *title, const struct site_rules *now, const struct settings *next, const json_t *planned)
{
	const struct site_rules *then = site_of(next->rules, title), *file = site_of(next->file, title);
	const char *was = now ? rules_silent(now) : "it is new", *will = silent(then);
	json_t *changes = json_array();

	if (now && then)
		compare(changes, now, then, terms_fate_text(TERM_AT_ONCE));
	if (then && file && then->standing.what == STANDING_DIFFERS)
		compare(changes, then, file, terms_fate_text(TERM_WAITS));
	if (!was && will)
		(void)json_array_append_new(json_object_get(o, "stops"), json_pack("{s:s, s:s}", "site", title, "why", will));
	if (json_array_size(changes) > 0 || !was != !will || !now)
		(void)json_array_append_new(json_object_get(o, "sites"),
		    json_pack("{s:s, s:b, s:b, s:s?, s:I, s:O}", "site", title, "sending", was == NULL, "will_send", will == NULL,
		        "why", will, "planned", json_integer_value(json_object_get(planned, title)), "changes", changes));
	json_decref(changes);
}

static void
add_sites(json_t *o, const struct rules *now, const struct settings *next, const json_t *planned)
{
	for (size_t i = 0; i < now->conf->sites_n; i++)
		add_site(o, now->conf->sites[i].title, &now->sites[i], next, planned);
	for (size_t i = 0; i < next->rules->conf->sites_n; i++)
		if (!conf_find_site(now->conf, next->rules->conf->sites[i].title))
			add_site(o, next->rules->conf->sites[i].title, NULL, next, planned);
}

/* ---- everything else that is set ---- */

static int
order(const struct conf_written *a, const struct conf_written *b)
{
	int n = strcmp(a->block, b->block);

	if (n == 0)
		n = strcmp(a->title, b->title);
	return n ? n : strcmp(a->key, b->key);
}

/* What the terms of sites tell is not told twice; whom test environments may text is nobody else's business. */
static void
add_setting(json_t *list, const struct conf_written *w, const char *from, const char *to)
{
	bool numbers = strcmp(w->key, "only_to") == 0;

	if (strcmp(w->block, "site") == 0 &&
	    (terms_find(w->key) < terms_n() || strncmp(w->key, "reminder", 8) == 0 || strcmp(w->key, "adt") == 0 ||
		strcmp(w->key, "templates") == 0))
		return;
	(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "block", w->block, "title", w->title, "setting",
	                                      w->key, "from", numbers ? NULL : from, "to", numbers ? NULL : to));
}

static void
add_settings(json_t *list, const struct conf *a, const struct conf *b)
{
	size_t i = 0, k = 0;

	while (i < a->written_n || k < b->written_n) {
		const struct conf_written *x = i < a->written_n ? &a->written[i] : NULL, *y = k < b->written_n ? &b->written[k] : NULL;
		int n = !x ? 1 : !y ? -1 : order(x, y);

		if (x && n < 0)
			add_setting(list, x, x->value, NULL);
		else if (y && n > 0)
			add_setting(list, y, NULL, y->value);
		else if (x && y && strcmp(x->value, y->value) != 0)
			add_setting(list, x, x->value, y->value);
		i += n <= 0;
		k += n >= 0;
	}
}

json_t *
changes_view(const struct rules *now, const struct settings *next, const char *directory, struct fault *f)
{
	char version[16];
	json_t *o, *settings, *planned = json_object();
	struct store_reader *r = NULL;

	views_version(next->file->version, version);
	o = json_pack("{s:s, s:[], s:[], s:[]}", "version", version, "stops", "sites", "settings");
	if (!o || !store_reader_open(directory, &r, f) || !store_read_tally(r, count_planned, planned, f)) {
		store_reader_close(r);
		json_decref(planned);
		json_decref(o);
		return NULL;
	}
	settings = json_object_get(o, "settings");
	add_sites(o, now, next, planned);
	add_settings(settings, now->conf, next->file->conf);
	(void)json_object_set_new(o, "same",
	    json_boolean(json_array_size(settings) == 0 && json_array_size(json_object_get(o, "sites")) == 0));
	store_reader_close(r);
	json_decref(planned);
	return o;
}

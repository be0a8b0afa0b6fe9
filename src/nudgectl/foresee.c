/* foresee.c - simulate --config: what the visits that are still known would get under other rules, beside what they get. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/clock.h"
#include "nudge/settings.h"
#include "nudgectl/past.h"

#define HELP "simulate --config FILE [--since 30d] [--price OF_A_SEGMENT] [--json]   (-c names the configuration in force)"
#define FOR_EVER (400 * 86400)
#define MOVED_S 60
#define EXAMPLES 20

struct count {
	int64_t texts, segments, night;
};

struct difference { /* of one site, or of all; of what has been, or of what is to come */
	struct count before, after;
	int64_t more, fewer, moved, reworded;
};

enum { PAST, COMING, SPANS };

struct foresight {
	struct rules *before, *after; /* held */
	struct history *history;
	struct trial was, then;
	struct difference all[SPANS], *sites[SPANS]; /* owned; parallel to the sites of `titles` */
	const char **titles;          /* owned; borrowed words */
	size_t titles_n;
	int64_t since_s, now_s;
	double price;                 /* of a segment; below 0: not given */
	json_t *examples;
};

/* ---- settings ---- */

static bool
load(const char *path, struct rules **out)
{
	struct conf_faults faults;
	struct settings s = { .rules = NULL };
	bool ok = settings_load(path, CONF_CHECK, &s, &faults);

	for (size_t i = 0; !ok && i < faults.n; i++) {
		char line[1024];

		settings_fault_text(&faults.item[i], line, sizeof line);
		(void)fprintf(stderr, "%s\n", line);
	}
	conf_faults_clear(&faults);
	if (ok)
		*out = rules_hold(s.rules);
	settings_clear(&s);
	return ok;
}

/* "30d", "12h", "4w" */
static bool
period(const char *text, int64_t *out_s)
{
	char *end;
	long n = strtol(text, &end, 10);
	int64_t unit = *end == 'd' ? 86400 : *end == 'h' ? 3600 : *end == 'w' ? 7 * 86400 : 0;

	if (n <= 0 || n > 10000 || unit == 0 || end[1])
		return false;
	*out_s = n * unit;
	return true;
}

/* The file that nudged runs by, unless -c names one. */
static int
load_before(const struct call *c, struct foresight *x)
{
	json_t *status = NULL;
	int rc = EXIT_SUCCESS;
	bool ok;

	if (!c->conf)
		rc = call_ask(c, json_pack("{s:s}", "command", "status"), &status);
	if (rc != EXIT_SUCCESS)
		return rc;
	ok = load(c->conf ? c->conf : call_text(status, "configuration"), &x->before);
	if (!ok && !c->conf)
		(void)fprintf(stderr, "nudgectl: the configuration in force cannot be used; name it, or a copy, with -c\n");
	json_decref(status);
	return ok ? EXIT_SUCCESS : EXIT_CONF;
}

/* ---- beside each other ---- */

static bool
collect_titles(struct foresight *x)
{
	const struct conf *b = x->before->conf, *a = x->after->conf;

	x->titles = calloc(b->sites_n + a->sites_n + 1, sizeof *x->titles);
	for (int i = 0; i < SPANS; i++)
		x->sites[i] = calloc(b->sites_n + a->sites_n + 1, sizeof *x->sites[i]);
	if (!x->titles || !x->sites[PAST] || !x->sites[COMING])
		return false;
	for (size_t i = 0; i < b->sites_n; i++)
		x->titles[x->titles_n++] = b->sites[i].title;
	for (size_t i = 0; i < a->sites_n; i++)
		if (!conf_find_site(b, a->sites[i].title))
			x->titles[x->titles_n++] = a->sites[i].title;
	return true;
}

static struct difference *
of_site(struct foresight *x, int span, const char *title)
{
	size_t i = 0;

	while (i + 1 < x->titles_n && strcmp(x->titles[i], title) != 0)
		i++;
	return &x->sites[span][i];
}

static void
add(struct count *c, const struct gone *g)
{
	c->texts++;
	c->segments += g->segments;
	c->night += g->night;
}

static json_t *
when(const struct rules *r, const struct gone *g)
{
	const struct conf_site *s = g ? conf_find_site(r->conf, g->site) : NULL;
	char out[32];

	if (!s)
		return json_null();
	zone_rfc3339(rules_of(r, s)->zone, g->at_s, out);
	return json_string(out);
}

static void
example(struct foresight *x, const struct gone *b, const struct gone *a)
{
	const struct gone *g = b ? b : a;

	if (json_array_size(x->examples) < EXAMPLES)
		(void)json_array_append_new(x->examples, json_pack("{s:s, s:s, s:s, s:o, s:o}", "site", g->site, "kind",
		                                             text_kind_name(g->kind), "rule", g->rule, "before", when(x->before, b), "after",
		                                             when(x->after, a)));
}

/* One text as it is and as it would be; NULL: there is none. */
static void
note(struct foresight *x, const struct gone *b, const struct gone *a)
{
	const struct gone *g = b ? b : a;
	int span = g->at_s <= x->now_s ? PAST : COMING;
	struct difference *both[] = { &x->all[span], of_site(x, span, g->site) };
	bool moved = b && a && llabs(a->at_s - b->at_s) > MOVED_S;

	if (g->at_s < x->since_s)
		return;
	if (!a || !b || moved)
		example(x, b, a);
	for (size_t i = 0; i < 2; i++) {
		struct difference *d = both[i];

		if (b)
			add(&d->before, b);
		if (a)
			add(&d->after, a);
		d->fewer += !a;
		d->more += !b;
		d->moved += moved;
		d->reworded += b && a && memcmp(b->words, a->words, sizeof a->words) != 0;
	}
}

static int
order(const struct gone *a, const struct gone *b)
{
	if (a->visit != b->visit)
		return a->visit < b->visit ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->rule, b->rule);
}

static void
compare(struct foresight *x)
{
	size_t b = 0, a = 0;

	while (b < x->was.n || a < x->then.n) {
		const struct gone *was = b < x->was.n ? &x->was.item[b] : NULL, *then = a < x->then.n ? &x->then.item[a] : NULL;
		int which = !was ? 1 : !then ? -1 : order(was, then);

		note(x, which <= 0 ? was : NULL, which >= 0 ? then : NULL);
		b += which <= 0;
		a += which >= 0;
	}
}

/* ---- told ---- */

static json_t *
count_of(const struct foresight *x, const struct count *c)
{
	return json_pack("{s:I, s:I, s:I, s:o}", "texts", (json_int_t)c->texts, "segments", (json_int_t)c->segments, "night",
	    (json_int_t)c->night, "cost", x->price < 0 ? json_null() : json_real((double)c->segments * x->price));
}

static json_t *
difference_of(const struct foresight *x, const struct difference *d)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I}", "before", count_of(x, &d->before), "after", count_of(x, &d->after), "more",
	    (json_int_t)d->more, "fewer", (json_int_t)d->fewer, "moved", (json_int_t)d->moved, "reworded", (json_int_t)d->reworded);
}

static json_t *
result_of(const struct foresight *x)
{
	json_t *sites = json_array();
	char since[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
	int64_t erased = 0, sent = 0;

	for (size_t i = 0; i < x->history->visits_n; i++)
		erased += x->history->visits[i].erased;
	for (size_t i = 0; i < x->history->texts_n; i++)
		sent += x->history->texts[i].first_sent_s >= x->since_s;
	for (size_t i = 0; i < x->titles_n; i++)
		(void)json_array_append_new(sites, json_pack("{s:s, s:o, s:o}", "site", x->titles[i], "past", difference_of(x, &x->sites[PAST][i]),
		                                       "coming", difference_of(x, &x->sites[COMING][i])));
	clock_rfc3339(x->since_s, since);
	clock_rfc3339(x->now_s, now);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:O}", "since", since, "now", now, "visits",
	    (json_int_t)x->history->visits_n, "erased", (json_int_t)erased, "sent", (json_int_t)sent, "untaken_before",
	    (json_int_t)x->was.untaken, "untaken_after", (json_int_t)x->then.untaken, "past", difference_of(x, &x->all[PAST]), "coming",
	    difference_of(x, &x->all[COMING]), "sites", sites, "examples", x->examples);
}

static void
print_difference(const struct foresight *x, const char *name, const struct difference *d)
{
	(void)printf("%-24.24s  %8lld %8lld  %6lld %6lld %6lld %8lld  %6lld %6lld  %8lld %8lld", name, (long long)d->before.texts,
	    (long long)d->after.texts, (long long)d->more, (long long)d->fewer, (long long)d->moved, (long long)d->reworded,
	    (long long)d->before.night, (long long)d->after.night, (long long)d->before.segments, (long long)d->after.segments);
	if (x->price >= 0)
		(void)printf("  %9.2f %9.2f", (double)d->before.segments * x->price, (double)d->after.segments * x->price);
	(void)putchar('\n');
}

static void
print_span(const struct foresight *x, int span, const char *title)
{
	(void)printf("\n%-24s  %8s %8s  %6s %6s %6s %8s  %6s %6s  %8s %8s%s\n", title, "texts", "then", "more", "fewer", "moved", "reworded",
	    "night", "then", "segments", "then", x->price >= 0 ? "       cost      then" : "");
	for (size_t i = 0; i < x->titles_n; i++)
		print_difference(x, x->titles[i], &x->sites[span][i]);
	if (x->titles_n > 1)
		print_difference(x, "all", &x->all[span]);
}

static int
print(const struct call *c, const struct foresight *x)
{
	json_t *o = result_of(x), *e;
	size_t i;

	if (c->json)
		return call_print_json(o);
	(void)printf("%lld visits are known that were told of, or begin, since %s; of %lld only what is not erased\n",
	    (long long)x->history->visits_n, call_text(o, "since"), (long long)json_integer_value(json_object_get(o, "erased")));
	print_span(x, PAST, "since then");
	print_span(x, COMING, "from now on");
	if (x->then.untaken != x->was.untaken)
		(void)printf("\nvisits that no site takes: %lld now, %lld then\n", (long long)x->was.untaken, (long long)x->then.untaken);
	if (json_array_size(x->examples) > 0)
		(void)printf("\nthe first differences\n");
	json_array_foreach(x->examples, i, e)
		(void)printf("  %s: %s%s%s  %s -> %s\n", call_text(e, "site"), call_text(e, "kind"), call_text(e, "rule")[0] ? " " : "",
		    call_text(e, "rule"), call_text(e, "before")[0] ? call_text(e, "before") : "(none)",
		    call_text(e, "after")[0] ? call_text(e, "after") : "(none)");
	(void)puts("\nnothing was sent; both columns are rehearsed, and all sites count as approved");
	json_decref(o);
	return EXIT_SUCCESS;
}

static int
foresee(const struct call *c, struct foresight *x)
{
	struct fault f = { 0 };
	int status = past_fetch(c, x->after, x->since_s, &x->history);

	if (status != EXIT_SUCCESS)
		return status;
	if (!collect_titles(x) || !trial_run(x->history, x->before, false, x->now_s + FOR_EVER, &x->was, &f) ||
	    !trial_run(x->history, x->after, true, x->now_s + FOR_EVER, &x->then, &f)) {
		(void)fprintf(stderr, "nudgectl: %s\n", f.text[0] ? f.text : "out of memory");
		return EXIT_FAILURE;
	}
	compare(x);
	return print(c, x);
}

int
command_foresee(struct call *c, const char *then, const char *since)
{
	struct foresight x = { .now_s = clock_now().wall_ms / 1000, .price = -1, .examples = json_array() };
	const char *price = call_option(c, "--price");
	char *end = NULL;
	int64_t back_s = 30 * 86400;
	int status;

	if (price && price[0])
		x.price = strtod(price, &end);
	if (!then[0] || !price || (end && (*end || x.price < 0)) || c->argc != 0 || (since[0] && !period(since, &back_s))) {
		json_decref(x.examples);
		return call_usage(HELP);
	}
	x.since_s = x.now_s - back_s;
	status = load(then, &x.after) ? load_before(c, &x) : EXIT_CONF;
	if (status == EXIT_SUCCESS)
		status = foresee(c, &x);
	trial_clear(&x.was);
	trial_clear(&x.then);
	history_free(x.history);
	rules_drop(x.before);
	rules_drop(x.after);
	for (int i = 0; i < SPANS; i++)
		free(x.sites[i]);
	free(x.titles);
	json_decref(x.examples);
	return status;
}

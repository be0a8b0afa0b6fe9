/* certificates.c - the table of certificates: what ends first stands first. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "nudgectl/nudgectl.h"

static int
by_end(const void *a, const void *b)
{
	const json_t *x = json_object_get(*(json_t *const *)a, "days_left"), *y = json_object_get(*(json_t *const *)b, "days_left");

	if (!json_is_integer(x) || !json_is_integer(y)) /* what cannot be read comes first */
		return json_is_integer(x) - json_is_integer(y);
	return (json_integer_value(x) > json_integer_value(y)) - (json_integer_value(x) < json_integer_value(y));
}

static const char *
what(const json_t *o)
{
	static const char *const rows[][2] = { { "own", "ours" }, { "pinned", "sender's" }, { "issuer", "issuer of senders" },
		{ "revocation-list", "revocation list" }, { "seen", "shown by a sender" } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i][0], call_text(o, "kind")) == 0)
			return rows[i][1];
	return call_text(o, "kind");
}

static void
print_seen(const json_t *o)
{
	long long open = json_integer_value(json_object_get(o, "connections"));

	if (open > 0)
		(void)printf("          connected now, from %s\n", call_text(o, "peer"));
	else if (call_text(o, "last_seen")[0])
		(void)printf("          last seen %s, from %s\n", call_text(o, "last_seen"), call_text(o, "peer"));
	else if (strcmp(call_text(o, "kind"), "pinned") == 0)
		(void)puts("          not seen since nudged started");
	if (!json_is_true(json_object_get(o, "in_use")))
		(void)puts("          another took its place: it can go");
}

static void
print_one(const json_t *o)
{
	const char *name = call_text(o, "subject")[0] ? call_text(o, "subject") : call_text(o, "issuer");
	const json_t *days = json_object_get(o, "days_left");
	char left[24] = "?";

	if (json_is_integer(days))
		(void)snprintf(left, sizeof left, "%lld", (long long)json_integer_value(days));
	(void)printf("%6s    %.10s  %-13s  %s \"%s\" (%s): %s\n", left, call_text(o, "not_after")[0] ? call_text(o, "not_after") : "-         ",
	    call_text(o, "state"), call_text(o, "block"), call_text(o, "title"), what(o), name);
	if (call_text(o, "file")[0])
		(void)printf("          %s\n", call_text(o, "file"));
	if (call_text(o, "why")[0])
		(void)printf("          %s\n", call_text(o, "why"));
	if (call_text(o, "sha256")[0])
		(void)printf("          sha256 %s\n", call_text(o, "sha256"));
	print_seen(o);
}

static void
print_all(const json_t *r)
{
	size_t n = json_array_size(r);
	json_t **sorted = calloc(n + 1, sizeof(json_t *));

	for (size_t i = 0; sorted && i < n; i++)
		sorted[i] = json_array_get(r, i);
	if (sorted)
		qsort(sorted, n, sizeof(json_t *), by_end);
	(void)puts("  days    until       state");
	for (size_t i = 0; i < n; i++)
		print_one(sorted ? sorted[i] : json_array_get(r, i));
	free(sorted);
}

int
command_certificates(struct call *c)
{
	json_t *r = NULL;
	int status;

	if (c->argc != 0)
		return call_usage("certificates [--json]");
	status = call_ask(c, json_pack("{s:s}", "command", "certificates"), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	if (json_array_size(r) > 0)
		print_all(r);
	else
		(void)puts("none: no listener has TLS");
	json_decref(r);
	return 0;
}

/* answer.c - what an answer means for one recipient; a 202 says nothing until its item is read. */
// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "nudge/acs.h"

#define ID_MAX 127 /* bytes of a message id that are kept; a longer one is none */

struct meaning {
	enum outcome outcome;
	const char *code;
};

/* HTTP statuses of a whole request and of an item mean the same. */
static struct meaning
meaning_of(int status)
{
	static const struct {
		int status;
		struct meaning m;
	} table[] = {
		{ 400, { OUTCOME_REFUSED, "bad-request" } },
		{ 401, { OUTCOME_BLOCKED, "unauthorized" } },
		{ 403, { OUTCOME_BLOCKED, "forbidden" } },
		{ 404, { OUTCOME_BLOCKED, "not-found" } },
		{ 408, { OUTCOME_UNSURE, "request-timeout" } },
		{ 409, { OUTCOME_UNSURE, "still-running" } },
		{ 412, { OUTCOME_TOO_LATE, "window-over" } },
		{ 413, { OUTCOME_REFUSED, "too-large" } },
		{ 422, { OUTCOME_REFUSED, "bad-request" } },
		{ 429, { OUTCOME_AGAIN, "rate-limit" } },
		{ 503, { OUTCOME_AGAIN, "unavailable" } },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].status == status)
			return table[i].m;
	if (status >= 300 && status < 400)
		return (struct meaning){ OUTCOME_BLOCKED, "redirect" };
	if (status >= 400 && status < 500)
		return (struct meaning){ OUTCOME_REFUSED, "refused" };
	return (struct meaning){ OUTCOME_UNSURE, "server-error" };
}

static struct span
text_at(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) ? span_from(json_string_value(v), json_string_length(v)) : SPAN_NONE;
}

static struct span
without_plus(struct span number)
{
	if (number.n > 0 && number.p[0] == '+')
		number = (struct span){ number.p + 1, number.n - 1 };
	return number;
}

static const json_t *
item_for(const json_t *root, struct span to)
{
	const json_t *items = json_object_get(root, "value"), *item;
	size_t i;

	if (!json_is_array(items))
		return NULL;
	json_array_foreach(items, i, item)
		if (span_eq(without_plus(text_at(item, "to")), without_plus(to)))
			return item;
	return json_array_size(items) == 1 && json_is_object(json_array_get(items, 0)) ? json_array_get(items, 0) : NULL;
}

/* 0 when absent or no status at all: a number must not wrap around into one. */
static int
status_of(const json_t *item)
{
	const json_t *v = json_object_get(item, "httpStatusCode");
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;

	return n >= 100 && n <= 999 ? (int)n : 0;
}

static bool
is_id(struct span id)
{
	for (size_t i = 0; i < id.n; i++)
		if (id.p[i] <= ' ' || id.p[i] > '~')
			return false;
	return id.n <= ID_MAX;
}

static void
read_item(const json_t *item, struct buf *hold, struct link_outcome *out)
{
	const json_t *good = json_object_get(item, "successful");
	int code = status_of(item);
	struct span id = text_at(item, "messageId"), repeat = text_at(item, "repeatabilityResult");
	struct span why = text_at(item, "errorMessage");
	struct meaning m;

	out->item_status = code;
	if (json_is_true(good) || (!json_is_false(good) && code >= 200 && code < 300)) {
		out->outcome = OUTCOME_ACCEPTED;
		out->code = SPAN_LIT("accepted");
		if (is_id(id) && buf_add_span(hold, id))
			out->message_id = buf_span(hold);
		return;
	}
	if (code == 0 && !json_is_false(good)) /* it says neither yes nor no */
		return;
	m = code == 0 || (code >= 200 && code < 300) ? (struct meaning){ OUTCOME_REFUSED, "refused" } : meaning_of(code);
	if (code == 400 && span_is_nocase(repeat, "rejected"))
		m.code = "repeatability-rejected";
	else if (code == 400 && span_find_nocase(why, "From phone number") >= 0)
		m = (struct meaning){ OUTCOME_BLOCKED, "invalid-sender" };
	else if (code == 400 && (span_find_nocase(why, "To phone number") >= 0 || span_find_nocase(why, "recipient") >= 0))
		m.code = "invalid-number";
	out->outcome = m.outcome;
	out->code = span_of(m.code);
}

/* The field that a validation names: the end of "From", "$.from", "SmsRecipients[0].To". */
static bool
names(const char *path, const char *field)
{
	const char *dot = strrchr(path, '.');

	return strcasecmp(dot ? dot + 1 : path, field) == 0;
}

/* A 400 says which field is wrong, or has a code. What is wrong with the sender
 * or the version is wrong for every text: none must end because of it. */
static struct meaning
read_refusal(struct span body, struct meaning m)
{
	json_t *root = json_loadb(body.n ? body.p : "", body.n, 0, NULL), *errors = json_object_get(root, "errors"), *value;
	struct span code = text_at(json_object_get(root, "error"), "code");
	const char *key;

	if (span_find_nocase(code, "ApiVersion") >= 0)
		m = (struct meaning){ OUTCOME_BLOCKED, "api-version" };
	json_object_foreach(json_is_object(errors) ? errors : root, key, value) {
		if (names(key, "From"))
			m = (struct meaning){ OUTCOME_BLOCKED, "invalid-sender" };
		else if (names(key, "api-version"))
			m = (struct meaning){ OUTCOME_BLOCKED, "api-version" };
		else if (m.outcome == OUTCOME_REFUSED && (names(key, "To") || names(key, "SmsRecipients")))
			m.code = "invalid-number";
		else if (m.outcome == OUTCOME_REFUSED && names(key, "Message"))
			m.code = "invalid-text";
	}
	json_decref(root);
	return m;
}

void
acs_answer(int status, struct span body, struct span to, struct buf *hold, struct link_outcome *out)
{
	struct meaning m = meaning_of(status);
	json_t *root = NULL;
	const json_t *item;

	if (status == 400)
		m = read_refusal(body, m);
	out->http_status = status;
	out->item_status = 0;
	out->message_id = SPAN_NONE;
	out->outcome = m.outcome;
	out->code = span_of(m.code);
	if (status < 200 || status >= 300)
		return;
	/* Taken, but what of us? Unreadable is not refused. */
	out->outcome = OUTCOME_UNSURE;
	out->code = SPAN_LIT("unreadable-answer");
	root = json_loadb(body.n ? body.p : "", body.n, 0, NULL);
	item = item_for(root, to);
	if (item)
		read_item(item, hold, out);
	json_decref(root);
}

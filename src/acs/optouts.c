/* optouts.c - requests and answers of the gateway's opt-out list. */
// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "acs/asker.h"
#include "nudge/seal.h"

bool
optout_body(const char *from, const char *const *to, size_t n, struct buf *out)
{
	json_t *list = json_array(), *root = NULL;
	char *text;
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < n; i++)
		ok = json_array_append_new(list, json_pack("{s:s}", "to", to[i])) == 0;
	root = ok ? json_pack("{s:s,s:O}", "from", from, "recipients", list) : NULL;
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	ok = text && buf_add(out, text, strlen(text));
	if (text)
		seal_wipe(text, strlen(text));
	free(text);
	json_decref(root);
	json_decref(list);
	return ok;
}

static const char *
digits_of(const char *number)
{
	return number ? number + (number[0] == '+') : "";
}

/* By its number; by its place only where the service says none. */
static const json_t *
item_for(const json_t *items, const char *to, size_t place)
{
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
		if (strcmp(digits_of(json_string_value(json_object_get(item, "to"))), digits_of(to)) == 0)
			return item;
	item = json_array_get(items, place);
	return json_object_get(item, "to") ? NULL : item;
}

static enum optout_answer
read_item(const json_t *item, bool checked, bool *is_out)
{
	const json_t *status = json_object_get(item, "httpStatusCode"), *out = json_object_get(item, "isOptedOut");
	json_int_t code = json_is_integer(status) ? json_integer_value(status) : 0;

	if (code == 408 || code == 429 || code >= 500 || !json_is_object(item))
		return OPTOUT_AGAIN;
	if (code < 200 || code > 299 || (checked && !json_is_boolean(out)))
		return OPTOUT_REFUSED;
	*is_out = checked && json_is_true(out);
	return OPTOUT_DONE;
}

bool
optout_read(struct span body, bool checked, const char *const *to, size_t n, enum optout_answer *what, bool *is_out)
{
	json_t *root = json_loadb(body.n ? body.p : "", body.n, 0, NULL);
	const json_t *items = json_object_get(root, "value");
	bool ok = json_is_array(items);

	for (size_t i = 0; ok && i < n; i++) {
		is_out[i] = false;
		what[i] = read_item(item_for(items, to[i], i), checked, &is_out[i]);
	}
	json_decref(root);
	return ok;
}

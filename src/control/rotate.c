/* rotate.c - another store key by an administrator's word: read here, recorded, given to the engine. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "control/request.h"

/* nudged reads the file that its own configuration names: no path comes from the caller. */
void
do_rotate(struct request *q)
{
	struct command *c = request_command(q, COMMAND_ROTATE);
	struct audit_entry e = { .who = AUDIT_USER, .uid = request_uid(q), .name = request_who(q), .what = "keys.rotate", .kind = "key",
		.why = request_text(q, "why") };
	char key[16];
	uint32_t name = 0;

	if (!c)
		return;
	if (!seal_keyfile_read(q->rules->conf->store_key, c->key, &c->fault) || !seal_name(c->key, &name))
		goto refused;
	(void)snprintf(key, sizeof key, "%08x", name);
	e.id = key;
	if (request_setup(q)->audit && !audit_write(request_setup(q)->audit, &e, &c->fault))
		goto refused;
	request_give(q, c);
	return;
refused:
	request_error(q, c->fault.text);
	command_free(c);
}

json_t *
views_rotation(const struct store_rotation *r, uint32_t wants)
{
	char key[16], wanted[16], began[CLOCK_TEXT_MAX], ended[CLOCK_TEXT_MAX];

	(void)snprintf(key, sizeof key, "%08x", r->key);
	(void)snprintf(wanted, sizeof wanted, "%08x", wants);
	clock_rfc3339(r->began_s, began);
	clock_rfc3339(r->ended_s, ended);
	return json_pack("{s:s, s:s, s:b, s:I, s:i, s:I, s:I, s:o, s:o, s:b}", "key", key, "store_key", wanted, "rotating", r->running,
	    "turn", (json_int_t)r->turn, "percent", r->percent, "sealed", (json_int_t)r->sealed, "unreadable", (json_int_t)r->unreadable,
	    "began", r->began_s ? json_string(began) : json_null(), "ended", r->ended_s ? json_string(ended) : json_null(),
	    "old_key_needed", r->running || r->key != wants);
}

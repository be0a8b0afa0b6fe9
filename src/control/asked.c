/* asked.c - commands that only ask the engine: status, quarantine, learning, history, a phone's visits. */
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "control/request.h"
#include "nudge/log.h"

static void
to_engine(struct request *q, enum command_kind kind)
{
	struct command *c = request_command(q, kind);

	if (c)
		request_give(q, c);
}

/* quarantine-show, -replay, -discard */
void
do_quarantined(struct request *q)
{
	const char *what = request_text(q, "command") + sizeof "quarantine";
	struct command *c = request_command(q, strcmp(what, "show") == 0 ? COMMAND_QUARANTINE_SHOW :
	                                   strcmp(what, "replay") == 0 ? COMMAND_QUARANTINE_REPLAY : COMMAND_QUARANTINE_DISCARD);

	if (!c)
		return;
	c->id = json_integer_value(json_object_get(q->json, "id"));
	c->all = json_is_true(json_object_get(q->json, "all"));
	/* Who saw or moved which message; never what is in it. */
	log_note("quarantine", log_name("who", request_who(q)), log_name("what", request_text(q, "command")), log_int("id", c->id));
	request_give(q, c);
}

void
do_status(struct request *q)
{
	to_engine(q, COMMAND_STATUS);
}

void
do_learn(struct request *q)
{
	to_engine(q, COMMAND_LEARN);
}

void
do_history(struct request *q)
{
	struct fault f = { .kind = FAULT_NONE };
	struct history *h = views_history_asked(q->json, &f);
	struct command *c = h ? request_command(q, COMMAND_HISTORY) : NULL;

	if (!h)
		request_error(q, f.text);
	if (!c) {
		history_free(h);
		return;
	}
	c->history = h;
	c->id = json_integer_value(json_object_get(q->json, "after"));
	request_give(q, c);
}

void
do_explain_phone(struct request *q)
{
	char phone[PHONE_MAX];
	struct command *c;

	if (!look_phone(q->rules, request_text(q, "phone"), phone)) {
		request_error(q, "this is no phone number; write it with + and its country code");
	} else if ((c = request_command(q, COMMAND_PHONE_MARK))) {
		memcpy(c->phone, phone, sizeof c->phone);
		request_give(q, c);
	}
	seal_wipe(phone, sizeof phone);
}

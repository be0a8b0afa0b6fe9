/* levels.c - how much the programs say, and what nudge-sender said of a reload. */
// SPDX-License-Identifier: Apache-2.0
#include "control/request.h"
#include "nudge/log.h"

/* {"part":level} as it is now. */
void
do_log(struct request *q)
{
	json_t *o = json_object();

	for (size_t i = 0; i < LOG_PARTS; i++)
		(void)json_object_set_new(o, log_part(i), json_string(log_level_name(log_level_of(i))));
	request_result(q, o);
}

/* {"level","part"}; part "": all; level "default": as at the start. */
void
do_log_set(struct request *q)
{
	const struct control_setup *s = request_setup(q);
	const char *name = request_text(q, "level"), *part = request_text(q, "part");
	enum log_level level = LOG_INFO;
	bool standard = strcmp(name, "default") == 0;

	if (!standard && !log_level_named(name, &level)) {
		request_error(q, "a level is error, warning, notice, info or debug; default: as at the start");
		return;
	}
	if (standard && part[0]) {
		request_error(q, "default is for all parts together");
		return;
	}
	if (standard)
		log_reset();
	else if (!part[0])
		log_set_level(level);
	else if (!log_set_part(part, level)) {
		request_error(q, "a part is nudged, mllp or control, and of nudge-sender: sender or acs");
		return;
	}
	s->levels(s->ctx);
	log_note("log level changed", log_name("level", standard ? "default" : log_level_name(level)), log_name("part", part[0] ? part : "all"),
	    log_name("by", request_who(q)));
	do_log(q);
}

json_t *
views_said(const struct control_setup *s)
{
	static const char *const words[] = { [SENDER_SAID_AWAY] = "away", [SENDER_SAID_NOTHING] = "waiting", [SENDER_SAID_YES] = "taken",
		[SENDER_SAID_NO] = "refused" };
	const char *why;
	enum sender_said said = s->said(s->ctx, &why);

	return json_pack("{s:s, s:s?}", "reload", words[said], "why", said == SENDER_SAID_NO ? why : NULL);
}

void
do_said(struct request *q)
{
	request_result(q, views_said(request_setup(q)));
}

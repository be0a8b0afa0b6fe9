/* recorded.c - commands in the audit log, and where that log lies. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "control/request.h"

bool
request_recorded(const struct request *q, const char *name, enum access_role role, bool allowed, struct fault *f)
{
	char what[64], number[24];
	const json_t *given = json_object_get(q->json, "id");
	const char *file = request_text(q, "file"), *id = request_text(q, "id"), *site = request_text(q, "site"), *organization = request_text(q, "organization");
	const char *level = request_text(q, "level"), *part = request_text(q, "part");
	char of_part[80];
	struct audit *log = request_setup(q)->audit;
	struct audit_entry e = { .who = AUDIT_USER, .uid = request_uid(q), .name = request_who(q), .what = what,
		.kind = given ? "id" : file[0] ? "file" : organization[0] ? "organization" : level[0] ? "level" : "site",
		.id = given ? id : file[0] ? file : organization[0] ? organization : level[0] ? level : site[0] ? site : request_text(q, "what"),
		.why = allowed ? request_text(q, "why") : "not allowed", .failed = !allowed };

	if (level[0] && part[0]) {
		(void)snprintf(of_part, sizeof of_part, "%.20s %.20s", level, part);
		e.id = of_part;
	}
	(void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(given));
	if (json_is_integer(given))
		e.id = number;
	else if (id[0] == '+') /* typed by mistake: no phone number goes into a record */
		e.id = "a number";
	(void)snprintf(what, sizeof what, "%s.%s", role == ACCESS_PHI ? "phi" : "command", name);
	if (allowed && role != ACCESS_VIEW)
		return audit_write(log, &e, f);
	audit_note(log, &e);
	return true;
}

/* nudgectl reads the files by itself. */
void
do_audit(struct request *q)
{
	struct audit_head head;
	char path[4200];

	if (!request_setup(q)->audit) {
		request_error(q, "there is no audit log");
		return;
	}
	audit_head(request_setup(q)->audit, &head);
	(void)snprintf(path, sizeof path, "%s/audit", request_directory(q));
	request_result(q, json_pack("{s:s, s:I, s:s}", "directory", path, "seq", (json_int_t)head.seq, "mac", head.mac));
}

/* control/request.h - one question of an administrator, and the ways to answer it. */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include "control/access.h"
#include "control/views.h"

struct caller;

struct request {
	struct caller *caller;
	json_t *json;
	struct rules *rules;  /* in force; held for the call */
	int64_t now_s;
};
typedef void command_fn(struct request *q);

const struct control_setup *request_setup(const struct request *q);
const char *request_directory(const struct request *q);             /* of the store */
const char *request_text(const struct request *q, const char *name); /* An argument; "" when it is not there. Borrowed. */
bool request_flag(const struct request *q, const char *name);
const char *request_who(const struct request *q);
int64_t request_uid(const struct request *q);

/* Each answers; once for a request. */
void request_result(struct request *q, json_t *result);   /* Takes it over; NULL is an error. */
void request_error(struct request *q, const char *text);
void request_faults(struct request *q, const char *text, const struct conf_faults *faults);

/* A command that is answered when it comes back from the engine. NULL: no
 * memory, and that was answered. */
struct command *request_command(struct request *q, enum command_kind kind);
void request_give(struct request *q, struct command *c);  /* To the engine. */

/* Into the audit log, which a command of this name and role must reach before
 * it changes something or shows a patient. false: it may not be carried out. */
bool request_recorded(const struct request *q, const char *name, enum access_role role, bool allowed, struct fault *f)
    __attribute__((warn_unused_result));

/* For who hands the command on by itself: waits for it; or takes that back and frees it. */
void request_wait(struct request *q, struct command *c);
void request_unwait(struct request *q, struct command *c);

/* As request_give(), and its answer is what `then` gives when the engine is done. */
typedef void request_then_fn(struct request *q, struct command *done);
void request_give_then(struct request *q, struct command *c, request_then_fn *then);

/* ---- commands that have files of their own ---- */
json_t *views_said(const struct control_setup *s); /* {"reload":"away|waiting|taken|refused","why"} of nudge-sender */
command_fn do_log, do_log_set, do_said, do_status, do_quarantined, do_learn, do_history, do_explain_phone;
command_fn do_reload, do_diff, do_approve, do_hold, do_release, do_records, do_verify, do_audit, do_backup, do_rotate, do_optout,
    do_certificates;

#endif

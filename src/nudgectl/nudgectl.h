/* nudgectl/nudgectl.h - what the commands share. Each returns an exit status:
 * 0 ok, 1 failed, 2 usage, 78 configuration. */
#ifndef NUDGECTL_H
#define NUDGECTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "nudge/buf.h"
#include "nudge/fault.h"

#define EXIT_USAGE 2
#define EXIT_CONF 78

struct call {
	const char *socket;  /* -s; NULL: what the configuration names, or the default */
	const char *conf;    /* -c; NULL when not given */
	bool json;           /* --json */
	int argc;            /* what follows the command */
	char **argv;
};

int command_status(struct call *c);
int command_top(struct call *c);
int command_appointments(struct call *c);
int command_explain(struct call *c);
int command_report(struct call *c);
int command_quarantine(struct call *c);
int command_reload(struct call *c);
int command_diff(struct call *c);
int command_log(struct call *c);
int command_hold(struct call *c);
int command_approve(struct call *c);
int command_records(struct call *c);
int command_verify(struct call *c);
int command_release(struct call *c);
int command_certificates(struct call *c);
int command_audit(struct call *c);
int command_backup(struct call *c);
int command_rotate(struct call *c);
int command_erase(struct call *c);
void call_add_rotation(struct buf *out, const json_t *k); /* What `status` says of the store key; nothing when there is nothing. */
int command_check(struct call *c);
int command_keygen(struct call *c);
int command_send(struct call *c);
int command_simulate(struct call *c);
int command_foresee(struct call *c, const char *then, const char *since); /* simulate --config */
int command_learn(struct call *c);
int command_preview(struct call *c);
int command_optout(struct call *c);
int command_refused(struct call *c);

/* Takes NAME VALUE out of the arguments; "" when it is not there, NULL (and a
 * line on stderr) when its value is missing. */
const char *call_option(struct call *c, const char *name);
bool call_flag(struct call *c, const char *name);          /* Takes NAME out of the arguments. */
int call_usage(const char *text);                          /* Prints, gives EXIT_USAGE. */

/* A phone number from a prompt or standard input, never from the arguments:
 * others would see it in the list of processes. false: none was given. */
bool call_read_phone(char *out, size_t cap);

/* Appends the whole file, or standard input for "-". false: *f says why. */
bool call_read_file(const char *path, struct buf *out, struct fault *f);

/* Every message of a file: bare, one after the other, in batches, or framed as
 * MLLP. fn false ends it. true: fn never said false. Pure but for fn. */
typedef bool call_message_fn(void *ctx, struct span message);
bool call_each_message(struct span all, call_message_fn *fn, void *ctx);

/* Asks nudged. On success *result is a new reference; else an exit status is
 * given and the reason was printed. `request` is taken over. */
int call_ask(const struct call *c, json_t *request, json_t **result);
int call_print_json(json_t *o);                            /* Pretty; takes over. Gives 0. */
void call_print_changes(const json_t *changes, FILE *to);    /* Each {"setting","from","to","when"} on a line. */
bool call_confirm(const char *question);                  /* Asks on a terminal; elsewhere true. */
const char *call_text(const json_t *o, const char *key);   /* "" when absent or null. Borrowed. */

#endif

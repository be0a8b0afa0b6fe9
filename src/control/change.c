/* change.c - what changes the house: reload and what it would do, approval, hold, release; and its backup. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/access.h"
#include "control/changes.h"
#include "control/request.h"
#include "nudge/log.h"
#include "nudge/signature.h"

#define NOT_APPLIED "the configuration was not applied; what was in force stays so"

/* ---- reload ---- */

/* {"yes", "version", "keys"}. Without yes and version: what it would do. */
void
do_diff(struct request *q)
{
	const struct control_setup *s = request_setup(q);
	struct settings next;
	struct conf_faults faults;
	struct fault f = { .kind = FAULT_NONE };
	json_t *o;

	if (!s->read(s->ctx, &next, &faults)) {
		request_faults(q, "the files as they are now cannot be applied", &faults);
		conf_faults_clear(&faults);
		return;
	}
	conf_faults_clear(&faults);
	o = changes_view(q->rules, &next, request_directory(q), &f);
	settings_clear(&next);
	if (o)
		request_result(q, o);
	else
		request_error(q, f.text);
}

static void
reload_keys(struct request *q)
{
	const struct control_setup *s = request_setup(q);
	struct fault f = { .kind = FAULT_NONE };

	if (s->keys(s->ctx, &f))
		request_result(q, json_string("done"));
	else
		request_error(q, f.text);
}

void
do_reload(struct request *q)
{
	const struct control_setup *s = request_setup(q);
	const char *version = request_text(q, "version");
	struct command *c;
	struct conf_faults faults;

	if (request_flag(q, "keys")) {
		reload_keys(q);
		return;
	}
	if (!(c = request_command(q, COMMAND_RULES)))
		return;
	request_wait(q, c);
	if (!s->reload(s->ctx, c, version[0] ? strtoll(version, NULL, 16) : 0, &faults)) {
		request_unwait(q, c);
		request_faults(q, NOT_APPLIED, &faults);
	}
	conf_faults_clear(&faults);
}

/* ---- approval ---- */

static bool
is_key(const char *approver)
{
	return approver[0] == '/';
}

/* What an approver signs, or reads; same settings, same bytes. */
static bool
statement_of(const struct site_rules *file, struct buf *out)
{
	const struct conf_organization *o = file->site->environment->organization;
	char hash[2 * DIGEST_BYTES + 1];

	digest_hex(file->hash, DIGEST_BYTES, hash);
	(void)buf_addf(out, "Nudge: approval of a site\nsite: %s\norganization: %s\nfhir_base_url: %s\nsettings: %s\n\n",
	    file->site->title, o->name, file->site->fhir_base_url, hash);
	(void)buf_addf(out, "I approve that patients are texted under these settings:\n");
	for (size_t i = 0; i < terms_n(); i++) {
		const struct text_list *l = terms_is_long(i) ? &file->site->languages : &file->terms.item[i];

		if (strcmp(terms_name(i), "number_block") == 0 || strcmp(terms_name(i), "profile_file") == 0)
			continue;
		(void)buf_addf(out, "  %s:", terms_name(i));
		for (size_t k = 0; k < l->n; k++)
			(void)buf_addf(out, "%s %s", k > 0 ? "," : "", l->item[k]);
		(void)buf_add_char(out, '\n');
	}
	return !out->spoilt;
}

static json_t *
consent(const char *sentence, const char *setting, bool given, const struct conf_organization *o)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:s}", "setting", setting, "sentence", sentence, "given", given, "by", o->consent_by,
	    "date", o->consent_date);
}

static json_t *
consents_of(const struct conf_organization *o)
{
	return json_pack("[o, o]",
	    consent("The organization allows that SMS messages are sent to patients on its behalf.", "consent_send_on_behalf",
	        o->consent_send_on_behalf, o),
	    consent("The organization makes sure that attendees have consented to send and receive SMS messages.",
	        "consent_attendees_consented", o->consent_attendees_consented, o));
}

static const struct site_rules *
file_site(const struct rules *file, const char *title)
{
	const struct conf_site *s = conf_find_site(file->conf, title);

	return s ? rules_of(file, s) : NULL;
}

static json_t *
approvers_of(const struct conf_site *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->approvers.n; i++)
		(void)json_array_append_new(list, json_string(s->approvers.item[i]));
	return list;
}

/* What is to be approved, with what was heard from its environment's certificate. */
static void
answer_proposal(struct request *q, struct command *done)
{
	const struct control_setup *s = request_setup(q);
	struct rules *rules = s->file(s->ctx);
	const struct site_rules *file = file_site(rules, done->site);
	const struct conf_site *in_force = conf_find_site(q->rules->conf, done->site);
	char hash[2 * DIGEST_BYTES + 1];
	struct buf statement;
	json_t *o;

	buf_init(&statement, 1u << 20);
	if (!file || !in_force || !statement_of(file, &statement)) {
		request_error(q, "no such site in the configuration any more");
	} else {
		digest_hex(file->hash, DIGEST_BYTES, hash);
		o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "site", done->site, "hash", hash, "statement",
		    buf_text(&statement), "terms", changes_terms(file), "approvers", approvers_of(file->site), "consents",
		    consents_of(file->site->environment->organization), "standing", views_standing(rules_of(q->rules, in_force), file),
		    "last_of_site", views_heard(&done->heard), "last_of_environment", views_heard(&done->heard_any));
		request_result(q, o);
	}
	buf_clear(&statement);
	rules_drop(rules);
}

static void
propose(struct request *q, const struct site_rules *file)
{
	struct command *c = request_command(q, COMMAND_HEARD);

	if (!c)
		return;
	(void)snprintf(c->environment, sizeof c->environment, "%s", file->site->environment->title);
	request_give_then(q, c, answer_proposal);
}

/* Who may: a listed user, or who brings what a listed key signed. */
static bool
may_approve(struct request *q, const struct site_rules *file, char *who, size_t cap, struct fault *f)
{
	const struct text_list *l = &file->site->approvers;
	const char *signature = request_text(q, "signature");
	struct buf statement;
	bool ok = false;

	if (!signature[0]) {
		(void)snprintf(who, cap, "%s", request_who(q));
		return access_listed(l, (uid_t)request_uid(q)) ||
		    fault_set(f, FAULT_OPERATOR, "you are not an approver of this site: its `approver` says who is");
	}
	buf_init(&statement, 1u << 20);
	if (!access_allows(&q->rules->conf->access, ACCESS_OPERATE, (uid_t)request_uid(q)))
		(void)fault_set(f, FAULT_OPERATOR, "a signature is brought by who may operate: ask who edits `access`");
	else if (!statement_of(file, &statement))
		(void)fault_set(f, FAULT_BUSY, "out of memory");
	else
		(void)fault_set(f, FAULT_OPERATOR, "no key that `approver` lists made this signature of what is to be approved now: "
		    "sign the statement again (nudgectl approve SITE --statement)");
	for (size_t i = 0; statement.n > 0 && !ok && i < l->n; i++) {
		struct fault why;

		if (!is_key(l->item[i]))
			continue;
		ok = signature_verify(l->item[i], buf_span(&statement), span_of(signature), &why);
		(void)snprintf(who, cap, "key %.58s", strrchr(l->item[i], '/') + 1);
	}
	buf_clear(&statement);
	return ok;
}

static void
approve(struct request *q, const struct site_rules *file, const char *hash)
{
	const struct control_setup *s = request_setup(q);
	struct fault f = { .kind = FAULT_NONE };
	char now[2 * DIGEST_BYTES + 1], who[64];
	struct conf_faults faults;
	struct command *c;

	digest_hex(file->hash, DIGEST_BYTES, now);
	if (!may_approve(q, file, who, sizeof who, &f)) {
		request_error(q, f.text);
		return;
	}
	if (strcmp(now, hash) != 0) {
		request_error(q, "the settings changed since they were shown: look at them again");
		return;
	}
	if (!(c = request_command(q, COMMAND_APPROVE)))
		return;
	(void)snprintf(c->who, sizeof c->who, "%s", who);
	request_wait(q, c);
	if (s->approve(s->ctx, c, &faults)) {
		log_note("a site is approved", log_name("site", c->site), log_name("by", who), log_name("settings", now));
	} else {
		request_unwait(q, c);
		request_faults(q, "the approval was not recorded", &faults);
	}
	conf_faults_clear(&faults);
}

void
do_approve(struct request *q)
{
	const struct control_setup *s = request_setup(q);
	struct rules *rules = s->file(s->ctx);
	const struct site_rules *file = file_site(rules, request_text(q, "site"));
	const char *hash = request_text(q, "hash");
	uid_t uid = (uid_t)request_uid(q);

	if (!file)
		request_error(q, "no such site in the configuration");
	else if (file->site->approvers.n == 0)
		request_error(q, "this site has approver = none: there is nothing to approve");
	else if (!access_listed(&file->site->approvers, uid) && !access_allows(&q->rules->conf->access, ACCESS_VIEW, uid))
		request_error(q, "you are not an approver of this site");
	else if (hash[0])
		approve(q, file, hash);
	else
		propose(q, file);
	rules_drop(rules);
}

/* ---- hold and release ---- */

void
do_hold(struct request *q)
{
	struct command *c = request_command(q, COMMAND_HOLD_SITE);

	if (c)
		request_give(q, c);
}

void
do_release(struct request *q)
{
	const char *how = request_text(q, "how"), *what = request_text(q, "what");
	struct command *c = request_command(q, strcmp(what, "clock") == 0   ? COMMAND_RELEASE_CLOCK :
	                                       strcmp(what, "journal") == 0 ? COMMAND_RELEASE_JOURNAL : COMMAND_RELEASE_SITE);

	if (!c)
		return;
	(void)snprintf(c->site, sizeof c->site, "%s", what);
	c->release = strcmp(how, "send") == 0 ? RELEASE_SEND : strcmp(how, "drop") == 0 ? RELEASE_DROP : RELEASE_COUNT;
	request_give(q, c);
}

/* A copy within what it is a copy of would be lost with it. */
static bool
is_under(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

void
do_backup(struct request *q)
{
	const char *file = request_text(q, "file");
	struct command *c;

	if (file[0] != '/' || strlen(file) >= sizeof c->path)
		request_error(q, "backup needs an absolute path of at most 1023 bytes");
	else if (strstr(file, "/../") || is_under(file, request_directory(q)))
		request_error(q, "put the backup outside of state_directory, and name it without \"..\"");
	else if ((c = request_command(q, COMMAND_BACKUP))) {
		(void)snprintf(c->path, sizeof c->path, "%s", file);
		request_give(q, c);
	}
}

/* optout.c - a request about opt-outs, or about numbers that were called wrong, becomes a command. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "control/request.h"
#include "nudge/log.h"

static bool
fits(char *out, size_t cap, const char *text)
{
	return text[0] && (size_t)snprintf(out, cap, "%s", text) < cap;
}

/* What is kept of it for years names nobody: no number may stand in it. */
static bool
has_number(const char *text)
{
	size_t digits = 0;

	for (; *text; text++) {
		if (*text >= '0' && *text <= '9')
			digits++;
		else if (!strchr(" -.()/+", *text))
			digits = 0;
		if (digits >= 9)
			return true;
	}
	return false;
}

static const char *
read_reconsent(const json_t *o, struct command *c)
{
	if (!o)
		return NULL;
	c->reconsent.given = true;
	if (!fits(c->reconsent.who, sizeof c->reconsent.who, views_text(o, "who")) ||
	    !fits(c->reconsent.said, sizeof c->reconsent.said, views_text(o, "when")) ||
	    !fits(c->reconsent.how, sizeof c->reconsent.how, views_text(o, "how")))
		return "--reconsent needs who (63 bytes at most), when (31) and how (159)";
	if (has_number(c->reconsent.who) || has_number(c->reconsent.how))
		return "who and how are kept for years: write no phone number into them";
	return NULL;
}

static enum command_kind
kind_of(const char *what)
{
	return strcmp(what, "optout-add") == 0 ? COMMAND_OPTOUT_ADD :
	    strcmp(what, "optout-remove") == 0 ? COMMAND_OPTOUT_REMOVE :
	    strcmp(what, "optout-find") == 0   ? COMMAND_OPTOUT_FIND :
	    strcmp(what, "refused-find") == 0  ? COMMAND_REFUSED_FIND :
	    strcmp(what, "refused-release") == 0 ? COMMAND_REFUSED_RELEASE :
	                                         COMMAND_OPTOUT_COMPARE;
}

/* Fills *c, its kind by the request's command; a literal that says what is
 * wrong, or NULL. c->phone is wiped when something is. Pure. */
static const char *
asked(const json_t *request, const struct rules *rules, struct command *c)
{
	const char *organization = views_text(request, "organization"), *wrong;

	c->kind = kind_of(views_text(request, "command"));
	if (c->kind == COMMAND_OPTOUT_COMPARE)
		return NULL;
	if (!organization[0] && rules->conf->organizations_n == 1) /* nobody need name the only one */
		organization = rules->conf->organizations[0].title;
	if (!fits(c->organization, sizeof c->organization, organization))
		return "there are several organizations: name one with --organization";
	wrong = read_reconsent(json_object_get(request, "reconsent"), c);
	if (!wrong && !look_phone(rules, views_text(request, "phone"), c->phone))
		wrong = "this is no phone number; write it with + and its country code";
	if (wrong)
		seal_wipe(c->phone, sizeof c->phone);
	return wrong;
}

/* optout-add, -remove, -find, -compare; refused-find, -release. Who did what is logged, never whose number. */
void
do_optout(struct request *q)
{
	struct command *c = request_command(q, COMMAND_OPTOUT_COMPARE);
	const char *wrong;

	if (!c)
		return;
	wrong = asked(q->json, q->rules, c);
	if (wrong) {
		request_error(q, wrong);
		command_free(c);
		return;
	}
	log_note(strncmp(request_text(q, "command"), "refused", 7) == 0 ? "refused number" : "opt-out", log_name("who", request_who(q)), log_name("what", request_text(q, "command")),
	    log_name("organization", c->organization), log_name("reconsent", c->reconsent.given ? "yes" : "no"));
	request_give(q, c);
}

/* site.c - approve, records, verify: what the EHR's people do with a site. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudgectl/nudgectl.h"

#define SIGNATURE_MAX 16384

/* ---- approve ---- */

static void
print_heard(const char *what, const json_t *h, FILE *out)
{
	if (!json_is_object(h))
		(void)fprintf(out, "%s: none yet\n", what);
	else
		(void)fprintf(out, "%s: %s, %s%s%s\n    %s\n", what, call_text(h, "at"), call_text(h, "fate"), call_text(h, "reason")[0] ? ": " : "",
		    call_text(h, "reason"), call_text(h, "header"));
}

static void
print_proposal(const json_t *p, FILE *out)
{
	const json_t *standing = json_object_get(p, "standing");
	size_t i;
	json_t *x;

	(void)fprintf(out, "%s\n", call_text(p, "statement"));
	json_array_foreach(json_object_get(p, "consents"), i, x)
		(void)fprintf(out, "Consent, %s: %s\n    %s%s%s%s%s\n", json_is_true(json_object_get(x, "given")) ? "given" : "NOT GIVEN",
		    call_text(x, "setting"), call_text(x, "sentence"), call_text(x, "by")[0] ? " By " : "", call_text(x, "by"),
		    call_text(x, "date")[0] ? ", " : "", call_text(x, "date"));
	print_heard("Last message of this site", json_object_get(p, "last_of_site"), out);
	print_heard("Last message from its environment's certificate", json_object_get(p, "last_of_environment"), out);
	(void)fprintf(out, "Now: %s%s%s%s%s\n", call_text(standing, "is"), call_text(standing, "at")[0] ? ", of " : "", call_text(standing, "at"),
	    call_text(standing, "by")[0] ? " by " : "", call_text(standing, "by"));
	call_print_changes(json_object_get(standing, "waiting"), out);
}

static int
ask_approval(struct call *c, const json_t *proposal, const char *signature)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s, s:s, s:s, s:s}", "command", "approve", "site", c->argv[0], "hash",
	                             call_text(proposal, "hash"), "signature", signature), &r);

	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	(void)puts("the site is approved");
	json_decref(r);
	return 0;
}

int
command_approve(struct call *c)
{
	bool yes = call_flag(c, "--yes"), statement = call_flag(c, "--statement");
	const char *file = call_option(c, "--signature");
	struct fault f = { FAULT_NONE, "" };
	struct buf signature;
	json_t *p = NULL;
	int status;

	if (c->argc != 1 || !file)
		return call_usage("approve SITE [--yes | --statement | --signature FILE]");
	buf_init(&signature, SIGNATURE_MAX);
	if (file[0] && !call_read_file(file, &signature, &f)) {
		(void)fprintf(stderr, "nudgectl: %s\n", f.text);
		buf_clear(&signature);
		return EXIT_FAILURE;
	}
	status = call_ask(c, json_pack("{s:s, s:s}", "command", "approve", "site", c->argv[0]), &p);
	if (status == 0 && statement) {
		(void)fputs(call_text(p, "statement"), stdout);
	} else if (status == 0) {
		print_proposal(p, c->json ? stderr : stdout);
		(void)fflush(stdout);
		if (yes || file[0] || call_confirm("approve these settings?")) {
			status = ask_approval(c, p, buf_text(&signature));
		} else {
			(void)fputs("nothing was approved\n", stderr);
			status = EXIT_FAILURE;
		}
	}
	json_decref(p);
	buf_clear(&signature);
	return status;
}

/* ---- records ---- */

static void
print_fields(const json_t *fields)
{
	size_t i;
	json_t *x;

	json_array_foreach(fields, i, x)
		(void)printf("  %-28s %s\n", call_text(x, "field"), call_text(x, "value"));
}

int
command_records(struct call *c)
{
	const json_t *standing;
	size_t i;
	json_t *r = NULL, *x;
	int status;

	if (c->argc != 1)
		return call_usage("records SITE [--json]");
	status = call_ask(c, json_pack("{s:s, s:s}", "command", "records", "site", c->argv[0]), &r);
	if (status != 0)
		return status;
	if (c->json)
		return call_print_json(r);
	standing = json_object_get(r, "standing");
	if (!json_is_true(json_object_get(r, "approved")))
		(void)puts("NOT APPROVED: the site takes messages and texts nobody until its approver runs nudgectl approve\n");
	(void)printf("Integration records of site \"%s\"\n", call_text(r, "site"));
	(void)printf("  %-28s %s\n  %-28s %s (%s)\n  %-28s %s\n  %-28s %s%s%s%s%s\n", "organization", call_text(r, "organization"), "environment",
	    call_text(r, "environment"), call_text(r, "kind"), "FHIR base URL", call_text(r, "fhir_base_url"), "approval",
	    call_text(standing, "is"), call_text(standing, "at")[0] ? ", of " : "", call_text(standing, "at"),
	    call_text(standing, "by")[0] ? " by " : "", call_text(standing, "by"));
	json_array_foreach(json_object_get(r, "records"), i, x) {
		(void)printf("\n%s\n", call_text(x, "record"));
		print_fields(json_object_get(x, "fields"));
	}
	(void)printf("\nchecksum %s\n", call_text(r, "checksum"));
	json_decref(r);
	return 0;
}

/* ---- verify ---- */

static void
print_rows(const json_t *rows)
{
	size_t i;
	json_t *x;

	json_array_foreach(rows, i, x) {
		bool ok = json_is_true(json_object_get(x, "ok"));

		(void)printf("%s %-16s expected %s, found %s%s%s\n", ok ? "ok   " : "WRONG", call_text(x, "field"), call_text(x, "expected"),
		    call_text(x, "found")[0] ? call_text(x, "found") : "nothing", ok ? "" : ": ", call_text(x, "advice"));
	}
}

int
command_verify(struct call *c)
{
	json_t *r = NULL;
	int status;
	bool ok;

	if (c->argc != 1)
		return call_usage("verify SITE [--json]");
	status = call_ask(c, json_pack("{s:s, s:s}", "command", "verify", "site", c->argv[0]), &r);
	if (status != 0)
		return status;
	ok = json_is_true(json_object_get(r, "ok"));
	if (c->json) {
		(void)call_print_json(r);
		return ok ? 0 : EXIT_FAILURE;
	}
	print_heard(json_is_true(json_object_get(r, "of_this_site")) ? "Last message of this site" :
	                                                              "No message was for this site; the last of its environment",
	    json_object_get(r, "message"), stdout);
	print_rows(json_object_get(r, "fields"));
	if (json_is_object(json_object_get(r, "newer_for_no_site")))
		print_heard("A newer message of the environment was for no site", json_object_get(r, "newer_for_no_site"), stdout);
	json_decref(r);
	return ok ? 0 : EXIT_FAILURE;
}

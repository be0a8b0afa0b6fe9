/* audit.c - nudgectl audit verify: is the log of who did what whole, and as it was written? */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "nudge/audit_verify.h"
#include "nudge/conf.h"
#include "nudgectl/nudgectl.h"

#define DIRECTORY_DEFAULT "/var/lib/nudge/audit"

static const char help[] = "audit verify [--directory DIR] [--key FILE] [--head SEQ:MAC]";

/* "SEQ:MAC", as the journal has it. */
static bool
read_head(const char *text, struct audit_head *out)
{
	struct span mac, seq = span_cut(span_of(text), ':', &mac);
	uint64_t n;

	if (!span_to_u64(seq, INT64_MAX, &n) || n == 0 || mac.n != AUDIT_MAC_HEX)
		return false;
	out->seq = (int64_t)n;
	span_copy(out->mac, sizeof out->mac, mac);
	return true;
}

/* A nudged that runs says where the log is and where it ends. */
static int
ask_where(struct call *c, char *directory, size_t cap, struct audit_head *head)
{
	json_t *r = NULL;
	int status = call_ask(c, json_pack("{s:s}", "command", "audit"), &r);

	if (status != 0)
		return status;
	(void)snprintf(directory, cap, "%s", call_text(r, "directory"));
	head->seq = json_integer_value(json_object_get(r, "seq"));
	(void)snprintf(head->mac, sizeof head->mac, "%s", call_text(r, "mac"));
	json_decref(r);
	return 0;
}

static bool
conf_where(const char *path, char *directory, size_t cap)
{
	struct conf_faults faults;
	struct conf *conf = NULL;
	bool ok = conf_load(path, CONF_CHECK, &conf, &faults);

	if (ok)
		(void)snprintf(directory, cap, "%s/audit", conf->state_directory);
	conf_faults_clear(&faults);
	conf_drop(conf);
	return ok;
}

static void
add_finding(void *ctx, const struct audit_finding *x)
{
	(void)json_array_append_new(ctx, json_pack("{s:s, s:I, s:s}", "file", x->file, "line", (json_int_t)x->line, "what", x->what));
}

static int
show(const struct call *c, const char *directory, const struct audit_verdict *v, json_t *findings)
{
	size_t i;
	json_t *x;

	if (c->json)
		(void)call_print_json(json_pack("{s:b, s:s, s:I, s:I, s:I, s:s, s:s, s:{s:I, s:s}, s:O}", "good", v->findings == 0,
		    "directory", directory, "files", (json_int_t)v->files, "records", (json_int_t)v->records, "first_seq",
		    (json_int_t)v->first_seq, "from", v->first_t, "to", v->last_t, "head", "seq", (json_int_t)v->head.seq, "mac",
		    v->head.mac, "findings", findings));
	if (c->json)
		return v->findings == 0 ? 0 : 1;
	json_array_foreach(findings, i, x) {
		long long line = json_integer_value(json_object_get(x, "line"));

		if (line > 0)
			(void)printf("%s:%lld: %s\n", call_text(x, "file"), line, call_text(x, "what"));
		else
			(void)printf("%s%s%s\n", call_text(x, "file"), call_text(x, "file")[0] ? ": " : "", call_text(x, "what"));
	}
	(void)printf("%lld records in %lld file%s, %s to %s: %s\n", (long long)v->records, (long long)v->files, v->files == 1 ? "" : "s", v->first_t,
	    v->last_t, v->findings == 0 ? "whole, and as they were written" : "NOT as they were written");
	(void)printf("head %lld:%s\n", (long long)v->head.seq, v->head.mac);
	return v->findings == 0 ? 0 : 1;
}

/* Where to look: as said, else where a running nudged says, else where the
 * configuration or the custom is. */
static bool
where(struct call *c, const char *directory, char *out, size_t cap, struct audit_head *known)
{
	struct audit_head head = { 0 };

	if (directory[0]) {
		(void)snprintf(out, cap, "%s", directory);
		return true;
	}
	if (ask_where(c, out, cap, &head) == 0) {
		if (known->seq == 0)
			*known = head;
		return true;
	}
	(void)fputs("nudgectl: without nudged the end is taken from the log alone\n", stderr);
	(void)snprintf(out, cap, "%s", DIRECTORY_DEFAULT);
	return !c->conf || conf_where(c->conf, out, cap);
}

int
command_audit(struct call *c)
{
	const char *directory = call_option(c, "--directory"), *key_file = call_option(c, "--key"), *head = call_option(c, "--head");
	struct audit_head known = { 0 };
	uint8_t key[SEAL_KEY_BYTES];
	struct audit_verdict v;
	struct fault f = { 0 };
	char path[4200];
	json_t *findings;
	int status = EXIT_FAILURE;

	if (!directory || !key_file || !head || c->argc != 1 || strcmp(c->argv[0], "verify") != 0 ||
	    (head[0] && !read_head(head, &known)))
		return call_usage(help);
	if (!where(c, directory, path, sizeof path, &known))
		return EXIT_CONF;
	findings = json_array();
	if (!audit_first_key(path, key_file[0] ? key_file : NULL, key, &f) ||
	    !audit_verify(path, key, known.seq > 0 ? &known : NULL, add_finding, findings, &v, &f))
		(void)fprintf(stderr, "nudgectl: %s\n", f.text);
	else
		status = show(c, path, &v, findings);
	seal_wipe(key, sizeof key);
	json_decref(findings);
	return status;
}

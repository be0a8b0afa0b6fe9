/* check.c - between blocks: whose message, one port, and the files that hold secrets. */
// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/options.h"
#include "nudge/seal.h"

static bool
same_patterns(const struct pattern_list *a, const struct pattern_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(pattern_text(a->item[i]), pattern_text(b->item[i])) != 0)
			return false;
	return true;
}

/* One message may have both, or one of them does not care. */
static bool
may_meet(const char *a, const char *b)
{
	return a[0] == '\0' || b[0] == '\0' || strcasecmp(a, b) == 0;
}

static bool
same_texts(const struct text_list *a, const struct text_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->item[i], b->item[i]) != 0)
			return false;
	return true;
}

bool
check_same_messages(const struct conf_site *a, const struct conf_site *b)
{
	return a->environment && a->environment == b->environment && strcmp(a->title, b->title) != 0 &&
	    may_meet(a->sending_application, b->sending_application) &&
	    may_meet(a->sending_facility, b->sending_facility) &&
	    same_patterns(&a->departments, &b->departments) &&
	    same_patterns(&a->visit_types, &b->visit_types) && same_texts(&a->only_if, &b->only_if) &&
	    same_texts(&a->never_if, &b->never_if);
}

static void
check_overlap(struct reader *r)
{
	for (size_t i = 0; i < r->conf->sites_n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct conf_site *a = &r->conf->sites[k], *b = &r->conf->sites[i];

			if (check_same_messages(a, b))
				conf_fault_add(r->faults, &b->at, false,
				    "site \"%s\": a message could be for this site and for \"%s\" as well; "
				    "tell them apart by departments, visit_types, only_if, "
				    "sending_application or sending_facility",
				    b->title, a->title);
		}
}

static bool
is_any(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static void
check_ports(struct reader *r)
{
	const struct conf *c = r->conf;

	for (size_t i = 0; i < c->listeners_n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct conf_listener *a = &c->listeners[k], *b = &c->listeners[i];

			if (a->port == b->port && strcmp(a->title, b->title) != 0 &&
			    (strcmp(a->address, b->address) == 0 || is_any(a->address) || is_any(b->address)))
				conf_fault_add(r->faults, &b->at, false,
				    "listener \"%s\": listener \"%s\" has port %d of this address already",
				    b->title, a->title, b->port);
		}
	for (size_t i = 0; i < c->listeners_n; i++) {
		const struct conf_listener *l = &c->listeners[i];
		struct conf_place at = top_place(r, "metrics");

		if (l->port > 0 && l->port == c->metrics_port && (is_any(l->address) || strcmp(l->address, c->metrics_address) == 0))
			conf_fault_add(r->faults, &at, false, "metrics: listener \"%s\" has port %d of this address already", l->title, l->port);
	}
}

/* An environment that nobody can prove to be, and that no listener without TLS serves. */
static void
check_proofs(struct reader *r)
{
	const struct conf *c = r->conf;

	for (size_t i = 0; i < c->environments_n; i++) {
		const struct conf_environment *e = &c->environments[i];
		bool served = false;

		for (size_t k = 0; k < c->listeners_n; k++)
			for (size_t m = 0; m < c->listeners[k].environments_n; m++)
				served = served || c->listeners[k].environments[m] == e;
		if (served)
			continue;
		if (e->certificates.n == 0 && !e->issuer[0])
			conf_fault_add(r->faults, &e->at, false,
			    "environment \"%s\": certificates is missing (or issuer and subjects): nobody "
			    "could prove to be it",
			    e->title);
		conf_fault_add(r->faults, &e->at, true,
		    "environment \"%s\": no listener names it: nobody can connect for it", e->title);
	}
}

/* ---- secrets ---- */

struct secret {
	struct conf_place at;
	const char *block, *title; /* "" for the top */
	const char *key, *path;
	const char *mend; /* what makes the file; before its path */
};

static void
say(struct reader *r, const struct secret *s, bool warning, const struct fault *f)
{
	const char *before = s->block[0] ? " \"" : "", *behind = s->block[0] ? "\": " : "";

	if (warning)
		conf_fault_add(r->faults, &s->at, true, "%s%s%s%s%s: %s", s->block, before, s->title, behind, s->key, f->text);
	else
		conf_fault_of(r->faults, &s->at, f->kind, "%s%s%s%s%s: %s", s->block, before, s->title, behind, s->key, f->text);
}

/* A credential is put where systemd looks for it, not where it shows it. */
static bool
is_credential(const char *path, const char **name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	size_t n = folder ? strlen(folder) : 0;

	*name = n > 0 && strncmp(path, folder, n) == 0 && path[n] == '/' ? path + n + 1 : "";
	return **name != '\0';
}

static void
say_unseen(struct reader *r, const struct secret *s, int why)
{
	/* Hidden from who asks; the service may see it. */
	bool hidden = why == EACCES && r->who == CONF_CHECK;
	bool no_service = strncmp(s->path, CREDENTIALS_UNKNOWN, sizeof CREDENTIALS_UNKNOWN - 1) == 0;
	struct fault f = { 0 };
	const char *name;

	if (no_service)
		(void)fault_set(&f, FAULT_OPERATOR,
		    "credential:%s: there is no $CREDENTIALS_DIRECTORY here: systemd gives it to the service (LoadCredential=)",
		    s->path + sizeof CREDENTIALS_UNKNOWN);
	else if (why == ENOENT && is_credential(s->path, &name))
		(void)fault_set(&f, FAULT_OPERATOR,
		    "credential:%s: systemd gave this service none of that name; put it into /etc/credstore/nudge.%s, or name its "
		    "file in a drop-in (LoadCredential=, LoadCredentialEncrypted=), and restart the service",
		    name, name);
	else if (why == EACCES)
		(void)fault_set(&f, FAULT_OPERATOR, "%s: %s; look at the way to it with: namei -l %s", s->path, strerror(why), s->path);
	else
		(void)fault_set(&f, fault_kind_of(why), "%s: %s; %s %s", s->path, strerror(why), s->mend, s->path);
	say(r, s, hidden || (no_service && r->who == CONF_CHECK), &f);
}

/* What root can read, and made for a service that is somebody else. */
static void
check_reader(struct reader *r, const struct secret *s, const struct stat *st)
{
	const char *user = strcmp(s->block, "gateway") == 0 ? "nudge-sender" : "nudge";
	struct fault f = { 0 };

	if (reader_may(st, user))
		return;
	(void)fault_set(&f, FAULT_OPERATOR, "%s cannot be read by the user %s, as which the service runs; mend it with: "
	    "chown %s: %s && chmod 0600 %s", s->path, user, user, s->path, s->path);
	say(r, s, true, &f);
}

static void
check_secret(struct reader *r, const struct secret *s)
{
	struct fault f = { 0 };
	struct stat st;
	bool others;

	if (!s->path[0])
		return;
	if (stat(s->path, &st) != 0) {
		say_unseen(r, s, errno);
		return;
	}
	/* Another user's file is judged by the program that has to read it; root sees whom else it lets in. */
	others = r->who == CONF_CHECK && st.st_uid != geteuid() && st.st_uid != 0;
	if (others && geteuid() != 0)
		return;
	if (!(others ? secret_file_closed(s->path, &f) : secret_file_ok(s->path, &f))) {
		say(r, s, false, &f);
	} else if (r->who != CONF_CHECK && access(s->path, R_OK) != 0) {
		(void)fault_set(
		    &f, FAULT_OPERATOR, "%s cannot be read by this user: %s", s->path, strerror(errno));
		say(r, s, false, &f);
	} else if (r->who == CONF_CHECK && geteuid() == 0) {
		check_reader(r, s, &st);
	}
}

static void
check_gateway_secrets(struct reader *r, const struct conf_gateway *g)
{
	static const char key[] = "copy the key of the Azure resource into it: install -m 0600 /dev/stdin";
	const struct secret secrets[] = {
		{ g->at, "gateway", g->title, "access_key", g->access_key, key },
		{ g->at, "gateway", g->title, "access_key_2", g->access_key_2, key },
		{ g->at, "gateway", g->title, "client_secret", g->client_secret,
			"copy the value of the application's secret into it: install -m 0600 /dev/stdin" },
		{ g->at, "gateway", g->title, "client_certificate", g->client_certificate,
			"copy the application's key and certificate into it, both as PEM: install -m 0600 /dev/stdin" },
		{ g->at, "gateway", g->title, "queue_key", g->queue_key,
			"copy the storage account's key into it: install -m 0600 /dev/stdin" },
		{ g->at, "gateway", g->title, "queue_sas", g->queue_sas,
			"copy the shared access signature into it: install -m 0600 /dev/stdin" },
		{ g->at, "gateway", g->title, "webhook_private_key", g->webhook_port ? g->webhook_private_key : "",
			"make key and request with: openssl req -new -newkey rsa:3072 -nodes -out webhook.csr -keyout" },
		{ g->at, "gateway", g->title, "webhook_secret", g->webhook_port ? g->webhook_secret : "",
			"make it with: openssl rand -hex 32 | install -m 0600 /dev/stdin" },
	};

	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
		struct secret s = secrets[i];

		s.at = *conf_place_of(r->conf, "gateway", g->title, s.key, &g->at);
		check_secret(r, &s);
	}
}

static void
check_secrets(struct reader *r)
{
	const struct conf *c = r->conf;

	if (r->who != CONF_SENDER) {
		struct secret s = { top_place(r, "store_key"), "", "", "store_key", c->store_key,
			"make it with: nudgectl keygen" };

		check_secret(r, &s);
	}
	for (size_t i = 0; r->who != CONF_SENDER && i < c->old_store_keys.n; i++) {
		struct secret s = { top_place(r, "old_store_keys"), "", "", "old_store_keys", c->old_store_keys.item[i],
			"take it out when no backup of then is wanted any more, else put it back:" };

		check_secret(r, &s);
	}
	for (size_t i = 0; r->who != CONF_SENDER && i < c->listeners_n; i++) {
		const struct conf_listener *l = &c->listeners[i];
		struct secret s = { *conf_place_of(c, "listener", l->title, "private_key", &l->at), "listener", l->title,
			"private_key", l->private_key,
			"make key and request with: openssl req -new -newkey rsa:3072 -nodes -out "
			"listener.csr -keyout" };

		if (l->tls)
			check_secret(r, &s);
	}
	for (size_t i = 0; r->who != CONF_SENDER && i < c->sites_n; i++) {
		const struct conf_site *x = &c->sites[i];
		struct secret s = { *conf_place_of(c, "site", x->title, "link_key", &x->at), "site", x->title, "link_key",
			x->link_key,
			"make it with: nudgectl keygen" };

		check_secret(r, &s);
	}
	for (size_t i = 0; r->who != CONF_NUDGED && i < c->gateways_n; i++)
		check_gateway_secrets(r, &c->gateways[i]);
}

/* ---- where the data is ---- */

/* Names of geographies as people and Azure write them: letters only, small. */
static void
geography_of(struct span text, char *out, size_t cap)
{
	static const char *const same[][2] = { { "us", "unitedstates" }, { "usa", "unitedstates" }, { "eu", "europe" },
		{ "gb", "uk" }, { "unitedkingdom", "uk" }, { "unitedarabemirates", "uae" } };
	size_t n = 0;

	for (size_t i = 0; i < text.n && n + 1 < cap; i++)
		if (isalpha((unsigned char)text.p[i]))
			out[n++] = (char)tolower((unsigned char)text.p[i]);
	out[n] = '\0';
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
		if (strcmp(out, same[i][0]) == 0)
			(void)snprintf(out, cap, "%s", same[i][1]);
}

/* Of a site before it, which sends through the same gateway for the same organization. */
static bool
was_said(const struct conf *c, size_t site, const struct conf_organization *o, const struct conf_gateway *g)
{
	for (size_t i = 0; i < site; i++) {
		const struct conf_site *s = &c->sites[i];

		if (s->number && s->number->gateway == g && s->environment && s->environment->organization == o)
			return true;
	}
	return false;
}

/* RESOURCE.GEOGRAPHY.communication.azure.com; older resources do not say it. */
static void
check_geography(struct reader *r)
{
	for (size_t i = 0; i < r->conf->sites_n; i++) {
		const struct conf_site *s = &r->conf->sites[i];
		const struct conf_gateway *g = s->number ? s->number->gateway : NULL;
		const struct conf_organization *o = s->environment ? s->environment->organization : NULL;
		const char *host = g ? strstr(g->endpoint, "://") : NULL, *first, *end;
		char there[40], here[40];

		first = host ? strchr(host, '.') : NULL;
		end = host ? strstr(host, ".communication.azure.com") : NULL;
		if (!o || !o->geography[0] || !first || !end || first >= end || was_said(r->conf, i, o, g))
			continue;
		geography_of(span_from(first + 1, (size_t)(end - first - 1)), there, sizeof there);
		geography_of(span_of(o->geography), here, sizeof here);
		if (strcmp(here, there) != 0)
			conf_fault_add(r->faults, conf_place_of(r->conf, "organization", o->title, "geography", &o->at), true,
			    "organization \"%s\": geography = %s, but gateway \"%s\", which site \"%s\" sends through, keeps "
			    "its data in %s",
			    o->title, o->geography, g->title, s->title, there);
	}
}

/* Each mark below the one before it, of those that are on. */
static void
check_disk(struct reader *r, const struct conf_place *top)
{
	const struct { const char *name; int64_t bytes; } mark[] = { { "disk_warn", r->conf->disk_warn_bytes },
		{ "disk_shed", r->conf->disk_shed_bytes }, { "disk_stop", r->conf->disk_stop_bytes } };

	for (size_t i = 0; i < 3; i++)
		for (size_t k = i + 1; k < 3; k++)
			if (mark[i].bytes > 0 && mark[i].bytes < mark[k].bytes)
				conf_fault_add(r->faults, top, false, "%s is less than %s: it comes first, so it has to be more",
				    mark[i].name, mark[k].name);
}

void
check_across(struct reader *r)
{
	const struct conf *c = r->conf;
	struct conf_place top = { c->files.item[0], 0 };

	if (c->listeners_n == 0)
		conf_fault_add(r->faults, &top, false, "there is no listener: nobody could send messages");
	if (c->sites_n == 0)
		conf_fault_add(r->faults, &top, false, "there is no site: no message would be for anybody");
	check_disk(r, &top);
	check_ports(r);
	check_proofs(r);
	check_told(r);
	check_overlap(r);
	check_shadows(r);
	check_geography(r);
	check_folders(r);
	check_secrets(r);
}

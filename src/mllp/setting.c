/* setting.c - a configuration made ready to serve: each listener's socket, TLS and identities. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/intake.h"
#include "mllp/session.h"
#include "mllp/tls.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct port *
find_port(const struct mllp *m, const struct conf_listener *l)
{
	for (size_t i = 0; i < m->ports_n; i++) {
		struct port *p = m->ports[i];
		if (p->fd >= 0 && p->number == l->port && strcmp(p->address, l->address) == 0) {
			return p;
		}
	}
	return NULL;
}

static bool
add_port(struct mllp *m, const struct conf_listener *l, struct port **out, struct fault *f)
{
	struct port **grown = realloc(m->ports, (m->ports_n + 1) * sizeof(void *));

	if (!grown) {
		return fault_set(f, FAULT_BUSY, "no memory for it");
	}
	m->ports = grown;
	if (!port_new(m, l, out, f)) {
		return false;
	}
	m->ports[m->ports_n++] = *out;
	return true;
}

static bool
fill_terms(struct mllp *m, struct setting *s, const struct conf_listener *l, struct fault *f)
{
	struct terms *t = &s->terms[s->n];
	struct port *p = find_port(m, l);

	if (p && setting_terms(s, p)) {
		return fault_set(f, FAULT_OPERATOR, "%s port %d has a listener already", l->address, l->port);
	}
	t->listener = l;
	s->n++;
	if (!identity_new(l, &t->identity, f) || (l->tls && !tls_context(l, session_verify, &t->tls, f)) ||
	    (!p && !add_port(m, l, &p, f))) {
		return false;
	}
	t->port = p;
	return true;
}

bool
setting_new(struct mllp *m, struct rules *rules, const struct siu_map *map, struct setting **out, struct fault *f)
{
	const struct conf *c = rules->conf;
	struct setting *s = calloc(1, sizeof *s + c->listeners_n * sizeof s->terms[0]);

	if (!s) {
		return fault_set(f, FAULT_BUSY, "no memory for the listeners");
	}
	atomic_init(&s->holds, 1);
	s->rules = rules_hold(rules);
	s->map = map;
	for (size_t i = 0; i < c->listeners_n; i++) {
		if (!fill_terms(m, s, &c->listeners[i], f)) {
			fault_at(f, "listener \"%s\"", c->listeners[i].title);
			setting_drop(s);
			return false;
		}
	}
	*out = s;
	return true;
}

struct setting *
setting_hold(struct setting *s)
{
	atomic_fetch_add(&s->holds, 1);
	return s;
}

void
setting_drop(struct setting *s)
{
	if (!s || atomic_fetch_sub(&s->holds, 1) != 1) {
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		identity_free(s->terms[i].identity);
		SSL_CTX_free(s->terms[i].tls);
	}
	rules_drop(s->rules);
	free(s);
}

const struct terms *
setting_terms(const struct setting *s, const struct port *p)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->terms[i].port == p) {
			return &s->terms[i];
		}
	}
	return NULL;
}

void
setting_reap(struct mllp *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->ports_n; i++) {
		struct port *p = m->ports[i];
		if (!setting_terms(m->setting, p)) {
			port_close(p);
			if (atomic_load(&p->open_n) == 0) {
				port_free(p);
				continue;
			}
		}
		m->ports[kept++] = p;
	}
	m->ports_n = kept;
}

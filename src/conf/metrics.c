/* metrics.c - where the house may be asked how it is: a socket of this machine, or nowhere. */
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "conf/options.h"

#define FORM "metrics is \"unix:PATH\", or a loopback address with a port as \"127.0.0.1:9575\""

static void
take_path(const struct section *s, struct conf *c, const char *text)
{
	size_t most = sizeof ((struct sockaddr_un *)0)->sun_path - 1;
	struct stat st;

	text_free(c->metrics_socket);
	c->metrics_socket = path_from(s->source, text);
	if (!c->metrics_socket[0])
		section_fault(s, "metrics", FORM "; after unix: a path is missing");
	else if (strlen(c->metrics_socket) > most)
		section_fault(s, "metrics", "metrics %s: the path of a socket may have %zu characters", c->metrics_socket, most);
	else if (strcmp(c->metrics_socket, c->control_socket) == 0 || strcmp(c->metrics_socket, c->sender_socket) == 0)
		section_fault(s, "metrics", "metrics %s is a socket of ours for something else: give it a path of its own", c->metrics_socket);
	else if (lstat(c->metrics_socket, &st) == 0 && !S_ISSOCK(st.st_mode)) /* else it would be replaced */
		section_fault(s, "metrics", "metrics %s is there and is no socket: choose another path", c->metrics_socket);
}

/* "127.0.0.1:9575", "[::1]:9575" */
static void
take_address(const struct section *s, struct conf *c, const char *text)
{
	const char *colon = strrchr(text, ':');
	struct span host = colon ? span_from(text, (size_t)(colon - text)) : SPAN_NONE;
	char address[64];
	uint64_t port;

	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = span_from(host.p + 1, host.n - 2);
	else if (host.n > 0 && memchr(host.p, ':', host.n))
		host = SPAN_NONE;
	if (host.n == 0 || host.n >= sizeof address || !span_to_u64(span_of(colon + 1), 65535, &port) || port == 0) {
		section_fault(s, "metrics", FORM ", not \"%s\"", text);
		return;
	}
	(void)span_copy(address, sizeof address, host);
	if (strcmp(address, "localhost") == 0 || !shape_loopback(address)) {
		section_fault(s, "metrics", FORM ", not \"%s\"", text);
		return;
	}
	text_free(c->metrics_address);
	c->metrics_address = text_copy(address);
	c->metrics_port = (int)port;
}

void
build_metrics(const struct section *s)
{
	struct conf *c = s->reader->conf;

	c->metrics = section_text(s, "metrics");
	c->metrics_socket = text_copy("");
	c->metrics_address = text_copy("");
	if (strncmp(c->metrics, "unix:", 5) == 0)
		take_path(s, c, c->metrics + 5);
	else if (c->metrics[0])
		take_address(s, c, c->metrics);
}

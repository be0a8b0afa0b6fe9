/* shapes.c - numbers, names, addresses and the gateway's URL: right by their look alone. */
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "conf/options.h"

#define GATEWAY_HOSTS ".communication.azure.com"

bool
shape_e164(const char *text)
{
	size_t n = strspn(text + (text[0] == '+'), "0123456789");

	return text[0] == '+' && text[1] != '0' && n >= 8 && n <= 15 && text[n + 1] == '\0';
}

bool
shape_name(const char *text)
{
	size_t letters = 0, n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != ' ')
			return false;
		letters += isalpha((unsigned char)text[i]) != 0;
	}
	return n > 0 && n <= 11 && letters > 0;
}

bool
shape_address(const char *text)
{
	struct in_addr four;
	struct in6_addr six;

	return strcmp(text, "localhost") == 0 || inet_pton(AF_INET, text, &four) == 1 ||
	    inet_pton(AF_INET6, text, &six) == 1;
}

bool
shape_loopback(const char *text)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, text, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcmp(text, "localhost") == 0;
}

/* A DNS name or IPv4 address, or [IPv6] given without its brackets. */
static bool
is_host(const char *host, bool bracketed)
{
	struct in6_addr six;

	if (bracketed)
		return inet_pton(AF_INET6, host, &six) == 1;
	for (const char *c = host; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			return false;
	return isalnum((unsigned char)host[0]) && !strstr(host, "..");
}

static bool
is_gateway_host(const char *host)
{
	size_t n = strlen(host), end = sizeof GATEWAY_HOSTS - 1;

	return n > end && strcasecmp(host + n - end, GATEWAY_HOSTS) == 0;
}

/* What follows the host: nothing, or a port; the usual one is taken off. */
static bool
take_port(char *colon, const char *usual)
{
	uint64_t port;

	if (*colon == '\0')
		return true;
	if (*colon != ':' || !span_to_u64(span_of(colon + 1), 65535, &port) || port == 0)
		return false;
	if (strcmp(colon, usual) == 0)
		*colon = '\0';
	return true;
}

/* host[cap]: without brackets. */
static bool
take_url(const char *name, char *url, char *host, size_t cap, struct fault *f)
{
	bool secure = strncasecmp(url, "https://", 8) == 0, plain = strncasecmp(url, "http://", 7) == 0,
	     bracketed;
	char *rest = url + (secure ? 8 : 7);
	size_t n = strlen(url), host_n;

	if (!secure && !plain)
		return fault_set(f, FAULT_OPERATOR, "%s begins with https://, as https://HOST; not \"%s\"", name, url);
	while (url + n > rest && url[n - 1] == '/')
		url[--n] = '\0';
	for (char *c = url; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (strpbrk(rest, "/?#@"))
		return fault_set(f, FAULT_OPERATOR,
		    "%s is only https://HOST, without a path, user or query; not \"%s\"", name, url);
	bracketed = rest[0] == '[';
	rest += bracketed;
	host_n = strcspn(rest, bracketed ? "]" : ":");
	(void)span_copy(host, cap, span_from(rest, host_n));
	rest += host_n;
	if (host_n >= cap || !is_host(host, bracketed) || (bracketed && *rest++ != ']') ||
	    !take_port(rest, secure ? ":443" : ":80"))
		return fault_set(f, FAULT_OPERATOR, "%s has no good host and port: \"%s\"", name, url);
	if (plain && !shape_loopback(host))
		return fault_set(f, FAULT_OPERATOR, "%s: http:// is for loopback only; write https://", name);
	return true;
}

bool
shape_url(const char *name, char *url, struct fault *f)
{
	char host[256];

	return take_url(name, url, host, sizeof host, f);
}

bool
shape_url_local(const char *url)
{
	char copy[300], host[256];
	struct fault f = { 0 };

	return strlen(url) < sizeof copy && take_url("", memcpy(copy, url, strlen(url) + 1), host, sizeof host, &f) &&
	    shape_loopback(host);
}

bool
shape_endpoint(char *url, bool any_host, struct fault *f)
{
	char host[256];

	if (!take_url("endpoint", url, host, sizeof host, f))
		return false;
	if (!any_host && !shape_loopback(host) && !is_gateway_host(host))
		return fault_set(f, FAULT_OPERATOR,
		    "endpoint: \"%s\" is no host of Azure Communication Services (RESOURCE%s); if it is "
		    "meant, say any_host = true",
		    host, GATEWAY_HOSTS);
	return true;
}

bool
shape_queue(char *url, bool any_host, struct fault *f)
{
	static const char *const ends[] = { ".queue.core.windows.net", ".queue.storage.azure.net",
		".queue.core.usgovcloudapi.net", ".queue.core.chinacloudapi.cn" };
	char start[300], host[256], *path = NULL, *name;
	size_t n = 0;

	if (strstr(url, "://"))
		path = strchr(strstr(url, "://") + 3, '/');
	name = path ? strrchr(path, '/') + 1 : NULL;
	if (!name || strpbrk(url, "?#@%") || (size_t)(path - url) >= sizeof start)
		return fault_set(f, FAULT_OPERATOR,
		    "queue is https://ACCOUNT%s/QUEUE, without a query (a shared access signature goes into the file that "
		    "queue_sas names)",
		    ends[0]);
	n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (name[n] || n < 3 || n > 63 || strlen(path) > 200)
		return fault_set(f, FAULT_OPERATOR,
		    "queue ends with the queue's name: 3 to 63 lower-case letters, digits and '-'; not \"%s\"", name);
	(void)span_copy(start, sizeof start, span_from(url, (size_t)(path - url)));
	if (!shape_endpoint(start, true, f)) {
		struct fault why = *f;

		return fault_set(f, FAULT_OPERATOR, "queue: %s", why.text);
	}
	memcpy(url, start, strlen(start)); /* lower case; a usual port is left as it was written */
	(void)span_copy(host, sizeof host, span_of(strstr(start, "://") + 3));
	host[strcspn(host, ":")] = '\0';
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		any_host = any_host || (strlen(host) > strlen(ends[i]) && strcmp(host + strlen(host) - strlen(ends[i]), ends[i]) == 0);
	return any_host || shape_loopback(host) ||
	    fault_set(f, FAULT_OPERATOR, "queue: \"%s\" is no host of Azure's queues (ACCOUNT%s); if it is meant, say any_host = true",
	        host, ends[0]);
}

/* peer.c - addresses and CIDR ranges, IPv4 mapped into IPv6. */
// SPDX-License-Identifier: Apache-2.0
#include "mllp/peer.h"

#include "nudge/span.h"

#include <arpa/inet.h>
#include <string.h>

static void
map_v4(const void *four, unsigned char out[16])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, four, 4);
}

void
peer_of(const struct sockaddr_storage *from, struct peer *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	memset(out, 0, sizeof *out);
	if (from->ss_family == AF_INET) {
		memcpy(&v4, from, sizeof v4);
		map_v4(&v4.sin_addr, out->address);
	} else if (from->ss_family == AF_INET6) {
		memcpy(&v6, from, sizeof v6);
		memcpy(out->address, &v6.sin6_addr, sizeof out->address);
	}
	if (memcmp(out->address, mapped, sizeof mapped) == 0) {
		inet_ntop(AF_INET, out->address + 12, out->text, sizeof out->text);
	} else {
		inet_ntop(AF_INET6, out->address, out->text, sizeof out->text);
	}
}

bool
peer_range_read(const char *text, struct peer_range *out)
{
	struct span bits, address = span_cut(span_of(text), '/', &bits);
	bool has_bits = strchr(text, '/') != NULL;
	char plain[INET6_ADDRSTRLEN];
	unsigned char four[4];
	struct peer_range r;
	uint64_t n = 128;

	if (address.n >= sizeof plain) {
		return false;
	}
	span_copy(plain, sizeof plain, address);
	if (inet_pton(AF_INET, plain, four) == 1) {
		map_v4(four, r.address);
		if (has_bits && !span_to_u64(bits, 32, &n)) {
			return false;
		}
		n = has_bits ? n + 96 : 128;
	} else if (inet_pton(AF_INET6, plain, r.address) == 1) {
		if (has_bits && !span_to_u64(bits, 128, &n)) {
			return false;
		}
	} else {
		return false;
	}
	r.prefix = (int)n;
	*out = r;
	return true;
}

static bool
in_range(const unsigned char address[16], const struct peer_range *r)
{
	size_t whole = (size_t)r->prefix / 8, rest = (size_t)r->prefix % 8;

	if (memcmp(address, r->address, whole) != 0) {
		return false;
	}
	return rest == 0 || ((address[whole] ^ r->address[whole]) >> (8 - rest)) == 0;
}

bool
peer_within(const struct peer *p, const struct peer_range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (in_range(p->address, &ranges[i])) {
			return true;
		}
	}
	return false;
}

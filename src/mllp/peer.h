/* mllp/peer.h - who is at the other end by address, and the ranges that may be.
 *
 * All addresses are held as IPv6; an IPv4 address as ::ffff:a.b.c.d, so that a
 * listener on "::" knows an IPv4 sender by the range its administrator wrote.
 */
#ifndef MLLP_PEER_H
#define MLLP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct peer {
	unsigned char address[16];
	char text[INET6_ADDRSTRLEN]; /* without the port */
};

struct peer_range {
	unsigned char address[16];
	int prefix; /* bits of 128 */
};

/* Anything but an internet address gives "::". Pure. */
void peer_of(const struct sockaddr_storage *from, struct peer *out);

/* "10.1.2.0/24", "10.1.2.3", "2001:db8::/32". `*out` is written on success only. Pure. */
bool peer_range_read(const char *text, struct peer_range *out) __attribute__((warn_unused_result));
bool peer_within(const struct peer *p, const struct peer_range *ranges, size_t n); /* Any of them. Pure. */

#endif

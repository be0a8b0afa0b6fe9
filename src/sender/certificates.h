/* sender/certificates.h - the client certificates of gateways, told to nudged. */
#ifndef SENDER_CERTIFICATES_H
#define SENDER_CERTIFICATES_H

#include "nudge/conf.h"
#include "sender/outbox.h"

/* nudged may not read their files, which hold the keys, and tells when they end. One frame for each that can be read. */
void certificates_tell(const struct conf *c, outbox_write_fn *write, void *ctx);

#endif

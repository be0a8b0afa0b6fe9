/* certificates.c - see certificates.h. */
// SPDX-License-Identifier: Apache-2.0
#include "sender/certificates.h"

#include "nudge/acs.h"
#include "nudge/link.h"

void
certificates_tell(const struct conf *c, outbox_write_fn *write, void *ctx)
{
	struct buf der, frame;

	buf_init(&der, LINK_FRAME_MAX / 2);
	buf_init(&frame, LINK_FRAME_MAX + 8);
	for (size_t i = 0; i < c->gateways_n; i++) {
		const struct conf_gateway *g = &c->gateways[i];

		buf_reset(&der);
		buf_reset(&frame);
		if (acs_client_certificate(g, &der) && link_put_certificate(&frame, span_of(g->title), buf_span(&der)))
			(void)write(ctx, buf_span(&frame));
	}
	buf_clear(&der);
	buf_clear(&frame);
}

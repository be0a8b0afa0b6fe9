/* control/metrics.h - the state of the house as Prometheus' text format, version 0.0.4. */
#ifndef CONTROL_METRICS_H
#define CONTROL_METRICS_H

#include "nudge/control.h"

struct metrics { /* all borrowed */
	const struct engine_status *engine;
	const struct mllp_stats *intake;
	const struct mllp_sender *senders;
	size_t senders_n;
	void (*held)(void *ctx, held_fn *fn, void *arg); /* certificates; NULL: none */
	void *ctx;
	const struct forward_state *forward; /* NULL, or path "": the audit log is told nobody */
	int64_t now_s;
};

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
void metrics_write(const struct metrics *m, struct buf *out); /* out->spoilt when it did not fit */
/* "/readyz": NULL when messages are taken, else why not. Literal. */
const char *metrics_not_ready(const struct engine_status *s, const struct mllp_stats *intake, size_t listeners_n);

#endif

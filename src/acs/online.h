/* acs/online.h - whether what a configuration names outside is there and lets us in: gateways, queues, FHIR servers.
 *
 * Each is asked once, all at the same time, and nothing is sent, taken or
 * changed by it: the gateway for a report that does not exist, the queue to
 * delete a message that it does not have (the right that reading needs), the
 * FHIR server for its public description.
 */
#ifndef ACS_ONLINE_H
#define ACS_ONLINE_H

#include "nudge/buf.h"
#include "nudge/conf.h"
#include "nudge/fault.h"

#define ONLINE_DEADLINE_S 20

struct online_finding {
	const char *what;  /* literal: gateway, queue, fhir */
	const char *title; /* of the gateway, or of the first site that has this base URL */
	const char *at;    /* the URL */
	bool works;
	const char *text;  /* what happened; if it does not work, what to look at */
};
typedef void online_fn(void *ctx, const struct online_finding *x); /* all borrowed */

/* Asks, waits, and calls fn once for each, in the order of the configuration.
 * ca_file: whom to trust for FHIR servers; "": the system's CAs. deadline_s: for
 * all together. false: nothing could be asked; *f says why. */
bool online_ask(const struct conf *c, const char *ca_file, int deadline_s, online_fn *fn, void *ctx, struct fault *f)
    __attribute__((warn_unused_result));

/* What a FHIR server's description (JSON) says of itself, and whether it is of
 * the version that the base URL names. The text goes to *text, printable
 * characters only. false: it is none, or of another version. Pure. */
bool online_fhir(struct span body, const char *base_url, struct buf *text) __attribute__((warn_unused_result));

#endif

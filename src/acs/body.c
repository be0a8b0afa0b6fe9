/* body.c - the request: written once, in one order, and the same at each attempt. */
// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "nudge/acs.h"

#define REPORT_TIMEOUT_S 3600 /* after this the gateway makes a report, whatever is known */

static json_t *
text_of(struct span v)
{
	return json_stringn(v.n ? v.p : "", v.n);
}

static json_t *
options_of(const struct acs_request *r)
{
	json_t *o = json_pack("{s:b, s:o}", "enableDeliveryReport", 1, "tag", text_of(r->tag));

	/* Not known to the first stable version, which may refuse what it does not know. */
	if (o && strcmp(r->api_version, "2021-03-07") != 0)
		(void)json_object_set_new(o, "deliveryReportTimeoutInSeconds", json_integer(REPORT_TIMEOUT_S));
	return o;
}

static int
add(const char *bytes, size_t n, void *ctx)
{
	return buf_add(ctx, bytes, n) ? 0 : -1;
}

bool
acs_body(const struct acs_request *r, struct buf *out)
{
	json_t *o = json_pack("{s:o, s:[{s:o, s:s, s:s}], s:o, s:o}", "from", text_of(r->from), "smsRecipients", "to",
	    text_of(r->to), "repeatabilityRequestId", r->repeat_id, "repeatabilityFirstSent", r->first_sent, "message",
	    text_of(r->text), "smsSendOptions", options_of(r));
	bool ok = o && json_dump_callback(o, add, out, JSON_COMPACT) == 0;

	json_decref(o);
	return ok;
}

bool
acs_path(const char *api_version, char *out, size_t cap)
{
	int n = snprintf(out, cap, "/sms?api-version=%s", api_version);

	return n > 0 && (size_t)n < cap;
}

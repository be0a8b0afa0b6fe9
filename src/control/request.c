/* request.c - what a request brought along. */
// SPDX-License-Identifier: Apache-2.0
#include "control/request.h"

const char *
request_text(const struct request *q, const char *name)
{
	return views_text(q->json, name);
}

bool
request_flag(const struct request *q, const char *name)
{
	return json_is_true(json_object_get(q->json, name));
}

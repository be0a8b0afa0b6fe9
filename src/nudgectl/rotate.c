/* rotate.c - another store key: asked for, and watched until the old one is needed no more. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nudgectl/nudgectl.h"

#define OVER "the old key is needed no more: take it out of old_store_keys; only backups made before need it"

static long long
number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

void
call_add_rotation(struct buf *out, const json_t *k)
{
	if (json_is_true(json_object_get(k, "rotating")))
		(void)buf_addf(out, "store key    %s, ROTATING: %lld %%, %lld fields sealed anew; the old key is still needed\n", call_text(k, "key"),
		    number(k, "percent"), number(k, "sealed"));
	else if (json_is_true(json_object_get(k, "old_key_needed")))
		(void)buf_addf(out, "store key    %s, ONE OF old_store_keys; store_key is %s: nudgectl rotate\n", call_text(k, "key"),
		    call_text(k, "store_key"));
	else if (call_text(k, "ended")[0])
		(void)buf_addf(out, "store key    %s, since %s\n", call_text(k, "key"), call_text(k, "ended"));
}

static int
watch(struct call *c, json_t **k)
{
	for (;;) {
		json_t *r = NULL;
		int status = call_ask(c, json_pack("{s:s}", "command", "status"), &r);

		if (status != 0)
			return status;
		json_decref(*k);
		*k = json_incref(json_object_get(r, "store_key"));
		json_decref(r);
		if (!json_is_true(json_object_get(*k, "rotating")))
			return EXIT_SUCCESS;
		(void)usleep(200000);
	}
}

int
command_rotate(struct call *c)
{
	bool wait = call_flag(c, "--wait");
	json_t *k = NULL;
	int status;

	if (c->argc != 0)
		return call_usage("rotate [--wait] [--json]");
	status = call_ask(c, json_pack("{s:s}", "command", "rotate"), &k);
	if (status == EXIT_SUCCESS && !c->json)
		(void)printf("the store opens with key %s now; fields are sealed anew: nudgectl status tells how far\n", call_text(k, "key"));
	if (status == EXIT_SUCCESS && wait)
		status = watch(c, &k);
	if (status == EXIT_SUCCESS && c->json)
		return call_print_json(k);
	if (status == EXIT_SUCCESS && wait)
		(void)printf("%lld fields sealed anew, %lld do not open and stay so\n%s\n", number(k, "sealed"), number(k, "unreadable"), OVER);
	json_decref(k);
	return status;
}

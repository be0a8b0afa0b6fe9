/* keys.c - the store key and those before it: read, compared with what the store has, told when one is done with. */
// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nudge/log.h"
#include "nudged/house.h"

bool
house_keys_read(struct conf *c, struct house_keyring *out, struct fault *f)
{
	*out = (struct house_keyring){ .n = 0 };
	if (!seal_keyfile_read(c->store_key, out->bytes, f) || !seal_name(out->bytes, &c->store_key_name))
		return false;
	out->n = 1;
	for (size_t i = 0; i < c->old_store_keys.n && out->n < STORE_KEYS_MAX; i++) {
		if (!seal_keyfile_read(c->old_store_keys.item[i], out->bytes + out->n * SEAL_KEY_BYTES, f)) {
			house_keys_wipe(out);
			return false;
		}
		out->n++;
	}
	return true;
}

void
house_keys_wipe(struct house_keyring *k)
{
	seal_wipe(k, sizeof *k);
}

bool
house_store(struct house *h, struct fault *f)
{
	struct conf *c = h->settings.rules->conf;
	struct house_keyring keys;
	struct store_rotation r;
	struct store_setup s = { .directory = c->state_directory, .key = keys.bytes, .conf = c, .now_s = clock_now().wall_ms / 1000 };
	bool ok = house_keys_read(c, &keys, f);

	s.old_keys_n = ok ? keys.n - 1 : 0;
	ok = ok && store_open(&s, &h->store, f);
	house_keys_wipe(&keys);
	if (!ok)
		return false;
	store_rotation_look(h->store, &r);
	h->store_key = r.key;
	if (r.key != c->store_key_name)
		log_warn("the store opens with one of old_store_keys, not with store_key", log_name("do", "nudgectl rotate"));
	if (r.running)
		log_note("the rotation of the store key goes on", log_int("percent", r.percent));
	return true;
}

/* A configuration without the store's key would be refused by the next start. */
bool
house_key_stays(const struct house *h, struct conf *next, struct conf_faults *faults)
{
	struct conf_place at = { next->file, 0 };
	struct fault f = { .kind = FAULT_NONE };
	struct house_keyring keys;
	uint32_t name = 0;
	bool there = false;

	if (!house_keys_read(next, &keys, &f)) {
		conf_fault_add(faults, conf_place_of(next, "", "", "store_key", &at), false, "%s", f.text);
		return false;
	}
	for (size_t i = 0; i < keys.n; i++)
		there = there || (seal_name(keys.bytes + i * SEAL_KEY_BYTES, &name) && name == h->store_key);
	house_keys_wipe(&keys);
	if (!there)
		conf_fault_add(faults, conf_place_of(next, "", "", "store_key", &at), false, "neither store_key nor old_store_keys has key %08x, which opens the store: name its file in "
		    "old_store_keys, then nudgectl reload and nudgectl rotate", h->store_key);
	return there;
}

bool
house_rotated(void *ctx, const struct store_rotation *r)
{
	struct house *h = ctx;
	char key[16], what[64];
	struct fault f = { .kind = FAULT_NONE };
	struct audit_entry e = { .who = AUDIT_SYSTEM, .name = "nudged", .what = "keys.rotated", .kind = "key", .id = key, .why = what };

	(void)snprintf(key, sizeof key, "%08x", r->key);
	(void)snprintf(what, sizeof what, "%lld fields sealed anew", (long long)r->sealed);
	if (!audit_write(h->audit, &e, &f)) /* whoever flushes the log says that it fails */
		return false;
	log_note("the rotation of the store key is over: the old key is needed no more, but for backups made before",
	    log_name("key", key), log_int("sealed", r->sealed), log_int("unreadable", r->unreadable));
	return true;
}

/* certificates.c - ours and every sender's, and how long each lasts. */
// SPDX-License-Identifier: Apache-2.0
#include "control/request.h"
#include "nudge/certificates.h"

struct listing {
	json_t *rows;
	int64_t now_s;
};

static json_t *
time_or_null(int64_t s)
{
	char at[CLOCK_TEXT_MAX];

	if (s == 0)
		return json_null();
	clock_rfc3339(s, at);
	return json_string(at);
}

static void
add_row(void *arg, const struct held *h)
{
	static const char *const kinds[] = { [HELD_OWN] = "own", [HELD_PINNED] = "pinned", [HELD_ISSUER] = "issuer",
		[HELD_LIST] = "revocation-list", [HELD_SEEN] = "seen" };
	struct listing *l = arg;
	enum held_state s = held_state(h, l->now_s);
	bool dated = !h->unreadable && h->is.not_after_s != 0;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "kind", kinds[h->as], "block", h->block, "title", h->owner,
	    "setting", h->setting, "file", h->file, "subject", h->is.subject, "issuer", h->is.issuer, "sha256", h->is.sha256, "state",
	    h->unreadable ? "unreadable" : held_state_word(s), "in_use", h->counts);

	if (!o)
		return;
	(void)json_object_set_new(o, "not_before", time_or_null(h->is.not_before_s));
	(void)json_object_set_new(o, "not_after", time_or_null(h->is.not_after_s));
	(void)json_object_set_new(o, "days_left", dated ? json_integer(held_days_left(h, l->now_s)) : json_null());
	(void)json_object_set_new(o, "first_seen", time_or_null(h->first_s));
	(void)json_object_set_new(o, "last_seen", time_or_null(h->last_s));
	(void)json_object_set_new(o, "connections", json_integer(h->open));
	(void)json_object_set_new(o, "peer", h->peer[0] ? json_string(h->peer) : json_null());
	(void)json_object_set_new(o, "why", h->unreadable ? json_string(h->unreadable) : json_null());
	(void)json_array_append_new(l->rows, o);
}

void
do_certificates(struct request *q)
{
	struct listing l = { json_array(), q->now_s };

	if (l.rows)
		request_setup(q)->held(request_setup(q)->ctx, add_row, &l);
	request_result(q, l.rows);
}

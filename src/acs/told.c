/* told.c - events of a gateway, in whatever case, order and schema they come. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/told.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "nudge/civil.h"
#include "nudge/seal.h"

#define NUMBER_MAX 24
#define ID_MAX 127
#define WORDS_MAX 8192 /* bytes of a text from a phone; longer is no text message */

/* ---- codes ---- */

/* The gateway's text for an opt-out without its number. */
#define OPTED_OUT_TEXT "sender blocked for given recipient"

static const struct {
	int64_t code;
	enum delivery delivery;
	const char *word;
} meanings[] = {
	{ 2000, DELIVERY_OK, "delivered" },
	{ 4000, DELIVERY_FAILED, "blocked-number" },
	{ 4001, DELIVERY_FAILED, "invalid-number" },
	{ 4002, DELIVERY_FAILED, "invalid-number" },
	{ 4003, DELIVERY_FAILED, "recipient-blocked" },
	{ 4004, DELIVERY_FAILED, "no-such-number" },
	{ 4005, DELIVERY_FAILED, "recipient-blocked" },
	{ 4006, DELIVERY_FAILED, "unreachable" },
	{ 4007, DELIVERY_FAILED, "blocked-by-recipient" },
	{ 4008, DELIVERY_FAILED, "limit-reached" },
	{ 4009, DELIVERY_FAILED, "blocked-number" },
	{ 4010, DELIVERY_FAILED, "spam" },
	{ 4020, DELIVERY_FAILED, "limit-reached" },
	{ 5002, DELIVERY_UNKNOWN, "unknown" }, /* the carrier gives no reports */
};

static int64_t
code_of(struct span details)
{
	int64_t code = 0;

	details = span_trim(details);
	for (size_t i = 0; i < 4; i++) {
		if (i >= details.n || details.p[i] < '0' || details.p[i] > '9')
			return 0;
		code = code * 10 + (details.p[i] - '0');
	}
	return details.n > 4 && details.p[4] >= '0' && details.p[4] <= '9' ? 0 : code;
}

struct told_meaning
told_meaning(bool failed, struct span details)
{
	struct told_meaning m = { DELIVERY_FAILED, "other", code_of(details) };

	if (!failed)
		return (struct told_meaning){ DELIVERY_OK, "delivered", m.code ? m.code : 2000 };
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (meanings[i].code == m.code && meanings[i].delivery != DELIVERY_OK) {
			m.delivery = meanings[i].delivery;
			m.word = meanings[i].word;
			return m;
		}
	if (m.code != 0)
		return m;
	if (span_find_nocase(details, OPTED_OUT_TEXT) >= 0)
		return (struct told_meaning){ DELIVERY_FAILED, "blocked-by-recipient", 4007 };
	/* Nothing came back in time: that proves nothing. */
	if (span_find_nocase(details, "timeout") >= 0 || span_find_nocase(details, "timed out") >= 0)
		return (struct told_meaning){ DELIVERY_UNKNOWN, "unknown", 0 };
	return m;
}

/* ---- fields ---- */

/* The first field of this name in any case that is not null. */
static const json_t *
field(const json_t *o, const char *name)
{
	void *i;

	if (!json_is_object(o))
		return NULL;
	for (i = json_object_iter((json_t *)(uintptr_t)o); i; i = json_object_iter_next((json_t *)(uintptr_t)o, i))
		if (span_is_nocase(span_of(json_object_iter_key(i)), name) && !json_is_null(json_object_iter_value(i)))
			return json_object_iter_value(i);
	return NULL;
}

static struct span
text(const json_t *o, const char *name)
{
	const json_t *v = field(o, name);

	return json_is_string(v) ? span_from(json_string_value(v), json_string_length(v)) : SPAN_NONE;
}

static bool
is_printable(struct span s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0 && s.n <= max;
}

/* A sender or a phone as we write it: E.164 with its +, short codes and names as
 * they are. false: none of these. */
static bool
number(struct span s, char out[NUMBER_MAX])
{
	bool digits = true;

	s = span_trim(s);
	if (s.n > 0 && s.p[0] == '+')
		s = span_from(s.p + 1, s.n - 1);
	for (size_t i = 0; i < s.n; i++) {
		digits = digits && s.p[i] >= '0' && s.p[i] <= '9';
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	}
	if (s.n == 0 || s.n > 15)
		return false;
	out[0] = '+';
	(void)span_copy(out + (digits && s.n > 6), NUMBER_MAX - 1, s);
	return true;
}

static bool
two(struct span s, size_t at, int *out)
{
	if (at + 2 > s.n || s.p[at] < '0' || s.p[at] > '9' || s.p[at + 1] < '0' || s.p[at + 1] > '9')
		return false;
	*out = (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
	return true;
}

/* Seconds of an RFC 3339 time; 0 when it is none. A fraction is dropped. */
static int64_t
moment(struct span s)
{
	int century, year, month, day, hour, min, sec, oh = 0, om = 0;
	size_t at = 19;
	int64_t offset = 0;

	if (s.n < 20 || !two(s, 0, &century) || !two(s, 2, &year) || s.p[4] != '-' || !two(s, 5, &month) || s.p[7] != '-' ||
	    !two(s, 8, &day) || (s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' ') || !two(s, 11, &hour) || s.p[13] != ':' ||
	    !two(s, 14, &min) || s.p[16] != ':' || !two(s, 17, &sec))
		return 0;
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || min > 59 || sec > 60)
		return 0;
	if (s.p[at] == '.')
		for (at++; at < s.n && s.p[at] >= '0' && s.p[at] <= '9';)
			at++;
	if (at < s.n && (s.p[at] == '+' || s.p[at] == '-')) {
		if (!two(s, at + 1, &oh) || at + 3 >= s.n || !two(s, at + 3 + (s.p[at + 3] == ':'), &om))
			return 0;
		offset = (s.p[at] == '-' ? -1 : 1) * (oh * 3600 + om * 60);
	}
	return civil_days(century * 100 + year, month, day) * 86400 + hour * 3600 + min * 60 + sec - offset;
}

/* ---- one event ---- */

struct reading {
	told_fn *fn;
	void *ctx;
	struct told_summary *sum;
	bool stopped;
};

static void
give(struct reading *r, const struct link_event *e)
{
	if (r->stopped || !r->fn(r->ctx, e))
		r->stopped = true;
	else
		r->sum->given++;
}

/* true: it was of a form that can be read, also when there is nothing to say yet. */
static bool
report(struct reading *r, const json_t *data)
{
	struct span status = text(data, "deliveryStatus"), id = text(data, "messageId"), tag = text(data, "tag");
	char from[NUMBER_MAX] = "", to[NUMBER_MAX] = "";
	struct link_event e = { .what = EVENT_REPORT };
	struct told_meaning m;
	uint64_t row = 0;

	if (!is_printable(id, ID_MAX) || status.n == 0)
		return false;
	if (!span_is_nocase(status, "Delivered") && !span_is_nocase(status, "Failed"))
		return true;
	m = told_meaning(!span_is_nocase(status, "Delivered"), text(data, "deliveryStatusDetails"));
	if (!number(text(data, "from"), from))
		from[0] = '\0';
	if (!number(text(data, "to"), to))
		to[0] = '\0';
	if (!span_to_u64(tag, INT64_MAX, &row))
		row = 0;
	e.message_id = id;
	e.text = (int64_t)row;
	e.delivery = m.delivery;
	e.status = span_of(m.word);
	e.code = m.code;
	e.from = span_of(from);
	e.to = span_of(to);
	e.at_s = moment(text(data, "receivedTimestamp"));
	give(r, &e);
	if (m.code == 4007 && from[0] && to[0]) {
		struct link_event out = { .what = EVENT_OPTOUT, .message_id = id, .from = e.from, .to = e.to, .at_s = e.at_s,
			.opted_out = true };

		give(r, &out);
	}
	seal_wipe(to, sizeof to);
	return true;
}

static bool
inbound(struct reading *r, const json_t *data)
{
	struct span id = text(data, "messageId"), words = text(data, "message");
	char from[NUMBER_MAX], to[NUMBER_MAX];
	struct link_event e = { .what = EVENT_INBOUND };
	bool ok = is_printable(id, ID_MAX) && words.n <= WORDS_MAX && number(text(data, "from"), from) &&
	    number(text(data, "to"), to);

	if (ok) {
		e.message_id = id;
		e.from = span_of(from);
		e.to = span_of(to);
		e.words = words;
		e.at_s = moment(text(data, "receivedTimestamp"));
		give(r, &e);
	}
	seal_wipe(from, sizeof from);
	return ok;
}

/* CloudEvents may carry their data as Base64. Owned by the caller. */
static json_t *
packed_data(const json_t *event)
{
	struct span b64 = text(event, "data_base64");
	struct buf plain;
	json_t *data = NULL;

	if (b64.n == 0)
		return NULL;
	buf_init(&plain, TOLD_BYTES_MAX);
	if (told_base64(b64, &plain))
		data = json_loadb(plain.n ? plain.p : "", plain.n, 0, NULL);
	buf_wipe(&plain);
	return data;
}

static void
one_event(struct reading *r, const json_t *event)
{
	struct span type = text(event, "eventType");
	const json_t *data = field(event, "data");
	json_t *packed = data ? NULL : packed_data(event);
	bool ok = true;

	if (type.n == 0)
		type = text(event, "type");
	if (packed)
		data = packed;
	if (span_is_nocase(type, "Microsoft.Communication.SMSDeliveryReportReceived"))
		ok = report(r, data);
	else if (span_is_nocase(type, "Microsoft.Communication.SMSReceived"))
		ok = inbound(r, data);
	else if (span_is_nocase(type, "Microsoft.EventGrid.SubscriptionValidationEvent"))
		ok = is_printable(text(data, "validationCode"), TOLD_CODE_MAX - 1) &&
		    span_copy(r->sum->validation, TOLD_CODE_MAX, text(data, "validationCode")) > 0;
	else if (type.n > 0)
		r->sum->foreign++;
	else
		ok = false;
	r->sum->broken += !ok;
	json_decref(packed);
}

/* Whether the bytes can be a JSON text of one event or more. */
static json_t *
parse(struct span body)
{
	if (body.n >= 3 && memcmp(body.p, "\xef\xbb\xbf", 3) == 0)
		body = span_from(body.p + 3, body.n - 3);
	if (body.n == 0 || body.n > TOLD_BYTES_MAX)
		return NULL;
	return json_loadb(body.p, body.n, 0, NULL);
}

bool
told_read(struct span body, told_fn *fn, void *ctx, struct told_summary *out)
{
	struct reading r = { fn, ctx, out, false };
	json_t *root = parse(body);
	bool ok = json_is_object(root) || (json_is_array(root) && json_array_size(root) <= TOLD_EVENTS_MAX);

	*out = (struct told_summary){ 0 };
	if (ok && json_is_object(root))
		one_event(&r, root);
	for (size_t i = 0; ok && json_is_array(root) && i < json_array_size(root) && !r.stopped; i++)
		one_event(&r, json_array_get(root, i));
	json_decref(root);
	return ok && !r.stopped;
}

bool
told_report(struct span body, told_fn *fn, void *ctx)
{
	struct told_summary sum = { 0 };
	struct reading r = { fn, ctx, &sum, false };
	json_t *root = parse(body);
	bool ok = json_is_object(root) && report(&r, root);

	json_decref(root);
	return ok && sum.given > 0 && !r.stopped;
}

bool
told_base64(struct span in, struct buf *out)
{
	EVP_ENCODE_CTX *c = EVP_ENCODE_CTX_new();
	unsigned char part[768];
	int n = 0;
	bool ok = c != NULL;

	if (c)
		EVP_DecodeInit(c);
	while (ok && in.n > 0) {
		int piece = in.n < 512 ? (int)in.n : 512;

		ok = EVP_DecodeUpdate(c, part, &n, (const unsigned char *)in.p, piece) >= 0 && buf_add(out, part, (size_t)n);
		in = span_from(in.p + piece, in.n - (size_t)piece);
	}
	ok = ok && EVP_DecodeFinal(c, part, &n) == 1 && buf_add(out, part, (size_t)n);
	EVP_ENCODE_CTX_free(c);
	seal_wipe(part, sizeof part);
	return ok;
}

void
told_seal(struct told_parcel *p)
{
	p->sealed = true;
	if (p->open == 0)
		p->taken(p);
}

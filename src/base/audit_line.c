/* audit_line.c - a record as a line of JSON: made, read back, and the chain of its keys. */
// SPDX-License-Identifier: Apache-2.0
#include "base/audit_line.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nudge/clock.h"
#include "nudge/digest.h"

#define TAIL ",\"mac\":\""                                  /* then 32 digits, then "} */
#define TAIL_N (sizeof TAIL - 1 + AUDIT_MAC_HEX + 2)
#define STATE_HEAD "nudge-audit-state-1 "
#define WORD_MAX 512

/* ---- the chain ---- */

void
audit_chain_begin(struct audit_chain *c, const uint8_t first_key[SEAL_KEY_BYTES])
{
	c->seq = 1;
	memcpy(c->key, first_key, SEAL_KEY_BYTES);
	memset(c->prev, '0', AUDIT_MAC_HEX);
	c->prev[AUDIT_MAC_HEX] = '\0';
}

bool
audit_chain_mac(const struct audit_chain *c, struct span body, char out[AUDIT_MAC_HEX + 1])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (!HMAC(EVP_sha256(), c->key, SEAL_KEY_BYTES, (const unsigned char *)body.p, body.n, mac, &n))
		return false;
	digest_hex(mac, AUDIT_MAC_HEX / 2, out);
	return true;
}

bool
audit_chain_step(struct audit_chain *c, const char *mac)
{
	uint8_t next[DIGEST_BYTES];
	bool ok = digest_sha256(span_from(c->key, SEAL_KEY_BYTES), next);

	if (ok) {
		memcpy(c->key, next, SEAL_KEY_BYTES);
		memcpy(c->prev, mac, AUDIT_MAC_HEX);
		c->seq++;
	}
	seal_wipe(next, sizeof next);
	return ok;
}

/* ---- writing ---- */

/* The character that begins here; 0xfffd and one byte for what is no UTF-8. */
static uint32_t
character(const unsigned char *p, size_t n, size_t *used)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
	uint32_t c = p[0];

	*used = 1;
	if (len == 1)
		return c;
	if (len == 0 || len > n || p[0] > 0xf4)
		return 0xfffd;
	c &= 0xffu >> (len + 1);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0xfffd;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0xfffd;
	*used = len;
	return c;
}

/* Only printable ASCII stands in a line: the rest is escaped. */
static void
put_text(struct buf *out, struct span text, size_t max)
{
	size_t end = text.n < max ? text.n : max;

	(void)buf_add_char(out, '"');
	for (size_t i = 0, used; i < end; i += used) {
		uint32_t c = character((const unsigned char *)text.p + i, end - i, &used);

		if (c == '"' || c == '\\')
			(void)buf_addf(out, "\\%c", (char)c);
		else if (c == '\n')
			(void)buf_add_text(out, "\\n");
		else if (c >= ' ' && c <= '~')
			(void)buf_add_char(out, (char)c);
		else if (c < 0x10000)
			(void)buf_addf(out, "\\u%04x", c);
		else
			(void)buf_addf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	if (end < text.n)
		(void)buf_add_text(out, " [cut]");
	(void)buf_add_char(out, '"');
}

static void
put_word(struct buf *out, const char *before, const char *text)
{
	(void)buf_add_text(out, before);
	put_text(out, span_of(text), WORD_MAX);
}

static void
put_who(struct buf *out, const struct audit_entry *e)
{
	static const char *const type[] = { [AUDIT_SYSTEM] = "system", [AUDIT_USER] = "uid", [AUDIT_CERTIFICATE] = "cert" };
	char id[128];

	(void)buf_addf(out, ",\"who\":{\"type\":\"%s\",\"id\":", type[e->who]);
	if (e->who == AUDIT_USER)
		(void)snprintf(id, sizeof id, "%lld/%s", (long long)e->uid, e->name ? e->name : "");
	else
		(void)snprintf(id, sizeof id, "%s", e->name ? e->name : "");
	put_text(out, span_of(id), WORD_MAX);
	(void)buf_add_char(out, '}');
}

bool
audit_line_make(const struct audit_chain *c, const struct audit_entry *e, int64_t wall_ms, const char *node,
    struct buf *out)
{
	char t[CLOCK_TEXT_MAX], mac[AUDIT_MAC_HEX + 1];
	size_t at = out->n;

	clock_rfc3339(wall_ms / 1000, t);
	(void)buf_addf(out, "{\"v\":1,\"seq\":%lld,\"t\":\"%.19s.%03dZ\"", (long long)c->seq, t, (int)(wall_ms % 1000));
	put_word(out, ",\"node\":", node);
	put_who(out, e);
	put_word(out, ",\"what\":", e->what);
	put_word(out, ",\"obj\":{\"type\":", e->kind);
	put_word(out, ",\"id\":", e->id);
	put_word(out, ",\"hash\":", e->hash);
	put_word(out, "},\"why\":", e->why);
	(void)buf_addf(out, ",\"ok\":%s,\"detail\":", e->failed ? "false" : "true");
	put_text(out, e->detail, AUDIT_DETAIL_MAX);
	(void)buf_addf(out, ",\"prev\":\"%s\"", c->prev);
	if (out->spoilt || !audit_chain_mac(c, span_from(out->p + at, out->n - at), mac))
		return false;
	return buf_addf(out, TAIL "%s\"}\n", mac);
}

/* ---- reading back ---- */

struct span
audit_line_text(struct span line, const char *after, const char *name)
{
	char key[64];
	int n = snprintf(key, sizeof key, "\"%s\":\"", name);
	const char *p = line.p, *end = line.p + line.n, *from;

	if (after) {
		struct span behind = audit_line_text(line, NULL, after);
		char object[64];
		int m = snprintf(object, sizeof object, "\"%s\":{", after);

		p = behind.p ? behind.p : memmem(line.p, line.n, object, (size_t)m);
	}
	p = p ? memmem(p, (size_t)(end - p), key, (size_t)n) : NULL;
	if (!p)
		return SPAN_NONE;
	from = p += n;
	while (p < end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	return p < end ? span_from(from, (size_t)(p - from)) : SPAN_NONE;
}

static bool
is_mac(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return s.n == AUDIT_MAC_HEX;
}

/* A decimal number at the head of *p, without a leading zero. */
static bool
take_number(struct span *p, int64_t *out)
{
	size_t n = 0;
	uint64_t v;

	while (n < p->n && p->p[n] >= '0' && p->p[n] <= '9')
		n++;
	if (n == 0 || n > 18 || p->p[0] == '0' || !span_to_u64(span_from(p->p, n), INT64_MAX, &v))
		return false;
	*out = (int64_t)v;
	*p = span_from(p->p + n, p->n - n);
	return true;
}

bool
audit_line_read(struct span line, struct audit_line *out)
{
	static const char head[] = "{\"v\":1,\"seq\":";
	const size_t head_n = sizeof head - 1;
	struct span rest, tail;

	if (line.n < head_n + TAIL_N + 1 || line.n > AUDIT_LINE_MAX || memcmp(line.p, head, head_n) != 0)
		return false;
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < ' ' || line.p[i] > '~')
			return false;
	tail = span_from(line.p + line.n - TAIL_N, TAIL_N);
	if (memcmp(tail.p, TAIL, sizeof TAIL - 1) != 0 || memcmp(tail.p + TAIL_N - 2, "\"}", 2) != 0)
		return false;
	*out = (struct audit_line){ .body = span_from(line.p, line.n - TAIL_N),
		.mac = span_from(tail.p + sizeof TAIL - 1, AUDIT_MAC_HEX) };
	rest = span_from(line.p + head_n, line.n - head_n);
	if (!take_number(&rest, &out->seq))
		return false;
	out->t = audit_line_text(out->body, NULL, "t");
	out->what = audit_line_text(out->body, NULL, "what");
	out->hash = audit_line_text(out->body, "obj", "hash");
	out->prev = out->body.n > AUDIT_MAC_HEX + 9 ? /* "prev":"..." is the last of the body */
	    span_from(out->body.p + out->body.n - AUDIT_MAC_HEX - 1, AUDIT_MAC_HEX) : SPAN_NONE;
	return out->t.n > 0 && out->what.n > 0 && is_mac(out->prev) && is_mac(out->mac) &&
	    memcmp(out->prev.p - 8, "\"prev\":\"", 8) == 0 && out->body.p[out->body.n - 1] == '"';
}

/* ---- the state between two starts ---- */

static bool
state_check(const char *text, size_t n, char out[AUDIT_MAC_HEX + 1])
{
	uint8_t hash[DIGEST_BYTES];

	if (!digest_sha256(span_from(text, n), hash))
		return false;
	digest_hex(hash, AUDIT_MAC_HEX / 2, out);
	return true;
}

/* Always of one length, so that a new one covers every byte of the old one. */
size_t
audit_state_make(const struct audit_chain *c, char out[AUDIT_STATE_MAX])
{
	char hex[2 * SEAL_KEY_BYTES + 1], check[AUDIT_MAC_HEX + 1];
	int n;

	digest_hex(c->key, SEAL_KEY_BYTES, hex);
	n = snprintf(out, AUDIT_STATE_MAX, STATE_HEAD "%018lld %s %s", (long long)c->seq, hex, c->prev);
	seal_wipe(hex, sizeof hex);
	if (n <= 0 || !state_check(out, (size_t)n, check))
		return 0;
	n += snprintf(out + n, AUDIT_STATE_MAX - (size_t)n, " %s\n", check);
	return (size_t)n;
}

bool
audit_state_read(struct span text, struct audit_chain *c, bool *lacked)
{
	const size_t head_n = sizeof STATE_HEAD - 1, key_at = head_n + 19, prev_at = key_at + 65, check_at = prev_at + 33;
	char again[AUDIT_STATE_MAX];
	uint64_t seq;
	size_t n;

	*lacked = false;
	if (text.n != check_at + AUDIT_MAC_HEX + 1 || memcmp(text.p, STATE_HEAD, head_n) != 0 ||
	    !span_to_u64(span_from(text.p + head_n, 18), INT64_MAX, &seq) ||
	    !digest_unhex(span_from(text.p + key_at, 64), c->key, SEAL_KEY_BYTES))
		return false;
	c->seq = (int64_t)seq;
	span_copy(c->prev, sizeof c->prev, span_from(text.p + prev_at, AUDIT_MAC_HEX));
	n = audit_state_make(c, again);
	*lacked = n == 0;
	bool same = n == text.n && memcmp(again, text.p, text.n) == 0; /* the check and every byte between */
	seal_wipe(again, sizeof again);
	return same;
}

/* ---- the files ---- */

void
audit_file_name(int64_t first_seq, char out[AUDIT_NAME_MAX])
{
	(void)snprintf(out, AUDIT_NAME_MAX, "audit-%012lld.jsonl", (long long)first_seq);
}

bool
audit_file_seq(const char *name, int64_t *first_seq)
{
	char again[AUDIT_NAME_MAX];
	uint64_t v;

	if (strncmp(name, "audit-", 6) != 0 || !span_to_u64(span_from(name + 6, strcspn(name + 6, ".")), INT64_MAX, &v))
		return false;
	audit_file_name((int64_t)v, again);
	*first_seq = (int64_t)v;
	return strcmp(name, again) == 0 && v > 0;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

bool
audit_files(int folder, int64_t **seqs, size_t *n)
{
	int fd = dup(folder);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int64_t *list = NULL, seq;
	bool ok = d != NULL;

	*n = 0;
	if (!d && fd >= 0)
		(void)close(fd);
	if (d)
		rewinddir(d);
	for (struct dirent *x; ok && (x = readdir(d));) {
		int64_t *more;

		if (!audit_file_seq(x->d_name, &seq))
			continue;
		more = realloc(list, (*n + 1) * sizeof *list);
		ok = more != NULL;
		if (ok) {
			list = more;
			list[(*n)++] = seq;
		}
	}
	if (d)
		(void)closedir(d);
	if (!ok) {
		free(list);
		return false;
	}
	if (list)
		qsort(list, *n, sizeof *list, by_number);
	*seqs = list;
	return true;
}

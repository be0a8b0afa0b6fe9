/* seal.c - AES-256-GCM and HMAC-SHA-256 with contexts that are made once. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/seal.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "nudge/digest.h"

#define VERSION 1
#define HEAD 17 /* version, key id, nonce */
#define NONCE 12
#define TAG 16
#define NONCES 64

struct seal_key {
	uint32_t id;
	uint8_t *bytes; /* owned: pages of their own */
	EVP_CIPHER_CTX *close, *open;
	uint8_t nonces[NONCES * NONCE]; /* drawn together, for each drawing costs as much as the sealing */
	size_t nonces_left;
};

struct mark_key {
	struct digest_key *hmac; /* owned */
};

void
seal_wipe(void *p, size_t n)
{
	if (n > 0)
		explicit_bzero(p, n);
}

bool
seal_random(void *out, size_t n)
{
	return n <= INT32_MAX && RAND_bytes(out, (int)n) == 1;
}

/* Pages of their own, for locking goes by pages: two keys on one would be
 * unlocked together. Not fatal where it is not allowed. What OpenSSL derives
 * from a key lies in its contexts, which it wipes when they are freed. */
static uint8_t *
secret_new(const uint8_t *bytes, size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)mlock(p, n);
	(void)madvise(p, n, MADV_DONTDUMP);
	memcpy(p, bytes, n);
	return p;
}

static void
secret_free(uint8_t *p, size_t n)
{
	if (!p)
		return;
	seal_wipe(p, n);
	(void)munmap(p, n);
}

struct seal_key *
seal_key_new(uint32_t id, const uint8_t bytes[SEAL_KEY_BYTES])
{
	struct seal_key *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->id = id;
	k->bytes = secret_new(bytes, SEAL_KEY_BYTES);
	k->close = EVP_CIPHER_CTX_new();
	k->open = EVP_CIPHER_CTX_new();
	if (k->bytes && k->close && k->open &&
	    EVP_EncryptInit_ex2(k->close, EVP_aes_256_gcm(), k->bytes, NULL, NULL) == 1 &&
	    EVP_DecryptInit_ex2(k->open, EVP_aes_256_gcm(), k->bytes, NULL, NULL) == 1)
		return k;
	seal_key_free(k);
	return NULL;
}

struct seal_key *
seal_key_copy(const struct seal_key *k)
{
	return seal_key_new(k->id, k->bytes);
}

void
seal_key_free(struct seal_key *k)
{
	if (!k)
		return;
	EVP_CIPHER_CTX_free(k->close);
	EVP_CIPHER_CTX_free(k->open);
	secret_free(k->bytes, SEAL_KEY_BYTES);
	free(k);
}

uint32_t
seal_key_id(const struct seal_key *k)
{
	return k->id;
}

struct place { /* the associated data: table, column, row */
	uint8_t p[160];
	int n;
};

static struct place
place_of(struct seal_where at)
{
	struct place a = { .n = 0 };
	size_t table = strlen(at.table) + 1, column = strlen(at.column) + 1;

	assert(table + column + 8 <= sizeof a.p);
	memcpy(a.p, at.table, table);
	memcpy(a.p + table, at.column, column);
	for (int i = 0; i < 8; i++)
		a.p[table + column + (size_t)i] = (uint8_t)((uint64_t)at.row >> (56 - 8 * i));
	a.n = (int)(table + column + 8);
	return a;
}

/* One that no other seal of this key has; copies of a key draw their own. */
static bool
take_nonce(struct seal_key *k, uint8_t out[NONCE])
{
	if (k->nonces_left == 0) {
		if (!seal_random(k->nonces, sizeof k->nonces))
			return false;
		k->nonces_left = NONCES;
	}
	k->nonces_left--;
	memcpy(out, k->nonces + k->nonces_left * NONCE, NONCE);
	return true;
}

bool
seal_close(struct seal_key *k, struct seal_where at, struct span plain, struct buf *out)
{
	uint8_t head[HEAD] = { VERSION, (uint8_t)(k->id >> 24), (uint8_t)(k->id >> 16), (uint8_t)(k->id >> 8),
		(uint8_t)k->id };
	struct place a = place_of(at);
	size_t before = out->n;
	uint8_t tag[TAG], *sealed;
	int n = 0, last = 0;

	if (plain.n > INT32_MAX || !take_nonce(k, head + HEAD - NONCE) || !buf_add(out, head, HEAD) ||
	    !buf_add(out, plain.p, plain.n))
		goto fail;
	sealed = (uint8_t *)out->p + before + HEAD;
	if (EVP_EncryptInit_ex2(k->close, NULL, NULL, head + HEAD - NONCE, NULL) != 1 ||
	    EVP_EncryptUpdate(k->close, NULL, &n, a.p, a.n) != 1 ||
	    (plain.n > 0 && EVP_EncryptUpdate(k->close, sealed, &n, sealed, (int)plain.n) != 1) ||
	    EVP_EncryptFinal_ex(k->close, sealed + plain.n, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(k->close, EVP_CTRL_AEAD_GET_TAG, TAG, tag) != 1 || !buf_add(out, tag, TAG))
		goto fail;
	return true;
fail:
	if (out->n > before)
		seal_wipe(out->p + before, out->n - before);
	out->n = before;
	return false;
}

bool
seal_peek(struct span sealed, uint32_t *id)
{
	const uint8_t *p = (const uint8_t *)sealed.p;

	if (sealed.n < SEAL_OVERHEAD || p[0] != VERSION)
		return false;
	*id = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	return true;
}

bool
seal_open(struct seal_key *k, struct seal_where at, struct span sealed, struct buf *out)
{
	struct place a = place_of(at);
	const uint8_t *p = (const uint8_t *)sealed.p;
	size_t before = out->n, length;
	uint8_t tag[TAG], *plain;
	uint32_t id;
	int n = 0, last = 0;

	if (!seal_peek(sealed, &id) || id != k->id)
		return false;
	length = sealed.n - SEAL_OVERHEAD;
	memcpy(tag, p + HEAD + length, TAG);
	if (length > INT32_MAX || !buf_add(out, p + HEAD, length))
		goto fail;
	plain = length > 0 ? (uint8_t *)out->p + before : tag;
	if (EVP_DecryptInit_ex2(k->open, NULL, NULL, p + HEAD - NONCE, NULL) != 1 ||
	    EVP_DecryptUpdate(k->open, NULL, &n, a.p, a.n) != 1 ||
	    (length > 0 && EVP_DecryptUpdate(k->open, plain, &n, plain, (int)length) != 1) ||
	    EVP_CIPHER_CTX_ctrl(k->open, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1 ||
	    EVP_DecryptFinal_ex(k->open, plain + length, &last) != 1)
		goto fail;
	return true;
fail:
	if (out->n > before)
		seal_wipe(out->p + before, out->n - before);
	out->n = before;
	return false;
}

struct mark_key *
mark_key_new(const uint8_t *bytes, size_t n)
{
	struct mark_key *k = calloc(1, sizeof *k);

	if (k && (k->hmac = digest_key_new(bytes, n)))
		return k;
	free(k);
	return NULL;
}

void
mark_key_free(struct mark_key *k)
{
	if (!k)
		return;
	digest_key_free(k->hmac);
	free(k);
}

bool
mark_make(struct mark_key *k, const char *purpose, struct span value, uint8_t out[MARK_BYTES])
{
	uint8_t whole[DIGEST_BYTES];

	/* The purpose with its terminator first: no value can imitate another. */
	if (!digest_keyed(k->hmac, span_from(purpose, strlen(purpose) + 1), value, whole))
		return false;
	memcpy(out, whole, MARK_BYTES);
	seal_wipe(whole, sizeof whole);
	return true;
}

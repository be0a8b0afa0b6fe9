/* keyfile.c - files that hold secrets: who may read them, and the store key's form. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/digest.h"
#include "nudge/seal.h"

#define HEAD "nudge-store-key-1 "
#define TEXT 44 /* Base64 of 32 bytes */

static bool
is_closed(const char *path, const struct stat *st, struct fault *f)
{
	unsigned mode = (unsigned)st->st_mode & 07777;
	const char *mend = st->st_uid == 0 ? "g-wx,o-rwx" : "go-rwx";

	if (!S_ISREG(st->st_mode))
		return fault_set(f, FAULT_OPERATOR,
		    "%s is not a regular file; look at it with: ls -ld %s", path, path);
	if (mode & 0007)
		return fault_set(f, FAULT_OPERATOR,
		    "%s is open to others (mode %04o); mend it with: chmod %s %s", path, mode, mend, path);
	if (mode & 0030 || (mode & 0040 && st->st_uid != 0))
		return fault_set(f, FAULT_OPERATOR,
		    "%s is open to its group (mode %04o); mend it with: chmod %s %s", path, mode, mend, path);
	return true;
}

static bool
is_private(const char *path, const struct stat *st, struct fault *f)
{
	if (S_ISREG(st->st_mode) && st->st_uid != 0 && st->st_uid != geteuid())
		return fault_set(f, FAULT_OPERATOR, "%s belongs to another user; mend it with: chown %u %s",
		    path, (unsigned)geteuid(), path);
	return is_closed(path, st, f);
}

static bool
look(const char *path, struct stat *st, struct fault *f)
{
	return stat(path, st) == 0 ||
	    fault_set(f, fault_kind_of(errno), "%s: %s; look at the way to it with: namei -l %s", path, strerror(errno), path);
}

bool
secret_file_ok(const char *path, struct fault *f)
{
	struct stat st;

	return look(path, &st, f) && is_private(path, &st, f);
}

bool
secret_file_closed(const char *path, struct fault *f)
{
	struct stat st;

	return look(path, &st, f) && is_closed(path, &st, f);
}

/* A new name is safe from a power cut only when its folder is written too. */
static bool
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	char folder[PATH_MAX];
	int fd;
	bool ok;

	(void)span_copy(folder, sizeof folder, n > 0 ? span_from(path, n) : span_of("."));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = fsync(fd) == 0;
	(void)close(fd);
	return ok;
}

bool
seal_keyfile_make(const char *path, struct fault *f)
{
	uint8_t key[SEAL_KEY_BYTES];
	char line[sizeof HEAD + TEXT + 2] = HEAD;
	size_t n = sizeof HEAD - 1 + TEXT;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), why;
	bool ok;

	if (fd < 0)
		return fault_set(f, fault_kind_of(errno), "%s: %s%s", path, strerror(errno),
		    errno == EEXIST ? "; a key is never overwritten, name another file" : "");
	errno = 0;
	ok = seal_random(key, sizeof key);
	(void)EVP_EncodeBlock((unsigned char *)line + sizeof HEAD - 1, key, sizeof key);
	line[n++] = '\n';
	ok = ok && write(fd, line, n) == (ssize_t)n && fsync(fd) == 0 && sync_folder(path);
	why = errno;
	seal_wipe(key, sizeof key);
	seal_wipe(line, sizeof line);
	if (close(fd) != 0 || !ok) {
		(void)unlink(path);
		return fault_set(f, FAULT_OPERATOR, "%s could not be written: %s", path,
		    why ? strerror(why) : "the system gave no random bytes or no room");
	}
	return true;
}

/* Spelled again and compared: the decoder alone takes a shortened key, and
 * more than one spelling of the same. */
static bool
is_key(const char *line, size_t n, uint8_t out[SEAL_KEY_BYTES])
{
	unsigned char key[SEAL_KEY_BYTES + 1], again[TEXT + 1];
	const char *text = line + sizeof HEAD - 1;
	bool ok = n == sizeof HEAD - 1 + TEXT && memcmp(line, HEAD, sizeof HEAD - 1) == 0 &&
	    EVP_DecodeBlock(key, (const unsigned char *)text, TEXT) == SEAL_KEY_BYTES + 1 &&
	    EVP_EncodeBlock(again, key, SEAL_KEY_BYTES) == TEXT && memcmp(again, text, TEXT) == 0;

	if (ok)
		memcpy(out, key, SEAL_KEY_BYTES);
	seal_wipe(key, sizeof key);
	seal_wipe(again, sizeof again);
	return ok;
}

bool
seal_name(const uint8_t key[SEAL_KEY_BYTES], uint32_t *name)
{
	uint8_t hash[DIGEST_BYTES], input[sizeof HEAD + SEAL_KEY_BYTES] = HEAD;
	bool ok;

	memcpy(input + sizeof HEAD, key, SEAL_KEY_BYTES);
	ok = digest_sha256(span_from(input, sizeof input), hash);
	*name = (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
	seal_wipe(input, sizeof input);
	return ok;
}

bool
seal_keyfile_read(const char *path, uint8_t out[SEAL_KEY_BYTES], struct fault *f)
{
	char line[256] = "";
	struct stat st;
	ssize_t n;
	int fd;
	bool ok;

	if (!secret_file_ok(path, f))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s; look at the way to it with: namei -l %s", path,
		    strerror(errno), path);
	/* Asked again of what is open: the name may mean another file by now. */
	ok = fstat(fd, &st) == 0 ? is_private(path, &st, f) :
	    fault_set(f, fault_kind_of(errno), "%s: %s", path, strerror(errno));
	if (!ok) {
		(void)close(fd);
		return false;
	}
	n = read(fd, line, sizeof line - 1);
	(void)close(fd);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	ok = n > 0 && is_key(line, (size_t)n, out);
	seal_wipe(line, sizeof line);
	return ok ||
	    fault_set(f, FAULT_OPERATOR, "%s is no store key; make one with: nudgectl keygen FILE", path);
}

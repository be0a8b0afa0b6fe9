/* keyfile.c - files that hold secrets: who may read them, and the store key's form. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nudge/seal.h"

#define HEAD "nudge-store-key-1 "
#define TEXT 44 /* Base64 of 32 bytes */

bool
secret_file_ok(const char *path, struct fault *f)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(f, FAULT_OPERATOR, "%s is not a file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return fault_set(f, FAULT_OPERATOR, "%s belongs to another user; mend it with: chown root %s", path, path);
	if (st.st_mode & 0007)
		return fault_set(f, FAULT_OPERATOR, "%s is open to others (mode %04o); mend it with: chmod o-rwx %s", path,
		    (unsigned)st.st_mode & 07777, path);
	if (st.st_mode & 0030 || (st.st_mode & 0040 && st.st_uid != 0))
		return fault_set(f, FAULT_OPERATOR, "%s is open to its group (mode %04o); mend it with: chmod 0600 %s", path,
		    (unsigned)st.st_mode & 07777, path);
	return true;
}

bool
seal_keyfile_make(const char *path, struct fault *f)
{
	uint8_t key[SEAL_KEY_BYTES];
	char line[sizeof HEAD + TEXT + 2] = HEAD;
	size_t n = sizeof HEAD - 1 + TEXT;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok;

	if (fd < 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s%s", path, strerror(errno),
		    errno == EEXIST ? "; a key is never overwritten, name another file" : "");
	ok = seal_random(key, sizeof key);
	(void)EVP_EncodeBlock((unsigned char *)line + sizeof HEAD - 1, key, sizeof key);
	line[n++] = '\n';
	ok = ok && write(fd, line, n) == (ssize_t)n && fsync(fd) == 0;
	seal_wipe(key, sizeof key);
	seal_wipe(line, sizeof line);
	if (close(fd) != 0 || !ok) {
		(void)unlink(path);
		return fault_set(f, FAULT_OPERATOR, "%s could not be written: %s", path, strerror(errno));
	}
	return true;
}

bool
seal_keyfile_read(const char *path, uint8_t out[SEAL_KEY_BYTES], struct fault *f)
{
	char line[256] = "";
	unsigned char key[SEAL_KEY_BYTES + 3];
	int fd;
	ssize_t n;
	bool ok;

	if (!secret_file_ok(path, f))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(f, FAULT_OPERATOR, "%s: %s", path, strerror(errno));
	n = read(fd, line, sizeof line - 1);
	(void)close(fd);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	ok = n == (ssize_t)(sizeof HEAD - 1 + TEXT) && memcmp(line, HEAD, sizeof HEAD - 1) == 0 &&
	    EVP_DecodeBlock(key, (const unsigned char *)line + sizeof HEAD - 1, TEXT) == SEAL_KEY_BYTES + 1;
	if (ok)
		memcpy(out, key, SEAL_KEY_BYTES);
	seal_wipe(line, sizeof line);
	seal_wipe(key, sizeof key);
	return ok || fault_set(f, FAULT_OPERATOR, "%s is no store key; make one with: nudgectl keygen FILE", path);
}

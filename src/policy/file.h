/* policy/file.h - a small file that the configuration names, read whole. */
#ifndef POLICY_FILE_H
#define POLICY_FILE_H

#include "nudge/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* *out: terminated, owned by the caller (free). Faults name the file: missing,
 * not a regular file, over max bytes, holding a zero byte. */
bool file_read(const char *path, size_t max, char **out, struct fault *f) __attribute__((warn_unused_result));

/* The same for any bytes: *n of them, and a terminator. On failure *n says nothing. */
bool file_read_bytes(const char *path, size_t max, char **out, size_t *n, struct fault *f)
    __attribute__((warn_unused_result));

#endif

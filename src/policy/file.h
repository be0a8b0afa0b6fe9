/* policy/file.h - a small text file of the configuration, read whole. */
#ifndef POLICY_FILE_H
#define POLICY_FILE_H

#include "nudge/fault.h"

#include <stdbool.h>
#include <stddef.h>

/* *out: terminated, owned by the caller (free). Faults name the file: missing,
 * not a regular file, over max bytes, holding a zero byte. */
bool file_read(const char *path, size_t max, char **out, struct fault *f) __attribute__((warn_unused_result));

#endif

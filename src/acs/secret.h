/* acs/secret.h - small files that hold secrets. */
#ifndef ACS_SECRET_H
#define ACS_SECRET_H

#include "nudge/buf.h"
#include "nudge/fault.h"

#define SECRET_MAX 65536 /* bytes */

/* Appends the whole file to *out (wipe it: buf_wipe()), after the permission
 * rule of secret files. false names the file and what is wrong. */
bool secret_read(const char *path, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

/* Without blanks, line ends and NULs at its ends. Pure. */
struct span secret_trim(struct span s);

#endif

/* fault.c - one line of text that grows at its front on the way up. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/fault.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
fault_set(struct fault *f, enum fault_kind kind, const char *format, ...)
{
	va_list ap;

	assert(kind != FAULT_NONE);
	f->kind = kind;
	va_start(ap, format);
	(void)vsnprintf(f->text, sizeof f->text, format, ap);
	va_end(ap);
	return false;
}

bool
fault_at(struct fault *f, const char *format, ...)
{
	char was[sizeof f->text];
	va_list ap;
	int n;

	assert(f->kind != FAULT_NONE);
	memcpy(was, f->text, sizeof was);
	va_start(ap, format);
	n = vsnprintf(f->text, sizeof f->text, format, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof f->text)
		(void)snprintf(f->text + n, sizeof f->text - (size_t)n, ": %s", was);
	return false;
}

enum fault_kind
fault_kind_of(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case ENOSPC:
	case EDQUOT:
	case EIO:
	case EINTR:
	case EAGAIN:
		return FAULT_BUSY;
	default:
		return FAULT_OPERATOR;
	}
}

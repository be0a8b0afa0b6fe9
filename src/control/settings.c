/* settings.c - the stages of a configuration, each reporting into the same list. */
// SPDX-License-Identifier: Apache-2.0
#include "nudge/settings.h"

#include <stdio.h>
#include <string.h>

#include "nudge/mllp.h"

bool
settings_load(const char *path, enum conf_reader reader, struct settings *out, struct conf_faults *faults)
{
	struct settings s = { NULL, NULL };
	struct conf *c = NULL;
	bool ok;

	if (!conf_load(path, reader, &c, faults))
		return false;
	ok = rules_new(c, &s.rules, faults);
	if (ok)
		ok = siu_map_new(s.rules, &s.map, faults);
	if (reader != CONF_SENDER && !mllp_check(c, faults))
		ok = false;
	conf_drop(c);
	if (!ok || faults->errors_n > 0) {
		settings_clear(&s);
		return false;
	}
	*out = s;
	return true;
}

void
settings_clear(struct settings *s)
{
	siu_map_free(s->map);
	rules_drop(s->rules);
	*s = (struct settings){ NULL, NULL };
}

void
settings_fault_text(const struct conf_fault *f, char *out, size_t cap)
{
	const char *kind = f->warning ? "warning" : "error";

	if (f->file[0] && f->line > 0)
		(void)snprintf(out, cap, "%s:%d: %s: %s", f->file, f->line, kind, f->text);
	else if (f->file[0])
		(void)snprintf(out, cap, "%s: %s: %s", f->file, kind, f->text);
	else
		(void)snprintf(out, cap, "%s: %s", kind, f->text);
}

/* sender/try.h - nudge-sender -o: whether everything outside is there and lets us in. */
#ifndef SENDER_TRY_H
#define SENDER_TRY_H

#include "nudge/conf.h"

/* Prints "works|fails TAB gateway|queue|fhir TAB TITLE TAB URL TAB WHAT HAPPENED" each; an exit status. ca_file: for FHIR servers, "": the system's. */
int try_outside(const struct conf *c, const char *ca_file);

#endif

/* hl7/delims.h - the delimiters of a message, read from its first segment. */
#ifndef HL7_DELIMS_H
#define HL7_DELIMS_H

#include "nudge/hl7.h"

/* msh: the line that begins with MSH. false: they cannot be used, and *out has
 * the standard ones, marked as repaired. Pure. */
bool delims_read(struct span msh, struct hl7_delims *out);

/* Segments that begin with the delimiters (MSH, and the batch's FHS and BHS):
 * field 1 is the separator itself, field 2 is never cut into parts. Pure. */
bool delims_are_in(struct span segment_name);

#endif

/* nudge/ack.h - the answer to a message, field by field.
 *
 * MSH is built new; taken over are the delimiters, MSH-3..6 crosswise and
 * whole, MSH-11 whole, MSH-12.1 (2.4 when empty) and MSA-2 = MSH-10 byte for
 * byte. MSH-9 and ERR take the form of the message's version (2.1 to 2.8).
 * Texts are ours: no byte of the message but those above gets into an answer.
 * Pure. Source: HL7 v2.9 2.8.2.1, tables 0008, 0155, 0357, 0516.
 */
#ifndef NUDGE_ACK_H
#define NUDGE_ACK_H

#include "nudge/buf.h"
#include "nudge/hl7.h"

enum ack_code { ACK_NONE, ACK_AA, ACK_AE, ACK_AR, ACK_CA, ACK_CE, ACK_CR };
enum ack_verdict { VERDICT_ACCEPT, VERDICT_ERROR, VERDICT_REJECT };
enum ack_mode { ACK_ALWAYS_AA, ACK_AUTO };

#define ACK_FIELD_MAX 256

/* What an answer needs of the request; a copy, so that the message may go. */
struct ack_request {
	struct hl7_delims delims;
	char encoding[8];  /* MSH-2 as sent, or the default when it was damaged */
	char msh3[ACK_FIELD_MAX], msh4[ACK_FIELD_MAX], msh5[ACK_FIELD_MAX], msh6[ACK_FIELD_MAX];
	char event[16];    /* MSH-9.2 when it is 3 letters or digits, else "" */
	char msh10[ACK_FIELD_MAX];
	char msh11[32], version[16], msh15[8], msh16[8];
};

/* Fills *out from the MSH. A field longer than its place is left empty, but
 * MSH-10 longer than ACK_FIELD_MAX - 1 makes it false: it cannot be echoed. */
bool ack_request_of(const struct hl7 *m, struct ack_request *out) __attribute__((warn_unused_result));

/* Which code to send: the policy table of `mode` over MSH-15/16. ACK_NONE:
 * send nothing (only in ACK_AUTO). Pure. */
enum ack_code ack_choose(enum ack_mode mode, const struct ack_request *r, enum ack_verdict v);
const char *ack_name(enum ack_code c); /* "AA"; "" for ACK_NONE. Literal. */

struct ack_error { /* what goes into ERR and MSA-3; all zero when accepted */
	int condition;      /* table 0357: 100..103, 200..207 */
	char segment[4];    /* "" when the error has no place */
	int sequence, field, repetition, component; /* 1-based, 0: not said */
	const char *text;   /* literal or static; at most 80 ASCII characters */
};

#define ACK_CONTROL_ID_MAX 20 /* characters of MSH-10, of HL7 2.3 to 2.6 */

/* Appends the answer, framed (VT ... FS CR), to *out. control_id: our own
 * MSH-10, 1..ACK_CONTROL_ID_MAX characters. wall_s: seconds, written as UTC with +0000.
 * false when *out is full. */
bool ack_write(const struct ack_request *r, enum ack_code code, const struct ack_error *e,
    const char *control_id, int64_t wall_s, struct buf *out) __attribute__((warn_unused_result));

#endif

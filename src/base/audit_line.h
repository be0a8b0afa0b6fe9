/* base/audit_line.h - a record's bytes and keys, shared by who writes and who verifies. */
#ifndef BASE_AUDIT_LINE_H
#define BASE_AUDIT_LINE_H

#include "nudge/audit_verify.h"
#include "nudge/buf.h"

#define AUDIT_LINE_MAX (2u << 20) /* bytes of a line: every byte of a detail may need six */

struct audit_chain { /* what the next record needs */
	int64_t seq;                  /* of the next record */
	uint8_t key[SEAL_KEY_BYTES];
	char prev[AUDIT_MAC_HEX + 1]; /* mac of the last; zeros before the first */
};

void audit_chain_begin(struct audit_chain *c, const uint8_t first_key[SEAL_KEY_BYTES]);
bool audit_chain_step(struct audit_chain *c, const char *mac); /* the record was written: the next key; false: OpenSSL failed */
bool audit_chain_mac(const struct audit_chain *c, struct span body, char out[AUDIT_MAC_HEX + 1]);

/* Appends the whole line, its end too. */
bool audit_line_make(const struct audit_chain *c, const struct audit_entry *e, int64_t wall_ms, const char *node,
    struct buf *out);

/* What is kept between two starts: state_directory/audit/state, one line. */
#define AUDIT_STATE_MAX 256
size_t audit_state_make(const struct audit_chain *c, char out[AUDIT_STATE_MAX]); /* 0: failed */
bool audit_state_read(struct span text, struct audit_chain *c, bool *lacked); /* *lacked: memory, to tell whether it is one */

/* "audit-000000000001.jsonl" */
#define AUDIT_NAME_MAX 40
void audit_file_name(int64_t first_seq, char out[AUDIT_NAME_MAX]);
bool audit_file_seq(const char *name, int64_t *first_seq); /* false: not one of ours */

/* The names of a folder's files by their first sequence; owned by the caller. */
bool audit_files(int folder, int64_t **seqs, size_t *n);

#endif

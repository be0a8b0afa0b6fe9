/* nudge/siu.h - scheduling messages: which site, which appointment, what happened.
 *
 * Pure functions over a parsed message and the configuration; no I/O, no locks.
 * What is where in a message comes from a profile: schemas/hl7/NAME.conf, or an
 * administrator's own file, begun as a copy of one.
 */
#ifndef NUDGE_SIU_H
#define NUDGE_SIU_H

#include "nudge/booking.h"
#include "nudge/buf.h"
#include "nudge/hl7.h"

struct siu_profile;

/* name: for errors. text: the file's content, borrowed for the call. `*out` is
 * owned by the caller. Faults name file, line and what would be right. */
bool siu_profile_read(const char *name, struct span text, struct siu_profile **out, struct fault *f)
    __attribute__((warn_unused_result));
void siu_profile_free(struct siu_profile *p); /* NULL is fine. */

/* Every profile of a configuration, ready for use; read-only, any thread. */
struct siu_map;
/* Holds r. false: *faults (already initialised) got at least one error, with file and line. */
bool siu_map_new(struct rules *r, struct siu_map **out, struct conf_faults *faults) __attribute__((warn_unused_result));
void siu_map_free(struct siu_map *m); /* NULL is fine; drops the rules. */

/* Where a site looks for a meaning ("phone"), best first, as it is written in
 * profiles: appended to *out, ", " between. Nothing when it is not sent. */
void siu_paths_text(const struct siu_map *m, const struct conf_site *s, const char *meaning, struct buf *out);

/* The triggers that are taken, ended by NULL. Literals. */
const char *const *siu_triggers(void);

/* What the connection already proved. */
struct siu_peer {
	const struct conf_listener *listener;
	const struct conf_environment *const *environments; /* that this certificate stands for */
	size_t environments_n;
};

/* Reads one message. msg->raw is set and lies in msg->arena; all else of msg is
 * filled here: site, kind, bookings or reason, what the answer needs. `index`
 * is scratch memory of the calling thread. now_s: seconds, arrival. Always
 * decides; never fails (no memory left = MESSAGE_REFUSE is wrong, so it returns
 * false: do not answer, close). */
bool siu_read(const struct siu_map *map, const struct siu_peer *peer, struct hl7 *index,
    int64_t now_s, struct message *msg) __attribute__((warn_unused_result));

#endif

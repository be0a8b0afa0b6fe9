/* nudge/told.h - what a gateway tells by itself: delivery reports and texts from phones.
 *
 * The same events come from three sources: an Azure Storage Queue, Event Grid's
 * webhook, and a report asked for by its id. Whatever the source, an event is
 * deleted there (or the webhook answers 200) only after nudged has said that
 * its effects are committed.
 * Sources: Event Grid schema and CloudEvents 1.0 of Microsoft.Communication,
 * ACS SMS REST 2026-01-23.
 */
#ifndef NUDGE_TOLD_H
#define NUDGE_TOLD_H

#include "nudge/buf.h"
#include "nudge/link.h"

#define TOLD_BYTES_MAX 1052672u /* of one delivery: Event Grid's batches have at most 1 MiB */
#define TOLD_EVENTS_MAX 5000u   /* and at most so many events */
#define TOLD_CODE_MAX 512u      /* bytes of a validation code, terminator included */

/* Borrowed for the call; event and gateway are not filled. false stops the reading. */
typedef bool told_fn(void *ctx, const struct link_event *e);

struct told_summary {
	size_t given;   /* events handed to fn */
	size_t foreign; /* of other types: nothing for us */
	size_t broken;  /* of our types, but unreadable: logged and left out by whoever asked */
	char validation[TOLD_CODE_MAX]; /* Event Grid asks who we are: answer with this; "" else */
};

/* Reads one event or an array of them, in either schema, names of fields in any
 * case. A report that says that the recipient has opted out is followed by an
 * EVENT_OPTOUT. false: no JSON, or not of this form, or fn said so; what was
 * given before stays given. Pure but for fn. */
bool told_read(struct span body, told_fn *fn, void *ctx, struct told_summary *out) __attribute__((warn_unused_result));

/* The answer to GET /deliveryReports/ID. false: unreadable, or not final yet. Pure but for fn. */
bool told_report(struct span body, told_fn *fn, void *ctx) __attribute__((warn_unused_result));

/* What a delivery report means. failed: deliveryStatus was not "Delivered".
 * details: "4007: ...", "No error.", any text. The word is a literal:
 * delivered, invalid-number, blocked-by-recipient, no-such-number,
 * blocked-number, unreachable, spam, recipient-blocked, limit-reached, other, unknown. Pure. */
struct told_meaning {
	enum delivery delivery;
	const char *word;
	int64_t code; /* the gateway's; 0: none */
};
struct told_meaning told_meaning(bool failed, struct span details);

/* Decodes Base64 with or without line ends into *out; false when it is none. Pure. */
bool told_base64(struct span text, struct buf *out) __attribute__((warn_unused_result));

/* What one source handed over at once: a message of a queue, a webhook's
 * request. Embedded in the source's own struct. */
struct told_parcel {
	size_t open;  /* events nudged has not taken yet */
	bool sealed;  /* all of them have been given */
	void (*taken)(struct told_parcel *p); /* called once, when sealed and nothing is open */
};

/* Where events go; its owner keeps them until nudged has taken them, and offers
 * them again to the next connection. */
struct told_outlet {
	void *ctx;
	bool (*ready)(void *ctx); /* nudged is there, and there is room */
	/* Copies the event. false: no room; the parcel is not to be called taken. */
	bool (*give)(void *ctx, struct told_parcel *p, const struct link_event *e);
	void (*forget)(void *ctx, struct told_parcel *p); /* p goes away: its events may be taken all the same */
};
/* After the last give(): calls taken(), at once when nothing is open. */
void told_seal(struct told_parcel *p);

#endif

/* acs/asker_parts.h - lines of questions, and the requests that are made of them. For asker.c and its parts only. */
#ifndef ACS_ASKER_PARTS_H
#define ACS_ASKER_PARTS_H

#include "acs/asker.h"

struct question {
	struct question *next;
	enum link_ask ask;
	unsigned tries;
	int64_t text;
	char what[128]; /* the phone; ASK_REPORT: the message's id */
};

struct line {
	struct asker *asker;
	struct line *next;
	char gateway[64], from[24]; /* from "": reports */
	struct question *first, **last;
	struct event *timer;
	unsigned flying, failures;
	bool paused;
	int64_t said_ms;
};

struct batch { /* one request */
	struct line *line;
	struct batch *next, **at;
	size_t n;
	struct question *q[OPTOUTS_AT_ONCE];
};

struct asker {
	struct event_base *base;
	struct acs_client *client;
	struct conf *conf; /* held */
	struct told_outlet outlet;
	struct line *lines;
	struct batch *batches;
	size_t n; /* questions that wait */
	int64_t full_ms;
};

/* Checks and reports: nudged asks them anew anyway. */
static inline bool
is_look(enum link_ask ask)
{
	return ask == ASK_OPTOUT_CHECK || ask == ASK_REPORT;
}

void question_free(struct question *q);                  /* Wipes. */
void line_put(struct line *l, struct question *q);       /* at its end; takes over */
struct question *line_take(struct line *l);              /* its first, which there is */
void line_wake(struct line *l, int64_t ms);              /* Its timer runs then, or sooner where it does already. */
void line_pause(struct line *l, int64_t asked_ms);       /* longer from time to time; asked_ms: what the gateway wants, -1: it does not say */

/* A request of questions of one kind from the head of the line, which has one; a phone once. NULL: no memory. */
struct batch *batch_new(struct line *l);
void batch_free(struct batch *b); /* and the questions still in it */
/* Those still in it go back to the head of the line, in their order. counts: as one try of each. How many have had all of theirs. */
size_t batch_again(struct batch *b, bool counts);

#endif

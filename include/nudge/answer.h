/* nudge/answer.h - what the engine decided to tell a sender. */
#ifndef NUDGE_ANSWER_H
#define NUDGE_ANSWER_H

#include "nudge/ack.h"

struct answer {
	enum { ANSWER_SEND, ANSWER_CLOSE } what; /* CLOSE: nothing is written, the connection ends */
	enum ack_verdict verdict;
	struct ack_error error;
};

#endif

/* acs/token.h - a bearer token, kept fresh: renewed ahead, the old one used while renewing fails. */
#ifndef ACS_TOKEN_H
#define ACS_TOKEN_H

#include "acs/principal.h"

struct token;

enum token_state {
	TOKEN_THERE,
	TOKEN_COMING,  /* being asked for: news will be called */
	TOKEN_REFUSED, /* whoever gives tokens says no: settings or rights are wrong; asked again by itself */
	TOKEN_AWAY     /* it did not answer; asked again by itself */
};

/* Called when the state is another one, on the loop; never from token_get(). */
typedef void token_news_fn(void *ctx);

/* principal: taken over, also on failure. name: of the gateway, for the log; borrowed for the call. */
bool token_new(struct http *h, struct event_base *base, const char *name, struct principal *principal, token_news_fn *news,
    void *ctx, struct token **out, struct fault *f) __attribute__((warn_unused_result));
void token_free(struct token *t); /* Wipes. NULL is fine. */

/* TOKEN_THERE: *out is the token, borrowed until the loop runs again. Without
 * one this begins to ask, as far as that is not done too often. */
enum token_state token_get(struct token *t, const char **out);

/* The gateway did not take the token that it got: ask for another, at most once a minute. */
void token_doubt(struct token *t);

/* After a reload: what `old` has serves until ours is there, when it is the same principal's. */
void token_inherit(struct token *t, const struct token *old);

#endif

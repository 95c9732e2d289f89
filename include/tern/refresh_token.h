/**
 * Refresh tokens: a login that lasts for weeks, by access tokens that last for minutes (RFC 9700 section 4.14).
 *
 *     tern_refresh_tokens(app);
 *
 *     TERN_HANDLER(login, Login, in) { ...; reply.refresh = tern_refresh_token_new(c, .owner = "42"); }
 *     TERN_HANDLER(refresh, Refresh, in)
 *     {
 *         tern_refreshed now = tern_refresh(c, in->token);
 *         if (now.token == NULL)
 *             tern_fail(c, 401, "%s", now.why);
 *         ... tern_jwt_sign(c, keys, .subject = now.owner, .scopes = now.scopes) ...
 *     }
 *
 * Each use gives a new token, and all that came from one login are a family. A token that is used again later than the grace
 * after its first use was stolen, or its successor was: the whole family is ended, and the user has to sign in again.
 */
#ifndef TERN_REFRESH_TOKEN_H
#define TERN_REFRESH_TOKEN_H

#include <tern/data.h>

typedef struct tern_refresh_tokens_options {
    /* For how long after its first use a token may be used again, since clients send requests twice, and lose replies;
     * default 10. Each such use gives a further token of the family. */
    unsigned grace_s;
    uint64_t expires_s; /* of a family, from its login; default 30 days */
} tern_refresh_tokens_options;
void tern_refresh_tokens_with(tern_app *app, const tern_refresh_tokens_options *options);
/** Has the application keep refresh tokens, in the tables `refresh_family` and `refresh_leaf` of its database; once, in `main`. */
#define tern_refresh_tokens(app, ...)                                                                        \
    tern_refresh_tokens_with(app, &(tern_refresh_tokens_options){__VA_ARGS__})

typedef struct tern_refresh_token_options {
    const char *owner;  /* the id of the user; needed */
    const char *scopes; /* for the access tokens; NULL: none are noted */
} tern_refresh_token_options;
const char *tern_refresh_token_new_with(tern_ctx *c, const tern_refresh_token_options *options);
/** The first token of a new family: `tern_refresh_token_new(c, .owner = "42")`. Only its hash is stored. */
#define tern_refresh_token_new(c, ...)                                                                       \
    tern_refresh_token_new_with(c, &(tern_refresh_token_options){__VA_ARGS__})

/** What using a token gave. */
typedef struct tern_refreshed {
    const char *token; /* the next one; NULL: the token was wrong */
    const char *owner, *scopes;
    bool
        is_reused; /* it was used before, so its family is ended now: worth a line in the log, and a mail to the user */
    const char *why; /* of a wrong token, for clients; NULL without one */
} tern_refreshed;
/** Uses a token. Requests with one token at the same time are handled one after the other, in all workers and machines.
 * It is a transaction of its own: in one of the caller's that fails later, a family would not be ended. */
tern_refreshed tern_refresh(tern_ctx *c, const char *token);
/** Ends the family of a token: signing out. NULL and unknown tokens are passed over. */
void tern_refresh_end(tern_ctx *c, const char *token);
/** Ends all families of a user: "sign out everywhere", and after a change of the password. */
void tern_refresh_end_all(tern_ctx *c, const char *owner);

#endif

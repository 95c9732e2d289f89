/**
 * A login in work: what the service must remember between sending the browser to the provider and its coming back.
 *
 * It is in a sealed cookie of the browser, so it binds the login to that browser (RFC 6749 section 10.12) and needs no
 * memory here. Each login has a cookie of its own, named after its state, so that several tabs do not disturb each
 * other. A state that has come back is remembered for as long as its cookie could be, and refused the second time.
 */
#ifndef AUTH_LOGIN_FLIGHT_H
#define AUTH_LOGIN_FLIGHT_H

#include "auth/login/provider.h"

typedef struct login_flight {
    const char *state, *nonce, *verifier; /* 43 letters of base64url each */
    const char *redirect_uri;             /* the callback's address, which the exchange must repeat */
    const char *next;                     /* a local target */
} login_flight;

/** A new login, whose cookie the reply sets. `next` must be local. */
const login_flight *login_flight_begin(tern_ctx *c, login_provider *p, const char *next);
/** The login of this browser with that state; its cookie is taken back. Refuses the request for any state that this
 * browser has not begun at this provider, that is too old, or that has come back before. */
const login_flight *login_flight_end(tern_ctx *c, login_provider *p, const char *state);

#endif

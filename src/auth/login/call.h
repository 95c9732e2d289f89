/** Calls to a provider: bounded in time and size, without redirects, and with JSON as the reply. */
#ifndef AUTH_LOGIN_CALL_H
#define AUTH_LOGIN_CALL_H

#include "auth/login/provider.h"

#include <tern/fetch.h>

typedef struct login_reply {
    int status;
    tern_value *value; /* an object, or an array; NULL with a problem */
    tern_str body;
    const char *problem; /* for the log: there is no reply, or it is not JSON; NULL without one */
    int status_told;     /* that the user gets then: 502, 503 or 504 */
} login_reply;

/** Calls `url`, which is safe, as `options` say; what bounds the call is filled in. Never fails but for memory. */
login_reply login_call(tern_ctx *c, const login_provider *p, const char *url,
                       const tern_fetch_options *options);

/** "Google cannot be reached at the moment; please try again later." */
const char *login_unreachable(tern_ctx *c, const login_provider *p);

#endif

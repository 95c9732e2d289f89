/** The two handlers of a login. */
#ifndef AUTH_LOGIN_HANDLERS_H
#define AUTH_LOGIN_HANDLERS_H

#include "auth/login/provider.h"

/** GET /account/login/google: sends the browser to the provider. The route's arg is the login_provider. */
tern_reply login_begin(tern_ctx *c);
/** GET /account/login/google/callback: takes it back. */
tern_reply login_callback(tern_ctx *c);
/** POST of the same: what the provider sent as a form, turned into that GET. */
tern_reply login_callback_form(tern_ctx *c);

#endif

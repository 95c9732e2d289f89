/** A call's options as what is sent: headers, body, target. */
#ifndef FETCH_MESSAGE_H
#define FETCH_MESSAGE_H

#include "fetch/attempt.h"

#include "app/ctx.h"

/**
 * Fills in `m` for a call of `c`, in the request's memory. Fails with 503 when memory is short.
 *
 * @return NULL, or what is wrong with the call, for people. `m->target.shown` is set in any case, `m->method` too.
 */
const char *message_make(fetch_message *m, tern_ctx *c, const char *url, const tern_fetch_options *options,
                         const tern_fetch_settings *settings);

/** Changes it to what a redirect asks for; returns NULL, or why it is not followed, with `*error`. */
const char *message_redirect(fetch_message *m, tern_ctx *c, int status, const char *location,
                             tern_fetch_error *error);

#endif

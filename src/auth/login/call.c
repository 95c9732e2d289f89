/** Calls to a provider. */
#include "auth/login/call.h"

#include "auth/login/address.h"

enum { REPLY_BYTES = 262144 };

static int told_of(tern_fetch_error error)
{
    return error == TERN_FETCH_TIMEOUT                              ? 504
           : error == TERN_FETCH_PAUSED || error == TERN_FETCH_BUSY ? 503
           : error == TERN_FETCH_NO_MEMORY                          ? 503
                                                                    : 502;
}

login_reply login_call(tern_ctx *c, const login_provider *p, const char *url,
                       const tern_fetch_options *options)
{
    tern_fetch_options o = *options;
    const char *method = o.form != NULL ? "POST" : "GET", *problem;
    static const char *const takes_json[] = {"Accept: application/json", NULL};
    if (o.headers == NULL)
        o.headers = takes_json;
    if (o.max_bytes == 0)
        o.max_bytes = REPLY_BYTES;
    o.timeout_ms = p->o.timeout_ms;
    o.redirects = TERN_NONE; /* what is sent is for this address alone */
    if (!login_address_is_safe(url))
        return (login_reply){.problem = tern_sprintf(c, "%s %s: not an address with https", method, url),
                             .status_told = 502};
    tern_fetched *r = tern_fetch_with(c, url, &o, false);
    login_reply reply = {
        .status = r->status, .body = r->body, .problem = r->problem, .status_told = told_of(r->error)};
    if (r->error != TERN_FETCH_OK)
        return reply;
    if (r->status >= 300 && r->status < 400) {
        reply.problem =
            tern_sprintf(c, "%s %s: redirects, which is not followed: name its final address", method, url);
        return reply;
    }
    reply.value = tern_value_parse_try(c, r->body, &problem);
    tern_value_kind kind = tern_value_kind_of(reply.value);
    if (reply.value == NULL) {
        const char *type = tern_fetch_header_of(r, "Content-Type");
        reply.problem = tern_sprintf(c, "%s %s: the reply (status %d, %s) is not JSON: %s", method, url,
                                     r->status, type != NULL ? type : "without a type", problem);
    } else if (kind != TERN_JSON_OBJECT && kind != TERN_JSON_ARRAY) {
        reply.problem = tern_sprintf(c, "%s %s: the reply is neither an object nor an array", method, url);
    }
    return reply;
}

const char *login_unreachable(tern_ctx *c, const login_provider *p)
{
    return tern_sprintf(c, "%s cannot be reached at the moment; please try again later", p->o.title);
}

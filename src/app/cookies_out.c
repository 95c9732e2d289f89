/** Cookies of the reply. */
#include "app/ctx.h"
#include "http/cookie.h"

#include <tern/log.h>

enum {
    COOKIE_BYTES_MAX = 4096 + 512
}; /* browsers drop cookies with more than 4096 bytes of name and value */

bool tern_set_cookie_with(tern_ctx *c, const char *name, const char *value,
                          const tern_cookie_options *options)
{
    const cookie_attributes attributes = {.path = options->path,
                                          .domain = options->domain,
                                          .max_age_s = options->max_age_s,
                                          .same_site = options->same_site,
                                          .secure = options->secure,
                                          .script_readable = options->script_readable};
    char written[COOKIE_BYTES_MAX];
    const char *reason = "";
    long len = cookie_write(name, value, &attributes, written, sizeof written, &reason);
    if (len < 0) {
        char label[160];
        tern_log(TERN_LOG_WARN, "%s: cookie \"%s\" is not set: %s", ctx_route_label(c, label, sizeof label),
                 name, reason);
        return false;
    }
    const char *kept = ctx_text(c, (tern_str){written, (size_t)len});
    if (!http_field_put(c->x, "Set-Cookie", kept, false))
        ctx_need(c, NULL);
    return true;
}

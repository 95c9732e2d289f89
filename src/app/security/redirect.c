/** Redirects to a target that a client chose. */
#include "app/ctx.h"
#include "http/origin.h"

#include <tern/security.h>
#include <tern/tls.h>

#include <string.h>

/** Whether each byte is visible ASCII, and none a backslash, which browsers take for a slash. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text >= 0x7f || *text == '\\')
            return false;
    return true;
}

bool tern_is_local_target(tern_ctx *c, const char *target)
{
    http_origin origin;
    if (target == NULL || !is_plain(target))
        return false;
    if (target[0] == '/')
        return target[1] != '/';
    const char *scheme = tern_scheme(c), *host = strstr(target, "://");
    if (host == NULL || strlen(scheme) != (size_t)(host - target) ||
        strncmp(target, scheme, strlen(scheme)) != 0)
        return false;
    size_t len = (size_t)(host - target) + 3 + strcspn(host + 3, "/?#");
    return origin_read((tern_str){target, len}, &origin) && origin_is_of_host(&origin, c->x->request->host);
}

tern_reply tern_redirect_local(tern_ctx *c, const char *target, const char *fallback)
{
    return tern_redirect(c, tern_is_local_target(c, target) ? target : fallback);
}

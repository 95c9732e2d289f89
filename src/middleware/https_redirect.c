/** Redirects clients without TLS to https. */
#include <tern/log.h>
#include <tern/security.h>
#include <tern/tls.h>

#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { HTTPS_PORT = 443 };

static const char challenges[] = "/.well-known/acme-challenge/";

static void prepare(tern_app *app, void *options)
{
    const tern_https_redirect_options *o = options;
    if (o == NULL) {
        tern_mistake(app, "https_redirect: out of memory");
        return;
    }
    if (o->status != 301 && o->status != 302 && o->status != 307 && o->status != 308)
        tern_mistake(app, "https_redirect: .status is %d; take 301, 302, 307 or 308", o->status);
    if (o->port < 1 || o->port > UINT16_MAX)
        tern_mistake(app, "https_redirect: .port is %d, which is not a port from 1 to 65535", o->port);
}

/** Without trust in its word the proxy's https requests are redirected for ever: tells the operator once. */
static void warn_of_proxy(tern_ctx *c)
{
    static bool has_warned;
    const char *proto = tern_header(c, "X-Forwarded-Proto");
    if (has_warned || proto == NULL || strcasecmp(proto, "https") != 0)
        return;
    has_warned = true;
    tern_log(
        TERN_LOG_WARN,
        "https_redirect: %s forwards a request of https, but is not trusted: name it by --trusted-proxies, or "
        "its clients are redirected for ever",
        tern_remote_address(c));
}

/** The length of the host without its port. */
static int host_len(const char *host)
{
    size_t len = strlen(host), at = len;
    while (at > 0 && host[at - 1] >= '0' && host[at - 1] <= '9')
        at--;
    return (int)(at > 0 && host[at - 1] == ':' ? at - 1 : len);
}

static tern_reply run(tern_ctx *c, void *options)
{
    const tern_https_redirect_options *o = options;
    if (tern_is_tls(c))
        return tern_next(c);
    const char *host = tern_host(c), *target = tern_target(c);
    if (strncmp(target, challenges, sizeof challenges - 1) == 0)
        return tern_next(c);
    warn_of_proxy(c);
    if (host[0] == '\0')
        tern_fail(c, 400, "this service is at https://, and the request names no host to redirect to");
    const char *port = o->port != HTTPS_PORT ? tern_sprintf(c, ":%d", o->port) : "";
    return tern_redirect_with(
        c, o->status,
        tern_sprintf(c, "https://%.*s%s%s", host_len(host), host, port, target[0] == '/' ? target : "/"));
}

tern_middleware tern_https_redirect_with(const tern_https_redirect_options *options)
{
    tern_https_redirect_options o = *options;
    if (o.status == 0)
        o.status = 308;
    if (o.port == 0)
        o.port = HTTPS_PORT;
    return (tern_middleware){.name = "https_redirect",
                             .run = run,
                             .options = tern_keep(&o, sizeof o),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = o.status == 308 ? "308" : NULL,
                             .stage = TERN_STAGE_HOST};
}

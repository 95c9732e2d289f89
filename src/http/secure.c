#include "http/secure.h"

#include "base/text.h"
#include "http/forwarded.h"
#include "http/wire.h"

#include <string.h>

enum { HTTPS_PORT = 443 };

static const char challenges[] = "/.well-known/acme-challenge/";

/** A host without its port; brackets of an IPv6 address stay. */
static tern_str without_port(tern_str host)
{
    size_t end = host.len;
    while (end > 0 && host.data[end - 1] >= '0' && host.data[end - 1] <= '9')
        end--;
    if (end > 0 && host.data[end - 1] == ':')
        host.len = end - 1;
    return host;
}

static bool is_challenge(const http_request *request)
{
    return request->path.len >= sizeof challenges - 1 &&
           memcmp(request->path.data, challenges, sizeof challenges - 1) == 0;
}

/** The same address with https; NULL when out of memory. */
static const char *https_address(http_exchange *x)
{
    const http_request *r = x->request;
    tern_str host = without_port(r->host);
    char port[24] = "";
    if (http_self.limits.https_port != HTTPS_PORT) {
        port[0] = ':';
        port[1 + text_put_u64(port + 1, http_self.limits.https_port)] = '\0';
    }
    return arena_printf(&x->arena, "https://%.*s%s%.*s%s%.*s", (int)host.len, host.data, port,
                        (int)r->path.len, r->is_asterisk ? "/" : r->path.data,
                        r->query.data != NULL ? "?" : "", (int)r->query.len,
                        r->query.data != NULL ? r->query.data : "");
}

static void redirect(http_exchange *x)
{
    if (x->request->host.data == NULL) {
        exchange_refuse(x, 400, "this service is at https://, and the request names no host to redirect to");
        return;
    }
    const char *address = https_address(x);
    if (address == NULL || !http_field_put(x, "Location", address, true)) {
        exchange_refuse(x, 503, "there is not enough memory for this request");
        return;
    }
    http_reply(x, 308, NULL, NULL, 0);
}

bool secure_check(http_exchange *x)
{
    if (http_self.limits.trusted_count != 0 && !forwarded_take(x))
        return false;
    if (!http_is_secure(x)) {
        if (!http_self.limits.redirects_to_https || is_challenge(x->request))
            return true;
        redirect(x);
        return false;
    }
    if (http_self.limits.hsts != NULL)
        http_field_put(x, "Strict-Transport-Security", http_self.limits.hsts, true);
    if (!x->connection->has_tls) /* the certificate is the proxy's */
        return true;
    tern_str host = without_port(x->request->host);
    if (host.data == NULL || tls_may_serve(x->connection->tls, host.data, host.len)) {
        if (http_self.limits.alt_svc != NULL)
            http_field_put(x, "Alt-Svc", http_self.limits.alt_svc, true);
        return true;
    }
    exchange_refuse(
        x, 421, "this connection's certificate does not name the requested host: open another connection");
    return false;
}

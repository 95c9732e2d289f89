#include <tern/tls.h>

#include "app/ctx.h"
#include "tls/peer.h"

#include <tern/reply.h>

bool tern_is_tls(tern_ctx *c)
{
    return http_is_secure(c->x);
}

const char *tern_scheme(tern_ctx *c)
{
    return tern_is_tls(c) ? "https" : "http";
}

const tern_certificate *tern_client_certificate(tern_ctx *c)
{
    const tls_session *s = http_tls(c->x);
    tls_peer peer;
    if (s == NULL || !tls_has_peer(s))
        return NULL;
    tern_certificate *out = arena_alloc(ctx_arena(c), sizeof *out);
    if (out == NULL || !tls_read_peer(s, ctx_arena(c), &peer))
        tern_fail(c, 503, "there is not enough memory for this request");
    *out = (tern_certificate){.subject = peer.subject,
                              .issuer = peer.issuer,
                              .serial = peer.serial,
                              .fingerprint = peer.fingerprint,
                              .names = peer.names,
                              .name_count = peer.name_count,
                              .not_before = peer.not_before_s,
                              .not_after = peer.not_after_s};
    return out;
}

const char *tern_client_certificate_pem(tern_ctx *c)
{
    const tls_session *s = http_tls(c->x);
    if (s == NULL || !tls_has_peer(s))
        return NULL;
    const char *pem = tls_peer_pem(s, ctx_arena(c));
    if (pem == NULL)
        tern_fail(c, 503, "there is not enough memory for this request");
    return pem;
}

/** The certificate that a client has shown and that was found valid. */
#ifndef TLS_PEER_H
#define TLS_PEER_H

#include "base/arena.h"
#include "tls/session.h"

/** Texts are in the arena; none is NULL. */
typedef struct tls_peer {
    const char *subject, *issuer; /* as RFC 2253 writes names: "CN=alice,O=Example" */
    const char *serial;           /* in hexadecimal */
    const char *fingerprint;      /* SHA-256 of the certificate: 64 hexadecimal digits */
    const char *const
        *names; /* its alternative names, each with its kind: "DNS:alice.example", "email:a@b.c",
                                     "URI:spiffe://...", "IP:192.0.2.1" */
    unsigned name_count;
    int64_t not_before_s, not_after_s; /* seconds since 1970 */
} tls_peer;

/** Whether the client has shown one. */
bool tls_has_peer(const tls_session *s);
/** False when the client has shown none, or out of memory. */
bool tls_read_peer(const tls_session *s, arena *a, tls_peer *out);
/** The certificate in PEM form, in the arena; NULL as tls_read_peer. */
const char *tls_peer_pem(const tls_session *s, arena *a);

#endif

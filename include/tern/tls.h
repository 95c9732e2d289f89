/** What a handler sees of the connection's encryption. */
#ifndef TERN_TLS_H
#define TERN_TLS_H

#include <tern/context.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether the client speaks TLS: to this process, or to a proxy of --trusted-proxies that says so. */
bool tern_is_tls(tern_ctx *c);
/** "https" when tern_is_tls, otherwise "http". */
const char *tern_scheme(tern_ctx *c);

/** A client's certificate that an authority of --tls-client-ca has signed. Texts belong to the request; none is
 * NULL. */
typedef struct tern_certificate {
    const char *subject, *issuer; /* as RFC 2253 writes names: "CN=alice,O=Example" */
    const char *serial;           /* in hexadecimal, upper case */
    const char *fingerprint;      /* SHA-256 of the certificate: 64 hexadecimal digits, lower case */
    const char *const *names;     /* its alternative names, each after its kind: "DNS:alice.example",
                                     "email:alice@example.org", "URI:spiffe://...", "IP:192.0.2.1" */
    size_t name_count;
    int64_t not_before, not_after; /* seconds since 1970-01-01 UTC */
} tern_certificate;

/** The client's certificate; NULL when it has shown none, or is not asked for one. It was valid when the connection
 * began. Fails with 503 when out of memory. */
const tern_certificate *tern_client_certificate(tern_ctx *c);
/** The certificate in PEM form; NULL as tern_client_certificate. */
const char *tern_client_certificate_pem(tern_ctx *c);

#endif

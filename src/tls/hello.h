/** What a ClientHello asks for: names and protocols, and the certificates chosen for them. */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include "tls/internal.h"

/**
 * Writes `name` as a host name to look up: lower case, without a trailing dot; `out` has TLS_HOST_BYTES. False when it
 * is not one (empty, too long, or with bytes that names do not have).
 */
bool tls_host_name(const char *name, size_t len, char *out);

/** The callbacks of a context's SSL_CTX. */
int tls_on_hello(SSL *ssl, int *alert, void *context);
int tls_on_certificate(SSL *ssl, void *context);
int tls_on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                     const unsigned char *offered, unsigned len, void *context);

#endif

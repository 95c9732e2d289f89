/** Keys and certificates that this program makes itself: for development, for tests, for answers to ACME's
 * challenges. */
#ifndef TLS_MAKE_H
#define TLS_MAKE_H

#include "base/buf.h"
#include "tls/openssl.h"

#include <stdbool.h>

/** A new private key: "EC" (P-256), "ED25519", or "RSA" of `bits`. NULL when out of memory. Free it by
 * openssl.EVP_PKEY_free. */
EVP_PKEY *tls_make_key(const char *kind, unsigned bits);

/** What a new certificate says. */
typedef struct tls_wish {
    const char *subject;      /* its common name */
    const char *const *names; /* DNS names and IP addresses, ended by NULL; NULL: none */
    bool is_authority;        /* it may sign others */
    bool is_client;           /* for a client; otherwise for a server */
    long from_s, until_s;     /* seconds from now; `from_s` is usually before now, because clocks differ */
    EVP_PKEY *key;            /* its key, both parts */
    X509_EXTENSION *more;     /* one more extension, the caller's; NULL: none */
    X509 *issuer;             /* NULL: signed by itself */
    EVP_PKEY *issuer_key;
} tls_wish;

/** NULL when out of memory. Free it by openssl.X509_free. */
X509 *tls_make_certificate(const tls_wish *wish);

/** Appends in PEM form; false when out of memory. The text of a key must be erased after use. */
bool tls_pem_of_certificate(X509 *certificate, buf *out);
bool tls_pem_of_key(EVP_PKEY *key, buf *out);

/** Replaces the file by `data` at once (a file beside it is renamed), readable by its owner alone. False with errno. */
bool tls_write_private_file(const char *path, const char *data, size_t len);

#endif

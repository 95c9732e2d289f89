/** A certificate with its chain and its private key, read from PEM files and checked. */
#ifndef TLS_CERTIFICATE_H
#define TLS_CERTIFICATE_H

#include "base/buf.h"
#include "tls/openssl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A server may have one of each for the same name; the client's signature algorithms decide. */
typedef enum tls_key_kind { TLS_KEY_EC, TLS_KEY_RSA, TLS_KEY_ED25519, TLS_KEY_KINDS } tls_key_kind;

/** Shared by the stores that have it; immutable. */
typedef struct tls_certificate {
    unsigned references;
    char *file; /* for messages, and to find it again */
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* after the leaf; may be empty */
    tls_key_kind kind;
    int64_t not_before_s, not_after_s; /* seconds since 1970 */
    char **names; /* its DNS names in lower case ("*.example.org" too) and IP addresses, as text */
    unsigned name_count;
} tls_certificate;

/** What is required of a certificate besides that its key fits. */
typedef struct tls_certificate_rules {
    int64_t now_s;           /* it must be valid then; 0: any time will do */
    unsigned least_rsa_bits; /* 2048 */
} tls_certificate_rules;

/**
 * Reads the certificate and chain in `file`, and the key in `key_file` (NULL: in `file` too).
 *
 * @return the certificate, with one reference; NULL with one clause in `problem`, without a line end: the file, the
 * fault, the fix.
 */
tls_certificate *tls_certificate_load(const char *file, const char *key_file,
                                      const tls_certificate_rules *rules, buf *problem);
/** One more owner of `c`, or one less: the last one frees it. NULL is allowed in the latter. */
tls_certificate *tls_certificate_share(tls_certificate *c);
void tls_certificate_drop(tls_certificate *c);
/** Whether it names `host` (lower case, without port and trailing dot): exactly, or by a wildcard for the first
 * label (RFC 6125 section 6.4.3). */
bool tls_certificate_names(const tls_certificate *c, const char *host);

/** Seconds since 1970 of a time in a certificate; 0 when it cannot be read. */
int64_t tls_time_of(const ASN1_TIME *time);
/** "2026-03-01 12:00:00 UTC" into `out` (at least 24 bytes); returns `out`. */
char *tls_time_text(int64_t time_s, char *out, size_t size);

#endif

/**
 * What all TLS connections of a service have in common: certificates, keys of tickets, protocols, rules.
 *
 * The master makes it before it forks, so mistakes are found at start and the workers share the memory. Each worker
 * then keeps its copy up to date by tls_context_refresh.
 *
 * TLS 1.2 and 1.3; AEAD cipher suites with ECDHE; X25519 and P-256; no compression, no renegotiation, no early data.
 */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct tls_context tls_context;

/** Where certificates are: a PEM file and its key (NULL: in the same file), or a folder of them (store.h). */
typedef struct tls_source {
    const char *certificate, *key;
} tls_source;

/** Whether clients are asked for a certificate of their own. One that is not valid is always refused. */
typedef enum tls_client_auth {
    TLS_CLIENT_AUTH_OFF,
    TLS_CLIENT_AUTH_OPTIONAL,
    TLS_CLIENT_AUTH_REQUIRED
} tls_client_auth;

/** Texts and lists must stay as long as the context. */
typedef struct tls_settings {
    const tls_source *sources; /* the certificates */
    unsigned source_count;
    const char *const *protocols; /* for ALPN, the preferred one first; ended by NULL */
    tls_client_auth client_auth;
    const char *client_ca; /* PEM file of the authorities of client certificates */
    /* Folder of certificates that answer challenges of ACME (NAME.pem with certificate and key, RFC 8737); NULL: none */
    const char *challenge_folder;
    bool may_be_empty; /* there may be no certificate yet: every handshake fails until there is one */
} tls_settings;

/** Loads OpenSSL and the certificates. NULL with lines in `problem`, each with a line end: what is wrong, and the
 * fix. */
tls_context *tls_context_new(const tls_settings *settings, buf *problem);
void tls_context_free(tls_context *t);

/**
 * Takes up certificates that were changed on disk; for a worker at start, and before each handshake: looks at the files
 * once a second at most. A change that is not right yet is tried again for some seconds, because a certificate and its
 * key are not replaced in one step; then it is refused and logged, and the old certificate stays.
 *
 * Also logs once a day which certificates have expired or will within 14 days.
 */
void tls_context_refresh(tls_context *t, uint64_t now_ms);

/** For metrics: of all workers, since the master started. They are the shared counters (tern/shared.h)
 * `tern_tls_reloads` and `tern_tls_reload_failures`. */
typedef struct tls_totals {
    uint64_t reloads;         /* changed certificates taken up */
    uint64_t reload_failures; /* changes refused */
} tls_totals;
tls_totals tls_get_totals(const tls_context *t);

/** Whether this kernel can encrypt what is sent (kTLS), so that files go from its cache to the network card. */
bool tls_kernel_can_encrypt(void);

#endif

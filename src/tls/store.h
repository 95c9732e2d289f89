/**
 * The certificates of a service, found by the name that a client asks for.
 *
 * A store is immutable. A reload makes a new one, which shares the certificates whose files are unchanged or bad, and
 * connections keep the one that they began with.
 */
#ifndef TLS_STORE_H
#define TLS_STORE_H

#include "tls/certificate.h"
#include "tls/context.h"

/** The certificates for one name, of different kinds of keys; NULL for a kind that there is none of. */
typedef struct tls_name {
    const char *name; /* in lower case; "*.example.org" for a wildcard */
    tls_certificate *by_kind[TLS_KEY_KINDS];
} tls_name;

typedef struct tls_store {
    unsigned references;
    tls_certificate **certificates;
    unsigned count;
    tls_name *names; /* sorted by name */
    unsigned name_count;
    tls_name
        fallback; /* for clients that ask for no name, or an unknown one: of the first certificate's name */
} tls_store;

/**
 * Reads all certificates of `sources`.
 *
 * A folder has pairs of NAME.crt or NAME.pem with NAME.key (without one, NAME.pem has both), and sub-folders with
 * fullchain.pem and privkey.pem, as certbot keeps them; or it is such a sub-folder. Among certificates of one name
 * and kind, that which is valid longest is used.
 *
 * @param old  the store that it replaces, or NULL at start. With an old store, a certificate that is refused is
 *             replaced by the old one of the same file, if there is one; without, it is an error.
 * @param problem  receives one line, with a line end, for each certificate that is refused.
 * @return NULL when out of memory, when a folder cannot be read, when there is no certificate, or for an error at
 * start.
 */
tls_store *tls_store_load(const tls_source *sources, unsigned count, const tls_certificate_rules *rules,
                          const tls_store *old, buf *problem);
/** A store without certificates, for a service that waits for its first; NULL when out of memory. */
tls_store *tls_store_empty(void);
tls_store *tls_store_share(tls_store *s);
void tls_store_drop(tls_store *s);

/** A number that changes when a file of `sources` is changed, replaced, added or removed. */
uint64_t tls_store_stamp(const tls_source *sources, unsigned count);

/** The certificates for `host` (lower case, NUL-terminated, without port and trailing dot): the exact name before a
 * wildcard. NULL when none has it. */
const tls_name *tls_store_find(const tls_store *s, const char *host);

#endif

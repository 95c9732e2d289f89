/** Certificates as ACME needs them: requests, those for challenges, and what is known of one that was
 * issued. */
#ifndef ACME_CERTIFICATE_H
#define ACME_CERTIFICATE_H

#include "acme/crypto.h"
#include "acme/names.h"
#include "base/buf.h"

enum { CERTIFICATE_ARI_BYTES = 96, CERTIFICATE_CHAIN = 10 };

/** What the chain's first certificate says. Times are seconds since 1970-01-01 UTC. */
typedef struct certificate_facts {
    int64_t not_before, not_after;
    bool is_temporary;                  /* signed by its own key, as by certificate_temporary */
    char ari_id[CERTIFICATE_ARI_BYTES]; /* RFC 9773 section 4.1; "": it has no authority key identifier */
} certificate_facts;

/** A request for a certificate (RFC 2986) with the names as subjectAltName, as DER in `a`; no data when it
 * fails. */
tern_str certificate_request(crypto_key *key, const acme_names *names, arena *a);

/** Certificate and key in one PEM, for a listener to prove that it serves `name` (RFC 8737 section 3).
 * `digest` is SHA-256 of the key authorization. */
tern_str certificate_for_challenge(const char *name, const uint8_t digest[CRYPTO_DIGEST_BYTES], arena *a);

/** A certificate for `names` signed by its own `key`, valid for 30 days, as PEM. */
tern_str certificate_temporary(crypto_key *key, const acme_names *names, arena *a);

/**
 * Reads a chain in PEM and checks all that must hold before it may be served: every certificate parses, each
 * is signed by the next, none is expired or (beyond an hour, for clocks that differ) not yet valid, the first
 * is for TLS servers, for `key`, and for each of the names.
 *
 * @return true with `facts`; false with the reason in `problem`, and with `facts` when only its time is wrong,
 * otherwise zeroed ones.
 */
bool certificate_check(tern_str chain, crypto_key *key, const acme_names *names, int64_t now_s,
                       certificate_facts *facts, buf *problem);

#endif

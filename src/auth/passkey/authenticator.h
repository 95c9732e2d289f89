/** What authenticators send: CBOR (RFC 8949) in CTAP2's canonical form, and authenticator data (WebAuthn section 6.1). No
 * memory is taken: results point into the bytes given. */
#ifndef AUTH_PASSKEY_AUTHENTICATOR_H
#define AUTH_PASSKEY_AUTHENTICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    AUTHENTICATOR_HASH_BYTES = 32,
    AUTHENTICATOR_AAGUID_BYTES = 16,
    AUTHENTICATOR_CREDENTIAL_MAX = 1023, /* bytes of a credential's id: WebAuthn section 4 */
    AUTHENTICATOR_KEY_MAX = 2048
};

typedef struct authenticator_bytes {
    const uint8_t *data;
    size_t len;
} authenticator_bytes;

typedef struct authenticator_data {
    const uint8_t *rp_id_hash; /* AUTHENTICATOR_HASH_BYTES */
    bool is_user_present, is_user_verified, is_backup_eligible, is_backed_up, has_credential;
    uint32_t counter;
    /* with has_credential: */
    const uint8_t *aaguid; /* AUTHENTICATOR_AAGUID_BYTES */
    authenticator_bytes credential_id;
    authenticator_bytes key; /* a COSE_Key, which key_of_cose reads */
} authenticator_data;

/** Reads authenticator data, all of it; false with `*problem`. */
bool authenticator_read(authenticator_bytes bytes, authenticator_data *out, const char **problem);

typedef struct attestation {
    authenticator_bytes data;
    authenticator_bytes format; /* text: "none", "packed" */
    bool is_empty;              /* its statement is */
} attestation;

/** Reads an attestation object, all of it; false with `*problem`. */
bool attestation_read(authenticator_bytes bytes, attestation *out, const char **problem);

#endif

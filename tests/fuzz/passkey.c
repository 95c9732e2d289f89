/** Attestation objects and authenticator data of any bytes: whatever is read is within them. */
#include "auth/passkey/authenticator.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_within(authenticator_bytes part, authenticator_bytes whole)
{
    if (part.data != NULL && (part.data < whole.data || part.data + part.len > whole.data + whole.len))
        abort();
}

static void read_data(authenticator_bytes bytes)
{
    authenticator_data read;
    const char *problem = NULL;
    if (!authenticator_read(bytes, &read, &problem)) {
        if (problem == NULL || problem[0] == '\0')
            abort();
        return;
    }
    must_be_within((authenticator_bytes){read.rp_id_hash, AUTHENTICATOR_HASH_BYTES}, bytes);
    if (!read.has_credential)
        return;
    must_be_within((authenticator_bytes){read.aaguid, AUTHENTICATOR_AAGUID_BYTES}, bytes);
    must_be_within(read.credential_id, bytes);
    must_be_within(read.key, bytes);
    if (read.credential_id.len == 0 || read.credential_id.len > AUTHENTICATOR_CREDENTIAL_MAX ||
        read.key.len == 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    attestation object;
    const char *problem = NULL;
    authenticator_bytes bytes = {data, size};
    read_data(bytes);
    if (attestation_read(bytes, &object, &problem)) {
        must_be_within(object.data, bytes);
        must_be_within(object.format, bytes);
        read_data(object.data);
    } else if (problem == NULL || problem[0] == '\0') {
        abort();
    }
    return 0;
}

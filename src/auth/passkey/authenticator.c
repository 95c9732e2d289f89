#include "auth/passkey/authenticator.h"

#include <string.h>

enum { DEEPEST = 4, MOST_PAIRS = 64 }; /* CTAP2's canonical form nests 4 levels deep at most */

typedef enum cbor_kind {
    CBOR_UNSIGNED,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_TAG,
    CBOR_SIMPLE
} cbor_kind;

typedef struct cbor_input {
    const uint8_t *at, *end;
} cbor_input;

/** Takes the head of an item in its shortest form; false for any other, and for indefinite lengths. */
static bool take_head(cbor_input *in, cbor_kind *kind, uint64_t *value)
{
    static const uint64_t least[] = {24, 0x100, 0x10000, UINT64_C(0x100000000)};
    if (in->at == in->end)
        return false;
    unsigned small = *in->at & 31u;
    *kind = (cbor_kind)(*in->at++ >> 5);
    *value = small;
    if (small < 24)
        return true;
    size_t len = (size_t)1 << (small - 24);
    if (small > 27 || (size_t)(in->end - in->at) < len)
        return false;
    *value = 0;
    for (size_t i = 0; i < len; i++)
        *value = *value << 8 | *in->at++;
    if (*kind == CBOR_SIMPLE)
        return small > 24 || *value >= 32;
    return *value >= least[small - 24];
}

/** Takes bytes or a text. */
static bool take_string(cbor_input *in, cbor_kind wanted, authenticator_bytes *out)
{
    cbor_kind kind;
    uint64_t len;
    if (!take_head(in, &kind, &len) || kind != wanted || len > (uint64_t)(in->end - in->at))
        return false;
    *out = (authenticator_bytes){in->at, (size_t)len};
    in->at += len;
    return true;
}

/** Whether a key comes after another one in the canonical order: shorter ones first, then by bytes. So none is twice. */
static bool is_after(authenticator_bytes key, authenticator_bytes before)
{
    if (before.data == NULL)
        return true;
    unsigned kind = key.data[0] >> 5, kind_before = before.data[0] >> 5;
    if (kind != kind_before)
        return kind > kind_before;
    if (key.len != before.len)
        return key.len > before.len;
    return memcmp(key.data, before.data, key.len) > 0;
}

/** Skips a whole item; `is_ordered`: its maps must have their keys in order. */
static bool skip(cbor_input *in, unsigned depth, bool is_ordered)
{
    cbor_kind kind;
    uint64_t value;
    if (!take_head(in, &kind, &value) || kind == CBOR_TAG || depth > DEEPEST)
        return false;
    if (kind == CBOR_BYTES || kind == CBOR_TEXT) {
        if (value > (uint64_t)(in->end - in->at))
            return false;
        in->at += value;
    } else if (kind == CBOR_ARRAY) {
        if (value > (uint64_t)(in->end - in->at))
            return false;
        for (; value > 0; value--)
            if (!skip(in, depth + 1, is_ordered))
                return false;
    } else if (kind == CBOR_MAP) {
        authenticator_bytes before = {0};
        if (value > MOST_PAIRS)
            return false;
        for (; value > 0; value--) {
            const uint8_t *begin = in->at;
            if (!skip(in, depth + 1, is_ordered))
                return false;
            authenticator_bytes key = {begin, (size_t)(in->at - begin)};
            if ((is_ordered && !is_after(key, before)) || !skip(in, depth + 1, is_ordered))
                return false;
            before = key;
        }
    }
    return true;
}

/** Takes a map, whatever is in it. */
static bool take_map(cbor_input *in, bool is_ordered, authenticator_bytes *out, bool *is_empty)
{
    const uint8_t *begin = in->at;
    if (begin == in->end || *begin >> 5 != CBOR_MAP || !skip(in, 1, is_ordered))
        return false;
    *out = (authenticator_bytes){begin, (size_t)(in->at - begin)};
    *is_empty = out->len == 1;
    return true;
}

/* -- authenticator data -- */

enum {
    FLAG_PRESENT = 0x01,
    FLAG_VERIFIED = 0x04,
    FLAG_ELIGIBLE = 0x08,
    FLAG_BACKED_UP = 0x10,
    FLAG_CREDENTIAL = 0x40,
    FLAG_EXTENSIONS = 0x80
};

static bool fail(const char **problem, const char *text)
{
    *problem = text;
    return false;
}

static bool take(cbor_input *in, size_t len, const uint8_t **out)
{
    if ((size_t)(in->end - in->at) < len)
        return false;
    *out = in->at;
    in->at += len;
    return true;
}

/** AAGUID, length and id, key: WebAuthn section 6.5.1. */
static bool read_credential(cbor_input *in, authenticator_data *out, const char **problem)
{
    const uint8_t *len;
    bool is_empty;
    if (!take(in, AUTHENTICATOR_AAGUID_BYTES, &out->aaguid) || !take(in, 2, &len))
        return fail(problem, "the authenticator data ends within the credential");
    out->credential_id.len = (size_t)len[0] << 8 | len[1];
    if (out->credential_id.len == 0 || out->credential_id.len > AUTHENTICATOR_CREDENTIAL_MAX)
        return fail(problem, "the credential's id has no bytes, or more than 1023");
    if (!take(in, out->credential_id.len, &out->credential_id.data))
        return fail(problem, "the authenticator data ends within the credential's id");
    if (!take_map(in, true, &out->key, &is_empty) || out->key.len > AUTHENTICATOR_KEY_MAX)
        return fail(problem, "the credential's key is not canonical CBOR, or longer than 2048 bytes");
    return true;
}

bool authenticator_read(authenticator_bytes bytes, authenticator_data *out, const char **problem)
{
    cbor_input in = {bytes.data, bytes.data + bytes.len};
    const uint8_t *flags, *counter;
    authenticator_bytes extensions;
    bool is_empty;
    *out = (authenticator_data){0};
    if (!take(&in, AUTHENTICATOR_HASH_BYTES, &out->rp_id_hash) || !take(&in, 1, &flags) ||
        !take(&in, 4, &counter))
        return fail(problem, "the authenticator data is shorter than 37 bytes");
    out->is_user_present = (*flags & FLAG_PRESENT) != 0;
    out->is_user_verified = (*flags & FLAG_VERIFIED) != 0;
    out->is_backup_eligible = (*flags & FLAG_ELIGIBLE) != 0;
    out->is_backed_up = (*flags & FLAG_BACKED_UP) != 0;
    out->has_credential = (*flags & FLAG_CREDENTIAL) != 0;
    out->counter =
        (uint32_t)counter[0] << 24 | (uint32_t)counter[1] << 16 | (uint32_t)counter[2] << 8 | counter[3];
    if (out->is_backed_up && !out->is_backup_eligible)
        return fail(problem, "the passkey is backed up, and may not be");
    if (out->has_credential && !read_credential(&in, out, problem))
        return false;
    if ((*flags & FLAG_EXTENSIONS) != 0 && !take_map(&in, true, &extensions, &is_empty))
        return fail(problem, "the extensions are not canonical CBOR");
    return in.at == in.end || fail(problem, "the authenticator data has more than it says");
}

/* -- attestation objects -- */

static bool is_text(authenticator_bytes text, const char *wanted)
{
    return text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

bool attestation_read(authenticator_bytes bytes, attestation *out, const char **problem)
{
    cbor_input in = {bytes.data, bytes.data + bytes.len};
    cbor_kind kind;
    uint64_t pairs;
    authenticator_bytes name, statement = {0};
    *out = (attestation){0};
    if (!take_head(&in, &kind, &pairs) || kind != CBOR_MAP || pairs != 3)
        return fail(problem, "the attestation object is not a map of fmt, attStmt and authData");
    for (; pairs > 0; pairs--) { /* in any order: some software does not sort them */
        if (!take_string(&in, CBOR_TEXT, &name))
            return fail(problem, "the attestation object is not a map of fmt, attStmt and authData");
        bool is_taken = false;
        if (is_text(name, "fmt") && out->format.data == NULL)
            is_taken = take_string(&in, CBOR_TEXT, &out->format);
        else if (is_text(name, "authData") && out->data.data == NULL)
            is_taken = take_string(&in, CBOR_BYTES, &out->data);
        else if (is_text(name, "attStmt") && statement.data == NULL)
            is_taken = take_map(&in, false, &statement, &out->is_empty); /* that of TPMs is not in order */
        if (!is_taken)
            return fail(problem, "the attestation object is not canonical CBOR of fmt, attStmt and authData");
    }
    return in.at == in.end || fail(problem, "the attestation object has more than it says");
}

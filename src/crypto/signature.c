/**
 * Hot path: signature_check. OpenSSL's contexts are made once for each key; DER is written by hand into a buffer on the
 * stack.
 */
#include "crypto/signature.h"

#include "crypto/key_internal.h"

#include <string.h>

enum { ES256_BYTES = 2 * P256_BYTES, DER_MOST = 72, ED25519_SIGNATURE = 64 };

/* -- digests -- */

void key_sha256(const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX state;
    openssl.SHA256_Init(&state);
    openssl.SHA256_Update(&state, data, len);
    openssl.SHA256_Final(out, &state);
}

void key_hmac(const key *k, const void *data, size_t len, uint8_t out[SHA256_BYTES])
{
    SHA256_CTX state = k->inner;
    openssl.SHA256_Update(&state, data, len);
    openssl.SHA256_Final(out, &state);
    state = k->outer;
    openssl.SHA256_Update(&state, out, SHA256_BYTES);
    openssl.SHA256_Final(out, &state);
}

static bool are_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differs = 0;
    for (size_t i = 0; i < len; i++)
        differs |= a[i] ^ b[i];
    return differs == 0;
}

/* -- ES256: r and s as bytes, and as DER -- */

/** The order of P-256. */
static const uint8_t order[P256_BYTES] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                          0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                          0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

/** Whether it is from 1 to the order less 1. */
static bool is_in_range(const uint8_t *number)
{
    static const uint8_t zero[P256_BYTES];
    return memcmp(number, zero, P256_BYTES) != 0 && memcmp(number, order, P256_BYTES) < 0;
}

/** Appends an INTEGER; returns its end. */
static uint8_t *put_integer(uint8_t *at, const uint8_t *number)
{
    size_t skip = 0;
    while (skip < P256_BYTES - 1 && number[skip] == 0)
        skip++;
    bool needs_zero = number[skip] >= 0x80; /* otherwise it would be negative */
    *at++ = 2;
    *at++ = (uint8_t)(P256_BYTES - skip + needs_zero);
    if (needs_zero)
        *at++ = 0;
    memcpy(at, number + skip, P256_BYTES - skip);
    return at + P256_BYTES - skip;
}

static size_t to_der(const uint8_t *raw, uint8_t der[DER_MOST])
{
    uint8_t *end = put_integer(put_integer(der + 2, raw), raw + P256_BYTES);
    der[0] = 0x30;
    der[1] = (uint8_t)(end - der - 2);
    return (size_t)(end - der);
}

/** Takes an INTEGER into 32 bytes; NULL when it is not the shortest form of a positive one. */
static const uint8_t *take_integer(const uint8_t *at, const uint8_t *end, uint8_t *number)
{
    if (end - at < 3 || at[0] != 2 || at[1] == 0 || at[1] > P256_BYTES + 1 || end - at - 2 < at[1])
        return NULL;
    size_t len = at[1];
    const uint8_t *digits = at + 2, *next = digits + len;
    if (digits[0] >= 0x80 || (digits[0] == 0 && len > 1 && digits[1] < 0x80))
        return NULL;
    if (digits[0] == 0) {
        digits++;
        len--;
    }
    if (len > P256_BYTES)
        return NULL;
    memset(number, 0, P256_BYTES);
    memcpy(number + P256_BYTES - len, digits, len);
    return next;
}

static bool from_der(const uint8_t *der, size_t len, uint8_t raw[ES256_BYTES])
{
    const uint8_t *at = der + 2, *end = der + len;
    if (len < 8 || len > DER_MOST || der[0] != 0x30 || der[1] != len - 2)
        return false;
    at = take_integer(at, end, raw);
    if (at != NULL)
        at = take_integer(at, end, raw + P256_BYTES);
    return at == end;
}

/* -- OpenSSL's contexts -- */

/** RSA has its padding and digest set. */
static bool set_up(const key *k, EVP_PKEY_CTX *context)
{
    return k->algorithm != KEY_RS256 ||
           (openssl.EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
            openssl.EVP_PKEY_CTX_set_signature_md(context, openssl.EVP_sha256()) == 1);
}

/** The context for checking or signing a digest; NULL when out of memory. */
static EVP_PKEY_CTX *context_of(const key *k, bool signs)
{
    EVP_PKEY_CTX **place = signs ? &((key *)(uintptr_t)k)->signing : &((key *)(uintptr_t)k)->checking;
    if (*place != NULL)
        return *place;
    EVP_PKEY_CTX *made = openssl.EVP_PKEY_CTX_new(k->pkey, NULL);
    if (made == NULL ||
        (signs ? openssl.EVP_PKEY_sign_init(made) : openssl.EVP_PKEY_verify_init(made)) != 1 ||
        !set_up(k, made)) {
        openssl.EVP_PKEY_CTX_free(made);
        openssl.ERR_clear_error();
        return NULL;
    }
    return *place = made;
}

static bool check_digest(const key *k, const void *data, size_t len, const uint8_t *signature,
                         size_t signature_len)
{
    uint8_t digest[SHA256_BYTES];
    EVP_PKEY_CTX *context = context_of(k, false);
    if (context == NULL)
        return false;
    key_sha256(data, len, digest);
    bool is_right = openssl.EVP_PKEY_verify(context, signature, signature_len, digest, sizeof digest) == 1;
    if (!is_right)
        openssl.ERR_clear_error();
    return is_right;
}

/** Ed25519 takes the data itself. */
static bool check_eddsa(const key *k, const void *data, size_t len, const uint8_t *signature,
                        size_t signature_len)
{
    EVP_MD_CTX *context = signature_len == ED25519_SIGNATURE ? openssl.EVP_MD_CTX_new() : NULL;
    bool is_right = context != NULL &&
                    openssl.EVP_DigestVerifyInit(context, NULL, NULL, NULL, k->pkey) == 1 &&
                    openssl.EVP_DigestVerify(context, signature, signature_len, data, len) == 1;
    openssl.EVP_MD_CTX_free(context);
    if (!is_right)
        openssl.ERR_clear_error();
    return is_right;
}

static bool check_es256(const key *k, const void *data, size_t len, const uint8_t *raw)
{
    uint8_t der[DER_MOST];
    return is_in_range(raw) && is_in_range(raw + P256_BYTES) &&
           check_digest(k, data, len, der, to_der(raw, der));
}

bool signature_check(const key *k, const void *data, size_t len, const void *signature, size_t signature_len)
{
    uint8_t mac[SHA256_BYTES];
    switch (k->algorithm) {
    case KEY_HS256:
        if (signature_len != sizeof mac)
            return false;
        key_hmac(k, data, len, mac);
        return are_equal(mac, signature, sizeof mac);
    case KEY_RS256:
        return signature_len == (size_t)(openssl.EVP_PKEY_get_bits(k->pkey) + 7) / 8 &&
               check_digest(k, data, len, signature, signature_len);
    case KEY_ES256:
        return signature_len == ES256_BYTES && check_es256(k, data, len, signature);
    case KEY_EDDSA:
        return check_eddsa(k, data, len, signature, signature_len);
    }
    return false;
}

bool signature_check_der(const key *k, const void *data, size_t len, const void *signature,
                         size_t signature_len)
{
    uint8_t raw[ES256_BYTES];
    if (k->algorithm != KEY_ES256)
        return signature_check(k, data, len, signature, signature_len);
    return from_der(signature, signature_len, raw) && check_es256(k, data, len, raw);
}

/* -- making -- */

static size_t sign_digest(const key *k, const void *data, size_t len, uint8_t *out, size_t size)
{
    uint8_t digest[SHA256_BYTES];
    EVP_PKEY_CTX *context = context_of(k, true);
    if (context == NULL)
        return 0;
    key_sha256(data, len, digest);
    if (openssl.EVP_PKEY_sign(context, out, &size, digest, sizeof digest) == 1)
        return size;
    openssl.ERR_clear_error();
    return 0;
}

static size_t sign_es256(const key *k, const void *data, size_t len, uint8_t *out)
{
    uint8_t der[DER_MOST];
    size_t der_len = sign_digest(k, data, len, der, sizeof der);
    return der_len != 0 && from_der(der, der_len, out) ? ES256_BYTES : 0;
}

static size_t sign_eddsa(const key *k, const void *data, size_t len, uint8_t *out)
{
    size_t size = ED25519_SIGNATURE;
    EVP_MD_CTX *context = openssl.EVP_MD_CTX_new();
    bool is_made = context != NULL && openssl.EVP_DigestSignInit(context, NULL, NULL, NULL, k->pkey) == 1 &&
                   openssl.EVP_DigestSign(context, out, &size, data, len) == 1;
    openssl.EVP_MD_CTX_free(context);
    openssl.ERR_clear_error();
    return is_made ? size : 0;
}

size_t signature_make(const key *k, const void *data, size_t len, uint8_t *out)
{
    if (!k->can_sign)
        return 0;
    switch (k->algorithm) {
    case KEY_HS256:
        key_hmac(k, data, len, out);
        return SHA256_BYTES;
    case KEY_RS256:
        return sign_digest(k, data, len, out, SIGNATURE_MOST);
    case KEY_ES256:
        return sign_es256(k, data, len, out);
    case KEY_EDDSA:
        return sign_eddsa(k, data, len, out);
    }
    return 0;
}

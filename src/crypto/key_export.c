/** Keys as others know them: thumbprints, JWK, PEM. */
#include "crypto/base64url.h"
#include "crypto/key_internal.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_MOST = KEY_MOST_RSA_BITS / 8, TEXT_MOST = BASE64URL_LEN(NUMBER_MOST) + 1 };

/** The numbers of a public key as base64url. */
typedef struct public_texts {
    char first[TEXT_MOST], second[TEXT_MOST]; /* n and e; x and y; x and "" */
} public_texts;

/** `least`: bytes to pad to. */
static bool put_number(const key *k, const char *name, size_t least, char *out)
{
    uint8_t bytes[NUMBER_MOST];
    BIGNUM *number = NULL;
    if (openssl.EVP_PKEY_get_bn_param(k->pkey, name, &number) != 1)
        return false;
    size_t len = ((size_t)openssl.BN_num_bits(number) + 7) / 8;
    len = len < least ? least : len;
    bool fits = len <= sizeof bytes && openssl.BN_bn2binpad(number, bytes, (int)len) >= 0;
    openssl.BN_free(number);
    if (fits)
        out[base64url_write(bytes, len, out)] = '\0';
    return fits;
}

static bool read_texts(const key *k, public_texts *t)
{
    uint8_t raw[ED25519_BYTES];
    size_t len = sizeof raw;
    t->second[0] = '\0';
    switch (k->algorithm) {
    case KEY_RS256:
        return put_number(k, OSSL_PKEY_PARAM_RSA_N, 1, t->first) &&
               put_number(k, OSSL_PKEY_PARAM_RSA_E, 1, t->second);
    case KEY_ES256:
        return put_number(k, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES, t->first) &&
               put_number(k, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES, t->second);
    case KEY_EDDSA:
        if (openssl.EVP_PKEY_get_raw_public_key(k->pkey, raw, &len) != 1 || len != sizeof raw)
            return false;
        t->first[base64url_write(raw, len, t->first)] = '\0';
        return true;
    default:
        return false;
    }
}

/** The members that RFC 7638 section 3.2 hashes, in its order; the length, 0 when `size` is too small. */
static size_t write_members(const key *k, char *out, size_t size)
{
    public_texts t;
    int len = 0;
    if (!read_texts(k, &t))
        return 0;
    if (k->algorithm == KEY_RS256)
        len = snprintf(out, size, "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", t.second, t.first);
    else if (k->algorithm == KEY_ES256)
        len = snprintf(out, size, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", t.first,
                       t.second);
    else
        len = snprintf(out, size, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", t.first);
    return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

void key_thumbprint(const key *k, char id[KEY_ID_LEN + 1])
{
    static const char purpose[] = "tern: the id of this key";
    char members[2 * TEXT_MOST + 64];
    uint8_t digest[SHA256_BYTES] = {0};
    if (k->algorithm == KEY_HS256)
        key_hmac(k, purpose, sizeof purpose - 1, digest);
    else
        key_sha256(members, write_members(k, members, sizeof members), digest);
    id[base64url_write(digest, sizeof digest, id)] = '\0';
}

size_t key_write_jwk(const key *k, const char *id, char *out, size_t size)
{
    size_t len = k->algorithm != KEY_HS256 ? write_members(k, out, size) : 0;
    if (len == 0)
        return 0;
    int more = snprintf(out + len - 1, size - len + 1, ",\"kid\":\"%s\",\"alg\":\"%s\",\"use\":\"sig\"}", id,
                        key_algorithm_name(k->algorithm));
    return more > 0 && (size_t)more < size - len + 1 ? len - 1 + (size_t)more : 0;
}

size_t key_write_pem(const key *k, bool is_private, char *out, size_t size)
{
    BIO *bio = k->pkey != NULL && (!is_private || k->can_sign) ? openssl.BIO_new(openssl.BIO_s_mem()) : NULL;
    char *text = NULL;
    if (bio == NULL)
        return 0;
    int is_written = is_private
                         ? openssl.PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL)
                         : openssl.PEM_write_bio_PUBKEY(bio, k->pkey);
    long len = is_written == 1 ? openssl.BIO_ctrl(bio, BIO_CTRL_INFO, 0, &text) : 0;
    bool fits = len > 0 && (size_t)len < size;
    if (fits) {
        memcpy(out, text, (size_t)len);
        out[len] = '\0';
    }
    if (len > 0)
        openssl.OPENSSL_cleanse(text, (size_t)len);
    openssl.BIO_free(bio);
    return fits ? (size_t)len : 0;
}

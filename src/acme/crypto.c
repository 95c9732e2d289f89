#include "acme/crypto.h"

#include "tls/make.h"

#include <limits.h>
#include <string.h>

enum { POINT_BYTES = 1 + 2 * CRYPTO_COORDINATE_BYTES, UNCOMPRESSED = 4 };

/* -- keys -- */

crypto_key *crypto_key_new(void)
{
    return tls_make_key("EC", 0);
}

static bool get_point(const crypto_key *key, uint8_t point[POINT_BYTES])
{
    size_t len = 0;
    return openssl.EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", point, POINT_BYTES, &len) == 1 &&
           len == POINT_BYTES && point[0] == UNCOMPRESSED;
}

/** Keys are written by Tern without a password; libcrypto must not ask for one on the terminal. */
static int no_password(char *out, int size, int is_writing, void *arg)
{
    (void)out, (void)size, (void)is_writing, (void)arg;
    return -1;
}

crypto_key *crypto_key_read(tern_str pem)
{
    uint8_t point[POINT_BYTES];
    BIO *in = pem.len <= INT_MAX ? openssl.BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    if (in == NULL)
        return NULL;
    crypto_key *key = openssl.PEM_read_bio_PrivateKey(in, NULL, no_password, NULL);
    openssl.BIO_free(in);
    if (key != NULL && !get_point(key, point)) {
        crypto_key_free(key);
        key = NULL;
    }
    openssl.ERR_clear_error();
    return key;
}

tern_str crypto_key_print(crypto_key *key, arena *a)
{
    tern_str pem = {0};
    buf text = {0};
    if (tls_pem_of_key(key, &text))
        pem.data = arena_text(a, text.data, text.len);
    if (pem.data != NULL)
        pem.len = text.len;
    if (text.len > 0)
        openssl.OPENSSL_cleanse(text.data, text.len);
    buf_free(&text);
    return pem;
}

void crypto_key_free(crypto_key *key)
{
    openssl.EVP_PKEY_free(key);
}

bool crypto_key_point(const crypto_key *key, uint8_t x[CRYPTO_COORDINATE_BYTES],
                      uint8_t y[CRYPTO_COORDINATE_BYTES])
{
    uint8_t point[POINT_BYTES];
    if (!get_point(key, point))
        return false;
    memcpy(x, point + 1, CRYPTO_COORDINATE_BYTES);
    memcpy(y, point + 1 + CRYPTO_COORDINATE_BYTES, CRYPTO_COORDINATE_BYTES);
    return true;
}

/* -- signatures -- */

/** r and s at fixed width from their DER form. */
static bool put_fixed(const uint8_t *der, size_t len, uint8_t out[CRYPTO_SIGNATURE_BYTES])
{
    ECDSA_SIG *pair = openssl.d2i_ECDSA_SIG(NULL, &der, (long)len);
    if (pair == NULL)
        return false;
    const BIGNUM *r, *s;
    openssl.ECDSA_SIG_get0(pair, &r, &s);
    bool is_put = openssl.BN_bn2binpad(r, out, CRYPTO_COORDINATE_BYTES) >= 0 &&
                  openssl.BN_bn2binpad(s, out + CRYPTO_COORDINATE_BYTES, CRYPTO_COORDINATE_BYTES) >= 0;
    openssl.ECDSA_SIG_free(pair);
    return is_put;
}

bool crypto_sign(crypto_key *key, tern_str data, uint8_t out[CRYPTO_SIGNATURE_BYTES])
{
    uint8_t der[128];
    size_t len = sizeof der;
    EVP_MD_CTX *context = openssl.EVP_MD_CTX_new();
    if (context == NULL)
        return false;
    bool is_signed =
        openssl.EVP_DigestSignInit(context, NULL, openssl.EVP_sha256(), NULL, key) == 1 &&
        openssl.EVP_DigestSign(context, der, &len, (const unsigned char *)data.data, data.len) == 1 &&
        put_fixed(der, len, out);
    openssl.EVP_MD_CTX_free(context);
    return is_signed;
}

void crypto_sha256(tern_str data, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    openssl.SHA256((const unsigned char *)data.data, data.len, out);
}

bool crypto_hmac_sha256(const uint8_t *key, size_t key_len, tern_str data, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    unsigned len = CRYPTO_DIGEST_BYTES;
    return key_len <= INT_MAX && openssl.HMAC(openssl.EVP_sha256(), key, (int)key_len,
                                              (const unsigned char *)data.data, data.len, out, &len) != NULL;
}

#include "crypto/pbkdf2.h"

#ifndef TERN_WITH_TLS

bool pbkdf2_load(const char **problem)
{
    *problem = "this program was built without OpenSSL: install libssl-dev and build Tern again";
    return false;
}

bool pbkdf2_derive(pbkdf2_hash hash, const char *password, size_t len, const char *salt, size_t salt_len,
                   unsigned rounds, uint8_t *out, size_t size)
{
    (void)hash, (void)password, (void)len, (void)salt, (void)salt_len, (void)rounds, (void)out, (void)size;
    return false;
}

#else

#include "tls/openssl.h"

bool pbkdf2_load(const char **problem)
{
    return openssl_load(problem);
}

bool pbkdf2_derive(pbkdf2_hash hash, const char *password, size_t len, const char *salt, size_t salt_len,
                   unsigned rounds, uint8_t *out, size_t size)
{
    const EVP_MD *digest = hash == PBKDF2_SHA1     ? openssl.EVP_sha1()
                           : hash == PBKDF2_SHA256 ? openssl.EVP_sha256()
                                                   : openssl.EVP_sha512();
    bool is_made = openssl.PKCS5_PBKDF2_HMAC(password, (int)len, (const unsigned char *)salt, (int)salt_len,
                                             (int)rounds, digest, (int)size, out) == 1;
    if (!is_made)
        openssl.ERR_clear_error();
    return is_made;
}

#endif

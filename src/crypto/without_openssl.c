/** Keys in a build without OpenSSL's headers: key_load says so, and nothing else is called. */
#include "crypto/signature.h"

const char *key_algorithm_name(key_algorithm algorithm)
{
    static const char *const names[KEY_ALGORITHMS] = {"HS256", "RS256", "ES256", "EdDSA"};
    return names[algorithm];
}

bool key_load(const char **problem)
{
    *problem = "this program was built without OpenSSL: install libssl-dev and build Tern again";
    return false;
}

#define WITHOUT(type, name, parameters, value)                                                               \
    type name parameters                                                                                     \
    {                                                                                                        \
        return value;                                                                                        \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"

WITHOUT(bool, key_algorithm_find, (const char *name, size_t len, key_algorithm *algorithm), false)
WITHOUT(key *, key_of_secret, (const void *secret, size_t len, const char **problem), NULL)
WITHOUT(key *, key_of_pem, (const char *text, size_t len, const char **problem), NULL)
WITHOUT(key *, key_of_parts, (const key_parts *parts, const char **problem), NULL)
WITHOUT(key *, key_of_cose, (const void *data, size_t len, size_t *used, const char **problem), NULL)
WITHOUT(key *, key_generate, (key_algorithm algorithm, unsigned bits), NULL)
WITHOUT(void, key_free, (key * k), )
WITHOUT(key_algorithm, key_algorithm_of, (const key *k), KEY_HS256)
WITHOUT(bool, key_can_sign, (const key *k), false)
WITHOUT(void, key_thumbprint, (const key *k, char id[KEY_ID_LEN + 1]), )
WITHOUT(void, key_sha256, (const void *data, size_t len, uint8_t out[32]), )
WITHOUT(size_t, key_write_jwk, (const key *k, const char *id, char *out, size_t size), 0)
WITHOUT(size_t, key_write_pem, (const key *k, bool is_private, char *out, size_t size), 0)
WITHOUT(size_t, signature_make, (const key *k, const void *data, size_t len, uint8_t *out), 0)
WITHOUT(bool, signature_check,
        (const key *k, const void *data, size_t len, const void *signature, size_t signature_len), false)
WITHOUT(bool, signature_check_der,
        (const key *k, const void *data, size_t len, const void *signature, size_t signature_len), false)

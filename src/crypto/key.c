#include "crypto/key_internal.h"

#include "base/mem.h"

#include <string.h>

static const char out_of_memory[] = "out of memory";

static const char *const names[KEY_ALGORITHMS] = {
    [KEY_HS256] = "HS256", [KEY_RS256] = "RS256", [KEY_ES256] = "ES256", [KEY_EDDSA] = "EdDSA"};

const char *key_algorithm_name(key_algorithm algorithm)
{
    return names[algorithm];
}

bool key_algorithm_find(const char *name, size_t len, key_algorithm *algorithm)
{
    for (unsigned i = 0; i < KEY_ALGORITHMS; i++) {
        if (strlen(names[i]) != len || memcmp(names[i], name, len) != 0)
            continue;
        *algorithm = (key_algorithm)i;
        return true;
    }
    return false;
}

bool key_load(const char **problem)
{
    return openssl_load(problem);
}

void key_free(key *k)
{
    if (k == NULL)
        return;
    openssl.EVP_PKEY_CTX_free(k->checking);
    openssl.EVP_PKEY_CTX_free(k->signing);
    openssl.EVP_PKEY_free(k->pkey);
    openssl.OPENSSL_cleanse(k, sizeof *k);
    mem_free(k);
}

/* -- secrets -- */

key *key_of_secret(const void *secret, size_t len, const char **problem)
{
    uint8_t block[SHA256_CBLOCK] = {0};
    if (len < KEY_LEAST_SECRET) {
        *problem = "a secret of HS256 needs at least 32 bytes";
        return NULL;
    }
    key *k = mem_zero(1, sizeof *k);
    if (k == NULL) {
        *problem = out_of_memory;
        return NULL;
    }
    k->algorithm = KEY_HS256;
    k->can_sign = true;
    if (len > sizeof block)
        key_sha256(secret, len, block);
    else
        memcpy(block, secret, len);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    openssl.SHA256_Init(&k->inner);
    openssl.SHA256_Update(&k->inner, block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    openssl.SHA256_Init(&k->outer);
    openssl.SHA256_Update(&k->outer, block, sizeof block);
    openssl.OPENSSL_cleanse(block, sizeof block);
    return k;
}

/* -- keys of OpenSSL -- */

/** Which algorithm the key is for; false, with `*problem`, for a key that none is. */
static bool choose(const EVP_PKEY *pkey, key_algorithm *algorithm, const char **problem)
{
    char group[32];
    int bits = openssl.EVP_PKEY_get_bits(pkey);
    switch (openssl.EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_RSA:
        *algorithm = KEY_RS256;
        *problem = bits < KEY_LEAST_RSA_BITS ? "an RSA key needs at least 2048 bits"
                                             : "an RSA key may have at most 8192 bits";
        return bits >= KEY_LEAST_RSA_BITS && bits <= KEY_MOST_RSA_BITS;
    case EVP_PKEY_EC: /* a curve that is spelled out has no name, and is refused: it may be anything */
        *algorithm = KEY_ES256;
        *problem = "the only curve of EC keys is P-256";
        return openssl.EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                                      NULL) == 1 &&
               strcmp(group, "prime256v1") == 0;
    case EVP_PKEY_ED25519:
        *algorithm = KEY_EDDSA;
        return true;
    default:
        *problem = "it is not an RSA, EC P-256 or Ed25519 key";
        return false;
    }
}

/** Whether the numbers of the key fit together. */
static bool is_consistent(EVP_PKEY *pkey, bool is_private)
{
    if (openssl.EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
        return true; /* every text of 32 bytes is one */
    EVP_PKEY_CTX *check = openssl.EVP_PKEY_CTX_new(pkey, NULL);
    bool is = check != NULL && (is_private ? openssl.EVP_PKEY_pairwise_check(check)
                                           : openssl.EVP_PKEY_public_check(check)) == 1;
    openssl.EVP_PKEY_CTX_free(check);
    return is;
}

/** Takes `pkey`, which may be NULL: then OpenSSL has refused it. */
static key *wrap(EVP_PKEY *pkey, bool is_private, const char **problem)
{
    key_algorithm algorithm;
    key *k = NULL;
    if (pkey == NULL)
        *problem = "its numbers are not those of a key";
    else if (choose(pkey, &algorithm, problem)) {
        *problem = "its numbers do not fit together";
        if (is_consistent(pkey, is_private)) {
            k = mem_zero(1, sizeof *k);
            *problem = out_of_memory;
        }
    }
    openssl.ERR_clear_error();
    if (k == NULL)
        openssl.EVP_PKEY_free(pkey);
    else
        *k = (key){.algorithm = algorithm, .can_sign = is_private, .pkey = pkey};
    return k;
}

/** Never asks at a terminal. */
static int no_password(char *out, int size, int is_writing, void *unused)
{
    (void)out, (void)size, (void)is_writing, (void)unused;
    return -1;
}

static EVP_PKEY *public_of_certificate(BIO *bio)
{
    X509 *certificate = openssl.PEM_read_bio_X509(bio, NULL, no_password, NULL);
    EVP_PKEY *pkey = certificate != NULL ? openssl.X509_get_pubkey(certificate) : NULL;
    openssl.X509_free(certificate);
    return pkey;
}

key *key_of_pem(const char *text, size_t len, const char **problem)
{
    bool is_private = false;
    EVP_PKEY *pkey = NULL;
    for (int attempt = 0; attempt < 3 && pkey == NULL && len <= 64 * 1024; attempt++) {
        BIO *bio = openssl.BIO_new_mem_buf(text, (int)len);
        if (bio == NULL)
            break;
        pkey = attempt == 0   ? openssl.PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL)
               : attempt == 1 ? openssl.PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL)
                              : public_of_certificate(bio);
        is_private = attempt == 0;
        openssl.BIO_free(bio);
        openssl.ERR_clear_error();
    }
    if (pkey == NULL) {
        *problem =
            "it is not a PEM text with a private key without a password, a public key or a certificate";
        return NULL;
    }
    return wrap(pkey, is_private, problem);
}

key *key_generate(key_algorithm algorithm, unsigned bits)
{
    const char *problem;
    if (algorithm == KEY_HS256) {
        uint8_t secret[KEY_LEAST_SECRET];
        key *k = openssl.RAND_bytes(secret, sizeof secret) == 1
                     ? key_of_secret(secret, sizeof secret, &problem)
                     : NULL;
        openssl.OPENSSL_cleanse(secret, sizeof secret);
        return k;
    }
    EVP_PKEY *pkey =
        algorithm == KEY_RS256
            ? openssl.EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)(bits != 0 ? bits : KEY_LEAST_RSA_BITS))
        : algorithm == KEY_ES256 ? openssl.EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                 : openssl.EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return wrap(pkey, true, &problem);
}

/* -- keys of parts -- */

enum { PARAMS_MAX = 10 };

/** Numbers for EVP_PKEY_fromdata, which takes them in the machine's byte order. */
typedef struct builder {
    OSSL_PARAM params[PARAMS_MAX + 1];
    unsigned count;
    uint8_t bytes[6 * KEY_MOST_RSA_BITS / 8 + 64];
    size_t used;
    bool is_wrong;
} builder;

static void add_number(builder *b, const char *name, const key_part *part)
{
    const uint8_t *data = part->data;
    if (part->data == NULL)
        return;
    if (part->len == 0 || part->len > sizeof b->bytes - b->used || b->count == PARAMS_MAX) {
        b->is_wrong = true;
        return;
    }
    uint8_t *to = b->bytes + b->used;
    for (size_t i = 0; i < part->len; i++)
        to[i] = data[part->len - 1 - i];
    b->used += part->len;
    b->params[b->count++] =
        (OSSL_PARAM){name, OSSL_PARAM_UNSIGNED_INTEGER, to, part->len, OSSL_PARAM_UNMODIFIED};
}

static EVP_PKEY *build(const char *kind, builder *b, bool is_private)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *maker = b->is_wrong ? NULL : openssl.EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    b->params[b->count] = (OSSL_PARAM){0};
    if (maker != NULL && openssl.EVP_PKEY_fromdata_init(maker) == 1 &&
        openssl.EVP_PKEY_fromdata(maker, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                                  b->params) != 1) {
        openssl.EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    openssl.EVP_PKEY_CTX_free(maker);
    openssl.OPENSSL_cleanse(b->bytes, sizeof b->bytes);
    return pkey;
}

static key *ec_of_parts(const key_parts *parts, const char **problem)
{
    builder b = {0};
    uint8_t point[1 + 2 * P256_BYTES] = {4};
    bool is_private = parts->d.data != NULL;
    *problem = "an EC key of P-256 has x, y and d of 32 bytes each";
    if (parts->x.len != P256_BYTES || parts->y.len != P256_BYTES ||
        (is_private && parts->d.len != P256_BYTES) || parts->x.data == NULL || parts->y.data == NULL)
        return NULL;
    memcpy(point + 1, parts->x.data, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, parts->y.data, P256_BYTES);
    b.params[b.count++] = (OSSL_PARAM){OSSL_PKEY_PARAM_GROUP_NAME, OSSL_PARAM_UTF8_STRING,
                                       (char *)(uintptr_t) "prime256v1", 10, OSSL_PARAM_UNMODIFIED};
    b.params[b.count++] = (OSSL_PARAM){OSSL_PKEY_PARAM_PUB_KEY, OSSL_PARAM_OCTET_STRING, point, sizeof point,
                                       OSSL_PARAM_UNMODIFIED};
    add_number(&b, OSSL_PKEY_PARAM_PRIV_KEY, &parts->d);
    return wrap(build("EC", &b, is_private), is_private, problem);
}

static key *rsa_of_parts(const key_parts *parts, const char **problem)
{
    builder b = {0};
    bool is_private = parts->d.data != NULL;
    const uint8_t *e = parts->e.data;
    *problem = "an RSA key has n, and an odd e of at most 8 bytes that is not 1";
    if (parts->n.data == NULL || e == NULL || parts->e.len == 0 || parts->e.len > 8 ||
        parts->n.len > KEY_MOST_RSA_BITS / 8 || (e[parts->e.len - 1] & 1) == 0 ||
        (parts->e.len == 1 && e[0] == 1))
        return NULL;
    *problem = "a private RSA key needs p, q, dp, dq and qi beside d";
    if (is_private && (parts->p.data == NULL || parts->q.data == NULL || parts->dp.data == NULL ||
                       parts->dq.data == NULL || parts->qi.data == NULL))
        return NULL;
    add_number(&b, OSSL_PKEY_PARAM_RSA_N, &parts->n);
    add_number(&b, OSSL_PKEY_PARAM_RSA_E, &parts->e);
    if (is_private) {
        add_number(&b, OSSL_PKEY_PARAM_RSA_D, &parts->d);
        add_number(&b, OSSL_PKEY_PARAM_RSA_FACTOR1, &parts->p);
        add_number(&b, OSSL_PKEY_PARAM_RSA_FACTOR2, &parts->q);
        add_number(&b, OSSL_PKEY_PARAM_RSA_EXPONENT1, &parts->dp);
        add_number(&b, OSSL_PKEY_PARAM_RSA_EXPONENT2, &parts->dq);
        add_number(&b, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &parts->qi);
    }
    return wrap(build("RSA", &b, is_private), is_private, problem);
}

static key *ed25519_of_parts(const key_parts *parts, const char **problem)
{
    uint8_t made[ED25519_BYTES];
    size_t len = sizeof made;
    bool is_private = parts->d.data != NULL;
    *problem = "an Ed25519 key has x and d of 32 bytes each";
    if (parts->x.data == NULL || parts->x.len != ED25519_BYTES ||
        (is_private && parts->d.len != ED25519_BYTES))
        return NULL;
    EVP_PKEY *pkey =
        is_private ? openssl.EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, parts->d.data, parts->d.len)
                   : openssl.EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, parts->x.data, parts->x.len);
    if (pkey != NULL && is_private &&
        (openssl.EVP_PKEY_get_raw_public_key(pkey, made, &len) != 1 ||
         memcmp(made, parts->x.data, sizeof made) != 0)) {
        *problem = "its numbers do not fit together";
        openssl.EVP_PKEY_free(pkey);
        return NULL;
    }
    return wrap(pkey, is_private, problem);
}

key *key_of_parts(const key_parts *parts, const char **problem)
{
    switch (parts->algorithm) {
    case KEY_HS256:
        return key_of_secret(parts->secret.data, parts->secret.len, problem);
    case KEY_RS256:
        return rsa_of_parts(parts, problem);
    case KEY_ES256:
        return ec_of_parts(parts, problem);
    case KEY_EDDSA:
        return ed25519_of_parts(parts, problem);
    }
    *problem = "its algorithm is unknown";
    return NULL;
}

key_algorithm key_algorithm_of(const key *k)
{
    return k->algorithm;
}

bool key_can_sign(const key *k)
{
    return k->can_sign;
}

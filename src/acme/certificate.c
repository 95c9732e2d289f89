/** Making certificates; certificate_check.c reads them. */
#include "acme/certificate.h"

#include "acme/libcrypto.h"
#include "base/random.h"

#include <string.h>

enum { CHALLENGE_S = 24 * 3600, TEMPORARY_S = 7 * 24 * 3600, BACKDATED_S = 3600, SERIAL_BYTES = 16, VERSION_3 = 2 };

#define ACME_IDENTIFIER_OID "1.3.6.1.5.5.7.1.31" /* id-pe-acmeIdentifier, RFC 8737 section 3 */

/** "DNS:a.example,DNS:b.example", for libcrypto's own reader of extensions. Names have no comma: names.h. */
static const char *alternative_names(const char *const *names, unsigned count, arena *a)
{
    const char *text = "";
    for (unsigned i = 0; i < count && text != NULL; i++)
        text = arena_printf(a, "%s%sDNS:%s", text, i > 0 ? "," : "", names[i]);
    return text;
}

static X509_EXTENSION *names_extension(const char *const *names, unsigned count, arena *a)
{
    const char *text = alternative_names(names, count, a);
    return text != NULL ? libcrypto.X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text) : NULL;
}

/* -- requests -- */

static bool add_request_names(X509_REQ *request, const acme_names *names, arena *a)
{
    OPENSSL_STACK *list = libcrypto.OPENSSL_sk_new_null();
    X509_EXTENSION *extension = names_extension((const char *const *)names->list, names->count, a);
    bool is_added = list != NULL && extension != NULL && libcrypto.OPENSSL_sk_push(list, extension) > 0 &&
                    libcrypto.X509_REQ_add_extensions(request, (STACK_OF(X509_EXTENSION) *)list) == 1;
    libcrypto.X509_EXTENSION_free(extension);
    libcrypto.OPENSSL_sk_free(list);
    return is_added;
}

tern_str certificate_request(crypto_key *key, const acme_names *names, arena *a)
{
    tern_str der = {0};
    unsigned char *made = NULL;
    int len = 0;
    X509_REQ *request = libcrypto.X509_REQ_new();
    if (request != NULL && libcrypto.X509_REQ_set_version(request, 0) == 1 &&
        libcrypto.X509_REQ_set_pubkey(request, key) == 1 && add_request_names(request, names, a) &&
        libcrypto.X509_REQ_sign(request, key, libcrypto.EVP_sha256()) > 0)
        len = libcrypto.i2d_X509_REQ(request, &made);
    if (len > 0)
        der.data = arena_text(a, (const char *)made, (size_t)len);
    if (der.data != NULL)
        der.len = (size_t)len;
    libcrypto.CRYPTO_free(made, __FILE__, __LINE__);
    libcrypto.X509_REQ_free(request);
    return der;
}

/* -- certificates signed by their own key -- */

static bool set_serial(X509 *x)
{
    uint8_t bytes[SERIAL_BYTES];
    if (!random_bytes(bytes, sizeof bytes))
        return false;
    bytes[0] = (bytes[0] & 0x3f) | 0x40; /* positive, and of one length */
    BIGNUM *number = libcrypto.BN_bin2bn(bytes, sizeof bytes, NULL);
    ASN1_INTEGER *serial = number != NULL ? libcrypto.BN_to_ASN1_INTEGER(number, NULL) : NULL;
    bool is_set = serial != NULL && libcrypto.X509_set_serialNumber(x, serial) == 1;
    libcrypto.ASN1_INTEGER_free(serial);
    libcrypto.BN_free(number);
    return is_set;
}

static bool add_and_free(X509 *x, X509_EXTENSION *extension)
{
    bool is_added = extension != NULL && libcrypto.X509_add_ext(x, extension, -1) == 1;
    libcrypto.X509_EXTENSION_free(extension);
    return is_added;
}

/** Everything but extensions and signature. */
static bool fill(X509 *x, crypto_key *key, const char *subject, long life_s)
{
    X509_NAME *name = libcrypto.X509_get_subject_name(x);
    return libcrypto.X509_set_version(x, VERSION_3) == 1 && set_serial(x) &&
           libcrypto.X509_gmtime_adj(libcrypto.X509_getm_notBefore(x), -BACKDATED_S) != NULL &&
           libcrypto.X509_gmtime_adj(libcrypto.X509_getm_notAfter(x), life_s) != NULL &&
           libcrypto.X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)subject, -1, -1,
                                                0) == 1 &&
           libcrypto.X509_set_issuer_name(x, name) == 1 && libcrypto.X509_set_pubkey(x, key) == 1;
}

static tern_str print(X509 *x, arena *a)
{
    tern_str pem = {0};
    char *data = NULL;
    long len = 0;
    BIO *out = libcrypto.BIO_new(libcrypto.BIO_s_mem());
    if (out != NULL && libcrypto.PEM_write_bio_X509(out, x) == 1)
        len = libcrypto.BIO_ctrl(out, BIO_CTRL_INFO, 0, &data);
    if (len > 0)
        pem.data = arena_text(a, data, (size_t)len);
    if (pem.data != NULL)
        pem.len = (size_t)len;
    libcrypto.BIO_free(out);
    return pem;
}

/** Critical, and its value is an OCTET STRING of the digest inside the extension's own. */
static X509_EXTENSION *identifier_extension(const uint8_t digest[CRYPTO_DIGEST_BYTES])
{
    uint8_t der[2 + CRYPTO_DIGEST_BYTES] = {0x04, CRYPTO_DIGEST_BYTES};
    memcpy(der + 2, digest, CRYPTO_DIGEST_BYTES);
    ASN1_OBJECT *oid = libcrypto.OBJ_txt2obj(ACME_IDENTIFIER_OID, 1);
    ASN1_OCTET_STRING *value = libcrypto.ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    if (oid != NULL && value != NULL && libcrypto.ASN1_OCTET_STRING_set(value, der, sizeof der) == 1)
        extension = libcrypto.X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    libcrypto.ASN1_OCTET_STRING_free(value);
    libcrypto.ASN1_OBJECT_free(oid);
    return extension;
}

static tern_str print_both(X509 *x, crypto_key *key, arena *a)
{
    tern_str both = {0}, certificate = print(x, a), secret = crypto_key_print(key, a);
    if (certificate.data != NULL && secret.data != NULL)
        both.data = arena_printf(a, "%s%s", certificate.data, secret.data);
    if (both.data != NULL)
        both.len = certificate.len + secret.len;
    return both;
}

tern_str certificate_for_challenge(const char *name, const uint8_t digest[CRYPTO_DIGEST_BYTES], arena *a)
{
    tern_str pem = {0};
    crypto_key *key = crypto_key_new();
    X509 *x = libcrypto.X509_new();
    if (key != NULL && x != NULL && fill(x, key, "ACME challenge", CHALLENGE_S) &&
        add_and_free(x, names_extension(&name, 1, a)) && add_and_free(x, identifier_extension(digest)) &&
        libcrypto.X509_sign(x, key, libcrypto.EVP_sha256()) > 0)
        pem = print_both(x, key, a);
    libcrypto.X509_free(x);
    crypto_key_free(key);
    return pem;
}

tern_str certificate_temporary(crypto_key *key, const acme_names *names, arena *a)
{
    tern_str pem = {0};
    X509 *x = libcrypto.X509_new();
    if (x != NULL && fill(x, key, "Temporary certificate of Tern", TEMPORARY_S) &&
        add_and_free(x, names_extension((const char *const *)names->list, names->count, a)) &&
        libcrypto.X509_sign(x, key, libcrypto.EVP_sha256()) > 0)
        pem = print(x, a);
    libcrypto.X509_free(x);
    return pem;
}

/** Making certificates; certificate_check.c reads them. */
#include "acme/certificate.h"

#include "tls/make.h"

#include <string.h>

enum { CHALLENGE_S = 24 * 3600, TEMPORARY_S = 30 * 24 * 3600, BACKDATED_S = 3600 };

#define ACME_IDENTIFIER_OID "1.3.6.1.5.5.7.1.31" /* id-pe-acmeIdentifier, RFC 8737 section 3 */

/* -- requests -- */

/** "DNS:a.example,DNS:b.example", for OpenSSL's own reader of extensions. Names have no comma: names.h. */
static X509_EXTENSION *names_extension(const acme_names *names, arena *a)
{
    const char *text = "";
    for (unsigned i = 0; i < names->count && text != NULL; i++)
        text = arena_printf(a, "%s%sDNS:%s", text, i > 0 ? "," : "", names->list[i]);
    return text != NULL ? openssl.X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text) : NULL;
}

static void free_extension(void *extension)
{
    openssl.X509_EXTENSION_free(extension);
}

static bool add_names(X509_REQ *request, const acme_names *names, arena *a)
{
    OPENSSL_STACK *list = openssl.OPENSSL_sk_new_null();
    X509_EXTENSION *extension = names_extension(names, a);
    bool is_listed = list != NULL && extension != NULL && openssl.OPENSSL_sk_push(list, extension) > 0;
    bool is_added =
        is_listed && openssl.X509_REQ_add_extensions(request, (STACK_OF(X509_EXTENSION) *)list) == 1;
    if (!is_listed)
        openssl.X509_EXTENSION_free(extension);
    openssl.OPENSSL_sk_pop_free(list, free_extension);
    return is_added;
}

tern_str certificate_request(crypto_key *key, const acme_names *names, arena *a)
{
    tern_str der = {0};
    unsigned char *made = NULL;
    int len = 0;
    X509_REQ *request = openssl.X509_REQ_new();
    if (request != NULL && openssl.X509_REQ_set_version(request, 0) == 1 &&
        openssl.X509_REQ_set_pubkey(request, key) == 1 && add_names(request, names, a) &&
        openssl.X509_REQ_sign(request, key, openssl.EVP_sha256()) > 0)
        len = openssl.i2d_X509_REQ(request, &made);
    if (len > 0)
        der.data = arena_text(a, (const char *)made, (size_t)len);
    if (der.data != NULL)
        der.len = (size_t)len;
    openssl.CRYPTO_free(made, __FILE__, __LINE__);
    openssl.X509_REQ_free(request);
    return der;
}

/* -- certificates signed by their own key -- */

/** Critical, and its value is an OCTET STRING of the digest inside the extension's own. */
static X509_EXTENSION *identifier_extension(const uint8_t digest[CRYPTO_DIGEST_BYTES])
{
    uint8_t der[2 + CRYPTO_DIGEST_BYTES] = {0x04, CRYPTO_DIGEST_BYTES};
    memcpy(der + 2, digest, CRYPTO_DIGEST_BYTES);
    ASN1_OBJECT *oid = openssl.OBJ_txt2obj(ACME_IDENTIFIER_OID, 1);
    ASN1_OCTET_STRING *value = openssl.ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    if (oid != NULL && value != NULL && openssl.ASN1_OCTET_STRING_set(value, der, sizeof der) == 1)
        extension = openssl.X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    openssl.ASN1_OCTET_STRING_free(value);
    openssl.ASN1_OBJECT_free(oid);
    return extension;
}

/** The certificate in PEM, and its key after it if asked for. */
static tern_str print(X509 *x, crypto_key *key, arena *a)
{
    tern_str pem = {0};
    buf text = {0};
    if (tls_pem_of_certificate(x, &text) && (key == NULL || tls_pem_of_key(key, &text)))
        pem.data = arena_text(a, text.data, text.len);
    if (pem.data != NULL)
        pem.len = text.len;
    buf_free(&text);
    return pem;
}

tern_str certificate_for_challenge(const char *name, const uint8_t digest[CRYPTO_DIGEST_BYTES], arena *a)
{
    tern_str pem = {0};
    const char *const names[] = {name, NULL};
    tls_wish wish = {.subject = "ACME challenge",
                     .names = names,
                     .from_s = -BACKDATED_S,
                     .until_s = CHALLENGE_S,
                     .key = crypto_key_new(),
                     .more = identifier_extension(digest)};
    X509 *x = wish.key != NULL && wish.more != NULL ? tls_make_certificate(&wish) : NULL;
    if (x != NULL)
        pem = print(x, wish.key, a);
    openssl.X509_free(x);
    openssl.X509_EXTENSION_free(wish.more);
    crypto_key_free(wish.key);
    return pem;
}

tern_str certificate_temporary(crypto_key *key, const acme_names *names, arena *a)
{
    tern_str pem = {0};
    const char *list[ACME_NAMES + 1];
    for (unsigned i = 0; i < names->count; i++)
        list[i] = names->list[i];
    list[names->count] = NULL;
    const tls_wish wish = {.subject = "Temporary certificate of Tern",
                           .names = list,
                           .from_s = -BACKDATED_S,
                           .until_s = TEMPORARY_S,
                           .key = key};
    X509 *x = tls_make_certificate(&wish);
    if (x != NULL)
        pem = print(x, NULL, a);
    openssl.X509_free(x);
    return pem;
}

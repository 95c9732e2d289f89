#include "tls/peer.h"

#include "tls/certificate.h"
#include "tls/internal.h"
#include "tls/make.h"

#include <arpa/inet.h>
#include <string.h>

/** Moves what was written to `bio` into the arena; NULL when it could not be. Frees `bio`. */
static const char *take_text(BIO *bio, bool is_written, arena *a)
{
    char *data = NULL;
    long len = is_written ? openssl.BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data) : -1;
    const char *text = len >= 0 ? arena_text(a, data, (size_t)len) : NULL;
    openssl.BIO_free(bio);
    return text;
}

static const char *name_text(X509_NAME *name, arena *a)
{
    BIO *bio = openssl.BIO_new(openssl.BIO_s_mem());
    bool is_written =
        bio != NULL && openssl.X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0;
    return take_text(bio, is_written, a);
}

static const char *serial_text(X509 *certificate, arena *a)
{
    BIGNUM *number = openssl.ASN1_INTEGER_to_BN(openssl.X509_get0_serialNumber(certificate), NULL);
    char *digits = number != NULL ? openssl.BN_bn2hex(number) : NULL;
    const char *text = digits != NULL ? arena_text(a, digits, strlen(digits)) : NULL;
    openssl.BN_free(number);
    openssl.CRYPTO_free(digits, "", 0);
    return text;
}

static const char *fingerprint_text(const X509 *certificate, arena *a)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[32];
    unsigned len = 0;
    char text[2 * sizeof digest];
    if (openssl.X509_digest(certificate, openssl.EVP_sha256(), digest, &len) != 1)
        return NULL;
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    return arena_text(a, text, 2 * len);
}

/** An alternative name with its kind; "" for a kind that is passed over, NULL when out of memory. A name with a NUL
 * inside is not one. */
static const char *alternative_text(const GENERAL_NAME *name, arena *a)
{
    int kind;
    char address[INET6_ADDRSTRLEN];
    const ASN1_STRING *value = openssl.GENERAL_NAME_get0_value(name, &kind);
    const char *prefix = kind == GEN_DNS     ? "DNS"
                         : kind == GEN_EMAIL ? "email"
                         : kind == GEN_URI   ? "URI"
                                             : NULL;
    if (prefix == NULL && kind != GEN_IPADD)
        return "";
    const unsigned char *data = openssl.ASN1_STRING_get0_data(value);
    size_t len = (size_t)openssl.ASN1_STRING_length(value);
    if (prefix != NULL)
        return memchr(data, '\0', len) != NULL
                   ? ""
                   : arena_printf(a, "%s:%.*s", prefix, (int)len, (const char *)data);
    if ((len != 4 && len != 16) ||
        inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof address) == NULL)
        return "";
    return arena_printf(a, "IP:%s", address);
}

static bool read_names(X509 *certificate, arena *a, tls_peer *out)
{
    OPENSSL_STACK *all = openssl.X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = all != NULL ? openssl.OPENSSL_sk_num(all) : 0;
    const char **names = arena_alloc(a, (size_t)count * sizeof *names);
    bool is_complete = names != NULL;
    for (int i = 0; is_complete && i < count; i++) {
        const char *text = alternative_text(openssl.OPENSSL_sk_value(all, i), a);
        is_complete = text != NULL;
        if (is_complete && text[0] != '\0')
            names[out->name_count++] = text;
    }
    out->names = names;
    if (all != NULL)
        openssl.GENERAL_NAMES_free((GENERAL_NAMES *)all);
    return is_complete;
}

bool tls_has_peer(const tls_session *s)
{
    X509 *certificate = openssl.SSL_get1_peer_certificate(s->ssl);
    openssl.X509_free(certificate);
    return certificate != NULL;
}

bool tls_read_peer(const tls_session *s, arena *a, tls_peer *out)
{
    *out = (tls_peer){0};
    openssl.ERR_clear_error();
    X509 *certificate = openssl.SSL_get1_peer_certificate(s->ssl);
    if (certificate == NULL)
        return false;
    out->subject = name_text(openssl.X509_get_subject_name(certificate), a);
    out->issuer = name_text(openssl.X509_get_issuer_name(certificate), a);
    out->serial = serial_text(certificate, a);
    out->fingerprint = fingerprint_text(certificate, a);
    out->not_before_s = tls_time_of(openssl.X509_get0_notBefore(certificate));
    out->not_after_s = tls_time_of(openssl.X509_get0_notAfter(certificate));
    bool is_complete = read_names(certificate, a, out) && out->subject != NULL && out->issuer != NULL &&
                       out->serial != NULL && out->fingerprint != NULL;
    openssl.X509_free(certificate);
    openssl.ERR_clear_error();
    return is_complete;
}

const char *tls_peer_pem(const tls_session *s, arena *a)
{
    buf pem = {0};
    X509 *certificate = openssl.SSL_get1_peer_certificate(s->ssl);
    const char *text = NULL;
    if (certificate != NULL && tls_pem_of_certificate(certificate, &pem))
        text = arena_text(a, pem.data, pem.len);
    openssl.X509_free(certificate);
    buf_free(&pem);
    return text;
}

/** Reading a chain, and what must hold before it may be served. */
#include "acme/base64url.h"
#include "acme/certificate.h"
#include "tls/openssl.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CLOCK_TOLERANCE_S = 3600 };

typedef struct chain {
    X509 *list[CERTIFICATE_CHAIN];
    unsigned count;
} chain;

static bool refuse(buf *problem, const char *why)
{
    buf_add_text(problem, why);
    return false;
}

/** How many certificates the PEM has; -1 when it has anything else, or a NUL. */
static int count_blocks(tern_str pem)
{
    static const char begin[] = "-----BEGIN ", certificate[] = "CERTIFICATE-----";
    int count = 0;
    const char *at = pem.data, *end = pem.data + pem.len;
    while ((at = memmem(at, (size_t)(end - at), begin, sizeof begin - 1)) != NULL) {
        at += sizeof begin - 1;
        if ((size_t)(end - at) < sizeof certificate - 1 ||
            memcmp(at, certificate, sizeof certificate - 1) != 0)
            return -1;
        count++;
    }
    return memchr(pem.data, '\0', pem.len) == NULL ? count : -1;
}

static bool read_chain(tern_str pem, chain *c, buf *problem)
{
    int blocks = pem.len > 0 && pem.len <= INT_MAX ? count_blocks(pem) : -1;
    if (blocks < 1)
        return refuse(problem, "it is not a chain of certificates in PEM");
    if (blocks > CERTIFICATE_CHAIN)
        return refuse(problem, "the chain has more than 10 certificates");
    BIO *in = openssl.BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *x = NULL;
    while (in != NULL && c->count < (unsigned)blocks &&
           (x = openssl.PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
        c->list[c->count++] = x;
    openssl.BIO_free(in);
    return c->count == (unsigned)blocks || refuse(problem, "a certificate of the chain is malformed");
}

static void free_chain(chain *c)
{
    for (unsigned i = 0; i < c->count; i++)
        openssl.X509_free(c->list[i]);
}

static bool seconds_of(const ASN1_TIME *time, int64_t *out)
{
    struct tm parts;
    if (openssl.ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *out = timegm(&parts);
    return true;
}

static bool check_time(const X509 *x, int64_t now_s, buf *problem)
{
    int64_t before, after;
    if (!seconds_of(openssl.X509_get0_notBefore(x), &before) ||
        !seconds_of(openssl.X509_get0_notAfter(x), &after))
        return refuse(problem, "the certificate's time is malformed");
    if (before > now_s + CLOCK_TOLERANCE_S)
        return refuse(problem, "the certificate is not valid yet: check this machine's clock");
    return after > now_s || refuse(problem, "the certificate has expired");
}

static bool check_links(const chain *c, buf *problem)
{
    for (unsigned i = 0; i + 1 < c->count; i++) {
        crypto_key *issuer = openssl.X509_get0_pubkey(c->list[i + 1]);
        if (openssl.X509_check_issued(c->list[i + 1], c->list[i]) != 0 || issuer == NULL ||
            openssl.X509_verify(c->list[i], issuer) != 1)
            return refuse(problem, "a certificate of the chain is not signed by the next one");
    }
    return true;
}

static bool check_first(X509 *x, crypto_key *key, const acme_names *names, buf *problem)
{
    crypto_key *its_key = openssl.X509_get0_pubkey(x);
    if (its_key == NULL || openssl.EVP_PKEY_eq(its_key, key) != 1)
        return refuse(problem, "the certificate is for another key");
    if (openssl.X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0) != 1)
        return refuse(problem, "the certificate is not for TLS servers");
    for (unsigned i = 0; i < names->count; i++) {
        if (openssl.X509_check_host(x, names->list[i], 0,
                                    X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                                    NULL) != 1) {
            buf_add_printf(problem, "the certificate is not for %s", names->list[i]);
            return false;
        }
    }
    return true;
}

/** base64url(authority key identifier) "." base64url(serial): RFC 9773 section 4.1. */
static void find_ari_id(X509 *x, char out[CERTIFICATE_ARI_BYTES])
{
    char room[512];
    unsigned char serial[64], *end = serial;
    arena a;
    const ASN1_OCTET_STRING *authority = openssl.X509_get0_authority_key_id(x);
    const ASN1_INTEGER *number = openssl.X509_get0_serialNumber(x);
    int size = number != NULL ? openssl.i2d_ASN1_INTEGER(number, NULL) : -1;
    if (authority == NULL || size < 3 || size > (int)sizeof serial)
        return;
    openssl.i2d_ASN1_INTEGER(number, &end);
    arena_init(&a, room, sizeof room, 0);
    const char *left = base64url_print(&a, openssl.ASN1_STRING_get0_data(authority),
                                       (size_t)openssl.ASN1_STRING_length(authority));
    const char *right = base64url_print(&a, serial + 2, (size_t)size - 2); /* without tag and length */
    if (left == NULL || right == NULL || strlen(left) + strlen(right) + 2 > CERTIFICATE_ARI_BYTES)
        return; /* no authority makes identifiers of that length */
    snprintf(out, CERTIFICATE_ARI_BYTES, "%s.%s", left, right);
}

bool certificate_check(tern_str pem, crypto_key *key, const acme_names *names, int64_t now_s,
                       certificate_facts *facts, buf *problem)
{
    chain c = {0};
    *facts = (certificate_facts){0};
    bool is_right = read_chain(pem, &c, problem) && check_links(&c, problem) &&
                    check_first(c.list[0], key, names, problem);
    if (is_right) {
        seconds_of(openssl.X509_get0_notBefore(c.list[0]), &facts->not_before);
        seconds_of(openssl.X509_get0_notAfter(c.list[0]), &facts->not_after);
        facts->is_temporary = openssl.X509_verify(c.list[0], key) == 1;
        find_ari_id(c.list[0], facts->ari_id);
    }
    for (unsigned i = 0; is_right && i < c.count; i++)
        is_right = check_time(c.list[i], now_s, problem);
    free_chain(&c);
    openssl.ERR_clear_error();
    return is_right;
}

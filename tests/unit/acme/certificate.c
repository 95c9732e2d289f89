#include "acme/certificate.h"

#include "base/mem.h"
#include "check.h"
#include "samples.h"
#include "tls/openssl.h"

#include <dlfcn.h>
#include <time.h>

enum { IN_2026 = 1769904000 /* 2026-02-01 */, DAY = 24 * 3600 };

static arena a;
static acme_names names;

static crypto_key *open_all(const char *list)
{
    const char *missing = NULL;
    buf problem = {0};
    if (!openssl_load(&missing))
        check_skip(missing);
    arena_init(&a, NULL, 0, 1024 * 1024);
    CHECK(names_read((tern_str){list, strlen(list)}, &names, &problem));
    return crypto_key_read(TERN_STR(KEY));
}

static void close_all(crypto_key *key)
{
    crypto_key_free(key);
    names_free(&names);
    arena_free(&a);
}

static void check_refused(tern_str chain, crypto_key *key, int64_t now, const char *part)
{
    certificate_facts facts;
    buf problem = {0};
    if (certificate_check(chain, key, &names, now, &facts, &problem))
        check_fail(__FILE__, __LINE__, "it is accepted, without \"%s\"", part);
    if (strstr(problem.data, part) == NULL)
        check_fail(__FILE__, __LINE__, "\"%s\": %s", part, problem.data);
    buf_free(&problem);
}

TEST(a_chain_that_fits_is_accepted_with_its_times_and_identifier)
{
    certificate_facts facts;
    buf problem = {0};
    crypto_key *key = open_all("example.org,www.example.org");
    CHECK(certificate_check(TERN_STR(LEAF ROOT), key, &names, IN_2026, &facts, &problem));
    CHECK_INT(facts.not_before, 1767225600);
    CHECK_INT(facts.not_after, 1767225600 + 90 * DAY);
    CHECK(!facts.is_temporary);
    CHECK_TEXT(facts.ari_id, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"); /* RFC 9773 section 4.1 */
    CHECK(certificate_check(TERN_STR(LEAF), key, &names, IN_2026, &facts, &problem));
    close_all(key);
}

TEST(a_chain_is_refused_outside_its_time)
{
    crypto_key *key = open_all("example.org");
    check_refused(TERN_STR(LEAF ROOT), key, 1767225600 - 3601, "not valid yet");
    check_refused(TERN_STR(LEAF ROOT), key, 1767225600 + 90 * DAY, "expired");
    close_all(key);
}

TEST(a_chain_for_other_names_or_another_key_is_refused)
{
    crypto_key *key = open_all("example.org,api.example.org");
    check_refused(TERN_STR(LEAF ROOT), key, IN_2026, "not for api.example.org");
    crypto_key *other = crypto_key_new();
    check_refused(TERN_STR(LEAF ROOT), other, IN_2026, "another key");
    crypto_key_free(other);
    close_all(key);
}

TEST(a_chain_in_another_order_is_refused)
{
    crypto_key *key = open_all("example.org");
    check_refused(TERN_STR(ROOT LEAF), key, IN_2026, "not signed by the next one");
    check_refused(TERN_STR(LEAF LEAF), key, IN_2026, "not signed by the next one");
    close_all(key);
}

TEST(what_is_not_a_chain_is_refused)
{
    crypto_key *key = open_all("example.org");
    check_refused(TERN_STR(""), key, IN_2026, "not a chain");
    check_refused(TERN_STR("hello"), key, IN_2026, "not a chain");
    check_refused(TERN_STR(LEAF "\0"), key, IN_2026, "not a chain");
    check_refused(TERN_STR(LEAF KEY), key, IN_2026, "not a chain");
    check_refused(TERN_STR("-----BEGIN "), key, IN_2026, "not a chain");
    check_refused(TERN_STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key, IN_2026,
                  "malformed");
    check_refused(TERN_STR(LEAF "-----BEGIN CERTIFICATE-----\nMIIB"), key, IN_2026, "malformed");
    check_refused(TERN_STR(LEAF LEAF LEAF LEAF LEAF LEAF LEAF LEAF LEAF LEAF LEAF), key, IN_2026,
                  "more than 10");
    close_all(key);
}

TEST(a_temporary_certificate_is_for_its_names_and_known_as_such)
{
    certificate_facts facts;
    buf problem = {0};
    crypto_key *key = open_all("example.org,www.example.org");
    tern_str chain = certificate_temporary(key, &names, &a);
    CHECK(chain.data != NULL);
    int64_t now = time(NULL);
    CHECK(certificate_check(chain, key, &names, now, &facts, &problem));
    CHECK(facts.is_temporary);
    CHECK(facts.not_after > now + 29 * DAY && facts.not_after < now + 31 * DAY);
    close_all(key);
}

TEST(a_challenges_certificate_has_the_digest_in_a_critical_extension)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    crypto_key *key = open_all("example.org");
    memset(digest, 0xab, sizeof digest);
    tern_str pem = certificate_for_challenge("example.org", digest, &a);
    CHECK(pem.data != NULL);
    CHECK_INT(pem.len, strlen(pem.data));
    CHECK(strstr(pem.data, "BEGIN CERTIFICATE") != NULL && strstr(pem.data, "BEGIN PRIVATE KEY") != NULL);
    BIO *in = openssl.BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *x = openssl.PEM_read_bio_X509(in, NULL, NULL, NULL);
    CHECK_INT(openssl.X509_check_host(x, "example.org", 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL), 1);
    unsigned char *der = NULL;
    int (*print)(const X509 *, unsigned char **) =
        (int (*)(const X509 *, unsigned char **))dlsym(dlopen("libcrypto.so.3", RTLD_NOW), "i2d_X509");
    int len = print(x, &der);
    /* OID 1.3.6.1.5.5.7.1.31, critical, an OCTET STRING in an OCTET STRING */
    static const uint8_t wanted[] = {0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f,
                                     0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20, 0xab, 0xab};
    CHECK(memmem(der, (size_t)len, wanted, sizeof wanted) != NULL);
    openssl.CRYPTO_free(der, __FILE__, __LINE__);
    openssl.X509_free(x);
    openssl.BIO_free(in);
    close_all(key);
}

TEST(a_request_has_every_name)
{
    crypto_key *key = open_all("example.org,www.example.org");
    tern_str der = certificate_request(key, &names, &a);
    CHECK(der.data != NULL);
    static const uint8_t wanted[] = "\x82\x0b"
                                    "example.org"
                                    "\x82\x0f"
                                    "www.example.org";
    CHECK(memmem(der.data, der.len, wanted, sizeof wanted - 1) != NULL);
    close_all(key);
}

TEST(certificates_survive_the_lack_of_memory)
{
    crypto_key *key = open_all("example.org");
    arena none;
    uint8_t digest[CRYPTO_DIGEST_BYTES] = {0};
    arena_init(&none, NULL, 0, 0);
    CHECK(certificate_request(key, &names, &none).data == NULL);
    CHECK(certificate_temporary(key, &names, &none).data == NULL);
    CHECK(certificate_for_challenge("example.org", digest, &none).data == NULL);
    CHECK(crypto_key_print(key, &none).data == NULL);
    close_all(key);
}

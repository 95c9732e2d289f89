/* Certificates that this program makes, and those that clients show. */
#include "pair.h"
#include "tls/dev.h"
#include "tls/peer.h"

static void use_state_folder(void)
{
    begin_files();
    setenv("XDG_STATE_HOME", file_of("state"), 1);
}

static unsigned mode_of(const char *path)
{
    struct stat status;
    CHECK(stat(path, &status) == 0);
    return status.st_mode & 07777;
}

TEST(a_certificate_for_development_is_made_once_and_kept_private)
{
    buf problem = {0};
    tls_dev first, second;
    struct stat before, after;
    use_state_folder();
    CHECK(tls_dev_prepare(&first, &problem));
    CHECK(stat(first.certificate.data, &before) == 0);
    CHECK(tls_dev_prepare(&second, &problem));
    CHECK(stat(second.certificate.data, &after) == 0);
    CHECK_INT(before.st_ino, after.st_ino);
    CHECK_INT(mode_of(file_of("state/tern")), 0700);
    CHECK_INT(mode_of(file_of("state/tern/tls-dev")), 0700);
    CHECK_INT(mode_of(first.key.data), 0600);
    CHECK_INT(mode_of(file_of("state/tern/tls-dev/authority.key")), 0600);
    tls_dev_free(&first);
    tls_dev_free(&second);
    end_files();
}

TEST(a_client_that_trusts_the_development_authority_verifies_localhost)
{
    static const char *const names[] = {"localhost"};
    buf problem = {0};
    tls_dev dev;
    use_state_folder();
    CHECK(tls_dev_prepare(&dev, &problem));
    write_text("authority.pem", "", 0);
    unlink(file_of("authority.pem"));
    CHECK(link(dev.authority.data, file_of("authority.pem")) == 0);
    tls_context *t = CONTEXT(SOURCES({dev.certificate.data, dev.key.data}));
    PAIR(p, t, .name = names[0]);
    CHECK_INT(SSL_get_verify_result(p.client), X509_V_OK);
    pair_close(&p);
    tls_context_free(t);
    tls_dev_free(&dev);
    end_files();
}

TEST(a_development_certificate_that_is_damaged_or_of_another_authority_is_made_again)
{
    buf problem = {0};
    tls_dev dev;
    static const char *const damaged[] = {"localhost.crt", "localhost.key", "authority.pem", "authority.key"};
    use_state_folder();
    for (unsigned i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        char name[64];
        CHECK(tls_dev_prepare(&dev, &problem));
        tls_dev_free(&dev);
        snprintf(name, sizeof name, "state/tern/tls-dev/%s", damaged[i]);
        write_text(name, "damaged", 7);
        CHECK(tls_dev_prepare(&dev, &problem));
        tls_context *t = CONTEXT(SOURCES({dev.certificate.data, dev.key.data}));
        tls_context_free(t);
        tls_dev_free(&dev);
    }
    end_files();
}

TEST(a_state_folder_that_cannot_be_made_is_one_clear_line)
{
    buf problem = {0};
    tls_dev dev;
    begin_files();
    write_text("file", "", 0);
    setenv("XDG_STATE_HOME", file_of("file"), 1);
    CHECK(!tls_dev_prepare(&dev, &problem));
    CHECK(strstr(problem.data,
                 "/file/tern: cannot be made or written: Not a directory; set XDG_STATE_HOME") != NULL);
    buf_free(&problem);
    end_files();
}

/* -- client certificates -- */

TEST(a_client_certificate_is_read_with_its_names_and_fingerprint)
{
    char lent[4096];
    arena a;
    tls_peer peer;
    begin_files();
    make_good("one", NAMES("one.example"));
    EVP_PKEY *key = tls_make_key("EC", 0);
    X509 *certificate = tls_make_certificate(&(tls_wish){.subject = "alice",
                                                         .names = NAMES("alice.example", "192.0.2.7"),
                                                         .is_client = true,
                                                         .from_s = -60,
                                                         .until_s = 600,
                                                         .key = key,
                                                         .issuer = pair_authority,
                                                         .issuer_key = pair_authority_key});
    buf pem = {0}, secret = {0};
    CHECK(tls_pem_of_certificate(certificate, &pem) && tls_pem_of_key(key, &secret));
    write_text("alice.crt", pem.data, pem.len);
    write_text("alice.key", secret.data, secret.len);
    tls_context *t = CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}),
                             .client_auth = TLS_CLIENT_AUTH_OPTIONAL, .client_ca = file_of("authority.pem"));
    PAIR(p, t, .certificate = file_of("alice.crt"), .key = file_of("alice.key"));
    arena_init(&a, lent, sizeof lent, 1 << 20);
    CHECK(tls_read_peer(p.server, &a, &peer));
    CHECK_TEXT(peer.subject, "CN=alice");
    CHECK_TEXT(peer.issuer, "CN=Test authority");
    CHECK_INT(strlen(peer.serial), 32);
    CHECK_INT(strlen(peer.fingerprint), 64);
    CHECK_INT(peer.name_count, 2);
    CHECK_TEXT(peer.names[0], "DNS:alice.example");
    CHECK_TEXT(peer.names[1], "IP:192.0.2.7");
    CHECK_TEXT(tls_peer_pem(p.server, &a), pem.data);
    PAIR(q, t, .name = "one.example");
    CHECK(!tls_read_peer(q.server, &a, &peer));
    CHECK(tls_peer_pem(q.server, &a) == NULL);
    arena_free(&a);
    buf_free(&pem);
    buf_free(&secret);
    pair_close(&p);
    pair_close(&q);
    openssl.X509_free(certificate);
    openssl.EVP_PKEY_free(key);
    tls_context_free(t);
    end_files();
}

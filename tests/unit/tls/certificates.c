/* Certificates on disk: what is refused at start, and what a reload does. */
#include "pair.h"

#include "runtime/loop.h"

#include <tern/log.h>

/** Whether a context of this certificate and key is refused with a line that has `fault`. */
static void check_fault(const char *certificate, const char *key, const char *fault)
{
    const tls_source source = {file_of(certificate), key != NULL ? file_of(key) : NULL};
    const char *problem = problem_of(&(tls_settings){.sources = &source, .source_count = 1});
    if (strstr(problem, fault) == NULL)
        check_fail(__FILE__, __LINE__, "%s: %s", certificate, problem);
    CHECK(strstr(problem, pair_folder) != NULL);
    CHECK(strchr(problem, '\n') == problem + strlen(problem) - 1); /* one line */
}

TEST(threat_107_a_wrong_certificate_or_key_is_refused_at_start_by_name)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    make_good("other", NAMES("one.example"));
    make_files("old", "EC", 0, NAMES("one.example"), -2 * PAIR_DAY_S, -PAIR_DAY_S);
    make_files("future", "EC", 0, NAMES("one.example"), PAIR_DAY_S, 2 * PAIR_DAY_S);
    make_files("short", "RSA", 1024, NAMES("one.example"), -PAIR_DAY_S, PAIR_DAY_S);
    write_text("empty.crt", "", 0);
    write_text("broken.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 58);
    check_fault("missing.crt", "one.key", "cannot be read: No such file or directory");
    check_fault("one.crt", "missing.key", "cannot be read: No such file or directory");
    check_fault("one.crt", "other.key", "is not the one of the certificate");
    check_fault("one.crt", NULL, "contains no private key in PEM form");
    check_fault("old.crt", "old.key", "the certificate expired on ");
    check_fault("future.crt", "future.key", "is not valid before ");
    check_fault("short.crt", "short.key", "its RSA key has 1024 bits, and 2048 are the least");
    check_fault("empty.crt", "one.key", "contains no certificate in PEM form");
    check_fault("one.key", "one.key", "contains no certificate in PEM form");
    check_fault("broken.crt", "one.key", "its certificate is damaged");
    end_files();
}

TEST(an_encrypted_key_is_refused_and_nobody_is_asked_for_its_pass_phrase)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    BIO *in = BIO_new_file(file_of("one.key"), "r"), *out = BIO_new_file(file_of("locked.key"), "w");
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
    CHECK(PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL) == 1);
    BIO_free(in);
    BIO_free(out);
    EVP_PKEY_free(key);
    check_fault("one.crt", "locked.key", "the private key is encrypted");
    end_files();
}

TEST(a_file_may_have_certificate_and_key_together)
{
    buf both = {0};
    char text[4096];
    begin_files();
    make_good("one", NAMES("one.example"));
    static const char *const parts[] = {"one.crt", "one.key"};
    for (unsigned i = 0; i < 2; i++) {
        int fd = open(file_of(parts[i]), O_RDONLY);
        ssize_t n = read(fd, text, sizeof text);
        buf_add(&both, text, (size_t)n);
        close(fd);
    }
    write_text("both.pem", both.data, both.len);
    buf_free(&both);
    tls_context *t = CONTEXT(SOURCES({file_of("both.pem"), NULL}));
    PAIR(p, t, .name = "one.example");
    CHECK_TEXT(name_of_server(&p), "one");
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

static void move_pair(const char *from, const char *certificate, const char *key)
{
    char name[64];
    snprintf(name, sizeof name, "%s.crt", from);
    CHECK(rename(file_of(name), file_of(certificate)) == 0);
    snprintf(name, sizeof name, "%s.key", from);
    CHECK(rename(file_of(name), file_of(key)) == 0);
}

TEST(a_folder_has_pairs_of_files_and_folders_as_certbot_keeps_them)
{
    begin_files();
    CHECK(mkdir(file_of("all"), 0700) == 0 && mkdir(file_of("all/two.example"), 0700) == 0);
    make_good("one", NAMES("one.example"));
    make_good("two", NAMES("two.example"));
    move_pair("one", "all/a.crt", "all/a.key");
    move_pair("two", "all/two.example/fullchain.pem", "all/two.example/privkey.pem");
    write_text("all/README", "text", 4);
    tls_context *t = CONTEXT(SOURCES({file_of("all"), NULL}));
    PAIR(p, t, .name = "one.example");
    CHECK_TEXT(name_of_server(&p), "one");
    PAIR(q, t, .name = "two.example");
    CHECK_TEXT(name_of_server(&q), "two");
    pair_close(&p);
    pair_close(&q);
    tls_context_free(t);
    end_files();
}

TEST(a_folder_of_certbot_is_one_certificate)
{
    begin_files();
    CHECK(mkdir(file_of("live"), 0700) == 0);
    make_good("one", NAMES("one.example"));
    move_pair("one", "live/fullchain.pem", "live/privkey.pem");
    write_text("live/chain.pem", "of no use", 9);
    tls_context *t = CONTEXT(SOURCES({file_of("live"), NULL}));
    PAIR(p, t, .name = "one.example");
    CHECK_TEXT(name_of_server(&p), "one");
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

TEST(an_empty_folder_is_refused_at_start_unless_certificates_come_later)
{
    begin_files();
    CHECK(mkdir(file_of("all"), 0700) == 0);
    check_fault("all", NULL, "the folder has no certificate");
    tls_context *t = CONTEXT(SOURCES({file_of("all"), NULL}), .may_be_empty = true);
    PAIR(p, t, .name = "one.example");
    CHECK_INT(p.step, TLS_FAILED);
    make_good("one", NAMES("one.example"));
    move_pair("one", "all/one.crt", "all/one.key");
    tls_context_refresh(t, 5000);
    PAIR(q, t, .name = "one.example");
    CHECK_TEXT(name_of_server(&q), "one");
    pair_close(&p);
    pair_close(&q);
    tls_context_free(t);
    end_files();
}

/* -- reloading -- */

static void check_serves(const tls_context *t, const char *subject)
{
    PAIR(p, t, .name = "one.example");
    CHECK_TEXT(name_of_server(&p), subject);
    pair_close(&p);
}

#define ONE CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}))

TEST(threat_107_a_certificate_replaced_on_disk_is_taken_up_and_open_connections_stay)
{
    char got[8];
    begin_files();
    CHECK(loop_open());
    tern_log_set_level(TERN_LOG_SILENT);
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE;
    PAIR(p, t, .name = "one.example");
    make_good("new", NAMES("one.example"));
    move_pair("new", "one.crt", "one.key");
    tls_context_refresh(t, 5000);
    check_serves(t, "new");
    CHECK_INT(SSL_write(p.client, "hello", 5), 5);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 5);
    CHECK_INT(tls_get_totals(t).reloads, 1);
    CHECK_INT(tls_get_totals(t).reload_failures, 0);
    pair_close(&p);
    tls_context_free(t);
    loop_close();
    end_files();
}

TEST(the_files_are_looked_at_once_a_second)
{
    begin_files();
    CHECK(loop_open());
    tern_log_set_level(TERN_LOG_SILENT);
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE;
    tls_context_refresh(t, 5000);
    make_good("new", NAMES("one.example"));
    move_pair("new", "one.crt", "one.key");
    tls_context_refresh(t, 5999);
    check_serves(t, "one");
    tls_context_refresh(t, 6000);
    check_serves(t, "new");
    tls_context_free(t);
    loop_close();
    end_files();
}

TEST(threat_107_a_key_that_follows_its_certificate_a_moment_later_is_waited_for)
{
    begin_files();
    CHECK(loop_open());
    tern_log_set_level(TERN_LOG_SILENT);
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE;
    make_good("new", NAMES("one.example"));
    CHECK(rename(file_of("new.crt"), file_of("one.crt")) == 0);
    tls_context_refresh(t, 5000);
    check_serves(t, "one");
    CHECK(rename(file_of("new.key"), file_of("one.key")) == 0);
    tls_context_refresh(t, 6000);
    check_serves(t, "new");
    CHECK_INT(tls_get_totals(t).reload_failures, 0);
    tls_context_free(t);
    loop_close();
    end_files();
}

TEST(threat_107_a_wrong_certificate_on_disk_is_refused_once_and_the_old_one_stays)
{
    begin_files();
    CHECK(loop_open());
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE, *worker = ONE;
    write_text("one.crt", "damaged", 7);
    for (uint64_t now = 5000; now < 30000; now += 1000) {
        tls_context_refresh(t, now);
        tls_context_refresh(worker, now);
    }
    check_serves(t, "one");
    CHECK_INT(tls_get_totals(t).reload_failures, 1);
    make_files("one", "EC", 0, NAMES("one.example"), -2 * PAIR_DAY_S, -PAIR_DAY_S); /* another one, expired */
    for (uint64_t now = 30000; now < 40000; now += 1000)
        tls_context_refresh(t, now);
    check_serves(t, "one");
    CHECK_INT(tls_get_totals(t).reload_failures, 2);
    tls_context_free(t);
    tls_context_free(worker);
    loop_close();
    end_files();
}

TEST(a_wrong_certificate_does_not_keep_another_one_from_being_renewed)
{
    begin_files();
    CHECK(loop_open());
    tern_log_set_level(TERN_LOG_SILENT);
    make_good("one", NAMES("one.example"));
    make_good("two", NAMES("two.example"));
    tls_context *t =
        CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}, {file_of("two.crt"), file_of("two.key")}));
    write_text("two.crt", "damaged", 7);
    make_good("new", NAMES("one.example"));
    move_pair("new", "one.crt", "one.key");
    for (uint64_t now = 5000; now < 10000; now += 1000)
        tls_context_refresh(t, now);
    check_serves(t, "new");
    PAIR(p, t, .name = "two.example");
    CHECK_TEXT(name_of_server(&p), "two");
    pair_close(&p);
    tls_context_free(t);
    loop_close();
    end_files();
}

/* -- challenges of ACME -- */

TEST(a_challenge_of_acme_is_answered_with_its_own_certificate_and_only_then)
{
    size_t len;
    char text[4096];
    buf both = {0};
    begin_files();
    make_good("one", NAMES("one.example"));
    make_good("proof", NAMES("one.example"));
    CHECK(mkdir(file_of("alpn"), 0700) == 0);
    static const char *const parts[] = {"proof.crt", "proof.key"};
    for (unsigned i = 0; i < 2; i++) {
        int fd = open(file_of(parts[i]), O_RDONLY);
        buf_add(&both, text, (size_t)read(fd, text, sizeof text));
        close(fd);
    }
    write_text("alpn/one.example.pem", both.data, both.len);
    buf_free(&both);
    tls_context *t =
        CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}), .challenge_folder = file_of("alpn"));
    PAIR(p, t, .name = "one.example",
         .protocols = "\x0a"
                      "acme-tls/1");
    CHECK_TEXT(name_of_server(&p), "proof");
    CHECK(tls_is_challenge(p.server));
    const char *protocol = tls_protocol(p.server, &len);
    CHECK_BYTES(protocol, len, "acme-tls/1", 10);
    PAIR(q, t, .name = "one.example", .protocols = "\x08http/1.1");
    CHECK_TEXT(name_of_server(&q), "one");
    CHECK(!tls_is_challenge(q.server));
    PAIR(r, t, .name = "two.example",
         .protocols = "\x0a"
                      "acme-tls/1");
    CHECK_INT(r.step, TLS_FAILED);
    pair_close(&p);
    pair_close(&q);
    pair_close(&r);
    tls_context_free(t);
    end_files();
}

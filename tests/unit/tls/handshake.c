/* What a handshake agrees on. */
#include "pair.h"

#define ONE_NAME CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}))

TEST(a_client_of_tls_13_gets_the_certificate_and_the_first_protocol_in_common)
{
    size_t len;
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    PAIR(p, t, .name = "one.example", .protocols = "\x08http/1.1\x02h2");
    CHECK_INT(p.step, TLS_DONE);
    CHECK_INT(p.client_error, 0);
    CHECK_TEXT(name_of_server(&p), "one");
    CHECK_TEXT(tls_version(p.server), "TLSv1.3");
    CHECK_TEXT(tls_cipher(p.server), "TLS_AES_128_GCM_SHA256");
    CHECK_TEXT(tls_server_name(p.server), "one.example");
    const char *protocol = tls_protocol(p.server, &len);
    CHECK_BYTES(protocol, len, "h2", 2);
    CHECK_INT(SSL_get_verify_result(p.client), X509_V_OK);
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

TEST(a_client_of_tls_12_is_served_with_a_suite_of_aead)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    PAIR(p, t, .most = TLS1_2_VERSION);
    CHECK_INT(p.step, TLS_DONE);
    CHECK_TEXT(tls_version(p.server), "TLSv1.2");
    CHECK_TEXT(tls_cipher(p.server), "ECDHE-ECDSA-AES128-GCM-SHA256");
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

/** Whether a client with these rules alone is refused. */
static void check_refused(const tls_context *t, int most, const char *suites, const char *groups)
{
    pair p = {.step = TLS_WANTS_READ, .client_error = SSL_ERROR_WANT_READ};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fds) == 0);
    set_blocking(p.fds[0], false);
    set_blocking(p.fds[1], false);
    pair_make_client(&p, &(pair_client){.most = most});
    SSL_set_security_level(p.client, 0);
    SSL_set_min_proto_version(p.client, TLS1_VERSION);
    if (suites != NULL)
        CHECK(SSL_set_cipher_list(p.client, suites) == 1);
    if (groups != NULL)
        CHECK(SSL_set1_groups_list(p.client, groups) == 1);
    p.server = tls_session_open(t, p.fds[1]);
    pair_shake(&p);
    CHECK_INT(p.step, TLS_FAILED);
    CHECK(tls_failure(p.server)[0] != '\0');
    pair_close(&p);
}

TEST(threat_105_old_versions_weak_suites_and_other_groups_are_refused)
{
    static const struct {
        int most;
        const char *suites, *groups;
    } cases[] = {
        {TLS1_VERSION, "ALL:@SECLEVEL=0", NULL},
        {TLS1_1_VERSION, "ALL:@SECLEVEL=0", NULL},
        {TLS1_2_VERSION, "AES128-GCM-SHA256",
         NULL}, /* the key of the certificate encrypts: no forward secrecy */
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384", NULL},
        {TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", NULL},
        {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM", NULL},
        {TLS1_3_VERSION, NULL, "P-521"},
        {TLS1_2_VERSION, NULL, "secp224r1"},
    };
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(t, cases[i].most, cases[i].suites, cases[i].groups);
    tls_context_free(t);
    end_files();
}

TEST(threat_105_a_client_of_unknown_protocols_alone_is_refused_with_an_alert)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    PAIR(p, t, .protocols = "\x06spdy/1\x02h9");
    CHECK_INT(p.step, TLS_FAILED);
    CHECK_TEXT(alert_of(), "tlsv1 alert no application protocol");
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

TEST(a_client_without_alpn_is_served_and_has_no_protocol)
{
    size_t len = 1;
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    PAIR(p, t, .name = "one.example");
    CHECK_INT(p.step, TLS_DONE);
    tls_protocol(p.server, &len);
    CHECK_INT(len, 0);
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

TEST(the_certificate_is_that_of_the_name_with_exact_names_before_wildcards_and_the_first_for_others)
{
    static const struct {
        const char *asked, *got;
    } cases[] = {
        {"one.example", "one"},      {"ONE.example", "one"},
        {"www.two.example", "wild"}, {"exact.two.example", "exact"},
        {"a.b.two.example", "one"},  {"two.example", "one"},
        {"unknown.example", "one"},  {NULL, "one"},
    };
    begin_files();
    make_good("one", NAMES("one.example"));
    make_good("wild", NAMES("*.two.example"));
    make_good("exact", NAMES("exact.two.example"));
    tls_context *t =
        CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}, {file_of("wild.crt"), file_of("wild.key")},
                        {file_of("exact.crt"), file_of("exact.key")}));
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        PAIR(p, t, .name = cases[i].asked);
        CHECK_TEXT(name_of_server(&p), cases[i].got);
        pair_close(&p);
    }
    tls_context_free(t);
    end_files();
}

TEST(a_name_with_two_certificates_gets_the_one_whose_key_the_client_can_verify)
{
    static const struct {
        const char *signatures, *got;
        int most;
    } cases[] = {
        {"ECDSA+SHA256", "ec", 0},
        {"RSA-PSS+SHA256", "rsa", 0},
        {"ECDSA+SHA256", "ec", TLS1_2_VERSION},
        {"RSA-PSS+SHA256:RSA+SHA256", "rsa", TLS1_2_VERSION},
        {NULL, "ec", 0},
    };
    begin_files();
    make_files("rsa", "RSA", 2048, NAMES("both.example"), -PAIR_DAY_S, PAIR_DAY_S);
    make_good("ec", NAMES("both.example"));
    tls_context *t =
        CONTEXT(SOURCES({file_of("rsa.crt"), file_of("rsa.key")}, {file_of("ec.crt"), file_of("ec.key")}));
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        PAIR(p, t, .name = "both.example", .signatures = cases[i].signatures, .most = cases[i].most);
        CHECK_TEXT(name_of_server(&p), cases[i].got);
        pair_close(&p);
    }
    tls_context_free(t);
    end_files();
}

TEST(an_ed25519_certificate_is_served)
{
    begin_files();
    make_files("ed", "ED25519", 0, NAMES("ed.example"), -PAIR_DAY_S, PAIR_DAY_S);
    tls_context *t = CONTEXT(SOURCES({file_of("ed.crt"), file_of("ed.key")}));
    PAIR(p, t, .name = "ed.example");
    CHECK_TEXT(name_of_server(&p), "ed");
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

/* -- tickets -- */

/** The session that the client may resume; in TLS 1.3 it comes after the handshake. */
static SSL_SESSION *session_of(pair *p)
{
    char byte;
    SSL_read(p->client, &byte, 1);
    return SSL_get1_session(p->client);
}

static void check_resumption(int version)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *first = ONE_NAME, *second = ONE_NAME; /* as two workers */
    PAIR(p, first, .name = "one.example", .most = version, .least = version);
    SSL_SESSION *session = session_of(&p);
    CHECK(!tls_is_resumed(p.server));
    PAIR(q, second, .name = "one.example", .most = version, .least = version, .session = session);
    CHECK_INT(q.step, TLS_DONE);
    CHECK(tls_is_resumed(q.server));
    CHECK_TEXT(tls_server_name(q.server), "one.example");
    SSL_SESSION_free(session);
    pair_close(&p);
    pair_close(&q);
    tls_context_free(first);
    tls_context_free(second);
    end_files();
}

TEST(a_session_of_tls_13_is_resumed_by_another_context_of_the_service)
{
    check_resumption(TLS1_3_VERSION);
}

TEST(a_session_of_tls_12_is_resumed_by_another_context_of_the_service)
{
    check_resumption(TLS1_2_VERSION);
}

TEST(threat_105_early_data_is_not_offered)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    PAIR(p, t, .name = "one.example");
    SSL_SESSION *session = session_of(&p);
    CHECK_INT(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION_free(session);
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

TEST(a_ticket_key_lives_for_its_period_and_the_next_one)
{
    static ticket_keys keys;
    ticket_key first, again, found;
    bool is_present;
    uint64_t now = 100 * (uint64_t)TICKET_PERIOD_MS + 5;
    CHECK(ticket_key_now(&keys, now, &first));
    CHECK(ticket_key_now(&keys, now + TICKET_PERIOD_MS - 6, &again));
    CHECK_BYTES(again.name, sizeof again.name, first.name, sizeof first.name);
    CHECK(ticket_key_find(&keys, now, first.name, &found, &is_present) && is_present);
    CHECK(ticket_key_now(&keys, now + TICKET_PERIOD_MS, &again));
    CHECK(memcmp(again.name, first.name, sizeof first.name) != 0);
    CHECK(ticket_key_find(&keys, now + TICKET_PERIOD_MS, first.name, &found, &is_present) && !is_present);
    CHECK(!ticket_key_find(&keys, now + 2 * (uint64_t)TICKET_PERIOD_MS, first.name, &found, &is_present));
}

TEST(a_ticket_key_that_has_run_out_is_erased)
{
    static ticket_keys keys;
    ticket_key key;
    uint64_t now = 100 * (uint64_t)TICKET_PERIOD_MS;
    for (unsigned i = 0; i < 4; i++)
        CHECK(ticket_key_now(&keys, now + i * (uint64_t)TICKET_PERIOD_MS, &key));
    unsigned empty = 0;
    for (unsigned i = 0; i < TICKET_SLOTS; i++) {
        static const ticket_key zeros;
        if (memcmp(&keys.slots[i].key, &zeros, sizeof zeros) == 0)
            empty++;
    }
    CHECK_INT(empty, TICKET_SLOTS - 2);
}

TEST(a_maker_of_ticket_keys_that_died_does_not_keep_others_from_it)
{
    static ticket_keys keys;
    ticket_key key;
    atomic_store(&keys.maker, 0x7ffffffe); /* no process has this number */
    CHECK(ticket_key_now(&keys, TICKET_PERIOD_MS, &key));
}

/* -- client certificates -- */

#define MUTUAL(how)                                                                                          \
    CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}), .client_auth = how,                           \
            .client_ca = file_of("authority.pem"))

/** How the server sees a client with this certificate (NULL: none). TLS 1.2 has its answer before the client is
 * through. */
static tls_step step_with(tls_client_auth auth, const char *certificate)
{
    char key[64];
    tls_context *t = MUTUAL(auth);
    snprintf(key, sizeof key, "%s.key", certificate != NULL ? certificate : "");
    char file[64];
    snprintf(file, sizeof file, "%s.crt", certificate != NULL ? certificate : "");
    PAIR(p, t, .certificate = certificate != NULL ? file_of(file) : NULL, .key = file_of(key));
    tls_step step = p.step;
    pair_close(&p);
    tls_context_free(t);
    return step;
}

TEST(a_client_certificate_is_required_or_asked_for_and_must_be_of_the_authority)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    X509 *authority = pair_authority;
    EVP_PKEY *authority_key = pair_authority_key;
    /* its common name and use are those of a client */
    make_files("stranger", "EC", 0, NAMES("stranger"), -PAIR_DAY_S, PAIR_DAY_S);
    EVP_PKEY *key = tls_make_key("EC", 0);
    X509 *certificate = tls_make_certificate(&(tls_wish){.subject = "friend",
                                                         .is_client = true,
                                                         .from_s = -60,
                                                         .until_s = 600,
                                                         .key = key,
                                                         .issuer = authority,
                                                         .issuer_key = authority_key});
    X509 *false_one = tls_make_certificate(
        &(tls_wish){.subject = "forged", .is_client = true, .from_s = -60, .until_s = 600, .key = key});
    buf pem = {0}, secret = {0}, forged = {0};
    CHECK(tls_pem_of_certificate(certificate, &pem) && tls_pem_of_key(key, &secret));
    CHECK(tls_pem_of_certificate(false_one, &forged));
    write_text("friend.crt", pem.data, pem.len);
    write_text("friend.key", secret.data, secret.len);
    write_text("forged.crt", forged.data, forged.len);
    write_text("forged.key", secret.data, secret.len);
    CHECK_INT(step_with(TLS_CLIENT_AUTH_REQUIRED, "friend"), TLS_DONE);
    CHECK_INT(step_with(TLS_CLIENT_AUTH_REQUIRED, NULL), TLS_FAILED);
    CHECK_INT(step_with(TLS_CLIENT_AUTH_REQUIRED, "forged"), TLS_FAILED);
    CHECK_INT(step_with(TLS_CLIENT_AUTH_OPTIONAL, "friend"), TLS_DONE);
    CHECK_INT(step_with(TLS_CLIENT_AUTH_OPTIONAL, NULL), TLS_DONE);
    CHECK_INT(step_with(TLS_CLIENT_AUTH_OPTIONAL, "forged"), TLS_FAILED);
    buf_free(&pem);
    buf_free(&secret);
    buf_free(&forged);
    openssl.X509_free(certificate);
    openssl.X509_free(false_one);
    openssl.EVP_PKEY_free(key);
    end_files();
}

/* -- what is not TLS -- */

TEST(the_first_byte_says_what_a_client_speaks)
{
    static const struct {
        const char *bytes;
        tls_greeting greeting;
    } cases[] = {{"\x16\x03\x01", TLS_GREETING_HELLO},
                 {"GET / HTTP/1.1", TLS_GREETING_PLAIN},
                 {"\r\n", TLS_GREETING_PLAIN},
                 {"\x80\x2e\x01", TLS_GREETING_OTHER},
                 {"", TLS_GREETING_NONE}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fds[2];
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
        CHECK(send(fds[0], cases[i].bytes, strlen(cases[i].bytes), 0) >= 0);
        CHECK_INT(tls_greet(fds[1]), cases[i].greeting);
        close(fds[0]);
        if (cases[i].bytes[0] == '\0')
            CHECK_INT(tls_greet(fds[1]), TLS_GREETING_END);
        close(fds[1]);
    }
}

TEST(threat_059_a_hello_that_comes_byte_by_byte_is_understood)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    tls_context *t = ONE_NAME;
    int fds[2];
    pair p = {.step = TLS_WANTS_READ, .client_error = SSL_ERROR_WANT_READ};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fds) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    set_blocking(p.fds[0], false);
    pair_make_client(&p, &(pair_client){0});
    SSL_do_handshake(p.client);
    char hello[4096];
    ssize_t len = recv(p.fds[1], hello, sizeof hello, 0);
    set_blocking(fds[1], false);
    p.server = tls_session_open(t, fds[1]);
    for (ssize_t i = 0; i < len; i++) {
        CHECK_INT(tls_handshake(p.server), TLS_WANTS_READ);
        CHECK(send(fds[0], hello + i, 1, 0) == 1);
    }
    CHECK_INT(tls_handshake(p.server), TLS_WANTS_READ);
    CHECK(recv(fds[0], hello, sizeof hello, MSG_DONTWAIT) > 0); /* the server has answered */
    close(fds[0]);
    CHECK_INT(tls_handshake(p.server), TLS_FAILED);
    close(fds[1]);
    pair_close(&p);
    tls_context_free(t);
    end_files();
}

/* -- hosts -- */

TEST(threat_105_a_host_of_another_certificate_is_misdirected)
{
    static const struct {
        const char *asked, *host;
        bool may;
    } cases[] = {
        {"one.example", "one.example", true},
        {"one.example", "ONE.example", true},
        {"one.example", "uno.example", true},
        {"one.example", "two.example", false},
        {"one.example", "evil.example", false},
        {"two.example", "two.example", true},
        {"two.example", "one.example", false},
        {"nobody.example", "nobody.example", true},
        {NULL, "one.example", true},
        {NULL, "two.example", false},
        {NULL, "evil.example", true},
        {NULL, "127.0.0.1", true},
        {NULL, "[::1]", true},
        {"one.example", "127.0.0.1", true},
        {"one.example", "", false},
        {"one.example", "one.example.", true},
    };
    begin_files();
    make_good("one", NAMES("one.example", "uno.example", "127.0.0.1"));
    make_good("two", NAMES("two.example"));
    tls_context *t =
        CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}, {file_of("two.crt"), file_of("two.key")}));
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        PAIR(p, t, .name = cases[i].asked);
        if (tls_may_serve(p.server, cases[i].host, strlen(cases[i].host)) != cases[i].may)
            check_fail(__FILE__, __LINE__, "%s at %s: %s", cases[i].host,
                       cases[i].asked != NULL ? cases[i].asked : "-", cases[i].may ? "refused" : "served");
        pair_close(&p);
    }
    tls_context_free(t);
    end_files();
}

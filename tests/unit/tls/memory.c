/* Memory that runs out: at start, in a handshake, in a connection. */
#include "pair.h"

#include "base/mem.h"

#include <tern/log.h>

#ifdef TERN_FAULTS

TEST(a_context_without_memory_is_an_error_at_start)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    const tls_source source = {file_of("one.crt"), file_of("one.key")};
    const tls_settings settings = {.sources = &source, .source_count = 1, .protocols = pair_protocols};
    unsigned long n = 1, tried = 1;
    for (; n <= tried; n += n < 200 ? 1 : 41) { /* thousands, most of them in OpenSSL's own tables */
        buf problem = {0};
        mem_fail_at(n, 0);
        tls_context *t = tls_context_new(&settings, &problem);
        tried = mem_tried();
        mem_fail_at(0, 0);
        CHECK(t != NULL || problem.failed || problem.len > 0);
        tls_context_free(t);
        buf_free(&problem);
    }
    CHECK(n > 100);
    end_files();
}

/* Allocations fail in the server alone: the client is in the same process. */
static unsigned long fail_at, tried_before;

static void faults_begin(void)
{
    mem_fail_at(fail_at > tried_before ? fail_at - tried_before : 0, 0);
}

static void faults_end(void)
{
    tried_before += mem_tried();
    mem_fail_at(0, 0);
}

#define FAULTY(statement) (faults_begin(), (statement), faults_end())

static void shake(pair *p)
{
    for (unsigned turn = 0; turn < 20; turn++) {
        ERR_clear_error();
        int n = SSL_do_handshake(p->client);
        p->client_error = n == 1 ? 0 : SSL_get_error(p->client, n);
        if (p->step != TLS_DONE && p->step != TLS_FAILED)
            FAULTY(p->step = tls_handshake(p->server));
    }
}

/** A whole connection; what the n-th allocation fails in is refused or broken, never wrong. True when it went through
 * as if nothing had failed. */
static bool connection(tls_context *t, int version)
{
    char got[64] = "";
    pair p = {.step = TLS_WANTS_READ, .client_error = SSL_ERROR_WANT_READ};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fds) == 0);
    set_blocking(p.fds[0], false);
    set_blocking(p.fds[1], false);
    pair_make_client(&p, &(pair_client){.name = "one.example", .protocols = "\x08http/1.1", .most = version});
    bool is_whole = false;
    FAULTY(p.server = tls_session_open(t, p.fds[1]));
    if (p.server != NULL) {
        shake(&p);
        if (p.step == TLS_DONE && p.client_error == 0 && SSL_write(p.client, "hello", 5) == 5) {
            long n;
            FAULTY(n = tls_receive(p.server, got, sizeof got));
            CHECK(n == 5 || n == -1);
            const struct iovec part = {(void *)(uintptr_t) "answer", 6};
            ssize_t sent;
            FAULTY(sent = tls_send(p.server, &part, 1, false));
            if (n == 5 && sent == 6 && SSL_read(p.client, got, sizeof got) == 6) {
                CHECK_BYTES(got, 6, "answer", 6);
                is_whole = true;
            }
        }
        FAULTY(tls_finish(p.server));
        FAULTY(tls_session_close(p.server));
    }
    SSL_free(p.client);
    SSL_CTX_free(p.rules);
    close(p.fds[0]);
    close(p.fds[1]);
    return is_whole;
}

static void sweep(int version)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    make_good("two", NAMES("two.example"));
    tls_context *t =
        CONTEXT(SOURCES({file_of("two.crt"), file_of("two.key")}, {file_of("one.crt"), file_of("one.key")}));
    CHECK(connection(t, version));
    fail_at = 0;
    do { /* the last one is beyond all that a connection allocates */
        fail_at++;
        tried_before = 0;
        connection(t, version);
    } while (tried_before >= fail_at);
    unsigned long n = fail_at;
    fail_at = 0;
    CHECK(n > 100);
    CHECK(connection(t, version));
    tls_context_free(t);
    end_files();
}

TEST(a_connection_of_tls_13_without_memory_is_refused_or_broken_and_the_next_one_works)
{
    sweep(TLS1_3_VERSION);
}

TEST(a_connection_of_tls_12_without_memory_is_refused_or_broken_and_the_next_one_works)
{
    sweep(TLS1_2_VERSION);
}

#else
TEST(memory_cannot_be_made_to_run_out_in_this_build)
{
}
#endif

/* Bytes in and out of a session. */
#include "pair.h"

static tls_context *context;

static void begin(void)
{
    begin_files();
    make_good("one", NAMES("one.example"));
    context = CONTEXT(SOURCES({file_of("one.crt"), file_of("one.key")}));
}

static void end(void)
{
    tls_context_free(context);
    end_files();
}

/** Sends all; what a caller of tls_send does, with a peer that reads all it gets into `got`. */
static size_t send_all(pair *p, const char *data, size_t len, char *got, size_t size)
{
    size_t sent = 0, seen = 0;
    while (sent < len || seen < len) {
        const struct iovec part = {(void *)(uintptr_t)(data + sent), len - sent};
        ssize_t n = sent < len ? tls_send(p->server, &part, 1, false) : 0;
        CHECK(n >= 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        int m = SSL_read(p->client, got + seen, (int)(size - seen));
        CHECK(m > 0 || SSL_get_error(p->client, m) == SSL_ERROR_WANT_READ);
        seen += m > 0 ? (size_t)m : 0;
    }
    return seen;
}

TEST(a_request_and_its_reply_pass)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    CHECK_INT(SSL_write(p.client, "hello", 5), 5);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 5);
    CHECK_BYTES(got, 5, "hello", 5);
    CHECK(!tls_has_pending(p.server));
    CHECK_INT(tls_receive(p.server, got, sizeof got), -1);
    CHECK_INT(errno, EAGAIN);
    CHECK_INT(send_all(&p, "answer", 6, got, sizeof got), 6);
    CHECK_BYTES(got, 6, "answer", 6);
    pair_close(&p);
    end();
}

TEST(a_record_that_does_not_fit_is_pending_without_another_edge)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    CHECK_INT(SSL_write(p.client, "hello world", 11), 11);
    CHECK_INT(tls_receive(p.server, got, 5), 5);
    CHECK(tls_has_pending(p.server));
    CHECK_INT(tls_receive(p.server, got, sizeof got), 6);
    CHECK(!tls_has_pending(p.server));
    pair_close(&p);
    end();
}

TEST(two_records_in_one_packet_are_both_received_without_another_edge)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    CHECK_INT(SSL_write(p.client, "one", 3), 3);
    CHECK_INT(SSL_write(p.client, "two", 3), 3);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 3);
    CHECK(tls_has_pending(p.server));
    CHECK_INT(tls_receive(p.server, got, sizeof got), 3);
    CHECK_BYTES(got, 3, "two", 3);
    pair_close(&p);
    end();
}

/** The number and sizes of the records that have arrived at the client's socket. */
static unsigned count_records(const pair *p, unsigned *first)
{
    static unsigned char bytes[200000];
    ssize_t len = recv(p->fds[0], bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    unsigned count = 0;
    *first = len >= 5 ? (unsigned)bytes[3] << 8 | bytes[4] : 0;
    for (ssize_t at = 0; at + 5 <= len; at += 5 + (bytes[at + 3] << 8 | bytes[at + 4]))
        count++;
    return count;
}

TEST(a_head_and_its_body_leave_in_one_record)
{
    static char body[100000];
    char scrap[8];
    unsigned size;
    begin();
    PAIR(p, context, .name = "one.example");
    SSL_read(p.client, scrap, sizeof scrap); /* the tickets */
    const struct iovec parts[] = {{(void *)(uintptr_t) "head", 4}, {body, 0}, {body, 100}, {body, 50}};
    CHECK_INT(tls_send(p.server, parts, 4, false), 154);
    CHECK_INT(count_records(&p, &size), 1);
    CHECK_INT(size, 154 + 1 + 16);
    pair_close(&p);
    end();
}

TEST(a_long_body_leaves_in_full_records_and_at_most_four_a_call)
{
    static char body[100000];
    char scrap[8];
    unsigned size;
    begin();
    PAIR(p, context, .name = "one.example");
    SSL_read(p.client, scrap, sizeof scrap);
    const struct iovec parts[] = {{(void *)(uintptr_t) "head", 4}, {body, sizeof body}};
    CHECK_INT(tls_send(p.server, parts, 2, false), TLS_SEND_BYTES);
    CHECK_INT(count_records(&p, &size), 4);
    CHECK_INT(size, TLS_RECORD_BYTES + 1 + 16);
    pair_close(&p);
    end();
}

TEST(a_slow_reader_gets_every_byte_once)
{
    enum { LEN = 3 * 1000 * 1000 };
    begin();
    char *body = malloc(LEN), *got = malloc(LEN);
    for (unsigned i = 0; i < LEN; i++)
        body[i] = (char)(i * 2654435761u >> 24);
    PAIR(p, context, .name = "one.example");
    int room = 4096;
    setsockopt(p.fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    CHECK_INT(send_all(&p, body, LEN, got, LEN), LEN);
    CHECK(memcmp(body, got, LEN) == 0);
    free(body);
    free(got);
    pair_close(&p);
    end();
}

TEST(a_file_is_sent_from_any_place_and_ends_where_it_ends)
{
    enum { LEN = 300000 };
    begin();
    char *content = malloc(LEN), *got = malloc(LEN);
    for (unsigned i = 0; i < LEN; i++)
        content[i] = (char)(i * 2654435761u >> 24);
    write_text("file", content, LEN);
    int file = open(file_of("file"), O_RDONLY);
    PAIR(p, context, .name = "one.example");
    size_t sent = 1000, seen = 0;
    while (sent < LEN) {
        ssize_t n = tls_send_file(p.server, file, sent, LEN - sent);
        CHECK(n > 0 || (n < 0 && errno == EAGAIN));
        sent += n > 0 ? (size_t)n : 0;
        int m = SSL_read(p.client, got + seen, LEN);
        seen += m > 0 ? (size_t)m : 0;
    }
    while (seen < LEN - 1000)
        seen += (size_t)SSL_read(p.client, got + seen, LEN);
    CHECK(memcmp(content + 1000, got, LEN - 1000) == 0);
    CHECK_INT(tls_send_file(p.server, file, LEN, 10), 0);
    close(file);
    free(content);
    free(got);
    pair_close(&p);
    end();
}

/* -- ends -- */

TEST(an_end_that_was_announced_is_not_a_truncation)
{
    char got[8];
    begin();
    PAIR(p, context, .name = "one.example");
    SSL_shutdown(p.client);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 0);
    CHECK(!tls_is_truncated(p.server));
    pair_close(&p);
    end();
}

TEST(a_socket_that_closes_without_an_announcement_is_a_truncation)
{
    char got[8];
    begin();
    PAIR(p, context, .name = "one.example");
    shutdown(p.fds[0], SHUT_WR);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 0);
    CHECK(tls_is_truncated(p.server));
    CHECK_INT(tls_receive(p.server, got, sizeof got), 0);
    pair_close(&p);
    end();
}

TEST(a_finished_session_tells_its_client)
{
    char got[8];
    begin();
    PAIR(p, context, .name = "one.example");
    CHECK(tls_finish(p.server));
    int n = SSL_read(p.client, got, sizeof got);
    CHECK_INT(SSL_get_error(p.client, n), SSL_ERROR_ZERO_RETURN);
    pair_close(&p);
    end();
}

TEST(a_damaged_record_is_an_error_and_nothing_more_is_sent)
{
    char got[8];
    begin();
    PAIR(p, context, .name = "one.example");
    CHECK(send(p.fds[0], "\x17\x03\x03\x00\x20 this was never encrypted at all", 37, 0) == 37);
    CHECK_INT(tls_receive(p.server, got, sizeof got), -1);
    CHECK_INT(errno, EPROTO);
    CHECK_TEXT(tls_failure(p.server), "decryption failed or bad record mac");
    const struct iovec part = {got, sizeof got};
    CHECK_INT(tls_send(p.server, &part, 1, false), -1);
    CHECK(tls_finish(p.server));
    pair_close(&p);
    end();
}

TEST(a_client_that_has_gone_is_an_error_of_the_socket)
{
    char got[8] = "";
    signal(SIGPIPE, SIG_IGN); /* as a worker does */
    begin();
    PAIR(p, context, .name = "one.example");
    close(p.fds[0]);
    const struct iovec part = {got, sizeof got};
    CHECK_INT(tls_send(p.server, &part, 1, false), -1);
    CHECK_INT(errno, EPIPE);
    p.fds[0] = dup(p.fds[1]);
    pair_close(&p);
    end();
}

/* -- other records than data -- */

TEST(a_client_may_change_its_keys_and_ask_the_server_to)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    for (unsigned i = 0; i < 100; i++) {
        CHECK_INT(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED), 1);
        CHECK_INT(SSL_write(p.client, "hello", 5), 5);
        CHECK_INT(tls_receive(p.server, got, sizeof got), 5);
        CHECK_INT(send_all(&p, "answer", 6, got, sizeof got), 6);
    }
    pair_close(&p);
    end();
}

TEST(a_change_of_keys_that_cannot_be_answered_yet_is_read_again_when_the_socket_is_writable)
{
    static char body[TLS_RECORD_BYTES];
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    SSL_read(p.client, got, sizeof got);
    const struct iovec part = {body, sizeof body};
    size_t sent = 0, seen = 0;
    ssize_t n;
    while ((n = tls_send(p.server, &part, 1, false)) > 0)
        sent += (size_t)n;
    CHECK_INT(SSL_key_update(p.client, SSL_KEY_UPDATE_REQUESTED), 1);
    CHECK_INT(SSL_write(p.client, "hello", 5), 5);
    long received = tls_receive(p.server, got, sizeof got); /* the answer to the update may have to wait */
    static char scrap[TLS_RECORD_BYTES];
    int m;
    while (seen < sent && (m = SSL_read(p.client, scrap, sizeof scrap)) > 0)
        seen += (size_t)m;
    if (received < 0) {
        CHECK(tls_read_wants_write(p.server));
        received = tls_receive(p.server, got, sizeof got);
    }
    CHECK_INT(received, 5);
    n = tls_send(p.server, &part, 1, false);
    CHECK(n > 0);
    while (seen < sent + (size_t)n && (m = SSL_read(p.client, scrap, sizeof scrap)) > 0)
        seen += (size_t)m;
    CHECK_INT(seen, sent + (size_t)n);
    pair_close(&p);
    end();
}

TEST(threat_059_a_flood_of_key_changes_without_data_ends_the_connection)
{
    char got[64];
    long n = -1;
    begin();
    PAIR(p, context, .name = "one.example");
    for (unsigned i = 0; i < 1000; i++) {
        SSL_key_update(p.client, SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(p.client);
    }
    n = tls_receive(p.server, got, sizeof got);
    CHECK_INT(n, -1);
    CHECK_INT(errno, EPROTO);
    CHECK_TEXT(tls_failure(p.server), "too many records without data");
    pair_close(&p);
    end();
}

TEST(threat_059_renegotiation_is_refused_and_a_flood_of_it_ends_the_connection)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example", .most = TLS1_2_VERSION);
    unsigned turn = 0;
    int error = EAGAIN;
    while (error == EAGAIN && turn++ < 1000) {
        ERR_clear_error();
        SSL_renegotiate(p.client);
        SSL_do_handshake(p.client);
        error = tls_receive(p.server, got, sizeof got) < 0 ? errno : 0;
    }
    CHECK(error != EAGAIN);
    CHECK(!SSL_renegotiate_pending(p.client) || turn < 1000);
    pair_close(&p);
    end();
}

TEST(threat_059_records_of_one_byte_are_received)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    for (unsigned i = 0; i < 300; i++) {
        CHECK_INT(SSL_write(p.client, "x", 1), 1);
        CHECK_INT(tls_receive(p.server, got, sizeof got), 1);
    }
    pair_close(&p);
    end();
}

TEST(an_edge_that_comes_while_records_are_buffered_is_not_forgotten)
{
    char got[64];
    begin();
    PAIR(p, context, .name = "one.example");
    CHECK_INT(SSL_write(p.client, "one", 3), 3);
    CHECK_INT(SSL_write(p.client, "two", 3), 3);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 3);
    CHECK_INT(SSL_write(p.client, "three", 5), 5);
    tls_note_readable(p.server);
    CHECK_INT(tls_receive(p.server, got, sizeof got), 3); /* of what was buffered: the socket was not asked */
    CHECK(tls_has_pending(p.server));
    CHECK_INT(tls_receive(p.server, got, sizeof got), 5);
    pair_close(&p);
    end();
}

/** Which addresses are one client to a rate limit. */
#include "http/connection.h"
#include "unit/app/fake.h"

#include <tern/limits.h>

#include <stdio.h>

static fake f;

static tern_reply ok(tern_ctx *c)
{
    return tern_text(c, "ok");
}

static int ask_from(const char *address, tern_middleware piece)
{
    static http_connection connection; /* of which the address is all that counts */
    const tern_middleware chain[] = {piece, {0}};
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    f.x.connection = &connection;
    snprintf(f.x.address, sizeof f.x.address, "%s", address);
    fake_run(&f, chain, ok);
    return f.reply.status;
}

static tern_middleware one_each(unsigned ipv6_prefix)
{
    tern_middleware piece = tern_rate_limit(.requests = 1, .window_s = 3600, .ipv6_prefix = ipv6_prefix);
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    piece.prepare(&f.app, piece.options);
    CHECK_INT(f.app.mistakes.len, 0);
    return piece;
}

TEST(addresses_of_ipv6_with_the_same_64_bits_are_one_client)
{
    tern_middleware piece = one_each(0);
    CHECK_INT(ask_from("2001:db8:0:1::1", piece), 200);
    CHECK_INT(ask_from("2001:db8:0:1:ffff:ffff:ffff:ffff", piece), 429);
    CHECK_INT(ask_from("2001:db8:0:2::1", piece), 200);
}

TEST(the_prefix_of_ipv6_is_settable_to_the_bit)
{
    tern_middleware piece = one_each(52);
    CHECK_INT(ask_from("2001:db8:0:1000::1", piece), 200);
    CHECK_INT(ask_from("2001:db8:0:1fff::1", piece), 429);
    CHECK_INT(ask_from("2001:db8:0:2000::1", piece), 200);
    piece = one_each(128);
    CHECK_INT(ask_from("2001:db8::1", piece), 200);
    CHECK_INT(ask_from("2001:db8::2", piece), 200);
    CHECK_INT(ask_from("2001:db8::2", piece), 429);
}

TEST(each_address_of_ipv4_is_a_client)
{
    tern_middleware piece = one_each(0);
    CHECK_INT(ask_from("192.0.2.1", piece), 200);
    CHECK_INT(ask_from("192.0.2.2", piece), 200);
    CHECK_INT(ask_from("192.0.2.1", piece), 429);
}

TEST(all_clients_of_a_unix_socket_are_one)
{
    tern_middleware piece = one_each(0);
    CHECK_INT(ask_from("unix:", piece), 200);
    CHECK_INT(ask_from("unix:", piece), 429);
}

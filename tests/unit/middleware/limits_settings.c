/** Bad settings of the pieces of tern/limits.h, and addresses that pass while the service is closed. */
#include "http/connection.h"
#include "unit/app/fake.h"

#include <tern/limits.h>

#include <stdio.h>

static fake f;

static void check_mistake(tern_middleware piece, const char *wanted)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    piece.prepare(&f.app, piece.options);
    CHECK_BYTES(f.app.mistakes.data, f.app.mistakes.len, wanted, strlen(wanted));
    buf_free(&f.app.mistakes);
}

TEST(limits_that_are_not_set_are_refused_by_name)
{
    check_mistake(tern_concurrency_limit(),
                  "concurrency_limit: .most is not set: say how many requests may be in work at a time\n");
    check_mistake(tern_body_limit(), "body_limit: .bytes is not set: say how long a body may be\n");
    check_mistake(tern_timeout(), "timeout: .ms is not set: say how long a request may take\n");
    check_mistake(tern_cpu_limit(),
                  "cpu_limit: .ms is not set: say how much processor time a request may use\n");
}

TEST(settings_that_contradict_each_other_are_refused_by_name)
{
    check_mistake(tern_concurrency_limit(.most = 1, .refuse_at_once = true, .waiting = 3),
                  "concurrency_limit: .refuse_at_once is set, and so is .waiting: leave one out\n");
    check_mistake(
        tern_concurrency_limit(.most = 1, .name = "db"),
        "concurrency_limit: .name is \"db\", but each worker counts for itself: set .all_workers = true\n");
    check_mistake(tern_circuit_breaker(.failures_percent = 101),
                  "circuit_breaker: .failures_percent is 101: 100 is the most\n");
    check_mistake(tern_circuit_breaker(.window_s = 61), "circuit_breaker: .window_s is 61: 60 is the most\n");
    check_mistake(tern_circuit_breaker(.open_s = 100000),
                  "circuit_breaker: .open_s is 100000: a day, 86400, is the most\n");
}

TEST(rates_that_are_missing_or_contradict_each_other_are_refused_by_name)
{
    check_mistake(tern_throttle(),
                  "throttle: no rate is set: give .min_body_rate, .min_reply_rate or .reply_rate\n");
    check_mistake(
        tern_throttle(.min_reply_rate = 20, .reply_rate = 10),
        "throttle: .min_reply_rate is 20, and .reply_rate 10: a client cannot take more than it is sent\n");
    check_mistake(tern_throttle(.min_body_rate = 20, .reply_free = 10),
                  "throttle: .reply_free is set, but .reply_rate is not: set it, too\n");
}

TEST(networks_that_are_not_networks_are_refused_by_name)
{
    static const char *const wrong[] = {"10.0.0.0/33", "localhost", "10.0.0",      "2001:db8::/129",
                                        "10.0.0.0/",   "::/x",      "10.0.0.0/8/8"};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char wanted[256];
        snprintf(wanted, sizeof wanted, "maintenance: .allow: \"%s\" is not a network: ", wrong[i]);
        tern_middleware piece = tern_maintenance(.allow = wrong[i]);
        fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        piece.prepare(&f.app, piece.options);
        CHECK_INT(strncmp(f.app.mistakes.data, wanted, strlen(wanted)), 0);
        buf_free(&f.app.mistakes);
    }
    check_mistake(tern_maintenance(.file = ""),
                  "maintenance: .file is \"\": name the file that closes the service\n");
}

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

TEST(requests_of_allowed_networks_pass_a_closed_service)
{
    tern_middleware piece = tern_maintenance(.on = true, .allow = "192.0.2.1 10.0.0.0/9,2001:db8::/33, unix");
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    piece.prepare(&f.app, piece.options);
    CHECK_INT(f.app.mistakes.len, 0);
    CHECK_INT(ask_from("192.0.2.1", piece), 200);
    CHECK_INT(ask_from("192.0.2.2", piece), 503);
    CHECK_INT(ask_from("10.127.1.1", piece), 200);
    CHECK_INT(ask_from("10.128.1.1", piece), 503);
    CHECK_INT(ask_from("2001:db8:7fff::1", piece), 200);
    CHECK_INT(ask_from("2001:db8:8000::1", piece), 503);
    CHECK_INT(ask_from("::ffff:192.0.2.1", piece), 200);
    CHECK_INT(ask_from("unix:", piece), 200);
    tern_maintenance_switch(false);
    CHECK_INT(ask_from("192.0.2.2", piece), 200);
}

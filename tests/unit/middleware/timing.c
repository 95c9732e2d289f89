/** Response time and Server-Timing. */
#include "unit/middleware/send.h"

TERN_HANDLER(timed)
{
    tern_timing(c, "db", .us = 1500, .description = "all \"todos\"");
    tern_timing(c, "db", .us = 500);
    tern_timing(c, "cache");
    tern_timing(c, "not a token", .us = 1);
    tern_timing(c, "evil", .us = 1, .description = "a\r\nSet-Cookie: b");
    return tern_text(c, "ok");
}

TERN_HANDLER(many)
{
    for (int i = 0; i < 100; i++)
        tern_timing(c, tern_sprintf(c, "m%d", i), .us = 1);
    tern_fail(c, 409, "no");
}

TEST(server_timing_has_the_metrics_of_the_handler)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_server_timing());
    tern_get(app, "/", timed);
    ask_open(app);
    CHECK_INT(send_request("GET /", "", ""), 200);
    CHECK(has_header("Server-Timing: total;dur="));
    CHECK(has_header("Server-Timing: db;dur=2.000;desc=\"all \\\"todos\\\"\"\r\n"));
    CHECK(has_header("Server-Timing: cache\r\n"));
    CHECK(strstr(ask_reply, "Set-Cookie") == NULL);
    CHECK(strstr(ask_reply, "not a token") == NULL);
}

TEST(server_timing_has_a_limit_and_is_on_failures_too)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_server_timing(.without_total = true));
    tern_get(app, "/", many);
    ask_open(app);
    CHECK_INT(send_request("GET /", "", ""), 409);
    CHECK(has_header("Server-Timing: m31;dur=0.001\r\n"));
    CHECK(!has_header("Server-Timing: m32;"));
    CHECK(!has_header("total"));
}

TEST(timings_outside_of_server_timing_are_left_out)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_response_time());
    tern_get(app, "/", timed);
    ask_open(app);
    CHECK_INT(send_request("GET /", "", ""), 200);
    CHECK(!has_header("Server-Timing"));
    CHECK(has_header("X-Response-Time: 0.") || has_header("X-Response-Time: "));
    CHECK_HAS(mistake_in(tern_response_time(.header = "X Time")), "response_time: .header is \"X Time\"");
}

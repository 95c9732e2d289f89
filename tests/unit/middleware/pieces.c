/** The middleware of Tern that does not need a connection. */
#include "unit/app/fake.h"

#include <tern/app.h>
#include <tern/log.h>

#define BROWSER "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

static fake f;

static void run(const char *head, tern_middleware piece, tern_reply (*handler)(tern_ctx *c))
{
    const tern_middleware chain[] = {piece, {0}};
    tern_log_set_level(TERN_LOG_SILENT);
    fake_open(&f, head);
    if (piece.prepare != NULL)
        piece.prepare(&f.app, piece.options);
    fake_run(&f, chain, handler);
}

static tern_reply ok(tern_ctx *c)
{
    return tern_text(c, tern_request_id(c));
}

static tern_reply fail(tern_ctx *c)
{
    tern_fail(c, 404, "no <b>todo</b> & no \"more\"");
}

static tern_reply bare_status(tern_ctx *c)
{
    return tern_status(c, 410);
}

static tern_reply own_body(tern_ctx *c)
{
    return tern_with_status(tern_json_text(c, "{\"mine\":1}"), 409);
}

TEST(every_reply_carries_the_requests_id_even_a_failed_one)
{
    run("GET / HTTP/1.1\r\nHost: h\r\n\r\n", tern_request_ids(), ok);
    CHECK_TEXT(tern_reply_header(&f.c, "X-Request-Id"), f.reply.data);
    run("GET / HTTP/1.1\r\nHost: h\r\n\r\n", tern_request_ids(.header = "X-Id"), fail);
    CHECK_INT(f.reply.status, 404);
    CHECK_INT(strlen(tern_reply_header(&f.c, "X-Id")), 32);
}

TEST(a_clients_id_is_used_only_if_it_is_trusted_and_well_formed)
{
    static const char good[] = "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: abc-1_2.3\r\n\r\n";
    static const char bad[] = "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: a b\r\n\r\n";
    run(good, tern_request_ids(), ok);
    CHECK_INT(f.reply.len, 32);
    run(good, tern_request_ids(.trust_client = true), ok);
    CHECK_REPLY(&f, 200, "abc-1_2.3");
    run(bad, tern_request_ids(.trust_client = true), ok);
    CHECK_INT(f.reply.len, 32);
}

TEST(a_clients_id_may_have_64_bytes_and_no_more)
{
    static const char longest[] = "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: "
                                  "0123456789012345678901234567890123456789012345678901234567890123\r\n\r\n";
    static const char longer[] = "GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: "
                                 "01234567890123456789012345678901234567890123456789012345678901234\r\n\r\n";
    run(longest, tern_request_ids(.trust_client = true), ok);
    CHECK_INT(f.reply.len, 64);
    run(longer, tern_request_ids(.trust_client = true), ok);
    CHECK_INT(f.reply.len, 32);
}

TEST(a_bare_status_becomes_a_problem_and_a_body_stays)
{
    run("GET / HTTP/1.1\r\nHost: h\r\n\r\n", tern_problem_pages(), bare_status);
    CHECK_REPLY(&f, 410, "{\"type\":\"about:blank\",\"title\":\"Gone\",\"status\":410}");
    run("GET / HTTP/1.1\r\nHost: h\r\n\r\n", tern_problem_pages(), own_body);
    CHECK_REPLY(&f, 409, "{\"mine\":1}");
}

TEST(browsers_get_a_page_with_the_detail_escaped)
{
    run("GET / HTTP/1.1\r\nHost: h\r\nAccept: " BROWSER "\r\n\r\n",
        tern_problem_pages(.html_for_browsers = true), fail);
    CHECK_REPLY(&f, 404,
                "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>404 Not Found</title>\n"
                "<h1>Not Found</h1>\n<p>no &lt;b&gt;todo&lt;/b&gt; &amp; no &quot;more&quot;</p>\n</html>\n");
    CHECK_TEXT(f.reply.type, "text/html; charset=utf-8");
    CHECK_TEXT(tern_reply_header(&f.c, "Vary"), "Accept");
}

TEST(programs_get_problem_details_even_with_pages)
{
    static const char *const accepts[] = {"*/*", "application/json, text/html;q=0.9", "text/html;q=0, */*",
                                          "text/html;q=bad", "text/html, application/problem+json"};
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        char head[256];
        strcpy(stpcpy(stpcpy(head, "GET / HTTP/1.1\r\nHost: h\r\nAccept: "), accepts[i]), "\r\n\r\n");
        run(head, tern_problem_pages(.html_for_browsers = true), fail);
        CHECK_TEXT(f.reply.type, "application/problem+json");
    }
}

TEST(pages_are_for_browsers_only_when_configured)
{
    run("GET / HTTP/1.1\r\nHost: h\r\nAccept: " BROWSER "\r\n\r\n", tern_problem_pages(), fail);
    CHECK_TEXT(f.reply.type, "application/problem+json");
    CHECK_TEXT(tern_reply_header(&f.c, "Vary"), NULL);
}

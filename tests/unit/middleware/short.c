/** The small pieces when each allocation in turn fails: at start, and in a request. */
#include "unit/middleware/send.h"

#include "base/mem.h"

TERN_HANDLER(plain)
{
    tern_timing(c, "db", .us = 5, .description = "all");
    return tern_text(c, tern_user(c) != NULL ? tern_user(c) : "ok");
}

static void add_pieces(tern_app *app)
{
    tern_use(app, tern_request_ids(), tern_logger(.fields = "target, user"), tern_response_time(),
             tern_server_timing(), tern_rewrites(.paths = TERN_PATHS({"/w/{rest...}", "/{rest}"})),
             tern_method_override(.field = "_method"),
             tern_versions(.versions = "1, 2", .header = "V", .fallback = "1"),
             tern_redirects(.paths = TERN_PATHS({"/old/{a}", "/new/{a}"})),
             tern_ip_filter(.deny = "10.0.0.0/8, ::1"));
    tern_favicon(app);
    tern_robots(app, .disallow = "/a, /b");
    tern_security_txt(app, .contact = "mailto:a@example.org", .expires = "2099-01-01T00:00:00Z");
    tern_get(app, "/basic", plain, .use = TERN_USE(tern_basic_auth(.users = "a:b\nc:d")));
    tern_get(app, "/key", plain, .use = TERN_USE(tern_key_auth(.keys = "0123456789abcdef")));
    tern_get(app, "/api/v1/x", plain,
             .use = TERN_USE(tern_deprecated(.since = "2020-01-01", .sunset = "2099-01-01")));
    tern_delete(app, "/api/v1/x", plain);
}

TEST(an_application_of_pieces_starts_right_or_not_at_all_whichever_allocation_fails)
{
    for (unsigned long n = 1;; n++) {
        tern_app *app = tern_app_new();
        buf problems = {0};
        mem_fail_at(n, 0);
        add_pieces(app);
        bool ok = app_compile(app, &problems);
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        if (ok != is_done)
            check_fail(__FILE__, __LINE__, "allocation %lu: %s", n, ok ? "it starts" : problems.data);
        buf_free(&problems);
        app_free(app);
        if (is_done)
            break;
    }
}

TEST(requests_through_pieces_are_answered_whichever_allocation_fails)
{
    static const char *const requests[][3] = {
        {"GET /w/basic?a=b", "Authorization: Basic YTpi\r\n", ""},
        {"GET /key", "Authorization: Bearer 0123456789abcdef\r\n", ""},
        {"POST /api/x", "Content-Type: application/x-www-form-urlencoded\r\n", "_method=DELETE"},
        {"GET /api/x", "V: 9\r\n", ""},
        {"GET /old/x", "", ""},
        {"GET /robots.txt", "", ""},
    };
    tern_app *app = tern_app_new();
    add_pieces(app);
    ask_open(app);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        int status = 0;
        for (unsigned long n = 1; n == 1 || status == 0; n++) {
            char request[1000];
            int len =
                snprintf(request, sizeof request,
                         "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
                         requests[i][0], requests[i][1], strlen(requests[i][2]), requests[i][2]);
            const wire_script script = {.request = request, .len = (size_t)len};
            mem_fail_at(n, 0);
            long heard = wire_talk(&script, ask_reply, sizeof ask_reply);
            bool is_done = mem_tried() < n;
            mem_fail_at(0, 0);
            CHECK(heard == 0 || (heard > 12 && strncmp(ask_reply, "HTTP/1.1 ", 9) == 0));
            if (is_done)
                status = atoi(ask_reply + 9);
        }
        CHECK(status == (i < 3 ? 200 : i == 3 ? 400 : i == 4 ? 308 : 200));
    }
}

/** Entity tags of bodies, conditions of requests, and the choice among several forms of a reply. */
#include "unit/middleware/compressed.h"

TERN_HANDLER(todo)
{
    if (tern_query(c, "version") != NULL)
        tern_set_etag(c, tern_query(c, "version"));
    return tern_with_status(tern_text(c, "todo 7"), tern_query(c, "missing") != NULL ? 404 : 200);
}

TERN_HANDLER(change)
{
    tern_check_etag(c, "v7");
    return tern_text(c, "changed");
}

static void open_with(tern_middleware piece)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece);
    tern_get(app, "/todo", todo);
    tern_post(app, "/todo", todo);
    tern_put(app, "/todo", change);
    tern_delete(app, "/todo", change, .need_if_match = true);
    ask_open(app);
}

TEST(a_body_has_a_tag_that_makes_the_next_reply_a_304)
{
    char tag[64], headers[128];
    open_with(tern_etag());
    CHECK_INT(fetch("GET /todo", ""), 200);
    strcpy(tag, header("ETag"));
    CHECK_INT(strlen(tag), 18);
    snprintf(headers, sizeof headers, "If-None-Match: \"x\", W/%s\r\n", tag);
    CHECK_INT(fetch("GET /todo", headers), 304);
    CHECK_TEXT(header("ETag"), tag);
    CHECK_TEXT(header("Content-Type"), NULL);
    CHECK_INT(fetch("HEAD /todo", headers), 304);
    CHECK_INT(fetch("GET /todo", "If-None-Match: \"x\"\r\n"), 200);
    CHECK_INT(fetch("GET /todo", "If-None-Match: *\r\n"), 304);
    CHECK_INT(fetch("GET /todo", "If-Match: \"x\"\r\n"), 412);
}

TEST(a_weak_tag_saves_downloads_too)
{
    char headers[128];
    open_with(tern_etag(.weak = true));
    fetch("GET /todo", "");
    CHECK(strncmp(header("ETag"), "W/\"", 3) == 0);
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", header("ETag"));
    CHECK_INT(fetch("GET /todo", headers), 304);
}

TEST(only_successes_of_reads_have_a_tag_and_the_handlers_own_stays)
{
    open_with(tern_etag());
    fetch("POST /todo", "Content-Length: 0\r\n");
    CHECK_TEXT(header("ETag"), NULL);
    fetch("GET /todo?missing=1", "");
    CHECK_TEXT(header("ETag"), NULL);
    fetch("GET /todo?version=v1", "");
    CHECK_TEXT(header("ETag"), "\"v1\"");
}

TEST(a_body_above_the_limit_has_no_tag)
{
    open_with(tern_etag(.max_bytes = 5));
    fetch("GET /todo", "");
    CHECK_TEXT(header("ETag"), NULL);
}

TEST(a_write_needs_the_version_that_the_client_has_read)
{
    open_with(tern_etag());
    CHECK_INT(fetch("PUT /todo", "If-Match: \"v7\"\r\nContent-Length: 0\r\n"), 200);
    CHECK_TEXT(header("ETag"), NULL);
    CHECK_INT(fetch("PUT /todo", "If-Match: \"v6\"\r\nContent-Length: 0\r\n"), 412);
    CHECK_INT(fetch("PUT /todo", "If-Match: W/\"v7\"\r\nContent-Length: 0\r\n"), 412);
    CHECK_INT(fetch("PUT /todo", "If-None-Match: *\r\nContent-Length: 0\r\n"), 412);
    CHECK_INT(fetch("PUT /todo", "Content-Length: 0\r\n"), 200);
}

TEST(a_write_without_a_condition_is_a_428_where_the_route_needs_one)
{
    open_with(tern_etag());
    CHECK_INT(fetch("DELETE /todo", ""), 428);
    CHECK_INT(fetch("DELETE /todo", "If-Match: \"v7\"\r\n"), 200);
    CHECK_INT(fetch("DELETE /todo", "If-Match: *\r\n"), 200);
}

/** Replies, their headers, failing and deferring. */
#include "unit/app/fake.h"

#include <tern/app.h>
#include <tern/log.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

static fake f;

static void run(tern_reply (*handler)(tern_ctx *c))
{
    tern_log_set_level(TERN_LOG_SILENT);
    fake_open(&f, GET);
    fake_run(&f, NULL, handler);
}

/* -- failing -- */

static tern_reply fail_with_quotes(tern_ctx *c)
{
    tern_fail(c, 404, "no \"%s\"\n", "todo");
}

TEST(a_failure_is_a_problem_with_its_detail_escaped)
{
    run(fail_with_quotes);
    CHECK_REPLY(&f, 404,
                "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                "\"detail\":\"no \\\"todo\\\"\\n\"}");
    CHECK_TEXT(f.reply.type, "application/problem+json");
}

static tern_reply fail_with_200(tern_ctx *c)
{
    tern_fail(c, 200, "odd");
}

TEST(a_failure_with_a_status_that_is_not_an_error_is_500)
{
    run(fail_with_200);
    CHECK_INT(f.reply.status, 500);
}

static tern_reply fail_without_memory(tern_ctx *c)
{
    c->x->arena.limit_bytes = 0;
    c->x->arena.next = c->x->arena.end;
    tern_fail(c, 409, "%s", "anything");
}

TEST(a_failure_without_memory_keeps_its_status)
{
    run(fail_without_memory);
    CHECK_REPLY(&f, 409, "{\"type\":\"about:blank\",\"title\":\"Error\"}");
}

static tern_reply odd_status(tern_ctx *c)
{
    return tern_with_status(tern_text(c, "x"), 199);
}

static tern_reply nothing(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

TEST(a_reply_that_cannot_be_sent_is_500)
{
    run(odd_status);
    CHECK_INT(f.reply.status, 500);
    run(nothing);
    CHECK_INT(f.reply.status, 500);
}

/* -- deferring -- */

static char order[32];

static void note(void *text)
{
    strcat(order, text);
}

static tern_reply defer_two(tern_ctx *c)
{
    tern_defer(c, note, "a");
    tern_defer(c, note, "b");
    return tern_text(c, "ok");
}

static tern_reply defer_and_fail(tern_ctx *c)
{
    tern_defer(c, note, "a");
    tern_defer(c, note, "b");
    tern_fail(c, 400, "no");
}

TEST(deferred_calls_run_last_first_however_the_handler_ends)
{
    order[0] = '\0';
    run(defer_two);
    CHECK_TEXT(order, "ba");
    order[0] = '\0';
    run(defer_and_fail);
    CHECK_TEXT(order, "ba");
}

static tern_reply deferring_middleware(tern_ctx *c, void *options)
{
    (void)options;
    tern_defer(c, note, "m");
    tern_reply reply = tern_next(c);
    strcat(order, "-");
    return reply;
}

TEST(deferred_calls_of_a_handler_have_run_when_tern_next_returns)
{
    static const tern_middleware chain[] = {TERN_MIDDLEWARE(deferring_middleware), {0}};
    order[0] = '\0';
    fake_open(&f, GET);
    fake_run(&f, chain, defer_and_fail);
    CHECK_TEXT(order, "ba-m");
    CHECK_INT(f.reply.status, 400);
}

static tern_reply cancelled(tern_ctx *c)
{
    tern_defer(c, note, "a");
    unwind_throw(UNWIND_CANCELLED);
}

static void run_cancelled(void *arg)
{
    fake *request = arg;
    unwind_point point;
    ctx_open(&request->c);
    if (unwind_catch(&point) == 0) {
        tern_next(&request->c);
        unwind_release(&point);
        strcat(order, "returned");
    } else {
        strcat(order, point.reason == UNWIND_CANCELLED ? "!" : "?");
    }
}

TEST(threat_119_a_cancelled_request_passes_middleware_and_undoes_every_level)
{
    static const tern_middleware chain[] = {TERN_MIDDLEWARE(deferring_middleware), {0}};
    order[0] = '\0';
    fake_open(&f, GET);
    f.r.handler.run = cancelled;
    f.c.next = chain;
    CHECK(coro_start(run_cancelled, &f));
    CHECK_TEXT(order, "am!");
}

/* -- middleware -- */

static tern_reply calls_twice(tern_ctx *c, void *options)
{
    (void)options;
    tern_next(c);
    return tern_next(c);
}

TEST(a_second_call_of_tern_next_is_500)
{
    static const tern_middleware chain[] = {TERN_MIDDLEWARE(calls_twice), {0}};
    tern_log_set_level(TERN_LOG_SILENT);
    order[0] = '\0';
    fake_open(&f, GET);
    fake_run(&f, chain, defer_two);
    CHECK_INT(f.reply.status, 500);
    CHECK_TEXT(order, "ba"); /* the handler ran once */
}

static tern_reply sets_outside(tern_ctx *c, void *options)
{
    (void)options;
    tern_set_header(c, "X-Kept", "outside");
    tern_set_header(c, "X-Also", "outside");
    tern_reply reply = tern_next(c);
    tern_set_header(c, "X-After", "yes");
    return reply;
}

static tern_reply replaces_and_fails(tern_ctx *c)
{
    tern_set_header(c, "x-kept", "inside");
    tern_set_header(c, "X-Inside", "yes");
    tern_fail(c, 400, "no");
}

TEST(headers_of_a_failed_handler_are_dropped_and_the_replaced_ones_restored)
{
    static const tern_middleware chain[] = {TERN_MIDDLEWARE(sets_outside), {0}};
    fake_open(&f, GET);
    fake_run(&f, chain, replaces_and_fails);
    CHECK_INT(f.reply.status, 400);
    CHECK_INT(f.x.field_count, 3);
    CHECK_TEXT(tern_reply_header(&f.c, "X-Kept"), "outside");
    CHECK_TEXT(tern_reply_header(&f.c, "X-Also"), "outside");
    CHECK_TEXT(tern_reply_header(&f.c, "X-After"), "yes");
    CHECK_TEXT(tern_reply_header(&f.c, "X-Inside"), NULL);
}

/* -- headers and cookies -- */

static tern_reply bad_headers(tern_ctx *c)
{
    CHECK(!tern_set_header(c, "X-A", "a\r\nSet-Cookie: b=c"));
    CHECK(!tern_set_header(c, "X-A", "a\nb"));
    CHECK(!tern_add_header(c, "X A", "a"));
    CHECK(!tern_add_header(c, "", "a"));
    CHECK(!tern_add_header(c, "X-A:", "a"));
    CHECK(!tern_set_header(c, "content-length", "5"));
    CHECK(!tern_set_header(c, "Transfer-Encoding", "chunked"));
    CHECK(!tern_set_header(c, "Connection", "close"));
    CHECK(!tern_set_header(c, "Date", "today"));
    return tern_text(c, "ok");
}

TEST(threat_030_line_breaks_and_the_servers_own_headers_are_refused)
{
    run(bad_headers);
    CHECK_REPLY(&f, 200, "ok");
    CHECK_INT(f.x.field_count, 0);
}

static tern_reply add_headers(tern_ctx *c)
{
    char value[] = "one";
    CHECK(tern_add_header(c, "X-A", value));
    value[0] = '#'; /* copied */
    CHECK(tern_add_header(c, "X-A", "two"));
    CHECK_TEXT(tern_reply_header(c, "x-a"), "one");
    CHECK_INT(c->x->field_count, 2);
    CHECK(tern_set_header(c, "x-a", "three"));
    CHECK_TEXT(tern_reply_header(c, "X-A"), "three");
    CHECK_INT(c->x->field_count, 1);
    return tern_no_content(c);
}

/** Varies by what several pieces and the handler do, in every way of saying it. */
static tern_reply vary_in_parts(tern_ctx *c)
{
    tern_vary(c, "Accept");
    tern_vary(c, "Origin, accept");
    CHECK(tern_add_header(c, "vary", "Accept-Encoding,  ORIGIN"));
    CHECK_TEXT(tern_reply_header(c, "Vary"), "Accept, Origin, Accept-Encoding");
    CHECK_INT(c->x->field_count, 1);
    return tern_no_content(c);
}

TEST(a_reply_has_one_line_of_vary_with_each_name_once)
{
    run(vary_in_parts);
    CHECK_REPLY(&f, 204, "");
}

static tern_reply vary_by_all(tern_ctx *c)
{
    tern_vary(c, "Accept");
    tern_vary(c, "*");
    tern_vary(c, "Origin");
    CHECK_TEXT(tern_reply_header(c, "Vary"), "*");
    return tern_no_content(c);
}

TEST(a_reply_that_varies_by_everything_says_no_more)
{
    run(vary_by_all);
    CHECK_REPLY(&f, 204, "");
}

TEST(setting_a_header_replaces_and_adding_keeps)
{
    run(add_headers);
    CHECK_REPLY(&f, 204, "");
}

static tern_reply set_cookies(tern_ctx *c)
{
    CHECK(tern_set_cookie(c, "a", "1"));
    CHECK(tern_set_cookie(c, "b", "2", .max_age_s = 60, .secure = true));
    CHECK(!tern_set_cookie(c, "c", "x\r\ny"));
    CHECK(!tern_set_cookie(c, "c d", "x"));
    CHECK(!tern_set_cookie(c, "e", "x", .path = "/;Domain=evil"));
    return tern_no_content(c);
}

TEST(threat_030_cookies_with_line_breaks_are_refused)
{
    run(set_cookies);
    CHECK_INT(f.reply.status, 204);
    CHECK_INT(f.x.field_count, 2);
    CHECK_TEXT(tern_reply_header(&f.c, "Set-Cookie"), "a=1; Path=/; SameSite=Lax; HttpOnly");
}

/* -- redirects, statuses, files -- */

static const char *target;

static tern_reply redirect(tern_ctx *c)
{
    return tern_redirect(c, target);
}

TEST(a_redirect_is_302_with_a_location)
{
    target = "https://example.org/a?b=c#d";
    run(redirect);
    CHECK_REPLY(&f, 302, "");
    CHECK_TEXT(tern_reply_header(&f.c, "Location"), target);
}

TEST(threat_091_redirects_with_control_bytes_spaces_or_backslashes_are_500)
{
    static const char *const targets[] = {
        "/a\r\nX: y", "/\\evil.example", "/a b", "/\tevil.example", "/\xc3\xa4", "", "\x7f"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        target = targets[i];
        run(redirect);
        CHECK_INT(f.reply.status, 500);
        CHECK_TEXT(tern_reply_header(&f.c, "Location"), NULL);
    }
}

static tern_reply redirect_200(tern_ctx *c)
{
    return tern_redirect_with(c, 200, "/");
}

TEST(a_redirect_needs_a_3xx)
{
    run(redirect_200);
    CHECK_INT(f.reply.status, 500);
}

static tern_reply teapot(tern_ctx *c)
{
    return tern_status(c, 418);
}

static tern_reply not_modified(tern_ctx *c)
{
    return tern_status(c, 304);
}

TEST(a_status_has_its_text_as_body_except_304)
{
    run(teapot);
    CHECK_INT(f.reply.status, 418);
    CHECK(strncmp(f.reply.data, "418 ", 4) == 0);
    run(not_modified);
    CHECK_REPLY(&f, 304, "");
}

static tern_reply directory(tern_ctx *c)
{
    return tern_file(c, "/");
}

static tern_reply no_file(tern_ctx *c)
{
    return tern_file(c, "/nowhere/at/all");
}

TEST(a_missing_file_or_a_folder_is_404)
{
    run(directory);
    CHECK_INT(f.reply.status, 404);
    run(no_file);
    CHECK_INT(f.reply.status, 404);
}

TEST(media_types_go_by_the_suffix_in_any_case)
{
    CHECK_TEXT(mime_of_path("a/b/INDEX.HTML"), "text/html; charset=utf-8");
    CHECK_TEXT(mime_of_path("x.tar.gz"), "application/gzip");
    CHECK_TEXT(mime_of_path("a.b/c"), "application/octet-stream");
    CHECK_TEXT(mime_of_path("plain"), "application/octet-stream");
    CHECK_TEXT(mime_of_path("dot."), "application/octet-stream");
    CHECK_TEXT(mime_of_path("font.woff2"), "font/woff2");
}

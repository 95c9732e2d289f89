/** Middleware as an application writes it: all of it comes before the first private include. */
#include <tern/middleware.h>

#include <string.h>

static struct {
    unsigned calls;
    int status;
    uint64_t bytes;
    char route[40], id[80];
} seen;

static void note_reply(tern_ctx *c, void *arg)
{
    tern_sent_reply sent = tern_sent(c);
    seen.calls++;
    seen.status = sent.status;
    seen.bytes = sent.bytes;
    strcpy(seen.route, tern_route_pattern(c));
    strcpy(seen.id, (const char *)arg);
}

static tern_reply metrics(tern_ctx *c, void *options)
{
    (void)options;
    tern_after(c, note_reply, tern_strdup(c, tern_request_id(c)));
    return tern_next(c);
}

/** Adds advice to each 404, and hides the details of a 500. */
static tern_reply soften(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    const tern_problem *problem = tern_problem_of(c, &reply);
    if (problem == NULL)
        return reply;
    tern_problem mine = *problem;
    if (mine.status == 404)
        mine.title = "Nothing here", mine.type = "https://example.org/help";
    if (mine.status == 500)
        mine.detail = NULL;
    return tern_problem_reply(c, &mine);
}

/** Puts the faulty fields into a header, for example for a gateway's log. */
static tern_reply name_faults(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    const tern_problem *problem = tern_problem_of(c, &reply);
    for (size_t i = 0; problem != NULL && i < problem->fault_count; i++)
        tern_add_header(c, "X-Fault",
                        tern_sprintf(c, "%s.%s %s", problem->faults[i].source, problem->faults[i].field,
                                     problem->faults[i].code));
    return reply;
}

static tern_reply need_token(tern_ctx *c, void *options)
{
    (void)options;
    tern_set_header(c, "WWW-Authenticate", "Bearer");
    return tern_problem_reply(c, &(tern_problem){.status = 401, .detail = "no token"});
}

static tern_reply take_id(tern_ctx *c, void *accepted)
{
    *(bool *)accepted = tern_set_request_id(c, tern_header(c, "X-Trace"));
    return tern_next(c);
}

/* -- the tests -- */

#include "unit/app/fake.h"

#include <tern/app.h>
#include <tern/log.h>

static fake f;

static void run(const char *head, tern_middleware piece, tern_reply (*handler)(tern_ctx *c))
{
    const tern_middleware chain[] = {piece, {0}};
    tern_log_set_level(TERN_LOG_SILENT);
    fake_open(&f, head);
    fake_run(&f, chain, handler);
}

#define GET "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

static tern_reply ok(tern_ctx *c)
{
    return tern_text(c, tern_request_id(c));
}

static tern_reply not_found(tern_ctx *c)
{
    tern_fail(c, 404, "no todo");
}

static tern_reply broken(tern_ctx *c)
{
    tern_fail(c, 500, "the password is secret");
}

static tern_reply taken(tern_ctx *c)
{
    tern_fail_field(c, 422, "email", "taken", "is %s", "taken");
}

static tern_reply two_faults(tern_ctx *c)
{
    char name[] = "nick"; /* gone when the handler has returned */
    tern_fault faults[] = {{.field = name, .code = "rude", .message = "is rude"},
                           {.source = "query", .field = "page", .code = "wrong", .message = "is wrong"}};
    tern_fail_with(c, &(tern_problem){.status = 422, .faults = faults, .fault_count = 2});
}

static tern_reply own_body(tern_ctx *c)
{
    return tern_with_status(tern_json_text(c, "{}"), 404);
}

TEST(middleware_is_notified_of_the_replys_outcome)
{
    run(GET, TERN_MIDDLEWARE(metrics), ok);
    CHECK(f.c.after != NULL);
    f.x.reply_status = 200;
    f.x.sent_bytes = 32;
    f.c.after->run(&f.c, f.c.after->arg);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(seen.status, 200);
    CHECK_INT(seen.bytes, 32);
    CHECK_TEXT(seen.route, "/fake");
    CHECK_TEXT(seen.id, f.reply.data);
}

TEST(middleware_rewrites_a_problem)
{
    run(GET, TERN_MIDDLEWARE(soften), not_found);
    CHECK_REPLY(&f, 404,
                "{\"type\":\"https://example.org/help\",\"title\":\"Nothing here\",\"status\":404,"
                "\"detail\":\"no todo\"}");
    run(GET, TERN_MIDDLEWARE(soften), broken);
    CHECK_REPLY(&f, 500, "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}");
}

TEST(a_reply_with_its_own_body_is_not_a_problem)
{
    run(GET, TERN_MIDDLEWARE(soften), own_body);
    CHECK_REPLY(&f, 404, "{}");
}

TEST(middleware_sees_the_faults_of_a_problem)
{
    run(GET, TERN_MIDDLEWARE(name_faults), taken);
    CHECK_TEXT(tern_reply_header(&f.c, "X-Fault"), "body.email taken");
    CHECK_REPLY(&f, 422,
                "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,"
                "\"detail\":\"1 value is wrong\",\"errors\":[{\"location\":[\"body\",\"email\"],"
                "\"code\":\"taken\",\"message\":\"is taken\"}]}");
}

TEST(a_problem_may_point_to_the_stack_of_the_handler)
{
    run(GET, TERN_MIDDLEWARE(name_faults), two_faults);
    CHECK_TEXT(tern_reply_header(&f.c, "X-Fault"), "body.nick rude");
    CHECK(strstr(f.reply.data, "[\"query\",\"page\"]") != NULL);
}

TEST(middleware_answers_with_a_problem_and_its_header)
{
    run(GET, TERN_MIDDLEWARE(need_token), ok);
    CHECK_TEXT(tern_reply_header(&f.c, "WWW-Authenticate"), "Bearer");
    CHECK_REPLY(
        &f, 401,
        "{\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\"detail\":\"no token\"}");
}

TEST(middleware_gives_a_request_another_id_when_it_is_one)
{
    bool is_taken;
    run("GET / HTTP/1.1\r\nHost: h\r\nX-Trace: a-1\r\n\r\n", TERN_MIDDLEWARE(take_id, .options = &is_taken),
        ok);
    CHECK(is_taken);
    CHECK_REPLY(&f, 200, "a-1");
    run("GET / HTTP/1.1\r\nHost: h\r\nX-Trace: a 1\r\n\r\n", TERN_MIDDLEWARE(take_id, .options = &is_taken),
        ok);
    CHECK(!is_taken);
    CHECK_INT(f.reply.len, 32);
    run(GET, TERN_MIDDLEWARE(take_id, .options = &is_taken), ok);
    CHECK(!is_taken);
}

TEST(a_problem_with_a_status_that_is_not_an_error_is_500)
{
    fake_open(&f, GET);
    tern_log_set_level(TERN_LOG_SILENT);
    tern_reply reply = tern_problem_reply(&f.c, &(tern_problem){.status = 200});
    CHECK_INT(reply.status, 500);
}

TEST(messages_are_grouped_by_field)
{
    static const tern_fault faults[] = {{.field = "email", .message = "is taken"},
                                        {.field = "name", .message = "is rude"},
                                        {.field = "email", .message = "is long"}};
    fake_open(&f, GET);
    tern_text_list_map map =
        tern_problem_by_field(&f.c, &(tern_problem){.status = 422, .faults = faults, .fault_count = 3});
    CHECK_INT(map.count, 2);
    CHECK_TEXT(map.entries[0].key, "email");
    CHECK_INT(map.entries[0].value.count, 2);
    CHECK_TEXT(map.entries[0].value.items[1], "is long");
    CHECK_TEXT(map.entries[1].value.items[0], "is rude");
    map = tern_problem_by_field(&f.c, &(tern_problem){.status = 404});
    CHECK_TEXT(map.entries[0].key, "");
    CHECK_TEXT(map.entries[0].value.items[0], "Not Found");
}

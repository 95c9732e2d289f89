/** Orders of middleware that the application refuses to start with, and those that it accepts. */
#include "app/middleware.h"
#include "unit/app/ask.h"

static tern_reply pass(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

static bool skips_never(tern_ctx *c)
{
    (void)c;
    return false;
}

TERN_HANDLER(plain)
{
    return tern_text(c, "ok");
}

static tern_middleware piece(const char *name, tern_stage stage)
{
    return (tern_middleware){.name = name, .run = pass, .stage = stage};
}

/** The problems of an application with these pieces, "" without any. */
static const char *problems_of(tern_app *app)
{
    static char text[4096];
    buf problems = {0};
    bool is_right = app_compile(app, &problems);
    CHECK_INT(is_right, problems.len == 0);
    snprintf(text, sizeof text, "%s", problems.len != 0 ? problems.data : "");
    buf_free(&problems);
    app_free(app);
    return text;
}

static const char *problems_of_pair(tern_middleware outer, tern_middleware inner)
{
    tern_app *app = tern_app_new();
    tern_use(app, outer, inner);
    tern_get(app, "/", plain);
    return problems_of(app);
}

TEST(a_wrong_order_is_refused_with_both_places_and_the_reason)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece("basic_auth", TERN_STAGE_AUTH));
    int outer_line = __LINE__ - 1;
    tern_group *api = tern_group_new(app, "/api", .use = TERN_USE(piece("cors", TERN_STAGE_CORS)));
    int inner_line = __LINE__ - 1;
    tern_get(api, "/a", plain);
    tern_get(api, "/b", plain);
    char wanted[1024];
    snprintf(
        wanted, sizeof wanted,
        "%s:%d: cors must be outside of basic_auth (%s:%d), because inside of it a preflight request has "
        "no credentials, so it would be refused\n",
        __FILE__, inner_line, __FILE__, outer_line);
    CHECK_TEXT(problems_of(app), wanted);
}

TEST(every_harmful_pair_is_refused_and_its_reverse_is_not)
{
    static const struct {
        tern_stage outer, inner;
    } pairs[] = {
        {TERN_STAGE_HOST, TERN_STAGE_CLIENT},      {TERN_STAGE_ADMIT, TERN_STAGE_CLIENT},
        {TERN_STAGE_LIMIT, TERN_STAGE_CLIENT},     {TERN_STAGE_AUTH, TERN_STAGE_CLIENT},
        {TERN_STAGE_LOG, TERN_STAGE_REQUEST_ID},   {TERN_STAGE_CACHE, TERN_STAGE_REQUEST_ID},
        {TERN_STAGE_AUTH, TERN_STAGE_HOST},        {TERN_STAGE_CSRF, TERN_STAGE_REWRITE},
        {TERN_STAGE_AUTH, TERN_STAGE_CORS},        {TERN_STAGE_ETAG, TERN_STAGE_COMPRESS},
        {TERN_STAGE_CACHE, TERN_STAGE_COMPRESS},   {TERN_STAGE_BODY, TERN_STAGE_COMPRESS},
        {TERN_STAGE_CSRF, TERN_STAGE_DECOMPRESS},  {TERN_STAGE_IDEMPOTENCY, TERN_STAGE_DECOMPRESS},
        {TERN_STAGE_BODY, TERN_STAGE_DECOMPRESS},  {TERN_STAGE_CACHE, TERN_STAGE_AUTH},
        {TERN_STAGE_IDEMPOTENCY, TERN_STAGE_AUTH}, {TERN_STAGE_CACHE, TERN_STAGE_CSRF},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        tern_middleware outer = piece("outer", pairs[i].outer), inner = piece("inner", pairs[i].inner);
        CHECK(strstr(problems_of_pair(outer, inner), ": inner must be outside of outer (") != NULL);
        CHECK_TEXT(problems_of_pair(inner, outer), "");
    }
}

TEST(the_order_of_the_stages_is_right)
{
    tern_app *app = tern_app_new();
    for (int stage = TERN_STAGE_ANY; stage <= TERN_STAGE_HANDLER; stage++)
        tern_use(app, piece(tern_status_text(200 + stage), (tern_stage)stage));
    tern_get(app, "/", plain);
    CHECK_TEXT(problems_of(app), "");
}

TEST(one_piece_twice_around_a_route_is_refused)
{
    tern_middleware etag = piece("etag", TERN_STAGE_ETAG);
    CHECK(strstr(problems_of_pair(etag, etag), ": etag is already around these routes (") != NULL);
}

TEST(a_piece_that_repeats_or_skips_may_be_around_a_route_twice)
{
    tern_middleware limiter = piece("rate_limit", TERN_STAGE_LIMIT), cors = piece("cors", TERN_STAGE_CORS);
    limiter.repeats = true;
    CHECK_TEXT(problems_of_pair(limiter, limiter), "");
    cors.skip = skips_never;
    CHECK_TEXT(problems_of_pair(cors, cors), "");
}

TEST(pieces_of_applications_go_anywhere)
{
    tern_middleware own = TERN_MIDDLEWARE(pass);
    CHECK_TEXT(problems_of_pair(own, piece("cors", TERN_STAGE_CORS)), "");
    CHECK_TEXT(problems_of_pair(piece("cache", TERN_STAGE_CACHE), own), "");
    CHECK_TEXT(problems_of_pair(own, own), "");
}

TEST(pieces_of_two_routes_are_not_compared)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/a", plain, .use = TERN_USE(piece("auth", TERN_STAGE_AUTH)));
    tern_get(app, "/b", plain, .use = TERN_USE(piece("cors", TERN_STAGE_CORS)));
    CHECK_TEXT(problems_of(app), "");
}

TEST(the_onion_of_each_route_is_printed_with_places)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_request_ids(), tern_logger());
    int app_line = __LINE__ - 1;
    tern_get(app, "/a", plain, .use = TERN_USE(TERN_MIDDLEWARE(pass)));
    int route_line = __LINE__ - 1;
    buf problems = {0}, out = {0};
    CHECK(app_compile(app, &problems));
    middleware_print(app, &out);
    char wanted[1024];
    snprintf(wanted, sizeof wanted,
             "GET /a  plain (order.c:%d)\n"
             "  request_ids  request id   order.c:%d\n"
             "  logger       log          order.c:%d\n"
             "  pass         any          order.c:%d\n"
             "requests without a route\n"
             "  request_ids  request id   order.c:%d\n"
             "  logger       log          order.c:%d\n",
             plain->line, app_line, app_line, route_line, app_line, app_line);
    CHECK_TEXT(out.data, wanted);
    buf_free(&problems);
    buf_free(&out);
    app_free(app);
}

/** What a piece of middleware does before the application listens, and the requests that go past it. */
#include "unit/app/ask.h"

typedef struct greeting {
    const char *name;
    unsigned prepared;
} greeting;

static void prepare_greeting(tern_app *app, void *options)
{
    greeting *g = options;
    g->prepared++;
    if (g->name == NULL)
        tern_mistake(app, "greeting: .name is missing: add .name = \"%s\"", "Ann");
}

static tern_reply greet(tern_ctx *c, void *options)
{
    const greeting *g = options;
    tern_set_header(c, "X-Greeting", tern_sprintf(c, "%s %u", g->name, g->prepared));
    return tern_next(c);
}

static bool is_quiet(tern_ctx *c)
{
    return strcmp(tern_path(c), "/quiet") == 0;
}

static tern_middleware greeting_of(const char *name)
{
    const greeting options = {.name = name};
    return TERN_MIDDLEWARE(greet, .options = tern_keep(&options, sizeof options), .prepare = prepare_greeting,
                           .skip = is_quiet);
}

TERN_HANDLER(plain)
{
    return tern_text(c, "ok");
}

TEST(a_piece_is_prepared_once_although_it_is_used_twice)
{
    tern_app *app = tern_app_new();
    tern_middleware piece = greeting_of("Ann");
    tern_use(app, piece);
    tern_get(app, "/", plain, .use = TERN_USE(piece));
    ask_open(app);
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(strstr(ask_reply, "X-Greeting: Ann 1\r\n") != NULL);
}

TEST(pieces_of_a_route_and_of_a_group_are_prepared_too)
{
    tern_app *app = tern_app_new();
    tern_group *inner = tern_group_new(app, "/inner", .use = TERN_USE(greeting_of("Bea")));
    tern_get(inner, "/", plain);
    tern_get(app, "/", plain, .use = TERN_USE(greeting_of("Cem")));
    ask_open(app);
    CHECK_INT(ask("GET /inner/", "", ""), 200);
    CHECK(strstr(ask_reply, "X-Greeting: Bea 1\r\n") != NULL);
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(strstr(ask_reply, "X-Greeting: Cem 1\r\n") != NULL);
}

TEST(a_request_that_is_skipped_goes_past_the_piece_and_on_to_the_next)
{
    tern_app *app = tern_app_new();
    tern_use(app, greeting_of("Ann"), tern_request_ids());
    tern_get(app, "/quiet", plain);
    ask_open(app);
    CHECK_INT(ask("GET /quiet", "", ""), 200);
    CHECK(strstr(ask_reply, "X-Greeting") == NULL);
    CHECK(strstr(ask_reply, "X-Request-Id: ") != NULL);
}

TEST(a_mistake_in_options_is_reported_before_the_application_listens)
{
    tern_app *app = tern_app_new();
    tern_use(app, greeting_of(NULL));
    buf problems = {0};
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data, "greeting: .name is missing: add .name = \"Ann\"\n");
    buf_free(&problems);
    app_free(app);
}

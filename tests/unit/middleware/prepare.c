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

/* -- headers that are kept -- */

static struct {
    const char *name, *value;
    const tern_kept_header *header;
} stamp;

static void prepare_stamp(tern_app *app, void *options)
{
    (void)options;
    stamp.header = tern_keep_header(app, stamp.name, stamp.value);
}

static tern_reply put_stamp(tern_ctx *c, void *value)
{
    tern_set_header(c, "x-stamp", "replaced");
    if (!tern_set_kept_header(c, stamp.header, value))
        tern_set_header(c, "X-Refused", "yes");
    return tern_next(c);
}

static void serve_stamp(const char *kept, const char *given)
{
    tern_app *app = tern_app_new();
    stamp.name = "X-Stamp";
    stamp.value = kept;
    tern_get(app, "/", plain,
             .use = TERN_USE(
                 TERN_MIDDLEWARE(put_stamp, .options = (void *)(uintptr_t)given, .prepare = prepare_stamp)));
    ask_open(app);
    CHECK_INT(ask("GET /", "", ""), 200);
}

TEST(a_kept_header_replaces_others_of_its_name)
{
    serve_stamp("first", NULL);
    CHECK(strstr(ask_reply, "X-Stamp: first\r\n") != NULL);
    CHECK(strstr(ask_reply, "replaced") == NULL);
}

TEST(a_kept_header_takes_the_value_of_a_reply)
{
    serve_stamp(NULL, "this one");
    CHECK(strstr(ask_reply, "X-Stamp: this one\r\n") != NULL);
}

TEST(a_kept_header_refuses_a_value_that_would_begin_another)
{
    serve_stamp(NULL, "a value of more than sixteen bytes\r\nX-Other: 1");
    CHECK(strstr(ask_reply, "X-Refused: yes\r\n") != NULL);
    CHECK(strstr(ask_reply, "X-Other") == NULL);
}

TEST(a_header_that_no_reply_could_have_is_a_mistake_when_it_is_kept)
{
    static const char *const wrong[][2] = {
        {"", "a"}, {"X Y", "a"}, {"X-Stamp", "a\nb"}, {"Date", "today"}, {"content-length", NULL}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tern_app *app = tern_app_new();
        buf problems = {0};
        stamp.name = wrong[i][0];
        stamp.value = wrong[i][1];
        tern_get(app, "/", plain, .use = TERN_USE(TERN_MIDDLEWARE(put_stamp, .prepare = prepare_stamp)));
        CHECK(!app_compile(app, &problems));
        CHECK(strstr(problems.data, "use another") != NULL);
        CHECK(stamp.header == NULL);
        buf_free(&problems);
        app_free(app);
    }
}

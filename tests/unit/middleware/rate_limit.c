/** Rate limits around handlers: whose count it is, what the client is told, and bad settings. */
#include "unit/app/ask.h"

static unsigned handled;

TERN_HANDLER(plain)
{
    handled++;
    return tern_text(c, "ok");
}

TERN_HANDLER(failing)
{
    handled++;
    tern_fail(c, 401, "wrong password");
}

/** Serves GET / within the piece. */
static void serve(tern_middleware piece)
{
    tern_app *app = tern_app_new(.health = true);
    tern_use(app, piece);
    tern_get(app, "/", plain);
    tern_post(app, "/login", failing);
    ask_open(app);
}

static bool has(const char *line)
{
    return strstr(ask_reply, line) != NULL;
}

/** GET / with one more header. */
static int get_with(const char *header)
{
    char line[1024];
    snprintf(line, sizeof line, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\nConnection: close\r\n\r\n", header);
    wire_script script = {.request = line, .len = strlen(line)};
    CHECK(wire_talk(&script, ask_reply, sizeof ask_reply) > 12);
    return atoi(ask_reply + 9);
}

TEST(a_reply_says_what_is_left)
{
    serve(tern_rate_limit(.requests = 2, .window_s = 60));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(has("RateLimit-Policy: \"2-in-60s\";q=2;w=60\r\n") && has("RateLimit: \"2-in-60s\";r=1;t=60\r\n"));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(has("RateLimit: \"2-in-60s\";r=0;t=60\r\n"));
    CHECK(!has("Retry-After"));
}

TEST(one_too_many_is_a_problem_that_says_when_to_come_back)
{
    serve(tern_rate_limit(.requests = 1, .window_s = 60, .algorithm = TERN_RATE_FIXED, .name = "all"));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK_INT(ask("GET /", "", ""), 429);
    CHECK_INT(handled, 1);
    CHECK(has("Retry-After: 60\r\n") && has("RateLimit: \"all\";r=0;t=60\r\n"));
    CHECK(has("Content-Type: application/problem+json"));
    CHECK_TEXT(ask_said(), "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
                           "\"title\":\"Too Many Requests\",\"status\":429,"
                           "\"detail\":\"the limit is 1 requests in 60 s: try again in 60 s\"}");
}

TEST(a_failure_of_the_handler_keeps_the_headers)
{
    serve(tern_rate_limit(.requests = 5));
    CHECK_INT(ask("POST /login", "", ""), 401);
    CHECK(has("RateLimit: \"5-in-60s\";r=4;t=60\r\n"));
}

TEST(a_request_without_a_route_counts)
{
    serve(tern_rate_limit(.requests = 1));
    CHECK_INT(ask("GET /none", "", ""), 404);
    CHECK_INT(ask("GET /none", "", ""), 429);
}

TEST(health_checks_are_never_limited)
{
    serve(tern_rate_limit(.requests = 1));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK_INT(ask("GET /", "", ""), 429);
    CHECK_INT(ask("GET /healthz", "", ""), 200);
    CHECK_INT(ask("GET /readyz", "", ""), 200);
}

TEST(each_value_of_a_header_has_its_own_count)
{
    serve(tern_rate_limit(.requests = 1, .by_header = "X-Api-Key"));
    CHECK_INT(get_with("X-Api-Key: one"), 200);
    CHECK_INT(get_with("X-Api-Key: two"), 200);
    CHECK_INT(get_with("x-api-key: one"), 429);
    CHECK_INT(get_with("X-Api-Key: a key longer than the thirty-one bytes that are kept, 1"), 200);
    CHECK_INT(get_with("X-Api-Key: a key longer than the thirty-one bytes that are kept, 2"), 200);
    CHECK_INT(get_with("X-Api-Key: a key longer than the thirty-one bytes that are kept, 1"), 429);
}

TEST(a_request_without_the_header_is_counted_by_its_address)
{
    serve(tern_rate_limit(.requests = 1, .by_header = "X-Api-Key"));
    CHECK_INT(get_with("X-Other: one"), 200);
    CHECK_INT(get_with("X-Other: two"), 429);
    CHECK_INT(get_with("X-Api-Key: 127.0.0.1"), 200); /* a text is never taken for an address */
}

static const char *by_query(tern_ctx *c)
{
    return tern_query(c, "user");
}

TEST(a_function_names_whose_request_it_is)
{
    serve(tern_rate_limit(.requests = 1, .by = by_query));
    CHECK_INT(ask("GET /?user=ann", "", ""), 200);
    CHECK_INT(ask("GET /?user=bob", "", ""), 200);
    CHECK_INT(ask("GET /?user=ann", "", ""), 429);
    CHECK_INT(ask("GET /?user=", "", ""), 200);
}

TEST(everyone_together_has_one_count)
{
    serve(tern_rate_limit(.requests = 2, .by = tern_by_everyone));
    CHECK_INT(get_with("X-Api-Key: one"), 200);
    CHECK_INT(get_with("X-Api-Key: two"), 200);
    CHECK_INT(get_with("X-Api-Key: three"), 429);
}

static unsigned cost(tern_ctx *c)
{
    return (unsigned)tern_query_int(c, "cost", 1);
}

TEST(a_request_costs_what_the_function_says)
{
    serve(tern_rate_limit(.requests = 10, .cost = cost));
    CHECK_INT(ask("GET /?cost=7", "", ""), 200);
    CHECK_INT(ask("GET /?cost=4", "", ""), 429);
    CHECK_INT(ask("GET /?cost=0", "", ""), 200);
    CHECK(has("r=3;"));
    CHECK_INT(ask("GET /?cost=3", "", ""), 200);
    CHECK_INT(ask("GET /", "", ""), 429);
}

TEST(failures_alone_may_count)
{
    serve(tern_rate_limit(.requests = 2, .counts = TERN_COUNT_FAILURES));
    for (unsigned i = 0; i < 5; i++)
        CHECK_INT(ask("GET /", "", ""), 200);
    CHECK_INT(ask("POST /login", "", ""), 401);
    CHECK_INT(ask("POST /login", "", ""), 401);
    CHECK_INT(ask("POST /login", "", ""), 429);
    CHECK_INT(ask("GET /", "", ""), 429);
}

TEST(successes_alone_may_count)
{
    serve(tern_rate_limit(.requests = 1, .counts = TERN_COUNT_SUCCESSES));
    CHECK_INT(ask("POST /login", "", ""), 401);
    CHECK_INT(ask("POST /login", "", ""), 401);
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK_INT(ask("GET /", "", ""), 429);
}

TEST(several_policies_are_one_header_and_refuse_together)
{
    serve(tern_rate_limit(.requests = 2, .window_s = 1, .name = "second",
                          .also = TERN_RATES({.requests = 3, .window_s = 3600, .name = "hour"})));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(has("RateLimit-Policy: \"second\";q=2;w=1, \"hour\";q=3;w=3600\r\n"));
    CHECK(has("RateLimit: \"second\";r=1;t=1, \"hour\";r=2;t=3600\r\n"));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK_INT(ask("GET /", "", ""), 429);
    CHECK(has("\"hour\";r=1;")); /* what one refuses does not count for the other */
}

TEST(limiters_around_each_other_join_their_headers)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_rate_limit(.requests = 100));
    tern_get(app, "/", plain, .use = TERN_USE(tern_rate_limit(.requests = 1)));
    tern_get(app, "/free", plain);
    ask_open(app);
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(has("RateLimit: \"100-in-60s\";r=99;t=60, \"1-in-60s\";r=0;t=60\r\n"));
    CHECK_INT(ask("GET /", "", ""), 429);
    CHECK_INT(ask("GET /free", "", ""), 200);
    CHECK(has("RateLimit: \"100-in-60s\";r=97;t=60\r\n"));
}

TEST(limiters_of_one_name_have_one_count)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/a", plain, .use = TERN_USE(tern_rate_limit(.requests = 2, .name = "both")));
    tern_get(app, "/b", plain, .use = TERN_USE(tern_rate_limit(.requests = 2, .name = "both")));
    tern_get(app, "/c", plain, .use = TERN_USE(tern_rate_limit(.requests = 2)));
    tern_get(app, "/d", plain, .use = TERN_USE(tern_rate_limit(.requests = 2)));
    ask_open(app);
    CHECK_INT(ask("GET /a", "", ""), 200);
    CHECK_INT(ask("GET /b", "", ""), 200);
    CHECK_INT(ask("GET /a", "", ""), 429);
    CHECK_INT(ask("GET /c", "", ""), 200);
    CHECK_INT(ask("GET /d", "", ""), 200);
    CHECK(has(";r=1;"));
}

TEST(headers_can_be_hidden_but_for_retry_after)
{
    serve(tern_rate_limit(.requests = 1, .hide_headers = true));
    CHECK_INT(ask("GET /", "", ""), 200);
    CHECK(!has("RateLimit"));
    CHECK_INT(ask("GET /", "", ""), 429);
    CHECK(!has("RateLimit") && has("Retry-After: "));
}

static void check_mistake(tern_middleware piece, const char *wanted)
{
    tern_app *app = tern_app_new();
    buf problems = {0};
    tern_get(app, "/", plain, .use = TERN_USE(piece));
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data, wanted);
    buf_free(&problems);
    app_free(app);
}

TEST(bad_settings_are_refused_by_name)
{
    check_mistake(tern_rate_limit(.by = by_query, .by_header = "X-Key"),
                  "rate_limit: .by and .by_header (\"X-Key\") are both set: leave one out\n");
    check_mistake(tern_rate_limit(.by_header = "X Key"),
                  "rate_limit: .by_header is \"X Key\", which is not the name of a header\n");
    check_mistake(tern_rate_limit(.ipv6_prefix = 129),
                  "rate_limit: .ipv6_prefix is 129: an address has 128 bits\n");
    check_mistake(tern_rate_limit(.burst = 5),
                  "rate_limit: .burst is 5, but windows have no burst: set .algorithm = "
                  "TERN_RATE_TOKENS\n");
    check_mistake(tern_rate_limit(.name = "a\"b"),
                  "rate_limit: .name is \"a\"b\": use 1 to 31 letters, digits, "
                  "spaces and any of \"-_.:\"\n");
    check_mistake(tern_rate_limit(.name = ""),
                  "rate_limit: .name is \"\": use 1 to 31 letters, digits, spaces and any of \"-_.:\"\n");
    check_mistake(tern_rate_limit(.requests = 4000000000u),
                  "rate_limit: 4000000000 requests in 60 s are too many to count: use a shorter .window_s\n");
    check_mistake(
        tern_rate_limit(.requests = 1000000000, .window_s = 86400),
        "rate_limit: 1000000000 requests in 86400 s are too many to count: use a shorter .window_s\n");
    check_mistake(
        tern_rate_limit(.requests = 2000000, .window_s = 1, .algorithm = TERN_RATE_TOKENS),
        "rate_limit: 2000000 requests in 1 s are more than one a microsecond: use a smaller .requests\n");
    check_mistake(tern_rate_limit(.also = TERN_RATES({.requests = 100})),
                  "rate_limit: two policies have the name \"100-in-60s\": give one another .name\n");
    check_mistake(tern_rate_limit(.also = TERN_RATES({.requests = 1}, {.requests = 2}, {.requests = 3},
                                                     {.requests = 4})),
                  "rate_limit: .also has more than 3 policies: use another rate_limit for the rest\n");
    check_mistake(tern_rate_limit(.keys = (size_t)1 << 50),
                  "rate_limit: no shared memory for 1125899906842624 keys: Invalid argument\n");
}

TEST(limiters_of_one_name_must_have_the_same_options)
{
    tern_app *app = tern_app_new();
    buf problems = {0};
    tern_get(app, "/a", plain, .use = TERN_USE(tern_rate_limit(.requests = 2, .name = "both")));
    tern_get(app, "/b", plain, .use = TERN_USE(tern_rate_limit(.requests = 3, .name = "both")));
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data,
               "rate_limit: two have the .name \"both\", and so one count, but other options: give "
               "them the same, or another .name\n");
    buf_free(&problems);
    app_free(app);
}

static const char *by_number(tern_ctx *c)
{
    static unsigned number;
    return tern_sprintf(c, "client %u", number++);
}

TEST(a_flood_of_different_clients_takes_no_more_memory)
{
    serve(tern_rate_limit(.requests = 1, .by = by_number, .keys = 100));
    for (unsigned i = 0; i < 1000; i++)
        CHECK_INT(ask("GET /", "", ""), 200);
    tern_shared_map *map = tern_shared_map_new("rate 1", .entries = 100, .key_bytes = 32, .value_bytes = 16);
    CHECK(map != NULL && tern_shared_map_count(map) < 200);
}

/* -- counts by hand -- */

static tern_middleware by_hand;

/** Takes one for the key "a", and says what is allowed then. */
TERN_HANDLER(take_one)
{
    tern_rate_answer took = tern_rate_take(c, &by_hand, "a"), next = tern_rate_look(c, &by_hand, "a");
    tern_rate_answer other = tern_rate_look(c, &by_hand, "b");
    return tern_textf(c, "%d %d %d %d", took.is_allowed, next.is_allowed, next.retry_s > 0, other.is_allowed);
}

TERN_HANDLER(give_one)
{
    tern_rate_give_back(c, &by_hand, "a");
    return tern_text(c, "ok");
}

TEST(counts_by_hand_are_of_their_key_and_looking_counts_nothing)
{
    tern_app *app = tern_app_new(.title = "t");
    by_hand =
        tern_rate_limit(.requests = 2, .window_s = 600, .algorithm = TERN_RATE_FIXED, .name = "by hand");
    tern_rate_prepare(app, &by_hand);
    tern_post(app, "/take", take_one);
    tern_post(app, "/give", give_one);
    ask_open(app);
    CHECK_INT(ask("POST /take", "", ""), 200);
    CHECK_TEXT(ask_said(), "1 1 0 1");
    CHECK_INT(ask("POST /take", "", ""), 200);
    CHECK_TEXT(ask_said(), "1 0 1 1");
    CHECK_INT(ask("POST /take", "", ""), 200);
    CHECK_TEXT(ask_said(), "0 0 1 1");
    CHECK_INT(ask("POST /give", "", ""), 200);
    CHECK_INT(ask("POST /take", "", ""), 200);
    CHECK_TEXT(ask_said(), "1 0 1 1");
}

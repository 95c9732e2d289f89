/** Providers of requests: a whole application behind one connection. */
#include "check.h"
#include "wire.h"

#include "app/bind/bind.h"
#include "app/ctx.h"

#include <tern.h>

#include <stdio.h>
#include <stdlib.h>

/** What happened, in order: each provider, handler and undo appends a word. */
static char trace[1024];

static void note(const char *word)
{
    size_t len = strlen(trace);
    snprintf(trace + len, sizeof trace - len, "%s%s", len != 0 ? " " : "", word);
}

static void undo(void *word)
{
    note(word);
}

/* -- the providers -- */

TERN_MODEL(User, (int64_t, id), (const char *, name))

TERN_MODEL(Token, (const char *, token, .in = TERN_FROM_HEADER, .json = "X-Token", .max_length = 8))

TERN_MODEL(MaybeToken, (const char *, token, .in = TERN_FROM_HEADER, .json = "X-Token", .optional = true))

TERN_MODEL(Page, (int, page, .fallback = "1", .min = 1), (int, size, .fallback = "10", .max = 100))

TERN_MODEL(TeamPath, (int64_t, team))

TERN_MODEL(Everything,
    (int64_t, id, .in = TERN_FROM_PATH),
    (int, page, .in = TERN_FROM_QUERY),
    (tern_text_list, x_tag, .in = TERN_FROM_HEADER),
    (const char *, session, .in = TERN_FROM_COOKIE))

TERN_MODEL(Note, (const char *, text, .max_length = 5))

TERN_MODEL(Letter, (tern_upload, scan))

static void check_range(const void *model, tern_faults *faults);
TERN_MODEL_WITH(Range, (.check = check_range), (int, least, .fallback = "0"), (int, most, .fallback = "9"))

static void check_range(const void *model, tern_faults *faults)
{
    const Range *range = model;
    if (range->least > range->most)
        tern_fault_add(faults, "most", "too_small", "must not be less than least");
}

static User *user_of(tern_ctx *c, const char *name)
{
    User *user = tern_alloc(c, sizeof *user);
    user->name = name;
    return user;
}

TERN_PROVIDES(User, current_user, Token, in)
{
    note("current_user");
    tern_defer(c, undo, (void *)(uintptr_t) "~current_user");
    if (strcmp(in->token, "bad") == 0)
        tern_fail(c, 401, "unknown token");
    return user_of(c, in->token);
}

TERN_PROVIDES_WITH(User, maybe_user, (.optional = true), MaybeToken, in)
{
    return in->token != NULL ? user_of(c, in->token) : NULL;
}

TERN_PROVIDES(User, target_user, TeamPath, in)
{
    note("target_user");
    return user_of(c, tern_sprintf(c, "member of %d", (int)in->team));
}

/* Two providers that take the same one, and one that takes both. */
TERN_PROVIDES(const char, upper, current_user, user)
{
    note("upper");
    tern_defer(c, undo, (void *)(uintptr_t) "~upper");
    return tern_sprintf(c, "<%s>", user->name);
}

TERN_PROVIDES(const char, lower, Page, in, current_user, user)
{
    note("lower");
    return tern_sprintf(c, "%s.%d", user->name, in->page);
}

TERN_PROVIDES(const char, both, upper, a, lower, b)
{
    note("both");
    return tern_sprintf(c, "%s and %s", a, b);
}

TERN_REQUIRES(admin, current_user, user)
{
    note("admin");
    if (strcmp(user->name, "root") != 0)
        tern_fail(c, 403, "for administrators");
}

TERN_REQUIRES(first_gate)
{
    note("first_gate");
}

TERN_REQUIRES(second_gate)
{
    note("second_gate");
}

TERN_PROVIDES(User, nobody)
{
    note("nobody");
    return NULL;
}

TERN_PROVIDES(const char, all_sources, Everything, in)
{
    return tern_sprintf(c, "%d %d %zu %s", (int)in->id, in->page, in->x_tag.count, in->session);
}

TERN_PROVIDES(Range, range, Range, in)
{
    return in;
}

TERN_PROVIDES(const char, with_header)
{
    tern_set_header(c, "X-Provided", "yes");
    return "x";
}

TERN_PROVIDES(const char, slow)
{
    tern_sleep(c, 1);
    return "slept";
}

TERN_PROVIDES(const char, signature)
{
    return tern_sprintf(c, "%.*s", (int)tern_body(c).len, tern_body(c).data);
}

/* -- the handlers -- */

TERN_HANDLER(me, current_user, user)
{
    note("me");
    tern_defer(c, undo, (void *)(uintptr_t) "~me");
    return tern_text(c, user->name);
}

TERN_HANDLER(page_of_me, Page, in, current_user, user)
{
    note("page_of_me");
    return tern_textf(c, "%s %d", user->name, in->page);
}

TERN_HANDLER(greet, maybe_user, user)
{
    return tern_text(c, user != NULL ? user->name : "stranger");
}

TERN_HANDLER(diamond, both, text)
{
    note("diamond");
    return tern_text(c, text);
}

TERN_HANDLER(two_users, current_user, user, target_user, target)
{
    return tern_textf(c, "%s, %s", user->name, target->name);
}

TERN_HANDLER(seven, Page, in, current_user, a, upper, b, lower, d, both, e, maybe_user, f, first_gate, g)
{
    return tern_textf(c, "%d %s %s %s %s %s %d", in->page, a->name, b, d, e, f->name, g == NULL);
}

TERN_HANDLER(plain)
{
    note("plain");
    return tern_text(c, "plain");
}

TERN_HANDLER(needs_nobody, nobody, user)
{
    note("entered");
    return tern_text(c, user->name);
}

TERN_HANDLER(everything, all_sources, text)
{
    return tern_text(c, text);
}

TERN_HANDLER(write_note, Note, in, current_user, user)
{
    note("write_note");
    return tern_textf(c, "%s: %s", user->name, in->text);
}

TERN_HANDLER(send_letter, Letter, in, current_user, user)
{
    return tern_textf(c, "%s %zu", user->name, in->scan.size);
}

TERN_HANDLER(ranges, range, r)
{
    return tern_textf(c, "%d %d", r->least, r->most);
}

TERN_HANDLER(with_headers, with_header, text)
{
    if (tern_query(c, "fail") != NULL)
        tern_fail(c, 409, "no");
    return tern_text(c, text);
}

TERN_HANDLER(sleeper, slow, text)
{
    return tern_text(c, text);
}

TERN_HANDLER(signed_note, Note, in, signature, raw)
{
    return tern_textf(c, "%s %s", in->text, raw);
}

static const char *name_of_user(tern_ctx *c)
{
    return tern_provided(c, current_user)->name;
}

TERN_HANDLER(by_context)
{
    return tern_text(c, name_of_user(c));
}

static tern_reply shows_user(tern_ctx *c, void *options)
{
    (void)options;
    note(tern_provided(c, current_user) == NULL ? "none before" : "one before");
    tern_reply reply = tern_next(c);
    const User *user = tern_provided(c, current_user);
    note(user != NULL ? user->name : "none after");
    return reply;
}

static tern_reply around(tern_ctx *c, void *options)
{
    (void)options;
    note("[");
    tern_reply reply = tern_next(c);
    note("]");
    return reply;
}

static void build_groups(tern_app *app)
{
    tern_group *outer = tern_group_new(app, "/outer", .needs = TERN_NEEDS(first_gate));
    tern_group *inner = tern_group_new(outer, "/inner", .needs = TERN_NEEDS(second_gate, admin));
    tern_get(inner, "/plain", plain, .name = "inner_plain");
    tern_get(inner, "/me", me, .name = "inner_me", .needs = TERN_NEEDS(first_gate, upper));
    tern_get(outer, "/plain", plain, .name = "outer_plain");
}

static tern_app *build_app(void)
{
    tern_app *app = tern_app_new(.title = "t");
    tern_get(app, "/me", me);
    tern_get(app, "/page", page_of_me);
    tern_get(app, "/greet", greet);
    tern_get(app, "/diamond", diamond);
    tern_get(app, "/teams/{team}", two_users);
    tern_get(app, "/seven", seven);
    tern_get(app, "/nobody", needs_nobody);
    tern_get(app, "/plain", plain);
    tern_get(app, "/admin", plain, .name = "admin_plain", .needs = TERN_NEEDS(admin));
    tern_post(app, "/everything/{id}", everything);
    tern_post(app, "/notes", write_note);
    tern_post(app, "/letters", send_letter);
    tern_get(app, "/ranges", ranges);
    tern_get(app, "/headers", with_headers);
    tern_get(app, "/sleeper", sleeper);
    tern_post(app, "/signed", signed_note);
    tern_get(app, "/around", me, .name = "around", .use = TERN_USE(TERN_MIDDLEWARE(around)));
    tern_get(app, "/by-context", by_context, .needs = TERN_NEEDS(current_user));
    tern_get(app, "/forgotten", by_context, .name = "forgotten");
    tern_get(app, "/shown", me, .name = "shown", .use = TERN_USE(TERN_MIDDLEWARE(shows_user)));
    build_groups(app);
    return app;
}

/* -- sending requests -- */

static char reply[64 * 1024];

static tern_app *the_app;

static void close_app(void)
{
    wire_close();
    app_free(the_app);
    schema_forget();
    bind_forget();
}

static void open_app(void)
{
    static http_service service;
    http_limits limits = {.head = {.head_bytes = 16 * 1024, .target_bytes = 8 * 1024, .fields = 100},
                          .head_ms = 5000,
                          .idle_ms = 5000,
                          .body_bytes = 1024 * 1024,
                          .arena_bytes = 16 * 1024 * 1024};
    buf problems = {0};
    tern_app *app = the_app = build_app();
    if (!app_compile(app, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    app_service(app, &service);
    tern_log_set_level(TERN_LOG_SILENT);
    CHECK(wire_open(&service, &limits));
    atexit(close_app);
}

/** Sends `line` ("GET /path"), more header lines and a body; the reply is in `reply`. Returns its status. */
static int ask(const char *line, const char *headers, const char *body)
{
    char request[16 * 1024];
    int len = snprintf(request, sizeof request,
                       "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", line,
                       headers, strlen(body), body);
    wire_script script = {.request = request, .len = (size_t)len};
    trace[0] = '\0';
    CHECK(wire_talk(&script, reply, sizeof reply) > 12);
    return atoi(reply + 9);
}

static const char *said(void)
{
    const char *end = strstr(reply, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

#define ANN  "X-Token: ann\r\n"
#define ROOT "X-Token: root\r\n"
#define JSON "Content-Type: application/json\r\n"
#define CHECK_SAID(status, seen_status, wanted)                                                              \
    do {                                                                                                     \
        int seen_status_ = (seen_status);                                                                    \
        CHECK_TEXT(said(), wanted);                                                                          \
        CHECK_INT(seen_status_, status);                                                                     \
    } while (0)
#define PROBLEM(status, title, detail)                                                                       \
    "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" #status ",\"detail\":\"" detail "\"}"
#define FAULTS(detail, errors)                                                                               \
    "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"" detail      \
    "\",\"errors\":[" errors "]}"
#define FAULT(location, code, message)                                                                       \
    "{\"location\":[" location "],\"code\":\"" code "\",\"message\":\"" message "\"}"
#define NO_TOKEN FAULT("\"header\",\"X-Token\"", "missing", "must be given")

TEST(a_handler_gets_the_value_of_a_provider)
{
    open_app();
    CHECK_SAID(200, ask("GET /me", ANN, ""), "ann");
}

TEST(a_handler_gets_its_input_and_the_value_of_a_provider)
{
    open_app();
    CHECK_SAID(200, ask("GET /page?page=3", ANN, ""), "ann 3");
}

TEST(a_handler_takes_seven_pairs)
{
    open_app();
    CHECK_SAID(200, ask("GET /seven?page=3", ANN, ""), "3 ann <ann> ann.3 <ann> and ann.3 ann 1");
}

TEST(two_providers_of_one_type_are_distinguished_by_name)
{
    open_app();
    CHECK_SAID(200, ask("GET /teams/7", ANN, ""), "ann, member of 7");
}

TEST(a_provider_that_two_others_take_is_called_once)
{
    open_app();
    CHECK_SAID(200, ask("GET /diamond", ANN, ""), "<ann> and ann.1");
    CHECK_TEXT(trace, "current_user upper lower both diamond ~upper ~current_user");
}

TEST(each_request_has_the_value_of_its_own_call)
{
    open_app();
    CHECK_SAID(200, ask("GET /me", ANN, ""), "ann");
    CHECK_SAID(200, ask("GET /me", ROOT, ""), "root");
    CHECK_TEXT(trace, "current_user me ~me ~current_user");
}

TEST(deferred_calls_of_providers_run_when_the_handler_ends_in_reverse_order)
{
    open_app();
    CHECK_SAID(200, ask("GET /around", ANN, ""), "ann");
    CHECK_TEXT(trace, "[ current_user me ~me ~current_user ]");
}

TEST(a_provider_that_fails_keeps_the_handler_from_running)
{
    open_app();
    CHECK_SAID(401, ask("GET /me", "X-Token: bad\r\n", ""), PROBLEM(401, "Unauthorized", "unknown token"));
    CHECK_TEXT(trace, "current_user ~current_user");
}

TEST(providers_after_one_that_fails_are_not_called)
{
    open_app();
    CHECK_INT(ask("GET /diamond", "X-Token: bad\r\n", ""), 401);
    CHECK_TEXT(trace, "current_user ~current_user");
}

TEST(a_providers_value_is_available_to_functions_with_the_context)
{
    open_app();
    CHECK_SAID(200, ask("GET /by-context", ANN, ""), "ann");
}

TEST(asking_for_a_provider_that_the_route_does_not_need_is_500)
{
    open_app();
    CHECK_INT(ask("GET /forgotten", ANN, ""), 500);
}

TEST(middleware_sees_a_providers_value_after_the_handler)
{
    open_app();
    CHECK_INT(ask("GET /shown", ANN, ""), 200);
    CHECK_TEXT(trace, "none before current_user me ~me ~current_user ann");
    CHECK_INT(ask("GET /shown", "X-Token: bad\r\n", ""), 401);
    CHECK_TEXT(trace, "none before current_user ~current_user none after");
    CHECK_INT(ask("GET /shown", "", ""), 422);
    CHECK_TEXT(trace, "none before none after");
}

TEST(an_optional_provider_may_give_null)
{
    open_app();
    CHECK_SAID(200, ask("GET /greet", "", ""), "stranger");
    CHECK_SAID(200, ask("GET /greet", ANN, ""), "ann");
}

TEST(null_of_a_provider_that_is_not_optional_is_500_and_the_handler_is_not_entered)
{
    open_app();
    CHECK_SAID(500, ask("GET /nobody", "", ""),
               "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}");
    CHECK_TEXT(trace, "nobody");
}

TEST(a_route_may_need_a_provider_whose_value_it_does_not_take)
{
    open_app();
    CHECK_SAID(200, ask("GET /admin", ROOT, ""), "plain");
    CHECK_TEXT(trace, "current_user admin plain ~current_user");
    CHECK_SAID(403, ask("GET /admin", ANN, ""), PROBLEM(403, "Forbidden", "for administrators"));
    CHECK_TEXT(trace, "current_user admin ~current_user");
}

TEST(needs_of_groups_come_first_from_the_outermost_in)
{
    open_app();
    CHECK_INT(ask("GET /outer/inner/me", ROOT, ""), 200);
    CHECK_TEXT(trace, "first_gate second_gate current_user admin upper me ~me ~upper ~current_user");
}

TEST(needs_of_a_group_apply_to_its_own_routes_only)
{
    open_app();
    CHECK_INT(ask("GET /outer/plain", "", ""), 200);
    CHECK_TEXT(trace, "first_gate plain");
    CHECK_INT(ask("GET /outer/inner/plain", ANN, ""), 403);
    CHECK_INT(ask("GET /plain", "", ""), 200);
    CHECK_TEXT(trace, "plain");
}

TEST(the_input_of_a_provider_comes_from_path_query_headers_and_cookies_for_every_method)
{
    open_app();
    CHECK_SAID(200, ask("POST /everything/4?page=2", "X-Tag: a, b\r\nCookie: session=s\r\n", ""), "4 2 2 s");
}

TEST(the_faults_of_all_inputs_are_reported_at_once)
{
    open_app();
    CHECK_SAID(422, ask("POST /notes", JSON, "{\"text\":\"too long\"}"),
               FAULTS("2 values are wrong", NO_TOKEN
                      ",{\"location\":[\"body\",\"text\"],\"code\":\"too_long\",\"message\":\"must have "
                      "at most 5 characters\",\"max_length\":5}"));
    CHECK_TEXT(trace, "");
}

TEST(a_fault_that_two_inputs_have_is_reported_once)
{
    open_app();
    CHECK_SAID(422, ask("GET /seven?page=0", ANN, ""),
               FAULTS("1 value is wrong",
                      "{\"location\":[\"query\",\"page\"],\"code\":\"too_small\",\"message\":"
                      "\"must be at least 1\",\"min\":1}"));
}

TEST(a_provider_whose_input_is_wrong_is_not_called_and_neither_are_those_that_take_it)
{
    open_app();
    CHECK_SAID(422, ask("GET /diamond?page=0", "", ""),
               FAULTS("2 values are wrong",
                      NO_TOKEN ",{\"location\":[\"query\",\"page\"],\"code\":\"too_small\",\"message\":"
                               "\"must be at least 1\",\"min\":1}"));
    CHECK_TEXT(trace, "");
}

TEST(a_client_refused_by_a_provider_does_not_see_faults_of_the_input)
{
    open_app();
    CHECK_INT(ask("POST /notes", JSON "X-Token: bad\r\n", "{\"text\":\"too long\"}"), 401);
    CHECK_INT(ask("POST /notes", JSON "X-Token: bad\r\n", "{not JSON"), 401);
    CHECK_INT(ask("POST /notes", "X-Token: bad\r\nContent-Type: text/plain\r\n", "x"), 401);
    CHECK_INT(ask("GET /page?page=x", "X-Token: bad\r\n", ""), 401);
}

TEST(a_body_that_is_not_json_is_400_beside_a_fault_of_a_provider)
{
    open_app();
    CHECK_INT(ask("POST /notes", JSON, "{not JSON"), 400);
}

TEST(an_input_that_is_right_reaches_the_handler_after_its_providers)
{
    open_app();
    CHECK_SAID(200, ask("POST /notes", JSON ANN, "{\"text\":\"milk\"}"), "ann: milk");
    CHECK_TEXT(trace, "current_user write_note ~current_user");
}

#define BOUNDARY "Content-Type: multipart/form-data; boundary=x\r\n"
#define UPLOAD   "--x\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a\"\r\n\r\nabc\r\n--x--\r\n"

TEST(an_upload_comes_after_the_providers)
{
    open_app();
    CHECK_SAID(200, ask("POST /letters", BOUNDARY ANN, UPLOAD), "ann 3");
    CHECK_INT(ask("POST /letters", BOUNDARY "X-Token: bad\r\n", UPLOAD), 401);
}

TEST(an_upload_is_not_read_when_the_input_of_a_provider_is_wrong)
{
    open_app();
    CHECK_SAID(422, ask("POST /letters", BOUNDARY, "--x\r\nbroken"), FAULTS("1 value is wrong", NO_TOKEN));
}

TEST(the_check_of_a_providers_model_is_made)
{
    open_app();
    CHECK_SAID(200, ask("GET /ranges?least=2&most=3", "", ""), "2 3");
    CHECK_SAID(
        422, ask("GET /ranges?least=4&most=3", "", ""),
        FAULTS("1 value is wrong", FAULT("\"query\",\"most\"", "too_small", "must not be less than least")));
}

TEST(a_header_that_a_provider_sets_is_on_the_reply_but_not_on_a_failure)
{
    open_app();
    CHECK_INT(ask("GET /headers", "", ""), 200);
    CHECK(strstr(reply, "X-Provided: yes\r\n") != NULL);
    CHECK_INT(ask("GET /headers?fail=1", "", ""), 409);
    CHECK(strstr(reply, "X-Provided") == NULL);
}

TEST(a_provider_may_wait)
{
    open_app();
    CHECK_SAID(200, ask("GET /sleeper", "", ""), "slept");
}

TEST(a_provider_sees_the_body_as_it_was_sent)
{
    open_app();
    CHECK_SAID(200, ask("POST /signed", JSON, "{\"text\": \"a\\u0062\"}"), "ab {\"text\": \"a\\u0062\"}");
}

TEST(providers_are_called_for_head_as_for_get)
{
    open_app();
    CHECK_INT(ask("HEAD /admin", ANN, ""), 403);
    CHECK_INT(ask("HEAD /admin", ROOT, ""), 200);
    CHECK_TEXT(trace, "current_user admin plain ~current_user");
}

TEST(no_provider_is_called_for_a_request_that_no_route_answers)
{
    open_app();
    CHECK_INT(ask("OPTIONS /admin", "", ""), 204);
    CHECK_INT(ask("DELETE /admin", "", ""), 405);
    CHECK_INT(ask("GET /outer/inner/other", "", ""), 404);
    CHECK_TEXT(trace, "");
}

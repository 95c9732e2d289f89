/** Tests for test_testing.py: some pass, some fail, one crashes and one hangs. */
#include <tern.h>
#include <tern/test.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TERN_MODEL(Echo, (const char *, text, .max_length = 20000))

TERN_HANDLER(echo, Echo, in)
{
    return tern_json(c, Echo, in);
}

TERN_HANDLER(count)
{
    const char *seen = tern_cookie(c, "count");
    tern_set_cookie(c, "count", tern_sprintf(c, "%d", seen != NULL ? atoi(seen) + 1 : 1));
    return tern_text(c, seen != NULL ? seen : "none");
}

TERN_HANDLER(forget)
{
    tern_set_cookie(c, "count", "", .max_age_s = -1);
    return tern_no_content(c);
}

static void write_parts(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        tern_stream_printf(out, "part %d\n", i);
        tern_stream_flush(out);
        tern_sleep(c, 1);
    }
}

TERN_HANDLER(parts)
{
    return tern_stream_reply(c, "text/plain", write_parts, NULL);
}

TERN_HANDLER(order)
{
    return tern_json_text(c, "{\"total\":2.50,\"items\":[{\"title\":\"Milk\",\"price\":1}]}");
}

TERN_HANDLER(header)
{
    return tern_text(c, tern_header(c, "X-Token"));
}

static void *die(void *arg)
{
    return (void *)(uintptr_t)kill(getpid(), arg == NULL ? SIGSEGV : SIGCONT);
}

TERN_HANDLER(crash)
{
    return tern_text(c, die(NULL) == NULL ? "alive" : "dead");
}

TERN_HANDLER(hang)
{
    tern_sleep(c, 60000);
    return tern_text(c, "at last");
}

/* -- providers -- */

TERN_MODEL(User, (int64_t, id), (const char *, name))
TERN_MODEL(Token, (const char *, token, .in = TERN_FROM_HEADER, .json = "X-Token", .optional = true))
TERN_MODEL(TestUser, (const char *, test_user, .in = TERN_FROM_HEADER))

TERN_PROVIDES(User, current_user, Token, in)
{
    if (in->token == NULL)
        tern_fail(c, 401, "who are you?");
    User *user = tern_alloc(c, sizeof *user);
    user->name = in->token;
    return user;
}

TERN_PROVIDES(const char, greeting, current_user, user)
{
    return tern_sprintf(c, "Hello, %s!", user->name);
}

TERN_REQUIRES(admin, current_user, user)
{
    if (strcmp(user->name, "root") != 0)
        tern_fail(c, 403, "for administrators");
}

TERN_REQUIRES(unused)
{
}

TERN_HANDLER(greet, greeting, text)
{
    return tern_text(c, text);
}

TERN_HANDLER(secret, current_user, user)
{
    return tern_textf(c, "the secret of %s", user->name);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Tested", .version = "1.0");
    tern_post(app, "/echo", echo, .returns = TERN_TYPE(Echo));
    tern_get(app, "/count", count);
    tern_get(app, "/forget", forget);
    tern_get(app, "/parts", parts);
    tern_get(app, "/order", order);
    tern_get(app, "/header", header);
    tern_get(app, "/crash", crash);
    tern_get(app, "/hang", hang);
    tern_get(app, "/greet", greet);
    tern_get(app, "/secret", secret, .needs = TERN_NEEDS(admin));
    return app;
}

TERN_TEST(passes_json_in_any_order_and_form)
{
    tern_answer *a = tern_test_get(t, "/order");
    tern_check_json(a, "", "{ \"items\": [{\"price\": 1.0, \"title\": \"Milk\"}], \"total\": 25e-1 }");
    tern_check_json(a, "/items/1", NULL);
    tern_check(tern_answer_json(a) != NULL);
}

TERN_TEST(passes_forms_large_bodies_and_headers)
{
    char *text = tern_test_sprintf(t, "%020000d", 7);
    tern_answer *a = tern_test_post(t, "/echo", .json = tern_test_sprintf(t, "{\"text\":\"%s\"}", text));
    tern_check_json(a, "/text", tern_test_sprintf(t, "\"%s\"", text));
    a = tern_test_post(t, "/echo", .form = "text=a+b%26c");
    tern_check_json(a, "/text", "\"a b&c\"");
    a = tern_test_post(t, "/echo", .body = "<x/>", .type = "text/xml");
    tern_check_status(a, 415);
    a = tern_test_get(t, "/header", .headers = TERN_HEADERS("X-Token: secret", "Accept: */*"));
    tern_check_body(a, "secret");
}

TERN_TEST(passes_cookies_from_answer_to_request)
{
    tern_check_body(tern_test_get(t, "/count"), "none");
    tern_check_body(tern_test_get(t, "/count"), "1");
    tern_check_text(tern_test_cookie(t, "count"), "2");
    tern_test_set_cookie(t, "count", "40");
    tern_check_body(tern_test_get(t, "/count"), "40");
    tern_check_body(tern_test_get(t, "/count", .headers = TERN_HEADERS("Cookie: count=7")), "7");
    tern_test_get(t, "/forget");
    tern_check_text(tern_test_cookie(t, "count"), NULL);
    tern_check_body(tern_test_get(t, "/count"), "none");
}

TERN_TEST(passes_streams_and_answers_without_body)
{
    tern_check_body(tern_test_get(t, "/parts"), "part 0\npart 1\npart 2\n");
    tern_answer *a = tern_test_send(t, "HEAD", "/order");
    tern_check_status(a, 200);
    tern_check_body(a, "");
    tern_check_header(a, "Content-Length", "51");
    tern_check_header(a, "X-Nothing", NULL);
}

TERN_TEST(passes_by_a_real_port)
{
    char command[128], answer[64] = "";
    snprintf(command, sizeof command,
             "python3 -c \"import urllib.request as u; print(u.urlopen('%s/count')%s", tern_test_serve(t),
             ".read().decode())\"");
    FILE *client = popen(command, "r");
    tern_check(client != NULL && fgets(answer, sizeof answer, client) != NULL);
    pclose(client);
    tern_check_text(answer, "none\n");
}

TERN_TEST(fails_by_status)
{
    printf("said <by> the test & \"quoted\" \x01\n");
    tern_check_status(tern_test_post(t, "/echo", .json = "{\"text\":1}"), 200);
}

TERN_TEST(fails_by_json)
{
    tern_check_json(tern_test_get(t, "/order"), "",
                    "{\"items\":[{\"title\":\"Bread\",\"price\":1}],\"total\":2.5}");
}

TERN_TEST(fails_by_text)
{
    tern_check_body(tern_test_get(t, "/parts"), "part 0\npart X\npart 2\n");
}

TERN_TEST(fails_by_header)
{
    tern_check_header(tern_test_get(t, "/order"), "Content-Type", "text/plain");
}

TERN_TEST(fails_by_condition)
{
    tern_check(1 + 1 == 3);
}

TERN_TEST(fails_by_leaving)
{
    exit(0);
}

/* -- providers that tests replace -- */

TERN_PROVIDES(User, test_user, TestUser, in)
{
    User *user = tern_alloc(c, sizeof *user);
    user->name = in->test_user;
    return user;
}

TERN_PROVIDES(User, shouting_user, current_user, user)
{
    User *loud = tern_alloc(c, sizeof *loud);
    loud->name = tern_sprintf(c, "%s!!", user->name);
    return loud;
}

#define ANN .headers = TERN_HEADERS("X-Token: ann")

TERN_TEST(provides_the_real_provider)
{
    tern_check_status(tern_test_get(t, "/greet"), 401);
    tern_check_body(tern_test_get(t, "/greet", ANN), "Hello, ann!");
    tern_check_status(tern_test_get(t, "/secret", ANN), 403);
}

TERN_TEST(provides_a_provider_of_the_test_and_its_own_input)
{
    tern_test_provide(t, current_user, test_user);
    tern_check_body(tern_test_get(t, "/greet", .headers = TERN_HEADERS("test-user: bob")), "Hello, bob!");
    tern_check_status(tern_test_get(t, "/greet", ANN), 422);
    tern_check_json(tern_test_get(t, "/openapi.json"), "/paths/~1greet/get/parameters/0/name",
                    "\"test-user\"");
}

TERN_TEST(provides_a_value)
{
    User root = {.name = "root"};
    tern_test_provide_value(t, current_user, &root);
    tern_check_body(tern_test_get(t, "/greet"), "Hello, root!");
    tern_check_body(tern_test_get(t, "/secret"), "the secret of root");
}

TERN_TEST(provides_a_provider_that_takes_the_one_it_replaces)
{
    tern_test_provide(t, current_user, shouting_user);
    tern_check_body(tern_test_get(t, "/greet", ANN), "Hello, ann!!!");
    tern_check_status(tern_test_get(t, "/greet"), 401);
}

TERN_TEST(provides_a_requirement_that_lets_all_pass)
{
    tern_test_provide_value(t, admin, NULL);
    tern_check_body(tern_test_get(t, "/secret", ANN), "the secret of ann");
}

TERN_TEST(provides_when_a_provider_is_replaced_between_requests_and_put_back)
{
    User eve = {.name = "eve"}, bob = {.name = "bob"};
    tern_check_status(tern_test_get(t, "/greet"), 401);
    tern_test_provide_value(t, current_user, &eve);
    tern_check_body(tern_test_get(t, "/greet"), "Hello, eve!");
    tern_test_provide_value(t, current_user, &bob);
    tern_check_body(tern_test_get(t, "/greet"), "Hello, bob!");
    tern_test_provide(t, current_user, current_user);
    tern_check_status(tern_test_get(t, "/greet"), 401);
}

TERN_TEST(provides_when_both_a_provider_and_one_that_it_takes_are_replaced)
{
    User eve = {.name = "eve"};
    tern_test_provide_value(t, greeting, "Good day.");
    tern_test_provide_value(t, current_user, &eve);
    tern_check_body(tern_test_get(t, "/greet"), "Good day.");
}

TERN_TEST(refuses_a_provider_that_no_route_needs)
{
    tern_test_provide_value(t, unused, NULL);
    tern_test_get(t, "/greet", ANN);
}

TERN_TEST(refuses_serving_with_a_replaced_provider)
{
    tern_test_provide(t, current_user, test_user);
    tern_test_serve(t);
}

TERN_TEST(refuses_replacing_a_provider_of_a_served_application)
{
    tern_test_serve(t);
    tern_test_provide(t, current_user, test_user);
}

static void *volatile kept;

TERN_TEST(leaks_memory)
{
    kept = malloc(77);
    kept = NULL;
}

TERN_TEST(crashes_in_a_handler)
{
    tern_test_get(t, "/crash");
}

TERN_TEST(hangs_in_a_handler, .seconds = 1)
{
    tern_test_get(t, "/hang");
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}

/* The tests of an application that calls others, which test_fetch.py runs. */
#include <tern.h>
#include <tern/fetch_test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TERN_MODEL(Rate, (const char *, currency), (double, value))
TERN_MODEL(Order, (double, amount), (const char *, currency))

TERN_HANDLER(price, Order, in)
{
    Rate *rate =
        tern_fetch_json(c, Rate, "https://rates.example/latest", .query = TERN_PAIRS("to", in->currency));
    return tern_textf(c, "%.2f", in->amount * rate->value);
}

TERN_HANDLER(notify, Order, in)
{
    tern_fetched *r =
        tern_fetch_try(c, "https://hooks.example/order", .json = TERN_TYPED(Order, in), .timeout_ms = 200);
    return tern_textf(c, "%d %d %u", r->status, (int)r->error, r->attempts);
}

/* Calls the service at SERVICE_URL. */
TERN_HANDLER(relay)
{
    const char *url = tern_sprintf(c, "%s/%s", getenv("SERVICE_URL"), tern_query(c, "path"));
    tern_fetched *r = tern_fetch(c, url, .query = TERN_PAIRS("q", "1 2"), .bearer = "secret-token");
    const char *cookie = tern_fetch_header_of(r, "set-cookie");
    return tern_textf(c, "%d %s %zu %s %s", r->status, tern_fetch_header_of(r, "x-seen"), r->body.len,
                      strlen(r->body.data) == r->body.len ? r->body.data : "(bytes)",
                      cookie != NULL ? cookie : "-");
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Stubbed");
    tern_post(app, "/price", price);
    tern_post(app, "/notify", notify);
    tern_get(app, "/relay", relay);
    return app;
}

#define ORDER .json = "{\"amount\":3,\"currency\":\"EUR\"}"

TERN_TEST(passes_a_price_in_the_currency_of_the_order)
{
    tern_stub *rates =
        tern_stub_fetch(t, "https://rates.example/latest*", .json = "{\"currency\":\"EUR\",\"value\":2}");
    tern_check_body(tern_test_post(t, "/price", ORDER), "6.00");
    tern_check(tern_stub_calls(rates) == 1);
    tern_check_text(tern_stub_call_of(rates, 0)->url, "https://rates.example/latest?to=EUR");
    tern_check_text(tern_stub_call_of(rates, 0)->method, "GET");
    tern_check(tern_stub_call_of(rates, 1) == NULL);
}

TERN_TEST(passes_with_a_retry_after_the_first_reply)
{
    tern_stub *works = tern_stub_fetch(t, "*", .json = "{\"currency\":\"EUR\",\"value\":2}");
    tern_stub *fails = tern_stub_fetch(t, "*", .status = 503, .times = 1);
    tern_check_body(tern_test_post(t, "/price", ORDER), "6.00");
    tern_check(tern_stub_calls(fails) == 1 && tern_stub_calls(works) == 1);
}

TERN_TEST(passes_with_a_body_that_was_sent)
{
    tern_stub *hook = tern_stub_fetch(t, "https://hooks.example/*", .method = "POST", .status = 202);
    tern_check_body(tern_test_post(t, "/notify", ORDER), "202 0 1");
    tern_check_text(tern_stub_call_of(hook, 0)->body.data, "{\"amount\":3,\"currency\":\"EUR\"}");
}

TERN_TEST(passes_with_errors_and_delays)
{
    tern_stub_fetch(t, "*", .error = TERN_FETCH_UNREACHABLE);
    tern_check_body(tern_test_post(t, "/notify", ORDER), "0 3 1");
    tern_check_status(tern_test_post(t, "/price", ORDER), 502);
    tern_stub_fetch(t, "*", .delay_ms = 1000);
    tern_check_body(tern_test_post(t, "/notify", ORDER), "0 4 1");
    tern_stub_fetch(t, "*", .delay_ms = 10);
    tern_check_body(tern_test_post(t, "/notify", ORDER), "200 0 1");
}

TERN_TEST(fails_without_any_stub)
{
    tern_check_status(tern_test_post(t, "/price", ORDER), 200);
}

TERN_TEST(fails_without_a_stub_that_fits)
{
    tern_stub_fetch(t, "https://other.example/*");
    tern_check_status(tern_test_post(t, "/price", ORDER), 200);
}

/* -- a file of recorded replies, RECORD_FILE -- */

TERN_TEST(replays_what_was_recorded)
{
    tern_fetch_record(t, getenv("RECORD_FILE"));
    tern_stub_fetch(t, "*stubbed*", .body = "from a stub", .headers = TERN_HEADERS("X-Seen: stub"));
    for (int i = 0; i < 2; i++)
        printf("# %s\n", tern_test_get(t, "/relay?path=a")->body);
    printf("# %s\n", tern_test_get(t, "/relay?path=bytes")->body);
    tern_check_body(tern_test_get(t, "/relay?path=stubbed"), "200 stub 11 from a stub -");
}

TERN_TEST(replays_no_other_call)
{
    tern_fetch_record(t, getenv("RECORD_FILE"));
    tern_check_status(tern_test_get(t, "/relay?path=other"), 200);
}

TERN_TEST(replays_no_call_more_often)
{
    tern_fetch_record(t, getenv("RECORD_FILE"));
    for (int i = 0; i < 3; i++)
        tern_check_status(tern_test_get(t, "/relay?path=a"), 200);
}

TERN_TEST(opens_two_files)
{
    tern_fetch_record(t, getenv("RECORD_FILE"));
    tern_fetch_record(t, getenv("RECORD_FILE"));
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}

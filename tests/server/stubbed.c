/* The tests of an application that calls others, which test_fetch.py runs. */
#include <tern.h>
#include <tern/fetch_test.h>

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

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Stubbed");
    tern_post(app, "/price", price);
    tern_post(app, "/notify", notify);
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

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}

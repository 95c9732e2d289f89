/** Tests of the travel reports: stubs reply instead of the services. */
#include "travel.h"

#include <tern/fetch_test.h>

static tern_stub *places(tern_test *t)
{
    return tern_stub_fetch(t, "*/places?*",
                           .json = "{\"latitude\":59.91,\"longitude\":10.75,\"currency\":\"NOK\",\"id\":7}");
}

static tern_stub *rates(tern_test *t)
{
    return tern_stub_fetch(t, "*/rates?*", .json = "{\"value\":0.085}");
}

TERN_TEST(a_report_joins_three_services)
{
    tern_stub *asked = places(t), *rated = rates(t);
    tern_stub_fetch(t, "*/weather?*", .json = "{\"degrees\":-3.5,\"sky\":\"clear\"}");
    tern_answer *a = tern_test_get(t, "/cities/Oslo");
    tern_check_json(a, "", "{\"city\":\"Oslo\",\"sky\":\"clear\",\"degrees\":-3.5,\"euros\":0.085}");
    tern_check_text(tern_stub_call_of(asked, 0)->url, "https://travel.example/places?name=Oslo");
    tern_check_text(tern_stub_call_of(rated, 0)->url, "https://travel.example/rates?from=NOK&to=EUR");
}

TERN_TEST(a_report_does_not_need_the_weather)
{
    places(t);
    rates(t);
    tern_stub_fetch(t, "*/weather?*", .delay_ms = 5000);
    tern_check_json(tern_test_get(t, "/cities/Oslo"), "", "{\"city\":\"Oslo\",\"euros\":0.085}");
}

TERN_TEST(a_report_needs_the_place)
{
    tern_stub_fetch(t, "*/places?*", .status = 404);
    tern_check_status(tern_test_get(t, "/cities/Nowhere"), 502);
}

TERN_TEST(a_service_that_is_busy_is_asked_again)
{
    places(t);
    rates(t);
    tern_stub *busy = tern_stub_fetch(t, "*/rates?*", .status = 503, .times = 1);
    tern_stub_fetch(t, "*/weather?*", .error = TERN_FETCH_UNREACHABLE);
    tern_check_status(tern_test_get(t, "/cities/Oslo"), 200);
    tern_check(tern_stub_calls(busy) == 1);
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}

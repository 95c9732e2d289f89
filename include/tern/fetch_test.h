/**
 * Replies of other services in tests of an application, without a network.
 *
 *     #include <tern/fetch_test.h>
 *
 *     TERN_TEST(passes_a_price_in_the_currency_of_the_order)
 *     {
 *         tern_stub *rates = tern_stub_fetch(t, "https://rates.example/latest*", .json = "{\"currency\":\"EUR\",\"value\":2}");
 *         tern_check_body(tern_test_post(t, "/price", .json = "{\"amount\":3,\"currency\":\"EUR\"}"), "6.00");
 *         tern_check(tern_stub_calls(rates) == 1);
 *         tern_check_text(tern_stub_call_of(rates, 0)->url, "https://rates.example/latest?to=EUR");
 *     }
 *
 * In a test, a call that no stub fits ends its handler with 500 and a line in the log, unless the test allows the
 * network. Everything else is as in production: retries, redirects, time-outs, the check of .into.
 */
#ifndef TERN_FETCH_TEST_H
#define TERN_FETCH_TEST_H

#include <tern/fetch.h>
#include <tern/test.h>

typedef struct tern_stub tern_stub;

/** A reply. The texts must live as long as the test: literals, or tern_test_sprintf. */
typedef struct tern_stub_reply {
    const char *method; /* NULL: any */
    int status;         /* default 200 */
    const char *json;   /* a body of application/json, */
    const char *body;   /* or any other text */
    const char *const
        *headers;      /* TERN_HEADERS("Retry-After: 1"), whose list must live as long as the test, too */
    unsigned delay_ms; /* before it */
    tern_fetch_error error; /* TERN_FETCH_UNREACHABLE and the like: there is no reply */
    unsigned times;         /* how many calls it answers; 0: all. Further ones go to the stub before it */
} tern_stub_reply;

/** A call that a stub has answered; in the test's memory. */
typedef struct tern_stub_call {
    const char *method, *url;
    const char *const *headers; /* "Name: value", ended by NULL */
    tern_str body;              /* empty for a produced one */
} tern_stub_call;

/** Answers calls whose URL fits the pattern, in which '*' stands for any text. Of several stubs that fit, the newest
 * one answers. */
#define tern_stub_fetch(t, url_pattern, ...)                                                                 \
    tern_stub_fetch_with(t, url_pattern, &(tern_stub_reply){__VA_ARGS__})
tern_stub *tern_stub_fetch_with(tern_test *t, const char *url_pattern, const tern_stub_reply *reply);
/** How many calls the stub has answered: each attempt of a retried call counts. */
unsigned tern_stub_calls(const tern_stub *stub);
/** One of them, from 0 in the order they were made; NULL when there were fewer. */
const tern_stub_call *tern_stub_call_of(const tern_stub *stub, unsigned number);
/** Calls that no stub fits go to the network. */
void tern_fetch_allow(tern_test *t);

/**
 * Replies from a file that was recorded from the real service. Each test has a file of its own:
 *
 *     tern_fetch_record(t, "tests/rates.json");
 *
 * A run with TERN_RECORD=1 in the environment makes the calls that no stub fits, and writes their replies to the file.
 * Other runs reply from it, without a network: to a method and URL in the order in which they were recorded. A call that
 * is not in the file ends its handler with 500 and a line in the log that names it. Without the file the test fails.
 *
 * The file is JSON, one call a line: method, url, status, headers, body (body_base64 if it is not text). Headers that
 * carry secrets (Set-Cookie, Authorization, X-Api-Key and the like) are left out; what is sent is not written, but its
 * URL is, with the query. Failed calls and streams are not recorded. The path counts from the current folder.
 */
void tern_fetch_record(tern_test *t, const char *path);

#endif

/** Tern in the benchmark: the contract of bench/README.md, as a user of Tern would write it. */
#include "rows.h"

#include <stdlib.h>

TERN_MODEL(Greeting,
    (const char *, message))

TERN_MODEL(Search,
    (int64_t,      id),
    (const char *, q),
    (int64_t,      page, .min = 1))

TERN_ENUM(Currency, EUR, USD, GBP)

TERN_MODEL(OrderLine,
    (const char *, sku,         .pattern = "^[A-Z]{3}-[0-9]{4}$"),
    (int,          quantity,    .min = 1, .max = 100),
    (int,          price_cents, .min = 1, .max = 1000000))

TERN_MODEL(Order,
    (const char *,   customer, .min_length = 1, .max_length = 80),
    (const char *,   email,    .format = "email"),
    (Currency,       currency),
    (bool,           express),
    (OrderLine_list, lines,    .min_items = 1, .max_items = 50),
    (const char *,   note,     .optional = true, .max_length = 200))

TERN_MODEL(OrderTotal,
    (const char *, customer),
    (size_t,       lines),
    (int64_t,      units),
    (int64_t,      total_cents))

TERN_MODEL(Received,
    (size_t, bytes))

TERN_HANDLER(greet)
{
    return tern_json(c, Greeting, &(Greeting){.message = "Hello, World!"});
}

TERN_HANDLER(plaintext)
{
    return tern_text(c, "Hello, World!");
}

TERN_HANDLER(search_user, Search, in)
{
    return tern_json(c, Search, in);
}

TERN_HANDLER(take_order, Order, in)
{
    OrderTotal total = {.customer = in->customer, .lines = in->lines.count};
    for (size_t i = 0; i < in->lines.count; i++) {
        const OrderLine *line = &in->lines.items[i];
        total.units += line->quantity;
        total.total_cents += (int64_t)line->quantity * line->price_cents;
    }
    return tern_json(c, OrderTotal, &total);
}

TERN_HANDLER(receive)
{
    return tern_json(c, Received, &(Received){.bytes = tern_body(c).len});
}

/** Counts replies by the first digit of their status, as metrics do. */
static tern_reply count(tern_ctx *c, void *replies)
{
    tern_reply reply = tern_next(c);
    tern_shared_add(((tern_shared_counter **)replies)[reply.status / 100], 1);
    return reply;
}

/** The middleware of the test stack. */
static void add_stack(tern_app *app, const char *log)
{
    static tern_shared_counter *replies[6];
    static const char *const names[6] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 0; i < 6; i++)
        replies[i] = tern_shared_counter_new(names[i]);
    tern_get(app, "/stack", greet, .name = "stack",
             .use = TERN_USE(tern_request_ids(), tern_logger(.file = log),
                             tern_cors(.origins = "https://app.example.org"),
                             tern_rate_limit(.requests = 1000000000, .window_s = 60),
                             TERN_MIDDLEWARE(count, .options = replies)));
}

/** The user of the token. */
TERN_HANDLER(greet_user)
{
    return tern_json(c, Greeting,
                     &(Greeting){.message = tern_sprintf(c, "Hello, %s!", tern_identity_of(c)->id)});
}

static void add_auth(tern_app *app)
{
    tern_jwt_keys *keys = tern_jwt_keys_new(app, .secret = "the-benchmark-secret-of-40-characters-xx");
    tern_get(app, "/auth", greet_user, .requires = TERN_SIGNED_IN,
             .use = TERN_USE(tern_ways(TERN_BEARER_JWT(.keys = keys))));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Benchmark", .version = "1.0");
    tern_get(app, "/", greet);
    tern_get(app, "/plaintext", plaintext);
    tern_get(app, "/users/{id}", search_user);
    tern_post(app, "/orders", take_order);
    tern_post(app, "/upload", receive);
    add_auth(app);
    if (getenv("BENCH_LOG") != NULL)
        add_stack(app, getenv("BENCH_LOG"));
    if (getenv("BENCH_STATIC") != NULL)
        tern_static(app, "/static", getenv("BENCH_STATIC"));
    add_rows(app);
    return tern_run(app, argc, argv);
}

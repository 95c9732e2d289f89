/** The server for the rest of test_openapi.py: everything that a document has beyond routes and models. DESCRIBED is
 * its version, "3.1" or "3.2". */
#include <tern.h>

#include <inttypes.h>
#include <stdlib.h>

#define OUT_OF_STOCK "https://shop.example/problems/out-of-stock"
#define NOT_YOURS    "https://shop.example/problems/not-yours"

TERN_MODEL(Order, (int64_t, id, .key = true), (const char *, item, .max_length = 20), (int, count, .min = 1, .max = 9))
TERN_MODEL(OutOfStock, (int, left, .help = "How many are left"))
TERN_MODEL(Paid, (int64_t, order), (double, amount))
TERN_MODEL(Search, (tern_text_list, words, .max_items = 5), (int, most, .fallback = "10", .max = 50))
TERN_MODEL(OfShop, (const char *, shop, .max_length = 20, .help = "Whose shop", .example = "acme"), (int64_t, id))

static tern_reply pass(tern_ctx *c, void *options)
{
    (void)options;
    tern_set_header(c, "RateLimit", "\"all\";r=9;t=1");
    return tern_next(c);
}

TERN_HANDLER(add_order, Order, in)
{
    if (in->count > 5)
        tern_fail_with(
            c, &(tern_problem){.type = OUT_OF_STOCK, TERN_MEMBERS(OutOfStock, &(OutOfStock){.left = 5})});
    in->id = 1;
    tern_set_header(c, "X-Queue", "3");
    return tern_created(c, Order, in);
}

TERN_HANDLER(get_order, tern_by_id, in)
{
    Order order = {.id = in->id, .item = "pen", .count = 1};
    return tern_json(c, Order, &order);
}

TERN_HANDLER(search_orders, Search, in)
{
    Order_list none = {NULL, 0};
    (void)in;
    return tern_json_list(c, Order, none);
}

TERN_HANDLER(get_shop, OfShop, in)
{
    return tern_textf(c, "%s %" PRId64, in->shop, in->id);
}

TERN_HANDLER(get_day)
{
    return tern_textf(c, "%s.%s", tern_param(c, "day"), tern_param(c, "ext"));
}

TERN_HANDLER(purge)
{
    return tern_no_content(c);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Shop", .version = "1.0", .openapi = getenv("DESCRIBED"),
                                 .description = "Sells.");
    tern_security(app, "login", .type = TERN_SECURITY_OAUTH2,
                  .flows = "authorizationCode, clientCredentials, deviceAuthorization",
                  .authorization_url = "https://login.example/go", .token_url = "https://login.example/token",
                  .device_url = "https://login.example/device",
                  .scopes = TERN_SCOPES({"orders:read", "Read orders"}, {"orders:write", "Change orders"}));
    tern_security(app, "cert", .type = TERN_SECURITY_MUTUAL_TLS);
    tern_security(app, "digest", .type = TERN_SECURITY_DIGEST);
    tern_problem_type(app, OUT_OF_STOCK, 409, .title = "Out of stock", .model = TERN_TYPE(OutOfStock));
    tern_problem_type(app, NOT_YOURS, 403, .title = "Not yours",
                      .description = "The order is somebody else's");
    tern_tag(app, "shop", "All of it");
    tern_tag(app, "orders", "What is bought", .parent = "shop", .docs_url = "https://docs.example/orders");
    tern_server(app, "http://127.0.0.1:8000", "This machine");
    tern_external_docs(app, "https://docs.example", "The guide");
    tern_webhook(app, "orderPaid", .body = TERN_TYPE(Paid), .summary = "An order was paid", .tags = "orders",
                 .status = 204);
    tern_use(app, TERN_MIDDLEWARE(pass, .answers = "429", .headers = "RateLimit"));
    tern_post(app, "/orders", add_order, .returns = TERN_TYPE(Order), .status = 201, .tags = "orders",
              .security = "login orders:read orders:write, cert", .problems = OUT_OF_STOCK ", " NOT_YOURS,
              .reply_headers = TERN_REPLY_HEADERS(
                  {.name = "X-Queue", .description = "Orders before it", .type = TERN_TYPE(tern_int64)},
                  {.name = "Retry-After", .status = 429}),
              .examples = TERN_EXAMPLES(
                  {.name = "one", .value = "{\"item\":\"pen\",\"count\":1}", .summary = "A single pen"},
                  {.name = "many", .value = "{\"item\":\"ink\",\"count\":9}"},
                  {.name = "made", .value = "{\"id\":1,\"item\":\"pen\",\"count\":1}", .status = 201}),
              .callbacks = TERN_CALLBACKS({.name = "paid",
                                           .url = "{$request.body#/callback}",
                                           .body = TERN_TYPE(Paid),
                                           .summary = "The order was paid"}));
    tern_get(
        app, "/orders/{id}", get_order, .returns = TERN_TYPE(Order), .tags = "orders", .security = "digest",
        .examples =
            TERN_EXAMPLES({.name = "first", .value = "1", .parameter = "id", .summary = "The first order"}));
    tern_query_route(app, "/orders", search_orders, .returns = TERN_LIST(Order), .tags = "orders");
    tern_get(app, "/days/{day:date}.{ext:[a-z]+}", get_day, .tags = "shop");
    tern_get(tern_group_new(app, "", .host = "{shop}.s{shard:int}.example.org"), "/shop/{id}", get_shop,
             .tags = "shop");
    tern_on(app, "PURGE", "/cache", purge, .tags = "shop", .status = 204);
    return tern_run(app, argc, argv);
}

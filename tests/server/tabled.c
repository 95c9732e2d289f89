/**
 * A shop whose invoices are kept by a part of its own, for test_tables.py. The part adds its tables before or after
 * the application's database (ORDER=before, after), or a table whose name is taken (ORDER=twice).
 */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TERN_MODEL(Shop, (int64_t, id, .key = true), (const char *, name))
TERN_MODEL(Invoice,
    (int64_t, id, .key = true),
    (int64_t, shop_id, .references = TERN_TYPE(Shop)),
    (const char *, title, .max_length = 80))
TERN_MODEL_WITH(OtherShop, (.table = "shop"), (int64_t, id, .key = true))

TERN_HANDLER(add_shop, Shop, in)
{
    tern_insert(c, Shop, in);
    return tern_created(c, Shop, in);
}

TERN_HANDLER(add_invoice, Invoice, in)
{
    tern_insert(c, Invoice, in);
    return tern_created(c, Invoice, in);
}

/** Adds shops with the names that follow the command, and prints how many there are; "x" fails. */
static int open_shops(tern_ctx *c, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], "x") == 0)
            tern_fail(c, 422, "a shop cannot be called x");
        tern_insert(c, Shop, &(Shop){.name = words[i]});
    }
    printf("%d\n", (int)tern_count(c, Shop));
    return count == 0 ? 3 : 0;
}

static void add_invoices(tern_app *app, bool is_twice)
{
    if (is_twice)
        tern_tables(app, TERN_TYPE(Invoice), TERN_TYPE(OtherShop));
    else
        tern_tables(app, TERN_TYPE(Invoice));
    tern_post(app, "/invoices", add_invoice, .returns = TERN_TYPE(Invoice), .status = 201);
}

int main(int argc, char **argv)
{
    const char *order = getenv("ORDER");
    bool is_before = order != NULL && strcmp(order, "before") == 0;
    tern_app *app = tern_app_new(.title = "Shop");
    if (is_before)
        add_invoices(app, false);
    if (order == NULL || strcmp(order, "none") != 0)
        tern_database(app, TERN_TYPE(Shop));
    if (!is_before)
        add_invoices(app, order != NULL && strcmp(order, "twice") == 0);
    tern_command(app, "open-shops", "add shops", open_shops);
    tern_post(app, "/shops", add_shop, .returns = TERN_TYPE(Shop), .status = 201);
    return tern_run(app, argc, argv);
}

/** tern_tables: tables that parts of an application add to its database. */
#include "app/bind/bind.h"
#include "app/ctx.h"
#include "base/mem.h"
#include "data/migrate/migrate.h"
#include "data/rows.h"
#include "data/statement.h"
#include "data/table/table.h"

#include "check.h"

#include <tern/data.h>

#include <string.h>

TERN_MODEL(Shop, (int64_t, id, .key = true))
TERN_MODEL(Invoice, (int64_t, id, .key = true), (int64_t, shop_id, .references = TERN_TYPE(Shop)))
TERN_MODEL(Line, (int64_t, id, .key = true), (int64_t, invoice_id, .references = TERN_TYPE(Invoice)))
TERN_MODEL_WITH(Bill, (.table = "Invoice"), (int64_t, id, .key = true))

static tern_app *app;

static void close_app(void)
{
    statement_forget();
    rows_forget();
    data_tables_forget();
    schema_forget();
    bind_forget();
    app_free(app);
}

/** Prepares the application; `want` are the lines of its mistakes, NULL: none. */
static void prepare(const char *want)
{
    buf problems = {0};
    CHECK(app_prepare(app, &problems) == (want == NULL));
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
}

/** Checks the names of all tables, in the order in which they are created. */
static void check_tables(const char *want)
{
    buf names = {0};
    unsigned count;
    const data_table *const *tables = data_tables(&count);
    for (unsigned i = 0; i < count; i++)
        CHECK(buf_add_printf(&names, "%s ", tables[i]->name));
    CHECK_TEXT(names.data, want);
    buf_free(&names);
}

TEST(added_tables_are_made_when_added_before_the_database)
{
    app = tern_app_new(.title = "t");
    tern_tables(app, TERN_TYPE(Line), TERN_TYPE(Invoice));
    tern_database(app, TERN_TYPE(Shop));
    prepare(NULL);
    check_tables("shop invoice line ");
    close_app();
}

TEST(added_tables_are_made_when_added_after_the_database)
{
    app = tern_app_new(.title = "t");
    tern_database(app, TERN_TYPE(Shop));
    tern_tables(app, TERN_TYPE(Invoice));
    tern_tables(app, TERN_TYPE(Line));
    prepare(NULL);
    check_tables("shop invoice line ");
    close_app();
}

TEST(a_database_may_have_added_tables_alone)
{
    app = tern_app_new(.title = "t");
    tern_database(app);
    tern_tables(app, TERN_TYPE(Shop));
    prepare(NULL);
    check_tables("shop ");
    close_app();
}

TEST(a_model_that_two_parts_add_is_one_table)
{
    app = tern_app_new(.title = "t");
    tern_tables(app, TERN_TYPE(Shop), TERN_TYPE(Invoice));
    tern_tables(app, TERN_TYPE(Shop));
    tern_database(app, TERN_TYPE(Invoice));
    prepare(NULL);
    check_tables("shop invoice ");
    close_app();
}

TEST(an_added_table_with_the_name_of_another_is_a_mistake_that_names_both)
{
    app = tern_app_new(.title = "t");
    tern_database(app, TERN_TYPE(Shop), TERN_TYPE(Invoice));
    tern_tables(app, TERN_TYPE(Bill));
    prepare(
        "model Bill: its table is called \"Invoice\", as that of Invoice; give one of them another .table, or "
        ".view = true if rows are only read into it\n");
    close_app();
}

TEST(an_added_table_that_references_an_unknown_model_is_a_mistake)
{
    app = tern_app_new(.title = "t");
    tern_database(app, TERN_TYPE(Shop));
    tern_tables(app, TERN_TYPE(Line));
    buf problems = {0};
    CHECK(!app_prepare(app, &problems));
    CHECK(strstr(problems.data, "model Line, field invoice_id: ") != NULL);
    buf_free(&problems);
    close_app();
}

TEST(added_tables_without_a_database_are_a_mistake_that_names_who_needs_it)
{
    app = tern_app_new(.title = "t");
    tern_tables_of(app, "tern_accounts", (tern_type *const[]){TERN_TYPE(Shop), TERN_TYPE(Invoice), NULL});
    tern_tables(app, TERN_TYPE(Line));
    prepare(
        "tern_accounts: its tables (Shop, Invoice) need a database; call tern_database(app, ...) in main too\n"
        "tern_tables: its tables (Line) need a database; call tern_database(app, ...) in main too\n");
    close_app();
}

static void check_sql(data_dialect dialect)
{
    buf sql = {0}, problems = {0};
    app = tern_app_new(.title = "t");
    tern_tables(app, TERN_TYPE(Invoice));
    tern_database(app, TERN_TYPE(Shop));
    prepare(NULL);
    CHECK(data_schema_sql(dialect, &sql, &problems));
    const char *shop = strstr(sql.data, "create table shop"),
               *invoice = strstr(sql.data, "create table invoice");
    CHECK(shop != NULL && invoice != NULL && shop < invoice);
    buf_free(&sql);
    buf_free(&problems);
    close_app();
}

TEST(added_tables_are_created_with_the_schema_of_sqlite)
{
    check_sql(DATA_SQLITE);
}

TEST(added_tables_are_created_with_the_schema_of_postgres)
{
    check_sql(DATA_POSTGRES);
}

TEST(added_tables_survive_every_failing_allocation)
{
    bool is_ready = false;
    for (unsigned long at = 1; !is_ready && at < 2000; at++) {
        buf problems = {0};
        app = tern_app_new(.title = "t");
        mem_fail_at(at, 0);
        tern_tables(app, TERN_TYPE(Shop), TERN_TYPE(Invoice));
        tern_database(app, TERN_TYPE(Line));
        bool ok = app_prepare(app, &problems);
        is_ready = mem_tried() < at;
        mem_fail_at(0, 0);
        CHECK(ok || !is_ready);
        if (ok)
            check_tables("shop invoice line ");
        buf_free(&problems);
        close_app();
    }
    CHECK(is_ready);
}

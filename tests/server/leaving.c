/*
 * The server for test_leaving.py: each way to run a statement, with a statement that takes half a minute.
 *
 * The pool has two connections, so that two clients that leave could occupy all of it.
 */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Kept,
    (int64_t, id, .key = true),
    (int64_t, number))

TERN_MODEL_WITH(Number, (.view = true),
    (int64_t, number))
/* clang-format on */

enum { STEPS = 300000000 }; /* for SQLite, which cannot sleep: at least half a minute */

static bool on_postgres(void)
{
    const char *url = getenv("TERN_DATABASE_URL");
    return url != NULL && strncmp(url, "postgres", 8) == 0;
}

static void read_slowly(tern_ctx *c)
{
    if (on_postgres())
        (void)tern_sql(c, Number, "select 1::bigint as number from pg_sleep(30)");
    else
        (void)tern_sql(c, Number,
                       "with recursive steps(n) as (select 1 union all select n + 1 from steps where n < ?) "
                       "select count(*) as number from steps",
                       STEPS);
}

static void write_slowly(tern_ctx *c)
{
    if (on_postgres())
        tern_sql_run(c, "insert into kept (id, number) select 7, 1 from pg_sleep(30)");
    else
        tern_sql_run(c,
                     "insert into kept (id, number) "
                     "with recursive steps(n) as (select 1 union all select n + 1 from steps where n < ?) "
                     "select 7, count(*) from steps",
                     STEPS);
}

TERN_HANDLER(read_one)
{
    read_slowly(c);
    return tern_no_content(c);
}

TERN_HANDLER(write_one)
{
    write_slowly(c);
    return tern_no_content(c);
}

TERN_HANDLER(transact)
{
    tern_transaction (c) {
        tern_insert(c, Kept, (&(Kept){.id = 8, .number = 1}));
        read_slowly(c);
    }
    return tern_no_content(c);
}

static void write_rows(tern_ctx *c, tern_stream *out, void *arg)
{
    Kept row;
    tern_rows *rows = tern_rows_open(
        c, Kept,
        .where = on_postgres() ? "pg_sleep(0.01 * id) is not null"
                               : "(with recursive steps(n) as (select 1 union all select n + 1 from "
                                 "steps where n < 300000000) select count(*) from steps) > kept.id");
    (void)arg;
    tern_stream_printf(out, "rows\n");
    tern_stream_flush(out);
    while (tern_rows_next(rows, &row))
        tern_stream_printf(out, "%lld\n", (long long)row.id);
}

TERN_HANDLER(stream)
{
    return tern_stream_reply(c, "text/plain", write_rows, NULL);
}

TERN_HANDLER(count)
{
    return tern_textf(c, "%lld", (long long)tern_count(c, Kept));
}

TERN_HANDLER(add_and_remove)
{
    tern_insert(c, Kept, (&(Kept){.id = 9, .number = 1}));
    tern_remove(c, Kept, 9);
    return tern_no_content(c);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Leaving");
    tern_database_with(app, (.pool = 2, .wait_timeout_ms = 2000), TERN_TYPE(Kept));
    tern_get(app, "/read", read_one);
    tern_get(app, "/write", write_one);
    tern_get(app, "/transaction", transact);
    tern_get(app, "/rows", stream);
    tern_get(app, "/count", count);
    tern_get(app, "/change", add_and_remove);
    return tern_run(app, argc, argv);
}

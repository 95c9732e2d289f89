/* What the SQLite engine costs above stepping a statement by hand: 1,000 rows of 10 columns into structs, and
 * one row by its key.
 *
 * Usage: bench_sqlite_rows [MILLISECONDS]   for each measurement (default 500) */
#include "items.h"

#include "base/clock.h"
#include "data/engine.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const tern_type *type;
    size_t offset;
} fields[ITEM_COLUMNS] = {
    {&tern_int64_type, offsetof(Item, id)},         {&tern_text_type, offsetof(Item, title)},
    {&tern_text_type, offsetof(Item, owner)},       {&tern_text_type, offsetof(Item, note)},
    {&tern_bool_type, offsetof(Item, done)},        {&tern_int32_type, offsetof(Item, rank)},
    {&tern_double_type, offsetof(Item, price)},     {&tern_double_type, offsetof(Item, weight)},
    {&tern_datetime_type, offsetof(Item, created)}, {&tern_int64_type, offsetof(Item, version)},
};

static const char all_sql[] = "select " ITEM_COLUMNS_SQL " from item";
static const char one_sql[] = "select " ITEM_COLUMNS_SQL " from item where id = ?1";

static char lent[1 << 20];
static Item items[ITEM_ROWS];
static size_t item_count;
static uint64_t budget_ns;
static data_database *db;
static sqlite3_stmt *all, *one;

/* -- by hand -- */

static void all_by_hand(arena *a)
{
    item_count = items_by_hand(all, a, items);
}

static void one_by_hand(arena *a)
{
    sqlite3_bind_int64(one, 1, 500);
    item_count = items_by_hand(one, a, items);
}

/* -- by the engine -- */

static bool keep(data_run *run, const data_row *row)
{
    Item *into = &items[item_count++];
    bool is_null;
    for (unsigned i = 0; i < ITEM_COLUMNS; i++) {
        char *at = (char *)into + fields[i].offset;
        must(data_sqlite.column_read(row, i, fields[i].type, at, &is_null, run->memory) == NULL, "a value");
    }
    return true;
}

static void run_engine(const char *sql, unsigned id, tern_args args, arena *a)
{
    static const uint8_t kinds[] = {TERN_ARG_INT};
    data_statement statement = {
        .sql = sql, .sql_len = strlen(sql), .id = id, .arg_count = args.count, .kinds = kinds};
    data_run run = {.statement = &statement, .args = args.items, .memory = a, .on_row = keep};
    item_count = 0;
    must(data_sqlite.run(db, &run), run.error.message);
}

static void all_by_engine(arena *a)
{
    run_engine(all_sql, 1, (tern_args){NULL, 0}, a);
}

static void one_by_engine(arena *a)
{
    run_engine(one_sql, 2, TERN_ARGS(500), a);
}

/* -- measuring -- */

static double batch_ns(void (*work)(arena *a), unsigned count)
{
    uint64_t from = clock_ns();
    for (unsigned i = 0; i < count; i++) {
        arena memory;
        arena_init(&memory, lent, sizeof lent, SIZE_MAX);
        work(&memory);
        arena_free(&memory);
    }
    return (double)(clock_ns() - from) / count;
}

/* The fastest of many batches of each, in turn, so that both see the same machine. */
static void compare(const char *label, void (*hand)(arena *a), void (*engine)(arena *a), unsigned count,
                    size_t rows)
{
    double hand_ns = 1e18, engine_ns = 1e18;
    for (uint64_t start = clock_ns(); clock_ns() - start < budget_ns;) {
        double ns = batch_ns(hand, count);
        hand_ns = ns < hand_ns ? ns : hand_ns;
        must(item_count == rows, "a row is missing");
        ns = batch_ns(engine, count);
        engine_ns = ns < engine_ns ? ns : engine_ns;
        must(item_count == rows, "a row is missing");
    }
    printf("%-24s by hand %9.0f ns   engine %9.0f ns   %.2fx\n", label, hand_ns, engine_ns,
           engine_ns / hand_ns);
}

static void run_all(void *unused)
{
    (void)unused;
    compare("1,000 rows of 10 columns", all_by_hand, all_by_engine, 1, ITEM_ROWS);
    compare("one row by its key", one_by_hand, one_by_engine, 100, 1);
    loop_stop();
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/bench-sqlite-XXXXXX", url[64];
    budget_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 500) * 1000000;
    must(mkdtemp(folder) != NULL, "no folder");
    snprintf(url, sizeof url, "sqlite:%s/app.db", folder);
    db = data_sqlite.open(&(data_engine_options){.url = url, .pool = 1});
    must(db != NULL && loop_open(), "no database");
    sqlite3 *by_hand = items_make(url + strlen("sqlite:"));
    all = items_prepare(by_hand, all_sql);
    one = items_prepare(by_hand, one_sql);
    must(coro_start(run_all, NULL), "no coroutine");
    loop_run();
    sqlite3_finalize(all);
    sqlite3_finalize(one);
    sqlite3_close(by_hand);
    data_sqlite.close(db);
    loop_close();
    unlink(url + strlen("sqlite:"));
    return rmdir(folder);
}

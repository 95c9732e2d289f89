/* What the SQLite engine costs above stepping a statement by hand: 1,000 rows of 10 columns into structs, and
 * one row by its key.
 *
 * Usage: bench_sqlite_rows [MILLISECONDS]   for each measurement (default 500) */
#include "base/clock.h"
#include "data/engine.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 1000, COLUMNS = 10 };

typedef struct item {
    int64_t id;
    const char *title, *owner, *note;
    bool done;
    int32_t rank;
    double price, weight;
    tern_datetime created;
    int64_t version;
} item;

static const struct {
    const tern_type *type;
    size_t offset;
} fields[COLUMNS] = {
    {&tern_int64_type, offsetof(item, id)},         {&tern_text_type, offsetof(item, title)},
    {&tern_text_type, offsetof(item, owner)},       {&tern_text_type, offsetof(item, note)},
    {&tern_bool_type, offsetof(item, done)},        {&tern_int32_type, offsetof(item, rank)},
    {&tern_double_type, offsetof(item, price)},     {&tern_double_type, offsetof(item, weight)},
    {&tern_datetime_type, offsetof(item, created)}, {&tern_int64_type, offsetof(item, version)},
};

#define COLUMNS_SQL "id, title, owner, note, done, rank, price, weight, created, version"
static const char all_sql[] = "select " COLUMNS_SQL " from item";
static const char one_sql[] = "select " COLUMNS_SQL " from item where id = ?1";

static char lent[1 << 20];
static item items[ROWS];
static size_t item_count;
static uint64_t budget_ns;
static data_database *db;
static sqlite3 *by_hand;
static sqlite3_stmt *all, *one;

static void must(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "bench_sqlite_rows: %s\n", what);
    exit(1);
}

/* -- by hand: no check of anything, texts copied -- */

static const char *copied(sqlite3_stmt *s, int column, arena *a)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return text != NULL ? arena_text(a, text, (size_t)sqlite3_column_bytes(s, column)) : NULL;
}

static int64_t digits(const char *text, int count)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* "2026-11-24T17:30:00.250000Z" to microseconds: days by the usual formula of the civil calendar. */
static int64_t instant(const char *t)
{
    int64_t y = digits(t, 4), m = digits(t + 5, 2), d = digits(t + 8, 2);
    y -= m <= 2;
    int64_t era = y / 400, of_era = y - era * 400, of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    int64_t seconds = days * 86400 + digits(t + 11, 2) * 3600 + digits(t + 14, 2) * 60 + digits(t + 17, 2);
    return seconds * 1000000 + digits(t + 20, 6);
}

static void step_by_hand(sqlite3_stmt *s, arena *a)
{
    item_count = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        items[item_count++] = (item){
            .id = sqlite3_column_int64(s, 0),
            .title = copied(s, 1, a),
            .owner = copied(s, 2, a),
            .note = copied(s, 3, a),
            .done = sqlite3_column_int(s, 4) != 0,
            .rank = sqlite3_column_int(s, 5),
            .price = sqlite3_column_double(s, 6),
            .weight = sqlite3_column_double(s, 7),
            .created = {instant((const char *)sqlite3_column_text(s, 8))},
            .version = sqlite3_column_int64(s, 9),
        };
    }
    sqlite3_reset(s);
}

static void all_by_hand(arena *a)
{
    step_by_hand(all, a);
}

static void one_by_hand(arena *a)
{
    sqlite3_bind_int64(one, 1, 500);
    step_by_hand(one, a);
}

/* -- by the engine -- */

static bool keep(data_run *run, const data_row *row)
{
    item *into = &items[item_count++];
    bool is_null;
    for (unsigned i = 0; i < COLUMNS; i++) {
        char *at = (char *)into + fields[i].offset;
        must(data_sqlite.column_read(row, i, fields[i].type, at, &is_null, run->memory) == NULL, "a value");
    }
    return true;
}

static void run_engine(const char *sql, unsigned id, tern_args args, arena *a)
{
    static const uint8_t kinds[] = {TERN_ARG_INT};
    data_statement statement = {sql, strlen(sql), id, args.count, kinds, false};
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

static void fill(const char *path)
{
    static const char sql[] =
        "create table item (id integer primary key, title text, owner text, note text, done integer, rank "
        "integer,"
        " price real, weight real, created text, version integer);"
        "with recursive n(x) as (select 1 union all select x + 1 from n limit 1000) insert into item "
        "select x, 'Buy item number ' || x, 'owner' || (x % 7), 'A note of forty characters or so, number ' "
        "|| x,"
        " x % 2, x % 100, x * 1.25, x / 3.0, '2026-11-24T17:30:00.250000Z', 1 from n";
    must(sqlite3_open_v2(path, &by_hand, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                         NULL) == SQLITE_OK,
         "open");
    must(sqlite3_exec(by_hand, "pragma journal_mode = wal", NULL, NULL, NULL) == SQLITE_OK, "wal");
    must(sqlite3_exec(by_hand, sql, NULL, NULL, NULL) == SQLITE_OK, "fill");
    must(sqlite3_prepare_v3(by_hand, all_sql, -1, SQLITE_PREPARE_PERSISTENT, &all, NULL) == SQLITE_OK, "all");
    must(sqlite3_prepare_v3(by_hand, one_sql, -1, SQLITE_PREPARE_PERSISTENT, &one, NULL) == SQLITE_OK, "one");
}

static void run_all(void *unused)
{
    (void)unused;
    compare("1,000 rows of 10 columns", all_by_hand, all_by_engine, 1, ROWS);
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
    fill(url + strlen("sqlite:"));
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

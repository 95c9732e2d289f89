/* What tern_select and tern_find cost, all of them, above stepping a statement by hand: 1,000 rows of 10
 * columns in SQLite, and one row by its key.
 *
 * Usage: bench_select [MILLISECONDS [hand|tern]]   for each measurement (default 500) */
#include "items.h"

#include "app/ctx.h"
#include "base/clock.h"
#include "data/rows.h"
#include "data/statement.h"
#include "data/worker_database.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <string.h>
#include <unistd.h>

enum { BATCH_NS = 1000000, KEY = 500 };

static char lent[1 << 20];
static uint64_t budget_ns;
static const char *only;
static sqlite3_stmt *all, *one;
static tern_ctx request; /* as far as the data layer looks at one */
static http_exchange exchange;

static void all_by_hand(void)
{
    static Item items[ITEM_ROWS];
    must(items_by_hand(all, &exchange.arena, items) == ITEM_ROWS && items[ITEM_ROWS - 1].id == ITEM_ROWS,
         "a row is missing");
}

static void all_by_tern(void)
{
    Item_list list = tern_select(&request, Item);
    must(list.count == ITEM_ROWS && list.items[ITEM_ROWS - 1].id == ITEM_ROWS, "a row is missing");
}

static void one_by_hand(void)
{
    Item item;
    sqlite3_bind_int64(one, 1, KEY);
    must(items_by_hand(one, &exchange.arena, &item) == 1 && item.id == KEY, "the row is missing");
}

static void one_by_tern(void)
{
    const Item *item = tern_find(&request, Item, KEY);
    must(item != NULL && item->id == KEY, "the row is missing");
}

/* Nanoseconds of one call, of as many as fill BATCH_NS. */
static double batch_ns(void (*work)(void))
{
    uint64_t from = clock_ns(), now;
    unsigned count = 0;
    do {
        arena_init(&exchange.arena, lent, sizeof lent, SIZE_MAX);
        request.data = NULL; /* it lay in the last one's memory */
        work();
        arena_free(&exchange.arena);
        count++;
    } while ((now = clock_ns()) - from < BATCH_NS);
    return (double)(now - from) / count;
}

/* The fastest of many batches of each, in turn, so that both see the same machine. */
static void compare(const char *label, void (*hand)(void), void (*tern)(void))
{
    double best[2] = {1e18, 1e18};
    for (uint64_t start = clock_ns(); clock_ns() - start < budget_ns;) {
        for (int side = 0; side < 2; side++) {
            if (only != NULL && strcmp(only, side == 0 ? "hand" : "tern") != 0)
                continue;
            double ns = batch_ns(side == 0 ? hand : tern);
            best[side] = ns < best[side] ? ns : best[side];
        }
    }
    if (only != NULL)
        printf("%-24s %s %9.0f ns\n", label, only, best[strcmp(only, "tern") == 0]);
    else
        printf("%-24s by hand %9.0f ns   tern %9.0f ns   %.2fx\n", label, best[0], best[1],
               best[1] / best[0]);
}

static void run_all(void *unused)
{
    (void)unused;
    compare("1,000 rows of 10 columns", all_by_hand, all_by_tern);
    compare("one row by its key", one_by_hand, one_by_tern);
    loop_stop();
}

int main(int argc, char **argv)
{
    static tern_type *const models[] = {TERN_TYPE(Item), NULL};
    char folder[] = "/tmp/bench-select-XXXXXX", url[64];
    buf problems = {0};
    budget_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 500) * 1000000;
    only = argc > 2 ? argv[2] : NULL;
    must(mkdtemp(folder) != NULL, "no folder");
    snprintf(url, sizeof url, "sqlite:%s/app.db", folder);
    const char *path = url + strlen("sqlite:");
    sqlite3 *by_hand = items_make(path);
    all = items_prepare(by_hand, "select " ITEM_COLUMNS_SQL " from item");
    one = items_prepare(by_hand, "select " ITEM_COLUMNS_SQL " from item where id = ?1");
    must(loop_open() && data_tables_make(models, &problems), "no table");
    data_self.engine = data_engine_of(url);
    data_self.options =
        (tern_database_options){.url = url, .pool = 1, .query_timeout_ms = 10000, .slow_query_ms = 10000};
    data_self.primary = data_self.engine->open(&(data_engine_options){.url = url, .pool = 1});
    must(data_self.primary != NULL, "no database");
    request.x = &exchange;
    must(coro_start(run_all, NULL), "no coroutine");
    loop_run();
    sqlite3_finalize(all);
    sqlite3_finalize(one);
    sqlite3_close(by_hand);
    data_self.engine->close(data_self.primary);
    statement_forget();
    rows_forget();
    data_tables_forget();
    loop_close();
    unlink(path);
    return rmdir(folder);
}

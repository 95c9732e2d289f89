/* How long the other coroutines of a worker wait for their turn while one runs a long statement on SQLite:
 * the time from one turn of a coroutine that only yields to its next.
 *
 * Usage: bench_sqlite_turns [ROWS]   of the table that the statements read (default 300,000) */
#include "base/clock.h"
#include "data/engine.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TURNS = 1 << 20 };

static const struct {
    const char *label, *sql;
    bool writes;
} cases[] = {
    {"arithmetic",
     "with recursive n(x) as (select 1 union all select x + 1 from n limit 3000000) select count(*) from n",
     false},
    {"count(*)", "select count(*) from t", false},
    {"scan with like", "select count(*) from t where v like '%nowhere%'", false},
    {"group by", "select count(*) from (select v, count(*) from t group by v)", false},
    {"order by", "select count(*) from (select * from t order by r limit -1 offset 1)", false},
    {"order by, whole rows", "select r, v, id from t order by v desc, r", false},
    {"distinct", "select count(distinct v) from t", false},
    {"create index", "create index if not exists t_r on t (r)", true},
    {"update all", "update t set r = r + 1", true},
    {"one transaction's delete", "delete from t", true},
};

static data_database *db;
static uint64_t gaps_ns[MOST_TURNS];
static size_t turns;
static bool is_done;
static char lent[1 << 16];

static void must_run(const char *sql, bool writes)
{
    arena memory;
    data_statement statement = {.sql = sql, .sql_len = strlen(sql), .writes = writes};
    data_run run = {.statement = &statement, .memory = &memory};
    arena_init(&memory, lent, sizeof lent, SIZE_MAX);
    if (!data_sqlite.run(db, &run)) {
        fprintf(stderr, "%s: %s\n", sql, run.error.message);
        exit(1);
    }
    arena_free(&memory);
}

static uint64_t thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void keep_turning(void *unused)
{
    (void)unused;
    for (uint64_t last = thread_ns(); !is_done;) {
        coro_wait(loop_self.now_ms);
        uint64_t now = thread_ns();
        if (turns < MOST_TURNS)
            gaps_ns[turns++] = now - last;
        last = now;
    }
}

static int by_length(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void measure(const char *label, const char *sql, bool writes)
{
    is_done = false;
    turns = 0;
    coro_spawn(keep_turning, NULL, NULL, NULL);
    coro_wait(loop_self.now_ms);
    uint64_t start = clock_ns();
    must_run(sql, writes);
    double ms = (double)(clock_ns() - start) / 1e6;
    is_done = true;
    coro_wait(loop_self.now_ms);
    qsort(gaps_ns, turns, sizeof *gaps_ns, by_length);
    size_t middle = turns / 2, late = turns * 99 / 100;
    printf("%-26s %8.1f ms %8zu turns   p50 %7.0f us   p99 %7.0f us   longest %7.0f us\n", label, ms, turns,
           (double)gaps_ns[middle] / 1e3, (double)gaps_ns[late] / 1e3, (double)gaps_ns[turns - 1] / 1e3);
}

static void run_all(void *arg)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "create table t (id integer primary key, r integer, v text);"
             "with recursive n(x) as (select 1 union all select x + 1 from n limit %s) insert into t "
             "select x, random(), 'value number ' || (x * 7919 %% 1000003) from n",
             (const char *)arg);
    measure("create and fill", sql, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        measure(cases[i].label, cases[i].sql, cases[i].writes);
    loop_stop();
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/bench-sqlite-XXXXXX", url[64];
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(url, sizeof url, "sqlite:%s/app.db", folder);
    db = data_sqlite.open(&(data_engine_options){.url = url, .pool = 1});
    if (db == NULL || !loop_open() || !coro_start(run_all, argc > 1 ? argv[1] : "300000"))
        return 1;
    loop_run();
    data_sqlite.close(db);
    loop_close();
    unlink(url + strlen("sqlite:"));
    return rmdir(folder);
}

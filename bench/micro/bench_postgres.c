/**
 * What the PostgreSQL engine costs beside libpq: rows by key, 64 in flight, by the engine from 64 coroutines
 * and by a hand-written pipeline loop that does nothing else.
 *
 * Usage: bench_postgres URL [QUERIES [hand|engine]]. It makes a table `tern_bench` of 10,000 rows (and drops
 * it). Prints the client's CPU time a query, the best of several rounds; the server's is not counted.
 */
#include "base/clock.h"
#include "data/engine.h"
#include "data/postgres/libpq.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <endian.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { AT_ONCE = 64, ROWS = 10000, ROUNDS = 41 };

static long wanted = 32000; /* queries a round */
static int64_t sum;

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int64_t key_of(long number)
{
    return (int64_t)((uint64_t)number * 2654435761u % ROWS) + 1;
}

static _Noreturn void fail(const char *why)
{
    fprintf(stderr, "bench_postgres: %s\n", why);
    exit(1);
}

/* -- by hand: the same statement, the same values, one connection, one batch of 64 after the other -- */

static const char query[] = "select id, number, label from tern_bench where id = $1";

/* Into a struct of the caller's own, as one would have it. */
static void take_row(const PGresult *result)
{
    struct {
        int64_t id, number;
        char label[32];
    } row;
    int len = libpq.getlength(result, 0, 2);
    if (len >= (int)sizeof row.label)
        fail("a long label");
    memcpy(&row.id, libpq.getvalue(result, 0, 0), sizeof row.id);
    memcpy(&row.number, libpq.getvalue(result, 0, 1), sizeof row.number);
    memcpy(row.label, libpq.getvalue(result, 0, 2), (size_t)len + 1);
    sum += (int64_t)be64toh((uint64_t)row.id) + (int64_t)be64toh((uint64_t)row.number) +
           (int64_t)strlen(row.label);
}

static void read_more(PGconn *conn)
{
    struct pollfd ready = {.fd = libpq.socket(conn), .events = POLLIN};
    if (poll(&ready, 1, -1) != 1 || !libpq.consumeInput(conn))
        fail(libpq.errorMessage(conn));
}

static PGresult *next_result(PGconn *conn)
{
    while (libpq.isBusy(conn))
        read_more(conn);
    return libpq.getResult(conn);
}

static void batch_by_hand(PGconn *conn, long first)
{
    for (long i = 0; i < AT_ONCE; i++) {
        int64_t key = (int64_t)htobe64((uint64_t)key_of(first + i));
        const char *values[] = {(const char *)&key};
        if (!libpq.sendQueryPrepared(conn, "q", 1, values, (int[]){8}, (int[]){1}, 1))
            fail(libpq.errorMessage(conn));
    }
    if (!libpq.pipelineSync(conn))
        fail(libpq.errorMessage(conn));
    for (long i = 0; i < AT_ONCE; i++) {
        PGresult *result = next_result(conn);
        if (libpq.resultStatus(result) != PGRES_TUPLES_OK || libpq.ntuples(result) != 1)
            fail("no row");
        take_row(result);
        libpq.clear(result);
        if (next_result(conn) != NULL)
            fail("a second result");
    }
    libpq.clear(next_result(conn)); /* of the Sync */
}

static PGconn *connect_by_hand(const char *url)
{
    const char *const names[] = {"dbname", NULL}, *const values[] = {url, NULL};
    PGconn *conn = libpq.connectStartParams(names, values, 1);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status != PGRES_POLLING_OK && status != PGRES_POLLING_FAILED) {
        struct pollfd ready = {.fd = libpq.socket(conn),
                               .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        poll(&ready, 1, 5000);
        status = libpq.connectPoll(conn);
    }
    if (status == PGRES_POLLING_FAILED)
        fail(libpq.errorMessage(conn));
    return conn;
}

/* A statement of its own, in pipeline mode. */
static void run_by_hand(PGconn *conn, const char *sql)
{
    if (!libpq.sendQueryParams(conn, sql, 0, NULL, NULL, NULL, NULL, 1) || !libpq.pipelineSync(conn))
        fail(libpq.errorMessage(conn));
    PGresult *result = next_result(conn);
    if (libpq.resultStatus(result) == PGRES_FATAL_ERROR)
        fail(libpq.resultErrorMessage(result));
    libpq.clear(result);
    next_result(conn);
    libpq.clear(next_result(conn)); /* of the Sync */
}

static double by_hand(PGconn *conn)
{
    double began_us = cpu_us();
    for (long done = 0; done < wanted; done += AT_ONCE)
        batch_by_hand(conn, done);
    return (cpu_us() - began_us) / (double)wanted;
}

/* -- by the engine -- */

static const uint8_t kinds[] = {TERN_ARG_INT};
static const data_statement statement = {
    .sql = query, .sql_len = sizeof query - 1, .id = 1, .arg_count = 1, .kinds = kinds};
static data_database *db;
static long asked;
static unsigned running;

static bool on_row(data_run *run, const data_row *row)
{
    int64_t id = 0, number = 0;
    const char *label = NULL;
    bool is_null;
    if (data_postgres.column_read(row, 0, TERN_TYPE(tern_int64), &id, &is_null, run->memory) != NULL ||
        data_postgres.column_read(row, 1, TERN_TYPE(tern_int64), &number, &is_null, run->memory) != NULL ||
        data_postgres.column_read(row, 2, TERN_TYPE(tern_text), &label, &is_null, run->memory) != NULL)
        fail("a column that does not read");
    sum += id + number + (int64_t)strlen(label);
    return true;
}

static void ask(void *unused)
{
    char lent[1024];
    (void)unused;
    while (asked < wanted) {
        arena memory;
        tern_arg key = tern_arg_int(key_of(asked++));
        arena_init(&memory, lent, sizeof lent, 1 << 20);
        data_run run; /* its error is the engine's to fill: clearing it would touch nine cache lines */
        run.statement = &statement;
        run.args = &key;
        run.memory = &memory;
        run.deadline_ms = loop_self.now_ms + 30000;
        run.on_row = on_row;
        if (!data_postgres.run(db, &run))
            fail(run.error.message);
        arena_free(&memory);
    }
    if (--running == 0)
        loop_stop();
}

static double by_engine(void)
{
    double began_us = cpu_us();
    asked = 0;
    running = AT_ONCE;
    for (int i = 0; i < AT_ONCE; i++)
        if (coro_spawn(ask, NULL, NULL, NULL) == NULL)
            fail("no stack");
    loop_run();
    return (cpu_us() - began_us) / (double)wanted;
}

static bool is_wanted(int argc, char **argv, const char *side)
{
    return argc < 4 || strcmp(argv[3], side) == 0;
}

int main(int argc, char **argv)
{
    const char *problem;
    double best_hand = 1e9, best_engine = 1e9;
    if (argc < 2)
        fail("usage: bench_postgres URL [QUERIES [hand|engine]]");
    if (argc > 2)
        wanted = strtol(argv[2], NULL, 10) / AT_ONCE * AT_ONCE;
    if (!libpq_load(&problem))
        fail(problem);
    PGconn *conn = connect_by_hand(argv[1]);
    if (!libpq.enterPipelineMode(conn))
        fail(libpq.errorMessage(conn));
    run_by_hand(conn,
                "create table if not exists tern_bench (id bigint primary key, number bigint, label text)");
    run_by_hand(conn, "truncate tern_bench");
    run_by_hand(conn, "insert into tern_bench select n, n * 7, 'row ' || n from generate_series(1, 10000) n");
    run_by_hand(conn, "analyze tern_bench");
    if (!libpq.sendPrepare(conn, "q", query, 1, (const Oid[]){20}) || !libpq.pipelineSync(conn))
        fail(libpq.errorMessage(conn));
    for (int i = 0; i < 3; i++) /* its result, NULL, the Sync */
        libpq.clear(next_result(conn));
    if (!loop_open() || (db = data_postgres.open(&(data_engine_options){.url = argv[1]})) == NULL)
        fail("no engine");
    for (int round = 0; round < ROUNDS; round++) {
        double hand = is_wanted(argc, argv, "hand") ? by_hand(conn) : 1e9;
        double engine = is_wanted(argc, argv, "engine") ? by_engine() : 1e9;
        best_hand = hand < best_hand ? hand : best_hand;
        best_engine = engine < best_engine ? engine : best_engine;
    }
    data_postgres.close(db);
    run_by_hand(conn, "drop table tern_bench");
    libpq.finish(conn);
    printf("by hand    %6.2f us of CPU a query\n", best_hand);
    printf("by engine  %6.2f us of CPU a query: %.2f of the speed by hand\n", best_engine,
           best_hand / best_engine);
    loop_close();
    return sum == 0;
}

/* Hot path: data_execute without a failure. It may not allocate or format. */
#include "data/execute.h"
#include "base/clock.h"
#include "data/await_schema.h"
#include "data/misuse.h"
#include "data/transaction.h"
#include "data/worker_database.h"
#include "runtime/budget.h"
#include "runtime/loop.h"

#include <tern/log.h>

#include <inttypes.h>

enum { MANY_TIMES = 10 };

worker_database data_self;

data_request *data_request_of(tern_ctx *c)
{
    if (c->data != NULL)
        return c->data;
    if (data_self.primary == NULL)
        data_misuse(c, "the application has no database: call tern_database in main");
    if (data_self.is_unchecked)
        data_check_now(c);
    c->data = tern_alloc(c, sizeof *c->data);
    return c->data;
}

#if !defined(NDEBUG)
/** The counter of a statement: its own, a free one, or that of a statement that was run only once so far. */
static data_counted *count_of(data_request *request, const data_statement *statement)
{
    data_counted *other = NULL;
    for (unsigned i = 0; i < DATA_COUNTED_STATEMENTS; i++) {
        data_counted *at = &request->counted[i];
        if (at->statement == statement ||
            (at->statement != NULL && statement->id != 0 && at->statement->id == statement->id))
            return at;
        if (other == NULL && (at->statement == NULL || at->times == 1))
            other = at;
    }
    if (other != NULL)
        *other = (data_counted){.statement = statement};
    return other;
}

/** Warns once when a request runs the same statement again and again: that is usually one query in a loop. */
static void count_statement(tern_ctx *c, data_request *request, const data_statement *statement)
{
    char label[160];
    data_counted *counted = count_of(request, statement);
    if (counted != NULL && ++counted->times == MANY_TIMES + 1)
        tern_log(TERN_LOG_WARN,
                 "%s runs a statement more than %d times (tern_preload, or one query, may do it at once): %s",
                 ctx_route_label(c, label, sizeof label), MANY_TIMES, statement->sql);
}
#endif

void data_note(tern_ctx *c, const data_statement *statement, uint64_t started_ns, int64_t rows)
{
    uint64_t taken_us = (clock_ns() - started_ns) / 1000;
    bool is_slow = taken_us >= (uint64_t)data_self.options.slow_query_ms * 1000;
    char label[160];
    if (!is_slow && !tern_log_enabled(TERN_LOG_DEBUG))
        return;
    tern_log_event(
        is_slow ? TERN_LOG_WARN : TERN_LOG_DEBUG, is_slow ? "slow query" : "query",
        (const tern_log_field[]){{.name = "sql", .text = statement->sql},
                                 {.name = "route", .text = ctx_route_label(c, label, sizeof label)},
                                 {.name = "microseconds", .number = (int64_t)taken_us},
                                 {.name = "rows", .number = rows}},
        4);
}

uint64_t data_deadline_ms(void)
{
    return loop_self.now_ms + data_self.options.query_timeout_ms;
}

/** Where statements outside of a transaction go. */
static data_database *database_for(const data_statement *statement)
{
    return data_self.replica != NULL && !statement->writes ? data_self.replica : data_self.primary;
}

/** Ends a call: answers its failure, or reports that there is none. */
static bool end(tern_ctx *c, bool is_done, const data_error *why, const data_table *table,
                tern_data_error *error)
{
    if (!is_done)
        return data_answer(c, why, table, error);
    if (error != NULL)
        *error = (tern_data_error){0};
    return true;
}

bool data_execute(tern_ctx *c, data_run *run, const data_table *table, tern_data_error *error)
{
    budget_spend(BUDGET_STATEMENT);
    data_request *request = data_request_of(c);
    data_transaction *transaction = data_transaction_here(request);
    uint64_t started_ns = clock_ns();
    run->memory = ctx_arena(c);
    run->deadline_ms = data_deadline_ms();
#if !defined(NDEBUG)
    count_statement(c, request, run->statement);
#endif
    bool is_done = transaction != NULL ? data_transaction_run(transaction, run)
                                       : data_self.engine->run(database_for(run->statement), run);
    data_note(c, run->statement, started_ns, run->rows != 0 ? run->rows : run->affected);
    return end(c, is_done, &run->error, table, error);
}

bool data_execute_all(tern_ctx *c, data_run *runs, unsigned count, const data_table *table,
                      tern_data_error *error)
{
    budget_spend(BUDGET_STATEMENT);
    data_request *request = data_request_of(c);
    data_transaction *transaction = data_transaction_here(request);
    const data_statement *statement = runs->statement;
    uint64_t started_ns = clock_ns();
    uint64_t deadline_ms = data_deadline_ms();
    int64_t rows = 0;
    for (unsigned i = 0; i < count; i++) {
        runs[i].memory = ctx_arena(c);
        runs[i].deadline_ms = deadline_ms;
        runs[i].rows = 0;
        runs[i].error.fault = TERN_DATA_OK;
        runs[i].error.is_cancelled = false;
    }
#if !defined(NDEBUG)
    count_statement(c, request, statement);
#endif
    bool is_done = transaction != NULL ? data_transaction_run_all(transaction, runs, count)
                                       : data_self.engine->run_all(database_for(statement), runs, count);
    unsigned at = 0;
    while (at + 1 < count && runs[at].error.fault == TERN_DATA_OK && !runs[at].error.is_cancelled)
        rows += runs[at++].rows;
    data_note(c, statement, started_ns, rows + runs[at].rows);
    return end(c, is_done, &runs[at].error, table, error);
}

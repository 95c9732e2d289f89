/* Reads large results row by row: tern_rows. */
#include "data/rows.h"
#include "data/select.h"
#include "data/transaction.h"
#include "data/worker_database.h"
#include "runtime/budget.h"
#include "runtime/loop.h"

enum { ROW_BYTES = 2048, ROW_MOST_BYTES = 64 * 1024 * 1024 };

struct tern_rows {
    tern_ctx *c;
    data_session *session;
    data_transaction *transaction; /* NULL: the session was acquired only for this */
    tern_rows *next;               /* in the list of open ones of the transaction */
    const data_table *table;
    const rows_map *map;
    data_run run;
    tern_data_error *error;
    arena memory; /* of the last row read */
    bool is_open;
    char lent[ROW_BYTES];
};

/** Leaves the transaction, or returns the acquired session. */
static void give_back(tern_rows *rows)
{
    if (rows->transaction == NULL) {
        data_self.engine->release(rows->session);
        return;
    }
    tern_rows **at = &rows->transaction->rows;
    while (*at != rows)
        at = &(*at)->next;
    *at = rows->next;
}

void tern_rows_close(tern_rows *rows)
{
    if (!rows->is_open)
        return;
    rows->is_open = false;
    data_self.engine->stream_close(rows->session, &rows->run);
    give_back(rows);
    arena_free(&rows->memory);
}

static void close_deferred(void *arg)
{
    tern_rows_close(arg);
}

/** The connection of the rows: the transaction's, or a separate one. */
static bool find_session(tern_rows *rows)
{
    data_transaction *transaction = data_transaction_here(data_request_of(rows->c));
    if (transaction != NULL) {
        if (!data_transaction_may_run(transaction, &rows->run.error))
            return false;
        rows->transaction = transaction;
        rows->session = transaction->session;
        rows->next = transaction->rows;
        transaction->rows = rows;
        return true;
    }
    data_database *from = data_self.replica != NULL ? data_self.replica : data_self.primary;
    rows->session = data_self.engine->acquire(from, false, &rows->run.error);
    return rows->session != NULL;
}

tern_rows *tern_rows_open_of(tern_ctx *c, const tern_type *type, const tern_selection *s)
{
    const data_table *table = data_need_table(c, type);
    tern_rows *rows = tern_alloc(c, sizeof *rows);
    rows->c = c;
    rows->table = table;
    rows->map = select_need_map(c, table);
    rows->error = s->error;
    if (rows->error != NULL)
        *rows->error = (tern_data_error){0};
    data_request_of(c);
    rows->run = (data_run){.memory = &rows->memory, .deadline_ms = data_deadline_ms()};
    select_prepare(c, table, STATEMENT_SELECT, NULL, s, &rows->run);
    arena_init(&rows->memory, rows->lent, sizeof rows->lent, ROW_MOST_BYTES);
    tern_defer(c, close_deferred, rows);
    if (!find_session(rows)) {
        data_answer(rows->c, &rows->run.error, rows->table, rows->error);
        return rows;
    }
    if (!data_self.engine->stream_open(rows->session, &rows->run)) {
        if (rows->transaction != NULL)
            rows->transaction->is_broken = true;
        give_back(rows);
        data_answer(rows->c, &rows->run.error, rows->table, rows->error);
        return rows;
    }
    rows->is_open = true;
    return rows;
}

bool tern_rows_next(tern_rows *rows, void *row)
{
    data_row at;
    budget_spend(BUDGET_STEP);
    if (!rows->is_open)
        return false;
    arena_free(&rows->memory);
    arena_init(&rows->memory, rows->lent, sizeof rows->lent, ROW_MOST_BYTES);
    rows->run.deadline_ms = data_deadline_ms();
    if (data_self.engine->stream_next(rows->session, &rows->run, &at) &&
        rows_read(rows->map, &rows->run, &at, row))
        return true;
    const data_error error = rows->run.error;
    bool has_failed = error.fault != TERN_DATA_OK || error.is_cancelled;
    if (has_failed && rows->transaction != NULL)
        rows->transaction->is_broken = true;
    tern_rows_close(rows);
    if (has_failed)
        data_answer(rows->c, &error, rows->table, rows->error);
    return false;
}

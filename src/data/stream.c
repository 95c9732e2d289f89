/* Big results, row by row: tern_rows. */
#include "data/rows.h"
#include "data/select.h"
#include "data/transaction.h"
#include "data/worker.h"
#include "runtime/loop.h"

enum { ROW_BYTES = 2048, ROW_MOST_BYTES = 64 * 1024 * 1024 };

struct tern_rows {
    tern_ctx *c;
    data_session *session;
    const data_table *table;
    const rows_map *map;
    data_run run;
    tern_data_error *error;
    arena memory; /* of the row that was read last */
    bool is_lent; /* the session was acquired for this alone, not the transaction's */
    bool is_open;
    char lent[ROW_BYTES];
};

void tern_rows_close(tern_rows *rows)
{
    if (!rows->is_open)
        return;
    rows->is_open = false;
    data_self.engine->stream_close(rows->session, &rows->run);
    if (rows->is_lent)
        data_self.engine->release(rows->session);
    arena_free(&rows->memory);
}

static void close_deferred(void *arg)
{
    tern_rows_close(arg);
}

/** The connection that the rows come by: the transaction's, or one for them alone. */
static bool find_session(tern_rows *rows)
{
    data_transaction *transaction = data_transaction_here(data_request_of(rows->c));
    if (transaction != NULL) {
        rows->session = transaction->session;
        return true;
    }
    data_database *from = data_self.replica != NULL ? data_self.replica : data_self.primary;
    rows->session = data_self.engine->acquire(from, false, &rows->run.error);
    rows->is_lent = true;
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
    data_request_of(c);
    rows->run = (data_run){.statement = select_statement(c, table, STATEMENT_SELECT, NULL, s),
                           .args = select_args(c, table, s),
                           .memory = &rows->memory};
    arena_init(&rows->memory, rows->lent, sizeof rows->lent, ROW_MOST_BYTES);
    if (!find_session(rows)) {
        data_answer(c, &rows->run.error, table, s->error);
        return rows;
    }
    if (!data_self.engine->stream_open(rows->session, &rows->run)) {
        if (rows->is_lent)
            data_self.engine->release(rows->session);
        data_answer(c, &rows->run.error, table, s->error);
        return rows;
    }
    rows->is_open = true;
    tern_defer(c, close_deferred, rows);
    return rows;
}

bool tern_rows_next(tern_rows *rows, void *row)
{
    data_row at;
    if (!rows->is_open)
        return false;
    arena_free(&rows->memory);
    arena_init(&rows->memory, rows->lent, sizeof rows->lent, ROW_MOST_BYTES);
    rows->run.deadline_ms = loop_self.now_ms + data_self.options.query_timeout_ms;
    if (data_self.engine->stream_next(rows->session, &rows->run, &at) &&
        rows_read(rows->map, &rows->run, &at, row))
        return true;
    data_error error = rows->run.error;
    tern_rows_close(rows);
    if (error.fault != TERN_DATA_OK || error.is_cancelled)
        data_answer(rows->c, &error, rows->table, rows->error);
    return false;
}

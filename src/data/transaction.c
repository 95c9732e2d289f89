#include "data/transaction.h"
#include "data/misuse.h"
#include "data/statement.h"
#include "data/worker_database.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <tern/task.h>

#include <stdlib.h>

enum { RETRIES = 3, SAVEPOINTS_MOST = 16 };

data_transaction *data_transaction_here(const data_request *request)
{
    const coro *self = coro_self();
    data_transaction *t = request->transaction;
    while (t != NULL && t->owner != self)
        t = t->outer;
    return t;
}

/** A PostgreSQL connection carries one answer at a time, and a program must behave the same on SQLite. */
static bool has_open_rows(const data_transaction *transaction)
{
    while (transaction != NULL && transaction->rows == NULL)
        transaction = transaction->whole;
    return transaction != NULL;
}

bool data_transaction_may_run(const data_transaction *transaction, data_error *error)
{
    if (transaction->is_broken)
        return data_refuse(error, TERN_DATA_REFUSED,
                           "a statement of this transaction has failed: it can only be rolled back");
    return !has_open_rows(transaction) ||
           data_refuse(error, TERN_DATA_REFUSED,
                       "this transaction has rows open (tern_rows): they come first, or are closed");
}

bool data_transaction_run(data_transaction *transaction, data_run *run)
{
    if (!data_transaction_may_run(transaction, &run->error))
        return false;
    bool is_done = data_self.engine->session_run(transaction->session, run);
    if (is_done)
        return true;
    transaction->is_broken = true;
    if (run->error.is_read_only && transaction->is_read_only) /* the program's mistake, not a standby */
        run->error.fault = TERN_DATA_REFUSED;
    return false;
}

bool data_transaction_run_all(data_transaction *transaction, data_run *runs, unsigned count)
{
    if (!data_transaction_may_run(transaction, &runs->error))
        return false;
    bool is_done = data_self.engine->session_run_all(transaction->session, runs, count);
    transaction->is_broken |= !is_done;
    return is_done;
}

/* -- the statements around it -- */

static const char *begin_words(const tern_transaction_options *options)
{
    return data_self.engine->dialect->begin[options->isolation][options->read_only];
}

/** Makes the run of "begin" or a similar statement. */
static bool words_ready(data_transaction *t, const char *words, data_run *run, data_error *error)
{
    *run = (data_run){
        .statement = statement_words(words), .memory = t->memory, .deadline_ms = data_deadline_ms()};
    return run->statement != NULL || data_refuse(error, TERN_DATA_BUSY, "out of memory for a statement");
}

/** Runs it on the transaction's connection, whether it is broken or not. */
static bool run_words(data_transaction *t, bool (*how)(data_session *session, data_run *run),
                      const char *words, data_error *error)
{
    data_run run;
    if (!words_ready(t, words, &run, error))
        return false;
    bool is_done = how(t->session, &run);
    *error = run.error;
    return is_done;
}

/* Savepoints share a name, which denotes the innermost one in each engine. */
static bool begin(data_transaction *t, const tern_transaction_options *options, data_error *error)
{
    if (t->depth == 0)
        return run_words(t, data_self.engine->session_begin, begin_words(options), error);
    return run_words(t, data_self.engine->session_run, "savepoint t", error);
}

/** Commits and returns the connection. */
static bool commit_whole(data_transaction *t, data_error *error)
{
    data_run run;
    if (!words_ready(t, "commit", &run, error))
        return false;
    data_session *session = t->session;
    t->session = NULL;
    bool is_done = data_self.engine->session_commit(session, &run);
    *error = run.error;
    return is_done;
}

static bool commit(data_transaction *t, data_error *error)
{
    return t->depth == 0 ? commit_whole(t, error)
                         : run_words(t, data_self.engine->session_run, "release t", error);
}

/** Undoes the changes since the savepoint, and releases it. */
static bool undo_savepoint(data_transaction *t, data_error *error)
{
    return run_words(t, data_self.engine->session_run, "rollback to t", error) &&
           run_words(t, data_self.engine->session_run, "release t", error);
}

/* -- begin and end -- */

static void take_off(data_transaction *t)
{
    data_transaction **at = &t->request->transaction;
    while (*at != t)
        at = &(*at)->outer;
    *at = t->outer;
    t->is_ended = true;
}

/** Rows that are still open end with the transaction: its connection will be lent to others. */
static void close_rows(data_transaction *t)
{
    while (t->rows != NULL)
        tern_rows_close(t->rows);
}

/** Rolls back an open transaction; after a commit there is nothing to return. */
static void give_back(data_transaction *t)
{
    if (t->session != NULL)
        data_self.engine->release(t->session);
}

/** When the block was left by a failure: the engine rolls back what is open. */
static void abandon(void *arg)
{
    data_transaction *t = arg;
    data_error error;
    if (t->is_ended)
        return;
    close_rows(t);
    take_off(t);
    if (t->depth == 0)
        give_back(t);
    else if (
        !undo_savepoint(
            t,
            &error)) /* the handler that caught the failure may continue, but not with half a transaction */
        t->whole->is_broken = true;
}

bool data_transaction_begin(tern_ctx *c, const tern_transaction_options *options,
                            tern_transaction_scope *block, tern_data_error *error)
{
    data_request *request = data_request_of(c);
    data_transaction *outer = data_transaction_here(request), *t = tern_alloc(c, sizeof *t);
    data_error why = {0};
    *t = (data_transaction){
        .outer = request->transaction, .request = request, .owner = coro_self(), .memory = ctx_arena(c)};
    if (outer != NULL) {
        if (!data_transaction_may_run(outer, &why))
            return data_answer(c, &why, NULL, error);
        t->whole = outer;
        t->session = outer->session;
        t->depth = outer->depth + 1;
        t->is_read_only = outer->is_read_only;
        if (t->depth > SAVEPOINTS_MOST)
            data_misuse(c, "transactions are nested more than %d deep", SAVEPOINTS_MOST);
    } else {
        t->is_read_only = options->read_only;
        t->session = data_self.engine->acquire(data_self.primary, !options->read_only, &why);
        if (t->session == NULL)
            return data_answer(c, &why, NULL, error);
    }
    request->transaction = t;
    tern_defer(c, abandon, t);
    *block = (tern_transaction_scope){.c = c, .inside = t, .is_first = true};
    if (begin(t, options, &why))
        return true;
    abandon(t);
    return data_answer(c, &why, NULL, error);
}

bool data_transaction_end(tern_transaction_scope *block, tern_data_error *error)
{
    data_transaction *t = block->inside;
    data_error why = {0};
    bool is_done;
    if (t->is_ended)
        return true;
    close_rows(t);
    if (t->is_broken)
        is_done = t->depth == 0 || undo_savepoint(t, &why);
    else
        is_done = commit(t, &why);
    if (!is_done) {
        abandon(t);
        return data_answer(block->c, &why, NULL, error);
    }
    take_off(t);
    if (t->depth == 0)
        give_back(t); /* of a broken one */
    return true;
}

tern_transaction_scope tern_transaction_enter(tern_ctx *c, const tern_transaction_options *options)
{
    tern_transaction_scope block;
    data_transaction_begin(c, options, &block, NULL);
    return block;
}

void tern_transaction_leave(tern_transaction_scope *block)
{
    data_transaction_end(block, NULL);
}

void tern_rollback(tern_ctx *c)
{
    data_transaction *t = data_transaction_here(data_request_of(c));
    if (t == NULL)
        data_misuse(c, "tern_rollback: there is no transaction");
    t->is_broken = true;
}

/* -- retries when the database requires them -- */

typedef struct attempt {
    void (*work)(tern_ctx *c, void *arg);
    void *arg;
    const tern_transaction_options *options;
} attempt;

static void run_attempt(tern_ctx *c, void *arg)
{
    const attempt *a = arg;
    tern_transaction_scope block = tern_transaction_enter(c, a->options);
    a->work(c, a->arg);
    tern_transaction_leave(&block);
}

void tern_transact_of(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg,
                      const tern_transaction_options *options)
{
    data_request *request = data_request_of(c);
    attempt a = {work, arg, options};
    unsigned left = options->retries != 0 ? options->retries : RETRIES;
    if (data_transaction_here(request) != NULL)
        left = 0; /* only the whole transaction can be tried again */
    for (uint64_t pause_ms = 5;; pause_ms *= 2) {
        request->last_fault = TERN_DATA_OK;
        unwind_reason why = ctx_guard(c, run_attempt, &a);
        if (why == UNWIND_NONE)
            return;
        if (why != UNWIND_FAIL || request->last_fault != TERN_DATA_CONFLICT || left-- == 0)
            unwind_throw(why);
        c->problem = NULL;
        c->problem_field = NULL;
        tern_sleep(c, pause_ms + (uint64_t)random() % pause_ms);
    }
}

/** Transactions of a request's coroutines. */
#ifndef DATA_TRANSACTION_H
#define DATA_TRANSACTION_H

#include "data/execute.h"

typedef struct data_transaction {
    struct data_transaction *outer; /* of the same request, but maybe of another coroutine */
    struct data_transaction *whole; /* the transaction of this savepoint; NULL: not a savepoint */
    tern_rows *rows;                /* the ones open on it: they end with it */
    data_request *request;
    const void *owner; /* the coroutine that began it */
    data_session *session;
    arena *memory;     /* the request's */
    unsigned depth;    /* 0: the transaction itself; more: its savepoints */
    bool is_read_only; /* as requested by its program */
    bool is_broken;    /* a statement failed in it, or tern_rollback: it can only be rolled back */
    bool is_ended;
} data_transaction;

/** The innermost transaction of the running coroutine; NULL when it has none. */
data_transaction *data_transaction_here(const data_request *request);
/** False with `error` when the transaction is broken, or is reading rows one by one. */
bool data_transaction_may_run(const data_transaction *transaction, data_error *error);
/** Runs on the transaction's connection; a failure breaks it. */
bool data_transaction_run(data_transaction *transaction, data_run *run);
/** Like data_transaction_run, for data_engine.run_all. */
bool data_transaction_run_all(data_transaction *transaction, data_run *runs, unsigned count);

/** Like tern_transaction_enter; with `error`, a failure is reported there and the result is false. */
bool data_transaction_begin(tern_ctx *c, const tern_transaction_options *options,
                            tern_transaction_scope *block, tern_data_error *error);
/** Like tern_transaction_leave; false with `error` when it could not be committed: then it is rolled back. */
bool data_transaction_end(tern_transaction_scope *block, tern_data_error *error);

#endif

/**
 * Runs a statement for a request: on the connection of its transaction or on any other. Statements are
 * measured and logged, and failures are answered.
 */
#ifndef DATA_EXECUTE_H
#define DATA_EXECUTE_H

#include "app/ctx.h"
#include "data/engine.h"
#include "data/table/table.h"

enum { DATA_COUNTED_STATEMENTS = 8, DATA_WORDS_BYTES = 1024 };

/** Counts how often a request has run a statement. */
typedef struct data_counted {
    const data_statement *statement;
    unsigned times;
} data_counted;

/** The data layer's state of a request; in the request's memory. */
typedef struct data_request {
    struct data_transaction *transaction; /* the innermost transaction of its coroutines; NULL: none */
    tern_data_fault last_fault;           /* that was answered last (answer.c): tern_transact asks */
    char *words; /* DATA_WORDS_BYTES for the log line of a failure; NULL: write it to the log */
    data_counted counted[DATA_COUNTED_STATEMENTS]; /* in builds with assertions */
} data_request;

/** Returns the state, in the request's memory. Fails with 500 when the application has no database, and like
 * data_check_now. */
data_request *data_request_of(tern_ctx *c);

/** The deadline (loop time) of a statement that begins now. */
uint64_t data_deadline_ms(void);

/**
 * Runs `run` (statement, args, on_row and sink set by the caller). On a failure it ends the request with the
 * right reply; or, with `error`, it fills that in and returns false. `table` (may be NULL) is the statement's
 * table: it helps to find the field that caused the failure.
 */
bool data_execute(tern_ctx *c, data_run *run, const data_table *table, tern_data_error *error);

/**
 * Like data_execute, for up to DATA_RUNS_MOST runs of one statement that only reads, together
 * (data_engine.run_all).
 */
bool data_execute_all(tern_ctx *c, data_run *runs, unsigned count, const data_table *table,
                      tern_data_error *error);

/** Records how long `statement` took, and logs it when it was too slow; `rows` is negative when unknown. */
void data_note(tern_ctx *c, const data_statement *statement, uint64_t started_ns, int64_t rows);

/** Ends the request with the reply to `error`, or fills `*out` and returns false. (answer.c) */
bool data_answer(tern_ctx *c, const data_error *error, const data_table *table, tern_data_error *out);

#endif

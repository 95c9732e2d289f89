/**
 * Running a statement for a request: on the connection of its transaction or any other, measured, logged, and
 * with the answer that a failure deserves.
 */
#ifndef DATA_EXECUTE_H
#define DATA_EXECUTE_H

#include "app/ctx.h"
#include "data/engine.h"
#include "data/table/table.h"

enum { DATA_COUNTED_STATEMENTS = 8, DATA_WORDS_BYTES = 1024 };

/** How often a request has run a statement. */
typedef struct data_counted {
    const data_statement *statement;
    unsigned times;
} data_counted;

/** What the data layer keeps of a request; in the request's memory. */
typedef struct data_request {
    struct data_transaction *transaction; /* the innermost one of any of its coroutines; NULL: none */
    tern_data_fault last_fault;           /* that was answered last (answer.c): tern_transact asks */
    char *words; /* DATA_WORDS_BYTES for what the log would be told of a failure; NULL: the log is told */
    data_counted counted[DATA_COUNTED_STATEMENTS]; /* in builds with assertions */
} data_request;

/** In the request's memory. Fails with 500 when the application has no database, and as data_check_now. */
data_request *data_request_of(tern_ctx *c);

/** When a statement that begins now is given up (loop time). */
uint64_t data_deadline_ms(void);

/**
 * Runs `run` (statement, args, on_row and sink set by the caller). On a failure it leaves the handler with
 * the right answer, or, with `error`, says why and returns false. `table` (may be NULL) is what the statement
 * is about: it tells which field is to blame.
 */
bool data_execute(tern_ctx *c, data_run *run, const data_table *table, tern_data_error *error);

/** The same for up to DATA_RUNS_MOST runs of one statement that only reads, together (data_engine.run_all).
 */
bool data_execute_all(tern_ctx *c, data_run *runs, unsigned count, const data_table *table,
                      tern_data_error *error);

/** Notes that `statement` took so long and logs it when that is too long; `rows` is negative when they are
 * not known. */
void data_note(tern_ctx *c, const data_statement *statement, uint64_t started_ns, int64_t rows);

/** Leaves the handler with the answer to `error`, or fills `*out` and returns false. (answer.c) */
bool data_answer(tern_ctx *c, const data_error *error, const data_table *table, tern_data_error *out);

#endif

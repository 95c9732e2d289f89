/** Declarations shared by the files of the rollback engine. */
#ifndef DATA_ROLLBACK_INTERNAL_H
#define DATA_ROLLBACK_INTERNAL_H

#include "base/list.h"
#include "data/rollback/rollback.h"
#include "runtime/coro.h"

struct data_database {
    data_database *under;  /* the wrapped engine's */
    data_session *session; /* its connection; NULL until it is first used */
    unsigned wait_timeout_ms;
    coro *holder;   /* the coroutine that has the connection; NULL: none */
    unsigned depth; /* how often it has acquired it */
    list_link waiters;
    bool is_lost; /* a failure could not be undone */
};

/** Rows of a savepoint, read by another coroutine (rows.c). */
typedef struct rollback_rows rollback_rows;

struct data_session {
    data_database *db;
    bool has_turn; /* the connection is this coroutine's */
    bool may_write;
    bool has_savepoint;  /* between session_begin and session_commit or release */
    rollback_rows *rows; /* NULL: the wrapped engine streams */
};

/** The wrapped engine. */
extern const data_engine *rollback_under;

/** Waits for the connection, and opens it on first use; false with `error`. `deadline_ms`: 0, or a deadline
 * that may be before the wait time-out. */
bool rollback_take_turn(data_database *db, uint64_t deadline_ms, data_error *error);
/** Passes the connection to the longest waiter. */
void rollback_give_turn(data_database *db);

/* For the holder of the connection: */

bool rollback_save(data_database *db, data_error *error);
/** Releases the savepoint of rollback_save, which keeps its changes. */
bool rollback_keep(data_database *db, data_error *error);
/** Undoes the changes instead. Also works in a cancelled coroutine; if it fails, the database is lost. */
void rollback_undo(data_database *db);

/** Opens a stream that leaves the connection to others. Needs the connection, and releases it. (rows.c) */
bool rollback_rows_open(data_session *session, data_run *run);
bool rollback_rows_next(data_session *session, data_run *run, data_row *row);
void rollback_rows_close(data_session *session);

#endif

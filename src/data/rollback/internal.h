/** The inside of the engine that rolls back: what its files share. */
#ifndef DATA_ROLLBACK_INTERNAL_H
#define DATA_ROLLBACK_INTERNAL_H

#include "base/list.h"
#include "data/rollback/rollback.h"
#include "runtime/coro.h"

struct data_database {
    data_database *under;  /* the engine's that does the work */
    data_session *session; /* its connection; NULL until something is asked of it */
    unsigned wait_timeout_ms;
    coro *holder;   /* who has the connection now; NULL: nobody */
    unsigned depth; /* how often it has it */
    list_link waiters;
    bool is_lost; /* something that failed could not be undone */
};

/** A savepoint's rows that another coroutine has got (rows.c). */
typedef struct rollback_rows rollback_rows;

struct data_session {
    data_database *db;
    bool has_turn; /* the connection is this coroutine's */
    bool may_write;
    bool has_savepoint;  /* between session_begin and session_commit or release */
    rollback_rows *rows; /* NULL: the engine streams by itself */
};

/** What does the work. */
extern const data_engine *rollback_under;

/** Waits for the connection, and opens it when it is the first to have it; false with `error`. `deadline_ms`:
 * 0, or when to give up if that is before the wait time-out. */
bool rollback_take_turn(data_database *db, uint64_t deadline_ms, data_error *error);
/** Hands the connection to who has waited longest. */
void rollback_give_turn(data_database *db);

/* With the turn: */

bool rollback_save(data_database *db, data_error *error);
/** Makes what was done since rollback_save a part of what was before it. */
bool rollback_keep(data_database *db, data_error *error);
/** Undoes it instead. Also in a coroutine that is cancelled; when it fails, the database is lost. */
void rollback_undo(data_database *db);

/** A stream beside which the connection is free for others, with the turn, which it takes away.
 * (rows.c) */
bool rollback_rows_open(data_session *session, data_run *run);
bool rollback_rows_next(data_session *session, data_run *run, data_row *row);
void rollback_rows_close(data_session *session);

#endif

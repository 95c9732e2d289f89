/**
 * What an engine (SQLite, PostgreSQL) is to the rest of the data layer: statements in, rows out.
 *
 * An engine knows no models' tables, builds no SQL and decides nothing about replies. It runs statements that
 * are ready for its dialect, with bound values, on connections that it pools; suspends the coroutine while it
 * waits; and says in one vocabulary what went wrong. Everything here is called in a worker, in a coroutine,
 * unless it says otherwise.
 *
 * Cancellation: a coroutine that is cancelled while it waits gets false with `error->is_cancelled`. The
 * engine has then already left its connection in order (or dropped it); the caller unwinds. Engines never
 * throw.
 */
#ifndef DATA_ENGINE_H
#define DATA_ENGINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/dialect.h"

#include <tern/data.h>

typedef struct data_engine data_engine;
typedef struct data_database data_database; /* one database as this worker uses it; the engine's own */
typedef struct data_session data_session;   /* a connection lent to one coroutine; the engine's own */

/** A statement of the program. It is never changed, and lives at least as long as its run. */
typedef struct data_statement {
    const char *sql; /* in the dialect: ?1 for SQLite, $1 for PostgreSQL */
    size_t sql_len;
    unsigned
        id; /* 1, 2, ...: for a connection's own table of what it has prepared; 0: not to be kept prepared */
    unsigned arg_count;
    const uint8_t *kinds; /* tern_arg_kind of each value: fixed, so that nulls too are bound as their kind */
    bool writes;          /* may change data: SQLite's writer, PostgreSQL's primary */
    unsigned version;     /* of the statement that has the number: what was prepared for another is dropped */
} data_statement;

/** Which side of a foreign key a statement has broken. */
typedef enum data_reference {
    DATA_REFERENCE_UNKNOWN,
    DATA_REFERENCE_MISSING, /* the row that is referred to does not exist */
    DATA_REFERENCE_HELD     /* other rows refer to the row that would go */
} data_reference;

typedef struct data_error {
    tern_data_fault fault;
    bool is_cancelled;
    bool is_outdated;         /* what the engine kept of the statement may be for tables as they were */
    data_reference reference; /* of TERN_DATA_FOREIGN_KEY */
    bool is_read_only;   /* a write where none may be: on a standby, or in a transaction that only reads */
    char constraint[64]; /* the constraint's or index's name, where the engine tells */
    char table[64];
    char columns[128]; /* "email", or "owner, title": where the engine tells */
    char message[200];
} data_error;

/** A row while it is being looked at: valid until on_row returns, or the next stream_next. */
typedef struct data_row {
    const data_engine *engine;
    void *handle; /* sqlite3_stmt *, PGresult * */
    int number;   /* of the row in the handle */
    unsigned columns;
} data_row;

enum { DATA_RUNS_MOST = 32 }; /* that an engine takes at once */

/** One run of a statement; lies on the caller's stack. */
typedef struct data_run {
    const data_statement *statement;
    const tern_arg *args; /* statement->arg_count of them, of its kinds */
    arena *memory;        /* where the values of rows go, and what the engine needs meanwhile */
    uint64_t deadline_ms; /* loop time; past it the statement is given up with TERN_DATA_TIMEOUT. 0: none */
    /** Takes a row, in the caller's coroutine, without waiting; false ends the run: it fails when `error` was
     * set, else all that was wanted has been seen. NULL: rows are dropped. */
    bool (*on_row)(struct data_run *run, const data_row *row);
    /** Looks at the columns of a result without a row, which on_row never sees; false with `error` set. NULL:
     * nobody does. Only called where there is an on_row. */
    bool (*on_no_rows)(struct data_run *run, const data_row *row);
    void *sink;   /* on_row's own */
    int64_t rows; /* how many on_row has taken; counted by it, for the log */
    /* filled in by the engine */
    int64_t affected; /* rows changed by an insert, update or delete */
    void *stream;     /* the engine's own, from stream_open to stream_close */
    data_error error;
} data_run;

typedef struct data_engine_options {
    const char *url;
    tern_prepare prepare;
    unsigned pool;
    unsigned wait_timeout_ms;
} data_engine_options;

struct data_engine {
    const char *label; /* "sqlite" */
    data_dialect dialect;
    const struct migrate_driver *driver; /* for commands: client.h */
    const struct check_engine *checker;  /* for `APP check`: check/engine.h */
    bool is_in_files;                    /* a database is a file, or in memory, and nobody serves it */

    /** Before fork, in the master: whether the URL makes sense to this engine (and its client library is
     * there); false with a line in `problems`. Opens nothing. */
    bool (*check)(const char *url, buf *problems);
    /** In the master, before it serves: logs in one line what of the database cannot be used, if that is
     * known. NULL: it never is. */
    void (*note)(const char *url);
    /** After fork, the loop open: makes the pool, without connecting. NULL when out of memory. */
    data_database *(*open)(const data_engine_options *options);
    /** On the loop's own stack, when no coroutine uses it any more. */
    void (*close)(data_database *db);
    /** Closes connections nobody has needed lately; called about once a second. */
    void (*tidy)(data_database *db);

    /** Runs one statement on any connection, as a transaction of its own. False: run->error says why.
     * PostgreSQL may have several coroutines' statements in flight on one connection here. */
    bool (*run)(data_database *db, data_run *run);
    /** Runs up to DATA_RUNS_MOST statements that only read, each as `run` does, together: on PostgreSQL all
     * are under way at once. Rows come in the order of the runs. False: the first one with an error has
     * failed, and those behind it were not waited for. */
    bool (*run_all)(data_database *db, data_run *runs, unsigned count);

    /** Lends a connection, alone. `writes`: a transaction that may change data. NULL with `error`. Waits for
     * options.wait_timeout_ms at most. */
    data_session *(*acquire)(data_database *db, bool writes, data_error *error);
    bool (*session_run)(data_session *session, data_run *run);
    /** As run_all. */
    bool (*session_run_all)(data_session *session, data_run *runs, unsigned count);
    /** As session_run, for the statement that begins a transaction, which lives as long as the process. It
     * may be kept back until the session's next one, whose failure is then this one's too. */
    bool (*session_begin)(data_session *session, data_run *run);
    /** As session_run, for the statement that commits: true once what the transaction wrote is safe. It gives
     * the session back too, whatever it answers, so that others need not wait until then. False may also mean
     * that it was committed, and how safe that is, is not known. */
    bool (*session_commit)(data_session *session, data_run *run);
    /** Gives it back. An open transaction is rolled back first (the caller's coroutine may be cancelled: this
     * does not fail and does not throw; a connection that cannot be put in order is closed). */
    void (*release)(data_session *session);

    /** Rows one at a time, while the caller may wait between them. After stream_open has returned true,
     * stream_close is called in the end, whatever happens. */
    bool (*stream_open)(data_session *session, data_run *run);
    /** False at the end (run->error.fault TERN_DATA_OK) or on an error. */
    bool (*stream_next)(data_session *session, data_run *run, data_row *row);
    void (*stream_close)(data_session *session, data_run *run);

    const char *(*column_name)(const data_row *row, unsigned column);
    /**
     * Reads a column into `out`, a value of `type` (a model, list, map or free JSON is a JSON column); texts
     * and bytes are copied to the arena. `*is_null` tells a null, and `out` is zero then.
     * @return NULL, or what it should have been ("a whole number from 0 to 255"): static text or from the
     * arena.
     */
    const char *(*column_read)(const data_row *row, unsigned column, const tern_type *type, void *out,
                               bool *is_null, arena *a);
};

extern const data_engine data_sqlite, data_postgres;

/** The engine of a URL by its scheme; NULL when none of this build knows it. (engine.c) */
const data_engine *data_engine_of(const char *url);
/** Appends what is wrong with a URL that has no engine, and what this build knows; never more of the URL than
 * its scheme. */
void data_engine_unknown(const char *url, buf *problem);
/** Empties `error` and sets fault and message. Returns false, for `return data_refuse(...)`. (refuse.c) */
bool data_refuse(data_error *error, tern_data_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

/**
 * The interface of an engine (SQLite, PostgreSQL): statements in, rows out.
 *
 * An engine knows no models' tables, builds no SQL and decides nothing about replies. It runs statements that
 * are ready for its dialect, with bound values, on pooled connections. It suspends the coroutine while it
 * waits, and reports errors in one vocabulary. Everything here is called in a worker, in a coroutine, unless
 * noted otherwise.
 *
 * Cancellation: a coroutine that is cancelled while it waits gets false with `error->is_cancelled`. By then
 * the engine has cleaned up its connection (or dropped it); the caller unwinds. Engines never throw.
 */
#ifndef DATA_ENGINE_H
#define DATA_ENGINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/dialect.h"

#include <tern/data.h>

typedef struct data_engine data_engine;
typedef struct data_database data_database; /* this worker's handle of a database; private to the engine */
typedef struct data_session data_session;   /* a connection lent to one coroutine; private to the engine */

/** A statement of the program. It never changes, and lives at least as long as its run. */
typedef struct data_statement {
    const char *sql; /* in the dialect: ?1 for SQLite, $1 for PostgreSQL */
    size_t sql_len;
    unsigned id; /* 1, 2, ...: index in a connection's table of prepared statements; 0: not kept prepared */
    unsigned arg_count;
    const uint8_t *kinds; /* tern_arg_kind of each value: nulls have a kind too */
    bool writes;          /* may change data: uses SQLite's writer, PostgreSQL's primary */
    unsigned version;     /* of the statement with the number: preparations for another version are dropped */
} data_statement;

/** Which side of a foreign key a statement violates. */
typedef enum data_reference {
    DATA_REFERENCE_UNKNOWN,
    DATA_REFERENCE_MISSING, /* the referenced row does not exist */
    DATA_REFERENCE_HELD     /* other rows reference the row to remove */
} data_reference;

typedef struct data_error {
    tern_data_fault fault;
    bool is_cancelled;
    bool is_outdated;         /* the prepared statement may be outdated, since tables have changed */
    data_reference reference; /* for TERN_DATA_FOREIGN_KEY */
    bool is_read_only;   /* a write where writes are forbidden: on a standby, or in a read-only transaction */
    char constraint[64]; /* the constraint's or index's name, if the engine reports it */
    char table[64];
    char columns[128]; /* "email", or "owner, title", if the engine reports it */
    char message[200];
} data_error;

/** The current row: valid until on_row returns, or until the next stream_next. */
typedef struct data_row {
    const data_engine *engine;
    void *handle; /* sqlite3_stmt *, PGresult * */
    int number;   /* of the row in the handle */
    unsigned columns;
} data_row;

enum { DATA_RUNS_MOST = 32 }; /* the number of runs that an engine accepts at once */

/** One run of a statement; on the caller's stack. */
typedef struct data_run {
    const data_statement *statement;
    const tern_arg *args; /* statement->arg_count values, of its kinds */
    arena *memory;        /* receives the values of rows, and the engine's temporary data */
    uint64_t deadline_ms; /* loop time after which the statement fails with TERN_DATA_TIMEOUT. 0: no limit */
    /** Receives a row, in the caller's coroutine; must not wait. False ends the run: it fails if `error` was
     * set; otherwise the caller needs no more rows. NULL: rows are dropped. */
    bool (*on_row)(struct data_run *run, const data_row *row);
    /** Checks the columns of a result without rows, for which on_row is not called; false with `error` set.
     * NULL: no check. Only called with an on_row. */
    bool (*on_no_rows)(struct data_run *run, const data_row *row);
    void *sink;   /* private to on_row */
    int64_t rows; /* the number of rows on_row accepted; counted by it, for the log */
    /* filled in by the engine */
    int64_t affected; /* rows changed by an insert, update or delete */
    void *stream;     /* private to the engine, from stream_open to stream_close */
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
    bool is_in_files;                    /* a database is a file or in memory, without a server */

    /** Called in the master before fork: whether this engine accepts the URL and finds its client library;
     * false with a line in `problems`. Opens nothing. */
    bool (*check)(const char *url, buf *problems);
    /** Called in the master before it serves: logs in one line what cannot be used of the database, if known.
     * NULL: never known. */
    void (*note)(const char *url);
    /** Called after fork with the loop open: creates the pool, without connecting. NULL when out of
     * memory. */
    data_database *(*open)(const data_engine_options *options);
    /** Called on the loop's stack, when no coroutine uses it any more. */
    void (*close)(data_database *db);
    /** Closes connections that have been idle for a while; called about once a second. */
    void (*tidy)(data_database *db);

    /** Runs one statement on any connection, as its own transaction. False: see run->error. PostgreSQL may
     * have several coroutines' statements in flight on one connection here. */
    bool (*run)(data_database *db, data_run *run);
    /** Runs up to DATA_RUNS_MOST statements that only read, each as `run` does, together: PostgreSQL gets all
     * of them at once. Rows come in the order of the runs. False: the first one with an error has failed,
     * and the results of those after it were not awaited. */
    bool (*run_all)(data_database *db, data_run *runs, unsigned count);

    /** Lends a connection for exclusive use. `writes`: a transaction that may change data. NULL with `error`.
     * Waits at most options.wait_timeout_ms. */
    data_session *(*acquire)(data_database *db, bool writes, data_error *error);
    bool (*session_run)(data_session *session, data_run *run);
    /** Like run_all, on a session. */
    bool (*session_run_all)(data_session *session, data_run *runs, unsigned count);
    /** Like session_run, for the statement that begins a transaction, which lives as long as the process. It
     * may be delayed until the session's next statement, which then also reports its failure. */
    bool (*session_begin)(data_session *session, data_run *run);
    /** Like session_run, for the statement that commits: true once the transaction's writes are durable. It
     * also returns the session, with any result, so that others do not wait until then. False may also mean
     * that the transaction was committed, but may not be durable. */
    bool (*session_commit)(data_session *session, data_run *run);
    /** Returns the session. An open transaction is rolled back first. The caller's coroutine may be
     * cancelled: this neither fails nor throws. A connection that cannot be cleaned up is closed. */
    void (*release)(data_session *session);

    /** Reads rows one at a time; the caller may wait between them. After stream_open has returned true,
     * stream_close must be called at the end in any case. */
    bool (*stream_open)(data_session *session, data_run *run);
    /** False at the end (run->error.fault TERN_DATA_OK) or on an error. */
    bool (*stream_next)(data_session *session, data_run *run, data_row *row);
    void (*stream_close)(data_session *session, data_run *run);

    const char *(*column_name)(const data_row *row, unsigned column);
    /**
     * Reads a column into `out`, a value of `type` (a model, list, map or free JSON is a JSON column); texts
     * and bytes are copied to the arena. `*is_null` is set for a null; then `out` is zero.
     * @return NULL, or what it should have been ("a whole number from 0 to 255"): static text or from the
     * arena.
     */
    const char *(*column_read)(const data_row *row, unsigned column, const tern_type *type, void *out,
                               bool *is_null, arena *a);
};

extern const data_engine data_sqlite, data_postgres;

/** The engine of a URL by its scheme; NULL when this build has no engine for it. (engine.c) */
const data_engine *data_engine_of(const char *url);
/** Appends the problem with a URL that has no engine, and the schemes that this build accepts. Shows only the
 * scheme of the URL. */
void data_engine_unknown(const char *url, buf *problem);
/** Clears `error` and sets fault and message. Returns false, for `return data_refuse(...)`. (refuse.c) */
bool data_refuse(data_error *error, tern_data_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

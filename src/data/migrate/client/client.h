/**
 * A database for commands: one blocking connection, without a loop, coroutine or worker.
 *
 * Problems are appended as text for people, without a line end. They never contain the URL's password.
 */
#ifndef MIGRATE_CLIENT_H
#define MIGRATE_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/engine.h"

typedef struct migrate_client migrate_client;

/** Called with a row of texts, valid during the call; NULL is null. False ends the query, which then fails
 * without a problem. */
typedef bool migrate_on_row(void *arg, const char *const *values, unsigned count);

typedef struct migrate_driver {
    data_dialect dialect;
    void *(*open)(const char *url, bool may_make, buf *problem);
    void (*close)(void *handle);
    /** Like client_is_away; NULL: never. */
    bool (*is_away)(const char *url);
    /**
     * Runs the statement at the beginning of `*sql`, and moves `*sql` past it. `*begin` becomes the
     * statement's first byte after white space and comments; NULL when only those were left.
     */
    bool (*step)(void *handle, const char **sql, const char *end, const char **begin, buf *problem);
    bool (*query)(void *handle, const char *sql, const tern_arg *args, unsigned count, migrate_on_row *on_row,
                  void *arg, buf *problem);
    /** Whether a transaction is open and has not failed. */
    bool (*is_in_transaction)(void *handle);
    /** Like client_begin_alone. */
    bool (*begin_alone)(migrate_client *client, buf *problem);
    const char *settings;          /* a statement for the beginning of each transaction; NULL: none */
    const char *broken_references; /* a query for rows whose foreign key matches nothing; NULL: not needed */
    bool makes_tables_again;       /* a table's indexes, triggers and rules are tracked: rebuild.h */
} migrate_driver;

struct migrate_client {
    const migrate_driver *driver;
    void *handle;
};

/** Connects; false with the problem. A missing SQLite file is created when `may_make` is set. Otherwise it
 * counts as an empty database, and writes are lost. */
bool client_open(migrate_client *client, const char *url, bool may_make, buf *problem);
void client_close(migrate_client *client);
/** Whether nothing answers at the URL, or the server answers that it is not ready yet: the URL itself may be
 * right. */
bool client_is_away(const migrate_client *client, const char *url);

/** Observes the statements of a script: before each one, and after it has run. False ends the script. */
typedef struct script_watch {
    bool (*before)(void *arg, const char *statement, const char *end, buf *problem);
    bool (*after)(void *arg, buf *problem);
    void *arg;
} script_watch;

/**
 * Runs every statement of a text, observed by `watch` (may be NULL). On false `*line` is the line, from 1, on
 * which the failed statement begins; `line` may be NULL.
 */
bool client_script(migrate_client *client, const char *sql, size_t len, const script_watch *watch,
                   unsigned *line, buf *problem);
/** Runs one statement with values (bool, integer, real, text, bytes; nulls), with the dialect's placeholders.
 * `on_row` may be NULL. */
bool client_query(migrate_client *client, const char *sql, const tern_arg *args, unsigned count,
                  migrate_on_row *on_row, void *arg, buf *problem);
/** Reads the first column of the first row as a number; `fallback` if there is no row or the value is
 * null. */
bool client_number(migrate_client *client, const char *sql, int64_t fallback, int64_t *value, buf *problem);

/** Begins a transaction with "begin" and `words`. On PostgreSQL, it also fixes the format of dates, times and
 * intervals until the transaction ends, regardless of the server's settings. A pooler may give the
 * connection to another client after that. */
bool client_begin(migrate_client *client, const char *words, buf *problem);
/** Begins a transaction that excludes other migrating processes. Waits for them, and prints a line to
 * standard error when that takes long. */
bool client_begin_alone(migrate_client *client, buf *problem);
bool client_commit(migrate_client *client, buf *problem);
/** May be called without an open transaction, and after the connection was lost. */
void client_rollback(migrate_client *client);

extern const migrate_driver client_sqlite, client_postgres; /* the engines of this build */

/** Just after the ';' that ends the statement at `at`, or `end`. Skips quotes, comments and $tags$ as
 * PostgreSQL reads them. (split.c) */
const char *client_statement_end(const char *at, const char *end);
/** Skips white space and comments. */
const char *client_skip_blanks(const char *at, const char *end);

#endif

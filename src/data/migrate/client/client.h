/**
 * A database as commands use it: one connection that waits. No loop, no coroutine, no worker.
 *
 * Problems are appended as text without a line end, fit for people: never the URL's password.
 */
#ifndef MIGRATE_CLIENT_H
#define MIGRATE_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/engine.h"

typedef struct migrate_client migrate_client;

/** A row of texts; NULL is null. Valid until it returns; false ends the query (which then counts as failed,
 * without a problem of its own). */
typedef bool migrate_on_row(void *arg, const char *const *values, unsigned count);

typedef struct migrate_driver {
    data_dialect dialect;
    void *(*open)(const char *url, bool may_make, buf *problem);
    void (*close)(void *handle);
    /** As client_is_away; NULL: never. */
    bool (*is_away)(const char *url);
    /** Runs the statement at the beginning of `*sql`, which moves behind it. What begins at a statement's
     * first byte that is neither white space nor comment is noted in `*begin`; NULL when only such was left.
     */
    bool (*step)(void *handle, const char **sql, const char *end, const char **begin, buf *problem);
    bool (*query)(void *handle, const char *sql, const tern_arg *args, unsigned count, migrate_on_row *on_row,
                  void *arg, buf *problem);
    /** Whether a transaction is open and sound. */
    bool (*is_in_transaction)(void *handle);
    /** As client_begin_alone. */
    bool (*begin_alone)(migrate_client *client, buf *problem);
    const char *settings;          /* a statement for the beginning of each transaction; NULL: none */
    const char *broken_references; /* a query of rows that refer to none. NULL: there cannot be any */
    bool makes_tables_again;       /* what hangs on a table is followed through a migration: rebuild.h */
} migrate_driver;

struct migrate_client {
    const migrate_driver *driver;
    void *handle;
};

/** Connects; false with the problem. A SQLite file that is not there is made when it `may_make` one; else it
 * counts as an empty database, and what would be written is lost. */
bool client_open(migrate_client *client, const char *url, bool may_make, buf *problem);
void client_close(migrate_client *client);
/** Whether nothing answers at the place of the URL, or answers that it will be there later: which the URL is
 * not to blame for. */
bool client_is_away(const migrate_client *client, const char *url);

/** Who looks at the statements of a script: before each one, and once it has run. False ends the script. */
typedef struct script_watch {
    bool (*before)(void *arg, const char *statement, const char *end, buf *problem);
    bool (*after)(void *arg, buf *problem);
    void *arg;
} script_watch;

/**
 * Runs every statement of a text, before the eyes of `watch` (NULL: nobody's). On false `*line` (which may be
 * NULL) is the line, from 1, on which the one that failed begins.
 */
bool client_script(migrate_client *client, const char *sql, size_t len, const script_watch *watch,
                   unsigned *line, buf *problem);
/** One statement with values (bool, whole number, real, text, bytes; nulls), in the dialect's own
 * placeholders. `on_row` may be NULL. */
bool client_query(migrate_client *client, const char *sql, const tern_arg *args, unsigned count,
                  migrate_on_row *on_row, void *arg, buf *problem);
/** The first column of the first row as a number; `fallback` without a row or with a null. */
bool client_number(migrate_client *client, const char *sql, int64_t fallback, int64_t *value, buf *problem);

/** Begins a transaction, by "begin" and what may follow it. On PostgreSQL dates, times and spans are written
 * in one way in it, whatever the server's settings; for its time only, since behind a pooler the server's
 * connection is another's after it. */
bool client_begin(migrate_client *client, const char *words, buf *problem);
/** Begins a transaction that no other migrating process is in at the same time: waits for those, with a line
 * on standard error when it takes a while. */
bool client_begin_alone(migrate_client *client, buf *problem);
bool client_commit(migrate_client *client, buf *problem);
/** Also when the connection is gone or nothing is open. */
void client_rollback(migrate_client *client);

extern const migrate_driver client_sqlite, client_postgres; /* of the engines that a build has */

/** Behind the ';' that ends the statement at `at`, or `end`: past quotes, comments and $tags$, as PostgreSQL
 * reads them. (split.c) */
const char *client_statement_end(const char *at, const char *end);
/** Past white space and comments. */
const char *client_skip_blanks(const char *at, const char *end);

#endif

/** What a database says of a statement that is not run: one for each engine. */
#ifndef CHECK_ENGINE_H
#define CHECK_ENGINE_H

#include "data/migrate/client/client.h"

enum { CHECK_COLUMNS_MOST = 128 };

/** A column of a result. */
typedef struct check_column {
    const char *name;
    const char *type;   /* as the database calls it; NULL: not known */
    uint32_t oid;       /* of PostgreSQL */
    const char *table;  /* whose column it is as it is; NULL: an expression's, or not known */
    const char *column; /* its name there */
    bool is_nullable;   /* that column may be null */
} check_column;

/** What a database says. */
typedef struct check_answer {
    bool is_sound;
    const char *problem; /* the database's words when it is not */
    check_column columns[CHECK_COLUMNS_MOST];
    unsigned count;
    const char *plan; /* lines, NULL: there is none */
} check_answer;

typedef struct check_engine {
    data_dialect dialect;
    const char *label;       /* "SQLite" */
    const data_engine *data; /* whose SQL is built */
    /** Opens a database that goes when it is closed: nothing of another one is seen or changed in it. */
    bool (*open_scratch)(migrate_client *client, const char *url, buf *problem);
    /** Opens the database itself, to be looked at. */
    bool (*open_as_it_is)(migrate_client *client, const char *url, buf *problem);
    void (*close)(migrate_client *client);
    /** Asks what the statement is; nothing is run. False when the database is gone, with why. */
    bool (*ask)(migrate_client *client, const char *sql, const unsigned char *kinds, unsigned count, arena *a,
                check_answer *answer, buf *problem);
    /** Whether values of the column can be values of the type, as far as is certain. */
    bool (*fits)(const check_column *column, const tern_type *type);
} check_engine;

#if defined(TERN_WITH_SQLITE)
extern const check_engine check_sqlite;
#endif
#if defined(TERN_WITH_POSTGRES)
extern const check_engine check_postgres;
#endif

#endif

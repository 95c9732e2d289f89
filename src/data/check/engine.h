/** Describes a statement without running it: one implementation for each engine. */
#ifndef CHECK_ENGINE_H
#define CHECK_ENGINE_H

#include "data/migrate/client/client.h"

enum { CHECK_COLUMNS_MOST = 128 };

/** A column of a result. */
typedef struct check_column {
    const char *name;
    const char *type;   /* as the database calls it; NULL: not known */
    uint32_t oid;       /* of PostgreSQL */
    const char *table;  /* the table of a plain column; NULL: an expression, or not known */
    const char *column; /* its name in that table */
    bool is_nullable;   /* whether that column may be null */
} check_column;

/** A database's answer. */
typedef struct check_answer {
    bool is_sound;
    const char *problem; /* the database's message when it is not */
    check_column columns[CHECK_COLUMNS_MOST];
    unsigned count;
    const char *plan; /* lines; NULL: no plan */
} check_answer;

typedef struct check_engine {
    data_dialect dialect;
    const char *label;       /* "SQLite" */
    const data_engine *data; /* whose SQL is built */
    /** Opens a temporary database, removed when it is closed. It neither sees nor changes another one. */
    bool (*open_scratch)(migrate_client *client, const char *url, buf *problem);
    /** Opens the database itself, read only. */
    bool (*open_as_it_is)(migrate_client *client, const char *url, buf *problem);
    void (*close)(migrate_client *client);
    /** Describes the statement without running it. False, with the reason, when the database is gone. */
    bool (*ask)(migrate_client *client, const char *sql, const unsigned char *kinds, unsigned count, arena *a,
                check_answer *answer, buf *problem);
    /** Whether values of the column can be values of the type. True when unsure. */
    bool (*fits)(const check_column *column, const tern_type *type);
} check_engine;

#if defined(TERN_WITH_SQLITE)
extern const check_engine check_sqlite;
#endif
#if defined(TERN_WITH_POSTGRES)
extern const check_engine check_postgres;
#endif

#endif

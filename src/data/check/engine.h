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
    /** Whether the plan reads every row of the table, which the statement calls `alias`. */
    bool (*is_scanned)(const char *plan, const char *table, tern_str alias);
    /** Finds the table and the columns, "(x=?)", of an index that is made for one run; NULL: the engine never does
     * that. */
    bool (*find_automatic_index)(const char *plan, tern_str *table, tern_str *columns);
} check_engine;

/** Each is in the folder of its engine. */
extern const check_engine check_sqlite, check_postgres;

/** Whether a line of a plan has the name as a whole word. (scan.c) */
bool check_plan_names(const char *line, size_t len, const char *name, size_t name_len);

#endif

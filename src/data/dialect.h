/**
 * The SQL dialect of an engine: facts and functions that the shared code uses instead of asking which engine
 * it is. Each engine has its own in its folder `dialect/`, which needs no library of the engine: migrations
 * are written for both, whichever engines a build has.
 */
#ifndef DATA_DIALECT_H
#define DATA_DIALECT_H

#include "base/buf.h"

#include <tern/data.h>

struct cast_place;
struct data_table;
struct ddl_column;
struct ddl_table;
struct schema_diff;
struct sql_builder;

/** The text around a value; NULL in `before`: none. */
typedef struct dialect_around {
    const char *before, *after;
} dialect_around;

/** How literals differ, apart from the quotes, which all have. */
typedef struct dialect_literals {
    const char *yes, *no;
    dialect_around bytes, duration, decimal;
} dialect_literals;

/** The syntax of a word query: `"foo bar"* baz`, or `'foo' <-> 'bar':* & 'baz'`. */
typedef struct dialect_words {
    const char *between, *within; /* between groups; between the words of a group */
    dialect_around group, word;
    const char *star;
} dialect_words;

/** Whether the column's type itself enforces the bounds of its kind. */
typedef struct dialect_range {
    bool keeps_least, keeps_most;
} dialect_range;

/** Statements for the table of migrations. */
typedef struct dialect_state {
    const char *has_table, *count_tables, *make_table, *read, *add, *remove;
} dialect_state;

struct sql_dialect {
    const char *name; /* "PostgreSQL", for people */
    unsigned number;  /* in data_dialects */
    char placeholder; /* before the number of a value */

    /* -- statements -- */
    bool has_nulls_last;   /* in ascending order */
    bool has_number_texts; /* decimals are stored and compared as texts */
    bool updates_each;     /* updates of many rows run a statement for each: there is no round trip to save */
    const char *all_rows;  /* before an offset without a limit; "" */
    bool estimates_rows;   /* "explain" estimates the number of rows */
    const char *row_lock;  /* at the end of a query; "" */
    const char *const (*begin)[2];    /* by tern_isolation, and by whether it only reads */
    const char *read_only, *writable; /* forbid and allow writing. NULL: ends with the savepoint */
    const char *const *value_casts;   /* by tern_arg_kind: in the first row of values. NULL: none */
    /** See cast.h. NULL: no value needs one. */
    const char *(*cast)(const struct cast_place *place, tern_arg_kind kind, const char *after);
    /** Writes the text before a list in `in (?)`; `sql` already ends with the text from `in` on. */
    void (*begin_list)(buf *sql, size_t in, bool is_negated);
    const char *list_end; /* the text after it */

    /* -- word search -- */
    const dialect_words *words;
    /** " from ... where", with the query as the next value. */
    void (*add_search)(struct sql_builder *b, const struct data_table *table);
    /** The beginning of " order by" that puts the best matches first. */
    void (*add_search_rank)(struct sql_builder *b, const struct data_table *table);

    /* -- schemas; kinds are ddl_kind -- */
    const char *const *types;
    const dialect_literals *literals;
    const char *automatic;             /* after the type of an automatic key; "" */
    const char *table_end;             /* after the last bracket of "create table" */
    const char *length, *bytes_length; /* functions */
    bool refers_later;           /* a foreign key to a table that is created later is added at the end */
    bool has_patterns;           /* `~` */
    const dialect_range *ranges; /* of whole numbers. NULL: the types enforce them */
    const dialect_around *forms; /* of texts for kinds without their own type. NULL: all kinds have one */
    /** Appends one of the statements that create a table's search index, chosen by `part` from 0; false when
     * there are no more. */
    bool (*add_search_part)(buf *sql, const struct ddl_table *table, unsigned part);
    /** Indexes the words of existing rows. NULL: not needed. */
    void (*fill_search)(buf *sql, const struct ddl_table *table);
    void (*drop_search)(buf *sql, const struct ddl_table *table);

    /* -- migrations -- */
    const char *file_ending; /* ".sqlite.sql" */
    const char *now;
    const char *random_uuid, *random_text; /* expressions: a UUID, and a UUID as a text */
    const char *const *conversions;        /* by diff_conversion; NULL: the value as it is. See diff.h */
    const char *same_family;               /* between kinds that need no conversion */
    void (*add_diff)(const struct schema_diff *diff, buf *sql);
    const dialect_state *state;
    const dialect_around *sources; /* by tern_kind: a column as a text, exactly */
    bool has_intervals;            /* a duration is a text such as "7 microseconds", not a number */
    const char *begin_snapshot;    /* begins a transaction whose queries all see the same snapshot */
    bool has_sequences;            /* key sequences need updates; foreign keys can be deferred */
};

/** Identified by its address. */
typedef const struct sql_dialect *data_dialect;

extern const struct sql_dialect dialect_sqlite, dialect_postgres;
#define DATA_SQLITE   (&dialect_sqlite)
#define DATA_POSTGRES (&dialect_postgres)

enum { DATA_DIALECTS = 2 };
/** All dialects, including those whose engine this build does not have. (engine.c) */
extern const data_dialect data_dialects[DATA_DIALECTS];

#endif

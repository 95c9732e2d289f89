/**
 * What one engine's SQL is like: facts and functions that the shared code asks, instead of asking which engine
 * it is. Each engine has its own in its folder `dialect/`, which needs no library of the engine: migrations are
 * written for both, whichever of them a build has.
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

/** What is written around a value; NULL in `before`: nothing at all is. */
typedef struct dialect_around {
    const char *before, *after;
} dialect_around;

/** How literals differ, beside the quotes of all. */
typedef struct dialect_literals {
    const char *yes, *no;
    dialect_around bytes, duration, decimal;
} dialect_literals;

/** A query of words: `"foo bar"* baz`, or `'foo' <-> 'bar':* & 'baz'`. */
typedef struct dialect_words {
    const char *between, *within; /* groups; the words of a group */
    dialect_around group, word;
    const char *star;
} dialect_words;

/** Whether the type of a column keeps the bounds of its kind by itself. */
typedef struct dialect_range {
    bool keeps_least, keeps_most;
} dialect_range;

/** The statements about migrations in the database. */
typedef struct dialect_state {
    const char *has_table, *count_tables, *make_table, *read, *add, *remove;
} dialect_state;

struct sql_dialect {
    const char *name; /* "PostgreSQL", for people */
    unsigned number;  /* in data_dialects */
    char placeholder; /* before the number of a value */

    /* -- statements -- */
    bool has_nulls_last;   /* in ascending order */
    bool has_number_texts; /* decimals are texts, and compared as such */
    bool updates_each;     /* many rows are updated by a statement for each: no journey is to be saved */
    const char *all_rows;  /* before an offset without a limit; "" */
    bool estimates_rows;   /* "explain" says how many there are, about */
    const char *row_lock;  /* at the end of a query; "" */
    const char *const (*begin)[2];    /* by tern_isolation, and whether it only reads */
    const char *read_only, *writable; /* in a transaction: forbids writing, and allows it again. NULL: it ends
                                         with the savepoint */
    const char *const *value_casts;   /* by tern_arg_kind: in the first row of a list of values. NULL: none */
    /** See cast.h. NULL: no value needs one. */
    const char *(*cast)(const struct cast_place *place, tern_arg_kind kind, const char *after);
    /** Writes what is before a list in `in (?)`; the text from `in` on is the end of `sql` already. */
    void (*begin_list)(buf *sql, size_t in, bool is_negated);
    const char *list_end; /* after it */

    /* -- words that are searched -- */
    const dialect_words *words;
    /** " from ... where", with the query as the next value. */
    void (*add_search)(struct sql_builder *b, const struct data_table *table);
    /** What " order by" is to begin with for the best first. */
    void (*add_search_rank)(struct sql_builder *b, const struct data_table *table);

    /* -- schemas; kinds are ddl_kind -- */
    const char *const *types;
    const dialect_literals *literals;
    const char *automatic;             /* after the type of a key that the database counts up; "" */
    const char *table_end;             /* after the last bracket of "create table" */
    const char *length, *bytes_length; /* functions */
    bool refers_later;                 /* a foreign key to a table that is made later is added in the end */
    bool has_patterns;                 /* `~` */
    const dialect_range *ranges;       /* of whole numbers. NULL: the types keep none */
    const dialect_around *forms;       /* of texts for kinds that have no type of their own. NULL: all have */
    /** One of the statements that make what keeps the words of a table, by `part` from 0; false when there are
     * no more. */
    bool (*add_search_part)(buf *sql, const struct ddl_table *table, unsigned part);
    /** Takes in the words of existing rows. NULL: they are in already. */
    void (*fill_search)(buf *sql, const struct ddl_table *table);
    void (*drop_search)(buf *sql, const struct ddl_table *table);

    /* -- migrations -- */
    const char *file_ending; /* ".sqlite.sql" */
    const char *now;
    const char *random_uuid, *random_text; /* expressions: a UUID, and the same as a text */
    const char *const *conversions;        /* by diff_conversion; NULL: the value as it is. See diff.h */
    const char *same_family;               /* between kinds that need none */
    void (*add_diff)(const struct schema_diff *diff, buf *sql);
    const dialect_state *state;
    const dialect_around *sources; /* by tern_kind: a column as a text that reads back as the same value */
    bool has_intervals;            /* a duration is not a number of microseconds, but "7 microseconds" */
    const char *begin_snapshot;    /* begins a transaction in which all queries see one moment */
    bool has_sequences; /* of keys, which have to be told of rows with keys of their own; foreign keys
                                      can wait for the end of a transaction */
};

/** Known by its address. */
typedef const struct sql_dialect *data_dialect;

extern const struct sql_dialect dialect_sqlite, dialect_postgres;
#define DATA_SQLITE   (&dialect_sqlite)
#define DATA_POSTGRES (&dialect_postgres)

enum { DATA_DIALECTS = 2 };
/** All that there are, also those whose engine this build does not have. (engine.c) */
extern const data_dialect data_dialects[DATA_DIALECTS];

#endif

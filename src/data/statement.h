/**
 * Statements of this process: each is built once, from a model and the program's texts, and kept.
 *
 * Hot path: statement_find, for every query. It may not allocate or look at text.
 */
#ifndef DATA_STATEMENT_H
#define DATA_STATEMENT_H

#include "app/ctx.h"
#include "base/buf.h"
#include "data/engine.h"
#include "data/table/table.h"

enum {
    STATEMENT_ARGS_MOST = 32,
    STATEMENT_TEXTS = 3,
    STATEMENTS_KEPT_MOST = 4096,
    COMBINATIONS_KEPT_MOST = 256
};

typedef enum statement_verb {
    STATEMENT_SELECT,
    STATEMENT_COUNT,
    STATEMENT_EXISTS,
    STATEMENT_ESTIMATE, /* the planner's estimate of the number of rows */
    STATEMENT_AGGREGATE,
    STATEMENT_FIND,
    STATEMENT_SEARCH,
    STATEMENT_SEARCH_COUNT,
    STATEMENT_RELATED,
    STATEMENT_PLUCK,
    STATEMENT_INSERT,
    STATEMENT_UPSERT,
    STATEMENT_UPDATE,
    STATEMENT_UPDATE_ALL,
    STATEMENT_REMOVE,
    STATEMENT_REMOVE_WHERE,
    STATEMENT_OWN,   /* tern_sql */
    STATEMENT_WORDS, /* begin, commit */
} statement_verb;

/** The key of a statement. Texts are compared by address: they are literals. */
typedef struct statement_key {
    const void *type;
    const char *texts[STATEMENT_TEXTS];
    uint64_t columns[4]; /* a bit for each column, or other data of the verb */
    uint32_t rows;
    uint8_t verb, flags, arg_count;
    uint8_t kinds[STATEMENT_ARGS_MOST + 1]; /* of the program's values */
} statement_key;

/** Initializes a key: everything except these two is zero, because keys are compared as bytes. `type` may be
 * NULL. */
void statement_key_begin(statement_key *key, const tern_type *type, statement_verb verb);
/** The statement kept under `key`; NULL when it must be built. */
const data_statement *statement_find(const statement_key *key);

/** A hash of the whole key. */
uint64_t statement_key_hash(const statement_key *key);

typedef struct filters_given filters_given; /* see filters.h */

/**
 * Like statement_find, for a statement with the filters in `given` (NULL: none). With filters the result is a
 * copy in the request's memory: a worker keeps only the COMBINATIONS_KEPT_MOST most recently used ones. Ends
 * the request with 503 without memory. (combination.c)
 */
const data_statement *statement_find_combination(tern_ctx *c, const statement_key *key,
                                                 const filters_given *given);
static inline const data_statement *statement_find_with(tern_ctx *c, const statement_key *key,
                                                        const filters_given *given)
{
    return given == NULL ? statement_find(key) : statement_find_combination(c, key, given);
}
/** Like statement_find_with, with the columns in `key` instead of filters, where a client chooses the
 * columns. */
const filters_given *statement_any_columns(void);

/** A value that the program gives as a number, where its column wants a bool or an enum's name
 * (convert.h). */
typedef struct statement_conversion {
    unsigned number; /* of the placeholder, from 0 */
    const data_column *column;
} statement_conversion;

/** SQL under construction. */
typedef struct sql_builder {
    buf sql, kinds; /* a byte of `kinds` for each placeholder */
    data_dialect dialect;
    bool is_transient;      /* whether a text in it was made at run time */
    bool has_empty_filters; /* written for a `?` without given filters: a true condition */
    const char *mistake;    /* why the program's text is not accepted (static); NULL: accepted */
    const char *mistaken;   /* that text */
    statement_conversion conversions[STATEMENT_ARGS_MOST];
    unsigned conversion_count;
} sql_builder;

void sql_begin(sql_builder *b);
void sql_add(sql_builder *b, const char *text);
/** Appends a table's or column's name, quoted where needed. */
void sql_name(sql_builder *b, const char *name);
/** Appends the next placeholder, for a value of this kind. */
void sql_arg(sql_builder *b, tern_arg_kind kind);
/** Whether the engine stores and compares the column's numbers as text: decimals in SQLite. */
bool sql_is_number_as_text(const data_column *column);
/** Append a column's name with the prefix `table` ("r." or ""), and the cast to a number where it is text,
 * for sorting and comparing. */
void sql_number(sql_builder *b, const char *table, const data_column *column);
/**
 * Appends a fragment of the program's SQL, in which each `?` is the next of `args` (`??` is a question mark).
 * If it is a condition on the rows of `table` (NULL: it is not), numbers compared with other columns are
 * converted. Sets `mistake` for a text made at run time (unless `is_trusted`: then the statement is not
 * kept), `;`, comments, and a wrong number of `?`.
 */
void sql_fragment(sql_builder *b, const data_table *table, const char *text, const tern_args *args,
                  bool is_trusted);
/** Appends the given conditions of `filters`, each in brackets, joined by "and" or "or"; false without any.
 * Sets `mistake` like sql_fragment. */
bool sql_filters(sql_builder *b, const data_table *table, const tern_filters *filters, bool is_trusted);
/** Checks whether `order_by` was made at run time: then the statement is not kept. */
void sql_note_order(sql_builder *b, const char *order_by);
/** Records why the program's `text` is not accepted, unless an earlier mistake was recorded. */
void sql_mistake(sql_builder *b, const char *text, const char *why);

/**
 * Completes the statement, and keeps it under `key` unless one of its texts was made at run time or
 * STATEMENTS_KEPT_MOST are kept. Otherwise it is in the request's memory and prepared for one run. Ends the
 * request with 500 after a mistake, 503 without memory.
 */
const data_statement *sql_finish(tern_ctx *c, sql_builder *b, const statement_key *key, bool writes);

/** Like sql_finish, for statement_find_with: kept until others were used more recently. (combination.c) */
const data_statement *sql_finish_with(tern_ctx *c, sql_builder *b, const statement_key *key,
                                      const filters_given *given, bool writes);

/** The values of a statement from sql_finish, converted for their columns: `args`, or a copy in the request's
 * memory if some must be converted. Ends the request with 500 when one cannot be. */
const tern_arg *statement_args(tern_ctx *c, const data_statement *statement, const tern_arg *args);

/** A slot of a kept statement for the map of its result: NULL at first, then one block that statement_forget
 * frees. Returns NULL for a statement that is not kept. */
struct named_map **statement_result(const data_statement *statement);

/** A kept statement from a literal such as "begin" or "commit"; NULL when out of memory. */
const data_statement *statement_words(const char *words);
/** Records the kinds of the program's values in `key`; ends the request with 500 when there are too many. */
void statement_key_args(tern_ctx *c, statement_key *key, const tern_args *args);
/** Whether `text` is in the program's read-only memory: a literal, which a request cannot have written. */
bool statement_is_literal(const char *text);
/** Makes a text that was made at start, before the workers are forked, count as a literal: returns a copy
 * that lives as long as the process, the same one for equal texts. NULL when out of memory. */
const char *statement_keep_text(const char *text);
/** Frees every statement (tests under leak checkers). */
void statement_forget(void);
void combinations_forget(void);

#endif

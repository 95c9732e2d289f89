/**
 * Statements of this process: each is built once, from a model and the texts in the program, and kept.
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
    STATEMENT_ESTIMATE, /* the planner's word for how many rows there are */
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

/** What tells one statement from another. Texts count by their address: they are literals. */
typedef struct statement_key {
    const void *type;
    const char *texts[STATEMENT_TEXTS];
    uint64_t columns[4]; /* a bit for each column, or what else the verb needs */
    uint32_t rows;
    uint8_t verb, flags, arg_count;
    uint8_t kinds[STATEMENT_ARGS_MOST + 1]; /* of the values that the program gives */
} statement_key;

/** Begins a key: all of it is zero but these two, for keys are compared as bytes. `type` may be NULL. */
void statement_key_begin(statement_key *key, const tern_type *type, statement_verb verb);
/** The statement kept under `key`; NULL when it has to be built. */
const data_statement *statement_find(const statement_key *key);

/** A hash of all of it. */
uint64_t statement_key_hash(const statement_key *key);

typedef struct filters_given filters_given; /* see filters.h */

/**
 * The same as statement_find for a statement with filters, of which those in `given` are given (NULL: it has
 * none). Then it is a copy in the request's memory: a worker keeps only the COMBINATIONS_KEPT_MOST that were
 * used last. Leaves the handler with 503 without memory. (combination.c)
 */
const data_statement *statement_find_combination(tern_ctx *c, const statement_key *key,
                                                 const filters_given *given);
static inline const data_statement *statement_find_with(tern_ctx *c, const statement_key *key,
                                                        const filters_given *given)
{
    return given == NULL ? statement_find(key) : statement_find_combination(c, key, given);
}
/** For the same with the columns in `key` in place of filters, where a client chooses the columns. */
const filters_given *statement_any_columns(void);

/** A value that the program gives as a number, where its column wants a bool or an enum's name (convert.h).
 */
typedef struct statement_conversion {
    unsigned number; /* of the placeholder, from 0 */
    const data_column *column;
} statement_conversion;

/** SQL on its way. */
typedef struct sql_builder {
    buf sql, kinds; /* a byte of `kinds` for each placeholder */
    data_dialect dialect;
    bool is_transient;      /* a text in it was made at run time */
    bool has_empty_filters; /* in the place of a `?`, of which none is given: a condition that holds */
    const char *mistake;    /* why the program's text cannot be taken (static); NULL: it can */
    const char *mistaken;   /* that text */
    statement_conversion conversions[STATEMENT_ARGS_MOST];
    unsigned conversion_count;
} sql_builder;

void sql_begin(sql_builder *b);
void sql_add(sql_builder *b, const char *text);
/** A table's or column's name, quoted where it must be. */
void sql_name(sql_builder *b, const char *name);
/** The next placeholder, for a value of this kind. */
void sql_arg(sql_builder *b, tern_arg_kind kind);
/** Whether the engine keeps the column's numbers as text, which it compares as such: decimals of SQLite. */
bool sql_is_number_as_text(const data_column *column);
/** A column's name after the prefix `table` ("r." or ""); what makes a number of it where it is text: for sorting and
 * comparing. */
void sql_number(sql_builder *b, const char *table, const data_column *column);
/**
 * A piece of SQL written by the program, each `?` in it for the next of `args` (`??` is a question mark).
 * When it is a condition on the rows of `table` (NULL: it is not), numbers beside columns that want none will
 * be converted. Noted in `mistake`: a text made at run time (unless `is_trusted`: such a statement is not
 * kept), `;`, comments, another number of `?` than of values.
 */
void sql_fragment(sql_builder *b, const data_table *table, const char *text, const tern_args *args,
                  bool is_trusted);
/** The conditions of `filters` that are given, each in brackets, with "and" or "or" between; false when none
 * is. Noted as by sql_fragment. */
bool sql_filters(sql_builder *b, const data_table *table, const tern_filters *filters, bool is_trusted);
/** Notes whether `order_by` was made at run time: the statement is not kept then. */
void sql_note_order(sql_builder *b, const char *order_by);
/** Notes why the program's `text` cannot be taken, unless something was noted before. */
void sql_mistake(sql_builder *b, const char *text, const char *why);

/**
 * Ends the building, and keeps the statement under `key` unless one of its texts was made at run time or
 * STATEMENTS_KEPT_MOST are kept: then it lies in the request's memory and is prepared for one run. Leaves the
 * handler with 500 when there was a mistake, 503 without memory.
 */
const data_statement *sql_finish(tern_ctx *c, sql_builder *b, const statement_key *key, bool writes);

/** The same for what statement_find_with looks for: kept until others have been used later. (combination.c)
 */
const data_statement *sql_finish_with(tern_ctx *c, sql_builder *b, const statement_key *key,
                                      const filters_given *given, bool writes);

/** The values of a statement that sql_finish made, as their columns want them: `args`, or, where some must be
 * converted, a copy in the request's memory. Leaves the handler with 500 when one cannot be. */
const tern_arg *statement_args(tern_ctx *c, const data_statement *statement, const tern_arg *args);

/** A place beside a statement that is kept, for what its result looks like: NULL at first, then one block
 * that statement_forget frees. NULL for a statement that is not kept. */
struct named_map **statement_result(const data_statement *statement);

/** "begin", "commit": a literal that is a statement as it is, kept; NULL when out of memory. */
const data_statement *statement_words(const char *words);
/** Notes the kinds of the program's values in `key`; leaves the handler with 500 when they are too many. */
void statement_key_args(tern_ctx *c, statement_key *key, const tern_args *args);
/** Whether `text` lies in the program's own read-only memory: a literal, which no request can have written.
 */
bool statement_is_literal(const char *text);
/** A text that was made at start, before the workers are forked, as one that counts as a literal: a copy that
 * stays as long as the process, the same one for the same text. NULL when out of memory. */
const char *statement_keep_text(const char *text);
/** Gives back every statement (tests under leak checkers). */
void statement_forget(void);
void combinations_forget(void);

#endif

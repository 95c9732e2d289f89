/** Between the files that write rows. */
#ifndef DATA_WRITE_H
#define DATA_WRITE_H

#include "data/select.h"

enum { WRITE_BATCH_MOST = 256 }; /* rows that one statement writes */

/** How many of `count` rows, of so many values each, the next statement writes: their number rounded down to
 * three binary digits. So 28 statements serve lists of any length, and most lists take one or two of them. */
unsigned write_batch(size_t count, size_t values);

/** A bit for each column. */
typedef struct column_set {
    uint64_t bits[2];
    bool is_asked; /* a client chose them: statements of such sets are not kept for good */
} column_set;

static inline void column_set_add(column_set *set, unsigned column)
{
    set->bits[column / 64] |= UINT64_C(1) << (column % 64);
}

static inline bool column_set_has(const column_set *set, unsigned column)
{
    return (set->bits[column / 64] >> (column % 64) & 1) != 0;
}

/** What the statements of one call write, wholly or not at all. */
typedef struct write_whole {
    tern_transaction_scope block;
    bool is_own; /* a transaction was begun for it */
} write_whole;

/** Begins a transaction when one is needed (`needs_one`) and none is open. False as write_arg. */
bool write_whole_begin(tern_ctx *c, write_whole *whole, bool needs_one, tern_data_error *error);
/** Commits it, or rolls back what was not `is_done`: of a transaction that was open before all, then. False
 * when it is not written. */
bool write_whole_end(tern_ctx *c, write_whole *whole, bool is_done, tern_data_error *error);

/** The columns whose fields `fields` names ("title, done"); leaves the handler with 500 when one is none. */
column_set write_columns_named(tern_ctx *c, const data_table *table, const char *fields);

/** What was put into a field that was null or absent counts as its value from now on, what is no value of its
 * column is null, and places for related rows that hold none are absent. */
void write_settle(const data_table *table, void *row);
/**
 * Settles the row, and fills in what is ours to give before a row is inserted: a UUID key of zeros, times, a
 * first version, the fallbacks of absent fields.
 */
void write_complete(tern_ctx *c, const data_table *table, void *row);
/** Whether the database gives the row its key. */
bool write_wants_key(const data_table *table, const void *row);
/** Sets the automatic key of a row; leaves the handler with 500 when it is more than the field can hold: the
 * model is at fault, not the client. */
void write_set_key(tern_ctx *c, const data_table *table, void *row, int64_t key);

/** Raises the version of a row that was updated. */
void write_raise_version(const data_table *table, void *row);
/** The value of a column, to be bound. False when the column cannot hold it: `error` says so, and without
 * `error` the handler is left. */
bool write_arg(tern_ctx *c, const data_table *table, const data_column *column, const void *row,
               tern_arg *out, tern_data_error *error);
/** Now, as a column's time. */
tern_datetime write_now(void);

/** Which columns an update writes: those named, those given, or all but the key and the time of creation. */
column_set update_columns(tern_ctx *c, const data_table *table, const tern_write *options);
/** Copies what was given of a part of the model (TERN_GIVEN) into the row; first, for what follows looks at
 * the row. False as write_arg. */
bool update_take_given(tern_ctx *c, const data_table *table, void *row, const tern_write *options);
/** Settles a row that is to be updated, and notes the time. */
void update_prepare(const data_table *table, void *row);
/** "update TABLE set a = ? ... where KEY = ?" for one row, of its version where it has one. */
const data_statement *update_statement(tern_ctx *c, const data_table *table, const column_set *set);
/** Its values; false as write_arg. */
bool update_args(tern_ctx *c, const data_table *table, const column_set *set, const void *row, tern_arg *args,
                 tern_data_error *error);

/** "insert into TABLE (a, b) values (?, ?), ..." for `rows` rows, without the automatic key when `wants_key`.
 */
void insert_head(sql_builder *b, const data_table *table, bool wants_key, unsigned rows);
/** The values of such a statement for one row, behind `*count` of them; false as write_arg. */
bool insert_args(tern_ctx *c, const data_table *table, bool wants_key, const void *row, tern_arg *args,
                 unsigned *count, tern_data_error *error);

#endif

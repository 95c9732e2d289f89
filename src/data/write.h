/** Shared by the files that write rows. */
#ifndef DATA_WRITE_H
#define DATA_WRITE_H

#include "data/select.h"

enum { WRITE_BATCH_MOST = 256 }; /* the maximum of rows that one statement writes */

/** The number of `count` rows that the next statement writes: rounded down to three binary digits. So 28
 * statements serve lists of any length, and most lists need one or two of them. */
unsigned write_batch(size_t count, size_t values);

/** A bit for each column. */
typedef struct column_set {
    uint64_t bits[2];
    bool is_asked; /* a client chose them: their statements are not kept forever */
} column_set;

static inline void column_set_add(column_set *set, unsigned column)
{
    set->bits[column / 64] |= UINT64_C(1) << (column % 64);
}

static inline bool column_set_has(const column_set *set, unsigned column)
{
    return (set->bits[column / 64] >> (column % 64) & 1) != 0;
}

/** Makes the statements of one call atomic. */
typedef struct write_whole {
    tern_transaction_scope block;
    bool is_own; /* a transaction was begun for it */
} write_whole;

/** Begins a transaction when one is needed (`needs_one`) and none is open. False like write_arg. */
bool write_whole_begin(tern_ctx *c, write_whole *whole, bool needs_one, tern_data_error *error);
/** Commits it, or rolls it back unless `is_done`; a transaction that was open before is rolled back
 * completely. False when nothing was written. */
bool write_whole_end(tern_ctx *c, write_whole *whole, bool is_done, tern_data_error *error);

/** The columns whose fields `fields` names ("title, done"); ends the request with 500 when a name is not a
 * field. */
column_set write_columns_named(tern_ctx *c, const data_table *table, const char *fields);

/** Settles the state of fields: a value that was set in a null or absent field counts from now on, a value
 * that is invalid for its column becomes null, and empty fields for related rows become absent. */
void write_settle(const data_table *table, void *row);
/**
 * Settles the row, and fills in Tern's values before an insert: a UUID for a key of zeros, times, the first
 * version, the fallbacks of absent fields.
 */
void write_complete(tern_ctx *c, const data_table *table, void *row);
/** Whether the database assigns the row's key. */
bool write_wants_key(const data_table *table, const void *row);
/** Sets the automatic key of a row; ends the request with 500 when it does not fit the field: the model is
 * wrong, not the client. */
void write_set_key(tern_ctx *c, const data_table *table, void *row, int64_t key);

/** Increases the version of a row that was updated. */
void write_raise_version(const data_table *table, void *row);
/** The value of a column, to be bound. False, with `error`, when it does not fit the column; without `error`
 * this ends the request. */
bool write_arg(tern_ctx *c, const data_table *table, const data_column *column, const void *row,
               tern_arg *out, tern_data_error *error);
/** The current time, for a column. */
tern_datetime write_now(void);

/** The columns that an update writes: those named, those given, or all except the key and the creation
 * time. */
column_set update_columns(tern_ctx *c, const data_table *table, const tern_write *options);
/** Copies the given fields of a part of the model (TERN_GIVEN) into the row. Called first, because later
 * steps use the row. False like write_arg. */
bool update_take_given(tern_ctx *c, const data_table *table, void *row, const tern_write *options);
/** Settles a row before an update, and sets its time of change. */
void update_prepare(const data_table *table, void *row);
/** "update TABLE set a = ? ... where KEY = ?" for one row, of its version where it has one. */
const data_statement *update_statement(tern_ctx *c, const data_table *table, const column_set *set);
/** The values of that statement; false like write_arg. */
bool update_args(tern_ctx *c, const data_table *table, const column_set *set, const void *row, tern_arg *args,
                 tern_data_error *error);

/** "insert into TABLE (a, b) values (?, ?), ..." for `rows` rows, without the automatic key when
 * `wants_key`. */
void insert_head(sql_builder *b, const data_table *table, bool wants_key, unsigned rows);
/** Appends the values of that statement for one row after the first `*count`; false like write_arg. */
bool insert_args(tern_ctx *c, const data_table *table, bool wants_key, const void *row, tern_arg *args,
                 unsigned *count, tern_data_error *error);

#endif

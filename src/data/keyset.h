/**
 * Keyset pages (`.after`): the rows after a given one, found by its values and not by an offset.
 *
 * Nulls have the engine's default position in the order, so that indexes can be used: SQLite puts them before
 * all values, PostgreSQL after them. The statement depends on which of the given row's values are null
 * (`nulls`), because a comparison with null is neither true nor false.
 */
#ifndef DATA_KEYSET_H
#define DATA_KEYSET_H

#include "data/statement.h"

enum { KEYSET_COLUMNS_MOST = 8 };

/** A column that rows are ordered by, or the number that its text represents. */
typedef struct keyset_item {
    const data_column *column;
    bool is_descending, is_number, is_null;
} keyset_item;

/** The order of a selection with `.after`. Decimals stored as text come twice, as in sql_order. */
typedef struct keyset {
    keyset_item items[2 * KEYSET_COLUMNS_MOST];
    unsigned count;
    uint64_t nulls; /* a bit for each item whose value is null */
} keyset;

/** Reads the order of a selection, and which values of the row `after` are null. Ends the request with 500
 * when rows may be equal in the order, or when it has more than KEYSET_COLUMNS_MOST columns. */
void keyset_read(tern_ctx *c, const data_table *table, const char *order_by, const void *after, keyset *set);
/** (a > ?) or (a = ? and b > ?) or ... */
void keyset_add_condition(sql_builder *b, const keyset *set);
/** The number of values for this condition. */
unsigned keyset_count(const keyset *set, data_dialect dialect);
/** These values from the row `after`; ends the request when a value does not fit its column. */
void keyset_values(tern_ctx *c, const data_table *table, const keyset *set, data_dialect dialect,
                   const void *after, tern_arg *values);

#endif

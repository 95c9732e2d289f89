/**
 * Keyset pages (`.after`): the rows that come after a given one, by its values and not by their number.
 *
 * Nulls have their place in the order that the engine gives them without being asked, so that indexes serve:
 * SQLite has them before all values, PostgreSQL after them. Which of the given row's values are null is a
 * part of the statement (`nulls`), since a comparison with null would be neither true nor false.
 */
#ifndef DATA_KEYSET_H
#define DATA_KEYSET_H

#include "data/statement.h"

enum { KEYSET_COLUMNS_MOST = 8 };

/** A column that rows are ordered by, or the number that its text stands for. */
typedef struct keyset_item {
    const data_column *column;
    bool is_descending, is_number, is_null;
} keyset_item;

/** What a selection with `.after` is ordered by. Decimals come twice where they are kept as text, as in
 * sql_order. */
typedef struct keyset {
    keyset_item items[2 * KEYSET_COLUMNS_MOST];
    unsigned count;
    uint64_t nulls; /* a bit for each item whose value is null */
} keyset;

/** The order of a selection, and which values of the row `after` are null; leaves the handler with 500 when
 * rows may be alike in it, or it has more than KEYSET_COLUMNS_MOST columns. */
void keyset_read(tern_ctx *c, const data_table *table, const char *order_by, const void *after, keyset *set);
/** (a > ?) or (a = ? and b > ?) or ... */
void keyset_add_condition(sql_builder *b, const keyset *set);
/** How many values that takes. */
unsigned keyset_count(const keyset *set, data_dialect dialect);
/** Those values of the row `after`; leaves the handler when a column cannot hold one. */
void keyset_values(tern_ctx *c, const data_table *table, const keyset *set, data_dialect dialect,
                   const void *after, tern_arg *values);

#endif

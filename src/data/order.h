/**
 * The order of rows: what `.order_by` says, completed so that no two rows are alike in it.
 *
 * Each page of a list is a query of its own. Rows that are alike in the order of those queries may come in
 * any order, another one each time, so that a row is on two pages and another on none. So every order that
 * goes to a database ends with the key, unless it has a unique column already; whatever pages through rows
 * uses this.
 */
#ifndef DATA_ORDER_H
#define DATA_ORDER_H

#include "data/statement.h"
#include "data/table/table.h"

typedef struct data_order_term {
    const data_column *column;
    bool is_descending;
} data_order_term;

typedef struct data_order {
    data_order_term terms[DATA_COLUMNS_MOST]; /* each column once */
    unsigned count;
    bool is_total; /* no two rows are alike in it; else the table is a view without a key */
} data_order;

/**
 * Reads "created desc, id", fields of the table's model (NULL: nothing), and adds what it lacks of the key,
 * in the direction of its last term: then one index serves both. A unique column that may be null does not
 * complete an order, for many rows may be null there.
 *
 * @return false when the text is something else.
 */
bool data_order_read(data_order *order, const data_table *table, const char *order_by);

/** " order by" the order that data_order_read makes of `order_by`, in the engine's own places for nulls: only
 * names of the model get through, so the text may have been made at run time. */
void sql_order(sql_builder *b, const data_table *table, const char *order_by);
/** The same of an order that was read, each name after the prefix `table` ("r." or ""). Nothing when it has no terms.
 */
void sql_order_terms(sql_builder *b, const data_order *order, const char *table);

#endif

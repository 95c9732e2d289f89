/**
 * The order of rows: `.order_by`, completed so that no two rows are equal in it.
 *
 * Each page of a list is a separate query. Rows that are equal in the order may come in a different order
 * each time, so that one row is on two pages and another on none. So every order sent to a database ends with
 * the key, unless it already has a unique column. All paging uses this.
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
    bool is_total; /* no two rows are equal in it; false for a view without a key */
} data_order;

/**
 * Reads "created desc, id", fields of the table's model (NULL: nothing), and adds the missing columns of the
 * key, in the direction of its last term: then one index serves both. A unique column that may be null does
 * not complete an order, because many rows may have null there.
 *
 * @return false when the text is not an order.
 */
bool data_order_read(data_order *order, const data_table *table, const char *order_by);

/** Appends " order by" with the order that data_order_read makes from `order_by`. Nulls have the engine's
 * default position. Only names from the model are accepted, so the text may have been made at run time. */
void sql_order(sql_builder *b, const data_table *table, const char *order_by);
/**
 * Appends " order by" for an order already read, with the prefix `table` ("r." or "") before each name.
 * Appends nothing when it has no terms.
 */
void sql_order_terms(sql_builder *b, const data_order *order, const char *table);

#endif

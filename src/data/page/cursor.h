/**
 * Cursors: the position after a row in an order, as a text that a client sends back.
 *
 * The text is base64url of: one byte for version and form, four bytes that identify table, columns and
 * directions, and the order's values. Each value follows its length, as scalar_print writes it, exact to the
 * last digit. Where values are long, hidden from clients (.write_only) or not scalar, a cursor contains the
 * row's key instead, and the row is looked up.
 *
 * A client may send anything: cursor_read accepts only values that fit the order's columns. A forged cursor
 * is another position in the same list, and gives no access to other rows.
 */
#ifndef DATA_CURSOR_H
#define DATA_CURSOR_H

#include "data/order.h"

enum { CURSOR_MOST_BYTES = 4096, CURSOR_VALUES_MOST_BYTES = 1024 };

typedef enum cursor_form {
    CURSOR_NONE, /* it could not be read */
    CURSOR_OF_VALUES,
    CURSOR_OF_KEY
} cursor_form;

/** Whether a list in this order can continue after a row: no two rows are equal in it, and it is not too
 * long. */
bool cursor_may_be(const data_order *order);

/** The cursor of a row, NUL-terminated in `a`. NULL when its key is too long, or out of memory. */
const char *cursor_write(arena *a, const data_table *table, const data_order *order, const void *row);

/**
 * Reads a cursor of this table and order. `*row` becomes a row of the model, in `a`, with the order's values in
 * it (CURSOR_OF_VALUES) or those of the key (CURSOR_OF_KEY).
 */
cursor_form cursor_read(arena *a, const data_table *table, const data_order *order, const char *text,
                        void **row);

#endif

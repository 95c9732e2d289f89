/**
 * Cursors: the place after a row in an order, as a text that a client sends back.
 *
 * In base64url: a byte for version and form, four that tell table, columns and directions, and then each of the
 * order's values as scalar_print writes it, exact to the last digit, each after its length. Where values are
 * long, hidden from clients (.write_only) or not plain, a cursor holds the row's key instead, and the row is
 * looked up.
 *
 * A client may send anything: cursor_read takes nothing that the order's columns could not hold. A cursor that was
 * made up names another place in the same list, and no other rows.
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

/** Whether rows can be gone on from in this order: no two are alike in it, and it is not too long. */
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

/*
 * Cursors that a client made up: a cursor that can be read equals the one written for its row, and the cursor
 * written for any row can be read again. The first byte of the input chooses the order.
 */
#include "data/page/cursor.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

TERN_ENUM(Side, left, right)
TERN_MODEL(Grain,
    (int64_t, id, .key = true),
    (const char *, name, .optional = true),
    (double, weight, .optional = true),
    (tern_decimal, price, .optional = true),
    (tern_datetime, at, .optional = true),
    (tern_date, day, .optional = true),
    (tern_uuid, mark, .optional = true),
    (tern_bytes, raw, .optional = true),
    (bool, open),
    (Side, side),
    (tern_duration, span, .optional = true),
    (uint32_t, count, .optional = true))

static const char *const orders[] = {"id",        "name",     "name desc, weight", "price, at desc, day",
                                     "mark, raw", "open, id", "side desc, span",   "count, name"};
enum { ORDERS = sizeof orders / sizeof *orders, TEXT_BYTES = 5000 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const data_table *grains(void)
{
    static tern_type *const models[] = {TERN_TYPE(Grain), NULL};
    static bool is_made;
    buf problems = {0};
    if (!is_made)
        require(data_tables_make(models, &problems));
    is_made = true;
    return data_table_of(TERN_TYPE(Grain));
}

/** A row whose texts and numbers come from the bytes. */
static void check_row(const data_table *table, const data_order *order, const uint8_t *input, size_t size,
                      arena *a)
{
    Grain row = {.side = size % 2 != 0 ? Side_left : Side_right};
    char name[TEXT_BYTES];
    size_t len = size < sizeof name - 1 ? size : sizeof name - 1;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)(input[i] % 127 + 1);
    name[len] = '\0';
    memcpy(&row.id, input, size < sizeof row.id ? size : sizeof row.id);
    tern_set(&row, name, name);
    tern_set(&row, raw, ((tern_bytes){input, size}));
    tern_set(&row, weight, (double)row.id / 3);
    tern_set(&row, price, ((tern_decimal){row.id % 1000000, 3}));
    void *read;
    const char *text = cursor_write(a, table, order, &row);
    require(text != NULL && strlen(text) <= CURSOR_MOST_BYTES);
    require(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(text));
    require(cursor_read(a, table, order, text, &read) != CURSOR_NONE);
    const Grain *again = read;
    require(again->id == row.id); /* each order ends with the key */
    const char *third = cursor_write(a, table, order, again);
    require(cursor_read(a, table, order, text, &read) != CURSOR_OF_VALUES || strcmp(text, third) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static char lent[4096];
    char text[TEXT_BYTES];
    const data_table *table = grains();
    data_order order;
    arena a;
    if (size == 0)
        return 0;
    require(data_order_read(&order, table, orders[*input % ORDERS]) && cursor_may_be(&order));
    arena_init(&a, lent, sizeof lent, 1 << 20);
    input++;
    size--;
    size_t len = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, input, len);
    text[len] = '\0';
    void *row;
    cursor_form form = cursor_read(&a, table, &order, text, &row);
    if (form == CURSOR_OF_VALUES) { /* numbers may be written in several ways, but not the second time */
        const char *first = cursor_write(&a, table, &order, row);
        require(first != NULL);
        if (cursor_read(&a, table, &order, first, &row) == CURSOR_OF_VALUES)
            require(strcmp(first, cursor_write(&a, table, &order, row)) == 0);
    }
    check_row(table, &order, input, size, &a);
    arena_free(&a);
    return 0;
}

#include "data/order.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *skip_space(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

static size_t word_len(const char *at)
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_')
        len++;
    return len;
}

/** Reads the first term of "created desc, id" into `term`. Returns where the next one begins (the NUL after
 * the last one), or NULL when it is not one of the table's columns. */
static const char *next_term(const data_table *table, const char *at, data_order_term *term)
{
    at = skip_space(at);
    size_t len = word_len(at);
    term->column = data_table_column(table, at, len);
    if (len == 0 || term->column == NULL)
        return NULL;
    at = skip_space(at + len);
    len = word_len(at);
    term->is_descending = len == 4 && strncasecmp(at, "desc", 4) == 0;
    if (len != 0 && !term->is_descending && !(len == 3 && strncasecmp(at, "asc", 3) == 0))
        return NULL;
    at = skip_space(at + len);
    if (*at == ',')
        return at + 1;
    return *at == '\0' ? at : NULL;
}

/** A repeated column has no effect: rows that differ in it are already ordered. */
static void add_term(data_order *order, const data_table *table, data_order_term term)
{
    bool is_sole_key = term.column->is_key && table->key_count == 1;
    for (unsigned i = 0; i < order->count; i++)
        if (order->terms[i].column == term.column)
            return;
    order->terms[order->count++] = term;
    order->is_total |= is_sole_key || (term.column->is_unique && !term.column->is_nullable);
}

bool data_order_read(data_order *order, const data_table *table, const char *order_by)
{
    data_order_term term = {0};
    order->count = 0;
    order->is_total = false;
    for (const char *at = order_by; at != NULL && (*at != '\0' || at == order_by);) {
        at = next_term(table, at, &term);
        if (at == NULL)
            return false;
        add_term(order, table, term);
    }
    for (unsigned i = 0; i < table->key_count && !order->is_total; i++) {
        term.column = &table->columns[table->keys[i]];
        add_term(order, table, term);
    }
    order->is_total |= table->key_count != 0;
    return true;
}

void sql_order_terms(sql_builder *b, const data_order *order, const char *table)
{
    for (unsigned i = 0; i < order->count; i++) {
        const data_order_term *term = &order->terms[i];
        const char *direction = term->is_descending ? " desc" : "";
        sql_add(b, i == 0 ? " order by " : ", ");
        if (sql_is_number_as_text(term->column)) { /* and by the digits that a double lacks */
            sql_number(b, table, term->column);
            sql_add(b, direction);
            sql_add(b, ", ");
        }
        sql_add(b, table);
        sql_name(b, term->column->name);
        sql_add(b, direction);
    }
}

void sql_order(sql_builder *b, const data_table *table, const char *order_by)
{
    data_order order;
    if (data_order_read(&order, table, order_by))
        sql_order_terms(b, &order, "");
    else
        sql_mistake(b, order_by,
                    "orders by something that is not a field of the model; write \"field, other desc\"");
}

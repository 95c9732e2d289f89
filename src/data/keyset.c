#include "data/keyset.h"
#include "data/execute.h"
#include "data/misuse.h"
#include "data/order.h"

static void add_item(keyset *set, const data_order_term *term, bool is_number, bool is_null)
{
    set->nulls |= (uint64_t)is_null << set->count;
    set->items[set->count++] = (keyset_item){.column = term->column,
                                             .is_descending = term->is_descending,
                                             .is_number = is_number,
                                             .is_null = is_null};
}

void keyset_read(tern_ctx *c, const data_table *table, const char *order_by, const void *after, keyset *set)
{
    data_order order;
    set->count = 0;
    set->nulls = 0;
    if (!data_order_read(&order, table, order_by))
        data_misuse(c, ".order_by is \"field, other desc\", with fields of %s", table->type->name);
    if (!order.is_total)
        data_misuse(c, ".after needs a key that identifies rows, and %s has none", table->type->name);
    if (order.count > KEYSET_COLUMNS_MOST)
        data_misuse(c, ".after uses at most %d columns, including those of the key", KEYSET_COLUMNS_MOST);
    for (unsigned i = 0; i < order.count; i++) {
        bool is_null = data_column_is_null(order.terms[i].column, after);
        if (sql_is_number_as_text(order.terms[i].column))
            add_item(set, &order.terms[i], true, is_null);
        add_item(set, &order.terms[i], false, is_null);
    }
}

/** Which values of a column come after the one of the given row. */
typedef enum after_kind {
    AFTER_NOTHING,       /* none: it is null, and nulls come last */
    AFTER_NULL,          /* all values that are not null */
    AFTER_VALUE,         /* greater values, or smaller ones in a descending order */
    AFTER_VALUE_OR_NULLS /* and nulls */
} after_kind;

static after_kind after_of(const keyset_item *item, data_dialect dialect)
{
    bool has_nulls_last = dialect->has_nulls_last != item->is_descending;
    if (item->is_null)
        return has_nulls_last ? AFTER_NOTHING : AFTER_NULL;
    return item->column->is_nullable && has_nulls_last ? AFTER_VALUE_OR_NULLS : AFTER_VALUE;
}

static void add_column(sql_builder *b, const keyset_item *item)
{
    if (item->is_number)
        sql_number(b, "", item->column);
    else
        sql_name(b, item->column->name);
}

static void add_comparison(sql_builder *b, const keyset_item *item, const char *sign)
{
    add_column(b, item);
    sql_add(b, sign);
    sql_add(b, item->is_number ? "cast(" : "");
    sql_arg(b, item->column->kind);
    sql_add(b, item->is_number ? " as real)" : "");
}

static void add_equal(sql_builder *b, const keyset_item *item)
{
    if (!item->is_null) {
        add_comparison(b, item, " = ");
        return;
    }
    add_column(b, item);
    sql_add(b, " is null");
}

static void add_after(sql_builder *b, const keyset_item *item, after_kind kind)
{
    if (kind == AFTER_NULL) {
        add_column(b, item);
        sql_add(b, " is not null");
        return;
    }
    sql_add(b, kind == AFTER_VALUE_OR_NULLS ? "(" : "");
    add_comparison(b, item, item->is_descending ? " < " : " > ");
    if (kind == AFTER_VALUE_OR_NULLS) {
        sql_add(b, " or ");
        add_column(b, item);
        sql_add(b, " is null)");
    }
}

void keyset_add_condition(sql_builder *b, const keyset *set)
{
    const char *between = "(";
    for (unsigned i = 0; i < set->count; i++) { /* the last one is of a column that is never null */
        after_kind kind = after_of(&set->items[i], b->dialect);
        if (kind == AFTER_NOTHING)
            continue;
        sql_add(b, between);
        for (unsigned k = 0; k < i; k++) {
            add_equal(b, &set->items[k]);
            sql_add(b, " and ");
        }
        add_after(b, &set->items[i], kind);
        sql_add(b, ")");
        between = " or (";
    }
}

/** Whether the comparison for item `i` uses the value of item `k`. */
static bool has_value(const keyset_item *item, bool is_last, after_kind kind)
{
    return is_last ? kind != AFTER_NULL : !item->is_null;
}

unsigned keyset_count(const keyset *set, data_dialect dialect)
{
    unsigned count = 0;
    for (unsigned i = 0; i < set->count; i++) {
        after_kind kind = after_of(&set->items[i], dialect);
        for (unsigned k = 0; k <= i && kind != AFTER_NOTHING; k++)
            count += has_value(&set->items[k], k == i, kind);
    }
    return count;
}

void keyset_values(tern_ctx *c, const data_table *table, const keyset *set, data_dialect dialect,
                   const void *after, tern_arg *values)
{
    data_error error;
    for (unsigned i = 0; i < set->count; i++) {
        after_kind kind = after_of(&set->items[i], dialect);
        for (unsigned k = 0; k <= i && kind != AFTER_NOTHING; k++)
            if (has_value(&set->items[k], k == i, kind) &&
                !data_column_arg(set->items[k].column, after, ctx_arena(c), values++, &error))
                data_answer(c, &error, table, NULL);
    }
}

/* Rows of one table: tern_select, tern_first, tern_find, tern_count, tern_exists, sums. */
#include "data/select.h"
#include "data/misuse.h"
#include "data/rows.h"

#include <string.h>

/* -- from a selection to a statement -- */

enum { HAS_LIMIT = 1, HAS_OFFSET = 2, HAS_AFTER = 4, IS_FOR_UPDATE = 8, IS_OF_SOME = HAS_LIMIT | HAS_OFFSET };

void select_columns(sql_builder *b, const data_table *table)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        sql_add(b, i == 0 ? "" : ", ");
        sql_name(b, table->columns[i].name);
    }
}

/* -- keyset pages -- */

/** A column that rows are ordered by, or the number that its text stands for. */
typedef struct keyset_item {
    const data_column *column;
    bool is_descending, is_number;
} keyset_item;

/** What a selection with `.after` is ordered by: its order_by, and then the key, so that no two rows are
 * equal. Decimals stand in it twice where they are kept as text, as in sql_order. */
typedef struct keyset {
    keyset_item items[2 * DATA_ORDER_MOST];
    unsigned count, columns;
} keyset;

static bool keyset_has(const keyset *set, const data_column *column)
{
    for (unsigned i = 0; i < set->count; i++)
        if (set->items[i].column == column)
            return true;
    return false;
}

static void keyset_add(keyset *set, const data_column *column, bool is_descending)
{
    set->columns++;
    if (sql_is_number_as_text(column))
        set->items[set->count++] = (keyset_item){column, is_descending, true};
    set->items[set->count++] = (keyset_item){column, is_descending, false};
}

static void keyset_read(tern_ctx *c, const data_table *table, const char *order_by, keyset *set)
{
    const data_column *column;
    bool is_descending = false;
    set->count = set->columns = 0;
    for (const char *at = order_by != NULL ? order_by : ""; *at != '\0' && set->columns < DATA_ORDER_MOST;) {
        at = sql_next_order(table, at, &column, &is_descending);
        if (at == NULL)
            data_misuse(c, ".order_by is \"field, other desc\", with fields of %s", table->type->name);
        keyset_add(set, column, is_descending);
    }
    for (unsigned i = 0; i < table->key_count && set->columns < DATA_ORDER_MOST; i++) {
        const data_column *key = &table->columns[table->keys[i]];
        if (!keyset_has(set, key))
            keyset_add(set, key, is_descending);
    }
    for (unsigned i = 0; i < set->count; i++)
        if (set->items[i].column->is_nullable)
            data_misuse(c, ".after cannot go on behind a row by %s, which may be null",
                        set->items[i].column->name);
}

static void add_keyset_item(sql_builder *b, const keyset_item *item)
{
    if (item->is_number)
        sql_number(b, item->column);
    else
        sql_name(b, item->column->name);
}

/** (a > ?) or (a = ? and b > ?) or ...; the values are the row's, in the order in which they stand here. */
static void add_keyset(sql_builder *b, const keyset *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        sql_add(b, i == 0 ? "(" : " or (");
        for (unsigned k = 0; k <= i; k++) {
            const keyset_item *item = &set->items[k];
            add_keyset_item(b, item);
            sql_add(b, k < i ? " = " : item->is_descending ? " < " : " > ");
            sql_add(b, item->is_number ? "cast(" : "");
            sql_arg(b, item->column->kind);
            sql_add(b, item->is_number ? " as real)" : "");
            sql_add(b, k < i ? " and " : ")");
        }
    }
}

static void add_keyset_order(sql_builder *b, const keyset *set)
{
    for (unsigned i = 0; i < set->count; i++) {
        sql_add(b, i == 0 ? " order by " : ", ");
        add_keyset_item(b, &set->items[i]);
        sql_add(b, set->items[i].is_descending ? " desc" : "");
    }
}

/* -- building -- */

static void add_where(sql_builder *b, const data_table *table, const tern_selection *s, const keyset *after)
{
    if (s->where != NULL) {
        sql_add(b, " where ");
        sql_add(b, after != NULL ? "(" : "");
        sql_fragment(b, table, s->where, &s->args, s->trusted_sql);
        sql_add(b, after != NULL ? ")" : "");
    }
    if (after != NULL) {
        sql_add(b, s->where != NULL ? " and (" : " where (");
        add_keyset(b, after);
        sql_add(b, ")");
    }
}

uint8_t select_flags(const tern_selection *s)
{
    return (uint8_t)((s->limit != 0) * HAS_LIMIT + (s->offset != 0) * HAS_OFFSET +
                     (s->after != NULL) * HAS_AFTER + s->for_update * IS_FOR_UPDATE);
}

void select_limit(sql_builder *b, unsigned flags)
{
    if ((flags & HAS_LIMIT) != 0) {
        sql_add(b, " limit ");
        sql_arg(b, TERN_ARG_INT);
    } else if ((flags & HAS_OFFSET) != 0 && b->dialect == DATA_SQLITE) {
        sql_add(b, " limit -1"); /* it knows no offset without a limit */
    }
    if ((flags & HAS_OFFSET) != 0) {
        sql_add(b, " offset ");
        sql_arg(b, TERN_ARG_INT);
    }
    if ((flags & IS_FOR_UPDATE) != 0 && b->dialect == DATA_POSTGRES)
        sql_add(b, " for update");
}

const char select_functions[4][4] = {"sum", "avg", "min", "max"};

/** Whether the statement makes one value of all the rows. */
static bool is_of_all(statement_verb verb)
{
    return verb == STATEMENT_COUNT || verb == STATEMENT_AGGREGATE;
}

/** What comes before " where": "select ... from TABLE", or "select count(*) from (select * from TABLE" when
 * the limits choose what is counted. */
static void add_head(sql_builder *b, const data_table *table, statement_verb verb, const select_sum *sum,
                     unsigned flags)
{
    sql_add(b, verb == STATEMENT_REMOVE_WHERE ? "delete" : "select ");
    switch (verb) {
    case STATEMENT_COUNT:
        sql_add(b, "count(*)");
        break;
    case STATEMENT_EXISTS:
        sql_add(b, "cast(1 as bigint)");
        break;
    case STATEMENT_AGGREGATE: /* a double, whatever the column's kind: sums of integers are numeric in
                                 PostgreSQL */
        sql_add(b, "cast(");
        buf_add(&b->sql, select_functions[sum->function], sizeof select_functions[0] - 1);
        sql_add(b, "(");
        sql_number(b, sum->column);
        sql_add(b, ") as double precision)");
        break;
    case STATEMENT_REMOVE_WHERE:
        break;
    default:
        select_columns(b, table);
    }
    if (is_of_all(verb) && (flags & IS_OF_SOME) != 0)
        sql_add(b, " from (select *");
    sql_add(b, " from ");
    sql_name(b, table->name);
}

/** " order by", where it makes a difference. */
static void add_order(sql_builder *b, const data_table *table, const tern_selection *s, const keyset *after)
{
    if (after != NULL)
        add_keyset_order(b, after);
    else if (s->order_by != NULL)
        sql_order(b, table, s->order_by);
}

static const data_statement *select_statement(tern_ctx *c, const data_table *table, statement_verb verb,
                                              const select_sum *sum, const tern_selection *s)
{
    statement_key key;
    keyset after;
    statement_key_begin(&key, table->type, verb);
    key.texts[0] = s->where;
    key.texts[1] = s->order_by;
    if (sum != NULL) {
        key.columns[0] = sum->function;
        key.columns[1] = (uint64_t)(sum->column - table->columns);
    }
    if (s->limit < 0 || s->offset < 0)
        data_misuse(c, ".limit and .offset are not negative");
    key.flags = select_flags(s);
    statement_key_args(c, &key, &s->args);
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    if (s->where == NULL && s->args.count != 0)
        data_misuse(c, ".args has values, but there is no .where for them");
    if (s->after != NULL)
        keyset_read(c, table, s->order_by, &after);
    bool is_of_some = (key.flags & IS_OF_SOME) != 0;
    sql_builder b;
    sql_begin(&b);
    if (s->order_by != NULL)
        sql_note_order(&b, s->order_by);
    add_head(&b, table, verb, sum, key.flags);
    add_where(&b, table, s, s->after != NULL ? &after : NULL);
    if (!is_of_all(verb) || is_of_some)
        add_order(&b, table, s, s->after != NULL ? &after : NULL);
    select_limit(&b, key.flags);
    if (is_of_all(verb) && is_of_some)
        sql_add(&b, ") chosen");
    return sql_finish(c, &b, &key, verb == STATEMENT_REMOVE_WHERE || s->for_update);
}

/* -- binding -- */

static void add_after_values(tern_ctx *c, const data_table *table, const keyset *set, const void *after,
                             tern_arg *args)
{
    data_error error;
    for (unsigned i = 0; i < set->count; i++)
        for (unsigned k = 0; k <= i; k++)
            if (!data_column_arg(set->items[k].column, after, &c->x->arena, args++, &error))
                data_answer(c, &error, table, NULL);
}

const tern_arg *select_args(tern_ctx *c, const data_table *table, const tern_selection *s)
{
    keyset set;
    set.count = 0; /* its items are not worth clearing for every query */
    if (s->limit == 0 && s->offset == 0 && s->after == NULL)
        return s->args.items;
    if (s->after != NULL)
        keyset_read(c, table, s->order_by, &set);
    unsigned count = s->args.count, after_count = set.count * (set.count + 1) / 2;
    tern_arg *args = ctx_need(c, arena_alloc(&c->x->arena, (count + after_count + 2) * sizeof *args));
    if (count != 0)
        memcpy(args, s->args.items, count * sizeof *args);
    add_after_values(c, table, &set, s->after, args + count);
    count += after_count;
    if (s->limit != 0)
        args[count++] = tern_arg_int(s->limit);
    if (s->offset != 0)
        args[count++] = tern_arg_int(s->offset);
    return args;
}

void select_prepare(tern_ctx *c, const data_table *table, statement_verb verb, const select_sum *sum,
                    const tern_selection *s, data_run *run)
{
    run->statement = select_statement(c, table, verb, sum, s);
    run->args = statement_args(c, run->statement, select_args(c, table, s));
}

/* -- what users call -- */

tern_selection tern_where_of(tern_ctx *c, const char *text, tern_args args)
{
    tern_arg *kept = tern_alloc(c, args.count * sizeof *kept);
    if (args.count != 0)
        memcpy(kept, args.items, args.count * sizeof *kept);
    return (tern_selection){.where = text, .args = {kept, args.count}};
}

const rows_map *select_need_map(tern_ctx *c, const data_table *table)
{
    return ctx_need(c, (void *)(uintptr_t)rows_map_of_table(table));
}

static void select_into(tern_ctx *c, const data_table *table, const tern_selection *s, rows_list *list)
{
    *list = (rows_list){.c = c, .map = select_need_map(c, table)};
    data_request_of(c);
    data_run run = {.on_row = rows_take, .sink = list};
    select_prepare(c, table, STATEMENT_SELECT, NULL, s, &run);
    if (!data_execute(c, &run, table, s->error))
        list->count = 0;
}

void *tern_select_of(tern_ctx *c, const tern_type *type, const tern_selection *s)
{
    rows_list list;
    select_into(c, data_need_table(c, type), s, &list);
    return rows_as_list(&list);
}

void *tern_first_of(tern_ctx *c, const tern_type *type, const tern_selection *s)
{
    rows_list list;
    tern_selection one = *s;
    one.limit = 1;
    select_into(c, data_need_table(c, type), &one, &list);
    return list.count != 0 ? list.items : NULL;
}

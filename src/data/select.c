/* Selects rows of one table: tern_select, tern_first, tern_find, tern_count, tern_exists, sums. */
#include "data/select.h"
#include "data/filters.h"
#include "data/keyset.h"
#include "data/misuse.h"
#include "data/order.h"
#include "data/rows.h"
#include "data/worker_database.h"

#include <tern/log.h>

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

/* -- building -- */

bool select_condition(sql_builder *b, const data_table *table, const tern_selection *s, const char *before,
                      bool is_alone)
{
    bool has_filters = filters_has_given(&s->filters), has_brackets = has_filters || !is_alone;
    if (s->where != NULL) {
        sql_add(b, before);
        sql_add(b, has_brackets ? "(" : "");
        sql_fragment(b, data_table_base(table), s->where, &s->args, s->trusted_sql);
        sql_add(b, has_brackets ? ")" : "");
        before = " and ";
    }
    if (has_filters) {
        sql_add(b, before);
        sql_filters(b, data_table_base(table), &s->filters, s->trusted_sql);
    }
    return s->where != NULL || has_filters;
}

void select_where(sql_builder *b, const data_table *table, const tern_selection *s, const keyset *after)
{
    bool has_condition = select_condition(b, table, s, " where ", after == NULL);
    if (after == NULL)
        return;
    sql_add(b, has_condition ? " and (" : " where (");
    keyset_add_condition(b, after);
    sql_add(b, ")");
}

const filters_given *select_given(tern_ctx *c, const tern_selection *s)
{
    if (s->where == NULL && s->args.count != 0)
        data_misuse(c, ".args has values, but there is no .where for them");
    return filters_read(c, &s->args, &s->filters);
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
    } else if ((flags & HAS_OFFSET) != 0) {
        sql_add(b, b->dialect->all_rows);
    }
    if ((flags & HAS_OFFSET) != 0) {
        sql_add(b, " offset ");
        sql_arg(b, TERN_ARG_INT);
    }
    if ((flags & IS_FOR_UPDATE) != 0)
        sql_add(b, b->dialect->row_lock);
}

const char select_functions[4][4] = {"sum", "avg", "min", "max"};

/** Whether the statement returns one value for all rows. */
static bool is_of_all(statement_verb verb)
{
    return verb == STATEMENT_COUNT || verb == STATEMENT_AGGREGATE;
}

/** The text before " where": "select ... from TABLE", or "select count(*) from (select * from TABLE" when
 * limits choose the rows to count. */
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
    case STATEMENT_AGGREGATE: /* a double for any kind of column: sums of integers are numeric in
                                 PostgreSQL */
        sql_add(b, "cast(");
        buf_add(&b->sql, select_functions[sum->function], sizeof select_functions[0] - 1);
        sql_add(b, "(");
        sql_number(b, "", sum->column);
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

/** Whether a call is reported for the first time: it has one statement for a first page and another for later
 * ones. Also false when too many calls were reported. */
static bool is_new_place(const char *place)
{
    enum { PLACES_MOST = 64 };
    static const char *told[PLACES_MOST];
    unsigned i = 0;
    while (i < PLACES_MOST && told[i] != NULL && strcmp(told[i], place) != 0)
        i++;
    if (i == PLACES_MOST || told[i] != NULL)
        return false;
    told[i] = place;
    return true;
}

/** Warns the developer about pages without an order, or with one in which rows may be equal: each page is a
 * separate query and may order the rows differently. */
static void warn_of_pages(tern_ctx *c, const data_table *table, const tern_selection *s)
{
    char label[160];
    data_order order;
    bool may_be_pages = (s->limit > 1 || s->offset != 0) && s->place != NULL;
    if (!may_be_pages || s->after != NULL)
        return;
    if (s->order_by != NULL && (!data_order_read(&order, table, s->order_by) || order.is_total))
        return;
    if (!is_new_place(s->place))
        return;
    const char *key = table->key_count != 0 ? table->columns[table->keys[0]].plan->field->name : NULL;
    tern_log(TERN_LOG_WARN,
             "%s: %s selects %s rows with .limit or .offset without an order, so pages may repeat "
             "rows and leave others out; %s",
             s->place, ctx_route_label(c, label, sizeof label), table->type->name,
             key == NULL ? "the view has no field with .key = true, which would complete .order_by"
                         : arena_printf(ctx_arena(c), "give it .order_by = \"%s\"", key));
}

void select_build(sql_builder *b, const data_table *table, statement_verb verb, const select_sum *sum,
                  const tern_selection *s, const keyset *after)
{
    unsigned flags = select_flags(s);
    bool is_of_some = (flags & IS_OF_SOME) != 0;
    sql_begin(b);
    if (s->order_by != NULL)
        sql_note_order(b, s->order_by);
    add_head(b, table, verb, sum, flags);
    select_where(b, table, s, after);
    if ((s->order_by != NULL || after != NULL) && (!is_of_all(verb) || is_of_some))
        sql_order(b, table, s->order_by);
    select_limit(b, flags);
    if (is_of_all(verb) && is_of_some)
        sql_add(b, ") chosen");
}

static const data_statement *select_statement(tern_ctx *c, const data_table *table, statement_verb verb,
                                              const select_sum *sum, const tern_selection *s,
                                              const keyset *after, const filters_given *given)
{
    statement_key key;
    statement_key_begin(&key, table->type, verb);
    key.texts[0] = s->where;
    key.texts[1] = s->order_by;
    if (sum != NULL) {
        key.columns[0] = sum->function;
        key.columns[1] = (uint64_t)(sum->column - table->columns);
    }
    if (s->limit < 0 || s->offset < 0)
        data_misuse(c, ".limit and .offset are not negative");
    if (after != NULL)
        key.columns[2] = after->nulls;
    key.flags = select_flags(s);
    if (given == NULL)
        statement_key_args(c, &key, &s->args);
    const data_statement *statement = statement_find_with(c, &key, given);
    if (statement != NULL)
        return statement;
    warn_of_pages(c, table, s);
    sql_builder b;
    select_build(&b, table, verb, sum, s, after);
    return sql_finish_with(c, &b, &key, given, verb == STATEMENT_REMOVE_WHERE || s->for_update);
}

/* -- binding -- */

const tern_arg *select_args(tern_ctx *c, const data_table *table, const tern_selection *s,
                            const tern_args *given, const keyset *after)
{
    if (s->limit == 0 && s->offset == 0 && after == NULL)
        return given->items;
    data_dialect dialect = data_self.engine->dialect;
    unsigned count = given->count, after_count = after != NULL ? keyset_count(after, dialect) : 0;
    tern_arg *args = ctx_need(c, arena_alloc(ctx_arena(c), (count + after_count + 2) * sizeof *args));
    if (count != 0)
        memcpy(args, given->items, count * sizeof *args);
    if (after != NULL)
        keyset_values(c, table, after, dialect, s->after, args + count);
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
    keyset set; /* its items are not worth clearing for every query */
    const keyset *after = s->after != NULL ? &set : NULL;
    if (after != NULL)
        keyset_read(c, table, s->order_by, s->after, &set);
    const filters_given *given = select_given(c, s);
    const tern_args *args = given != NULL ? &given->args : &s->args;
    run->statement = select_statement(c, table, verb, sum, s, after, given);
    run->args = statement_args(c, run->statement, select_args(c, table, s, args, after));
}

/* -- the public functions -- */

tern_selection tern_where_of(tern_ctx *c, const char *text, tern_args args)
{
    return (tern_selection){.where = text, .args = filters_keep_args(c, &args)};
}

tern_selection tern_where_given_of(tern_ctx *c, tern_filters filters)
{
    return (tern_selection){.filters = filters_keep(c, &filters)};
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

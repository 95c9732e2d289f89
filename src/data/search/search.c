/* Rows by the words in them: tern_search, tern_search_count. */
#include "data/search/search.h"
#include "data/misuse.h"
#include "data/order.h"
#include "data/rows.h"
#include "data/select.h"
#include "data/worker_database.h"

#include <string.h>

/* -- building -- */

/** SQLite: the numbers of the rows from the index, then the rows. The index stands in brackets, so that its
 * column names are not those of .where; `cross join` keeps SQLite from going through the rows first. */
static void add_source(sql_builder *b, const data_table *table)
{
    if (b->dialect == DATA_SQLITE) {
        sql_add(b, " from (select rowid as tern_search_row, rank as tern_search_rank from ");
        sql_name(b, table->search);
        sql_add(b, " where ");
        sql_name(b, table->search);
        sql_add(b, " match ");
        sql_arg(b, TERN_ARG_TEXT);
        sql_add(b, ") cross join ");
        sql_name(b, table->name);
        sql_add(b, " where ");
        sql_name(b, table->name);
        sql_add(b, ".");
        sql_name(b, table->search_row);
        sql_add(b, " = tern_search_row");
        return;
    }
    sql_add(b, " from ");
    sql_name(b, table->name);
    sql_add(b, " where ");
    search_add_vector(&b->sql, table->searched, table->searched_count);
    sql_add(b, " @@ to_tsquery('simple', ");
    sql_arg(b, TERN_ARG_TEXT);
    sql_add(b, ")");
}

/** The best first; rows of the same rank always in the same order, so that pages do not overlap. */
static void add_rank(sql_builder *b, const data_table *table)
{
    sql_add(b, " order by ");
    if (b->dialect == DATA_SQLITE) {
        sql_add(b, "tern_search_rank");
    } else {
        sql_add(b, "ts_rank(");
        search_add_vector(&b->sql, table->searched, table->searched_count);
        sql_add(b, ", to_tsquery('simple', $1)) desc");
    }
    for (unsigned i = 0; i < table->key_count; i++) {
        sql_add(b, ", ");
        sql_name(b, table->columns[table->keys[i]].name);
    }
}

void search_build(sql_builder *b, const data_table *table, statement_verb verb, const tern_selection *s)
{
    sql_begin(b);
    if (s->order_by != NULL)
        sql_note_order(b, s->order_by);
    sql_add(b, "select ");
    if (verb == STATEMENT_SEARCH)
        select_columns(b, table);
    else
        sql_add(b, "count(*)");
    add_source(b, table);
    if (s->where != NULL) {
        sql_add(b, " and (");
        sql_fragment(b, table, s->where, &s->args, s->trusted_sql);
        sql_add(b, ")");
    }
    if (s->order_by != NULL)
        sql_order(b, table, s->order_by);
    else if (verb == STATEMENT_SEARCH)
        add_rank(b, table);
    select_limit(b, select_flags(s));
}

static const data_statement *search_statement(tern_ctx *c, const data_table *table, statement_verb verb,
                                              const tern_selection *s, const tern_args *args)
{
    statement_key key;
    statement_key_begin(&key, table->type, verb);
    key.texts[0] = s->where;
    key.texts[1] = s->order_by;
    key.flags = select_flags(s);
    statement_key_args(c, &key, args);
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    if (s->where == NULL && s->args.count != 0)
        data_misuse(c, ".args has values, but there is no .where for them");
    sql_builder b;
    search_build(&b, table, verb, s);
    return sql_finish(c, &b, &key, s->for_update);
}

/* -- running -- */

/** What was typed as the query of the engine, in the request's memory; NULL when no row can match. */
static const char *query_of(tern_ctx *c, const char *words)
{
    buf query = {0};
    const char *kept = NULL;
    bool may_match = search_add_query(&query, data_self.engine->dialect, words);
    if (may_match && !query.failed)
        kept = arena_text(&c->x->arena, query.data, query.len);
    buf_free(&query);
    return may_match ? ctx_need(c, (void *)(uintptr_t)kept) : NULL;
}

/** Runs the search; false when no row can match, or with s->error set. */
static bool run_search(tern_ctx *c, const data_table *table, statement_verb verb, const char *words,
                       const tern_selection *s, data_run *run)
{
    if (table->searched_count == 0)
        data_misuse(c, "%s has no field with .search = true", table->type->name);
    if (s->after != NULL)
        data_misuse(c, "tern_search goes on by .offset: there is no order that .after could go on in");
    data_request_of(c);
    const char *query = query_of(c, words);
    if (query == NULL) {
        if (s->error != NULL)
            *s->error = (tern_data_error){0};
        return false;
    }
    tern_arg *args = tern_alloc(c, (s->args.count + 1) * sizeof *args);
    args[0] = tern_arg_text(query);
    if (s->args.count != 0)
        memcpy(args + 1, s->args.items, s->args.count * sizeof *args);
    tern_selection whole = *s;
    whole.args = (tern_args){args, s->args.count + 1};
    run->statement = search_statement(c, table, verb, s, &whole.args);
    run->args = statement_args(c, run->statement, select_args(c, table, &whole, NULL));
    return data_execute(c, run, table, s->error);
}

void *tern_search_of(tern_ctx *c, const tern_type *type, const char *words, const tern_selection *s)
{
    const data_table *table = data_need_table(c, type);
    rows_list list = {.c = c, .map = select_need_map(c, table)};
    data_run run = {.on_row = rows_take, .sink = &list};
    if (!run_search(c, table, STATEMENT_SEARCH, words, s, &run))
        list.count = 0;
    return rows_as_list(&list);
}

static bool take_count(data_run *run, const data_row *row)
{
    bool is_null = false;
    const char *wanted = row->engine->column_read(row, 0, &tern_int64_type, run->sink, &is_null, run->memory);
    run->rows++;
    return wanted == NULL || data_refuse(&run->error, TERN_DATA_FAILED, "the count is not %s", wanted);
}

int64_t tern_search_count_of(tern_ctx *c, const tern_type *type, const char *words, const tern_selection *s)
{
    int64_t count = 0;
    tern_selection all = *s;
    data_run run = {.on_row = take_count, .sink = &count};
    all.limit = all.offset = 0;
    all.order_by = NULL;
    all.for_update = false;
    return run_search(c, data_need_table(c, type), STATEMENT_SEARCH_COUNT, words, &all, &run) ? count : 0;
}

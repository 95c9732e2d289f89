/* Finds rows by the words in them: tern_search, tern_search_count. */
#include "data/search/search.h"
#include "data/filters.h"
#include "data/misuse.h"
#include "data/order.h"
#include "data/rows.h"
#include "data/select.h"
#include "data/worker_database.h"

#include <string.h>

/* -- building -- */

/** Best matches first. Rows with the same rank always have the same order, so that pages do not overlap. */
static void add_rank(sql_builder *b, const data_table *table)
{
    sql_add(b, " order by ");
    b->dialect->add_search_rank(b, table);
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
    b->dialect->add_search(b, table);
    select_condition(b, table, s, " and ", false);
    if (s->order_by != NULL)
        sql_order(b, table, s->order_by);
    else if (verb == STATEMENT_SEARCH)
        add_rank(b, table);
    select_limit(b, select_flags(s));
}

static const data_statement *search_statement(tern_ctx *c, const data_table *table, statement_verb verb,
                                              const tern_selection *s, const tern_args *args,
                                              const filters_given *given)
{
    statement_key key;
    statement_key_begin(&key, table->type, verb);
    key.texts[0] = s->where;
    key.texts[1] = s->order_by;
    key.flags = select_flags(s);
    if (given == NULL)
        statement_key_args(c, &key, args);
    const data_statement *statement = statement_find_with(c, &key, given);
    if (statement != NULL)
        return statement;
    sql_builder b;
    search_build(&b, table, verb, s);
    return sql_finish_with(c, &b, &key, given, s->for_update);
}

/* -- running -- */

/** The user's text as a query of the engine, in the request's memory; NULL when no row can match. */
static const char *query_of(tern_ctx *c, const char *words)
{
    buf query = {0};
    const char *kept = NULL;
    bool may_match = search_add_query(&query, data_self.engine->dialect, words);
    if (may_match && !query.failed)
        kept = arena_text(ctx_arena(c), query.data, query.len);
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
        data_misuse(c, "tern_search continues with .offset: it has no order for .after");
    data_request_of(c);
    const char *query = query_of(c, words);
    if (query == NULL) {
        if (s->error != NULL)
            *s->error = (tern_data_error){0};
        return false;
    }
    const filters_given *given = select_given(c, s);
    const tern_args *more = given != NULL ? &given->args : &s->args;
    tern_arg *args = tern_alloc(c, (more->count + 1) * sizeof *args);
    args[0] = tern_arg_text(query);
    if (more->count != 0)
        memcpy(args + 1, more->items, more->count * sizeof *args);
    const tern_args all = {args, more->count + 1};
    run->statement = search_statement(c, table, verb, s, &all, given);
    run->args = statement_args(c, run->statement, select_args(c, table, s, &all, NULL));
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

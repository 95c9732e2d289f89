/* The number of rows in a list: counted, or estimated where counting would read too many rows. */
#include "data/filters.h"
#include "data/page/page.h"
#include "data/rows.h"
#include "data/worker_database.h"

#include <stdlib.h>
#include <string.h>

static const data_statement *estimate_statement(tern_ctx *c, const data_table *table, const tern_selection *s,
                                                const filters_given *given)
{
    statement_key key;
    statement_key_begin(&key, table->type, STATEMENT_ESTIMATE);
    key.texts[0] = s->where;
    if (given == NULL)
        statement_key_args(c, &key, &s->args);
    const data_statement *statement = statement_find_with(c, &key, given);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_add(&b, "explain select 1 from ");
    sql_name(&b, table->name);
    select_where(&b, table, s, NULL);
    return sql_finish_with(c, &b, &key, given, false);
}

/** The first line of a plan, for its top node: "Seq Scan on todo  (cost=0.00..22.70 rows=1270 width=4)". */
static bool take_plan(data_run *run, const data_row *row)
{
    int64_t *rows = run->sink;
    const char *line = NULL, *number = NULL;
    bool is_null = false;
    run->rows++;
    if (row->engine->column_read(row, 0, &tern_text_type, &line, &is_null, run->memory) != NULL || is_null)
        return false;
    for (const char *at = strstr(line, " rows="); at != NULL; at = strstr(at + 1, " rows="))
        number = at + strlen(" rows="); /* the last one: a table's name may contain another */
    if (number != NULL)
        *rows = strtoll(number, NULL, 10);
    return false; /* the other lines are ignored */
}

/** The planner's estimate; -1 without one. */
static int64_t estimate(tern_ctx *c, const data_table *table, const tern_selection *s)
{
    int64_t rows = -1;
    data_request_of(c);
    data_run run = {.on_row = take_plan, .sink = &rows};
    const filters_given *given = select_given(c, s);
    run.statement = estimate_statement(c, table, s, given);
    run.args = statement_args(c, run.statement, given != NULL ? given->args.items : s->args.items);
    return data_execute(c, &run, table, s->error) ? rows : -1;
}

void total_find(tern_ctx *c, const data_table *table, const char *words, tern_total kind,
                const tern_selection *s, tern_paging *p)
{
    tern_selection counted = *s;
    counted.order_by = NULL; /* it does not affect the number of rows */
    p->total_is_estimate = false;
    if (words != NULL || kind == TERN_TOTAL_EXACT) {
        p->total = words != NULL ? tern_search_count_of(c, table->type, words, &counted)
                                 : tern_count_of(c, table->type, &counted);
        return;
    }
    int64_t rows = data_self.engine->dialect->estimates_rows ? estimate(c, table, s) : -1;
    if (rows <= TOTAL_EXACT_MOST) { /* estimates of few rows are poor */
        counted.limit = TOTAL_EXACT_MOST + 1;
        rows = tern_count_of(c, table->type, &counted);
    }
    p->total = rows;
    p->total_is_estimate = rows > TOTAL_EXACT_MOST;
}

/* Raw SQL of the program: tern_sql, tern_sql_run. */
#include "data/raw_sql.h"
#include "app/bind/bind.h"
#include "data/filters.h"
#include "data/misuse.h"
#include "data/rows.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_one_of(const char *at, size_t len, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strlen(*words) == len && strncasecmp(at, *words, len) == 0)
            return true;
    return false;
}

static const char *const writing[] = {"insert", "update", "delete", "replace", "merge", "into", "call", NULL};

static size_t word_len(const char *at)
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_')
        len++;
    return len;
}

/** Whether one of its words shows that it changes rows. */
static bool changes_rows(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = word_len(at);
        if (len != 0 && is_one_of(at, len, writing))
            return true;
        at += len + (len == 0);
    }
    return false;
}

/**
 * Whether a statement only reads, judged by its words. An uncertain statement goes where writing is possible.
 * A function may do anything, so only functions known to change nothing are allowed: an engine may run a
 * read-only statement twice.
 */
static bool only_reads(const char *text)
{
    static const char *const reading[] = {"select", "with", "values", NULL};
    static const char *const pure[] = {
        "select",   "with",   "values", "as",    "in",     "exists",     "and",  "or",
        "not",      "where",  "on",     "from",  "join",   "using",      "over", "filter",
        "any",      "all",    "some",   "then",  "else",   "when",       "by",   "union",
        "distinct", "count",  "sum",    "avg",   "min",    "max",        "cast", "lower",
        "upper",    "length", "abs",    "round", "nullif", "substr",     "date", "extract",
        "coalesce", "rank",   "having", "limit", "trim",   "row_number", NULL};
    bool is_first = true;
    for (const char *at = text; *at != '\0';) {
        size_t len = word_len(at);
        if (len == 0) {
            at++;
            continue;
        }
        if (is_one_of(at, len, writing) || (is_first && !is_one_of(at, len, reading)))
            return false;
        is_first = false;
        const char *next = at + len + strspn(at + len, " \n\t");
        if (*next == '(' && !is_one_of(at, len, pure))
            return false;
        at += len;
    }
    return !is_first;
}

const data_statement *raw_sql_statement(tern_ctx *c, const tern_type *type, const char *text, tern_args *args)
{
    statement_key key;
    data_request_of(c);
    const filters_given *given = filters_read(c, args, NULL);
    const tern_args written = *args;
    statement_key_begin(&key, type, STATEMENT_OWN);
    key.texts[0] = text;
    if (given == NULL)
        statement_key_args(c, &key, args);
    else
        *args = given->args;
    const data_statement *statement = statement_find_with(c, &key, given);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_fragment(&b, NULL, text, &written, false);
    if (b.has_empty_filters && changes_rows(text)) /* without its condition it would change all rows */
        sql_mistake(&b, text, "would change every row: none of its filters is given");
    return sql_finish_with(c, &b, &key, given, !only_reads(text));
}

/** The model is known before, but the fields that the columns fill are known only with the first row. */
typedef struct own_rows {
    rows_list list;
    const tern_type *type;
} own_rows;

/** The same mistake is reported whether there are rows or not. */
static bool check_columns(data_run *run, const data_row *row)
{
    own_rows *own = run->sink;
    own->list.map = rows_map_named(run, own->type, row);
    return own->list.map != NULL;
}

static bool take_own(data_run *run, const data_row *row)
{
    own_rows *own = run->sink;
    if (own->list.map == NULL && !check_columns(run, row))
        return false;
    run->sink = &own->list;
    bool is_taken = own->list.map->nests == NULL ? rows_take(run, row) : rows_take_nested(run, row);
    run->sink = own;
    return is_taken;
}

void *tern_sql_of(tern_ctx *c, const tern_type *type, const char *text, tern_args args)
{
    own_rows own = {.list = {.c = c}, .type = type};
    if (type->kind != TERN_KIND_MODEL)
        data_misuse(c, "tern_sql reads rows into a model, which %s is not (tern_sql_pluck lists one column)",
                    type->name);
    bind_need_plan(c, type);
    data_run run = {.on_row = take_own, .on_no_rows = check_columns, .sink = &own};
    run.statement = raw_sql_statement(c, type, text, &args);
    run.args = args.items;
    data_execute(c, &run, NULL, NULL);
    return rows_as_list(&own.list);
}

int64_t tern_sql_run_of(tern_ctx *c, const char *text, tern_args args)
{
    data_run run = {.statement = raw_sql_statement(c, NULL, text, &args)};
    run.args = args.items;
    data_execute(c, &run, NULL, NULL);
    return run.affected;
}

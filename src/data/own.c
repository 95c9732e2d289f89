/* SQL that the program wrote: tern_sql, tern_sql_run. */
#include "app/bind.h"
#include "data/rows.h"
#include "data/statement.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_word(const char *at, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(at, word, len) == 0;
}

/** Whether a statement only reads, for all that its words tell: what is not certain goes where writing is
 * possible. */
static bool only_reads(const char *text)
{
    static const char *const writing[] = {"insert", "update", "delete", "replace", "merge", "into", "call"};
    bool is_first = true, reads = false;
    for (const char *at = text; *at != '\0';) {
        size_t len = 0;
        while (isalpha((unsigned char)at[len]) || at[len] == '_')
            len++;
        for (size_t i = 0; i < sizeof writing / sizeof *writing; i++)
            if (is_word(at, len, writing[i]))
                return false;
        if (is_first && len != 0) {
            reads = is_word(at, len, "select") || is_word(at, len, "with") || is_word(at, len, "values");
            is_first = false;
        }
        at += len != 0 ? len : 1;
    }
    return reads;
}

static const data_statement *own_statement(tern_ctx *c, const tern_type *type, const char *text,
                                           tern_args args)
{
    statement_key key;
    data_request_of(c);
    memset(&key, 0, sizeof key);
    key.type = type;
    key.verb = STATEMENT_OWN;
    key.texts[0] = text;
    statement_key_args(c, &key, &args);
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_fragment(&b, text, &args, false);
    return sql_finish(c, &b, &key, !only_reads(text));
}

/** The rows' model is known before, which of its fields they fill with the first row. */
typedef struct own_rows {
    rows_list list;
    rows_map map;
} own_rows;

static bool take_own(data_run *run, const data_row *row)
{
    own_rows *own = run->sink;
    if (own->map.fields == NULL && !rows_map_by_name(own->map.type, row, &own->map, run))
        return false;
    run->sink = &own->list;
    bool is_taken = rows_take(run, row);
    run->sink = own;
    return is_taken;
}

void *tern_sql_of(tern_ctx *c, const tern_type *type, const char *text, tern_args args)
{
    own_rows own = {.map = {.type = type}};
    bind_need_plan(c, type);
    own.list = (rows_list){.c = c, .map = &own.map};
    data_run run = {.statement = own_statement(c, type, text, args),
                    .args = args.items,
                    .on_row = take_own,
                    .sink = &own};
    data_execute(c, &run, NULL, NULL);
    tern_bool_list *header = tern_alloc(c, sizeof *header); /* every list begins alike */
    header->items = (bool *)(void *)own.list.items;
    header->count = own.list.count;
    return header;
}

int64_t tern_sql_run_of(tern_ctx *c, const char *text, tern_args args)
{
    data_run run = {.statement = own_statement(c, NULL, text, args), .args = args.items};
    data_execute(c, &run, NULL, NULL);
    return run.affected;
}

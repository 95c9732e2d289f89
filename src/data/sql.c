/* Builds SQL from names of models, placeholders, and fragments of the program. */
#include "data/cast.h"
#include "data/compared.h"
#include "data/convert.h"
#include "data/filters.h"
#include "data/items.h"
#include "data/statement.h"
#include "data/worker_database.h"

#include <ctype.h>
#include <string.h>

void sql_begin(sql_builder *b)
{
    *b = (sql_builder){.dialect = data_self.engine->dialect};
}

void sql_add(sql_builder *b, const char *text)
{
    buf_add_text(&b->sql, text);
}

void sql_name(sql_builder *b, const char *name)
{
    bool is_plain =
        data_name_is_plain(name, strlen(name)); /* others were checked at start to contain no quote */
    buf_add_printf(&b->sql, is_plain ? "%s" : "\"%s\"", name);
}

void sql_arg(sql_builder *b, tern_arg_kind kind)
{
    const uint8_t byte = (uint8_t)kind;
    buf_add(&b->kinds, &byte, 1);
    buf_add_printf(&b->sql, "%c%zu", b->dialect->placeholder, b->kinds.len);
}

void sql_mistake(sql_builder *b, const char *text, const char *why)
{
    if (b->mistake != NULL)
        return;
    b->mistake = why;
    b->mistaken = text;
}

/** The end of the quoted text or name that begins at `at`; a doubled quote is a part of it. */
static const char *skip_quoted(const char *at)
{
    const char quote = *at++;
    while (*at != '\0') {
        if (*at == quote && at[1] != quote)
            return at + 1;
        at += *at == quote ? 2 : 1;
    }
    return at;
}

static bool is_comment(const char *at)
{
    return (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
}

static bool may_be_used(sql_builder *b, const char *text, bool is_trusted)
{
    if (statement_is_literal(text))
        return true;
    b->is_transient = true;
    if (!is_trusted)
        sql_mistake(b, text,
                    "was made at run time: SQL must be a literal, and values from a client go in by `?` "
                    "(.trusted_sql = true is for texts that clients cannot influence)");
    return is_trusted;
}

/** Writes the next placeholder, for a value that is compared with `column` (NULL: unknown). */
static void add_value(sql_builder *b, const data_column *column, const tern_arg *arg)
{
    if (column == NULL || !data_must_convert(column, arg->kind)) {
        sql_arg(b, arg->kind);
        return;
    }
    b->conversions[b->conversion_count++] = (statement_conversion){(unsigned)b->kinds.len, column};
    sql_arg(b, items_is_list(arg->kind) ? items_list_of(column->kind) : column->kind);
}

/** The end of the next unit: a quoted text or name, a word, or one character. */
static const char *piece_end(const char *at, compared_place *place)
{
    if (*at == '\'' || *at == '"')
        return skip_quoted(at);
    size_t len = compared_word_len(at);
    len += len == 0;
    compared_pass(place, at, len);
    return at + len;
}

/** The state of reading a fragment. */
typedef struct fragment {
    const char *text;
    const data_table *table;
    const tern_args *args;
    bool is_trusted;
    compared_place place;
    cast_place around;
    unsigned used; /* of the values */
} fragment;

/** Writes a list for the `?` at `at`. */
static void add_list(sql_builder *b, const fragment *f, const char *at, const tern_arg *list,
                     const data_column *column)
{
    bool is_negated = false;
    const char *in = compared_sole_list(f->text, at, &is_negated);
    if (in == NULL) {
        sql_mistake(b, f->text, "has a list for a `?` that does not stand alone in `in (?)` or `not in (?)`");
        return;
    }
    b->dialect->begin_list(&b->sql, b->sql.len - (size_t)(at - in), is_negated);
    add_value(b, column, list);
    sql_add(b, b->dialect->list_end);
}

/** Writes the conditions for a `?`. */
static void add_conditions(sql_builder *b, const fragment *f, const tern_filters *filters)
{
    bool is_elsewhere =
        f->place.is_query || f->place.query_depth != 0; /* names may belong to another table */
    if (!filters_has_given(filters)) {
        sql_add(b, "1 = 1");
        b->has_empty_filters = true;
        return;
    }
    sql_add(b, "(");
    sql_filters(b, is_elsewhere ? NULL : f->table, filters, f->is_trusted);
    sql_add(b, ")");
}

/** Writes the value of the `?` at `at`, which ends at `end`. */
static void add_argument(sql_builder *b, fragment *f, const char *at, const char *end)
{
    const tern_arg *arg = &f->args->items[f->used++];
    const data_column *column = f->table != NULL ? compared_with(f->table, &f->place, f->text, at) : NULL;
    if (arg->kind == TERN_ARG_FILTERS) {
        add_conditions(b, f, &arg->filters);
    } else if (items_is_list(arg->kind)) {
        add_list(b, f, at, arg, column);
    } else {
        add_value(b, column, arg);
        if (b->dialect->cast != NULL)
            sql_add(b, b->dialect->cast(&f->around, arg->kind, end));
    }
}

void sql_fragment(sql_builder *b, const data_table *table, const char *text, const tern_args *args,
                  bool is_trusted)
{
    fragment f = {.text = text, .table = table, .args = args, .is_trusted = is_trusted};
    if (!may_be_used(b, text, is_trusted))
        return;
    for (const char *at = text, *end; *at != '\0'; at = end) {
        end = piece_end(at, &f.place);
        if (*at == ';' || is_comment(at))
            return sql_mistake(b, text, "holds a ';' or a comment");
        if (*at == '?' && at[1] == '?') {
            buf_add_text(&b->sql, "?");
            end++;
        } else if (*at == '?') {
            if (f.used == args->count)
                return sql_mistake(b, text, "has more `?` than there are values");
            add_argument(b, &f, at, end);
        } else {
            buf_add(&b->sql, at, (size_t)(end - at));
        }
        cast_pass(&f.around, at, (size_t)(end - at));
    }
    if (f.used != args->count)
        sql_mistake(b, text, "has fewer `?` than there are values");
}

bool sql_filters(sql_builder *b, const data_table *table, const tern_filters *filters, bool is_trusted)
{
    const char *between = "(";
    for (unsigned i = 0; i < filters->count; i++) {
        const tern_filter *filter = &filters->items[i];
        if (!filters_is_given(filter))
            continue;
        sql_add(b, between);
        if (filter->text != NULL)
            sql_fragment(b, table, filter->text, &filter->args, is_trusted);
        else
            sql_filters(b, table, filters_group(filter), is_trusted);
        sql_add(b, ")");
        between = filters->is_any ? " or (" : " and (";
    }
    return *between == ' ';
}

/* -- numbers -- */

bool sql_is_number_as_text(const data_column *column)
{
    return column->kind == TERN_ARG_DECIMAL && data_self.engine->dialect->has_number_texts;
}

void sql_number(sql_builder *b, const char *table, const data_column *column)
{
    bool is_text = sql_is_number_as_text(column);
    sql_add(b, is_text ? "cast(" : "");
    sql_add(b, table);
    sql_name(b, column->name);
    sql_add(b, is_text ? " as real)" : "");
}

void sql_note_order(sql_builder *b, const char *order_by)
{
    if (!statement_is_literal(order_by))
        b->is_transient = true;
}

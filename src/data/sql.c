/* SQL put together: names of models, placeholders, and pieces that the program wrote. */
#include "data/cast.h"
#include "data/compared.h"
#include "data/convert.h"
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
    bool is_plain = data_name_is_plain(name, strlen(name)); /* others were found to hold no quote at start */
    buf_add_printf(&b->sql, is_plain ? "%s" : "\"%s\"", name);
}

void sql_arg(sql_builder *b, tern_arg_kind kind)
{
    const uint8_t byte = (uint8_t)kind;
    buf_add(&b->kinds, &byte, 1);
    buf_add_printf(&b->sql, "%c%zu", b->dialect == DATA_SQLITE ? '?' : '$', b->kinds.len);
}

void sql_mistake(sql_builder *b, const char *text, const char *why)
{
    if (b->mistake != NULL)
        return;
    b->mistake = why;
    b->mistaken = text;
}

/** The end of the quoted text or name that begins at `at`; its closing quote doubled is a part of it. */
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

/** The next placeholder, for a value that is compared with `column` (NULL: who knows). */
static void add_value(sql_builder *b, const data_column *column, const tern_arg *arg)
{
    if (column == NULL || !data_must_convert(column, arg->kind)) {
        sql_arg(b, arg->kind);
        return;
    }
    b->conversions[b->conversion_count++] = (statement_conversion){(unsigned)b->kinds.len, column};
    sql_arg(b, column->kind);
}

/** The end of what is read at once: a quoted text or name, a word, one character. */
static const char *piece_end(const char *at, compared_place *place)
{
    if (*at == '\'' || *at == '"')
        return skip_quoted(at);
    size_t len = compared_word_len(at);
    len += len == 0;
    compared_pass(place, at, len);
    return at + len;
}

void sql_fragment(sql_builder *b, const data_table *table, const char *text, const tern_args *args,
                  bool is_trusted)
{
    compared_place place = {0};
    cast_place around = {0};
    unsigned used = 0;
    if (!may_be_used(b, text, is_trusted))
        return;
    for (const char *at = text, *end; *at != '\0'; at = end) {
        end = piece_end(at, &place);
        if (*at == ';' || is_comment(at))
            return sql_mistake(b, text, "holds a ';' or a comment");
        if (*at == '?' && at[1] == '?') {
            buf_add_text(&b->sql, "?");
            end++;
        } else if (*at == '?') {
            if (used == args->count)
                return sql_mistake(b, text, "has more `?` than there are values");
            add_value(b, table != NULL ? compared_with(table, &place, text, at) : NULL, &args->items[used]);
            if (b->dialect == DATA_POSTGRES)
                sql_add(b, cast_for(&around, args->items[used].kind, end));
            used++;
        } else {
            buf_add(&b->sql, at, (size_t)(end - at));
        }
        cast_pass(&around, at, (size_t)(end - at));
    }
    if (used != args->count)
        sql_mistake(b, text, "has fewer `?` than there are values");
}

/* -- numbers -- */

bool sql_is_number_as_text(const data_column *column)
{
    return column->kind == TERN_ARG_DECIMAL && data_self.engine->dialect == DATA_SQLITE;
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

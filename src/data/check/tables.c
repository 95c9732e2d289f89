/* A strict reader of SQL, not a parser: it answers only what is certain. */
#include "data/check/tables.h"

#include "data/compared.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_word(tern_str word, const char *wanted)
{
    return word.len == strlen(wanted) && strncasecmp(word.data, wanted, word.len) == 0;
}

static bool is_one_of(tern_str word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (is_word(word, *words))
            return true;
    return false;
}

static const char *skip_quoted(const char *at)
{
    const char *end = strchr(at + 1, *at);
    return end != NULL ? end + 1 : at + strlen(at);
}

/** The next word (or quoted name, without its quotes), or one other character. False at the end. */
static bool next_token(const char **at, tern_str *token, bool *is_name)
{
    while (isspace((unsigned char)**at))
        (*at)++;
    if (**at == '\0')
        return false;
    size_t len = compared_word_len(*at);
    *is_name = len != 0 || **at == '"';
    *token = (tern_str){*at, len != 0 ? len : 1};
    if (**at == '"' || **at == '\'') {
        const char *end = skip_quoted(*at);
        *token = (tern_str){*at + 1, (size_t)(end - *at) - 2 + (end[-1] != **at)};
        *at = end;
        return true;
    }
    *at += token->len;
    return true;
}

const char *check_next_mark(const char *at)
{
    while (*at != '\0') {
        if (*at == '\'' || *at == '"') {
            at = skip_quoted(at);
        } else if (*at == '?') {
            if (at[1] != '?')
                return at;
            at += 2;
        } else {
            at++;
        }
    }
    return NULL;
}

bool check_has_word(const char *text, const char *word)
{
    tern_str token;
    bool is_name;
    for (const char *at = text; next_token(&at, &token, &is_name);)
        if (is_name && token.data[-(token.data != text)] != '"' && is_word(token, word))
            return true;
    return false;
}

/* -- which tables -- */

static const data_table *table_called(tern_str name)
{
    unsigned count;
    const data_table *const *tables = data_tables(&count);
    for (unsigned i = 0; i < count; i++)
        if (strlen(tables[i]->name) == name.len && memcmp(tables[i]->name, name.data, name.len) == 0)
            return tables[i];
    return NULL;
}

static check_table *add_table(check_tables *tables, const data_table *table, tern_str alias)
{
    if (tables->count == CHECK_TABLES_MOST) {
        tables->is_whole = false;
        return NULL;
    }
    tables->items[tables->count] = (check_table){.table = table, .alias = alias};
    return &tables->items[tables->count++];
}

static const char *const ends_sources[] = {"where", "group",  "order",     "set",   "select", "values", "on",
                                           "limit", "having", "returning", "union", "using",  NULL};
static const char *const begins_source[] = {"from", "join", "into", "update", NULL};
static const char *const no_alias[] = {
    "where", "group",  "order",  "set",       "select", "values", "on",      "limit", "having",  "returning",
    "union", "using",  "join",   "left",      "right",  "full",   "inner",   "cross", "natural", "outer",
    "for",   "offset", "except", "intersect", "window", "from",   "default", "and",   "or",      NULL};

/** The effect of the next join on the tables on both sides. */
typedef struct join_side {
    bool is_left, is_right; /* rows of the next table, or of the earlier ones, may be missing */
} join_side;

/** Reads the name of a source of rows and its alias in the text. */
static void take_source(check_tables *tables, tern_str name, const char **at, join_side *join)
{
    const char *next = *at;
    tern_str alias = name, token = {"", 0};
    bool is_name = false;
    const data_table *table = table_called(name);
    if (next_token(&next, &token, &is_name) && is_name && is_word(token, "as")) {
        *at = next;
        next_token(&next, &token, &is_name);
    }
    if (is_name && next != *at && !is_one_of(token, no_alias)) {
        alias = token;
        *at = next;
    }
    for (unsigned i = 0; join->is_right && i < tables->count; i++)
        tables->items[i].may_lack = true;
    check_table *added = table != NULL ? add_table(tables, table, alias) : NULL;
    if (added != NULL)
        added->may_lack = join->is_left;
    else
        tables->is_whole = false;
    *join = (join_side){0};
}

void check_tables_read(check_tables *tables, const data_table *own, const char *text)
{
    tern_str token;
    bool is_name, is_source = false, is_among = false;
    join_side join = {0};
    *tables = (check_tables){.is_whole = true};
    if (own != NULL)
        add_table(tables, own, (tern_str){own->name, strlen(own->name)});
    for (const char *at = text; text != NULL && next_token(&at, &token, &is_name);) {
        if (is_name && is_source) {
            is_source = false;
            is_among = true;
            take_source(tables, token, &at, &join);
        } else if (!is_name) {
            join = (join_side){0}; /* left(title, 1) */
            tables->is_whole &= !(is_source && *token.data == '(');
            is_source = *token.data == ',' && is_among;
            is_among &= *token.data != ')';
        } else {
            join.is_left |= is_word(token, "left") || is_word(token, "full");
            join.is_right |= is_word(token, "right") || is_word(token, "full");
            tables->is_whole &= !is_word(token, "with");
            is_source = is_one_of(token, begins_source);
            is_among &= !is_one_of(token, ends_sources);
        }
    }
}

const check_table *check_table_named(const check_tables *tables, const char *name, size_t len)
{
    const check_table *found = NULL;
    for (unsigned i = 0; i < tables->count; i++)
        if (tables->items[i].alias.len == len && strncasecmp(tables->items[i].alias.data, name, len) == 0)
            return &tables->items[i];
    for (unsigned i = 0; i < tables->count; i++) {
        const char *own = tables->items[i].table->name;
        if (strlen(own) != len || memcmp(own, name, len) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = &tables->items[i];
    }
    return found;
}

/* -- beside a `?`: reads backwards, at most to `text` -- */

static tern_str word_before(const char *text, const char *end)
{
    const char *begin = compared_before_word(text, end);
    return (tern_str){begin, (size_t)(end - begin)};
}

/** The name, plain or quoted, that ends at `end`; `*begin` receives where it begins. */
static tern_str name_before(const char *text, const char *end, const char **begin)
{
    const char *quote = end - 1;
    tern_str plain = word_before(text, end);
    *begin = plain.data;
    if (end == text || *quote != '"')
        return plain;
    while (quote > text && quote[-1] != '"')
        quote--;
    *begin = quote > text ? quote - 1 : end;
    return quote > text ? (tern_str){quote, (size_t)(end - 1 - quote)} : (tern_str){end, 0};
}

/** Where the comparison that ends at `end` begins; NULL without one. */
static const char *before_sign(const char *text, const char *end, bool *is_sought)
{
    static const char *const signs[] = {"=", "<", "<=", ">", ">=", "<>", "!=", "=="};
    const char *begin = end;
    while (begin > text && strchr("=<>!~@#%^&|*+-/:?", begin[-1]) != NULL)
        begin--;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strlen(signs[i]) != (size_t)(end - begin) || memcmp(signs[i], begin, (size_t)(end - begin)) != 0)
            continue;
        *is_sought = i != 5 && i != 6;
        return begin;
    }
    return NULL;
}

static bool begins_operand(const char *text, const char *at)
{
    static const char *const before[] = {"and", "or", "not", "when", "where", "on", "having", "set", NULL};
    const char *end = compared_before_space(text, at);
    return end == text || end[-1] == '(' || end[-1] == ',' || is_one_of(word_before(text, end), before);
}

bool check_operand_of(const check_tables *tables, const char *text, const char *question, check_operand *out)
{
    const char *end = compared_before_space(text, question);
    const char *sign = before_sign(text, end, &out->is_sought);
    if (sign == NULL && (sign = compared_before_list(text, end)) != NULL)
        out->is_sought = strncasecmp(sign, "not", 3) != 0;
    if (sign == NULL || !compared_ends_operand(question + 1))
        return false;
    const char *begin;
    tern_str name = name_before(text, compared_before_space(text, sign), &begin), of = {0};
    if (begin > text && begin[-1] == '.')
        of = name_before(text, begin - 1, &begin);
    if (name.len == 0 || !begins_operand(text, begin))
        return false;
    out->column = NULL;
    if (of.len != 0) {
        out->table = check_table_named(tables, of.data, of.len);
        out->column = out->table != NULL ? data_table_column(out->table->table, name.data, name.len) : NULL;
        return out->column != NULL;
    }
    for (unsigned i = 0; i < tables->count && tables->is_whole; i++) {
        const data_column *column = data_table_column(tables->items[i].table, name.data, name.len);
        if (column != NULL && out->column != NULL)
            return false;
        if (column != NULL) {
            out->column = column;
            out->table = &tables->items[i];
        }
    }
    return out->column != NULL;
}

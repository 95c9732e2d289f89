/* Names: the conversion of models' names, the names that SQL accepts unquoted, and the quoting of others. */
#include "base/siphash.h"
#include "base/text.h"
#include "data/table/maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words that PostgreSQL (to 17) or SQLite (to 3.46) does not accept as a table's and a column's name;
 * sorted. */
static const char *const reserved[] = {
    "add",
    "all",
    "alter",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "autoincrement",
    "between",
    "binary",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "collation",
    "column",
    "commit",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "delete",
    "desc",
    "distinct",
    "do",
    "drop",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "false",
    "fetch",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "if",
    "ilike",
    "in",
    "index",
    "initially",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "natural",
    "not",
    "nothing",
    "notnull",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "outer",
    "overlaps",
    "placing",
    "primary",
    "raise",
    "references",
    "returning",
    "right",
    "select",
    "session_user",
    "set",
    "similar",
    "some",
    "symmetric",
    "system_user",
    "table",
    "tablesample",
    "then",
    "to",
    "trailing",
    "transaction",
    "true",
    "union",
    "unique",
    "update",
    "user",
    "using",
    "values",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
};

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool data_name_is_plain(const char *name, size_t len)
{
    char word[DATA_NAME_MOST + 1];
    if (len == 0 || len > DATA_NAME_MOST || (name[0] >= '0' && name[0] <= '9'))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') || name[i] == '_'))
            return false;
    memcpy(word, name, len);
    word[len] = '\0';
    const char *key = word;
    return bsearch(&key, reserved, sizeof reserved / sizeof *reserved, sizeof *reserved, compare_words) ==
           NULL;
}

bool data_name_add(buf *sql, const char *name)
{
    return data_name_is_plain(name, strlen(name)) ? buf_add_text(sql, name)
                                                  : buf_add_printf(sql, "\"%s\"", name);
}

const char *data_name_of_model(arena *a, const char *model)
{
    size_t len = strlen(model), used = 0;
    char *name = arena_alloc(a, 2 * len + 1);
    for (size_t i = 0; i < len && name != NULL; i++) {
        bool is_upper = model[i] >= 'A' && model[i] <= 'Z';
        bool after_small = i > 0 && ((model[i - 1] >= 'a' && model[i - 1] <= 'z') ||
                                     (model[i - 1] >= '0' && model[i - 1] <= '9'));
        bool ends_capitals =
            i > 0 && model[i - 1] >= 'A' && model[i - 1] <= 'Z' && model[i + 1] >= 'a' && model[i + 1] <= 'z';
        if (is_upper && (after_small || ends_capitals))
            name[used++] = '_';
        name[used++] = (char)text_lower((unsigned char)model[i]);
    }
    if (name != NULL)
        name[used] = '\0';
    return name;
}

const char *data_name_problem(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > DATA_NAME_MOST)
        return "a name in a database has 1 to 63 bytes";
    if (!utf8_valid(name, len))
        return "it is not UTF-8";
    for (const char *c = name; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || strchr("\"'`[].?;\\", *c) != NULL)
            return "quotes, brackets, '.', ';', '?', backslashes and control characters are not allowed in it";
    return NULL;
}

bool data_name_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && text_equal_nocase(a, b, len);
}

const char *data_name_join(arena *a, const char *table, const char *middle, const char *ending)
{
    static const siphash_key key = {
        {0, 0}}; /* against accidental collisions; attackers do not choose names */
    char *whole = middle != NULL ? arena_printf(a, "%s_%s_%s", table, middle, ending)
                                 : arena_printf(a, "%s_%s", table, ending);
    if (whole == NULL || strlen(whole) <= DATA_NAME_MOST)
        return whole;
    uint32_t hash = (uint32_t)siphash_2_4(&key, whole, strlen(whole));
    size_t keep = DATA_NAME_MOST - strlen(ending) - 10; /* '_', 8 digits, '_' */
    while (keep > 0 && ((unsigned char)whole[keep] & 0xc0) == 0x80)
        keep--; /* not inside a character */
    return arena_printf(a, "%.*s_%08x_%s", (int)keep, whole, hash, ending);
}

/* Reads what an SQLite table has and its model may lack: columns, collations, checks, and so on. */
#include "data/migrate/rebuild/rebuild.h"

#if defined(TERN_WITH_SQLITE)

#include "base/text.h"

#include <sqlite3.h>
#include <string.h>

static void add(table_rules *rules, const char *kind, const char *column, const char *text)
{
    table_rule *grown = arena_resize(rules->memory, rules->items, (rules->count + 1) * sizeof *grown);
    const char *kept_column = column != NULL ? arena_text(rules->memory, column, strlen(column)) : NULL;
    const char *kept_text = arena_text(rules->memory, text, strlen(text));
    if (grown == NULL || kept_text == NULL || (column != NULL && kept_column == NULL)) {
        rules->is_memory_short = true;
        return;
    }
    rules->items = grown;
    grown[rules->count++] = (table_rule){kind, kept_column, kept_text};
}

/* -- what SQLite reports -- */

static bool take_column(void *arg, const char *const *values, unsigned count)
{
    (void)count;
    add(arg, "column", values[0], values[1]);
    return true;
}

static bool take_unique(void *arg, const char *const *values, unsigned count)
{
    (void)count;
    add(arg, "unique", NULL, values[0]);
    return true;
}

static bool take_reference(void *arg, const char *const *values, unsigned count)
{
    (void)count;
    add(arg, "foreign key", values[0], values[1]);
    return true;
}

static bool take_option(void *arg, const char *const *values, unsigned count)
{
    (void)count;
    if (strcmp(values[0], "1") == 0)
        add(arg, "option", NULL, "without rowid");
    return true;
}

/** No pragma reports collations and `autoincrement`. */
static void add_details(table_rules *rules, sqlite3 *db, const char *table)
{
    for (unsigned i = 0, count = rules->count; i < count; i++) {
        const char *collation = NULL, *column = rules->items[i].column;
        int is_not_null, is_key, is_counted = 0;
        if (strcmp(rules->items[i].kind, "column") != 0 ||
            sqlite3_table_column_metadata(db, NULL, table, column, NULL, &collation, &is_not_null, &is_key,
                                          &is_counted) != SQLITE_OK)
            continue;
        if (collation != NULL && sqlite3_stricmp(collation, "BINARY") != 0)
            add(rules, "collation", column, collation);
        if (is_counted)
            add(rules, "option", NULL, "autoincrement");
    }
}

/* -- checks, which only the table's SQL shows -- */

/** The end of the quoted text or name at `at`. */
static const char *skip_quoted(const char *at)
{
    char quote = *at == '[' ? ']' : *at;
    for (at++; *at != '\0'; at++)
        if (*at == quote && quote != ']' && at[1] == quote)
            at++;
        else if (*at == quote)
            return at + 1;
    return at;
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`' || c == '[';
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/** The end of the piece at `at`: it ends at a blank or bracket outside of quotes. */
static const char *skip_piece(const char *at)
{
    if (is_quote(*at))
        return skip_quoted(at);
    if (at[0] == '-' && at[1] == '-')
        return at + strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*') {
        const char *close = strstr(at + 2, "*/");
        return close != NULL ? close + 2 : at + strlen(at);
    }
    if (!is_word_byte(*at))
        return at + 1;
    while (is_word_byte(*at))
        at++;
    return at;
}

static bool is_blank_or_comment(const char *at)
{
    return strchr(" \t\r\n", *at) != NULL || memcmp(at, "--", 2) == 0 || memcmp(at, "/*", 2) == 0;
}

/** Adds a piece in lower case; words stay separate. */
static void add_word(buf *out, const char *begin, const char *end)
{
    bool is_after_word = out->len != 0 && is_word_byte(out->data[out->len - 1]);
    if (is_after_word && begin < end && is_word_byte(*begin))
        buf_add_text(out, " ");
    for (; begin < end; begin++)
        buf_add(out, &(char){(char)text_lower((unsigned char)*begin)}, 1);
}

/** Appends the condition from its '(' to its ')' in the form that is compared: without blanks, comments and
 * quotes around names, and in lower case outside of texts. Moves past it. */
static void take_condition(buf *out, const char **at)
{
    unsigned depth = 0;
    while (**at != '\0') {
        const char *begin = *at;
        *at = skip_piece(begin);
        depth += *begin == '(';
        depth -= *begin == ')';
        if (*begin == '\'')
            buf_add(out, begin, (size_t)(*at - begin));
        else if (is_quote(*begin))
            add_word(out, begin + 1, *at - 1);
        else if (!is_blank_or_comment(begin))
            add_word(out, begin, *at);
        if (depth == 0)
            return;
    }
}

static void add_check(table_rules *rules, const tern_str *name, const char **at)
{
    buf condition = {0}, called = {0};
    take_condition(&condition, at);
    if (name->len != 0)
        buf_add(&called, name->data, name->len);
    if (condition.failed || condition.data == NULL || called.failed)
        rules->is_memory_short = true;
    else
        add(rules, "check", called.data, condition.data);
    buf_free(&condition);
    buf_free(&called);
}

/** A check's `column` is the name of its constraint. Constraints that Tern named belong to the model,
 * regardless of what an earlier version of Tern wrote into them. */
static bool take_checks(void *arg, const char *const *values, unsigned count)
{
    tern_str name = {0};
    bool is_name_next = false;
    (void)count;
    for (const char *at = values[0] != NULL ? values[0] : ""; *at != '\0';) {
        const char *begin = at;
        at = skip_piece(at);
        if (is_blank_or_comment(begin))
            continue;
        if (is_name_next) {
            bool is_quoted = is_quote(*begin);
            name = (tern_str){begin + is_quoted, (size_t)(at - begin) - 2 * is_quoted};
            is_name_next = false;
            continue;
        }
        is_name_next = at - begin == 10 && text_equal_nocase(begin, "constraint", 10);
        if (at - begin == 5 && text_equal_nocase(begin, "check", 5)) {
            at += strspn(at, " \t\r\n");
            if (*at == '(')
                add_check(arg, &name, &at);
        }
        name = (tern_str){0};
    }
    return true;
}

bool rules_read(table_rules *rules, migrate_client *client, const char *table, buf *problem)
{
    static const struct {
        const char *sql;
        migrate_on_row *take;
    } parts[] = {
        {"select name, case when hidden in (2, 3) then 'generated' else '' end from pragma_table_xinfo(?1)",
         take_column},
        {"select (select group_concat(name, ', ') from (select name from pragma_index_info(l.name) order by "
         "seqno)) from pragma_index_list(?1) l where origin = 'u'",
         take_unique},
        {"select \"from\", lower(\"table\") from pragma_foreign_key_list(?1) order by id, seq",
         take_reference},
        {"select wr from pragma_table_list where schema = 'main' and name = ?1 collate nocase", take_option},
        {"select sql from sqlite_schema where type = 'table' and name = ?1 collate nocase", take_checks},
    };
    const tern_arg name = tern_arg_text(table);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!client_query(client, parts[i].sql, &name, 1, parts[i].take, rules, problem))
            return false;
    add_details(rules, client->handle, table);
    if (rules->is_memory_short)
        buf_add_text(problem, "out of memory");
    return !rules->is_memory_short;
}

static bool is_same_name(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && sqlite3_stricmp(a, b) == 0);
}

static bool is_same_rule(const table_rule *a, const table_rule *b)
{
    bool is_same_text = sqlite3_stricmp(a->text, b->text) == 0;
    bool is_same_column = is_same_name(a->column, b->column);
    if (strcmp(a->kind, b->kind) != 0)
        return false;
    if (strcmp(a->kind, "check") == 0)
        return is_same_text || (a->column != NULL && is_same_column);
    return is_same_column && (is_same_text || strcmp(a->kind, "column") == 0);
}

bool rules_have(const table_rules *rules, const table_rule *rule)
{
    for (unsigned i = 0; i < rules->count; i++)
        if (is_same_rule(&rules->items[i], rule))
            return true;
    return false;
}

void rules_take_out(table_rules *rules, const table_rules *others)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < rules->count; i++)
        if (!rules_have(others, &rules->items[i]))
            rules->items[kept++] = rules->items[i];
    rules->count = kept;
}

void rules_rename_column(table_rules *rules, const char *from, const char *to)
{
    const char *kept = arena_text(rules->memory, to, strlen(to));
    for (unsigned i = 0; i < rules->count; i++)
        if (rules->items[i].column != NULL && is_same_name(rules->items[i].column, from) && kept != NULL)
            rules->items[i].column = kept;
}

#endif

/*
 * Whether an index serves a condition.
 *
 * Only conditions that an index could serve are checked: `column = ?` and similar, joined by `and`. Bools and
 * enums do not count, because many rows share a value and an index rarely helps. Conditions with `or` do not
 * count either.
 */
#include "data/check/check.h"

#include <string.h>

static bool is_worth_an_index(const data_column *column)
{
    return column->kind != TERN_ARG_BOOL && column->kind != TERN_ARG_JSON &&
           column->plan->type->kind != TERN_KIND_ENUM;
}

/** Whether `line` contains the whole word. */
static bool has_word(const char *line, size_t len, const char *word, size_t word_len)
{
    for (const char *at = line; at + word_len <= line + len; at++)
        if (memcmp(at, word, word_len) == 0 && (at == line || strchr(" .\"", at[-1]) != NULL) &&
            (at + word_len == line + len || strchr(" \"(", at[word_len]) != NULL))
            return true;
    return false;
}

static bool holds(const char *line, size_t len, const char *words)
{
    return memmem(line, len, words, strlen(words)) != NULL;
}

/** SQLite: "SCAN todo", "SEARCH todo USING INDEX ..." . */
static bool is_scanned_by_sqlite(const char *plan, const check_table *table)
{
    for (size_t len; *plan != '\0'; plan += len + (plan[len] == '\n')) {
        len = strcspn(plan, "\n");
        if (strncmp(plan, "SCAN ", 5) == 0 &&
            (has_word(plan + 5, len - 5, table->alias.data, table->alias.len) ||
             has_word(plan + 5, len - 5, table->table->name, strlen(table->table->name))))
            return true;
    }
    return false;
}

/** PostgreSQL: the lines below "Seq Scan on todo" or "Index Scan using todo_pkey on todo t" have an "Index
 * Cond:" where an index serves the condition. */
static bool is_scanned_by_postgres(const char *plan, const check_table *table)
{
    bool is_of_table = false, is_sought = false, is_scanned = false;
    const char *name = table->table->name;
    for (size_t len; *plan != '\0'; plan += len + (plan[len] == '\n')) {
        len = strcspn(plan, "\n");
        const char *on = memmem(plan, len, " on ", 4);
        bool is_node = holds(plan, len, "Scan") && on != NULL;
        if (is_node || holds(plan, len, "->")) {
            is_scanned |= is_of_table && !is_sought;
            is_sought = false;
            is_of_table = is_node && has_word(on + 4, (size_t)(plan + len - on - 4), name, strlen(name));
        }
        is_sought |= holds(plan, len, "Index Cond:") || holds(plan, len, "Recheck Cond:");
    }
    return is_scanned || (is_of_table && !is_sought);
}

static bool is_scanned(data_dialect dialect, const char *plan, const check_table *table)
{
    return dialect == DATA_SQLITE ? is_scanned_by_sqlite(plan, table) : is_scanned_by_postgres(plan, table);
}

/** SQLite builds an index for a single run where a join has none: "SEARCH b USING AUTOMATIC COVERING INDEX
 * (x=?)". */
static void look_for_missing_joins(check_run *run, const check_statement *s, const char *plan)
{
    const char *automatic = strstr(plan, "USING AUTOMATIC");
    const char *columns = automatic != NULL ? strchr(automatic, '(') : NULL;
    if (columns == NULL)
        return;
    const char *name = automatic;
    while (name > plan && name[-1] != '\n')
        name--;
    name += strncmp(name, "SEARCH ", 7) == 0 ? 7 : 0;
    check_add(
        run, s->call, CHECK_WARNING, "scan",
        "each run makes an index of %.*s for itself: none serves %.*s (.index = true of the field makes one)",
        (int)strcspn(name, " "), name, (int)strcspn(columns, ")") + 1, columns);
}

void check_scan(check_run *run, const check_statement *s, const check_answer *answer)
{
    if (answer->plan == NULL || s->text == NULL)
        return;
    if (run->engine->dialect == DATA_SQLITE)
        look_for_missing_joins(run, s, answer->plan);
    if (check_has_word(s->text, "or"))
        return;
    for (const char *at = check_next_mark(s->text); at != NULL; at = check_next_mark(at + 1)) {
        check_operand operand;
        if (!check_operand_of(&s->tables, s->text, at, &operand) || !operand.is_sought ||
            !is_worth_an_index(operand.column) ||
            !is_scanned(run->engine->dialect, answer->plan, operand.table))
            continue;
        check_add(run, s->call, CHECK_WARNING, "scan",
                  "every row of %s is read: no index serves %s (.index = true of the field makes one)",
                  operand.table->table->name, operand.column->name);
        return;
    }
}

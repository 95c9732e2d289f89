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

bool check_plan_names(const char *line, size_t len, const char *word, size_t word_len)
{
    for (const char *at = line; at + word_len <= line + len; at++)
        if (memcmp(at, word, word_len) == 0 && (at == line || strchr(" .\"", at[-1]) != NULL) &&
            (at + word_len == line + len || strchr(" \"(", at[word_len]) != NULL))
            return true;
    return false;
}

/** Where a join has no index, the engine may make one for a single run. */
static void look_for_missing_joins(check_run *run, const check_statement *s, const char *plan)
{
    tern_str table, columns;
    if (run->engine->find_automatic_index != NULL &&
        run->engine->find_automatic_index(plan, &table, &columns))
        check_add(
            run, s->call, CHECK_WARNING, "scan",
            "each run makes an index of %.*s for itself: none serves %.*s (.index = true of the field makes one)",
            (int)table.len, table.data, (int)columns.len, columns.data);
}

void check_scan(check_run *run, const check_statement *s, const check_answer *answer)
{
    if (answer->plan == NULL || s->text == NULL)
        return;
    look_for_missing_joins(run, s, answer->plan);
    if (check_has_word(s->text, "or"))
        return;
    for (const char *at = check_next_mark(s->text); at != NULL; at = check_next_mark(at + 1)) {
        check_operand operand;
        if (!check_operand_of(&s->tables, s->text, at, &operand) || !operand.is_sought ||
            !is_worth_an_index(operand.column) ||
            !run->engine->is_scanned(answer->plan, operand.table->table->name, operand.table->alias))
            continue;
        check_add(run, s->call, CHECK_WARNING, "scan",
                  "every row of %s is read: no index serves %s (.index = true of the field makes one)",
                  operand.table->table->name, operand.column->name);
        return;
    }
}

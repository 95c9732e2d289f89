/* Checks kinds of values against the columns they are compared with. */
#include "data/check/check.h"

#include <string.h>

static const char *const kind_names[] = {
    [TERN_ARG_NULL] = "NULL",           [TERN_ARG_BOOL] = "a bool",
    [TERN_ARG_INT] = "a whole number",  [TERN_ARG_DOUBLE] = "a double",
    [TERN_ARG_TEXT] = "a text",         [TERN_ARG_BYTES] = "bytes",
    [TERN_ARG_UUID] = "a UUID",         [TERN_ARG_DATE] = "a date",
    [TERN_ARG_TIME] = "a time of day",  [TERN_ARG_DATETIME] = "a date-time",
    [TERN_ARG_DURATION] = "a duration", [TERN_ARG_DECIMAL] = "a decimal",
    [TERN_ARG_JSON] = "JSON",           [TERN_ARG_TOO_BIG] = "a whole number",
};

#define KIND(name) (1u << TERN_ARG_##name)

/* The kinds that a column of each kind may be compared with. NULL may be compared with all of them. The
 * database infers the type of a text from its context, so a text may be compared with every kind that has a
 * text form. */
static const unsigned fitting[] = {
    [TERN_ARG_BOOL] = KIND(BOOL) | KIND(INT),
    [TERN_ARG_INT] = KIND(INT) | KIND(DOUBLE) | KIND(DECIMAL),
    [TERN_ARG_DOUBLE] = KIND(INT) | KIND(DOUBLE) | KIND(DECIMAL),
    [TERN_ARG_DECIMAL] = KIND(INT) | KIND(DOUBLE) | KIND(DECIMAL) | KIND(TEXT),
    [TERN_ARG_TEXT] = KIND(TEXT),
    [TERN_ARG_BYTES] = KIND(BYTES),
    [TERN_ARG_UUID] = KIND(UUID) | KIND(TEXT),
    [TERN_ARG_DATE] = KIND(DATE) | KIND(TEXT),
    [TERN_ARG_TIME] = KIND(TIME) | KIND(TEXT),
    [TERN_ARG_DATETIME] = KIND(DATETIME) | KIND(TEXT),
    [TERN_ARG_DURATION] = KIND(DURATION) | KIND(TEXT),
    [TERN_ARG_JSON] = KIND(JSON) | KIND(TEXT),
    [TERN_ARG_TOO_BIG] = 0,
};

static bool fits(const data_column *column, unsigned kind, bool is_own)
{
    bool is_enum = column->plan->type->kind == TERN_KIND_ENUM;
    if (kind == TERN_ARG_NULL || kind > TERN_ARG_TOO_BIG)
        return true; /* not known */
    if (is_enum && !is_own && kind == TERN_ARG_INT)
        return true; /* matched by its name */
    return (fitting[column->kind] >> kind & 1) != 0;
}

/** The column's type as in C: "a bool", "a Colour". */
static const char *column_kind(check_run *run, const data_column *column)
{
    if (column->plan->type->kind != TERN_KIND_ENUM)
        return kind_names[column->kind];
    const char *name =
        arena_printf(run->memory, "an enum %s, whose column holds names", column->plan->type->name);
    return name != NULL ? name : "an enum";
}

void check_kinds(check_run *run, check_statement *s)
{
    bool is_own = s->call->kind->form == CALL_OWN;
    const char *at = s->text != NULL ? check_next_mark(s->text) : NULL;
    for (unsigned i = 0; at != NULL && i < s->count; i++, at = check_next_mark(at + 1)) {
        check_operand operand;
        if (s->kinds[i] == TERN_NOTE_ANY || !check_operand_of(&s->tables, s->text, at, &operand) ||
            fits(operand.column, s->kinds[i], is_own))
            continue;
        check_add(run, s->call, CHECK_ERROR, "kind", "value %u of \"%s\" is %s, but %s.%s is %s", i + 1,
                  s->text, kind_names[s->kinds[i]], operand.table->table->name, operand.column->name,
                  column_kind(run, operand.column));
        s->kinds[i] = TERN_NOTE_ANY;
    }
}

void check_key(check_run *run, const check_call *call)
{
    const data_table *table = call->table;
    const call_values *values = &call->values[0];
    if (call->value_count == 0 || values->kinds == NULL)
        return;
    if (values->count != table->key_count) {
        check_add(run, call, CHECK_ERROR, "values", "the key of %s has %u field%s, not %u", table->type->name,
                  table->key_count, table->key_count == 1 ? "" : "s", values->count);
        return;
    }
    for (unsigned i = 0; i < values->count; i++) {
        const data_column *column = &table->columns[table->keys[i]];
        if (!fits(column, values->kinds[i], false))
            check_add(run, call, CHECK_ERROR, "kind", "the key %s.%s is %s, not %s", table->type->name,
                      column->plan->field->name, column_kind(run, column), kind_names[values->kinds[i]]);
    }
}

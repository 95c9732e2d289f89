/* Checks the columns of a result against the fields of its model. */
#include "data/check/check.h"

#include "data/rows.h"

#include <string.h>

/** Whether the text says that the column is not null. */
static bool is_said_not_null(const char *text, const char *name)
{
    static const char words[] = " is not null";
    size_t len = strlen(name);
    for (const char *at = text; (at = strstr(at, name)) != NULL; at += len)
        if (strncasecmp(at + len, words, sizeof words - 1) == 0)
            return true;
    return false;
}

static bool may_be_null(const check_statement *s, const check_column *column)
{
    if (column->table == NULL || column->column == NULL || is_said_not_null(s->text, column->column))
        return false;
    const check_table *table = check_table_named(&s->tables, column->table, strlen(column->table));
    return column->is_nullable || (table != NULL && table->may_lack);
}

static void check_column_of(check_run *run, const check_statement *s, const check_column *column,
                            const field_plan *f)
{
    const tern_type *model = s->call->note->type;
    if (!run->engine->fits(column, f->type))
        check_add(run, s->call, CHECK_ERROR, "result", "the column \"%s\" is %s, but %s.%s is %s",
                  column->name, column->type, model->name, f->field->name, f->type->name);
    else if (strchr(column->name, '.') == NULL && may_be_null(s, column) && !plan_may_lack(f))
        check_add(run, s->call, CHECK_WARNING, "null",
                  "the column \"%s\" may be null, but %s.%s is neither .optional nor .nullable", column->name,
                  model->name, f->field->name);
}

/** Whether a row may lack the field. */
static bool may_be_missing(const field_plan *f)
{
    const tern_field *field = f->field;
    return plan_may_lack(f) || field->fallback != NULL || field->not_stored || field->via != NULL ||
           field->by != NULL || field->through != NULL;
}

static const char *suggest_field(check_run *run, const tern_type *type, const char *name)
{
    const data_table *table = data_table_of(type);
    return table != NULL ? check_suggest_column(run, table, name, strlen(name)) : "";
}

/** The field that a column fills: a dot in its name leads into a model. `*top` is the field of the model itself. */
static const field_plan *field_of(const tern_type *type, const char *name, const field_plan **top)
{
    const field_plan *found = NULL;
    for (size_t len; plan_of(type) != NULL; name += len + 1, type = found->type) {
        const type_plan *plan = plan_of(type);
        len = strcspn(name, ".");
        found = NULL;
        for (unsigned i = 0; i < type->field_count && found == NULL; i++) {
            const tern_field *field = plan->fields[i].field;
            const char *column = field->column != NULL ? field->column : field->name;
            if (strlen(column) == len && memcmp(column, name, len) == 0)
                found = &plan->fields[i];
        }
        if (*top == NULL)
            *top = found;
        if (found == NULL || name[len] == '\0')
            return found;
        if (found->type->kind != TERN_KIND_MODEL)
            return NULL;
    }
    return found;
}

/** A result that is read as single values has one column, with any name. */
static void check_single(check_run *run, const check_statement *s, const check_answer *answer)
{
    const tern_type *type = s->call->note->type;
    if (answer->count != 1)
        check_add(run, s->call, CHECK_ERROR, "result", "the result has %u columns, not one", answer->count);
    else if (!run->engine->fits(&answer->columns[0], type))
        check_add(run, s->call, CHECK_ERROR, "result", "the column \"%s\" is %s, not %s",
                  answer->columns[0].name, answer->columns[0].type, type->name);
}

void check_result(check_run *run, const check_statement *s, const check_answer *answer)
{
    const tern_type *model = s->call->note->type;
    if (model->kind != TERN_KIND_MODEL) {
        check_single(run, s, answer);
        return;
    }
    buf problems = {0};
    bool is_model = plan_of(model) != NULL || schema_prepare((tern_type *)(uintptr_t)model, &problems);
    if (!is_model)
        check_add(run, s->call, CHECK_ERROR, "use", "the model %s has mistakes: %.*s", model->name,
                  problems.data != NULL ? (int)strcspn(problems.data, "\n") : 0, problems.data);
    buf_free(&problems);
    if (!is_model)
        return;
    bool has[128] = {false};
    for (unsigned i = 0; i < answer->count; i++) {
        const field_plan *top = NULL, *f = field_of(model, answer->columns[i].name, &top);
        if (f == NULL) {
            check_add(run, s->call, CHECK_ERROR, "result", "the column \"%s\" is not a field of %s%s",
                      answer->columns[i].name, model->name,
                      suggest_field(run, model, answer->columns[i].name));
            continue;
        }
        has[top - plan_of(model)->fields] = true;
        check_column_of(run, s, &answer->columns[i], f);
    }
    for (unsigned i = 0; i < model->field_count && answer->count != 0; i++)
        if (!has[i] && !may_be_missing(&plan_of(model)->fields[i]))
            check_add(run, s->call, CHECK_ERROR, "result",
                      "the result has no column for %s.%s, which is neither .optional nor has a .fallback",
                      model->name, model->fields[i].name);
}

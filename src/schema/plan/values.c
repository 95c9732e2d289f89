/** Checks the values in a declaration (.fallback, .example, .choices) against its own rules. */
#include "schema/plan/options.h"
#include "schema/scalar.h"
#include "schema/validate.h"

#include <string.h>

enum { FAULTS_BYTES = 4096 };

/** Reports the first rule that a value breaks; `option` and `text` are as in the source. */
static void check_rules(planner *p, const field_plan *plan, const char *option, const char *text,
                        const void *value)
{
    if (!plan->is_checked)
        return;
    char lent[FAULTS_BYTES];
    arena memory;
    tern_faults faults;
    arena_init(&memory, lent, sizeof lent, SIZE_MAX);
    faults_init(&faults, &memory);
    place where = {.name = plan->key};
    validate_kept(plan, value, &where, &faults); /* which do not depend on the date */
    if (faults.first != NULL)
        planner_mistake(p, "%s \"%s\" breaks its own rule: it %s", option, text, faults.first->message);
    p->is_memory_short |= faults.is_memory_short;
    arena_free(&memory);
}

/** Reads `text` as a value of the field; NULL with the mistake reported. */
static const void *read_value(planner *p, const field_plan *plan, const char *option, const char *text)
{
    const tern_type *type = plan->field->type;
    void *value = planner_zero(p, type->size);
    if (value == NULL)
        return NULL;
    if (type->item != NULL) {
        const char *empty = type->kind == TERN_KIND_LIST ? "[]" : "{}";
        if (strcmp(text, empty) == 0)
            return value;
        planner_mistake(p, "%s \"%s\" can only be \"%s\"", option, text, empty);
        return NULL;
    }
    const char *wants = scalar_read(type, text, strlen(text), value, p->memory);
    if (wants == NULL)
        return value;
    planner_mistake(p, "%s \"%s\" is not %s", option, text, wants);
    return NULL;
}

/** Whether the kind's values can be written as one text. */
static bool is_readable(tern_kind kind)
{
    return kind != TERN_KIND_MODEL && kind != TERN_KIND_ANY && kind != TERN_KIND_UPLOAD;
}

void plan_values(planner *p, field_plan *plan)
{
    const tern_field *field = plan->field;
    if (!is_readable(field->type->kind))
        return;
    if (field->fallback != NULL) {
        plan->fallback = read_value(p, plan, ".fallback", field->fallback);
        if (plan->fallback != NULL)
            check_rules(p, plan, ".fallback", field->fallback, plan->fallback);
    }
    if (field->example != NULL && field->type->item == NULL) {
        const void *example = read_value(p, plan, ".example", field->example);
        if (example != NULL)
            check_rules(p, plan, ".example", field->example, example);
    }
    if (field->type->kind != TERN_KIND_TEXT || field->choices == NULL)
        return;
    for (const char *const *choice = field->choices; *choice != NULL; choice++)
        check_rules(p, plan, ".choices", *choice, choice);
}

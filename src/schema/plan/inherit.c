/** The fields that a part takes from its whole (TERN_PART, TERN_PARTIAL). */
#include "schema/plan/planner.h"

#include <string.h>

static const tern_field *find_field(const tern_type *type, const char *name)
{
    for (unsigned i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    return NULL;
}

/** Makes the field optional, and nullable if it is in the whole. Path parameters stay required. */
static void make_optional(tern_field *field)
{
    if (field->in == TERN_FROM_PATH)
        return;
    field->never_null = !field->optional || field->never_null;
    field->optional = true;
    field->required = false;
    field->fallback = NULL;
}

/** Describes a field like the field of that name in the whole. When the part is the same struct, a field
 * without a name has the same offset. */
static void take_over(const tern_type *part, tern_field *field, const tern_field *from)
{
    const tern_field own = *field;
    *field = *from;
    if (own.name != NULL) {
        field->offset = own.offset;
        field->state_offset = own.state_offset;
    }
    if (part->is_partial)
        make_optional(field);
}

bool planner_inherit(planner *p, tern_type *type)
{
    bool is_right = true;
    while (type->item != NULL)
        type = type->item;
    if (type->whole == NULL)
        return true;
    if (!planner_inherit(p, type->whole)) /* it may be a part itself */
        return false;
    type->options.ignore_unknown = type->whole->options.ignore_unknown;
    for (unsigned i = 0; i < type->field_count; i++) {
        tern_field *field = &type->fields[i];
        if (field->type != NULL)
            continue;
        const tern_field *from =
            field->name == NULL ? &type->whole->fields[i] : find_field(type->whole, field->name);
        if (from != NULL) {
            take_over(type, field, from);
            continue;
        }
        p->model = type;
        planner_mistake(p, "takes %s from model %s, which does not have that field", field->name,
                        type->whole->name);
        is_right = false;
    }
    return is_right;
}

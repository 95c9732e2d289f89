#include "data/convert.h"

#include "data/items.h"
#include "data/misuse.h"
#include "schema/scalar.h"

#include <limits.h>

static bool is_enum(const data_column *column)
{
    return column->plan->type->kind == TERN_KIND_ENUM;
}

bool data_must_convert(const data_column *column, tern_arg_kind given)
{
    return (given == TERN_ARG_INT || given == items_list_of(TERN_ARG_INT)) &&
           (column->kind == TERN_ARG_BOOL || is_enum(column));
}

tern_arg data_convert(tern_ctx *c, const data_column *column, const tern_arg *given)
{
    const int64_t value = given->integer;
    if (items_is_list(given->kind))
        return items_convert(c, column, given);
    if (given->is_null)
        return (tern_arg){.kind = column->kind, .is_null = true};
    if (!is_enum(column) && (value == 0 || value == 1))
        return tern_arg_bool(value == 1);
    const char *name = is_enum(column) && value >= INT_MIN && value <= INT_MAX
                           ? scalar_enum_name(column->plan->type, (int)value)
                           : "";
    if (name[0] == '\0')
        data_misuse(c, "%s is compared with %lld, which is not a %s", column->name, (long long)value,
                    is_enum(column) ? column->plan->type->name : "bool");
    return tern_arg_text(name);
}

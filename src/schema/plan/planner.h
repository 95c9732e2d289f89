/** Shared by the files that make plans: the state of one schema_prepare. */
#ifndef SCHEMA_PLAN_PLANNER_H
#define SCHEMA_PLAN_PLANNER_H

#include "base/arena.h"
#include "base/buf.h"
#include "schema/plan/plan.h"

typedef struct planner {
    arena *memory; /* of all plans; lives as long as they do */
    buf *problems;
    const tern_type *model; /* whose field is being planned */
    const tern_field *field;
    const char *part; /* the part whose rules are being planned: ".items", ".keys"; NULL: the field */
    bool has_mistakes;
    bool is_memory_short;
} planner;

/** Writes the line of one mistake in the current field, or in the model if there is no field. */
void planner_mistake(planner *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** `size` zeroed bytes that last as long as the plans; NULL (and is_memory_short) when out of memory. */
void *planner_zero(planner *p, size_t size) __attribute__((warn_unused_result));
/**
 * Describes the fields that `type` (or the model in a list or map) takes from its whole. Harmless when
 * repeated. False with a mistake. (inherit.c)
 */
bool planner_inherit(planner *p, tern_type *type);

#endif

/** Between the files that make plans: the state of one schema_prepare. */
#ifndef SCHEMA_PLAN_PLANNER_H
#define SCHEMA_PLAN_PLANNER_H

#include "base/arena.h"
#include "base/buf.h"
#include "schema/plan/plan.h"

typedef struct planner {
    arena *memory; /* of all plans, for as long as they last */
    buf *problems;
    const tern_type *model; /* whose field is being planned */
    const tern_field *field;
    const char *part; /* of the field, whose rules are being planned: ".items", ".keys"; NULL: itself */
    bool has_mistakes;
    bool is_memory_short;
} planner;

/** Writes the line of one mistake in the current field, or in the model when there is none. */
void planner_mistake(planner *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** `size` zeroed bytes that last as long as the plans; NULL (and is_memory_short) when there are none. */
void *planner_zero(planner *p, size_t size) __attribute__((warn_unused_result));
/**
 * Gives the fields that `type` (or the model that a list or map holds) takes from its whole their
 * descriptions, from the whole's; twice does no harm. False with a mistake. (inherit.c)
 */
bool planner_inherit(planner *p, tern_type *type);

#endif

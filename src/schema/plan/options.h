/** A field's options: which were given, whether they apply to its kind, and their effect. */
#ifndef SCHEMA_PLAN_OPTIONS_H
#define SCHEMA_PLAN_OPTIONS_H

#include "schema/plan/planner.h"

/** Fills in the rules of `plan` from plan->field, and reports every option that does not apply. */
void plan_options(planner *p, field_plan *plan);
/** The part of plan_options for limits of numbers and moments. (limits.c) */
void plan_limits(planner *p, field_plan *plan, uint64_t given);
/** Reads .fallback and .example, and checks them (and .choices) against the field's rules, which must be
 * complete. */
void plan_values(planner *p, field_plan *plan);

/** Whether the option of that name is in `given`, which has a bit for each. */
bool option_is_given(uint64_t given, const char *name);

/**
 * Finds the next option of the source text that TERN_FIELD_NAMED_ kept (".min = 0, .help = \"a, .b\""): its
 * name without the dot at `*name`, `*len` bytes; 0 bytes for a value without a name.
 * @return where the search for the next one starts; NULL when there is none.
 */
const char *written_next(const char *written, const char **name, size_t *len);

#endif

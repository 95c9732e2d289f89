/**
 * Fields of one model into another by their names (tern_copy). Which goes where is found out once for two
 * models, and kept with the plan of the one that is copied from.
 */
#ifndef SCHEMA_COPY_H
#define SCHEMA_COPY_H

#include "schema/plan/plan.h"

typedef struct copy_step {
    uint32_t into, from, size; /* offsets of the value, and its bytes */
    uint32_t into_state, from_state;
    bool is_key; /* of what is copied into: left alone once it has a value */
} copy_step;

typedef struct copy_plan {
    struct copy_plan *next; /* of the same model, into another one */
    const tern_type *into;
    unsigned count;
    copy_step steps[];
} copy_plan;

/** The plan made before; NULL when there is none. Hot path. */
static inline const copy_plan *copy_find(const tern_type *into, const tern_type *from)
{
    const copy_plan *plan =
        from->plan != NULL ? atomic_load_explicit(&from->plan->copies, memory_order_acquire) : NULL;
    while (plan != NULL && plan->into != into)
        plan = plan->next;
    return plan;
}

/** Makes the plan, and prepares both models where nobody has; NULL with lines in `problems`. From any thread,
 * as long as both are prepared. */
const copy_plan *copy_make(tern_type *into, tern_type *from, buf *problems);
/** Copies every field that is not absent; how many they were. Hot path: must not allocate. */
unsigned copy_fields(const copy_plan *plan, void *into, const void *from);
/** Frees the plans of a model. */
void copy_forget(type_plan *plan);

#endif

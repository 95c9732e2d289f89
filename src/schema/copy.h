/**
 * Copies fields of one model into another by their names (tern_copy). Which field is copied where is worked
 * out once for two models, and kept with the plan of the source model.
 */
#ifndef SCHEMA_COPY_H
#define SCHEMA_COPY_H

#include "schema/plan/plan.h"

typedef struct copy_step {
    uint32_t into, from, size; /* offsets and size of the value */
    uint32_t into_state, from_state;
    bool is_key; /* in the target: left alone once it has a value */
} copy_step;

typedef struct copy_plan {
    struct copy_plan *next; /* the next plan with the same source */
    const tern_type *into;
    unsigned count;
    copy_step steps[];
} copy_plan;

/** An existing plan; NULL if not made yet. Hot path. */
static inline const copy_plan *copy_find(const tern_type *into, const tern_type *from)
{
    const copy_plan *plan =
        from->plan != NULL ? atomic_load_explicit(&from->plan->copies, memory_order_acquire) : NULL;
    while (plan != NULL && plan->into != into)
        plan = plan->next;
    return plan;
}

/** Makes the plan, and prepares both models if needed; NULL with lines in `problems`. Callable from any
 * thread once both are prepared. */
const copy_plan *copy_make(tern_type *into, tern_type *from, buf *problems);
/** Copies every field that is not absent; returns how many. Hot path: must not allocate. */
unsigned copy_fields(const copy_plan *plan, void *into, const void *from);
/** Frees the plans of a model. */
void copy_forget(type_plan *plan);

#endif

#include "schema/copy.h"

#include "base/mem.h"

#include <pthread.h>
#include <string.h>

/* -- what is copied -- */

/** Compares names, as the compiler does: each source file that includes a model has its own description. */
static bool is_same_type(const tern_type *a, const tern_type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->size != b->size || strcmp(a->name, b->name) != 0)
        return false;
    return a->item == NULL || is_same_type(a->item, b->item);
}

static const field_plan *find_field(const tern_type *type, const char *name)
{
    for (unsigned i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &plan_of(type)->fields[i];
    return NULL;
}

/** Whether the part adds the field itself: the program decides what it is for. */
static bool is_own(const tern_type *type, const field_plan *f)
{
    return type->whole != NULL && find_field(type->whole, f->field->name) == NULL;
}

static void mistake(buf *problems, const tern_type *into, const tern_type *from, const field_plan *f,
                    const char *why)
{
    buf_add_printf(problems, "%s cannot be copied into %s: field %s %s\n", from->name, into->name,
                   f->field->name, why);
}

/** Whether `part` takes its fields from `type`, perhaps through other parts. */
static bool is_part_of(const tern_type *part, const tern_type *type)
{
    while ((part = part->whole) != NULL)
        if (is_same_type(part, type))
            return true;
    return false;
}

/** Whether `f` can be copied into `to`, which may be NULL; false with a line in `problems`. */
static bool fits(buf *problems, const tern_type *into, const tern_type *from, const field_plan *f,
                 const field_plan *to)
{
    if (to == NULL)
        mistake(problems, into, from, f, "does not exist there");
    else if (!is_same_type(to->type, f->type))
        mistake(problems, into, from, f, "has another type there");
    else if (f->is_nullable && !plan_may_lack(to))
        mistake(problems, into, from, f, "may be null here but not there");
    else
        return true;
    return false;
}

static copy_step step_of(const field_plan *to, const field_plan *f)
{
    return (copy_step){.into = to->offset,
                       .from = f->offset,
                       .size = (uint32_t)f->type->size,
                       .into_state = to->state_offset,
                       .from_state = f->state_offset,
                       .is_key = to->field->key};
}

/** Fills in the steps; false with lines in `problems`. */
static bool add_steps(copy_plan *plan, const tern_type *from, buf *problems)
{
    bool is_right = true, is_for_part = is_part_of(plan->into, from);
    for (unsigned i = 0; i < from->field_count; i++) {
        const field_plan *f = &plan_of(from)->fields[i], *to = find_field(plan->into, f->field->name);
        if (is_for_part ? to == NULL : f->field->read_only || (to == NULL && is_own(from, f)))
            continue;
        if (fits(problems, plan->into, from, f, to))
            plan->steps[plan->count++] = step_of(to, f);
        else
            is_right = false;
    }
    return is_right;
}

static const copy_plan *make(tern_type *into, tern_type *from, buf *problems)
{
    const copy_plan *made = copy_find(into, from); /* another thread may have made it */
    if (made != NULL)
        return made;
    if (!schema_prepare(into, problems) || !schema_prepare(from, problems))
        return NULL;
    copy_plan *plan = mem_zero(1, sizeof *plan + from->field_count * sizeof *plan->steps);
    if (plan == NULL) {
        buf_add_printf(problems, "%s cannot be copied into %s: out of memory\n", from->name, into->name);
        return NULL;
    }
    plan->into = into;
    if (!add_steps(plan, from, problems)) {
        mem_free(plan);
        return NULL;
    }
    plan->next = atomic_load_explicit(&from->plan->copies, memory_order_relaxed);
    atomic_store_explicit(&from->plan->copies, plan, memory_order_release);
    return plan;
}

const copy_plan *copy_make(tern_type *into, tern_type *from, buf *problems)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    const copy_plan *plan = make(into, from, problems);
    pthread_mutex_unlock(&one_at_a_time);
    return plan;
}

void copy_forget(type_plan *plan)
{
    copy_plan *first = atomic_load_explicit(&plan->copies, memory_order_relaxed);
    while (first != NULL) {
        copy_plan *next = first->next;
        mem_free(first);
        first = next;
    }
}

/* -- copying -- */

/** The sizes that fields have, so that most copies are one move. */
static inline void copy_value(char *into, const char *from, size_t size)
{
    switch (size) {
    case 1:
        *into = *from;
        break;
    case 4:
        memcpy(into, from, 4);
        break;
    case 8:
        memcpy(into, from, 8);
        break;
    case 16:
        memcpy(into, from, 16);
        break;
    default:
        memcpy(into, from, size);
        break;
    }
}

static bool has_value(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (value[i] != 0)
            return true;
    return false;
}

unsigned copy_fields(const copy_plan *plan, void *into, const void *from)
{
    unsigned copied = 0;
    for (const copy_step *step = plan->steps, *end = step + plan->count; step < end; step++) {
        uint8_t state = *((const uint8_t *)from + step->from_state);
        char *value = (char *)into + step->into;
        if (state == TERN_STATE_ABSENT || (step->is_key && has_value(value, step->size)))
            continue;
        copy_value(value, (const char *)from + step->from, step->size);
        *((uint8_t *)into + step->into_state) = state;
        copied++;
    }
    return copied;
}

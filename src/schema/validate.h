/** A value against its field's rules. */
#ifndef SCHEMA_VALIDATE_H
#define SCHEMA_VALIDATE_H

#include "schema/faults.h"
#include "schema/plan/plan.h"

/** Checks the value at `value` (decoded, not null) by `f`'s rules; each broken one is a fault at `where`.
 * Only the field's own: nested models have been checked when they were decoded. Not called when
 * !f->is_checked. */
void validate_field(const field_plan *f, const void *value, const place *where, tern_faults *faults);
/** The same of a value that was input at another time: limits that move with the clock do not hold any more.
 */
void validate_kept(const field_plan *f, const void *value, const place *where, tern_faults *faults);
/** After all fields: the model's own check, when no field of it is at fault. */
void validate_model(const tern_type *type, const void *model, const place *where, tern_faults *faults);
/** A whole value of any type, deeply: what a program has filled in itself (replies in debug builds,
 * fallbacks). */
bool validate_value(const tern_type *type, const void *value, const place *where, tern_faults *faults);

/** A named text format (.format): whether `text` is one. Table in format.c. */
typedef struct text_format {
    const char *name;  /* "email" */
    const char *wants; /* "an e-mail address" */
    bool (*is_valid)(const char *text, size_t len);
} text_format;
const text_format *format_of(const char *name);

#endif

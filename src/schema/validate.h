/** A value against its field's rules. */
#ifndef SCHEMA_VALIDATE_H
#define SCHEMA_VALIDATE_H

#include "schema/faults.h"
#include "schema/plan/plan.h"

/** Checks the value at `value` (decoded, not null) by `f`'s rules; each broken rule is a fault at `where`.
 * Nested models are not checked: that happened when they were decoded. Not called when !f->is_checked. */
void validate_field(const field_plan *f, const void *value, const place *where, tern_faults *faults);
/** Checks a value that was input earlier: limits that move with the clock no longer apply. */
void validate_kept(const field_plan *f, const void *value, const place *where, tern_faults *faults);
/** Runs the model's own check, after its fields and only when none of them has a fault. */
void validate_model(const tern_type *type, const void *model, const place *where, tern_faults *faults);
/** Checks a whole value of any type, deeply: one that the program filled in itself (replies in debug builds,
 * fallbacks). */
bool validate_value(const tern_type *type, const void *value, const place *where, tern_faults *faults);

/** A named text format (.format), and whether a text matches it. Table in format.c. */
typedef struct text_format {
    const char *name;  /* "email" */
    const char *wants; /* "an e-mail address" */
    bool (*is_valid)(const char *text, size_t len);
} text_format;
const text_format *format_of(const char *name);

#endif

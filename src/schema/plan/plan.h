/**
 * What is worked out once at start from a type's description, instead of in every request: key bytes, look-up
 * tables, parsed fallbacks and limits, compiled patterns. Made before the workers are forked; read-only
 * after.
 */
#ifndef SCHEMA_PLAN_H
#define SCHEMA_PLAN_H

#include "base/buf.h"
#include "schema/time/moment_limit.h"

#include <tern/model.h>

#include <stdatomic.h>

typedef struct field_plan {
    const tern_field *field;
    const char *key; /* outside C: .json or the field's name */
    uint32_t key_len;
    const char *json_key; /* `"key":` ready to be copied, escaped; may be read up to a multiple of 16 bytes */
    uint32_t json_key_len;
    const tern_type *type; /* copied from the field, and its .write_only, for encoding */
    bool is_write_only;
    bool has_words; /* .check or .message: some fault has the program's own message */
    uint32_t offset, state_offset;
    bool is_required; /* absent is a fault: not optional and without a fallback */
    bool is_nullable; /* null is a valid value */
    bool is_checked;  /* any rule below applies */
    bool has_min, has_max, has_multiple, has_min_length, has_max_length, has_min_items, has_max_items;
    bool is_min_excluded, is_max_excluded; /* .above, .below */
    /* for integers, clipped to their kind's range and to int64_t's; multiple_int is 1 without has_multiple */
    int64_t min_int, max_int, multiple_int;
    double min_float, max_float, multiple_float;
    const void *fallback; /* a value of the field's type; NULL if none */
    void *pattern;        /* pcre2_code; NULL if none */
    const struct text_format *format;
    const struct field_plan *items, *keys; /* rules of the items of a list or map; NULL if none */
    tern_decimal min_decimal, max_decimal, multiple_decimal; /* exact; the floats have the nearest */
    moment_limit min_moment, max_moment;                     /* .at_least, .at_most of moments */
} field_plan;

typedef struct type_plan {
    tern_type *type;
    field_plan *fields; /* models: in order of declaration */
    /* keys by perfect hash: slot = hash(key, seed) & mask, then one compare */
    uint64_t seed;
    uint32_t mask;
    uint16_t *slots; /* field number + 1; 0: empty */
    unsigned required_count;
    size_t least_bytes; /* encoded size of the smallest value with all its fields: for reserving */
    /* encoded size at most of a model except the contents of its texts, bytes, enums, free JSON and nested
     * values */
    size_t most_bytes;
    bool is_flat;      /* no nested model, list or map */
    bool has_mistakes; /* in it or in a type it was prepared with: reported once, always rejected */
    const struct data_table *table;   /* the data layer's table of the model; NULL: no table */
    struct type_plan *older;          /* the one made before it */
    struct copy_plan *_Atomic copies; /* from this model into others (copy.h); made when first used */
} type_plan;

/**
 * Prepares `type` and all types it refers to, built-in ones too. Cycles are allowed; preparing twice is
 * harmless (an invalid type returns false again, without lines). False with one line for each mistake: "model
 * Todo, field title: .fallback \"x\" breaks .min_length = 3".
 */
bool schema_prepare(tern_type *type, buf *problems);
/** Frees every plan made so far (tests under leak checkers). */
void schema_forget(void);
/** The number of the field with that key, or -1; `plan` is a model's. Hot path of decoding. */
int plan_find(const type_plan *plan, const char *key, size_t len);

/** Whether a row or a reply may lack the field's value: null, or left out. */
static inline bool plan_may_lack(const field_plan *f)
{
    return f->is_nullable || f->field->optional;
}

/** The state of a field without a value: absent where null is not a valid value. */
static inline uint8_t plan_lacking_state(const field_plan *f)
{
    return f->field->optional && !f->is_nullable ? TERN_STATE_ABSENT : TERN_STATE_NULL;
}

static inline type_plan *plan_of(const tern_type *type)
{
    return type->plan;
}

/** The distance in bytes from one item of a list, or entry of a map, to the next. A map's entry is its key
 * and then the value, whose own alignment is at most a pointer's. */
static inline size_t list_step(const tern_type *type)
{
    size_t size = type->item->size;
    return type->kind == TERN_KIND_LIST
               ? size
               : sizeof(char *) + ((size + sizeof(char *) - 1) & ~(sizeof(char *) - 1));
}

/** The field's value inside a model. */
static inline void *plan_value(const field_plan *f, const void *model)
{
    return (char *)(uintptr_t)model + f->offset;
}

static inline uint8_t *plan_state(const field_plan *f, const void *model)
{
    return (uint8_t *)(uintptr_t)model + f->state_offset;
}

#endif

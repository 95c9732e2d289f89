/**
 * The internals of tern_value, and the functions that allocate from an arena.
 *
 * A value is 16 bytes: the tree of a text is never more than eight times as large as the text. Parsed arrays
 * and objects are just their items, side by side. Arrays and objects that are built or changed, and large
 * objects, are in a box, which every copy of the value shares.
 */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include "base/arena.h"
#include "schema/json/json.h"

#include <tern/value.h>

typedef enum value_form {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_UINT, /* past INT64_MAX */
    VALUE_DOUBLE,
    VALUE_DIGITS, /* any other number, as its text: 2^64, 1e999, 20 digits after the point */
    VALUE_TEXT,
    VALUE_ARRAY,
    VALUE_OBJECT
} value_form;

typedef struct value_box {
    tern_value *items;
    uint32_t count, room; /* members or elements */
    uint32_t *slots;      /* objects of more than VALUE_LINEAR members: index + 1 by hash; 0: empty */
    uint32_t mask;
} value_box;

enum { VALUE_LINEAR = 16 };

struct tern_value {
    uint8_t form;
    bool is_boxed;
    uint32_t len; /* of text and digits; the number of items when there is no box */
    union {
        bool is_true;
        int64_t i;
        uint64_t u;
        double d;
        const char *text;  /* NUL-terminated; digits are not */
        tern_value *items; /* objects: key, value, key, value */
        value_box *box;
    };
};

typedef struct value_error {
    const char *code, *message; /* static texts: "not_json", "expected a value"; NULL: no error */
    size_t offset;
    unsigned line, column; /* from 1, in bytes */
} value_error;

/**
 * Parses the whole of `text` as strictly as json_decode: RFC 8259, no duplicate keys, valid UTF-8 only.
 *
 * Texts stay where they are, so `text` must be writable, stay as long as the value, and text.data[text.len]
 * must be a NUL; on failure its content is undefined. `limits` may be NULL.
 * @return NULL with `*error` filled in.
 */
tern_value *value_parse(arena *a, tern_str text, const json_limits *limits, value_error *error);

/* Building. NULL or false: out of memory, or as stated. */

tern_value *value_null(arena *a);
tern_value *value_bool(arena *a, bool value);
tern_value *value_int(arena *a, int64_t value);
tern_value *value_uint(arena *a, uint64_t value);
/** NULL also when `value` is not finite: JSON has no number for it. */
tern_value *value_double(arena *a, double value);
/** A copy of `len` bytes of UTF-8 (invalid bytes are replaced when printed). */
tern_value *value_text(arena *a, const char *text, size_t len);
tern_value *value_array(arena *a);
tern_value *value_object(arena *a);
/** Adds `item` (NULL: null) at the end of an array. An added array or object may still grow: it is shared,
 * not copied. False when `array` is not an array. */
bool value_add(arena *a, tern_value *array, tern_value *item);
/** Sets the member `key` (copied) to `item` (NULL: null), in its old place if it exists. False when `object`
 * is not an object. */
bool value_set(arena *a, tern_value *object, const char *key, size_t key_len, tern_value *item);

/** Appends the JSON of `value` (NULL: null). `indent` 0: no white space; otherwise the spaces for each level.
 * Fails past 64 levels. */
bool value_print(const tern_value *value, json_out *out, unsigned indent);

/** Converts a model's value (of a prepared type) to a tree, and a tree to a model, through its text. */
tern_value *value_of_model(arena *a, const tern_type *type, const void *model);
bool value_to_model(arena *a, const tern_value *value, const tern_type *type, void *model, const place *where,
                    tern_faults *faults);
/** The value of a tern_any, whose text is copied. */
tern_value *value_of_any(arena *a, tern_any any);

/* Shared by the files of tern_value. */

static inline size_t value_count(const tern_value *v)
{
    return v->is_boxed ? v->box->count : v->len;
}

static inline tern_value *value_items(const tern_value *v)
{
    return v->is_boxed ? v->box->items : v->items;
}

/** The index of the member `key`, or -1. */
long value_place_of(const tern_value *object, const char *key, size_t len);
/** Indexes a box of more than VALUE_LINEAR members again, with `mask` + 1 `slots`. Returns the index of a
 * member whose key is a duplicate, or -1. */
long value_index(value_box *box);
/** The number of slots that `room` members need: a power of two. */
uint32_t value_slots_for(uint32_t room);
/** Draws the secret of the hash on first use; false when the kernel cannot provide it. */
bool value_has_secret(void);
/** Enters the last member of a box into its index, which has a slot for it. */
void value_index_last(value_box *box);
bool value_numbers_equal(const tern_value *a, const tern_value *b);

#endif

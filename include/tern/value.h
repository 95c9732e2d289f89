/**
 * JSON of unknown shape: a tree to look into, to build and to print. What has a shape of its own is better a
 * model (model.h): faster, smaller and checked.
 *
 * A value and all below it belong to one memory, a request's as a rule, and go with it; nothing is freed by
 * hand. A `tern_value *` that was found in an array or object is good until something is added to or taken
 * from that array or object.
 *
 * Every function takes NULL for "not there", so that looking needs no checks in between:
 *
 *     const char *city = tern_value_text(tern_value_find(order, "/customer/addresses/0/city"), "unknown");
 */
#ifndef TERN_VALUE_H
#define TERN_VALUE_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_value tern_value;

typedef enum tern_value_kind {
    TERN_JSON_NULL,
    TERN_JSON_BOOL,
    TERN_JSON_NUMBER,
    TERN_JSON_TEXT,
    TERN_JSON_ARRAY,
    TERN_JSON_OBJECT
} tern_value_kind;

/** TERN_JSON_NULL for NULL too; what tells the two apart is the pointer. */
tern_value_kind tern_value_kind_of(const tern_value *value);

/* -- single values: `fallback` when it is not there or not such a value -- */

bool tern_value_bool(const tern_value *value, bool fallback);
/** A number that is whole and fits, however it is written (1e3 is 1000); never rounded. */
int64_t tern_value_int(const tern_value *value, int64_t fallback);
uint64_t tern_value_uint(const tern_value *value, uint64_t fallback);
/** The nearest double of any number that has one. */
double tern_value_double(const tern_value *value, double fallback);
/** UTF-8 with a NUL after it. A text with a NUL inside counts as none, since C would see less than was sent;
 * tern_value_str has all of it. */
const char *tern_value_text(const tern_value *value, const char *fallback);
/** All bytes of a text; of length 0 when it is none. */
tern_str tern_value_str(const tern_value *value);

/* -- arrays and objects -- */

/** Elements of an array, members of an object; 0 for anything else. */
size_t tern_value_count(const tern_value *value);
/** The element, or the value of the member, of that place (from 0, in the order of the text); NULL past the
 * end. Takes the same time for every place. */
tern_value *tern_value_at(const tern_value *value, size_t index);
/** The key of an object's member; NULL past the end. */
const char *tern_value_key(const tern_value *object, size_t index);
/** The member of that key; NULL when there is none. Large objects are hashed (with a secret key). */
tern_value *tern_value_get(const tern_value *object, const char *key);
/** What a JSON Pointer (RFC 6901) leads to: "" is `value` itself, "/items/0/a~1b" goes down. NULL when there
 * is nothing, or the pointer is none. */
tern_value *tern_value_find(const tern_value *value, const char *pointer);

/**
 * Visits every element or member: `item` is a `tern_value *` of yours, `item_index` its place.
 *
 *     tern_value *item;
 *     tern_value_each(item, list)
 *         total += tern_value_int(tern_value_get(item, "price"), 0);
 */
#define tern_value_each(item, value)                                                                         \
    for (size_t item##_index = 0; ((item) = tern_value_at((value), item##_index)) != NULL; item##_index++)

/** Whether two values mean the same: numbers by what they are worth (1, 1.0 and 10e-1 are equal, 0.1 and
 * 0.10 too), objects whatever their order. NULL equals only NULL and a JSON null. */
bool tern_value_equal(const tern_value *a, const tern_value *b);

/* -- changes that need no memory -- */

/** Takes the member out; false when there is none. */
bool tern_value_remove(tern_value *object, const char *key);
/** Takes the element or member of that place out; those after it move up. */
bool tern_value_remove_at(tern_value *value, size_t index);

#ifdef __cplusplus
}
#endif

#endif

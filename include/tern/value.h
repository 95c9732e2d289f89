/**
 * JSON of unknown shape: a tree to read, build and print. For JSON of a known shape use a model (model.h):
 * faster, smaller and checked.
 *
 * A value and all below it belong to one memory, usually a request's, and are freed with it, never by hand. A
 * `tern_value *` found in an array or object is valid until that array or object is changed.
 *
 * Every function accepts NULL as a missing value, so that reading needs no checks in between:
 *
 *     tern_value *order = tern_value_parse(c, tern_body(c));
 *     const char *city = tern_value_text(tern_value_find(order, "/customer/addresses/0/city"), "unknown");
 *
 *     tern_value *answer = tern_value_object(c);
 *     tern_value_set(c, answer, "city", tern_value_of_text(c, city));
 *     return tern_json_text(c, tern_value_print(c, answer, 0));
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
typedef struct tern_ctx tern_ctx;
typedef struct tern_app tern_app;

typedef enum tern_value_kind {
    TERN_JSON_NULL,
    TERN_JSON_BOOL,
    TERN_JSON_NUMBER,
    TERN_JSON_TEXT,
    TERN_JSON_ARRAY,
    TERN_JSON_OBJECT
} tern_value_kind;

/** TERN_JSON_NULL for NULL too; compare the pointer to distinguish them. */
tern_value_kind tern_value_kind_of(const tern_value *value);

/* -- single values: `fallback` when it is missing or of another kind -- */

bool tern_value_bool(const tern_value *value, bool fallback);
/** A number that is whole and fits, however it is written (1e3 is 1000); never rounded. */
int64_t tern_value_int(const tern_value *value, int64_t fallback);
uint64_t tern_value_uint(const tern_value *value, uint64_t fallback);
/** The nearest double of any number that has one. */
double tern_value_double(const tern_value *value, double fallback);
/** UTF-8 with a NUL after it. A text with a NUL inside counts as missing, because C would see only a part of
 * it; tern_value_str has all of it. */
const char *tern_value_text(const tern_value *value, const char *fallback);
/** All bytes of a text; of length 0 when it is not one. */
tern_str tern_value_str(const tern_value *value);

/* -- arrays and objects -- */

/** Elements of an array, members of an object; 0 for anything else. */
size_t tern_value_count(const tern_value *value);
/** The element, or the value of the member, of that place (from 0, in the order of the text); NULL past the
 * end. Takes the same time for every place. */
tern_value *tern_value_at(const tern_value *value, size_t index);
/** The key of an object's member; NULL past the end. */
const char *tern_value_key(const tern_value *object, size_t index);
/** The member of that key; NULL without one. Large objects are hashed (with a secret key). */
tern_value *tern_value_get(const tern_value *object, const char *key);
/** What a JSON Pointer (RFC 6901) leads to: "" is `value` itself, "/items/0/a~1b" goes down. NULL when it
 * leads nowhere, or is not a pointer. */
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

/** Whether two values are equal: numbers by value (1, 1.0 and 10e-1 are equal, 0.1 and 0.10 too), objects in
 * any order. NULL equals only NULL and a JSON null. */
bool tern_value_equal(const tern_value *a, const tern_value *b);

/* -- changes that need no memory -- */

/** Removes the member; false without one. */
bool tern_value_remove(tern_value *object, const char *key);
/** Takes the element or member of that place out; those after it move up. */
bool tern_value_remove_at(tern_value *value, size_t index);

/* -- made in a request's memory; without any left the request fails with 503 -- */

/** Parses a whole text strictly (RFC 8259, UTF-8, no key twice, no key with U+0000, at most 64 levels); fails
 * with 400 (413 for more values than `.limits.json_values`) and the line and column of the error. `text` is
 * copied: `tern_value_parse(c, tern_body(c))`. */
tern_value *tern_value_parse(tern_ctx *c, tern_str text);
/** The same, but NULL for a text that is not such JSON, with the error in `*problem` (NULL: it does not matter). */
tern_value *tern_value_parse_try(tern_ctx *c, tern_str text, const char **problem);
/** The same before the application listens: in its memory, for a text of at most 1,000,000 values. */
tern_value *tern_value_parse_at_start(tern_app *app, tern_str text, const char **problem);

tern_value *tern_value_of_null(tern_ctx *c);
tern_value *tern_value_of_bool(tern_ctx *c, bool value);
tern_value *tern_value_of_int(tern_ctx *c, int64_t value);
tern_value *tern_value_of_uint(tern_ctx *c, uint64_t value);
/** JSON has no infinite numbers and no NaN: these are a 500. */
tern_value *tern_value_of_double(tern_ctx *c, double value);
/** A copy of UTF-8 text; a null for NULL. */
tern_value *tern_value_of_text(tern_ctx *c, const char *text);
tern_value *tern_value_array(tern_ctx *c);
tern_value *tern_value_object(tern_ctx *c);
/** Adds `item` (NULL: null) at the end of `array`; a 500 when that is not one. The item is shared, not
 * copied: later additions to it show here too. */
void tern_value_add(tern_ctx *c, tern_value *array, tern_value *item);
/** Sets the member `key` to `item` (NULL: null), at its old position if it exists; a 500 when `object` is not
 * one. */
void tern_value_set(tern_ctx *c, tern_value *object, const char *key, tern_value *item);

/** The JSON of a value with a NUL after it; with `indent` blanks a level and lines, without white space when
 * that is 0. A value nested more than 64 levels deep (one that holds itself) is a 500. */
const char *tern_value_print(tern_ctx *c, const tern_value *value, unsigned indent);

#ifdef __cplusplus
}
#endif

#endif

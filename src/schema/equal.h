/** Whether two values of a type are equal, and a hash that agrees with it. */
#ifndef SCHEMA_EQUAL_H
#define SCHEMA_EQUAL_H

#include "base/arena.h"

#include <tern/model.h>

/** Deep: text by its bytes, lists in order, maps in any order, models field by field (null differs from a
 * value). */
bool value_equal(const tern_type *type, const void *a, const void *b);
/** Keyed (SipHash with a key drawn at first use), so that no client can choose values that collide. */
uint64_t value_hash(const tern_type *type, const void *value);

/**
 * Finds an item of a list (`count` items of `item`'s size) that equals an earlier one, in time linear in the
 * list's size.
 * @return true with both indexes; false when all differ, or (with `*memory_short`) when the table cannot be
 * allocated.
 */
bool list_find_double(const tern_type *item, const void *items, size_t count, arena *a, size_t *first,
                      size_t *second, bool *memory_short);

#endif

/** Lists of values as PostgreSQL's arrays: `id = any ($1)`. */
#ifndef POSTGRES_ITEMS_H
#define POSTGRES_ITEMS_H

#include "data/engine.h"
#include "data/postgres/libpq.h"

typedef struct pg_array {
    const char *data;
    size_t len;
    bool is_binary;
} pg_array;

/** The type of an array of values of this kind; none for texts, as for a single text: the server infers it
 * from the context. */
Oid items_array_type(tern_arg_kind kind);
/**
 * Encodes a list into the arena, without the items that are null. False with `*problem` when an item cannot
 * be sent ("a text that is not UTF-8") or the array needs more than `most` bytes, and without `*problem` when
 * out of memory.
 */
bool items_as_array(const tern_arg *list, size_t most, arena *a, pg_array *out, const char **problem);

#endif

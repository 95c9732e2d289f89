/**
 * Columns of types that no migration of ours makes, as tables of other programs have them: as text, and
 * arrays.
 */
#ifndef POSTGRES_FOREIGN_H
#define POSTGRES_FOREIGN_H

#include "base/arena.h"
#include "data/postgres/libpq.h"

#include <tern/model.h>

/**
 * The text of a value, from its binary format: numbers, dates and UUIDs as JSON shows them, an interval as an
 * ISO 8601 duration, addresses, bits, ranges and search vectors as PostgreSQL writes them.
 * @return NULL with `*out`; else what the column should have been, as column_read says it.
 */
const char *foreign_text(Oid oid, const char *data, size_t len, const char **out, arena *a);
/** Whether a value of the type is an array, so far as that is known by its type and its bytes. */
bool foreign_is_array(Oid oid, const char *data, size_t len);
/** Reads an array of one dimension, without nulls, into the list that `out` is. Returns as column_read. */
const char *foreign_array(const char *data, size_t len, const tern_type *type, void *out, arena *a);
/** Whether the type is one of those that no kind in C is like. */
bool foreign_has(Oid oid);
/** A problem with the column's type added, where that is one of these, and what to write instead. */
const char *foreign_problem(Oid oid, const char *problem, arena *a);

#endif

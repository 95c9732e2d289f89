/**
 * Reads columns of types that Tern's migrations do not make, but other programs' tables have: as text, and
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
 * @return NULL with `*out`; otherwise what the column should have been, like column_read.
 */
const char *foreign_text(Oid oid, const char *data, size_t len, const char **out, arena *a);
/** Whether a value of the type is an array, if its type and its bytes show it. */
bool foreign_is_array(Oid oid, const char *data, size_t len);
/** Reads an array of one dimension, without nulls, into the list `out`. Returns like column_read. */
const char *foreign_array(const char *data, size_t len, const tern_type *type, void *out, arena *a);
/** Whether no kind in C corresponds to the type. */
bool foreign_has(Oid oid);
/** The problem, extended by the column's type and the fix if it is one of these types. */
const char *foreign_problem(Oid oid, const char *problem, arena *a);

#endif

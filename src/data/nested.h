/**
 * Rows with models inside: columns such as "author.team.name" fill the fields of nested models.
 *
 * A nested model whose columns are all null is null itself: that is what an outer join gives for a row that
 * it did not find. All columns decide, and not one of them, so their order does not matter.
 */
#ifndef DATA_NESTED_H
#define DATA_NESTED_H

#include "data/rows.h"

enum { NESTS_MOST = 64 }; /* a bit each, in nested_read */

/** A model within the row; number 0 is the row itself. */
typedef struct rows_nest {
    const tern_type *type;
    const field_plan *field; /* of the parent; NULL for the row */
    size_t offset;           /* in the row */
    unsigned parent;         /* a smaller number */
} rows_nest;

typedef struct rows_nests {
    rows_nest *items;
    unsigned count;
    uint8_t *of_column; /* the number of the model that each column belongs to */
} rows_nests;

/** As rows_read, by a map with nested models. */
bool nested_read(const rows_map *map, data_run *run, const data_row *row, void *out);

#endif

/**
 * Rows with nested models: columns such as "author.team.name" fill the fields of nested models.
 *
 * A nested model whose columns are all null is null itself: an outer join returns this for a missing row. All
 * columns decide, so their order does not matter.
 */
#ifndef DATA_NESTED_H
#define DATA_NESTED_H

#include "data/rows.h"

enum { NESTS_MOST = 64 }; /* one bit each, in nested_read */

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

/** Like rows_read, for a map with nested models. */
bool nested_read(const rows_map *map, data_run *run, const data_row *row, void *out);

#endif

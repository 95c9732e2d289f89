/** Results of raw SQL, whose columns are matched with fields by name. */
#ifndef DATA_NAMED_H
#define DATA_NAMED_H

#include "data/rows.h"

/** Data kept with a statement (statement_result): the map of its result, as last seen. */
typedef struct named_map {
    rows_map map;
    const char **names;      /* of the columns */
    struct named_map *older; /* older maps of the statement: other coroutines may still use them */
} named_map;

/** Frees a map and its older ones. `map` may be NULL. */
void named_map_free(named_map *map);

#endif

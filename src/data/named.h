/** Results of the program's own SQL, whose columns are matched with fields by their names. */
#ifndef DATA_NAMED_H
#define DATA_NAMED_H

#include "data/rows.h"

/** What is kept beside a statement (statement_result): the map of its result, as it was last seen. */
typedef struct named_map {
    rows_map map;
    const char **names;      /* of the columns */
    struct named_map *older; /* of the same statement: other coroutines may still read by it */
} named_map;

/** Frees a map and its older ones. NULL is none. */
void named_map_free(named_map *map);

#endif

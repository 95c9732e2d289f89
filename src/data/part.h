/** Models that are a part of a table's model: a change of some of its fields, by their names. */
#ifndef DATA_PART_H
#define DATA_PART_H

#include "data/write.h"

typedef struct data_part data_part;

/**
 * What the model `type` has in common with that of `table`: worked out once. Leaves the handler with 500 when
 * it has a field that the other one lacks, or has of another type.
 */
const data_part *data_part_of(tern_ctx *c, const data_table *table, const tern_type *type);
/** The columns of the fields that `change` says were given; never a key or a time of creation. */
column_set data_part_columns(const data_part *part, const void *change);
/** Copies the fields that were given into `row`; texts are shared. False, with the error answered as
 * data_answer does, when one is null and its column never is. */
bool data_part_take(tern_ctx *c, const data_part *part, const void *change, void *row,
                    tern_data_error *error);
/** Forgets all parts (tests under leak checkers). */
void data_part_forget(void);

#endif

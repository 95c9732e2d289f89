/** Models that are a part of a table's model: a change of some of its fields, matched by name. */
#ifndef DATA_PART_H
#define DATA_PART_H

#include "data/write.h"

typedef struct data_part data_part;

/**
 * The fields that the model `type` shares with that of `table`: computed once. Ends the request with 500 when
 * the table's model lacks one of its fields, or has it with another type.
 */
const data_part *data_part_of(tern_ctx *c, const data_table *table, const tern_type *type);
/** The columns of the fields that were given in `change`; never a key or a creation time. */
column_set data_part_columns(const data_part *part, const void *change);
/** Copies the fields that were given into `row`; texts are shared. False, with the error answered as
 * data_answer does, when one is null and its column may not be. */
bool data_part_take(tern_ctx *c, const data_part *part, const void *change, void *row,
                    tern_data_error *error);
/** Forgets all parts (tests under leak checkers). */
void data_part_forget(void);

#endif

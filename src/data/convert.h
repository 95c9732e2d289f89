/** Converts values from their C types to the types of their columns. */
#ifndef DATA_CONVERT_H
#define DATA_CONVERT_H

#include "app/ctx.h"
#include "data/table/table.h"

/** Whether a value of this kind is a number, or a list of numbers, while the column is not numeric but has
 * values that are ints in C: `true`, `!x`, constants of an enum. */
bool data_must_convert(const data_column *column, tern_arg_kind given);
/**
 * Returns that number as a bool, or as the name of the enum's value. Ends the request with 500 when it is
 * neither.
 */
tern_arg data_convert(tern_ctx *c, const data_column *column, const tern_arg *given);

#endif

/** Values given as C has them, as their columns want them. */
#ifndef DATA_CONVERT_H
#define DATA_CONVERT_H

#include "app/ctx.h"
#include "data/table/table.h"

/** Whether a value of this kind is a number where the column is none, but has values that are ints in C:
 * `true`, `!x`, constants of an enum. So is a list of numbers. */
bool data_must_convert(const data_column *column, tern_arg_kind given);
/** That number as a bool, or as the name of the enum's value; leaves the handler with 500 when it is neither.
 */
tern_arg data_convert(tern_ctx *c, const data_column *column, const tern_arg *given);

#endif

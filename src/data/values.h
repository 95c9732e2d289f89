/** Reads results of one column as plain values: lists and single values. */
#ifndef DATA_VALUES_H
#define DATA_VALUES_H

#include "data/execute.h"
#include "schema/plan/plan.h"

/** The values of one column, in the request's memory. A null becomes a zero value: NULL for a text. */
typedef struct value_list {
    const tern_type *type;   /* prepared */
    const data_table *table; /* the column's field; NULL: a column of raw SQL */
    const field_plan *field; /* whether a text may be null */
    char *items;
    size_t count, room;
} value_list;

/** An on_row for a sink of value_list; refuses a result with any other number of columns. */
bool values_take(data_run *run, const data_row *row);
/** An on_no_rows: the same mistake is reported whether there are rows or not. */
bool values_check(data_run *run, const data_row *row);
/** The list as the `T_list *` of the macros. */
void *values_as_list(tern_ctx *c, const value_list *list);

#endif

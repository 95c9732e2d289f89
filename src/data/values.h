/** Results of one column, read as plain values: lists of them, and single ones. */
#ifndef DATA_VALUES_H
#define DATA_VALUES_H

#include "data/execute.h"
#include "schema/plan/plan.h"

/** The values of one column, in the request's memory. A null is a value of zeros: NULL for a text. */
typedef struct value_list {
    const tern_type *type;   /* prepared */
    const data_table *table; /* whose field it is; NULL: a column of the program's own SQL */
    const field_plan *field; /* which says whether a text may be null */
    char *items;
    size_t count, room;
} value_list;

/** An on_row for a sink of value_list; refuses a result of any other number of columns. */
bool values_take(data_run *run, const data_row *row);
/** An on_no_rows: the same mistake is reported whether there are rows or not. */
bool values_check(data_run *run, const data_row *row);
/** The list as the `T_list *` of the macros. */
void *values_as_list(tern_ctx *c, const value_list *list);

#endif

/** Statements of SQL that the program wrote, for the files that read their results. */
#ifndef DATA_RAW_SQL_H
#define DATA_RAW_SQL_H

#include "data/statement.h"

/** The statement of `text`, which must be a literal, for values of these kinds; `type` (NULL: none) tells
 * apart what its result is read into. `*args` becomes the values as the statement takes them, those of
 * filters among them. Leaves the handler with 500 when the text cannot be taken. */
const data_statement *raw_sql_statement(tern_ctx *c, const tern_type *type, const char *text,
                                        tern_args *args);

#endif

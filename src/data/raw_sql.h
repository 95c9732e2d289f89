/** Statements of raw SQL, for the files that read their results. */
#ifndef DATA_RAW_SQL_H
#define DATA_RAW_SQL_H

#include "data/statement.h"

/** The statement of `text`, which must be a literal, for values of these kinds; `type` (NULL: none) is the
 * model that its result is read into. `*args` becomes the statement's values, including those of filters.
 * Ends the request with 500 when the text is not accepted. */
const data_statement *raw_sql_statement(tern_ctx *c, const tern_type *type, const char *text,
                                        tern_args *args);

#endif

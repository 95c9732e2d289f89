/** A statement in memory, shared by the files that keep statements: statement.c and combination.c. */
#ifndef DATA_MADE_STATEMENT_H
#define DATA_MADE_STATEMENT_H

#include "data/statement.h"

/** The container of every data_statement from sql_finish. Its conversions, kinds and SQL follow it in the
 * same block of memory. */
typedef struct made_statement {
    data_statement statement; /* first */
    const statement_conversion *conversions;
    unsigned conversion_count;
    size_t bytes;             /* of the block */
    struct named_map *result; /* statement_result */
    bool is_copy;             /* in a request's memory */
} made_statement;

/** The bytes of the block that made_fill fills. */
size_t made_bytes(const sql_builder *b);
void made_fill(made_statement *s, const sql_builder *b, unsigned id, bool writes);
/** A copy in the arena; NULL without memory. */
const data_statement *made_copy(arena *a, const made_statement *s);
/** The next statement number; 0 when no more are available. */
unsigned made_next_id(void);

#endif

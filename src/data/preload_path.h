/** Finds the rows that a tern_preload fills: those of the list, or others within them. */
#ifndef DATA_PRELOAD_PATH_H
#define DATA_PRELOAD_PATH_H

#include "app/ctx.h"
#include "schema/plan/plan.h"

/** Rows anywhere in memory, and their field to fill. */
typedef struct preload_rows {
    const tern_type *type; /* of each row */
    char **rows;           /* in the request's memory */
    size_t count;
    const char *field; /* a name of `field_len` bytes; the last step */
    size_t field_len;
} preload_rows;

/**
 * Follows all steps of `path` but the last: "author", "author.team", "books.items->author" (as C has it, so
 * that the compiler checks the names). Null rows are skipped. Ends the request with 500 when a step is not a
 * field with rows, or was not read.
 */
preload_rows preload_path_follow(tern_ctx *c, const tern_type *type, void *items, size_t count,
                                 const char *path);

#endif

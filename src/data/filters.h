/**
 * Optional conditions (TERN_FILTERS): finds those that are given this time.
 *
 * The addresses of the given texts, in their order, and the kinds of all values identify a statement. Nothing
 * here reads a text.
 */
#ifndef DATA_FILTERS_H
#define DATA_FILTERS_H

#include "data/statement.h"

/** The values of a statement, with the values of the given conditions in their positions. */
struct filters_given {
    tern_args args;
    const char **texts;
    const uint8_t *shape; /* kinds of values, and marks where conditions and groups begin and end */
    unsigned text_count, shape_len;
};

/** Whether any condition is given. */
bool filters_has_given(const tern_filters *filters);
/** The conditions of the group `filter`; NULL when it is not a group. */
const tern_filters *filters_group(const tern_filter *filter);
/** Whether `filter` is given, or is a group with a given condition. */
bool filters_is_given(const tern_filter *filter);

/** For filters_read, when conditions exist. */
const filters_given *filters_gather(tern_ctx *c, const tern_args *args, const tern_filters *filters);

/**
 * The given conditions among `args`, followed by those of `filters` (may be NULL). In the request's memory;
 * NULL without conditions. Ends the request with 500 when more are given than a statement can have. Hot path
 * without conditions.
 */
static inline const filters_given *filters_read(tern_ctx *c, const tern_args *args,
                                                const tern_filters *filters)
{
    bool has_some = filters != NULL && filters->count != 0;
    for (unsigned i = 0; i < args->count && !has_some; i++)
        has_some = args->items[i].kind == TERN_ARG_FILTERS;
    return has_some ? filters_gather(c, args, filters) : NULL;
}

/** A copy in the request's memory, with the values, but not the data they point to. */
tern_filters filters_keep(tern_ctx *c, const tern_filters *filters);
tern_args filters_keep_args(tern_ctx *c, const tern_args *args);

#endif

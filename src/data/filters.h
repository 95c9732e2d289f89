/**
 * Conditions of which each may be given or not (TERN_FILTERS): what of them is given this time.
 *
 * The addresses of the texts that are given, in their order, and the kinds of all values tell one statement
 * from another. Nothing here looks at a text.
 */
#ifndef DATA_FILTERS_H
#define DATA_FILTERS_H

#include "data/statement.h"

/** The values of a statement, with those of the conditions that are given in the place where these are. */
struct filters_given {
    tern_args args;
    const char **texts;
    const uint8_t *shape; /* kinds of values, and where conditions and groups begin and end */
    unsigned text_count, shape_len;
};

/** Whether a condition of them is given. */
bool filters_has_given(const tern_filters *filters);
/** The conditions of the group that `filter` is; NULL when it is not one. */
const tern_filters *filters_group(const tern_filter *filter);
/** Whether `filter` is given, or is a group of which something is. */
bool filters_is_given(const tern_filter *filter);

/** For filters_read, when there are some. */
const filters_given *filters_gather(tern_ctx *c, const tern_args *args, const tern_filters *filters);

/**
 * What is given of the conditions among `args`, and of `filters` (may be NULL), which come after them. In the
 * request's memory; NULL when there are none of either. Leaves the handler with 500 when more are given than a
 * statement has. Hot path, when there are none.
 */
static inline const filters_given *filters_read(tern_ctx *c, const tern_args *args,
                                                const tern_filters *filters)
{
    bool has_some = filters != NULL && filters->count != 0;
    for (unsigned i = 0; i < args->count && !has_some; i++)
        has_some = args->items[i].kind == TERN_ARG_FILTERS;
    return has_some ? filters_gather(c, args, filters) : NULL;
}

/** A copy in the request's memory, with the values, but not with what these point to. */
tern_filters filters_keep(tern_ctx *c, const tern_filters *filters);
tern_args filters_keep_args(tern_ctx *c, const tern_args *args);

#endif

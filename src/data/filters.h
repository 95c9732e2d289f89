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

/**
 * What is given of the conditions among `args`, and of `filters`, which come after them. In the request's
 * memory; NULL when there are none of either. Leaves the handler with 500 when more are given than a
 * statement has.
 */
const filters_given *filters_read(tern_ctx *c, const tern_args *args, const tern_filters *filters);

/** A copy in the request's memory, with the values, but not with what these point to. */
tern_filters filters_keep(tern_ctx *c, const tern_filters *filters);
tern_args filters_keep_args(tern_ctx *c, const tern_args *args);

#endif

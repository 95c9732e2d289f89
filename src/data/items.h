/**
 * Lists as values: the value of the `?` in `in (?)`.
 *
 * A list is bound as one value, so its length is not part of the statement. The engines read its items one by
 * one, as single values.
 */
#ifndef DATA_ITEMS_H
#define DATA_ITEMS_H

#include "app/ctx.h"
#include "data/table/table.h"

static inline bool items_is_list(tern_arg_kind kind)
{
    return ((unsigned)kind & TERN_ARG_LIST) != 0;
}

/** The kind of the items in a list of this kind. */
static inline tern_arg_kind items_kind(tern_arg_kind kind)
{
    return (tern_arg_kind)((unsigned)kind & ~(unsigned)TERN_ARG_LIST);
}

/** The kind of a list of items of this kind. */
static inline tern_arg_kind items_list_of(tern_arg_kind kind)
{
    return (tern_arg_kind)((unsigned)kind | TERN_ARG_LIST);
}

/** An item of a list, by its number from 0, as a single value: null, or of items_kind(list->kind);
 * TERN_ARG_TOO_BIG for a whole number that is too big. */
tern_arg items_at(const tern_arg *list, size_t number);

/** The size of an item in bytes. */
size_t items_size(const tern_arg *list);

/** Converts a list of numbers to the type of `column`: to bools, or to the names of an enum's values, in the
 * request's memory. Ends the request with 500 when a number is neither. (See convert.h.) */
tern_arg items_convert(tern_ctx *c, const data_column *column, const tern_arg *list);

#endif

/**
 * Lists as values: what stands for the `?` of `in (?)`.
 *
 * A list is bound as one value, so its length is no part of the statement. The engines read its items one by
 * one, as the values they would be alone.
 */
#ifndef DATA_ITEMS_H
#define DATA_ITEMS_H

#include "app/ctx.h"
#include "data/table/table.h"

static inline bool items_is_list(tern_arg_kind kind)
{
    return ((unsigned)kind & TERN_ARG_LIST) != 0;
}

/** The kind of the items of a list of this kind. */
static inline tern_arg_kind items_kind(tern_arg_kind kind)
{
    return (tern_arg_kind)((unsigned)kind & ~(unsigned)TERN_ARG_LIST);
}

/** The kind of a list of such items. */
static inline tern_arg_kind items_list_of(tern_arg_kind kind)
{
    return (tern_arg_kind)((unsigned)kind | TERN_ARG_LIST);
}

/** An item of a list, by its number from 0, as a value of its own: null, or of items_kind(list->kind), but
 * for a whole number that is TERN_ARG_TOO_BIG. */
tern_arg items_at(const tern_arg *list, size_t number);

/** The bytes of an item. */
size_t items_size(const tern_arg *list);

/** A list of numbers as `column` wants it: of bools, or of the names of an enum's values, in the request's
 * memory. Leaves the handler with 500 when one is neither. (convert.h says when) */
tern_arg items_convert(tern_ctx *c, const data_column *column, const tern_arg *list);

#endif

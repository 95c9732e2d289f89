/** Between the files of resources: what tern_resource was told, and the types made of its model. */
#ifndef DATA_RESOURCE_H
#define DATA_RESOURCE_H

#include "app/ctx.h"

#include <tern/resource.h>

enum { RESOURCE_KEYS_MOST = 8 };

/** In the application's memory. */
typedef struct resource {
    tern_type *model;
    tern_resource_options options;
    tern_type *list;      /* a list of the model */
    tern_type *key;       /* a model of the key's fields alone: what stands in the path */
    tern_type *creating;  /* the model, with what a client gives a new row; the layout is the model's own, as
                             of the next two */
    tern_type *replacing; /* the model, whose key is not the body's to give */
    tern_type *changing;  /* the same with every other field optional, and without fallbacks */
    tern_type *asking;    /* the query of a list */
    const tern_field *page, *size, *order, *fields; /* of `asking` */
    const tern_field *search;                       /* of `asking`; NULL: the model has no words to search */
    unsigned filter_count;                          /* its first fields, in the order of `filters` */
    const tern_field **filters;                     /* of the model */
} resource;

/** Makes the types; false when memory is short (noted in the application) or, with a line in the log of
 * problems, when the model has no key. (types.c) */
bool resource_make_types(tern_app *app, resource *r);
/** "/{id}": the key as the end of a pattern, in the application's memory. (types.c) */
const char *resource_key_pattern(tern_app *app, const resource *r);
/** Ends the handler with 422, naming the field and the rule, when a new row's key could not stand in a path,
 * or the path would lead to another route: the row could be made and never be reached. (address.c)
 */
void resource_need_address(tern_ctx *c, const resource *r, const void *row);

/** The resource whose rows the route lists; NULL when it does something else. */
const resource *data_resource_listed(const struct route *from);

#endif

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
    tern_type *reading;   /* the key, and what a single row is asked for with */
    const tern_field *page, *size, *order, *fields, *after; /* of `asking` */
    const tern_field *list_include, *read_include; /* of `asking` and `reading`; NULL without .includes */
    const tern_field **includes;                   /* of the model: its relations that can be asked for */
    unsigned include_count;
    const tern_field *search;   /* of `asking`; NULL: the model has no words to search */
    unsigned filter_count;      /* its first fields, in the order of `filters` */
    const tern_field **filters; /* of the model */
    const char **filter_texts;  /* for each "\"title\" = ?", which counts as a literal */
} resource;

enum { RESOURCE_INCLUDES_MOST = 32 };

/** A bit for each of r->includes. */
typedef uint32_t resource_included;

/** Fills in r->includes of what .includes names, as far as it names relations. (include.c) */
bool resource_find_includes(tern_app *app, resource *r);
/** Whether .includes names relations alone; false with a line for each other name. (include.c) */
bool resource_check_includes(const resource *r, buf *problems);
/** Which relations `field` of the input `in` asks for (NULL: it cannot ask); leaves the handler with 422, naming
 * those that there are, for any other name. (include.c) */
resource_included resource_read_includes(tern_ctx *c, const resource *r, const tern_field *field,
                                         const void *in);
/** Fills them in: a query for each relation. (include.c) */
void resource_include(tern_ctx *c, const resource *r, resource_included included, void *rows, size_t count);

/** An entity tag with its quotes, not NUL-terminated: a version, a hash, and that of a variant. */
typedef struct resource_tag {
    char text[64];
    size_t len;
} resource_tag;

/** The tag of a row whose JSON this is: its version, if it has one, and a hash of the JSON, which two rows of one
 * key and version do not share when the first was removed. (tag.c) */
resource_tag resource_tag_of(const resource *r, const void *row, const char *json, size_t len);
/** The tag of a page. (tag.c) */
resource_tag resource_tag_of_list(const char *json, size_t len);
/** Makes it that of the row with related rows, as in `json`. (tag.c) */
void resource_tag_add_variant(resource_tag *tag, const char *json, size_t len);
/** `reply` to a GET with its tag, or, as If-Match and If-None-Match say, 304 or leaving with 412. (tag.c) */
tern_reply resource_reply_tagged(tern_ctx *c, const resource_tag *tag, tern_reply reply);
/** Sends the tag of a row that is stored so. (tag.c) */
void resource_put_tag(tern_ctx *c, const resource *r, const void *row);
/** Before a row is written: leaves with 412 when it is not what If-Match and If-None-Match say, 428 when the
 * resource needs If-Match and there is none, 400 when either is malformed. (tag.c) */
void resource_need_match(tern_ctx *c, const resource *r, const void *row);

/** Makes the types; false when out of memory (noted in the application) or, with a line in the log of
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

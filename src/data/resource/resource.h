/** Shared by the files of resources: the arguments of tern_resource, and the types made from its model. */
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
    tern_type *key;       /* a model of only the key's fields: those in the path */
    tern_type *creating;  /* the input of a new row; has the model's layout, as the next two */
    tern_type *replacing; /* the model, whose key must not be in the body */
    tern_type *changing;  /* like `replacing`, other fields optional, no fallbacks */
    tern_type *asking;    /* the query of a list */
    tern_type *reading;   /* the key, and the query of a single row */
    const tern_field *page, *size, *order, *fields, *after; /* of `asking` */
    const tern_field *list_include, *read_include; /* of `asking` and `reading`; NULL without .includes */
    const tern_field **includes;                   /* of the model: the relations that clients can request */
    unsigned include_count;
    const tern_field *search;   /* of `asking`; NULL: the model has no search fields */
    unsigned filter_count;      /* its first fields, in the order of `filters` */
    const tern_field **filters; /* of the model */
    const char **filter_texts;  /* for each: "\"title\" = ?", which counts as a literal */
} resource;

enum { RESOURCE_INCLUDES_MOST = 32 };

/** A bit for each of r->includes. */
typedef uint32_t resource_included;

/** Sets r->includes to the relations that .includes names. (include.c) */
bool resource_find_includes(tern_app *app, resource *r);
/** Whether .includes names only relations; false with a line for each other name. (include.c) */
bool resource_check_includes(const resource *r, buf *problems);
/** The relations that `field` of the input `in` requests (NULL: it cannot request any). Ends the request with
 * 422, listing the existing relations, for any other name. (include.c) */
resource_included resource_read_includes(tern_ctx *c, const resource *r, const tern_field *field,
                                         const void *in);
/** Reads the related rows: a query for each relation. (include.c) */
void resource_include(tern_ctx *c, const resource *r, resource_included included, void *rows, size_t count);

/** The parts of an entity tag: a version, a hash, and the hash of a variant. With quotes, not
 * NUL-terminated. */
typedef struct resource_tag {
    char text[64];
    size_t len;
} resource_tag;

/** The tag of a row with this JSON: its version, if it has one, and a hash of the JSON. The hash
 * distinguishes a row from a removed one with the same key and version. (tag.c) */
resource_tag resource_tag_of(const resource *r, const void *row, const char *json, size_t len);
/** The tag of a page. (tag.c) */
resource_tag resource_tag_of_list(const char *json, size_t len);
/** Changes the tag to that of the row with related rows, as in `json`. (tag.c) */
void resource_tag_add_variant(resource_tag *tag, const char *json, size_t len);
/** Adds the tag to `reply` to a GET; or, depending on If-Match and If-None-Match, replies 304 or ends the
 * request with 412. (tag.c) */
tern_reply resource_reply_tagged(tern_ctx *c, const resource_tag *tag, tern_reply reply);
/** Sends the tag of a stored row. (tag.c) */
void resource_put_tag(tern_ctx *c, const resource *r, const void *row);
/** Checks the conditions before a row is written. Ends the request with 412 when the row does not match
 * If-Match and If-None-Match, 428 when the resource needs If-Match and the request has none, and 400 when
 * either is malformed. (tag.c) */
void resource_need_match(tern_ctx *c, const resource *r, const void *row);

/** Makes the types; false when out of memory (noted in the application) or, with a line in the log of
 * problems, when the model has no key. (types.c) */
bool resource_make_types(tern_app *app, resource *r);
/** "/{id}": the key as the end of a pattern, in the application's memory. (types.c) */
const char *resource_key_pattern(tern_app *app, const resource *r);
/**
 * Ends the request with 422, naming the field and the rule, when a new row's key cannot be in a path, or when
 * the path would lead to another route: the row would be unreachable. (address.c)
 */
void resource_need_address(tern_ctx *c, const resource *r, const void *row);

/** The resource whose rows the route lists; NULL for other routes. */
const resource *data_resource_listed(const struct route *from);

#endif

/**
 * Resources: a table as a REST API in one line.
 *
 *     tern_resource(app, "/todos", TERN_TYPE(Todo), .tags = "todos");
 *
 * serves, validates and documents
 *
 *     GET    /todos         a page: `{"items": [...], "total": 3, "next": "AXk2..."}`
 *     POST   /todos         inserts a row: 201 with Location
 *     GET    /todos/{id}
 *     PUT    /todos/{id}    replaces all fields
 *     PATCH  /todos/{id}    changes those that are sent (JSON Merge Patch, RFC 7396)
 *     DELETE /todos/{id}    204
 *
 * A list takes ?page= or ?after= (the "next" of the previous page), ?size=, ?order=-created,title,
 * ?fields=id,title, ?include=author for related rows, and ?FIELD=value for each filter. Rows carry an ETag:
 * If-None-Match gives 304, and If-Match on PUT, PATCH and DELETE 412 when the row is another by now. Fields
 * that the database or Tern fills in (automatic keys, .created, .updated, .read_only) are not read from a
 * body; a .version that is sent must be the row's. docs/resources.md has the rest.
 */
#ifndef TERN_RESOURCE_H
#define TERN_RESOURCE_H

#include <tern/data.h>

/** What is being done with a resource. */
typedef enum tern_operation {
    TERN_OPERATION_LIST,
    TERN_OPERATION_CREATE,
    TERN_OPERATION_READ,
    TERN_OPERATION_REPLACE,
    TERN_OPERATION_CHANGE,
    TERN_OPERATION_REMOVE,
    TERN_OPERATIONS
} tern_operation;

/** Rows and hooks are of the resource's model. All may be left out. */
typedef struct tern_resource_options {
    const char *file; /* where it is registered; filled in by the macro */
    int line;
    const char *tags;
    const char *filters;      /* "done, title": what a list can be filtered by; default every plain column but
                                 those named page, size, order, fields, after or include */
    const char *order_by;     /* of a list without ?order=; default the key */
    unsigned size, most_size; /* rows of a page; default 20 and 100 */
    tern_total total;         /* the total of a page; default exact */
    tern_page_names page_names; /* names of a page's fields; NULL: the application's */
    /* "author, tags": relations (fields with .via, .by or .through) that ?include= may ask for, in lists and
     * single reads; default none. Whoever may read the row sees all of them: no .visible and .may of another
     * resource is asked */
    const char *includes;
    bool need_if_match;              /* PUT, PATCH and DELETE without If-Match are 428 */
    bool leave_out[TERN_OPERATIONS]; /* `.leave_out[TERN_OPERATION_REMOVE] = true` */
    const char *security;            /* as a route's */
    bool allow_encoded_slashes;      /* as a route's: keys may hold '/', which is %2F in their paths */
    const tern_middleware *use;      /* TERN_USE(...) */
    /* TERN_NEEDS(...): providers that all operations need, and those that the ones that write need after them */
    const tern_provider *const *needs, *const *needs_to_write;
    /* permissions, as of routes: for all operations, and besides them for the ones that write */
    const char *requires, *requires_to_write;

    /** Permission, by operation: each leaves with tern_fail(c, 403, ...) when it is refused. `row` is the row
     * at hand as it is in the database (as it was sent for CREATE; NULL for LIST). */
    void (*may[TERN_OPERATIONS])(tern_ctx *c, const void *row);
    /** Which rows this client may see: `return tern_where(c, "owner = ?", id);` (TERN_ARGS would not outlive
     * the function). Others are 404. It does not restrict what is written: `may` and `before_write` do. */
    tern_selection (*visible)(tern_ctx *c);

    /** Before a row is written (`before` is NULL for CREATE), in the same transaction: may change `row`, or
     * leave. */
    void (*before_write)(tern_ctx *c, void *row, const void *before);
    /** After it was written, still in the transaction. */
    void (*after_write)(tern_ctx *c, const void *row, const void *before);
    void (*before_remove)(tern_ctx *c, const void *row);
    void (*after_remove)(tern_ctx *c, const void *row);
} tern_resource_options;

void tern_resource_of(tern_group *group, const char *pattern, tern_type *model,
                      const tern_resource_options *options);
/** The model must be one of tern_database's, with a key. Mistakes are reported by tern_run with the others.
 * Where it has fields with .search, a list takes ?search=words: the best first, unless ?order= says
 * otherwise.
 */
#define tern_resource(where, pattern, model, ...)                                                            \
    tern_resource_of(TERN_GROUP_OF(where), pattern, model,                                                   \
                     &(tern_resource_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})

#endif

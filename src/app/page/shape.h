/** The shape of a route's pages: their fields, and the names of these. */
#ifndef APP_PAGE_SHAPE_H
#define APP_PAGE_SHAPE_H

#include "base/arena.h"
#include "base/buf.h"

#include <tern/page.h>
#include <tern/str.h>

/** In the order in which a page has them. */
typedef enum page_field {
    PAGE_ITEMS,
    PAGE_TOTAL,
    PAGE_TOTAL_IS_ESTIMATE,
    PAGE_NUMBER,
    PAGE_SIZE,
    PAGE_HAS_NEXT,
    PAGE_NEXT,
    PAGE_FIELDS
} page_field;

/** Made at start, for each route that is `.paged`. */
typedef struct page_shape {
    tern_total total;
    const char *names[PAGE_FIELDS]; /* NULL: left out */
    tern_str keys[PAGE_FIELDS];     /* the name as JSON with what comes before and after it: `,"total":` */
} page_shape;

/** The shape of an application that sets none. */
extern const page_shape page_shape_usual;

/**
 * The shape of a route: its own names, and the application's for the rest. `where` begins the lines in
 * `problems`: "main.c:12: GET /todos".
 *
 * @return NULL with lines in `problems`, or, without a line, when out of memory.
 */
const page_shape *page_shape_make(arena *a, const tern_page_names *own, const tern_page_names *of_app,
                                  tern_total total, const char *where, buf *problems);

#endif

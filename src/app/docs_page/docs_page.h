/** The interactive documentation. */
#ifndef APP_DOCS_PAGE_H
#define APP_DOCS_PAGE_H

#include "base/arena.h"

#include <tern/app.h>

/** Adds GET options.docs_path (default "/docs") with its style and script, unless it or the OpenAPI document
 * is disabled. Adding twice is harmless. */
void docs_page_add_routes(tern_app *app);

/** The rest is shared by docs_page.c and docs_page/swagger.c, which exists with TERN_SWAGGER_UI. */

enum { DOCS_PAGE_MOST_PLACES = 8 }; /* how many times a page may contain its two addresses */

/** The parts of the documentation; the last six exist with TERN_SWAGGER_UI. */
typedef enum docs_part {
    DOCS_PAGE,
    DOCS_STYLE,
    DOCS_SCRIPT,
    DOCS_SWAGGER_PAGE,
    DOCS_SWAGGER_SCRIPT,
    DOCS_SWAGGER_STYLE,
    DOCS_SWAGGER_UI_SCRIPT,
    DOCS_SWAGGER_UI_STYLE,
    DOCS_SWAGGER_LICENSES,
    DOCS_PARTS
} docs_part;

/** A page with {docs} and {openapi} in it filled in; NULL when out of memory. */
char *docs_page_fill_in(arena *a, const void *page, size_t len, const char *docs, const char *openapi);

/** Replies with a part, under the page's Content-Security-Policy. */
tern_reply docs_page_serve(tern_ctx *c, docs_part part);

/** Adds GET `docs` with Swagger UI and the built-in page at `folder`/plain. */
void docs_swagger_add_routes(tern_app *app, const char *docs, const char *folder, const char *openapi);

#endif

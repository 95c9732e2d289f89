/**
 * The application as an OpenAPI 3.1 document, from the routes' and models' descriptions.
 *
 * It is written when first requested, in each worker, on a thread: starting does not wait for a document that
 * few clients read.
 */
#ifndef APP_OPENAPI_H
#define APP_OPENAPI_H

#include "app/ctx.h"

/** Adds the route that serves the document, once; no route when .openapi_path is "". (serve.c) */
void openapi_add_route(tern_app *app);
/** Replaces the lists and texts in a route's options that only the document uses by copies. (keep.c) */
void openapi_keep_options(tern_app *app, tern_route_options *options);
/** Whether the document can be written; false with lines in `problems`. At start. (openapi.c) */
bool openapi_check(const tern_app *app, buf *problems);
/** Appends the document of a compiled application to `out`; false when out of memory. It does not change the
 * application, so a thread may call it. (openapi.c) */
bool openapi_write(const tern_app *app, buf *out);

#endif

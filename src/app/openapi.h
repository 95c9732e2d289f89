/**
 * The application as an OpenAPI 3.1 document: written once at start from the routes' and models'
 * descriptions, before the workers are forked, and served from memory.
 */
#ifndef APP_OPENAPI_H
#define APP_OPENAPI_H

#include "app/ctx.h"

/** Adds the route that serves the document, once; none when .openapi_path is "". (openapi_serve.c) */
void openapi_add_route(tern_app *app);
/** Writes the document of a compiled application into app->openapi; false with lines in `problems`.
 * (openapi.c) */
bool openapi_write(tern_app *app, buf *problems);

#endif

/** GET /openapi.json: the document from memory, and 304 for who has it. */
#include "app/openapi.h"

TERN_HANDLER(openapi)
{
    return held_file_serve(c, &c->app->openapi_file);
}

void openapi_add_route(tern_app *app)
{
    const char *path = app->options.openapi_path != NULL ? app->options.openapi_path : "/openapi.json";
    if (app->has_openapi_route || *path == '\0')
        return;
    app->has_openapi_route = true;
    tern_get(app, path, openapi, .summary = "This API as OpenAPI 3.1", .hidden = true);
}

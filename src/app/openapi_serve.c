/** GET /openapi.json: the document from memory, and 304 for who has it. */
#include "app/openapi.h"

#include "base/siphash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

TERN_HANDLER(openapi)
{
    const buf *text = &c->app->openapi;
    const siphash_key key = {{0, 0}}; /* no secret: the tag only tells documents apart */
    char tag[24];
    snprintf(tag, sizeof tag, "\"%016" PRIx64 "\"", siphash_2_4(&key, text->data, text->len));
    tern_set_header(c, "ETag", tag);
    tern_set_header(c, "Cache-Control", "no-cache"); /* keep it, and ask whether it is still the same */
    const char *known = tern_header(c, "If-None-Match");
    if (known != NULL && (strcmp(known, "*") == 0 || strstr(known, tag) != NULL))
        return tern_status(c, 304);
    return tern_bytes(c, "application/json", text->data, text->len);
}

void openapi_add_route(tern_app *app)
{
    const char *path = app->options.openapi_path != NULL ? app->options.openapi_path : "/openapi.json";
    if (app->has_openapi_route || *path == '\0')
        return;
    app->has_openapi_route = true;
    tern_get(app, path, openapi, .summary = "This API as OpenAPI 3.1", .hidden = true);
}

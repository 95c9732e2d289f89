/** GET /openapi.json: the document from memory, and 304 if the client has it. */
#include "app/openapi/openapi.h"

#include <tern/task.h>

/** A document that a thread writes for the worker. */
typedef struct openapi_work {
    const tern_app *app;
    buf text;
    static_file file;
    bool is_written;
} openapi_work;

static void write_document(void *arg)
{
    openapi_work *work = arg;
    work->is_written = openapi_write(work->app, &work->text);
    if (work->is_written)
        work->file = static_file_of("application/json", NULL, work->text.data, work->text.len);
}

/** When the client leaves before the document is complete, it is dropped: the next request writes it
 * again. */
static void drop_document(void *arg)
{
    openapi_work *work = arg;
    buf_free(&work->text);
}

static void make_document(tern_ctx *c)
{
    openapi_work *work = tern_alloc(c, sizeof *work);
    work->app = c->app;
    tern_defer(c, drop_document, work);
    tern_offload(c, write_document, work);
    if (!work->is_written)
        ctx_need(c, NULL);
    c->app->openapi = work->text;
    c->app->openapi_file = work->file;
    work->text = (buf){0};
}

TERN_HANDLER(openapi)
{
    static tern_mutex writing; /* one request of a worker writes it, the others wait for it */
    if (c->app->openapi.len == 0) {
        tern_lock(c, &writing);
        if (c->app->openapi.len == 0)
            make_document(c);
        tern_unlock(c, &writing);
    }
    return static_file_serve(c, &c->app->openapi_file);
}

void openapi_add_route(tern_app *app)
{
    const char *path = app->options.openapi_path != NULL ? app->options.openapi_path : "/openapi.json";
    if (app->has_openapi_route || *path == '\0')
        return;
    app->has_openapi_route = true;
    tern_get(app, path, openapi, .summary = "This API as OpenAPI", .hidden = true);
}

/** `APP routes --middleware`: the onion of each route. */
#include "app/middleware.h"

#include <string.h>

/* By tern_stage. */
static const char *const stages[] = {
    [TERN_STAGE_ANY] = "any",
    [TERN_STAGE_CLIENT] = "client",
    [TERN_STAGE_REQUEST_ID] = "request id",
    [TERN_STAGE_LOG] = "log",
    [TERN_STAGE_HEADERS] = "headers",
    [TERN_STAGE_PAGES] = "pages",
    [TERN_STAGE_HOST] = "host",
    [TERN_STAGE_REWRITE] = "rewrite",
    [TERN_STAGE_REDIRECT] = "redirect",
    [TERN_STAGE_ADMIT] = "admit",
    [TERN_STAGE_CORS] = "cors",
    [TERN_STAGE_LIMIT] = "limit",
    [TERN_STAGE_COMPRESS] = "compress",
    [TERN_STAGE_DECOMPRESS] = "decompress",
    [TERN_STAGE_CSRF] = "csrf",
    [TERN_STAGE_AUTH] = "auth",
    [TERN_STAGE_IDEMPOTENCY] = "idempotency",
    [TERN_STAGE_ETAG] = "etag",
    [TERN_STAGE_CACHE] = "cache",
    [TERN_STAGE_BODY] = "body",
    [TERN_STAGE_HANDLER] = "handler",
};

typedef struct printer {
    buf *out;
    size_t directory;  /* length of the start that all places share */
    const char *first; /* the file that the others are compared with; NULL: no file yet */
    int name_width;
} printer;

static void measure_file(printer *p, const char *file)
{
    if (file == NULL)
        return;
    if (p->first == NULL) {
        const char *slash = strrchr(file, '/');
        p->first = file;
        p->directory = slash != NULL ? (size_t)(slash + 1 - file) : 0;
    }
    while (p->directory > 0 && strncmp(file, p->first, p->directory) != 0)
        do
            p->directory--;
        while (p->directory > 0 && p->first[p->directory - 1] != '/');
}

static void measure_chain(printer *p, const tern_middleware *chain)
{
    for (; chain->run != NULL; chain++) {
        int width = chain->name != NULL ? (int)strlen(chain->name) : 1;
        measure_file(p, chain->file);
        if (width > p->name_width)
            p->name_width = width;
    }
}

static void print_chain(const printer *p, const tern_middleware *chain)
{
    for (; chain->run != NULL; chain++) {
        const char *stage =
            (unsigned)chain->stage < sizeof stages / sizeof *stages ? stages[chain->stage] : "?";
        buf_add_printf(p->out, "  %-*s  %-11s  ", p->name_width, chain->name != NULL ? chain->name : "?",
                       stage);
        if (chain->file != NULL)
            buf_add_printf(p->out, "%s:%d\n", chain->file + p->directory, chain->line);
        else
            buf_add_text(p->out, "added by tern\n");
    }
}

void middleware_print(const tern_app *app, buf *out)
{
    printer p = {.out = out};
    unsigned count = router_count(app->router);
    measure_chain(&p, app->unmatched_chain);
    for (unsigned i = 0; i < count; i++) {
        const route *r = router_at(app->router, i);
        measure_file(&p, r->handler.file);
        measure_chain(&p, r->chain);
    }
    for (unsigned i = 0; i < count; i++) {
        const route *r = router_at(app->router, i);
        buf_add_printf(out, "%s %s%s  %s (%s:%d)\n", r->method_name, r->host != NULL ? r->host : "",
                       r->pattern, r->handler.name != NULL ? r->handler.name : "?",
                       r->handler.file != NULL ? r->handler.file + p.directory : "?", r->handler.line);
        print_chain(&p, r->chain);
    }
    buf_add_text(out, "requests without a route\n");
    print_chain(&p, app->unmatched_chain);
}

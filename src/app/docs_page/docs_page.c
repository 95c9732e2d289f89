/** GET /docs: the interactive page over openapi.json, compiled into the program and written without a
 * library. */
#include "app/docs_page/docs_page.h"

#include "app/ctx.h"

#include <tern/app.h>
#include <tern/context.h>

#include <string.h>

/* cmake/embed.cmake makes these from the files in docs_page/. */
extern const unsigned char docs_page_page_html[], docs_page_style_css[], docs_page_script_js[];
extern const size_t docs_page_page_html_len, docs_page_style_css_len, docs_page_script_js_len;

/** Everything the page needs comes from its own origin, and nothing may run but its one script. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

tern_reply docs_page_serve(tern_ctx *c, docs_part part)
{
    tern_set_header(c, "X-Content-Type-Options", "nosniff");
    tern_set_header(c, "Content-Security-Policy", policy);
    return static_file_serve(c, &c->app->docs_files[part]);
}

TERN_HANDLER(docs_style)
{
    return docs_page_serve(c, DOCS_STYLE);
}

TERN_HANDLER(docs_script)
{
    return docs_page_serve(c, DOCS_SCRIPT);
}

char *docs_page_fill_in(arena *a, const void *page, size_t len, const char *docs, const char *openapi)
{
    const char *from = page, *end = from + len;
    size_t most = strlen(docs) > strlen(openapi) ? strlen(docs) : strlen(openapi);
    char *filled = arena_alloc(a, len + DOCS_PAGE_MOST_PLACES * most + 1), *at = filled;
    if (filled == NULL)
        return NULL;
    while (from < end) {
        bool is_docs = end - from >= 6 && memcmp(from, "{docs}", 6) == 0;
        bool is_openapi = end - from >= 9 && memcmp(from, "{openapi}", 9) == 0;
        if (is_docs || is_openapi) {
            at = stpcpy(at, is_docs ? docs : openapi);
            from += is_docs ? 6 : 9;
        } else {
            *at++ = *from++;
        }
    }
    *at = '\0';
    return filled;
}

#ifndef TERN_SWAGGER_UI
TERN_HANDLER(docs_page)
{
    return docs_page_serve(c, DOCS_PAGE);
}
#endif

void docs_page_add_routes(tern_app *app)
{
    const char *docs = app->options.docs_path != NULL ? app->options.docs_path : "/docs";
    const char *openapi = app->options.openapi_path != NULL ? app->options.openapi_path : "/openapi.json";
    if (app->docs_files != NULL || *docs == '\0' || *openapi == '\0')
        return;
    const char *folder =
        strcmp(docs, "/") == 0 ? "" : docs; /* "//style.css" would be a file of another host */
    static_file *files = arena_alloc(&app->arena, DOCS_PARTS * sizeof *files);
    char *page =
        docs_page_fill_in(&app->arena, docs_page_page_html, docs_page_page_html_len, folder, openapi);
    char *style = arena_printf(&app->arena, "%s/style.css", folder),
         *script = arena_printf(&app->arena, "%s/script.js", folder);
    if (files == NULL || page == NULL || style == NULL || script == NULL) {
        app->memory_short = true;
        return;
    }
    app->docs_files = files;
    files[DOCS_PAGE] = static_file_of("text/html; charset=utf-8", NULL, page, strlen(page));
    files[DOCS_STYLE] =
        static_file_of("text/css; charset=utf-8", NULL, docs_page_style_css, docs_page_style_css_len);
    files[DOCS_SCRIPT] =
        static_file_of("text/javascript; charset=utf-8", NULL, docs_page_script_js, docs_page_script_js_len);
#ifdef TERN_SWAGGER_UI
    docs_swagger_add_routes(app, docs, folder, openapi);
#else
    tern_get(app, docs, docs_page, .hidden = true);
#endif
    tern_get(app, style, docs_style, .hidden = true);
    tern_get(app, script, docs_script, .hidden = true);
}

/** GET /docs: the interactive page over openapi.json, held in the program and built without a library. */
#include "app/docs_page.h"

#include "app/ctx.h"
#include "base/siphash.h"

#include <tern/app.h>
#include <tern/context.h>

#include <stdio.h>
#include <string.h>

/* cmake/embed.cmake makes these from the files in docs_page/. */
extern const unsigned char docs_page_page_html[], docs_page_style_css[], docs_page_script_js[];
extern const size_t docs_page_page_html_len, docs_page_style_css_len, docs_page_script_js_len;

/** Everything the page needs comes from its own origin, and nothing may run but its one script. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A strong validator by content: the files change only with the program. */
static const char *etag_of(tern_ctx *c, const void *data, size_t len)
{
    static const siphash_key key = {
        {0x7465726e, 0x646f6373}}; /* no secret: it only has to tell contents apart */
    return tern_sprintf(c, "\"%016llx\"", (unsigned long long)siphash_2_4(&key, data, len));
}

static tern_reply serve(tern_ctx *c, const char *type, const void *data, size_t len)
{
    const char *etag = etag_of(c, data, len), *known = tern_header(c, "If-None-Match");
    tern_set_header(c, "ETag", etag);
    tern_set_header(c, "Cache-Control", "no-cache");
    tern_set_header(c, "X-Content-Type-Options", "nosniff");
    tern_set_header(c, "Content-Security-Policy", policy);
    if (known != NULL && strcmp(known, etag) == 0)
        return tern_status(c, 304);
    return tern_bytes(c, type, data, len);
}

TERN_HANDLER(docs_page)
{
    return serve(c, "text/html; charset=utf-8", c->app->docs_page, strlen(c->app->docs_page));
}

TERN_HANDLER(docs_style)
{
    return serve(c, "text/css; charset=utf-8", docs_page_style_css, docs_page_style_css_len);
}

TERN_HANDLER(docs_script)
{
    return serve(c, "text/javascript; charset=utf-8", docs_page_script_js, docs_page_script_js_len);
}

/** The page with its two addresses filled in; NULL when memory is short. */
static char *fill_in(arena *a, const char *docs, const char *openapi)
{
    const char *from = (const char *)docs_page_page_html, *end = from + docs_page_page_html_len;
    size_t room = docs_page_page_html_len + 4 * (strlen(docs) + strlen(openapi)) + 1;
    char *page = arena_alloc(a, room), *at = page;
    if (page == NULL)
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
    return page;
}

void docs_page_add_routes(tern_app *app)
{
    const char *docs = app->options.docs_path != NULL ? app->options.docs_path : "/docs";
    const char *openapi = app->options.openapi_path != NULL ? app->options.openapi_path : "/openapi.json";
    if (app->docs_page != NULL || *docs == '\0' || *openapi == '\0')
        return;
    app->docs_page = fill_in(&app->arena, docs, openapi);
    char *style = arena_printf(&app->arena, "%s/style.css", docs),
         *script = arena_printf(&app->arena, "%s/script.js", docs);
    if (app->docs_page == NULL || style == NULL || script == NULL) {
        app->memory_short = true;
        return;
    }
    tern_get(app, docs, docs_page, .summary = "Interactive documentation", .hidden = true);
    tern_get(app, style, docs_style, .hidden = true);
    tern_get(app, script, docs_script, .hidden = true);
}

/**
 * Swagger UI at /docs. Its files are stored and sent compressed; a client that does not accept gzip gets the
 * built-in page, which is also at /docs/plain.
 */
#include "app/ctx.h"
#include "app/docs_page/docs_page.h"

#include <tern/context.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* cmake/swagger.cmake makes these from the files in swagger/ and in build/swagger-ui/. */
extern const unsigned char swagger_page_html[], swagger_script_js[], swagger_style_css[],
    swagger_swagger_ui_bundle_js_gz[], swagger_swagger_ui_css_gz[], swagger_licenses_txt_gz[];
extern const size_t swagger_page_html_len, swagger_script_js_len, swagger_style_css_len,
    swagger_swagger_ui_bundle_js_gz_len, swagger_swagger_ui_css_gz_len, swagger_licenses_txt_gz_len;

/** Whether the client accepts gzip: RFC 9110 section 12.5.3, without its wildcard. */
static bool takes_gzip(tern_ctx *c)
{
    const char *list = ctx_header_list(c, "Accept-Encoding");
    tern_str rest = {list, strlen(list)}, coding;
    while (ctx_list_next(&rest, &coding)) {
        const char *at = coding.data, *end = at + coding.len, *semicolon = memchr(at, ';', coding.len);
        const char *after = semicolon != NULL ? semicolon : end;
        while (after > at && (after[-1] == ' ' || after[-1] == '\t'))
            after--;
        if (after - at != 4 || strncasecmp(at, "gzip", 4) != 0)
            continue;
        const char *weight = semicolon != NULL ? strcasestr(semicolon, "q=") : NULL;
        return weight == NULL || weight >= end || strtod(weight + 2, NULL) > 0;
    }
    return false;
}

TERN_HANDLER(swagger_page)
{
    tern_vary(c, "Accept-Encoding");
    return docs_page_serve(c, takes_gzip(c) ? DOCS_SWAGGER_PAGE : DOCS_PAGE);
}

TERN_HANDLER(plain_page)
{
    return docs_page_serve(c, DOCS_PAGE);
}

TERN_HANDLER(swagger_script)
{
    return docs_page_serve(c, DOCS_SWAGGER_SCRIPT);
}

TERN_HANDLER(swagger_style)
{
    return docs_page_serve(c, DOCS_SWAGGER_STYLE);
}

TERN_HANDLER(swagger_ui_bundle)
{
    return docs_page_serve(c, DOCS_SWAGGER_UI_SCRIPT);
}

TERN_HANDLER(swagger_ui_css)
{
    return docs_page_serve(c, DOCS_SWAGGER_UI_STYLE);
}

TERN_HANDLER(swagger_licenses)
{
    return docs_page_serve(c, DOCS_SWAGGER_LICENSES);
}

static void hold_files(static_file *files, const char *page)
{
    static const char script[] = "text/javascript; charset=utf-8", style[] = "text/css; charset=utf-8";
    files[DOCS_SWAGGER_PAGE] = static_file_of("text/html; charset=utf-8", NULL, page, strlen(page));
    files[DOCS_SWAGGER_SCRIPT] = static_file_of(script, NULL, swagger_script_js, swagger_script_js_len);
    files[DOCS_SWAGGER_STYLE] = static_file_of(style, NULL, swagger_style_css, swagger_style_css_len);
    files[DOCS_SWAGGER_UI_SCRIPT] =
        static_file_of(script, "gzip", swagger_swagger_ui_bundle_js_gz, swagger_swagger_ui_bundle_js_gz_len);
    files[DOCS_SWAGGER_UI_STYLE] =
        static_file_of(style, "gzip", swagger_swagger_ui_css_gz, swagger_swagger_ui_css_gz_len);
    files[DOCS_SWAGGER_LICENSES] = static_file_of("text/plain; charset=utf-8", "gzip",
                                                  swagger_licenses_txt_gz, swagger_licenses_txt_gz_len);
}

void docs_swagger_add_routes(tern_app *app, const char *docs, const char *folder, const char *openapi)
{
    const struct {
        const char *name;
        const tern_handler *handler;
    } files[] = {{"plain", plain_page},
                 {"swagger-script.js", swagger_script},
                 {"swagger-style.css", swagger_style},
                 {"swagger-ui-bundle.js", swagger_ui_bundle},
                 {"swagger-ui.css", swagger_ui_css},
                 {"swagger-ui-licenses.txt", swagger_licenses}};
    const char *page =
        docs_page_fill_in(&app->arena, swagger_page_html, swagger_page_html_len, folder, openapi);
    if (page == NULL) {
        app->memory_short = true;
        return;
    }
    hold_files(app->docs_files, page);
    tern_get(app, docs, swagger_page, .hidden = true);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *path = arena_printf(&app->arena, "%s/%s", folder, files[i].name);
        if (path == NULL)
            app->memory_short = true;
        else
            tern_get(app, path, files[i].handler, .hidden = true);
    }
}

#include "app/openapi/extras.h"
#include "app/provide/provide.h"

#include "base/name_table.h"
#include "schema/json/append.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void print_info(const tern_app_options *options, buf *out)
{
    append_key(out, "info");
    append_open(out, '{');
    append_member(out, "title", options->title != NULL ? options->title : "API");
    append_member(out, "version", options->version != NULL ? options->version : "0.0.0");
    append_member(out, "description", options->description);
    append_close(out, '}');
}

/** Prints an operation under its method: in small letters, as an extension in 3.1 when only 3.2 has it. */
static void print_method(const openapi_document *doc, const openapi_operation *o, buf *out)
{
    char method[16];
    size_t len = 0;
    if (o->route->method == HTTP_QUERY && !doc->is_3_2)
        len = (size_t)snprintf(method, sizeof method, "x-");
    for (const char *at = o->route->method_name; *at != '\0' && len < sizeof method - 1; at++)
        method[len++] = (char)text_lower((unsigned char)*at);
    method[len] = '\0';
    append_key(out, method);
    openapi_print_operation(doc, o, out);
}

static bool is_additional(const openapi_operation *o)
{
    return o->route->method == HTTP_OTHER_METHOD || o->route->method == HTTP_CONNECT;
}

static void print_path_item(const openapi_document *doc, const openapi_operation *first, buf *out)
{
    bool has_additional = false;
    append_comma(out);
    buf_add_text(out, "\"");
    openapi_print_path(first, out);
    buf_add_text(out, "\":");
    append_open(out, '{');
    for (const openapi_operation *o = first; o != NULL; o = o->next) {
        has_additional |= is_additional(o);
        if (!is_additional(o))
            print_method(doc, o, out);
    }
    if (has_additional) {
        append_key(out, "additionalOperations");
        append_open(out, '{');
        for (const openapi_operation *o = first; o != NULL; o = o->next) {
            if (!is_additional(o))
                continue;
            append_key(out, o->route->method_name);
            openapi_print_operation(doc, o, out);
        }
        append_close(out, '}');
    }
    append_close(out, '}');
}

static void print_paths(const openapi_document *doc, buf *out)
{
    append_key(out, "paths");
    append_open(out, '{');
    for (unsigned i = 0; i < doc->count; i++)
        if (doc->operations[i].path == &doc->operations[i])
            print_path_item(doc, &doc->operations[i], out);
    append_close(out, '}');
}

/** The reply of a route whose problems have no shape from the application. */
static const char problem_schema[] =
    "\"Problem\":{\"type\":\"object\",\"description\":\"An error (RFC 9457)\",\"properties\":{"
    "\"type\":{\"type\":\"string\",\"format\":\"uri-reference\",\"default\":\"about:blank\"},"
    "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"}},"
    "\"required\":[\"type\",\"title\"]}";

/** The reply that routes with an input may also have. */
static const char validation_schemas[] =
    "\"ValidationProblem\":{\"type\":\"object\",\"description\":\"What is wrong with the request\","
    "\"properties\":{\"type\":{\"type\":\"string\",\"format\":\"uri-reference\",\"default\":\"about:blank\"},"
    "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
    "\"errors\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ValidationFault\"}}},"
    "\"required\":[\"type\",\"title\"]},"
    "\"ValidationFault\":{\"type\":\"object\",\"description\":\"One fault, and the limit that it breaks\","
    "\"properties\":{\"location\":{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"integer\"]},"
    "\"examples\":[[\"body\",\"items\",3,\"price\"]]},"
    "\"code\":{\"type\":\"string\",\"examples\":[\"missing\"]},\"message\":{\"type\":\"string\"}},"
    "\"required\":[\"location\",\"code\",\"message\"]}";

static void print_components(const openapi_document *doc, buf *out)
{
    append_key(out, "components");
    append_open(out, '{');
    append_key(out, "schemas");
    append_open(out, '{');
    schema_print_components(&doc->schemas, out);
    if (doc->has_problem)
        append_raw(out, problem_schema);
    if (doc->has_validation_problem)
        append_raw(out, validation_schemas);
    append_close(out, '}');
    if (doc->app->schemes != NULL) {
        append_key(out, "securitySchemes");
        append_open(out, '{');
        openapi_print_schemes(doc->app, doc->is_3_2, out);
        append_close(out, '}');
    }
    append_close(out, '}');
}

/** Prints the tag unless it was already printed; false when out of memory. */
static bool print_tag(const openapi_document *doc, name_table *seen, tern_str tag, buf *out)
{
    if (name_table_find(seen, 0, tag.data, tag.len) != 0)
        return true;
    append_open(out, '{');
    openapi_print_tag(doc, tag, out);
    append_close(out, '}');
    return name_table_put(seen, 0, tag.data, tag.len, 1);
}

/** Every tag once: those of tern_tag, then the others in order of first use. It is the order of a documentation
 * page. */
static void print_tags(const openapi_document *doc, buf *out)
{
    name_table seen = {0};
    append_key(out, "tags");
    append_open(out, '[');
    for (const openapi_tag *t = doc->app->extras != NULL ? doc->app->extras->tags : NULL; t != NULL;
         t = t->next)
        if (!print_tag(doc, &seen, (tern_str){t->name, strlen(t->name)}, out))
            out->failed = true;
    for (unsigned i = 0; i < doc->count; i++) {
        tern_str tag;
        const char *at = doc->operations[i].route->options.tags;
        while (at != NULL && openapi_next_word(&at, &tag))
            if (!print_tag(doc, &seen, tag, out))
                out->failed = true;
    }
    name_table_free(&seen);
    append_close(out, ']');
}

static void print_document(const openapi_document *doc, buf *out)
{
    const char *security = doc->app->options.security;
    append_open(out, '{');
    append_member(out, "openapi", doc->is_3_2 ? "3.2.0" : "3.1.0");
    print_info(&doc->app->options, out);
    openapi_print_servers(doc, out);
    print_paths(doc, out);
    openapi_print_webhooks(doc, out);
    print_components(doc, out);
    print_tags(doc, out);
    append_key(out, "security");
    openapi_print_security(security != NULL ? security : "", out);
    openapi_print_external_docs(doc, out);
    append_close(out, '}');
}

static bool is_3_2(const tern_app *app)
{
    return app->options.openapi != NULL && strcmp(app->options.openapi, "3.2") == 0;
}

static bool check_version(const tern_app *app, buf *problems)
{
    const char *version = app->options.openapi;
    if (version == NULL || strcmp(version, "3.1") == 0 || is_3_2(app))
        return true;
    buf_add_printf(problems, "application: .openapi = \"%s\" must be \"3.1\" or \"3.2\"\n", version);
    return false;
}

bool openapi_check(const tern_app *app, buf *problems)
{
    bool is_right = check_version(app, problems);
    is_right &= openapi_check_security(app, problems);
    is_right &= openapi_check_extras(app, problems);
    for (unsigned i = 0; i < router_count(app->router); i++) {
        is_right &= openapi_check_middleware(router_at(app->router, i), problems);
        is_right &= openapi_check_route(app, router_at(app->router, i), problems);
    }
    return is_right;
}

bool openapi_write(const tern_app *app, buf *out)
{
    openapi_document doc = {.app = app, .is_3_2 = is_3_2(app)};
    arena_init(&doc.memory, NULL, 0, SIZE_MAX / 2);
    bool is_collected = openapi_collect(&doc);
    if (is_collected)
        print_document(&doc, out);
    schema_set_free(&doc.schemas);
    arena_free(&doc.memory);
    return is_collected && !out->failed;
}

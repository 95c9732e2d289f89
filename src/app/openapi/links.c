/** Links: what a client may ask for after a success (OpenAPI 3.1, section 4.8.20). */
#include "app/openapi/extras.h"

#include "schema/json/append.h"

#include <string.h>

/** Splits "id=$response.body#/id" at its first '='; false for other text. */
static bool split(tern_str word, tern_str *name, tern_str *expression)
{
    const char *equals = memchr(word.data, '=', word.len);
    if (equals == NULL || equals == word.data)
        return false;
    *name = (tern_str){word.data, (size_t)(equals - word.data)};
    *expression = (tern_str){equals + 1, word.len - name->len - 1};
    return expression->len > 1 && expression->data[0] == '$';
}

static void print_parameters(const char *parameters, buf *out)
{
    tern_str word, name, expression;
    append_key(out, "parameters");
    append_open(out, '{');
    while (openapi_next_word(&parameters, &word)) {
        if (!split(word, &name, &expression))
            continue; /* reported at start */
        append_comma(out);
        append_slice(out, name.data, name.len);
        buf_add_text(out, ":");
        append_slice(out, expression.data, expression.len);
    }
    append_close(out, '}');
}

static const char *id_of(const openapi_document *doc, const char *name)
{
    for (unsigned i = 0; i < doc->count; i++)
        if (strcmp(doc->operations[i].route->name, name) == 0)
            return doc->operations[i].id;
    return NULL;
}

void openapi_print_links(const openapi_document *doc, const route *r, buf *out)
{
    const tern_next_request *link = r->options.links;
    if (link == NULL)
        return;
    append_key(out, "links");
    append_open(out, '{');
    for (; link->route != NULL; link++) {
        append_key(out, link->name != NULL ? link->name : link->route);
        append_open(out, '{');
        append_member(out, "operationId", id_of(doc, link->route));
        if (link->parameters != NULL)
            print_parameters(link->parameters, out);
        append_member(out, "description", link->description);
        append_close(out, '}');
    }
    append_close(out, '}');
}

static bool is_documented(const tern_app *app, const char *name)
{
    for (unsigned i = 0; i < router_count(app->router); i++) {
        const route *r = router_at(app->router, i);
        if (!r->options.hidden && r->name != NULL && strcmp(r->name, name) == 0)
            return true;
    }
    return false;
}

bool openapi_check_links(const tern_app *app, const route *r, buf *problems)
{
    bool is_right = true;
    for (const tern_next_request *link = r->options.links; link != NULL && link->route != NULL; link++) {
        const char *at = link->parameters;
        tern_str word, name, expression;
        if (!is_documented(app, link->route)) {
            buf_add_printf(problems,
                           "%s:%d: %s %s: .links names \"%s\", which is not a route of the document\n",
                           r->options.file, r->options.line, r->method_name, r->pattern, link->route);
            is_right = false;
        }
        while (at != NULL && openapi_next_word(&at, &word))
            if (!split(word, &name, &expression)) {
                buf_add_printf(problems,
                               "%s:%d: %s %s: .links has the parameter \"%.*s\": write "
                               "\"id=$response.body#/id\"\n",
                               r->options.file, r->options.line, r->method_name, r->pattern, (int)word.len,
                               word.data);
                is_right = false;
            }
    }
    return is_right;
}

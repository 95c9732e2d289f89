/** Which routes the document shows, under which paths, and which types they speak of. */
#include "app/bind.h"
#include "app/openapi_inside.h"

#include <stdio.h>
#include <string.h>

static const char *const reserved_names[] = {"Problem", "ValidationProblem", "ValidationFault", NULL};

/** The methods that OpenAPI has words for. */
static bool is_known_method(const char *method)
{
    static const char *const known[] = {"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], method) == 0)
            return true;
    return false;
}

/** Whether two patterns are one path for OpenAPI, which tells parameters neither by name nor by kind. */
static bool is_same_path(const pattern *a, const pattern *b)
{
    if (a->count != b->count)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const pattern_segment *one = &a->segments[i], *other = &b->segments[i];
        if ((one->kind == SEGMENT_TEXT) != (other->kind == SEGMENT_TEXT))
            return false;
        if (one->kind == SEGMENT_TEXT && (one->text.len != other->text.len ||
                                          memcmp(one->text.data, other->text.data, one->text.len) != 0))
            return false;
    }
    return true;
}

/** Puts the newest operation under its path. False when the path has its method already: of routes that
 * differ by host or by a parameter's kind, the document can show the first only. */
static bool find_path(openapi_document *doc, openapi_operation *newest)
{
    newest->path = newest;
    for (const openapi_operation *o = doc->operations; o != newest; o++) {
        if (!is_same_path(&o->pattern, &newest->pattern))
            continue;
        newest->path = o->path;
        if (strcmp(o->route->method_name, newest->route->method_name) == 0)
            return false;
    }
    return true;
}

static bool is_taken(const openapi_document *doc, const char *id)
{
    for (unsigned i = 0; i < doc->count; i++)
        if (strcmp(doc->operations[i].id, id) == 0)
            return true;
    return false;
}

/** The handler's name, for a second route of it with a number. NULL when memory is short. */
static const char *make_id(openapi_document *doc, const route *r)
{
    const char *id = r->handler.name != NULL ? r->handler.name : "handler";
    const char *numbered = id;
    for (unsigned number = 2; numbered != NULL && is_taken(doc, numbered); number++)
        numbered = arena_printf(&doc->memory, "%s_%u", id, number);
    return numbered;
}

static void add_types(openapi_document *doc, const route *r)
{
    const bind_plan *bind = r->bind;
    for (unsigned i = 0; bind != NULL && i < bind->count; i++)
        if (!openapi_is_left_out(&bind->fields[i]))
            schema_set_add(&doc->schemas, bind->fields[i].f->field->type, SCHEMA_INPUT);
    if (bind != NULL && bind->body != NULL)
        schema_set_add(&doc->schemas, bind->body, SCHEMA_INPUT);
    if (openapi_has_content(&r->options))
        schema_set_add(&doc->schemas, r->options.returns, SCHEMA_OUTPUT);
    if (openapi_has_content(&r->options) && r->options.partial)
        schema_set_add(&doc->schemas, r->options.returns, SCHEMA_PART);
}

bool openapi_collect(openapi_document *doc)
{
    unsigned most = router_count(doc->app->router);
    schema_set_init(&doc->schemas, &doc->memory, reserved_names);
    doc->operations = arena_alloc(&doc->memory, (most + 1) * sizeof *doc->operations);
    if (doc->operations == NULL)
        return false;
    for (unsigned i = 0; i < most; i++) {
        const route *r = router_at(doc->app->router, i);
        openapi_operation *o = &doc->operations[doc->count];
        char unused[PATTERN_PROBLEM_BYTES];
        *o = (openapi_operation){.route = r};
        if (r->options.hidden || !is_known_method(r->method_name) ||
            !pattern_parse(&o->pattern, r->pattern, unused) || !find_path(doc, o))
            continue;
        if ((o->id = make_id(doc, r)) == NULL)
            return false;
        doc->count++;
        add_types(doc, r);
    }
    return schema_set_name(&doc->schemas);
}

/** Collects the routes that the document shows, their paths, and their types. */
#include "app/openapi/internal.h"
#include "app/problem_shape.h"
#include "app/provide/provide.h"
#include "base/name_table.h"

#include <stdio.h>
#include <string.h>

static const char *const reserved_names[] = {"Problem", "ValidationProblem", "ValidationFault", NULL};

/** The state of collecting the operations. */
typedef struct collector {
    openapi_document *doc;
    /* space PATHS: a path, value: number of its first operation + 1; METHODS: a method and its path */
    name_table paths;
    name_table ids; /* space IDS: names taken; NUMBERS: the last number of a handler's name */
} collector;

enum { PATHS, METHODS };
enum { IDS, NUMBERS };

/** Whether the document can show the method: OpenAPI 3.2 has all of them, 3.1 eight, and QUERY as an extension. */
static bool is_shown_method(const openapi_document *doc, const route *r)
{
    return doc->is_3_2 || (r->method != HTTP_OTHER_METHOD && r->method != HTTP_CONNECT);
}

/** The pattern with "{}" for each parameter: OpenAPI does not distinguish paths by a parameter's name or
 * kind. NULL when out of memory. */
static const char *path_key(arena *memory, const route *r, size_t *len)
{
    enum { PARAMETER_BYTES = 3 }; /* "/{}" */
    size_t room = 1;
    for (unsigned i = 0; i < r->piece_count; i++)
        room += PARAMETER_BYTES + r->pieces[i].text.len;
    char *key = arena_alloc(memory, room), *at = key;
    for (unsigned i = 0; i < r->piece_count && key != NULL; i++) {
        tern_str text = r->pieces[i].kind == SEGMENT_TEXT ? r->pieces[i].text : TERN_STR("{}");
        if (r->pieces[i].begins_segment)
            *at++ = '/';
        memcpy(at, text.data, text.len);
        at += text.len;
    }
    *len = (size_t)(at - key);
    return key;
}

/** Puts the newest operation under its path. `*is_shown` is false when the path already has its method: of
 * routes that differ by host or by a parameter's kind, the document can show only the first. False when out
 * of memory. */
static bool find_path(collector *c, openapi_operation *newest, bool *is_shown)
{
    openapi_document *doc = c->doc;
    size_t len;
    const char *key = path_key(&doc->memory, newest->route, &len);
    if (key == NULL)
        return false;
    uint32_t number = doc->count + 1;
    const char *method = arena_printf(&doc->memory, "%s %.*s", newest->route->method_name, (int)len, key);
    if (method == NULL)
        return false;
    *is_shown = name_table_find(&c->paths, METHODS, method, strlen(method)) == 0;
    if (!*is_shown)
        return true;
    uint32_t first = name_table_find(&c->paths, PATHS, key, len);
    if (first != 0) {
        newest->path = &doc->operations[first - 1];
        newest->path->last->next = newest;
    }
    newest->path->last = newest;
    return name_table_put(&c->paths, METHODS, method, strlen(method), number) &&
           (first != 0 || name_table_put(&c->paths, PATHS, key, len, number));
}

/** The handler's name, with a number for its second route. NULL when out of memory. */
static const char *make_id(collector *c, const route *r)
{
    const char *name = r->handler.name != NULL ? r->handler.name : "handler", *id = name;
    size_t len = strlen(name);
    uint32_t number = name_table_find(&c->ids, NUMBERS, name, len);
    if (number != 0) /* all numbers up to it are taken */
        id = arena_printf(&c->doc->memory, "%s_%u", name, ++number);
    else
        number = 1;
    while (id != NULL && name_table_find(&c->ids, IDS, id, strlen(id)) != 0)
        id = arena_printf(&c->doc->memory, "%s_%u", name, ++number);
    bool is_kept = id != NULL && name_table_put(&c->ids, IDS, id, strlen(id), 1) &&
                   name_table_put(&c->ids, NUMBERS, name, len, number);
    return is_kept ? id : NULL;
}

/** Adds the types of the route's problems: the application's models, or those of problem details. */
static void add_problem_types(openapi_document *doc, const route *r)
{
    int statuses[OPENAPI_PROBLEMS];
    unsigned count = openapi_problems(doc->app, r, statuses);
    for (unsigned i = 0; i < count; i++) {
        const problem_shape *shape = problem_shape_of(r->group, statuses[i]);
        if (shape == NULL && statuses[i] == 422 && provide_has_input(r))
            doc->has_validation_problem = true;
        else if (shape == NULL)
            doc->has_problem = true;
        else if (shape->options.returns != NULL)
            schema_set_add(&doc->schemas, shape->options.returns, SCHEMA_OUTPUT);
    }
}

static void add_types(openapi_document *doc, const route *r)
{
    const bind_plan *bind;
    for (unsigned n = 0; n < provide_input_count(r); n++)
        for (unsigned i = 0; (bind = provide_input(r, n)) != NULL && i < bind->count; i++)
            if (!openapi_is_left_out(&bind->fields[i]))
                schema_set_add(&doc->schemas, bind->fields[i].f->field->type, SCHEMA_INPUT);
    bind = r->bind;
    if (bind != NULL && bind->body != NULL)
        schema_set_add(&doc->schemas, bind->body, SCHEMA_INPUT);
    if (openapi_has_content(&r->options))
        schema_set_add(&doc->schemas, r->options.returns, SCHEMA_OUTPUT);
    if (openapi_has_content(&r->options) && r->options.partial)
        schema_set_add(&doc->schemas, r->options.returns, SCHEMA_PART);
    add_problem_types(doc, r);
}

/** Adds the route to the document if it is shown; false when out of memory. */
static bool add_operation(collector *c, const route *r)
{
    openapi_document *doc = c->doc;
    openapi_operation *o = &doc->operations[doc->count];
    bool is_shown = false;
    *o = (openapi_operation){.route = r, .path = o};
    if (r->options.hidden || !is_shown_method(doc, r))
        return true;
    if (!find_path(c, o, &is_shown))
        return false;
    if (!is_shown)
        return true;
    if ((o->id = make_id(c, r)) == NULL)
        return false;
    doc->count++;
    add_types(doc, r);
    return true;
}

bool openapi_collect(openapi_document *doc)
{
    unsigned most = router_count(doc->app->router);
    collector c = {.doc = doc};
    schema_set_init(&doc->schemas, &doc->memory, reserved_names);
    doc->operations = arena_alloc(&doc->memory, (most + 1) * sizeof *doc->operations);
    bool is_right = doc->operations != NULL;
    for (unsigned i = 0; i < most && is_right; i++)
        is_right = add_operation(&c, router_at(doc->app->router, i));
    name_table_free(&c.paths);
    name_table_free(&c.ids);
    return schema_set_name(&doc->schemas) && is_right;
}

/** What a route's options say of its replies and examples: .problems, .reply_headers, .examples. */
#include "app/bind/bind.h"
#include "app/openapi/internal.h"
#include "app/problem_type.h"

#include "schema/json/append.h"
#include "schema/json/json.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_PROBLEM = 400 };

/* -- kinds of problems -- */

void openapi_mark_problem_types(const tern_app *app, const route *r, bool *may_occur)
{
    tern_str type;
    for (const char *at = r->options.problems; at != NULL && openapi_next_word(&at, &type);) {
        const problem_type *known = problem_type_find(app, type);
        if (known != NULL)
            may_occur[known->status - FIRST_PROBLEM] = true;
    }
}

void openapi_add_route_types(openapi_document *doc, const route *r)
{
    tern_str type;
    for (const char *at = r->options.problems; at != NULL && openapi_next_word(&at, &type);) {
        const problem_type *known = problem_type_find(doc->app, type);
        if (known != NULL && known->model != NULL)
            schema_set_add(&doc->schemas, known->model, SCHEMA_OUTPUT);
    }
    for (const tern_described_header *h = r->options.reply_headers; h != NULL && h->name != NULL; h++)
        if (h->type != NULL)
            schema_set_add(&doc->schemas, h->type, SCHEMA_OUTPUT);
}

/** One kind: problem details with its type, and its own members. It is a whole object: generators of clients
 * handle a combination of schemas badly. */
static void print_kind(const openapi_document *doc, const problem_type *kind, buf *out)
{
    const type_plan *plan = kind->model != NULL ? plan_of(kind->model) : NULL;
    append_open(out, '{');
    append_member(out, "type", "object");
    append_member(out, "title", kind->title);
    append_member(out, "description", kind->description);
    append_raw(out, "\"properties\":{\"type\":{\"type\":\"string\",\"const\":");
    append_text(out, kind->type);
    buf_add_text(out, "},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
                      "\"detail\":{\"type\":\"string\"}");
    for (unsigned i = 0; plan != NULL && i < plan->type->field_count; i++) {
        if (plan->fields[i].field->write_only)
            continue;
        append_key(out, plan->fields[i].key);
        schema_print_field(&doc->schemas, &plan->fields[i], SCHEMA_OUTPUT, false, out);
    }
    buf_add_text(out, "},\"required\":[\"type\",\"title\"]");
    append_close(out, '}');
}

void openapi_print_problem_schema(const openapi_document *doc, const route *r, int status,
                                  const char *component, buf *out)
{
    tern_str type;
    bool has_kind = false;
    for (const char *at = r->options.problems; at != NULL && openapi_next_word(&at, &type);) {
        const problem_type *known = problem_type_find(doc->app, type);
        if (known == NULL || known->status != status)
            continue;
        if (!has_kind)
            append_raw(out, "{\"anyOf\":[");
        has_kind = true;
        print_kind(doc, known, out);
    }
    append_comma(out);
    buf_add_printf(out, "{\"$ref\":\"#/components/schemas/%s\"}", component);
    if (has_kind)
        buf_add_text(out, "]}");
}

/* -- examples -- */

static bool is_of(const tern_example *e, const char *parameter, size_t len, int status)
{
    if (parameter == NULL || e->parameter == NULL)
        return parameter == NULL && e->parameter == NULL && e->status == status;
    return strlen(e->parameter) == len && memcmp(e->parameter, parameter, len) == 0;
}

void openapi_print_examples(const route *r, const char *parameter, size_t len, int status, buf *out)
{
    bool has_some = false;
    for (const tern_example *e = r->options.examples; e != NULL && e->name != NULL; e++) {
        if (!is_of(e, parameter, len, status))
            continue;
        if (!has_some) {
            append_key(out, "examples");
            append_open(out, '{');
        }
        has_some = true;
        append_key(out, e->name);
        append_open(out, '{');
        append_member(out, "summary", e->summary);
        append_key(out, "value");
        append_raw(out, e->value);
        append_close(out, '}');
    }
    if (has_some)
        append_close(out, '}');
}

/* -- at start -- */

static void report(const route *r, const char *option, const char *what, const char *why, buf *problems)
{
    const char *file = r->options.file != NULL ? r->options.file : r->handler.file;
    buf_add_printf(problems, "%s:%d: %s %s: %s: \"%s\" %s\n", file,
                   r->options.file != NULL ? r->options.line : r->handler.line, r->method_name, r->pattern,
                   option, what, why);
}

/** Decodes an example: of a body by the model, another as any JSON. The first fault becomes the mistake. */
static bool check_value(const route *r, const tern_example *e, buf *problems)
{
    static tern_field unused = {
        .name = "unused", .type = &tern_int64_type, .state_offset = 8, .optional = true};
    static tern_type any = {.kind = TERN_KIND_MODEL,
                            .name = "example",
                            .size = 16,
                            .fields = &unused,
                            .field_count = 1,
                            .options = {.ignore_unknown = true}};
    bool is_body = e->status == 0 && e->parameter == NULL && r->bind != NULL && r->bind->json != NULL &&
                   !r->bind->has_uploads;
    const tern_type *type = is_body ? r->bind->json : &any;
    const json_limits limits = {.items = 100000};
    const place outside = {.name = "example"};
    tern_faults faults;
    arena a;
    arena_init(&a, NULL, 0, SIZE_MAX / 2);
    faults_init(&faults, &a);
    void *value = schema_prepare(&any, problems) ? arena_alloc(&a, type->size) : NULL;
    char *text = is_body ? arena_printf(&a, "%s", e->value) : arena_printf(&a, "{\"x\":%s}", e->value);
    bool is_right = value != NULL && text != NULL;
    if (is_right) {
        memset(value, 0, type->size);
        is_right = json_decode(type, value, (tern_str){text, strlen(text)}, &limits, &outside, &a, &faults);
    }
    size_t count = 0;
    const tern_fault *list = !is_right ? faults_list(&faults, &a, &count) : NULL;
    if (!is_right) {
        char why[256] = "cannot be checked: out of memory";
        bool is_of_all = count != 0 && (list->field == NULL || *list->field == '\0');
        if (count != 0)
            snprintf(why, sizeof why, "%s%s%s%s", is_of_all ? "" : "is wrong at ",
                     is_of_all ? "" : list->field, is_of_all ? "" : ": ", list->message);
        report(r, ".examples", e->name, why, problems);
    }
    arena_free(&a);
    return is_right;
}

static bool has_parameter(const route *r, const char *name)
{
    for (unsigned i = 0; i < r->path_param_count; i++)
        if (strcmp(r->params[i], name) == 0)
            return true;
    for (unsigned i = 0; r->bind != NULL && i < r->bind->count; i++)
        if (strcmp(r->bind->fields[i].name, name) == 0)
            return true;
    return false;
}

static bool check_example(const route *r, const tern_example *e, buf *problems)
{
    const char *wrong = NULL;
    for (const tern_example *other = r->options.examples; other != e; other++)
        if (strcmp(other->name, e->name) == 0 && other->status == e->status &&
            (other->parameter == NULL) == (e->parameter == NULL) &&
            (e->parameter == NULL || strcmp(other->parameter, e->parameter) == 0))
            wrong = "is there twice";
    if (e->value == NULL)
        wrong = "has no .value";
    else if (e->parameter != NULL && !has_parameter(r, e->parameter))
        wrong = "is of a parameter that the route has not";
    else if (e->parameter == NULL && e->status == 0 && (r->bind == NULL || r->bind->body == NULL))
        wrong = "is of a body, but the route's handler reads none; give it a .status or a .parameter";
    if (wrong == NULL)
        return check_value(r, e, problems);
    report(r, ".examples", e->name, wrong, problems);
    return false;
}

bool openapi_check_route(const tern_app *app, const route *r, buf *problems)
{
    tern_str type;
    bool is_right = true;
    for (const char *at = r->options.problems; at != NULL && openapi_next_word(&at, &type);) {
        const problem_type *known = problem_type_find(app, type);
        char text[256];
        if (known != NULL && (known->model == NULL || schema_prepare(known->model, problems)))
            continue;
        is_right = false;
        snprintf(text, sizeof text, "%.*s", (int)(type.len < sizeof text ? type.len : sizeof text - 1),
                 type.data);
        if (known == NULL)
            report(r, ".problems", text, "is not declared by tern_problem_type", problems);
    }
    for (const tern_described_header *h = r->options.reply_headers; h != NULL && h->name != NULL; h++)
        is_right &= h->type == NULL || schema_prepare(h->type, problems);
    for (const tern_example *e = r->options.examples; e != NULL && e->name != NULL; e++)
        is_right &= check_example(r, e, problems);
    return is_right;
}

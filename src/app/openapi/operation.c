/** One route as an operation object: its parameters, its body, its replies. */
#include "app/formats.h"
#include "app/openapi/internal.h"
#include "app/page/shape.h"
#include "app/problem_shape.h"
#include "app/provide/provide.h"

#include "http/status.h"
#include "schema/json/append.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void openapi_print_path(const openapi_operation *operation, buf *out)
{
    const pattern *p = &operation->path->pattern;
    for (unsigned i = 0; i < p->count; i++) {
        const pattern_segment *segment = &p->segments[i];
        bool is_text = segment->kind == SEGMENT_TEXT;
        buf_add_text(out, is_text ? "/" : "/{");
        buf_add_json(out, segment->text.data, segment->text.len);
        if (!is_text)
            buf_add_text(out, "}");
    }
}

/* -- parameters -- */

static bool is_read(const route *r)
{
    return strcmp(r->method_name, "GET") == 0;
}

static void print_parameter_head(tern_str name, const char *source, bool is_required, buf *out)
{
    append_open(out, '{');
    append_key(out, "name");
    append_slice(out, name.data, name.len);
    append_member(out, "in", source);
    append_flag(out, "required", is_required);
}

/** A text of words separated by commas: for OpenAPI, an array in one text. */
static void print_words(const char *const *words, buf *out)
{
    append_raw(out, "\"style\":\"form\",\"explode\":false");
    append_key(out, "schema");
    append_raw(out, "{\"type\":\"array\",\"uniqueItems\":true,\"items\":{\"type\":\"string\"");
    append_key(out, "enum");
    append_open(out, '[');
    for (; *words != NULL; words++)
        append_text(out, *words);
    append_close(out, ']');
    buf_add_text(out, "}}");
}

/** The field that the plan fills from the same parameter; NULL if none. */
static const bind_field *find_same(const bind_plan *bind, const bind_field *field)
{
    for (unsigned i = 0; bind != NULL && i < bind->count; i++)
        if (provide_is_one_place(&bind->fields[i], field))
            return &bind->fields[i];
    return NULL;
}

/** Whether an input before number `number` has the parameter. */
static bool is_printed(const route *r, unsigned number, const bind_field *field)
{
    bool has = false;
    for (unsigned i = 0; i < number; i++)
        has |= find_same(provide_input(r, i), field) != NULL;
    return has;
}

static bool is_required(const route *r, const bind_field *field)
{
    bool must = field->source == TERN_FROM_PATH;
    for (unsigned i = 0; i < provide_input_count(r); i++) {
        const bind_field *same = find_same(provide_input(r, i), field);
        must |= same != NULL && same->f->is_required;
    }
    return must;
}

/** The schemas of all inputs that have the parameter: each different one once. */
static void print_schemas(const openapi_document *doc, const route *r, const bind_field *field, buf *out)
{
    buf schemas[PROVIDE_STEPS_MAX + 1] = {0};
    unsigned count = 0;
    for (unsigned i = 0; i < provide_input_count(r); i++) {
        const bind_field *same = find_same(provide_input(r, i), field);
        if (same == NULL)
            continue;
        buf *schema = &schemas[count++];
        schema_print_field(&doc->schemas, same->f, SCHEMA_INPUT, true, schema);
        out->failed |= schema->failed;
        for (unsigned n = 0; n + 1 < count && schema->len != 0; n++)
            if (schemas[n].len == schema->len && memcmp(schemas[n].data, schema->data, schema->len) == 0)
                buf_free(&schemas[--count]);
    }
    append_key(out, "schema");
    if (count > 1)
        buf_add_text(out, "{\"allOf\":[");
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_add_text(out, ",");
        buf_add(out, schemas[i].data, schemas[i].len);
        buf_free(&schemas[i]);
    }
    if (count > 1)
        buf_add_text(out, "]}");
}

/** Prints a parameter that a field of an input, or fields of several, describe. */
static void print_field_parameter(const openapi_document *doc, const route *r, const bind_field *field,
                                  tern_str name, buf *out)
{
    const field_plan *f = field->f;
    print_parameter_head(name, bind_source_names[field->source], is_required(r, field), out);
    schema_print_description(f, out);
    append_flag(out, "deprecated", f->field->deprecated);
    if (f->field->words != NULL)
        print_words(f->field->words, out);
    else
        print_schemas(doc, r, field, out);
    append_close(out, '}');
}

/** Prints a path parameter that is only in the pattern. */
static void print_bare_parameter(segment_kind kind, tern_str name, buf *out)
{
    static const char *const schemas[SEGMENT_KINDS] = {
        [SEGMENT_INT] = "{\"type\":\"integer\",\"format\":\"int64\"}",
        [SEGMENT_UUID] = "{\"type\":\"string\",\"format\":\"uuid\"}",
        [SEGMENT_PLAIN] = "{\"type\":\"string\"}",
        [SEGMENT_REST] = "{\"type\":\"string\"}",
    };
    print_parameter_head(name, "path", true, out);
    append_member(out, "description",
                  kind == SEGMENT_REST ? "The rest of the path; may contain slashes" : NULL);
    append_key(out, "schema");
    append_raw(out, schemas[kind]);
    append_close(out, '}');
}

static const bind_field *find_path_field(const route *r, unsigned param)
{
    const bind_field wanted = {.source = TERN_FROM_PATH, .param = param}, *field = NULL;
    for (unsigned i = 0; field == NULL && i < provide_input_count(r); i++)
        field = find_same(provide_input(r, i), &wanted);
    return field;
}

bool openapi_is_left_out(const bind_field *field)
{
    static const char *const elsewhere[] = {"accept", "content-type", "authorization"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (field->source == TERN_FROM_HEADER && strcasecmp(field->name, elsewhere[i]) == 0)
            return true;
    return false;
}

/** Prints the parameters of one input that are not in the path. */
static void print_other_parameters(const openapi_document *doc, const route *r, unsigned number, buf *out)
{
    const bind_plan *bind = provide_input(r, number);
    for (unsigned i = 0; bind != NULL && i < bind->count; i++) {
        const bind_field *field = &bind->fields[i];
        if (field->source != TERN_FROM_PATH && !openapi_is_left_out(field) && !is_printed(r, number, field))
            print_field_parameter(doc, r, field, (tern_str){field->name, field->name_len}, out);
    }
}

static bool has_parameters(const route *r)
{
    bool has = r->param_count > 0;
    for (unsigned i = 0; i < provide_input_count(r); i++)
        has |= provide_input(r, i) != NULL && provide_input(r, i)->count > 0;
    return has;
}

/** Prints the conditional headers of RFC 9110 section 13 that the route checks, unless its input has them. */
static void print_conditions(const route *r, buf *out)
{
    const struct {
        const char *name;
        bool is_taken;
    } conditions[] = {
        {"If-None-Match", r->options.etag && is_read(r)},
        {"If-Match", r->options.if_match || r->options.need_if_match},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        bool is_input = false;
        for (unsigned n = 0; n < provide_input_count(r); n++) {
            const bind_plan *bind = provide_input(r, n);
            for (unsigned k = 0; bind != NULL && k < bind->count; k++)
                is_input |= bind->fields[k].source == TERN_FROM_HEADER &&
                            strcasecmp(bind->fields[k].name, conditions[i].name) == 0;
        }
        if (!conditions[i].is_taken || is_input)
            continue;
        print_parameter_head((tern_str){conditions[i].name, strlen(conditions[i].name)}, "header",
                             r->options.need_if_match, out);
        append_raw(out, "\"schema\":{\"type\":\"string\"}}");
    }
}

static void print_parameters(const openapi_document *doc, const openapi_operation *o, buf *out)
{
    unsigned param = 0;
    append_key(out, "parameters");
    append_open(out, '[');
    for (unsigned i = 0; i < o->pattern.count; i++) {
        if (o->pattern.segments[i].kind == SEGMENT_TEXT)
            continue;
        tern_str name = o->path->pattern.segments[i].text;
        const bind_field *field = find_path_field(o->route, param++);
        if (field != NULL)
            print_field_parameter(doc, o->route, field, name, out);
        else
            print_bare_parameter(o->pattern.segments[i].kind, name, out);
    }
    for (unsigned i = 0; i < provide_input_count(o->route); i++)
        print_other_parameters(doc, o->route, i, out);
    print_conditions(o->route, out);
    append_close(out, ']');
}

/* -- the body -- */

/** Whether every field can be given as text in a form. */
static bool fits_form(const tern_type *body)
{
    for (unsigned i = 0; i < body->field_count; i++) {
        const tern_type *type = body->fields[i].type;
        if (type->kind == TERN_KIND_LIST)
            type = type->item;
        if (type->kind == TERN_KIND_MODEL || type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP ||
            type->kind == TERN_KIND_ANY)
            return false;
    }
    return true;
}

/** Every body without an upload may be a form, but client generators handle a choice of bodies badly, so
 * forms are listed only if the route asks for it. */
static void print_body(const openapi_document *doc, const route *r, buf *out)
{
    const bind_plan *bind = r->bind;
    bool has_uploads = bind->has_uploads, has_form = r->options.forms && fits_form(bind->body);
    const char *packed[FORMATS] = {NULL};
    const unsigned packed_count = formats_on(doc->app, packed);
    const struct {
        const char *type;
        bool is_taken;
    } formats[] = {
        {"application/json", !has_uploads},
        {"application/x-www-form-urlencoded", !has_uploads && has_form},
        {"multipart/form-data", has_uploads || has_form},
        {packed[0], !has_uploads && packed_count > 0},
        {packed[1], !has_uploads && packed_count > 1},
    };
    append_key(out, "requestBody");
    append_open(out, '{');
    append_flag(out, "required", bind->is_body_required);
    append_key(out, "content");
    append_open(out, '{');
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!formats[i].is_taken)
            continue;
        append_key(out, formats[i].type);
        append_open(out, '{');
        append_key(out, "schema");
        if (i != 1 && i != 2 && bind->wrapper != NULL) /* forms have no key around their fields */
            schema_print_object(&doc->schemas, bind->json, SCHEMA_INPUT, out);
        else
            schema_print(&doc->schemas, bind->body, SCHEMA_INPUT, out);
        append_close(out, '}');
    }
    append_close(out, '}');
    append_close(out, '}');
}

/* -- replies -- */

static void open_reply(const char *status, const char *description, buf *out)
{
    append_key(out, status);
    append_open(out, '{');
    append_member(out, "description", description);
}

static bool has_key(const tern_type *type)
{
    for (unsigned i = 0; i < type->field_count; i++)
        if (type->fields[i].key)
            return true;
    return false;
}

enum { NO_CONTENT = 204, CREATED = 201, NOT_MODIFIED = 304 };

bool openapi_has_content(const tern_route_options *options)
{
    return options->returns != NULL && options->status != NO_CONTENT;
}

/** The whole model, or those of its fields that were requested. */
static void print_whole_or_part(const openapi_document *doc, const tern_type *type, buf *out)
{
    const schema_set *set = &doc->schemas;
    if (schema_component_of(set, type, SCHEMA_PART) == schema_component_of(set, type, SCHEMA_OUTPUT)) {
        schema_print(set, type, SCHEMA_OUTPUT, out);
        return;
    }
    append_open(out, '{');
    append_key(out, "anyOf");
    append_open(out, '[');
    schema_print(set, type, SCHEMA_OUTPUT, out);
    schema_print(set, type, SCHEMA_PART, out);
    append_close(out, ']');
    append_close(out, '}');
}

static void print_returned(const openapi_document *doc, const tern_route_options *options, buf *out)
{
    const tern_type *type = options->returns;
    if (!options->partial) {
        schema_print(&doc->schemas, type, SCHEMA_OUTPUT, out);
    } else if (type->kind == TERN_KIND_LIST && type->item->kind == TERN_KIND_MODEL) {
        append_raw(out, "{\"type\":\"array\",\"items\":");
        print_whole_or_part(doc, type->item, out);
        buf_add_text(out, "}");
    } else {
        print_whole_or_part(doc, type, out);
    }
}

/** Prints a page's fields except the items. */
static const struct {
    const char *schema;
    bool may_lack;
} page_fields[PAGE_FIELDS] = {
    [PAGE_TOTAL] = {"\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0", false},
    [PAGE_TOTAL_IS_ESTIMATE] = {"\"description\":\"The total is an estimate, or a lower bound\","
                                "\"type\":\"boolean\"",
                                false},
    [PAGE_NUMBER] = {"\"description\":\"Null after a cursor\",\"type\":[\"integer\",\"null\"],"
                     "\"format\":\"int64\",\"minimum\":1",
                     false},
    [PAGE_SIZE] = {"\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1", false},
    [PAGE_HAS_NEXT] = {"\"type\":\"boolean\"", false},
    [PAGE_NEXT] = {"\"description\":\"The cursor of the next page; absent from the last one\","
                   "\"type\":\"string\"",
                   true},
};

static void print_page(const openapi_document *doc, const route *r, buf *out)
{
    const page_shape *shape = r->page;
    append_raw(out, "{\"type\":\"object\",\"properties\":{");
    append_key(out, shape->names[PAGE_ITEMS]);
    print_returned(doc, &r->options, out);
    for (unsigned i = PAGE_ITEMS + 1; i < PAGE_FIELDS; i++) {
        if (shape->names[i] == NULL)
            continue;
        append_key(out, shape->names[i]);
        buf_add_printf(out, "{%s}", page_fields[i].schema);
    }
    buf_add_text(out, "},\"required\":[");
    for (unsigned i = 0; i < PAGE_FIELDS; i++)
        if (shape->names[i] != NULL && !page_fields[i].may_lack)
            append_text(out, shape->names[i]);
    buf_add_text(out, "]}");
}

static void print_returned_body(const openapi_document *doc, const route *r, buf *out)
{
    if (r->options.wrapped != NULL) { /* never with .paged */
        append_raw(out, "{\"type\":\"object\",\"properties\":{");
        append_key(out, r->options.wrapped);
    }
    if (r->options.paged)
        print_page(doc, r, out);
    else
        print_returned(doc, &r->options, out);
    if (r->options.wrapped != NULL) {
        buf_add_text(out, "},\"required\":[");
        append_text(out, r->options.wrapped);
        buf_add_text(out, "]}");
    }
}

static void print_returns(const openapi_document *doc, const route *r, buf *out)
{
    const char *packed[FORMATS];
    const unsigned count = formats_on(doc->app, packed);
    append_raw(out, "\"content\":{\"application/json\":{\"schema\":");
    print_returned_body(doc, r, out);
    for (unsigned i = 0; i < count; i++) {
        buf_add_printf(out, "},\"%s\":{\"schema\":", packed[i]);
        print_returned_body(doc, r, out);
    }
    buf_add_text(out, "}}");
}

static void print_headers(const route *r, int status, buf *out)
{
    const tern_route_options *o = &r->options;
    const struct {
        const char *name, *description, *schema;
        bool is_sent;
    } headers[] = {
        {"Location", "The address of the created resource",
         "{\"type\":\"string\",\"format\":\"uri-reference\"}",
         status == CREATED && o->returns != NULL && has_key(o->returns)},
        {"ETag", "The entity tag for If-None-Match and If-Match", "{\"type\":\"string\"}", o->etag},
        {"Link", "The next page, if there is one: <...>; rel=\"next\"", "{\"type\":\"string\"}",
         o->paged && status != NOT_MODIFIED},
    };
    bool is_first = true;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (!headers[i].is_sent)
            continue;
        if (is_first)
            append_raw(out, "\"headers\":{");
        is_first = false;
        append_key(out, headers[i].name);
        append_open(out, '{');
        append_member(out, "description", headers[i].description);
        append_key(out, "schema");
        append_raw(out, headers[i].schema);
        append_close(out, '}');
    }
    if (!is_first)
        buf_add_text(out, "}");
}

static void print_success(const openapi_document *doc, const route *r, buf *out)
{
    int status = r->options.status != 0 ? r->options.status : 200;
    char number[16];
    snprintf(number, sizeof number, "%d", status);
    open_reply(number, http_status_text(status), out);
    print_headers(r, status, out);
    if (openapi_has_content(&r->options))
        print_returns(doc, r, out);
    append_close(out, '}');
    if (!r->options.etag || !is_read(r))
        return;
    open_reply("304", http_status_text(NOT_MODIFIED), out);
    print_headers(r, NOT_MODIFIED, out);
    append_close(out, '}');
}

/** Prints the content of a reply in the application's shape; nothing if the application does not describe
 * it. */
static void print_shape(const openapi_document *doc, const problem_shape *shape, buf *out)
{
    const char *media_type = shape->options.media_type;
    if (shape->options.returns == NULL)
        return;
    append_key(out, "content");
    append_open(out, '{');
    append_key(out, media_type != NULL ? media_type : "application/json");
    append_raw(out, "{\"schema\":");
    schema_print(&doc->schemas, shape->options.returns, SCHEMA_OUTPUT, out);
    buf_add_text(out, "}");
    append_close(out, '}');
}

enum { FIRST_PROBLEM = 400 };

/** Marks the statuses in .refuses of the route's providers. */
static void mark_refusals(const route *r, bool *may_occur)
{
    for (unsigned i = 0; r->provide != NULL && i < r->provide->count; i++) {
        const char *at = r->provide->steps[i].provider->options.refuses;
        for (int status = 0; at != NULL && (status = provide_next_status(&at)) > 0;)
            may_occur[status - FIRST_PROBLEM] = true;
    }
}

/** Prints a problem's reply; `status` may be OPENAPI_ANY_OTHER. */
static void print_problem(const openapi_document *doc, const route *r, int status, buf *out)
{
    char number[16];
    const problem_shape *shape = problem_shape_of(r->group, status);
    const char *text = http_status_text(status);
    bool is_named = status != OPENAPI_ANY_OTHER;
    snprintf(number, sizeof number, "%d", status);
    open_reply(is_named ? number : "default",
               !is_named      ? "Any other error"
               : text != NULL ? text
                              : "Refused",
               out);
    if (shape != NULL) {
        print_shape(doc, shape, out);
    } else {
        append_comma(out);
        buf_add_printf(out,
                       "\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":"
                       "\"#/components/schemas/%s\"}}}",
                       status == 422 && provide_has_input(r) ? "ValidationProblem" : "Problem");
    }
    append_close(out, '}');
}

unsigned openapi_problems(const tern_app *app, const route *r, int statuses[OPENAPI_PROBLEMS])
{
    bool has_input = provide_has_input(r), has_body = r->bind != NULL && r->bind->body != NULL;
    bool may_occur[OPENAPI_PROBLEMS] = {
        [400 - FIRST_PROBLEM] = has_input,
        [401 - FIRST_PROBLEM] = openapi_needs_security(app, r),
        [404 - FIRST_PROBLEM] = r->param_count > 0,
        [413 - FIRST_PROBLEM] = has_body,
        [412 - FIRST_PROBLEM] = r->options.if_match || r->options.need_if_match,
        [415 - FIRST_PROBLEM] = has_body,
        [422 - FIRST_PROBLEM] = has_input,
        [428 - FIRST_PROBLEM] = r->options.need_if_match,
    };
    mark_refusals(r, may_occur);
    unsigned count = 0;
    for (int i = 0; i < OPENAPI_PROBLEMS - 1; i++)
        if (may_occur[i])
            statuses[count++] = FIRST_PROBLEM + i;
    statuses[count++] = OPENAPI_ANY_OTHER;
    return count;
}

static void print_replies(const openapi_document *doc, const openapi_operation *o, buf *out)
{
    int statuses[OPENAPI_PROBLEMS];
    unsigned count = openapi_problems(doc->app, o->route, statuses);
    append_key(out, "responses");
    append_open(out, '{');
    print_success(doc, o->route, out);
    for (unsigned i = 0; i < count; i++)
        print_problem(doc, o->route, statuses[i], out);
    append_close(out, '}');
}

/* -- the operation -- */

/** The default summary: "create_todo" becomes "Create todo". */
static void print_summary(const route *r, buf *out)
{
    char words[128];
    if (r->options.summary != NULL) {
        append_member(out, "summary", r->options.summary);
        return;
    }
    snprintf(words, sizeof words, "%s", r->handler.name != NULL ? r->handler.name : "");
    for (char *at = words; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    if (words[0] >= 'a' && words[0] <= 'z')
        words[0] = (char)(words[0] - 'a' + 'A');
    append_member(out, "summary", words);
}

static void print_tags(const char *tags, buf *out)
{
    tern_str tag;
    if (tags == NULL)
        return;
    append_key(out, "tags");
    append_open(out, '[');
    for (const char *at = tags; openapi_next_word(&at, &tag);)
        append_slice(out, tag.data, tag.len);
    append_close(out, ']');
}

void openapi_print_operation(const openapi_document *doc, const openapi_operation *operation, buf *out)
{
    const route *r = operation->route;
    const bind_plan *bind = r->bind;
    append_open(out, '{');
    print_tags(r->options.tags, out);
    print_summary(r, out);
    append_member(out, "description", r->options.description);
    append_member(out, "operationId", operation->id);
    append_flag(out, "deprecated", r->options.deprecated);
    if (has_parameters(r) || r->options.etag || r->options.if_match || r->options.need_if_match)
        print_parameters(doc, operation, out);
    if (bind != NULL && bind->body != NULL)
        print_body(doc, r, out);
    print_replies(doc, operation, out);
    openapi_print_route_security(r, out);
    append_close(out, '}');
}

/** One route as an operation object: its parameters, its body, its replies. */
#include "app/bind/bind.h"
#include "app/openapi/internal.h"

#include "http/status.h"
#include "schema/json/append.h"

#include <stdio.h>
#include <string.h>

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

static void print_parameter_head(tern_str name, const char *source, bool is_required, buf *out)
{
    append_open(out, '{');
    append_key(out, "name");
    append_slice(out, name.data, name.len);
    append_member(out, "in", source);
    append_flag(out, "required", is_required);
}

/** A text that lists words with commas between them: an array in one text, as OpenAPI calls it. */
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

/** A parameter that a field of the input describes. */
static void print_field_parameter(const openapi_document *doc, const bind_field *field, tern_str name,
                                  buf *out)
{
    const field_plan *f = field->f;
    print_parameter_head(name, bind_source_names[field->source],
                         field->source == TERN_FROM_PATH || f->is_required, out);
    schema_print_description(f, out);
    append_flag(out, "deprecated", f->field->deprecated);
    if (f->field->words != NULL) {
        print_words(f->field->words, out);
    } else {
        append_key(out, "schema");
        schema_print_field(&doc->schemas, f, SCHEMA_INPUT, true, out);
    }
    append_close(out, '}');
}

/** A parameter of the path that only the pattern tells of. */
static void print_bare_parameter(segment_kind kind, tern_str name, buf *out)
{
    static const char *const schemas[SEGMENT_KINDS] = {
        [SEGMENT_INT] = "{\"type\":\"integer\",\"format\":\"int64\"}",
        [SEGMENT_UUID] = "{\"type\":\"string\",\"format\":\"uuid\"}",
        [SEGMENT_PLAIN] = "{\"type\":\"string\"}",
        [SEGMENT_REST] = "{\"type\":\"string\"}",
    };
    print_parameter_head(name, "path", true, out);
    append_member(out, "description", kind == SEGMENT_REST ? "The rest of the path; may hold slashes" : NULL);
    append_key(out, "schema");
    append_raw(out, schemas[kind]);
    append_close(out, '}');
}

static const bind_field *find_path_field(const bind_plan *bind, unsigned param)
{
    for (unsigned i = 0; bind != NULL && i < bind->count; i++)
        if (bind->fields[i].source == TERN_FROM_PATH && bind->fields[i].param == param)
            return &bind->fields[i];
    return NULL;
}

bool openapi_is_left_out(const bind_field *field)
{
    static const char *const elsewhere[] = {"accept", "content-type", "authorization"};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        if (field->source == TERN_FROM_HEADER && strcasecmp(field->name, elsewhere[i]) == 0)
            return true;
    return false;
}

static void print_parameters(const openapi_document *doc, const openapi_operation *o, buf *out)
{
    const bind_plan *bind = o->route->bind;
    unsigned param = 0;
    append_key(out, "parameters");
    append_open(out, '[');
    for (unsigned i = 0; i < o->pattern.count; i++) {
        if (o->pattern.segments[i].kind == SEGMENT_TEXT)
            continue;
        tern_str name = o->path->pattern.segments[i].text;
        const bind_field *field = find_path_field(bind, param++);
        if (field != NULL)
            print_field_parameter(doc, field, name, out);
        else
            print_bare_parameter(o->pattern.segments[i].kind, name, out);
    }
    for (unsigned i = 0; bind != NULL && i < bind->count; i++) {
        const bind_field *field = &bind->fields[i];
        if (field->source != TERN_FROM_PATH && !openapi_is_left_out(field))
            print_field_parameter(doc, field, (tern_str){field->name, field->name_len}, out);
    }
    append_close(out, ']');
}

/* -- the body -- */

/** Whether every field can be given by the texts of a form. */
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

/** Every body that is no upload may come as a form, but generators of clients do badly with a choice of
 * bodies, so that forms are named only where the route wants them to be. */
static void print_body(const openapi_document *doc, const route *r, buf *out)
{
    const bind_plan *bind = r->bind;
    bool has_uploads = bind->has_uploads, has_form = r->options.forms && fits_form(bind->body);
    const struct {
        const char *type;
        bool is_taken;
    } formats[] = {
        {"application/json", !has_uploads},
        {"application/x-www-form-urlencoded", !has_uploads && has_form},
        {"multipart/form-data", has_uploads || has_form},
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

enum { NO_CONTENT = 204, CREATED = 201 };

bool openapi_has_content(const tern_route_options *options)
{
    return options->returns != NULL && options->status != NO_CONTENT;
}

/** The whole model, or those of its fields that were asked for. */
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

static void print_returns(const openapi_document *doc, const tern_route_options *options, buf *out)
{
    append_raw(out, "\"content\":{\"application/json\":{\"schema\":");
    if (options->paged)
        append_raw(out, "{\"type\":\"object\",\"properties\":{\"items\":");
    print_returned(doc, options, out);
    if (options->paged)
        append_raw(out, "\"total\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0}},"
                        "\"required\":[\"items\",\"total\"]}");
    buf_add_text(out, "}}");
}

static void print_success(const openapi_document *doc, const tern_route_options *options, buf *out)
{
    int status = options->status != 0 ? options->status : 200;
    char number[16];
    snprintf(number, sizeof number, "%d", status);
    open_reply(number, http_status_text(status), out);
    if (status == CREATED && options->returns != NULL && has_key(options->returns))
        append_raw(out, "\"headers\":{\"Location\":{\"description\":\"Where it is from now on\",\"schema\":"
                        "{\"type\":\"string\",\"format\":\"uri-reference\"}}}");
    if (openapi_has_content(options))
        print_returns(doc, options, out);
    append_close(out, '}');
}

static void print_problem(const char *status, const char *description, const char *schema, buf *out)
{
    open_reply(status, description, out);
    append_comma(out);
    buf_add_printf(out,
                   "\"content\":{\"application/problem+json\":{\"schema\":{\"$ref\":"
                   "\"#/components/schemas/%s\"}}}",
                   schema);
    append_close(out, '}');
}

static const char *security_of(const openapi_document *doc, const route *r)
{
    return r->options.security != NULL ? r->options.security : doc->app->options.security;
}

static void print_replies(const openapi_document *doc, const openapi_operation *o, buf *out)
{
    const route *r = o->route;
    const char *security = security_of(doc, r);
    bool has_input = r->bind != NULL, has_body = has_input && r->bind->body != NULL;
    const struct {
        int status;
        bool may_occur;
    } problems[] = {
        {400, has_input},          {401, security != NULL && *security != '\0'},
        {404, r->param_count > 0}, {413, has_body},
        {415, has_body},           {422, has_input},
    };
    append_key(out, "responses");
    append_open(out, '{');
    print_success(doc, &r->options, out);
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", problems[i].status);
        if (problems[i].may_occur)
            print_problem(number, http_status_text(problems[i].status),
                          problems[i].status == 422 ? "ValidationProblem" : "Problem", out);
    }
    print_problem("default", "Any other error", "Problem", out);
    append_close(out, '}');
}

/* -- all of it -- */

/** A summary for who wrote none: "create_todo" is "Create todo". */
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
    if (r->param_count > 0 || (bind != NULL && bind->count > 0))
        print_parameters(doc, operation, out);
    if (bind != NULL && bind->body != NULL)
        print_body(doc, r, out);
    print_replies(doc, operation, out);
    if (r->options.security != NULL) {
        append_key(out, "security");
        openapi_print_security(r->options.security, out);
    }
    append_close(out, '}');
}

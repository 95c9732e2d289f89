/** One route as an operation object: its parameters, its body, its replies. */
#include "app/formats.h"
#include "app/openapi/extras.h"
#include "app/provide/provide.h"

#include "schema/json/append.h"
#include "schema/pattern/pattern.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void openapi_print_path(const openapi_operation *operation, buf *out)
{
    const route *first = operation->path->route;
    for (unsigned i = 0; i < first->piece_count; i++) {
        const pattern_piece *piece = &first->pieces[i];
        bool is_text = piece->kind == SEGMENT_TEXT;
        buf_add_text(out, piece->begins_segment ? "/" : "");
        buf_add_text(out, is_text ? "" : "{");
        buf_add_json(out, piece->text.data, piece->text.len);
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

tern_str openapi_rule_of(const pattern_piece *piece)
{
    const char *known = piece->kind == SEGMENT_KIND ? piece->is->pattern : NULL;
    if (piece->kind == SEGMENT_REGEX)
        return piece->rule;
    return known != NULL ? (tern_str){known, strlen(known)} : (tern_str){NULL, 0};
}

/** Prints the members "format" and "pattern" of a kind or an expression, if other languages read it alike. */
static void print_rule(const pattern_piece *piece, buf *out)
{
    buf text = {0};
    tern_str rule = openapi_rule_of(piece);
    append_member(out, "format", piece->kind == SEGMENT_KIND ? piece->is->format : NULL);
    if (rule.data == NULL)
        return;
    buf_add_text(&text, "^(?:");
    buf_add(&text, rule.data, rule.len);
    buf_add_text(&text, ")$");
    out->failed |= text.failed;
    if (!text.failed && pattern_is_portable(text.data))
        append_member(out, "pattern", text.data);
    buf_free(&text);
}

/** What the pattern of the path demands of a text beyond its field's rules; NULL for other fields. */
static const pattern_piece *find_rule(const route *r, const bind_field *field)
{
    unsigned number = 0;
    if (field->source != TERN_FROM_PATH || field->f->field->type->kind != TERN_KIND_TEXT)
        return NULL;
    for (unsigned i = 0; i < r->piece_count; i++)
        if (r->pieces[i].kind != SEGMENT_TEXT && number++ == field->param)
            return openapi_rule_of(&r->pieces[i]).data != NULL ? &r->pieces[i] : NULL;
    return NULL;
}

/** The schemas of all inputs that have the parameter, and of the path's pattern: each different one once. */
static void print_schemas(const openapi_document *doc, const route *r, const bind_field *field, buf *out)
{
    buf schemas[PROVIDE_STEPS_MAX + 2] = {0};
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
    const pattern_piece *rule = find_rule(r, field);
    if (rule != NULL) {
        append_open(&schemas[count], '{');
        print_rule(rule, &schemas[count]);
        append_close(&schemas[count], '}');
        out->failed |= schemas[count++].failed;
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
    openapi_print_examples(r, field->name, field->name_len, 0, out);
    if (f->field->words != NULL)
        print_words(f->field->words, out);
    else
        print_schemas(doc, r, field, out);
    append_close(out, '}');
}

/** Prints a path parameter that is only in the pattern. */
static void print_bare_parameter(const pattern_piece *piece, tern_str name, buf *out)
{
    const segment_kind kind = piece->kind;
    static const char *const schemas[SEGMENT_KINDS] = {
        [SEGMENT_INT] = "{\"type\":\"integer\",\"format\":\"int64\"}",
        [SEGMENT_UUID] = "{\"type\":\"string\",\"format\":\"uuid\"}",
        [SEGMENT_PLAIN] = "{\"type\":\"string\"}",
        [SEGMENT_REST] = "{\"type\":\"string\"}",
    };
    print_parameter_head(name, "path", true, out);
    append_member(out, "description",
                  kind == SEGMENT_REST   ? "The rest of the path; may contain slashes"
                  : kind == SEGMENT_KIND ? piece->is->description
                                         : NULL);
    append_member(out, "example", kind == SEGMENT_KIND ? piece->is->example : NULL);
    append_key(out, "schema");
    if (schemas[kind] != NULL) {
        append_raw(out, schemas[kind]);
    } else {
        append_open(out, '{');
        append_member(out, "type", "string");
        print_rule(piece, out);
        append_close(out, '}');
    }
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
        if (field->source != TERN_FROM_PATH && field->source != TERN_FROM_HOST &&
            !openapi_is_left_out(field) && !is_printed(r, number, field))
            print_field_parameter(doc, r, field, (tern_str){field->name, field->name_len}, out);
    }
}

static bool is_input_header(const route *r, const char *name)
{
    for (unsigned n = 0; n < provide_input_count(r); n++) {
        const bind_plan *bind = provide_input(r, n);
        for (unsigned k = 0; bind != NULL && k < bind->count; k++)
            if (bind->fields[k].source == TERN_FROM_HEADER && strcasecmp(bind->fields[k].name, name) == 0)
                return true;
    }
    return false;
}

/** Whether a piece of the route's middleware reads a header that clients should know of. */
static bool takes_header(const route *r, const tern_middleware *m)
{
    return m->takes != NULL && !openapi_is_read(r) && !is_input_header(r, m->takes);
}

static void print_taken_headers(const route *r, buf *out)
{
    for (const tern_middleware *m = r->chain; m != NULL && m->run != NULL; m++)
        if (takes_header(r, m)) {
            print_parameter_head((tern_str){m->takes, strlen(m->takes)}, "header", m->needs, out);
            append_raw(out, "\"schema\":{\"type\":\"string\"}}");
        }
}

static bool has_parameters(const route *r)
{
    bool has = r->path_param_count > 0;
    for (const tern_middleware *m = r->chain; m != NULL && m->run != NULL; m++)
        has |= takes_header(r, m);
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
        {"If-None-Match", r->options.etag && openapi_is_read(r)},
        {"If-Match", r->options.if_match || r->options.need_if_match},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        if (!conditions[i].is_taken || is_input_header(r, conditions[i].name))
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
    for (unsigned i = 0; i < o->route->piece_count; i++) {
        const pattern_piece *piece = &o->route->pieces[i];
        if (piece->kind == SEGMENT_TEXT)
            continue;
        tern_str name = o->path->route->pieces[i].text; /* the same texts and parameters, under other names */
        const bind_field *field = find_path_field(o->route, param++);
        if (field != NULL)
            print_field_parameter(doc, o->route, field, name, out);
        else
            print_bare_parameter(piece, name, out);
    }
    for (unsigned i = 0; i < provide_input_count(o->route); i++)
        print_other_parameters(doc, o->route, i, out);
    print_conditions(o->route, out);
    print_taken_headers(o->route, out);
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
        if (i == 0)
            openapi_print_examples(r, NULL, 0, 0, out);
        append_close(out, '}');
    }
    append_close(out, '}');
    append_close(out, '}');
}

/** The body of a QUERY that its handler reads itself. */
static void print_accepted(const char *types, buf *out)
{
    tern_str type;
    append_raw(out, "\"requestBody\":{\"required\":true,\"content\":{");
    while (openapi_next_word(&types, &type)) {
        append_comma(out);
        append_slice(out, type.data, type.len);
        buf_add_text(out, ":{}");
    }
    buf_add_text(out, "}}");
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

static bool is_deprecated(const route *r)
{
    for (unsigned i = 0; i < r->chain_len; i++)
        if (r->chain[i].deprecates)
            return true;
    return r->options.deprecated;
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
    append_flag(out, "deprecated", is_deprecated(r));
    if (has_parameters(r) || r->options.etag || r->options.if_match || r->options.need_if_match)
        print_parameters(doc, operation, out);
    if (bind != NULL && bind->body != NULL)
        print_body(doc, r, out);
    else if (r->accept_query != NULL)
        print_accepted(r->accept_query, out);
    openapi_print_replies(doc, operation, out);
    openapi_print_callbacks(doc, r, operation->id, out);
    openapi_print_route_security(doc, r, out);
    if (r->host != NULL)
        openapi_print_host(doc, r, out);
    append_close(out, '}');
}

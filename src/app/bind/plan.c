/** At start: finds the source of each field of a handler's input, and reports mistakes. */
#include "app/bind/bind.h"

#include "app/router/pattern.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* -- the part of a model that comes from the body -- */

/** A twin of a model with some of its fields; stored for the next route that needs the same. */
typedef struct body_type {
    tern_type type; /* first: the type that is returned */
    const tern_type *whole;
    struct body_type *next;
    tern_field fields[];
} body_type;

enum { BUCKETS = 1024 };
static body_type *body_types[BUCKETS]; /* by the address of `whole` */

static body_type **bucket_of(const tern_type *whole)
{
    return &body_types[(uintptr_t)whole / sizeof *whole % BUCKETS];
}

void bind_forget(void)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (body_types[i] != NULL) {
            body_type *first = body_types[i];
            body_types[i] = first->next;
            mem_free(first);
        }
    bind_wrap_forget();
}

const char bind_source_names[][8] = {
    [TERN_FROM_AUTO] = "auto",     [TERN_FROM_PATH] = "path",     [TERN_FROM_QUERY] = "query",
    [TERN_FROM_HEADER] = "header", [TERN_FROM_COOKIE] = "cookie", [TERN_FROM_BODY] = "body",
};

/** The state of making one plan. */
typedef struct maker {
    arena *arena;
    const route *r;
    const tern_provider *provider; /* the provider whose input it is; NULL: the handler's */
    buf *problems;
    pattern pattern;
    const tern_field *field; /* the current field; NULL: the whole model */
    bool is_wrong;
} maker;

static __attribute__((format(printf, 2, 3))) void mistake(maker *m, const char *format, ...)
{
    char text[512];
    const route *r = m->r;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const tern_type *model = m->provider != NULL ? m->provider->input : r->handler.input;
    bool is_placed = r->options.file != NULL;
    buf_add_printf(m->problems, "%s:%d: %s %s: ", is_placed ? r->options.file : r->handler.file,
                   is_placed ? r->options.line : r->handler.line, r->method_name, r->pattern);
    if (m->provider != NULL)
        buf_add_printf(m->problems, "provider %s: ", m->provider->name);
    buf_add_printf(m->problems, "model %s%s%s: %s\n", model->name, m->field != NULL ? ", field " : "",
                   m->field != NULL ? m->field->name : "", text);
    m->is_wrong = true;
}

static bool is_same(const body_type *twin, const tern_type *whole, const tern_field *fields, unsigned count)
{
    if (twin->whole != whole || twin->type.field_count != count)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (twin->fields[i].name != fields[i].name || twin->fields[i].read_only != fields[i].read_only)
            return false;
    return true;
}

/** The twin of `whole` with these fields, prepared; NULL with a mistake reported. */
static const tern_type *body_part(maker *m, const tern_type *whole, const tern_field *fields, unsigned count)
{
    body_type **bucket = bucket_of(whole), *twin = *bucket;
    while (twin != NULL && !is_same(twin, whole, fields, count))
        twin = twin->next;
    if (twin == NULL) {
        twin = mem_zero(1, sizeof *twin + count * sizeof *fields);
        if (twin == NULL) {
            mistake(m, "out of memory");
            return NULL;
        }
        twin->whole = whole;
        twin->type = *whole;
        twin->type.plan = NULL;
        twin->type.options.check = NULL; /* it checks the whole model, once that is complete */
        twin->type.fields = twin->fields;
        twin->type.field_count = count;
        memcpy(twin->fields, fields, count * sizeof *fields);
        twin->next = *bucket;
        *bucket = twin;
    }
    if (!schema_prepare(&twin->type, m->problems)) {
        m->is_wrong = true;
        return NULL;
    }
    return &twin->type;
}

/* -- the source of a field -- */

static int find_param(const maker *m, const field_plan *f)
{
    const char *names[] = {f->key, f->field->name};
    unsigned at = 0;
    for (unsigned i = 0; i < m->pattern.count; i++) {
        const pattern_piece *piece = &m->pattern.pieces[i];
        if (piece->kind == SEGMENT_TEXT)
            continue;
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            if (piece->text.len == strlen(names[n]) &&
                memcmp(piece->text.data, names[n], piece->text.len) == 0)
                return (int)at;
        at++;
    }
    return -1;
}

static bool has_body(const route *r)
{
    return strcmp(r->method_name, "GET") != 0 && strcmp(r->method_name, "HEAD") != 0 &&
           strcmp(r->method_name, "DELETE") != 0;
}

static tern_source source_of(const maker *m, const field_plan *f, int param)
{
    if (f->field->in != TERN_FROM_AUTO)
        return f->field->in;
    if (param >= 0)
        return TERN_FROM_PATH;
    return m->provider == NULL && has_body(m->r) ? TERN_FROM_BODY : TERN_FROM_QUERY;
}

/** Whether a value of the type is one text. */
static bool is_single(const tern_type *type)
{
    return type->kind != TERN_KIND_MODEL && type->kind != TERN_KIND_LIST && type->kind != TERN_KIND_MAP &&
           type->kind != TERN_KIND_ANY && type->kind != TERN_KIND_UPLOAD;
}

static bool is_upload(const tern_type *type)
{
    return type->kind == TERN_KIND_UPLOAD ||
           (type->kind == TERN_KIND_LIST && type->item->kind == TERN_KIND_UPLOAD);
}

static void check_source(maker *m, const field_plan *f, tern_source source, int param)
{
    const tern_type *type = f->field->type;
    const char *source_name = bind_source_names[source];
    bool is_list = type->kind == TERN_KIND_LIST;
    if (m->provider != NULL && (source == TERN_FROM_BODY || is_upload(type)))
        mistake(m, "a provider cannot read the body: make it the handler's input");
    else if (is_upload(type) && !has_body(m->r))
        mistake(m, "a %s request cannot upload a file", m->r->method_name);
    else if (is_upload(type) && source != TERN_FROM_BODY)
        mistake(m, "an upload comes from the body, not from the %s", source_name);
    else if (source == TERN_FROM_PATH && param < 0)
        mistake(m, "the route has no {%s}", f->key);
    else if ((source == TERN_FROM_PATH || source == TERN_FROM_COOKIE) && !is_single(type))
        mistake(m, "the %s gives one value, but a %s needs several", source_name, is_list ? "list" : "model");
    else if ((source == TERN_FROM_QUERY || source == TERN_FROM_HEADER) &&
             !is_single(is_list ? type->item : type))
        mistake(m, "a %s is text: it can be a single value or a list of them", source_name);
    else if (source == TERN_FROM_BODY && strcmp(m->r->method_name, "DELETE") != 0 && !has_body(m->r))
        mistake(m, "a %s request has no body", m->r->method_name);
}

/** "user_agent" is "user-agent" in a head; a name in .json is used unchanged. */
static const char *name_in(maker *m, const field_plan *f, tern_source source)
{
    if (source != TERN_FROM_HEADER || f->field->json != NULL)
        return f->key;
    char *name = arena_text(m->arena, f->key, f->key_len);
    for (char *p = name; p != NULL && *p != '\0'; p++)
        if (*p == '_')
            *p = '-';
    return name;
}

/** Whether the server sets it, so that it is never read from a body: .read_only fields, and a number or UUID
 * that is the key. */
static bool is_ours(const tern_field *field)
{
    tern_kind kind = field->type->kind;
    return field->read_only ||
           (field->key && (kind == TERN_KIND_INT || kind == TERN_KIND_UINT || kind == TERN_KIND_UUID));
}

static void add_field(maker *m, bind_plan *plan, const field_plan *f, tern_source source, int param)
{
    bind_field *field = &plan->fields[plan->count++];
    *field = (bind_field){.f = f, .source = source, .name = name_in(m, f, source)};
    if (field->name == NULL) {
        mistake(m, "out of memory");
        return;
    }
    field->name_len = (uint32_t)strlen(field->name);
    field->param = param >= 0 ? (unsigned)param : 0;
    plan->has_query |= source == TERN_FROM_QUERY;
}

/** Sorts the model's fields by their source. */
static void sort_fields(maker *m, bind_plan *plan, tern_field *of_body)
{
    const tern_type *type = plan->type;
    unsigned body_count = 0;
    bool is_part = false;
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        m->field = f->field;
        int param = find_param(m, f);
        tern_source source = source_of(m, f, param);
        check_source(m, f, source, param);
        if (source != TERN_FROM_BODY) {
            add_field(m, plan, f, source, param);
            is_part = true;
            continue;
        }
        tern_field *field = &of_body[body_count++];
        *field = *f->field;
        if (is_ours(field) && !field->read_only) {
            field->read_only = is_part = true;
            field->required = false;
        }
        plan->has_uploads |= is_upload(field->type);
        plan->is_body_required |= f->is_required && !field->read_only;
    }
    m->field = NULL;
    if (m->is_wrong || body_count == 0)
        return;
    plan->body = is_part || type->options.check != NULL ? body_part(m, type, of_body, body_count) : type;
    if (m->r->options.stream_body)
        mistake(m, "its fields are read from the body, so the route cannot have .stream_body");
}

/** The key around the body, where the route has one. */
static void wrap_body(maker *m, bind_plan *plan)
{
    const char *key = m->provider == NULL ? m->r->options.takes_in : NULL,
               *wrong = key != NULL ? bind_wrap_wrong(key) : NULL;
    plan->json = plan->body;
    plan->size = plan->type->size;
    if (key == NULL)
        return;
    if (wrong != NULL)
        mistake(m, ".takes_in %s", wrong);
    else if (plan->body == NULL)
        mistake(m, ".takes_in = \"%s\" is for fields of the body, but no field comes from it", key);
    else if (plan->has_uploads)
        mistake(m, ".takes_in = \"%s\" is for JSON, but a body with files is a form; leave it out", key);
    if (m->is_wrong)
        return;
    plan->wrapper = key;
    m->is_wrong |= !bind_wrap_make(plan, m->problems);
}

const bind_plan *bind_plan_make(arena *a, const route *r, const tern_provider *provider, buf *problems)
{
    maker m = {.arena = a, .r = r, .provider = provider, .problems = problems};
    char unused[PATTERN_PROBLEM_BYTES];
    tern_type *type = provider != NULL ? provider->input : r->handler.input;
    if (!schema_prepare(type, problems))
        return NULL;
    if (type->kind != TERN_KIND_MODEL) {
        mistake(&m, "the input of a %s must be a model", provider != NULL ? "provider" : "handler");
        return NULL;
    }
    if (r->method_name == NULL || r->pattern == NULL ||
        !pattern_parse(&m.pattern, r->pattern, &pattern_any_kind, unused))
        return NULL; /* the router reports it */
    bind_plan *plan = arena_alloc(a, sizeof *plan);
    tern_field *of_body = arena_alloc(a, type->field_count * sizeof *of_body);
    bind_field *fields = arena_alloc(a, type->field_count * sizeof *fields);
    if (plan == NULL || of_body == NULL || fields == NULL) {
        mistake(&m, "out of memory");
        return NULL;
    }
    *plan = (bind_plan){.type = type, .fields = fields};
    sort_fields(&m, plan, of_body);
    if (!m.is_wrong)
        wrap_body(&m, plan);
    return m.is_wrong ? NULL : plan;
}

const char *bind_accept_query(const route *r)
{
    if (r->options.accept_query != NULL || strcmp(r->method_name, "QUERY") != 0)
        return r->options.accept_query;
    if (r->bind == NULL || r->bind->body == NULL)
        return NULL;
    return r->bind->has_uploads ? "multipart/form-data, application/x-www-form-urlencoded"
                                : "application/json, application/x-www-form-urlencoded, multipart/form-data";
}

/* -- the type that is returned -- */

static __attribute__((format(printf, 3, 4))) bool refuse(const route *r, buf *problems, const char *format,
                                                         ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_add_printf(problems, "%s:%d: %s %s: %s\n", r->options.file, r->options.line, r->method_name,
                   r->pattern, text);
    return false;
}

/** The key around replies, where the route has one. */
static bool wrap_reply(arena *a, route *r, buf *problems)
{
    const char *key = r->options.wrapped, *wrong = key != NULL ? bind_wrap_wrong(key) : NULL;
    if (key == NULL)
        return true;
    if (wrong != NULL)
        return refuse(r, problems, ".wrapped %s", wrong);
    if (r->options.returns == NULL || r->options.status == 204)
        return refuse(r, problems,
                      ".wrapped = \"%s\" is for JSON; give its type too: .returns = TERN_TYPE(...)", key);
    if (r->options.paged)
        return refuse(
            r, problems,
            ".wrapped = \"%s\" is not for pages; name their fields: .page_names = {.items = \"%s\"}", key,
            key);
    buf head = {0};
    buf_add_text(&head, "{\"");
    buf_add_json(&head, key, strlen(key));
    buf_add_text(&head, "\":");
    r->reply_head = (tern_str){!head.failed ? arena_text(a, head.data, head.len) : NULL, head.len};
    buf_free(&head);
    return r->reply_head.data != NULL || refuse(r, problems, "out of memory");
}

bool bind_prepare_returns(arena *a, route *r, buf *problems)
{
    tern_type *type = r->options.returns;
    bool is_right = wrap_reply(a, r, problems);
    if (r->options.takes_in != NULL && r->handler.input == NULL)
        is_right = refuse(r, problems,
                          ".takes_in = \"%s\" is for a handler with an input: "
                          "TERN_HANDLER(%s, Model, in)",
                          r->options.takes_in, r->handler.name);
    if (type == NULL)
        return is_right;
    if (r->options.paged && type->kind != TERN_KIND_LIST)
        return refuse(r, problems, ".paged needs .returns = TERN_LIST(...)");
    return schema_prepare(type, problems) && is_right;
}

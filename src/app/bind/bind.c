/** Makes the input model of a request (tern_bind). Hot path; it allocates the model and the given values. */
#include "app/bind/bind.h"

#include "http/cookie.h"
#include "http/form.h"
#include "schema/validate.h"

#include <tern/log.h>

#include <string.h>

#define INLINED inline __attribute__((always_inline))

/* -- faults as a reply -- */

void bind_fail_faults(tern_ctx *c, const tern_faults *faults)
{
    if (faults->count == 0 && !faults->is_memory_short)
        return;
    if (faults->is_memory_short)
        ctx_need(c, NULL);
    const char *detail = faults->count == 1
                             ? "1 value is wrong"
                             : arena_printf(ctx_arena(c), "%u values are wrong", faults->count);
    size_t count;
    const tern_fault *list = faults_list(faults, ctx_arena(c), &count);
    ctx_fail_faults(c, 422, detail, list, list != NULL ? count : 0);
}

void bind_fail_at(tern_ctx *c, const char *source, const char *name, const char *code, const char *message)
{
    const place above = {.name = source}, here = {.up = &above, .name = name};
    tern_faults faults;
    faults_init(&faults, ctx_arena(c));
    fault_add(&faults, &here, code, NULL, NULL, "%s", message);
    bind_fail_faults(c, &faults);
    __builtin_unreachable();
}

void bind_need_plan(tern_ctx *c, const tern_type *type)
{
    if (plan_of(type) != NULL && !plan_of(type)->has_mistakes)
        return;
    buf problems = {0};
    bool is_right = schema_prepare((tern_type *)(uintptr_t)type, &problems);
    char label[160];
    if (!is_right)
        tern_log(TERN_LOG_ERROR, "%s: model %s cannot be used: %s", ctx_route_label(c, label, sizeof label),
                 type->name, problems.len != 0 ? problems.data : "it has errors");
    buf_free(&problems);
    if (!is_right)
        ctx_fail(c, 500, NULL);
}

/* -- sources with one text for each field -- */

static const place path_place = {.name = "path"}, query_place = {.name = "query"},
                   header_place = {.name = "header"}, cookie_place = {.name = "cookie"};

static void bind_path(binding *b, const bind_field *field)
{
    const tern_str *param = &b->c->match.params[field->param];
    bind_text given = {.text = {ctx_text(b->c, *param), param->len}};
    const bind_texts texts = {&given, &given, 1};
    bind_field_texts(b, field->f, &texts, &path_place, field->name);
}

static void bind_cookie(binding *b, const bind_field *field)
{
    const char *value = field->f->field->read_only ? NULL : tern_cookie(b->c, field->name);
    bind_text given = {.text = {value, value != NULL ? strlen(value) : 0}};
    const bind_texts texts = {&given, &given, value != NULL};
    bind_field_texts(b, field->f, &texts, &cookie_place, field->name);
}

/** A header that is a list may come in several lines or in one with commas: they mean the same (RFC 9110
 * section 5.3). */
static void split_commas(binding *b, bind_texts *texts, tern_str value)
{
    const char *at = value.data, *end = at + value.len;
    while (at <= end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        const char *stop = comma != NULL ? comma : end, *next = stop + 1;
        while (at < stop && (*at == ' ' || *at == '\t'))
            at++;
        while (stop > at && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        if (stop > at) {
            tern_str item = {at, (size_t)(stop - at)};
            item.data = ctx_text(b->c, item);
            bind_texts_add(b->c, texts, item, NULL);
        }
        at = next;
    }
}

static void bind_header(binding *b, const bind_field *field)
{
    bind_texts texts = {0};
    unsigned from = 0;
    http_header *h;
    if (b->c->reads != NULL)
        ctx_note_read(b->c, field->name);
    while (!field->f->field->read_only &&
           (h = http_request_header(b->c->x->request, field->name, field->name_len, &from)) != NULL) {
        tern_str value = {h->value, h->value_len};
        if (field->f->field->type->kind == TERN_KIND_LIST) {
            split_commas(b, &texts, value);
        } else {
            value.data = ctx_text(b->c, value);
            bind_texts_add(b->c, &texts, value, NULL);
        }
    }
    bind_field_texts(b, field->f, &texts, &header_place, field->name);
}

/* -- the query -- */

static const bind_field *find_query(const bind_plan *plan, tern_str name)
{
    for (unsigned i = 0; i < plan->count; i++) {
        const bind_field *field = &plan->fields[i];
        if (field->source == TERN_FROM_QUERY && field->name_len == name.len &&
            memcmp(field->name, name.data, name.len) == 0)
            return field->f->field->read_only ? NULL : field;
    }
    return NULL;
}

static void take_query(binding *b, const bind_field *field, tern_str raw, bind_texts *texts)
{
    bool is_memory_short;
    tern_str value;
    char *text = form_decode(&b->c->x->arena, raw, &value.len, &is_memory_short);
    if (is_memory_short)
        ctx_need(b->c, NULL);
    if (text == NULL)
        tern_fail(b->c, 400, "query parameter \"%s\" is wrongly encoded", field->name);
    value.data = text;
    bind_texts_add(b->c, texts, value, NULL);
}

/** Walks the query once; names that are not fields are ignored. */
static void bind_query(binding *b)
{
    const bind_plan *plan = b->plan;
    bind_texts given[BIND_FIELDS_MAX];
    memset(given, 0, plan->count * sizeof *given);
    form_walk walk;
    form_begin(&walk, b->c->x->request->query);
    tern_str name, raw;
    form_result result;
    while ((result = form_next(&walk, &name, &raw)) != FORM_END) {
        if (result == FORM_TOO_MANY)
            tern_fail(b->c, 400, "the query has more than %d parameters", FORM_PAIRS_MAX);
        const bind_field *field = result == FORM_PAIR ? find_query(plan, name) : NULL;
        if (field != NULL)
            take_query(b, field, raw, &given[field - plan->fields]);
    }
    for (unsigned i = 0; i < plan->count; i++)
        if (plan->fields[i].source == TERN_FROM_QUERY)
            bind_field_texts(b, plan->fields[i].f, &given[i], &query_place, plan->fields[i].name);
}

/* -- all sources -- */

static INLINED void bind_rest(binding *b)
{
    const bind_plan *plan = b->plan;
    for (unsigned i = 0; i < plan->count; i++) {
        const bind_field *field = &plan->fields[i];
        switch (field->source) {
        case TERN_FROM_PATH:
            bind_path(b, field);
            break;
        case TERN_FROM_HEADER:
            bind_header(b, field);
            break;
        case TERN_FROM_COOKIE:
            bind_cookie(b, field);
            break;
        default:
            break;
        }
    }
}

/** The model's own check knows fields but not their sources: `depth` is that of a fault in one of them. */
static void place_fault(const bind_plan *plan, fault *f, unsigned depth)
{
    for (unsigned i = 0; f->depth == depth && i < plan->count; i++) {
        const bind_field *field = &plan->fields[i];
        const char *name = f->names[depth - 1];
        if (strcmp(name, field->f->field->name) == 0 || strcmp(name, field->name) == 0) {
            f->names[0] = bind_source_names[field->source];
            f->names[1] = field->name;
            f->depth = 2;
        }
    }
}

static INLINED void check_model(binding *b)
{
    const bind_plan *plan = b->plan;
    if (plan->type->options.check == NULL)
        return;
    const place outer = {.name = plan->body != NULL ? "body" : "query"},
                inner = {.up = &outer, .name = plan->wrapper};
    bool is_wrapped = plan->wrapper != NULL && b->c->is_json_read;
    validate_model(plan->type, b->model, is_wrapped ? &inner : &outer, &b->faults);
    for (fault *f = b->faults.first; f != NULL; f = f->next)
        place_fault(plan, f, is_wrapped ? 3 : 2);
}

/** Fills in the model, which is zero. Inlined, like all functions it calls once: it has two callers, and one
 * is hot. */
static INLINED void read_model(binding *b)
{
    if (b->plan->body != NULL)
        bind_body(b); /* first: a decoder may clear the whole model */
    bind_rest(b);
    if (b->plan->has_query)
        bind_query(b);
    if (b->faults.count == 0)
        check_model(b);
}

void *tern_bind(tern_ctx *c, const tern_type *type)
{
    const route *r = c->match.route;
    binding b = {.c = c, .plan = r != NULL ? r->bind : NULL};
    if (b.plan == NULL || b.plan->type != type)
        tern_fail(c, 500, "the route's handler has no input of the model %s", type->name);
    if (c->is_bound)
        ctx_fail(c, 500, "the input was already read");
    c->is_bound = true;
    faults_init(&b.faults, ctx_arena(c));
    b.model = tern_alloc(c, b.plan->size);
    read_model(&b);
    bind_fail_faults(c, &b.faults);
    return b.model;
}

void *tern_read_input_(tern_ctx *c, const bind_plan *plan, tern_faults *faults)
{
    binding b = {.c = c, .plan = plan, .model = tern_alloc(c, plan->size)};
    faults_init(&b.faults, ctx_arena(c));
    read_model(&b);
    bool is_right = b.faults.count == 0 && !b.faults.is_memory_short;
    faults_join(faults, &b.faults);
    return is_right ? b.model : NULL;
}

/* Checks replies against .returns: read by the schema's own decoder, with types that describe what a client
 * receives instead of what it sends. */
#include "app/fuzz/internal.h"
#include "app/page/shape.h"
#include "schema/json/json.h"
#include "schema/validate.h"
#include "schema/value/value.h"

#include <stdio.h>
#include <string.h>

/** A model, and its twin for what clients receive. */
typedef struct twin {
    struct twin *next;
    const tern_type *type;
    tern_type *received, *part; /* part: any of its fields may be missing */
} twin;

static twin *twins;

static const twin *find(const tern_type *type)
{
    for (const twin *t = twins; t != NULL; t = t->next)
        if (t->type == type)
            return t;
    return NULL;
}

static tern_type *received_of(arena *a, const tern_type *type);

/** The field as in a reply: nothing is skipped, filled in, or compared with the clock. */
static void turn_around(arena *a, tern_field *field, const field_plan *f, bool is_part)
{
    bool may_lack = f->is_nullable || field->optional;
    field->type = received_of(a, field->type);
    field->read_only = field->write_only = field->key = false;
    field->in = TERN_FROM_AUTO;
    field->fallback = NULL;
    field->required = false;
    if (f->is_nullable)
        field->never_null = false;
    field->nullable = f->is_nullable;
    field->optional = is_part || may_lack;
    if (is_part && !f->is_nullable)
        field->never_null = true;
    if (f->min_moment.is_moving || f->max_moment.is_moving)
        field->at_least = field->at_most = field->written = NULL; /* like a field not made by a macro */
}

static void fill_twin(arena *a, tern_type *copy, const tern_type *type, bool is_part)
{
    *copy = *type;
    copy->plan = NULL;
    copy->options.check = is_part ? NULL : type->options.check;
    copy->options.ignore_unknown = false;
    copy->fields = test_need(arena_alloc(a, (type->field_count + 1) * sizeof *copy->fields));
    copy->field_count = 0;
    for (unsigned i = 0; i < type->field_count; i++) {
        const field_plan *f = &plan_of(type)->fields[i];
        if (f->field->write_only)
            continue;
        tern_field *field = &copy->fields[copy->field_count++];
        *field = *f->field;
        turn_around(a, field, f, is_part);
    }
}

static tern_type *received_of(arena *a, const tern_type *type)
{
    if (type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP) {
        tern_type *list = test_need(arena_alloc(a, sizeof *list));
        *list = *type;
        list->plan = NULL;
        list->item = received_of(a, type->item);
        return list;
    }
    if (type->kind != TERN_KIND_MODEL)
        return (tern_type *)(uintptr_t)type;
    const twin *known = find(type);
    if (known != NULL)
        return known->received;
    twin *made = test_need(arena_alloc(a, sizeof *made));
    *made = (twin){.next = twins,
                   .type = type,
                   .received = test_need(arena_alloc(a, sizeof(tern_type))),
                   .part = test_need(arena_alloc(a, sizeof(tern_type)))};
    twins = made; /* before its fields, which may contain it */
    fill_twin(a, made->received, type, false);
    fill_twin(a, made->part, type, true);
    return made->received;
}

/** The model of a route's replies, also if they are lists of it. */
static const tern_type *model_of(const tern_type *type)
{
    return type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP ? type->item : type;
}

bool fuzz_returns_prepare(arena *a, const tern_type *type)
{
    const tern_type *model = model_of(type);
    buf problems = {0};
    if (plan_of(model) == NULL)
        return false;
    tern_type *received = received_of(a, model);
    const twin *t = find(model);
    bool is_ready = schema_prepare(received, &problems) && (t == NULL || schema_prepare(t->part, &problems));
    if (!is_ready)
        fprintf(stderr, "fuzz: replies of %s are not checked: %s\n", model->name,
                problems.data != NULL ? problems.data : "out of memory\n");
    buf_free(&problems);
    return is_ready;
}

static const char *fault_words(arena *a, const tern_faults *faults, const char **field)
{
    buf text = {0}, name = {0};
    faults_print(faults, &text);
    size_t len = text.data != NULL ? strcspn(text.data, "\n") : 0;
    const char *words = test_need(arena_text(a, len != 0 ? text.data : "", len));
    for (unsigned i = 0; faults->first != NULL && i < faults->first->depth; i++)
        buf_add_printf(&name, "%s%s", i > 0 && faults->first->names[i] != NULL ? "." : "",
                       faults->first->names[i] != NULL ? faults->first->names[i] : "[]");
    *field = test_need(arena_text(a, name.data != NULL ? name.data : "", name.len));
    buf_free(&text);
    buf_free(&name);
    return words;
}

static const char *value_fault(arena *a, const tern_type *type, tern_str text, const place *where,
                               const char **field)
{
    const json_limits limits = {0};
    tern_str copy = {test_need(arena_text(a, text.data, text.len)), text.len};
    tern_faults faults;
    faults_init(&faults, a);
    void *value = test_need(arena_alloc(a, type->size));
    return json_decode(type, value, copy, &limits, where, a, &faults) ? NULL : fault_words(a, &faults, field);
}

static tern_str print_value(arena *a, tern_value *value)
{
    json_out out;
    json_out_init(&out, a, 256);
    return value_print(value, &out, 0) ? (tern_str){out.data, out.len} : (tern_str){"", 0};
}

/** Reads a list item by item: otherwise each list would need its own twin. */
static const char *items_fault(arena *a, const tern_type *item, tern_value *list, const place *where,
                               const char **field)
{
    size_t count = tern_value_count(list);
    bool is_map = tern_value_kind_of(list) == TERN_JSON_OBJECT;
    for (size_t i = 0; i < count; i++) {
        const place here = {.up = where, .name = is_map ? tern_value_key(list, i) : NULL, .index = i};
        const char *wrong = value_fault(a, item, print_value(a, tern_value_at(list, i)), &here, field);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

/** Removes the key of .wrapped around a reply; NULL when it is missing. */
static tern_value *unwrap(const route *r, tern_value *body)
{
    if (r->options.wrapped == NULL)
        return body;
    return tern_value_count(body) == 1 ? tern_value_get(body, r->options.wrapped) : NULL;
}

static const char *page_fault(arena *a, const route *r, const tern_type *received, tern_value *page,
                              const char **field)
{
    const page_shape *shape = r->page != NULL ? r->page : &page_shape_usual;
    const char *items_name = shape->names[PAGE_ITEMS], *total_name = shape->names[PAGE_TOTAL];
    const place outer = {.name = "body"}, inner = {.up = &outer, .name = items_name};
    tern_value *items = tern_value_get(page, items_name);
    if (tern_value_kind_of(items) != TERN_JSON_ARRAY)
        return "the page has no list of items";
    if (total_name != NULL && shape->total != TERN_TOTAL_NONE &&
        tern_value_int(tern_value_get(page, total_name), -1) < 0)
        return "the page's total is not a count";
    return items_fault(a, received, items, &inner, field);
}

const char *fuzz_returns_fault(arena *a, const route *r, tern_str body, const char **field)
{
    const tern_type *type = r->options.returns, *model = model_of(type);
    const twin *t = find(model);
    const place outer = {.name = "body"};
    const tern_type *received = t == NULL ? model : r->options.partial ? t->part : t->received;
    value_error error;
    *field = "body";
    if (plan_of(received) == NULL || plan_of(received)->has_mistakes)
        return NULL;
    tern_str copy = {test_need(arena_text(a, body.data, body.len)), body.len};
    tern_value *value = value_parse(a, copy, NULL, &error);
    if (value == NULL)
        return error.message;
    value = unwrap(r, value);
    if (value == NULL)
        return "the body is not under the key of .wrapped";
    if (r->options.paged)
        return page_fault(a, r, received, value, field);
    if (type == model)
        return value_fault(a, received, print_value(a, value), &outer, field);
    if (tern_value_kind_of(value) != (type->kind == TERN_KIND_MAP ? TERN_JSON_OBJECT : TERN_JSON_ARRAY))
        return type->kind == TERN_KIND_MAP ? "the body is not an object" : "the body is not a list";
    return items_fault(a, received, value, &outer, field);
}

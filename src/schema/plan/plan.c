#include "schema/plan/plan.h"

#include "base/text.h"
#include "schema/copy.h"
#include "schema/pattern/pattern.h"
#include "schema/plan/hash.h"
#include "schema/plan/options.h"
#include "schema/plan/planner.h"
#include "schema/scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS_MOST = 128, KEY_MOST_BYTES = 255 };

/* Plans last until the process ends: one arena for all, and one list to free them. */
static arena plans_memory = {.limit_bytes = SIZE_MAX};
static type_plan *newest;

void planner_mistake(planner *p, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    p->has_mistakes = true;
    bool ok =
        p->field != NULL
            ? buf_add_printf(p->problems, "model %s, field %s: %s%s%s\n", p->model->name, p->field->name,
                             p->part != NULL ? p->part : "", p->part != NULL ? ": " : "", line)
            : buf_add_printf(p->problems, "%s %s: %s\n", p->model->kind == TERN_KIND_ENUM ? "enum" : "model",
                             p->model->name, line);
    if (!ok)
        p->is_memory_short = true;
}

void *planner_zero(planner *p, size_t size)
{
    void *block = arena_alloc(p->memory, size);
    if (block == NULL) {
        p->is_memory_short = true;
        return NULL;
    }
    return memset(block, 0, size);
}

/** The size of the shortest JSON of a value of each kind. */
static const uint8_t least_bytes_of[] = {
    [TERN_KIND_BOOL] = 4,  [TERN_KIND_INT] = 1,       [TERN_KIND_UINT] = 1,     [TERN_KIND_FLOAT] = 1,
    [TERN_KIND_TEXT] = 2,  [TERN_KIND_BYTES] = 2,     [TERN_KIND_UUID] = 38,    [TERN_KIND_DATE] = 12,
    [TERN_KIND_TIME] = 10, [TERN_KIND_DATETIME] = 22, [TERN_KIND_DURATION] = 5, [TERN_KIND_DECIMAL] = 1,
    [TERN_KIND_ANY] = 1,   [TERN_KIND_UPLOAD] = 2,    [TERN_KIND_ENUM] = 2,     [TERN_KIND_MODEL] = 2,
    [TERN_KIND_LIST] = 2,  [TERN_KIND_MAP] = 2,
};

/** The size of the longest JSON of a value of each kind; where there is no limit, of its quotes or a null. */
static const uint8_t most_bytes_of[] = {
    [TERN_KIND_BOOL] = 5,
    [TERN_KIND_INT] = 20,
    [TERN_KIND_UINT] = 20,
    [TERN_KIND_FLOAT] = 25,
    [TERN_KIND_TEXT] = 4,
    [TERN_KIND_BYTES] = 4,
    [TERN_KIND_UUID] = 38,
    [TERN_KIND_DATE] = SCALAR_PRINT_BYTES + 2,
    [TERN_KIND_ANY] = 4,
    [TERN_KIND_UPLOAD] = 4,
    [TERN_KIND_ENUM] = 4,
    [TERN_KIND_TIME] = SCALAR_PRINT_BYTES + 2,
    [TERN_KIND_MODEL] = 4,
    [TERN_KIND_LIST] = 4,
    [TERN_KIND_MAP] = 4,
    [TERN_KIND_DATETIME] = SCALAR_PRINT_BYTES + 2,
    [TERN_KIND_DURATION] = SCALAR_PRINT_BYTES + 2,
    [TERN_KIND_DECIMAL] = SCALAR_PRINT_BYTES,
};

/** Whether a value of this type has parts. */
static bool has_parts(const tern_type *type)
{
    return type->kind == TERN_KIND_MODEL || type->kind == TERN_KIND_LIST || type->kind == TERN_KIND_MAP;
}

/** Writes `"key":` once, so that encoding a field begins with a copy. */
static bool make_json_key(planner *p, field_plan *plan)
{
    buf text = {0};
    buf_add_text(&text, "\"");
    buf_add_json(&text, plan->key, plan->key_len);
    buf_add_text(&text, "\":");
    plan->json_key_len = (uint32_t)text.len;
    plan->json_key = !text.failed ? arena_text(p->memory, text.data, text.len) : NULL;
    buf_free(&text);
    if (plan->json_key == NULL)
        p->is_memory_short = true;
    return plan->json_key != NULL;
}

/** Whether a name that a macro made from source text is a C identifier: not `names[3]`, and not the number
 * that the compiler substitutes for `linux`. */
static bool is_word(const char *name)
{
    return *name != '\0' && strspn(name, "0123456789") == 0 && strpbrk(name, " ()[]{}*.,:;=+-'\"") == NULL;
}

static void check_enum(planner *p, const tern_type *type)
{
    const tern_type *outer = p->model;
    p->model = type;
    for (unsigned i = 0; i < type->name_count; i++)
        if (!is_word(type->names[i].name))
            planner_mistake(p, "\"%s\" is not a name; perhaps a macro replaced it", type->names[i].name);
    p->model = outer;
}

/** The field's name outside C. C code ends a name in '_' to avoid a keyword (`default_`); a client should not
 * see that by accident. */
static void plan_key(planner *p, field_plan *plan)
{
    const tern_field *field = plan->field;
    plan->key = field->json != NULL ? field->json : field->name;
    size_t len = strlen(plan->key);
    if (!is_word(field->name))
        planner_mistake(p,
                        "its name is not a plain name; declare an array as a list: (tern_int32_list, name)");
    else if (len == 0 || len > KEY_MOST_BYTES)
        planner_mistake(p, ".json must have 1 to %d bytes", KEY_MOST_BYTES);
    else if (!utf8_valid(plan->key, len))
        planner_mistake(p, ".json is not UTF-8");
    else if (field->json == NULL && plan->key[len - 1] == '_')
        planner_mistake(p, "clients would see the '_' at its end; set their name for it: .json = \"%.*s\"",
                        (int)(len - 1), plan->key);
    plan->key_len = (uint32_t)(len <= KEY_MOST_BYTES ? len : KEY_MOST_BYTES);
}

static bool plan_field(planner *p, field_plan *plan, const tern_field *field)
{
    plan->field = field;
    plan->type = field->type;
    plan->is_write_only = field->write_only;
    plan->offset = (uint32_t)field->offset;
    plan->state_offset = (uint32_t)field->state_offset;
    plan->is_required = !field->optional && field->fallback == NULL && !field->read_only;
    plan_key(p, plan);
    bool had_mistakes = p->has_mistakes;
    p->has_mistakes = false;
    plan_options(p, plan);
    if (!p->has_mistakes) /* values are checked only against valid rules */
        plan_values(p, plan);
    p->has_mistakes |= had_mistakes;
    return make_json_key(p, plan) && !p->is_memory_short;
}

/** Two fields with the same name: neither the perfect hash nor a client could tell them apart. */
static bool has_duplicate_key(planner *p, const type_plan *plan, unsigned count)
{
    bool has = false;
    for (unsigned i = 1; i < count; i++)
        for (unsigned k = 0; k < i; k++)
            if (strcmp(plan->fields[i].key, plan->fields[k].key) == 0) {
                p->field = plan->fields[i].field;
                planner_mistake(p, "is called \"%s\" outside C, as field %s; give one of them another .json",
                                plan->fields[i].key, plan->fields[k].field->name);
                has = true;
            }
    p->field = NULL;
    return has;
}

static void reach(planner *p, tern_type *type);

/** Describes what a part takes from its whole, and the parts that are types of fields, which planning a field
 * needs. False with mistakes: those of the whole are reported once, for the whole. */
static bool complete_fields(planner *p, tern_type *type)
{
    bool had_mistakes = p->has_mistakes;
    p->has_mistakes = false;
    if (type->whole != NULL)
        reach(p, type->whole);
    bool is_right = !p->has_mistakes && planner_inherit(p, type);
    for (unsigned i = 0; i < type->field_count && is_right; i++)
        is_right = planner_inherit(p, type->fields[i].type);
    p->has_mistakes |= had_mistakes;
    return is_right;
}

static void plan_model(planner *p, type_plan *plan)
{
    tern_type *type = plan->type;
    unsigned count = type->field_count;
    p->model = type;
    if (count == 0 || count > FIELDS_MOST) {
        planner_mistake(p, "has %u fields; a model has 1 to %d", count, FIELDS_MOST);
        return;
    }
    if (!complete_fields(p, type))
        return;
    plan->fields = planner_zero(p, count * sizeof *plan->fields);
    if (plan->fields == NULL)
        return;
    for (unsigned i = 0; i < count; i++) {
        const tern_field *field = &type->fields[i];
        p->model = type; /* planning another model moved it */
        p->field = field;
        if (field->secret) /* what reads and writes values need not know more than these */
            type->fields[i].read_only = type->fields[i].write_only = true;
        if (!plan_field(p, &plan->fields[i], field))
            return;
        plan->required_count += plan->fields[i].is_required;
        if (has_parts(field->type))
            plan->is_flat = false;
        p->field = NULL;
        reach(p, field->type);
        if (p->is_memory_short)
            return;
        if (field->write_only)
            continue;
        plan->most_bytes += plan->fields[i].json_key_len + 1 + most_bytes_of[field->type->kind];
        plan->least_bytes += plan->fields[i].json_key_len + 1 + field->type->plan->least_bytes;
    }
    p->model = type;
    if (!has_duplicate_key(p, plan, count) && !plan_hash_build(plan, count, p->memory))
        p->is_memory_short = true;
}

/** Plans `type` and what it refers to. The plan is made before its parts are planned, which ends cycles: a
 * model can contain itself only through a list or a map, whose plans do not need their item's. */
static void reach(planner *p, tern_type *type)
{
    if (p->is_memory_short)
        return;
    if (type->plan != NULL) {
        p->has_mistakes |= type->plan->has_mistakes;
        return;
    }
    type_plan *plan = planner_zero(p, sizeof *plan);
    if (plan == NULL)
        return;
    plan->type = type;
    plan->least_bytes = least_bytes_of[type->kind];
    plan->most_bytes = most_bytes_of[type->kind];
    plan->is_flat = type->kind != TERN_KIND_LIST && type->kind != TERN_KIND_MAP;
    plan->older = newest;
    newest = plan;
    type->plan = plan;
    if (type->item != NULL)
        reach(p, type->item);
    if (type->kind == TERN_KIND_ENUM)
        check_enum(p, type);
    if (type->kind == TERN_KIND_MODEL)
        plan_model(p, plan);
}

static void free_patterns(const field_plan *f)
{
    if (f == NULL)
        return;
    pattern_free(f->pattern);
    free_patterns(f->items);
    free_patterns(f->keys);
}

/** Removes the newest plans until `kept` is the newest. */
static void take_back(const type_plan *kept)
{
    while (newest != kept) {
        for (unsigned i = 0; newest->fields != NULL && i < newest->type->field_count; i++)
            free_patterns(&newest->fields[i]);
        copy_forget(newest);
        newest->type->plan = NULL;
        newest = newest->older;
    }
}

bool schema_prepare(tern_type *type, buf *problems)
{
    planner p = {.memory = &plans_memory, .problems = problems};
    type_plan *before = newest;
    reach(&p, type);
    if (p.is_memory_short) {
        take_back(before);
        buf_add_printf(problems, "model %s: out of memory\n", type->name);
        return false;
    }
    for (type_plan *plan = newest; plan != before; plan = plan->older)
        plan->has_mistakes = p.has_mistakes;
    return !p.has_mistakes;
}

void schema_forget(void)
{
    take_back(NULL);
    pattern_forget();
    arena_free(&plans_memory);
}

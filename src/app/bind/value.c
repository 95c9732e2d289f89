/** Reads a field's value from the texts given for it: queries, forms, headers, cookies, paths. */
#include "app/bind/bind.h"

#include "schema/json/json.h"
#include "schema/scalar.h"
#include "schema/validate.h"

#include <string.h>

/** The code of a text that is not a value of a kind. */
static const char *const codes[] = {
    [TERN_KIND_BOOL] = "not_bool",         [TERN_KIND_INT] = "not_int",
    [TERN_KIND_UINT] = "not_int",          [TERN_KIND_FLOAT] = "not_number",
    [TERN_KIND_TEXT] = "not_text",         [TERN_KIND_BYTES] = "not_bytes",
    [TERN_KIND_UUID] = "not_uuid",         [TERN_KIND_DATE] = "not_date",
    [TERN_KIND_TIME] = "not_time",         [TERN_KIND_DATETIME] = "not_datetime",
    [TERN_KIND_DURATION] = "not_duration", [TERN_KIND_DECIMAL] = "not_decimal",
    [TERN_KIND_ENUM] = "not_a_choice",     [TERN_KIND_MAP] = NULL,
};

void bind_texts_add(tern_ctx *c, bind_texts *texts, tern_str text, const tern_upload *upload)
{
    bind_text *added = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *added));
    *added = (bind_text){.text = text, .upload = upload};
    if (texts->first == NULL)
        texts->first = added;
    else
        texts->last->next = added;
    texts->last = added;
    texts->count++;
}

static void set_absent(binding *b, const field_plan *f, const place *here)
{
    bool has_value = f->fallback != NULL || f->field->read_only; /* it is printed with the model */
    *plan_state(f, b->model) = has_value ? TERN_STATE_VALUE : TERN_STATE_ABSENT;
    if (f->fallback != NULL)
        memcpy(plan_value(f, b->model), f->fallback, f->field->type->size);
    else if (f->is_required)
        fault_add(&b->faults, here, "missing", NULL, NULL, "must be given");
}

static bool is_text_list(const tern_type *type)
{
    return type->kind == TERN_KIND_LIST && type->item->kind <= TERN_KIND_ENUM &&
           type->item->kind != TERN_KIND_ANY;
}

/** Whether the text is what a browser sends for an empty input: it means absent, or null if the field is
 * required, unless the field can be an empty text. */
static bool is_left_empty(const field_plan *f, const bind_texts *texts)
{
    const tern_type *type = f->field->type;
    const tern_type *item = is_text_list(type) ? type->item : type;
    return texts->count == 1 && texts->first->upload == NULL && texts->first->text.len == 0 &&
           (!f->is_required || f->is_nullable) && item->kind != TERN_KIND_TEXT &&
           item->kind != TERN_KIND_BYTES;
}

/** Reads one value; false with a fault. */
static bool read_single(binding *b, const tern_type *type, const bind_text *given, void *out,
                        const place *here)
{
    if (type->kind == TERN_KIND_UPLOAD) {
        if (given->upload != NULL)
            *(tern_upload *)out = *given->upload;
        else
            fault_add(&b->faults, here, "not_upload", NULL, NULL, "must be a file");
        return given->upload != NULL;
    }
    bool is_kept = type->kind == TERN_KIND_TEXT ||
                   type->kind == TERN_KIND_BYTES; /* it is already in the request's memory */
    arena *a = is_kept ? NULL : &b->c->x->arena;
    const char *wants = scalar_read(type, given->text.data, given->text.len, out, a);
    if (wants != NULL)
        fault_add(&b->faults, here, codes[type->kind], NULL, NULL, "must be %s", wants);
    return wants == NULL;
}

static bool read_list(binding *b, const tern_type *type, const bind_texts *texts, void *out,
                      const place *here)
{
    struct {
        void *items;
        size_t count;
    } list = {.count = texts->count}; /* the layout of every list */
    size_t step = list_step(type);
    list.items = ctx_need(b->c, arena_alloc(&b->c->x->arena, list.count * step));
    memset(list.items, 0, list.count * step);
    bool is_right = true;
    size_t at = 0;
    for (const bind_text *given = texts->first; given != NULL; given = given->next, at++) {
        const place item = {.up = here, .index = at};
        is_right &= read_single(b, type->item, given, (char *)list.items + at * step, &item);
    }
    memcpy(out, &list, sizeof list);
    return is_right;
}

/** Reads a model, a map or free JSON, which are JSON text in a form. */
static bool read_nested(binding *b, const tern_type *type, const bind_text *given, void *out,
                        const place *here)
{
    const json_limits limits = {.items = b->c->app->options.limits.json_values};
    return json_decode(type, out, given->text, &limits, here, &b->c->x->arena, &b->faults);
}

static bool read_given(binding *b, const tern_type *type, const bind_texts *texts, void *out,
                       const place *here)
{
    if (is_text_list(type))
        return read_list(b, type, texts, out, here);
    if (texts->count > 1) {
        fault_add(&b->faults, here, "repeated", NULL, NULL, "must be given once");
        return false;
    }
    bool is_nested = type->kind >= TERN_KIND_MODEL || type->kind == TERN_KIND_ANY;
    return is_nested ? read_nested(b, type, texts->first, out, here)
                     : read_single(b, type, texts->first, out, here);
}

void bind_field_texts(binding *b, const field_plan *f, const bind_texts *texts, const place *above,
                      const char *name)
{
    const place here = {.up = above, .name = name};
    void *value = plan_value(f, b->model);
    bool is_empty = is_left_empty(f, texts);
    if (is_empty && f->is_required) {
        *plan_state(f, b->model) = TERN_STATE_NULL;
        return;
    }
    if (texts->count == 0 || is_empty) {
        set_absent(b, f, &here);
        return;
    }
    *plan_state(f, b->model) = TERN_STATE_GIVEN;
    if (read_given(b, f->field->type, texts, value, &here) && f->is_checked)
        validate_field(f, value, &here, &b->faults);
}

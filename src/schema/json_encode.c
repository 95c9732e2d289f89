/*
 * Structs to JSON by their plan.
 *
 * Hot path: every JSON reply. A model's keys are copied as they lie in its plan, its fixed-size fields are
 * written without asking for room (one question covers them all), numbers go straight to their place. Must
 * not format, must not copy what it has written.
 */
#include "schema/json_write.h"
#include "schema/scalar.h"

#include <string.h>

static char *write_value(writer *w, char *at, const tern_type *type, const void *value);

/** Copies in blocks of 16: both sides have what it takes (WRITE_SLACK; field_plan's json_key). */
static inline char *write_blocks(char *at, const char *from, size_t len)
{
    for (size_t i = 0; i < len; i += 16)
        memcpy(at + i, from + i, 16);
    return at + len;
}

static inline char *write_null(char *at)
{
    memcpy(at, "null", 4);
    return at + 4;
}

static inline char *write_int(char *at, const tern_type *type, const void *value)
{
    switch (type->size) {
    case 8:
        return at + number_print_i64(*(const int64_t *)value, at);
    case 4:
        return at + number_print_i64(*(const int32_t *)value, at);
    default:
        return at + number_print_i64(scalar_int(type, value), at);
    }
}

static char *write_quoted(char *at, const tern_type *type, const void *value)
{
    *at = '"';
    at += 1 + scalar_print(type, value, at + 1);
    *at = '"';
    return at + 1;
}

static char *write_bytes(writer *w, char *at, const tern_bytes *bytes)
{
    at = bytes->len < SIZE_MAX / 2 ? writer_room(w, at, 4 * ((bytes->len + 2) / 3) + 2) : NULL;
    if (at == NULL) {
        w->out->failed = true;
        return NULL;
    }
    *at++ = '"';
    at += base64_print(bytes->data, bytes->len, at);
    *at = '"';
    return at + 1;
}

static char *write_any(writer *w, char *at, const tern_any *any)
{
    if (any->len == 0) /* nothing was put there */
        return write_null(at);
    at = writer_room(w, at, any->len);
    if (at == NULL)
        return NULL;
    memcpy(at, any->data, any->len);
    return at + any->len;
}

/* The header of every list and map is the same: where its items are, and how many. */
typedef tern_bool_list any_list;

static char *write_list(writer *w, char *at, const tern_type *type, const void *value)
{
    const any_list *list = value;
    const char *item = (const char *)list->items;
    size_t step = list_step(type), least = plan_of(type->item)->least_bytes + 1, all;
    if (++w->depth > WRITE_DEPTH_MOST)
        return write_too_deep(w);
    if (__builtin_mul_overflow(list->count, least, &all) || all > SIZE_MAX / 2)
        all = 0; /* more than there is memory for: the items will find out */
    at = writer_room(w, at, all + 2);
    if (at == NULL)
        return NULL;
    *at++ = '[';
    for (size_t i = 0; i < list->count; i++, item += step) {
        at = write_value(w, at, type->item, item);
        if (at == NULL)
            return NULL;
        *at++ = ',';
    }
    at -= list->count != 0;
    *at++ = ']';
    w->depth--;
    return writer_room(w, at, 0);
}

static char *write_map(writer *w, char *at, const tern_type *type, const void *value)
{
    const any_list *map = value;
    const char *entry = (const char *)map->items;
    size_t step = list_step(type);
    if (++w->depth > WRITE_DEPTH_MOST)
        return write_too_deep(w);
    *at++ = '{';
    for (size_t i = 0; i < map->count; i++, entry += step) {
        const char *key = *(const char *const *)(const void *)entry;
        at = write_text(w, at, key != NULL ? key : "", key != NULL ? strlen(key) : 0);
        if (at == NULL)
            return NULL;
        *at++ = ':';
        at = write_value(w, at, type->item, entry + sizeof key);
        if (at == NULL)
            return NULL;
        *at++ = ',';
    }
    at -= map->count != 0;
    *at++ = '}';
    w->depth--;
    return writer_room(w, at, 0);
}

/** Writes a value whose longest form is in its plan's most_bytes: there is room for it. */
static inline char *write_fixed(writer *w, char *at, const tern_type *type, const void *value)
{
    switch (type->kind) {
    case TERN_BOOL:
        memcpy(at, *(const bool *)value ? "true" : "fals", 4);
        at[4] = 'e';
        return at + 5 - *(const bool *)value;
    case TERN_INT:
        return write_int(at, type, value);
    case TERN_UINT:
        return at + number_print_u64((uint64_t)scalar_int(type, value), at);
    case TERN_FLOAT:
        if (type->size == sizeof(double))
            return write_double(w, at, *(const double *)value);
        if (__builtin_isfinite(*(const float *)value))
            return at + number_print_float(*(const float *)value, at);
        return write_double(w, at, (double)*(const float *)value);
    case TERN_DECIMAL:
        return at + scalar_print(type, value, at);
    default:
        return write_quoted(at, type, value);
    }
}

/** Writes a value of any length. */
static char *write_variable(writer *w, char *at, const tern_type *type, const void *value)
{
    const char *text;
    switch (type->kind) {
    case TERN_TEXT:
        text = *(const char *const *)value;
        return text != NULL ? write_text(w, at, text, strlen(text)) : write_null(at);
    case TERN_ENUM:
        text = scalar_enum_name(type, *(const int *)value);
        return write_text(w, at, text, strlen(text));
    case TERN_UPLOAD: /* its content is no business of JSON's */
        text = ((const tern_upload *)value)->name;
        return text != NULL ? write_text(w, at, text, strlen(text)) : write_null(at);
    case TERN_BYTES:
        return write_bytes(w, at, value);
    case TERN_ANY:
        return write_any(w, at, value);
    default:
        return write_value(w, at, type, value);
    }
}

static inline bool is_fixed(tern_kind kind)
{
    const unsigned variable = 1u << TERN_TEXT | 1u << TERN_BYTES | 1u << TERN_ANY | 1u << TERN_UPLOAD |
                              1u << TERN_ENUM | 1u << TERN_MODEL_KIND | 1u << TERN_LIST_KIND |
                              1u << TERN_MAP_KIND;
    return (variable >> kind & 1) == 0;
}

/** `at` has room for the plan's most_bytes. Every field begins with a comma; the first one becomes the brace.
 */
static char *write_model(writer *w, char *at, const tern_type *type, const void *model)
{
    const type_plan *plan = plan_of(type);
    const field_plan *f = plan->fields, *end = f + type->field_count;
    size_t start = (size_t)(at - w->out->data);
    if (++w->depth > WRITE_DEPTH_MOST)
        return write_too_deep(w);
    for (; f < end; f++) {
        uint8_t state = *plan_state(f, model);
        if (f->is_write_only || state == TERN_ABSENT)
            continue;
        *at++ = ',';
        at = write_blocks(at, f->json_key, f->json_key_len);
        const void *value = plan_value(f, model);
        if (state == TERN_NULL) {
            at = write_null(at);
        } else if (is_fixed(f->type->kind)) {
            at = write_fixed(w, at, f->type, value);
        } else {
            at = write_variable(w, at, f->type, value);
            if (at != NULL)
                at = writer_room(w, at, plan->most_bytes);
        }
        if (at == NULL)
            return NULL;
    }
    w->depth--;
    at += at == w->out->data + start; /* no field was written */
    w->out->data[start] = '{';
    *at++ = '}';
    return at;
}

static char *write_value(writer *w, char *at, const tern_type *type, const void *value)
{
    at = writer_room(w, at, plan_of(type)->most_bytes + 1);
    if (at == NULL)
        return NULL;
    switch (type->kind) {
    case TERN_MODEL_KIND:
        return write_model(w, at, type, value);
    case TERN_LIST_KIND:
        return write_list(w, at, type, value);
    case TERN_MAP_KIND:
        return write_map(w, at, type, value);
    default:
        return is_fixed(type->kind) ? write_fixed(w, at, type, value) : write_variable(w, at, type, value);
    }
}

bool json_encode(const tern_type *type, const void *value, json_out *out)
{
    writer w;
    char *at = writer_begin(&w, out);
    size_t before = out->len;
    return at != NULL && writer_finish(&w, write_value(&w, at, type, value), before);
}

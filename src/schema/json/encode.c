/*
 * Encodes structs as JSON by their plan.
 *
 * Hot path: every JSON reply. A model's keys are copied from its plan, its fixed-size fields are written
 * after one check for room, numbers are written in place. Must not format, must not copy its output.
 */
#include "schema/json/write.h"
#include "schema/number/print.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <string.h>

static char *write_value(writer *w, char *at, const tern_type *type, const void *value);
static char *write_model(writer *w, char *at, const tern_type *type, const void *model);
static char *write_list(writer *w, char *at, const tern_type *type, const void *value);

/** Copies in blocks of 16, at least one: both sides have room for it (WRITE_SLACK; field_plan's json_key). */
static inline char *write_blocks(char *at, const char *from, size_t len)
{
    memcpy(at, from, 16);
    for (size_t i = 16; i < len; i += 16)
        memcpy(at + i, from + i, 16);
    return at + len;
}

static inline char *write_null(char *at)
{
    memcpy(at, "null", 4);
    return at + 4;
}

static inline char *write_int(writer *w, char *at, const tern_type *type, const void *value)
{
    (void)w;
    switch (type->size) {
    case 8:
        return number_put_i64(at, *(const int64_t *)value);
    case 4:
        return number_put_i64(at, *(const int32_t *)value);
    default:
        return number_put_i64(at, scalar_int(type, value));
    }
}

static inline char *write_bool(char *at, const void *value)
{
    bool is_true = *(const bool *)value;
    memcpy(at, is_true ? "true" : "fals", 4);
    at[4] = 'e';
    return at + 5 - is_true;
}

static inline char *write_double_item(writer *w, char *at, const tern_type *type, const void *value)
{
    (void)type;
    double number = *(const double *)value;
    return __builtin_isfinite(number) ? at + number_print_double(number, at) : write_double(w, at, number);
}

static inline char *write_text_item(writer *w, char *at, const tern_type *type, const void *value)
{
    (void)type;
    const char *text = *(const char *const *)value;
    return text != NULL ? write_text(w, at, text, strlen(text)) : write_refusal(w, JSON_NOT_NULLABLE);
}

/** An enum value without a name would be an empty text, which clients do not know. */
static char *write_enum(writer *w, char *at, const tern_type *type, const void *value)
{
    const char *name = scalar_enum_name(type, *(const int *)value);
    if (*name != '\0')
        return write_text(w, at, name, strlen(name));
    return write_refusal(w, JSON_NAMELESS);
}

static char *write_quoted(char *at, const tern_type *type, const void *value)
{
    *at = '"';
    at += 1 + scalar_print(type, value, at + 1);
    *at = '"';
    return at + 1;
}

static char *write_datetime(writer *w, char *at, const tern_type *type, const tern_datetime *moment)
{
    if (calendar_has(*moment))
        return write_quoted(at, type, moment);
    return write_refusal(w, JSON_OUT_OF_YEARS);
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
    if (any->len == 0) /* nothing was written */
        return write_null(at);
    at = writer_room(w, at, any->len);
    if (at == NULL)
        return NULL;
    memcpy(at, any->data, any->len);
    return at + any->len;
}

/* Every list and map begins with the same header: its items and their count. */
typedef tern_bool_list any_list;

/** The function that writes an item; a constant where write_items is inlined. */
typedef char *write_item(writer *w, char *at, const tern_type *type, const void *value);

/** Writes all items, each followed by a comma. */
static inline __attribute__((always_inline)) char *
write_items(writer *w, char *at, const any_list *list, const tern_type *type, size_t step, write_item *write)
{
    const char *item = (const char *)list->items;
    size_t most = plan_of(type)->most_bytes + 1;
    for (size_t i = 0; i < list->count; i++, item += step) {
        at = writer_room(w, at, most);
        if (at != NULL)
            at = write(w, at, type, item);
        if (at == NULL)
            return NULL;
        *at++ = ',';
    }
    return at;
}

static char *write_items_of(writer *w, char *at, const any_list *list, const tern_type *type)
{
    switch (type->kind) {
    case TERN_KIND_FLOAT:
        if (type->size == sizeof(double))
            return write_items(w, at, list, type, sizeof(double), write_double_item);
        return write_items(w, at, list, type, type->size, write_value);
    case TERN_KIND_INT:
        return write_items(w, at, list, type, type->size, write_int);
    case TERN_KIND_TEXT:
        return write_items(w, at, list, type, sizeof(char *), write_text_item);
    case TERN_KIND_MODEL:
        return write_items(w, at, list, type, type->size, write_model);
    case TERN_KIND_LIST:
        return write_items(w, at, list, type, type->size, write_list);
    default:
        return write_items(w, at, list, type, type->size, write_value);
    }
}

/** `at` has room for the brackets. */
static char *write_list(writer *w, char *at, const tern_type *type, const void *value)
{
    const any_list *list = value;
    size_t least = plan_of(type->item)->least_bytes + 1, all;
    if (w->depth == WRITE_DEPTH_MOST)
        return write_refusal(w, JSON_TOO_DEEP);
    if (list->count == 0) {
        memcpy(at, "[]", 2);
        return at + 2;
    }
    w->depth++;
    if (__builtin_mul_overflow(list->count, least, &all) || all > SIZE_MAX / 2)
        all = 0; /* more than fits in memory: writing the items fails */
    at = writer_room(w, at, all + 2);
    if (at == NULL)
        return NULL;
    *at++ = '[';
    at = write_items_of(w, at, list, type->item);
    if (at == NULL)
        return NULL;
    at[-1] = ']';
    w->depth--;
    return writer_room(w, at, 0);
}

static char *write_map(writer *w, char *at, const tern_type *type, const void *value)
{
    const any_list *map = value;
    const char *entry = (const char *)map->items;
    size_t step = list_step(type);
    if (++w->depth > WRITE_DEPTH_MOST)
        return write_refusal(w, JSON_TOO_DEEP);
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

/** Writes a value whose longest form is counted in the plan's most_bytes: there is room for it. */
static inline char *write_fixed(writer *w, char *at, const tern_type *type, const void *value)
{
    switch (type->kind) {
    case TERN_KIND_BOOL:
        return write_bool(at, value);
    case TERN_KIND_INT:
        return write_int(w, at, type, value);
    case TERN_KIND_UINT:
        return number_put_u64(at, (uint64_t)scalar_int(type, value));
    case TERN_KIND_FLOAT:
        if (type->size == sizeof(double))
            return write_double_item(w, at, type, value);
        if (__builtin_isfinite(*(const float *)value))
            return at + number_print_float(*(const float *)value, at);
        return write_double(w, at, (double)*(const float *)value);
    case TERN_KIND_DECIMAL:
        return at + scalar_print(type, value, at);
    case TERN_KIND_DATETIME:
        return write_datetime(w, at, type, value);
    default:
        return write_quoted(at, type, value);
    }
}

/** Writes a value of any length. */
static char *write_variable(writer *w, char *at, const tern_type *type, const void *value)
{
    const char *text;
    switch (type->kind) {
    case TERN_KIND_TEXT:
        return write_text_item(w, at, type, value);
    case TERN_KIND_ENUM:
        return write_enum(w, at, type, value);
    case TERN_KIND_UPLOAD: /* its content is not part of the JSON */
        text = ((const tern_upload *)value)->name;
        return text != NULL ? write_text(w, at, text, strlen(text)) : write_null(at);
    case TERN_KIND_BYTES:
        return write_bytes(w, at, value);
    case TERN_KIND_ANY:
        return write_any(w, at, value);
    default:
        return write_value(w, at, type, value);
    }
}

static inline bool is_fixed(tern_kind kind)
{
    const unsigned variable = 1u << TERN_KIND_TEXT | 1u << TERN_KIND_BYTES | 1u << TERN_KIND_ANY |
                              1u << TERN_KIND_UPLOAD | 1u << TERN_KIND_ENUM | 1u << TERN_KIND_MODEL |
                              1u << TERN_KIND_LIST | 1u << TERN_KIND_MAP;
    return (variable >> kind & 1) == 0;
}

/** Removes a field that has no value and is not nullable, after its comma and key were written. */
static __attribute__((cold, noinline)) char *write_absent(writer *w, char *at, const field_plan *f)
{
    if (f->type->kind == TERN_KIND_ANY) /* any JSON is valid there, null too */
        return write_null(at);
    return f->field->optional ? at - f->json_key_len - 1 : write_refusal(w, JSON_NOT_NULLABLE);
}

/** Writes a field that has no value, after its comma and key. */
static inline char *write_lacking(writer *w, char *at, const field_plan *f)
{
    return f->is_nullable ? write_null(at) : write_absent(w, at, f);
}

/** Writes a field's value, whose state is not null; there is room for it, except for contents without a
 * longest form. */
static inline char *write_field(writer *w, char *at, const field_plan *f, const void *value, size_t most)
{
    const tern_type *type = f->type;
    const tern_date *day;
    const char *text;
    switch (type->kind) {
    case TERN_KIND_BOOL:
        return write_bool(at, value);
    case TERN_KIND_INT:
        return write_int(w, at, type, value);
    case TERN_KIND_TEXT:
        text = *(const char *const *)value;
        if (text == NULL)
            return write_lacking(w, at, f);
        at = write_text(w, at, text, strlen(text));
        break;
    case TERN_KIND_LIST:
        at = write_list(w, at, type, value);
        break;
    case TERN_KIND_DATE:
        day = value;
        return day->month != 0 ? write_quoted(at, type, value) : write_lacking(w, at, f);
    default:
        if (is_fixed(type->kind))
            return write_fixed(w, at, type, value);
        at = write_variable(w, at, type, value);
        break;
    }
    return at != NULL ? writer_room(w, at, most) : NULL;
}

/** `at` has room for the plan's most_bytes. Every field begins with a comma; the first comma becomes the
 * brace. */
static char *write_model(writer *w, char *at, const tern_type *type, const void *model)
{
    const type_plan *plan = plan_of(type);
    const field_plan *f = plan->fields, *end = f + type->field_count;
    size_t start = (size_t)(at - w->out->data);
    if (++w->depth > WRITE_DEPTH_MOST)
        return write_refusal(w, JSON_TOO_DEEP);
    for (; f < end; f++) {
        uint8_t state = *plan_state(f, model);
        if (f->is_write_only || state == TERN_STATE_ABSENT)
            continue;
        *at++ = ',';
        at = write_blocks(at, f->json_key, f->json_key_len);
        const void *value = plan_value(f, model);
        at = state == TERN_STATE_NULL ? write_lacking(w, at, f)
                                      : write_field(w, at, f, value, plan->most_bytes);
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
    case TERN_KIND_MODEL:
        return write_model(w, at, type, value);
    case TERN_KIND_LIST:
        return write_list(w, at, type, value);
    case TERN_KIND_MAP:
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

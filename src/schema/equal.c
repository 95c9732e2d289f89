#include "schema/equal.h"

#include "base/random.h"
#include "base/siphash.h"
#include "schema/plan/plan.h"

#include <string.h>

/** Any list or map as bytes: their structs all begin with the items and end with the count. */
typedef struct items {
    const char *data;
    size_t count;
} items;

static items items_of(const void *value)
{
    items list;
    memcpy(&list, value, sizeof list);
    return list;
}

static const char *entry_key(const char *entry)
{
    const char *key;
    memcpy(&key, entry, sizeof key);
    return key;
}

static bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool bytes_equal(items a, items b)
{
    return a.count == b.count && (a.count == 0 || memcmp(a.data, b.data, a.count) == 0);
}

static bool list_equal(const tern_type *type, items a, items b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (!value_equal(type->item, a.data + i * type->item->size, b.data + i * type->item->size))
            return false;
    return true;
}

static bool map_equal(const tern_type *type, items a, items b)
{
    size_t step = list_step(type);
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++) {
        const char *entry = a.data + i * step, *twin = NULL;
        for (size_t k = 0; k < b.count && twin == NULL; k++) {
            const char *other = b.data + (i + k) % b.count * step; /* usually at the same index */
            if (text_equal(entry_key(entry), entry_key(other)))
                twin = other;
        }
        if (twin == NULL || !value_equal(type->item, entry + sizeof(char *), twin + sizeof(char *)))
            return false;
    }
    return true;
}

static bool is_null(const tern_field *f, const void *model)
{
    return *((const uint8_t *)model + f->state_offset) == TERN_STATE_NULL;
}

static bool model_equal(const tern_type *type, const char *a, const char *b)
{
    for (unsigned i = 0; i < type->field_count; i++) {
        const tern_field *f = &type->fields[i];
        if (is_null(f, a) != is_null(f, b))
            return false;
        if (!is_null(f, a) && !value_equal(f->type, a + f->offset, b + f->offset))
            return false;
    }
    return true;
}

static bool time_equal(const tern_time *a, const tern_time *b)
{
    return a->hour == b->hour && a->minute == b->minute && a->second == b->second &&
           a->nanosecond == b->nanosecond;
}

static bool decimal_equal(tern_decimal a, tern_decimal b)
{
    for (; a.scale < b.scale; a.scale++)
        if (__builtin_mul_overflow(a.units, 10, &a.units))
            return false;
    for (; b.scale < a.scale; b.scale++)
        if (__builtin_mul_overflow(b.units, 10, &b.units))
            return false;
    return a.units == b.units;
}

bool value_equal(const tern_type *type, const void *a, const void *b)
{
    switch (type->kind) {
    case TERN_KIND_FLOAT:
        return type->size == sizeof(double) ? *(const double *)a == *(const double *)b
                                            : *(const float *)a == *(const float *)b;
    case TERN_KIND_TEXT:
        return text_equal(*(const char *const *)a, *(const char *const *)b);
    case TERN_KIND_BYTES:
    case TERN_KIND_ANY:
        return bytes_equal(items_of(a), items_of(b));
    case TERN_KIND_TIME:
        return time_equal(a, b);
    case TERN_KIND_DECIMAL:
        return decimal_equal(*(const tern_decimal *)a, *(const tern_decimal *)b);
    case TERN_KIND_MODEL:
        return model_equal(type, a, b);
    case TERN_KIND_LIST:
        return list_equal(type, items_of(a), items_of(b));
    case TERN_KIND_MAP:
        return map_equal(type, items_of(a), items_of(b));
    case TERN_KIND_UPLOAD:
        return a == b;
    default: /* no padding and one representation: integers, bool, enums, UUIDs, dates, instants, spans */
        return memcmp(a, b, type->size) == 0;
    }
}

/* -- hashing -- */

static uint64_t hash_bytes(const void *data, size_t len)
{
    static siphash_key key;
    static bool is_drawn;
    if (!is_drawn) { /* without randomness a fixed key: still correct, but not secret */
        (void)!random_bytes(&key, sizeof key);
        is_drawn = true;
    }
    return siphash_1_3(&key, data, len);
}

static uint64_t mix(uint64_t sum, uint64_t next)
{
    const uint64_t both[2] = {sum, next};
    return hash_bytes(both, sizeof both);
}

static uint64_t hash_decimal(tern_decimal d)
{
    while (d.scale > 0 && d.units % 10 == 0) { /* 1.50 equals 1.5 */
        d.units /= 10;
        d.scale--;
    }
    return mix((uint64_t)d.units, d.scale);
}

static uint64_t hash_items(const tern_type *type, items list)
{
    uint64_t sum = list.count;
    if (type->kind == TERN_KIND_LIST) {
        for (size_t i = 0; i < list.count; i++)
            sum = mix(sum, value_hash(type->item, list.data + i * type->item->size));
        return sum;
    }
    size_t step = list_step(type);
    for (size_t i = 0; i < list.count; i++) { /* a sum: the order of entries does not matter */
        const char *key = entry_key(list.data + i * step);
        sum +=
            mix(hash_bytes(key, strlen(key)), value_hash(type->item, list.data + i * step + sizeof(char *)));
    }
    return sum;
}

static uint64_t hash_model(const tern_type *type, const char *model)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < type->field_count; i++) {
        const tern_field *f = &type->fields[i];
        sum = mix(sum, is_null(f, model) ? 0 : value_hash(f->type, model + f->offset));
    }
    return sum;
}

uint64_t value_hash(const tern_type *type, const void *value)
{
    const char *text;
    double number;
    items bytes;
    switch (type->kind) {
    case TERN_KIND_FLOAT:
        number = type->size == sizeof(double) ? *(const double *)value : (double)*(const float *)value;
        number = number == 0 ? 0 : number; /* -0 equals 0 */
        return hash_bytes(&number, sizeof number);
    case TERN_KIND_TEXT:
        text = *(const char *const *)value;
        return text != NULL ? hash_bytes(text, strlen(text)) : 0;
    case TERN_KIND_BYTES:
    case TERN_KIND_ANY:
        bytes = items_of(value);
        return hash_bytes(bytes.data, bytes.count);
    case TERN_KIND_TIME: {
        const tern_time *t = value;
        return mix((uint64_t)t->hour << 16 | (uint64_t)t->minute << 8 | t->second, t->nanosecond);
    }
    case TERN_KIND_DECIMAL:
        return hash_decimal(*(const tern_decimal *)value);
    case TERN_KIND_MODEL:
        return hash_model(type, value);
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        return hash_items(type, items_of(value));
    default:
        return hash_bytes(value, type->size);
    }
}

/* -- doubles in a list -- */

bool list_find_double(const tern_type *item, const void *list, size_t count, arena *a, size_t *first,
                      size_t *second, bool *memory_short)
{
    const char *data = list;
    size_t room = 4;
    while (room < count * 2)
        room *= 2;
    size_t *slots = arena_alloc(a, room * sizeof *slots); /* index + 1; 0: free */
    *memory_short = slots == NULL;
    if (slots == NULL)
        return false;
    memset(slots, 0, room * sizeof *slots);
    for (size_t i = 0; i < count; i++) {
        const char *value = data + i * item->size;
        size_t at = (size_t)value_hash(item, value) & (room - 1);
        for (; slots[at] != 0; at = (at + 1) & (room - 1)) {
            if (value_equal(item, data + (slots[at] - 1) * item->size, value)) {
                *first = slots[at] - 1;
                *second = i;
                return true;
            }
        }
        slots[at] = i + 1;
    }
    return false;
}

/**
 * The most common kinds of values, inlined where models and lists read them.
 *
 * Integers are exact, in any notation: 30.0 and 1.5e1 are whole, as in JSON Schema; 1e400 is too large.
 * Doubles are correctly rounded; one that is too large for its type is a fault, one too small becomes 0.
 *
 * Hot path: must not allocate; messages are made only for faults, in separate functions. Must not take the
 * address of a local: every caller would pay for the stack protector.
 */
#ifndef SCHEMA_JSON_READ_FAST_H
#define SCHEMA_JSON_READ_FAST_H

#include "schema/json/read.h"
#include "schema/number/fast.h"
#include "schema/scalar.h"

/* Values that the short cuts do not read: read_value.c. */

/** An integer that is not just up to 19 digits, or is too large, or is not an integer. */
bool json_read_odd_int(json_reader *r, const tern_type *type, void *out, const place *where);
/** Any double, or a value that is not one. */
bool json_read_odd_double(json_reader *r, const tern_type *type, void *out, const place *where);
/** Adds the fault of a text that contains a NUL. Returns false. */
bool json_refuse_nul(json_reader *r, const place *where);

static inline bool json_read_bool(json_reader *r, const tern_type *type, void *out, const place *where)
{
    size_t left = (size_t)(r->end - r->at);
    bool is_true = left >= 4 && memcmp(r->at, "true", 4) == 0;
    if (!is_true && (left < 5 || memcmp(r->at, "false", 5) != 0))
        return json_wrong_kind(r, type, where);
    r->at += is_true ? 4 : 5;
    *(bool *)out = is_true;
    return true;
}

static inline void json_store_int(void *out, size_t size, uint64_t value)
{
    switch (size) { /* the low bytes, signed or not */
    case 8:
        *(uint64_t *)out = value;
        break;
    case 4:
        *(uint32_t *)out = (uint32_t)value;
        break;
    case 2:
        *(uint16_t *)out = (uint16_t)value;
        break;
    default:
        *(uint8_t *)out = (uint8_t)value;
        break;
    }
}

/** Stores -value or value if it fits the type. */
static inline bool json_fits_int(const tern_type *type, bool is_negative, uint64_t value, void *out)
{
    unsigned bits = 8 * (unsigned)type->size;
    uint64_t most = UINT64_MAX >> (64 - bits);
    if (type->kind == TERN_KIND_INT)
        most = (most >> 1) + is_negative;
    else if (is_negative)
        most = 0;
    if (value > most)
        return false;
    json_store_int(out, type->size, is_negative ? 0 - value : value);
    return true;
}

/** Reads digits at `at` into `value`, which wraps when there are too many; returns their end. */
static inline const char *json_take_digits(const char *at, const char *end, uint64_t *value)
{
    uint64_t sum = 0;
    for (; end - at >= 8; at += 8) {
        uint64_t eight = number_load_eight(at), others = number_others(eight);
        if (others != 0) {
            unsigned count = number_count_before(others);
            *value = number_add_digits(sum, eight, count);
            return at + count;
        }
        sum = sum * 100000000 + number_eight_digits(eight);
    }
    for (unsigned digit; (digit = (unsigned)(*at - '0')) < 10; at++)
        sum = sum * 10 + digit;
    *value = sum;
    return at;
}

/** Reads an integer of up to 19 digits at `at` that fits the type: returns its end, NULL if there is none. */
static inline const char *json_take_int(const char *at, const char *end, const tern_type *type, void *out)
{
    bool is_negative = *at == '-';
    const char *first = at + is_negative;
    uint64_t value;
    at = json_take_digits(first, end, &value);
    size_t count = (size_t)(at - first);
    if (count - 1 > 18 || (count > 1 && *first == '0') || *at == '.' || (*at | 0x20) == 'e')
        return NULL;
    return json_fits_int(type, is_negative, value, out) ? at : NULL;
}

static inline bool json_read_int(json_reader *r, const tern_type *type, void *out, const place *where)
{
    const char *behind = json_take_int(r->at, r->end, type, out);
    if (behind == NULL)
        return json_read_odd_int(r, type, out, where);
    r->at = behind;
    return true;
}

/** Reads a double of the usual form at `at`: returns its end, NULL if there is none. */
static inline const char *json_take_double(const char *at, const char *end, const tern_type *type, void *out)
{
    (void)type;
    size_t len = end - at >= NUMBER_USUAL_BYTES ? number_take_usual(at, out) : 0;
    return len != 0 ? at + len : NULL;
}

static inline bool json_read_double(json_reader *r, const tern_type *type, void *out, const place *where)
{
    const char *behind = json_take_double(r->at, r->end, type, out);
    if (behind == NULL)
        return json_read_odd_double(r, type, out, where);
    r->at = behind;
    return true;
}

static inline bool json_read_plain_text(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '"')
        return json_wrong_kind(r, type, where);
    const char *text = json_read_text(r);
    if (text == NULL)
        return false;
    if (r->has_nul)
        return json_refuse_nul(r, where);
    *(const char **)out = text;
    return true;
}

/** Like json_read_value, to which it leaves the rarer kinds. */
static inline bool json_read_usual(json_reader *r, const tern_type *type, void *out, const place *where)
{
    switch (type->kind) {
    case TERN_KIND_BOOL:
        return json_read_bool(r, type, out, where);
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        return json_read_int(r, type, out, where);
    case TERN_KIND_TEXT:
        return json_read_plain_text(r, type, out, where);
    case TERN_KIND_MODEL:
        return json_read_model(r, type, out, where);
    case TERN_KIND_LIST:
        return json_read_list(r, type, out, where);
    case TERN_KIND_MAP:
        return json_read_map(r, type, out, where);
    default:
        return json_read_value(r, type, out, where);
    }
}

#endif

/**
 * Single values, each straight into its place in a struct.
 *
 * Integers are exact and must be written with digits alone: 1.0 and 1e2 are no integers here, since what a
 * client means by 1.5e0 or 1e400 then needs no rule. Doubles are correctly rounded; one that is too large for
 * its type is a fault, one too small becomes 0.
 *
 * Hot path: must not allocate; messages are made only where there is a fault. What takes the address of a
 * local is kept out of json_read_value, whose every call would otherwise pay for the stack's guard.
 */
#include "base/text.h"
#include "schema/json_read.h"

#include "schema/scalar.h"

/** What a value of each kind must be; no message where scalar_read knows it. */
static const struct {
    const char *code, *message;
} kinds[] = {
    [TERN_BOOL] = {"not_bool", "must be true or false"},
    [TERN_INT] = {"not_int", "must be a whole number"},
    [TERN_UINT] = {"not_int", "must be a whole number"},
    [TERN_FLOAT] = {"not_number", "must be a number"},
    [TERN_TEXT] = {"not_text", "must be text"},
    [TERN_BYTES] = {"not_bytes", "must be bytes in base64"},
    [TERN_UUID] = {"not_uuid", NULL},
    [TERN_DATE] = {"not_date", NULL},
    [TERN_TIME] = {"not_time", NULL},
    [TERN_DATETIME] = {"not_datetime", NULL},
    [TERN_DURATION] = {"not_duration", NULL},
    [TERN_DECIMAL] = {"not_decimal", NULL},
    [TERN_ANY] = {"not_json", "must be JSON"},
    [TERN_UPLOAD] = {"not_upload", "must be a file, sent as multipart/form-data"},
    [TERN_ENUM] = {"not_a_choice", NULL},
    [TERN_MODEL_KIND] = {"not_object", "must be an object"},
    [TERN_LIST_KIND] = {"not_list", "must be a list"},
    [TERN_MAP_KIND] = {"not_object", "must be an object"},
};

__attribute__((cold)) bool json_wrong_kind(json_reader *r, const tern_type *type, const place *where)
{
    const char *begin = r->at;
    if (!json_skip(r))
        return false;
    const char *message = kinds[type->kind].message;
    tern_datetime unused[2]; /* room for any of the kinds without a message */
    if (*begin == 'n')
        fault_add(r->faults, where, "null", NULL, NULL, "must not be null");
    else if (message != NULL)
        fault_add(r->faults, where, kinds[type->kind].code, NULL, NULL, "%s", message);
    else
        fault_add(r->faults, where, kinds[type->kind].code, NULL, NULL, "must be %s",
                  scalar_read(type, "", 0, unused, r->arena));
    return false;
}

static bool read_bool(json_reader *r, const tern_type *type, void *out, const place *where)
{
    size_t left = (size_t)(r->end - r->at);
    bool is_true = left >= 4 && memcmp(r->at, "true", 4) == 0;
    if (!is_true && (left < 5 || memcmp(r->at, "false", 5) != 0))
        return json_wrong_kind(r, type, where);
    r->at += is_true ? 4 : 5;
    *(bool *)out = is_true;
    return true;
}

/* -- numbers -- */

static inline void store_int(void *out, size_t size, uint64_t value)
{
    switch (size) { /* the low bytes, whatever the sign */
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

/** Stores -value or value when the type holds it. */
static inline bool fits_int(const tern_type *type, bool is_negative, uint64_t value, void *out)
{
    unsigned bits = 8 * (unsigned)type->size;
    uint64_t most = UINT64_MAX >> (64 - bits);
    if (type->kind == TERN_INT)
        most = (most >> 1) + is_negative;
    else if (is_negative)
        most = 0;
    if (value > most)
        return false;
    store_int(out, type->size, is_negative ? 0 - value : value);
    return true;
}

__attribute__((cold, noinline)) static bool out_of_range(json_reader *r, const char *range,
                                                         const place *where)
{
    fault_add(r->faults, where, "out_of_range", NULL, NULL, "must be %s", range);
    return false;
}

/** What is not up to 19 digits in the way of a number, from r->at on. */
__attribute__((cold, noinline)) static bool read_odd_int(json_reader *r, const tern_type *type, void *out,
                                                         const place *where)
{
    const char *begin = r->at;
    if (*begin != '-' && (unsigned)(*begin - '0') >= 10)
        return json_wrong_kind(r, type, where);
    if (!json_skip_number(r))
        return false;
    for (const char *at = begin; at < r->at; at++)
        if (*at == '.' || (*at | 0x20) == 'e') {
            fault_add(r->faults, where, "not_int", NULL, NULL, "must be a whole number, in digits alone");
            return false;
        }
    bool is_negative = *begin == '-';
    uint64_t value;
    begin += is_negative;
    if (text_get_u64(begin, (size_t)(r->at - begin), &value) && fits_int(type, is_negative, value, out))
        return true;
    return out_of_range(r, scalar_int_range(type), where);
}

static inline bool read_int(json_reader *r, const tern_type *type, void *out, const place *where)
{
    bool is_negative = *r->at == '-';
    const char *first = r->at + is_negative, *at = first;
    uint64_t value = 0;
    for (unsigned digit; (digit = (unsigned)(*at - '0')) < 10; at++)
        value = value * 10 + digit; /* wraps where there are too many digits */
    size_t count = (size_t)(at - first);
    if (count == 0 || count > 19 || (count > 1 && *first == '0') || *at == '.' || (*at | 0x20) == 'e')
        return read_odd_int(r, type, out, where);
    r->at = at;
    return fits_int(type, is_negative, value, out) || out_of_range(r, scalar_int_range(type), where);
}

/** A number that number_take_double refused: too large, or none. */
__attribute__((cold, noinline)) static bool not_double(json_reader *r, const tern_type *type,
                                                       const place *where)
{
    if (*r->at != '-' && (unsigned)(*r->at - '0') >= 10)
        return json_wrong_kind(r, type, where);
    if (!json_skip_number(r))
        return false;
    return out_of_range(r, "a number that fits into a double", where);
}

static inline bool read_double(json_reader *r, const tern_type *type, void *out, const place *where)
{
    size_t len = number_take_double(r->at, (size_t)(r->end - r->at), out);
    r->at += len;
    return len != 0 || not_double(r, type, where);
}

static __attribute__((noinline)) bool read_float(json_reader *r, const tern_type *type, void *out,
                                                 const place *where)
{
    double value;
    if (!read_double(r, type, &value, where))
        return false;
    float narrow = (float)value;
    if (__builtin_isinf(narrow))
        return out_of_range(r, "a number that fits into a float", where);
    *(float *)out = narrow;
    return true;
}

/* -- what is written as text -- */

static inline bool read_text(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '"')
        return json_wrong_kind(r, type, where);
    const char *text = json_read_text(r);
    if (text == NULL)
        return false;
    if (r->has_nul) {
        fault_add(r->faults, where, "nul_in_text", NULL, NULL, "must not hold the character U+0000");
        return false;
    }
    *(const char **)out = text;
    return true;
}

/** Kinds that scalar_read knows: bytes decode in place, the others are small. */
static bool read_scalar(json_reader *r, const tern_type *type, const char *text, size_t len, void *out,
                        const place *where)
{
    const char *wanted = scalar_read(type, text, len, out, type->kind == TERN_BYTES ? NULL : r->arena);
    if (wanted == NULL)
        return true;
    fault_add(r->faults, where, kinds[type->kind].code, NULL, NULL, "must be %s", wanted);
    return false;
}

static bool read_quoted(json_reader *r, const tern_type *type, void *out, const place *where)
{
    if (*r->at != '"')
        return json_wrong_kind(r, type, where);
    const char *text = json_read_text(r);
    return text != NULL && read_scalar(r, type, text, r->text_len, out, where);
}

static bool read_decimal(json_reader *r, const tern_type *type, void *out, const place *where)
{
    const char *begin = r->at;
    if (*begin != '-' && (unsigned)(*begin - '0') >= 10)
        return read_quoted(r, type, out, where);
    return json_skip_number(r) && read_scalar(r, type, begin, (size_t)(r->at - begin), out, where);
}

static bool read_any(json_reader *r, void *out, const place *where)
{
    const char *begin = r->at;
    if (!json_skip(r))
        return false;
    *(tern_any *)out = (tern_any){begin, (size_t)(r->at - begin)};
    return json_keys_differ(r, begin, where);
}

bool json_read_value(json_reader *r, const tern_type *type, void *out, const place *where)
{
    switch (type->kind) {
    case TERN_BOOL:
        return read_bool(r, type, out, where);
    case TERN_INT:
    case TERN_UINT:
        return read_int(r, type, out, where);
    case TERN_FLOAT:
        return type->size == sizeof(double) ? read_double(r, type, out, where)
                                            : read_float(r, type, out, where);
    case TERN_TEXT:
        return read_text(r, type, out, where);
    case TERN_DECIMAL:
        return read_decimal(r, type, out, where);
    case TERN_ANY:
        return read_any(r, out, where);
    case TERN_UPLOAD:
        return json_wrong_kind(r, type, where);
    case TERN_MODEL_KIND:
        return json_read_model(r, type, out, where);
    case TERN_LIST_KIND:
        return json_read_list(r, type, out, where);
    case TERN_MAP_KIND:
        return json_read_map(r, type, out, where);
    default:
        return read_quoted(r, type, out, where);
    }
}

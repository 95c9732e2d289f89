/** One value from one text, and back: a table from kind to reader and printer. */
#include "schema/scalar.h"

#include "base/text.h"
#include "schema/number/whole.h"
#include "schema/time/moment.h"

#include <string.h>

enum { DECIMAL_DIGITS = 18 }; /* of a tern_decimal, and after its point */

/* -- the small ones -- */

bool uuid_read(const char *text, size_t len, tern_uuid *out)
{
    if (len != 36)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-')
            return false;
        int high = text_hex_value(text[at]), low = text_hex_value(text[at + 1]);
        if (high < 0 || low < 0)
            return false;
        out->bytes[i] = (uint8_t)(high * 16 + low);
        at += 2;
    }
    return true;
}

static size_t uuid_print(const tern_uuid *uuid, char *out)
{
    static const char digits[] = "0123456789abcdef";
    char *at = out;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[uuid->bytes[i] >> 4];
        *at++ = digits[uuid->bytes[i] & 15];
    }
    return (size_t)(at - out);
}

/** Like decimal_read, for text with an exponent or with digits that do not count: "1e-7", "1.50e1". */
static __attribute__((cold, noinline)) bool read_odd_decimal(const char *text, size_t len, tern_decimal *out)
{
    const int64_t most = 999999999999999999;
    number_exact number;
    if (!number_take_apart(text, len, &number) || number.is_cut || number.exponent < -DECIMAL_DIGITS)
        return false;
    uint64_t units = number.digits;
    unsigned scale = number.exponent < 0 ? (unsigned)-number.exponent : 0;
    if (scale == 0 && number_to_whole(&number, &units) != NUMBER_WHOLE)
        return false;
    if (units > (uint64_t)most)
        return false;
    *out = (tern_decimal){number.is_negative ? -(int64_t)units : (int64_t)units, (uint8_t)scale};
    return true;
}

/** "-12.30": an optional sign, digits, a fraction, an exponent; at most 18 digits without leading zeros. */
bool decimal_read(const char *text, size_t len, tern_decimal *out)
{
    bool is_negative = len > 0 && text[0] == '-', has_point = false, has_digit = false;
    int64_t units = 0;
    unsigned digits = 0, scale = 0;
    for (size_t i = is_negative; i < len; i++) {
        if (text[i] == '.' && !has_point && has_digit) {
            has_point = true;
            continue;
        }
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        digits += digits > 0 || digit > 0;
        scale += has_point;
        if (digit > 9 || digits > DECIMAL_DIGITS || scale > DECIMAL_DIGITS)
            return read_odd_decimal(text, len, out);
        has_digit = true;
        units = units * 10 + digit;
    }
    if (!has_digit || (has_point && scale == 0))
        return false;
    *out = (tern_decimal){is_negative ? -units : units, (uint8_t)scale};
    return true;
}

static size_t decimal_print(tern_decimal number, char *out)
{
    char digits[20];
    uint64_t size = number.units < 0 ? 0 - (uint64_t)number.units : (uint64_t)number.units;
    size_t count = text_put_u64(digits, size), scale = number.scale < 19 ? number.scale : 19;
    char *at = out;
    if (number.units < 0)
        *at++ = '-';
    if (count <= scale) { /* "0.05" */
        *at++ = '0';
        *at++ = '.';
        memset(at, '0', scale - count);
        at += scale - count;
        memcpy(at, digits, count);
        return (size_t)(at + count - out);
    }
    memcpy(at, digits, count - scale);
    at += count - scale;
    if (scale > 0) {
        *at++ = '.';
        memcpy(at, digits + count - scale, scale);
        at += scale;
    }
    return (size_t)(at - out);
}

/* -- base64: RFC 4648 section 4, strict, with padding -- */

static int base64_value(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

long base64_read(const char *text, size_t len, uint8_t *out)
{
    uint8_t *at = out;
    if (len % 4 != 0)
        return -1;
    for (size_t i = 0; i < len; i += 4) {
        bool is_last = i + 4 == len;
        int padding = is_last && text[i + 3] == '=' ? 1 + (text[i + 2] == '=') : 0;
        int bits = 0;
        for (size_t k = 0; k < 4; k++) {
            int value = k >= (size_t)(4 - padding) ? 0 : base64_value(text[i + k]);
            if (value < 0)
                return -1;
            bits = bits * 64 + value;
        }
        if ((padding == 1 && (bits & 0xff) != 0) || (padding == 2 && (bits & 0xffff) != 0))
            return -1; /* stray bits: not the only text for these bytes */
        *at++ = (uint8_t)(bits >> 16);
        if (padding < 2)
            *at++ = (uint8_t)(bits >> 8);
        if (padding < 1)
            *at++ = (uint8_t)bits;
    }
    return at - out;
}

size_t base64_print(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = out;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned bits = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
                        (left > 2 ? data[i + 2] : 0);
        *at++ = digits[bits >> 18];
        *at++ = digits[bits >> 12 & 63];
        *at++ = left > 1 ? digits[bits >> 6 & 63] : '=';
        *at++ = left > 2 ? digits[bits & 63] : '=';
    }
    return (size_t)(at - out);
}

/* -- readers by kind: each returns NULL, or what the text should have been -- */

typedef const char *scalar_reader(const tern_type *type, const char *text, size_t len, void *out, arena *a);

static const char no_memory[] = "smaller: memory is used up";

static const char *read_bool(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    (void)type, (void)a;
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"false", false}, {"1", true},  {"0", false},
                 {"yes", true},  {"no", false},    {"on", true}, {"off", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i].word) == len && text_equal_nocase(words[i].word, text, len)) {
            *(bool *)out = words[i].value;
            return NULL;
        }
    }
    return "true or false";
}

static void store_int(void *out, size_t size, uint64_t value)
{
    switch (size) { /* the low bytes, signed or not */
    case 1:
        *(uint8_t *)out = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)out = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)out = (uint32_t)value;
        break;
    default:
        *(uint64_t *)out = value;
        break;
    }
}

const char *scalar_int_range(const tern_type *type)
{
    static const char *const signed_ranges[] = {
        [1] = "a whole number from -128 to 127",
        [2] = "a whole number from -32768 to 32767",
        [4] = "a whole number from -2147483648 to 2147483647",
        [8] = "a whole number from -9223372036854775808 to 9223372036854775807"};
    static const char *const unsigned_ranges[] = {[1] = "a whole number from 0 to 255",
                                                  [2] = "a whole number from 0 to 65535",
                                                  [4] = "a whole number from 0 to 4294967295",
                                                  [8] = "a whole number from 0 to 18446744073709551615"};
    return type->kind == TERN_KIND_INT ? signed_ranges[type->size] : unsigned_ranges[type->size];
}

static const char *read_int(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    (void)a;
    int64_t value;
    int64_t most = type->size == 8 ? INT64_MAX : ((int64_t)1 << (8 * type->size - 1)) - 1;
    if (!text_get_i64(text, len, &value) || value > most || value < -most - 1)
        return scalar_int_range(type);
    store_int(out, type->size, (uint64_t)value);
    return NULL;
}

static const char *read_uint(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    (void)a;
    uint64_t value;
    uint64_t most = type->size == 8 ? UINT64_MAX : ((uint64_t)1 << (8 * type->size)) - 1;
    if (!text_get_u64(text, len, &value) || value > most)
        return scalar_int_range(type);
    store_int(out, type->size, value);
    return NULL;
}

static const char *read_float(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    (void)a;
    double value;
    if (!number_read_double(text, len, &value))
        return "a number";
    if (type->size == sizeof(double)) {
        *(double *)out = value;
        return NULL;
    }
    float narrow = (float)value;
    if (narrow - narrow != 0) /* infinite */
        return "a number that fits into a float";
    *(float *)out = narrow;
    return NULL;
}

static const char *read_text(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    (void)type;
    if (memchr(text, '\0', len) != NULL || !utf8_valid(text, len))
        return "text in UTF-8 without NUL";
    const char *kept = a != NULL ? arena_text(a, text, len) : text;
    if (kept == NULL)
        return no_memory;
    *(const char **)out = kept;
    return NULL;
}

static const char *read_bytes(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    (void)type;
    uint8_t *data = a != NULL ? arena_alloc(a, len / 4 * 3 + 1) : (uint8_t *)(uintptr_t)text;
    if (data == NULL)
        return no_memory;
    long decoded = base64_read(text, len, data);
    if (decoded < 0)
        return "bytes in base64";
    *(tern_bytes *)out = (tern_bytes){data, (size_t)decoded};
    return NULL;
}

static const char *read_enum(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    for (unsigned i = 0; i < type->name_count; i++) {
        if (strlen(type->names[i].name) == len && memcmp(type->names[i].name, text, len) == 0) {
            *(int *)out = type->names[i].value;
            return NULL;
        }
    }
    return scalar_enum_names(type, a);
}

/** Defines the reader of a kind from a function of (text, len, out). */
#define READER(kind, c_type, wants)                                                                          \
    static const char *read_##kind(const tern_type *type, const char *text, size_t len, void *out, arena *a) \
    {                                                                                                        \
        (void)type, (void)a;                                                                                 \
        return kind##_read(text, len, (c_type *)out) ? NULL : wants;                                         \
    }

READER(uuid, tern_uuid, "a UUID like 123e4567-e89b-12d3-a456-426614174000")
READER(date, tern_date, "a date like 2026-11-23")
READER(time, tern_time, "a time of day like 17:30:00")
READER(datetime, tern_datetime, "a date and time with its offset, like 2026-11-23T17:30:00Z")
READER(duration, tern_duration, "a span of time like P1DT2H30M")
READER(decimal, tern_decimal, "a decimal number of at most 18 digits")

static scalar_reader *const readers[] = {
    [TERN_KIND_BOOL] = read_bool,         [TERN_KIND_INT] = read_int,
    [TERN_KIND_UINT] = read_uint,         [TERN_KIND_FLOAT] = read_float,
    [TERN_KIND_TEXT] = read_text,         [TERN_KIND_BYTES] = read_bytes,
    [TERN_KIND_UUID] = read_uuid,         [TERN_KIND_DATE] = read_date,
    [TERN_KIND_TIME] = read_time,         [TERN_KIND_DATETIME] = read_datetime,
    [TERN_KIND_DURATION] = read_duration, [TERN_KIND_DECIMAL] = read_decimal,
    [TERN_KIND_ENUM] = read_enum,         [TERN_KIND_MAP] = NULL,
};

const char *scalar_read(const tern_type *type, const char *text, size_t len, void *out, arena *a)
{
    scalar_reader *read = readers[type->kind];
    return read != NULL ? read(type, text, len, out, a) : "a single value";
}

const char *scalar_enum_names(const tern_type *type, arena *a)
{
    size_t len = sizeof "one of ";
    for (unsigned i = 0; i < type->name_count; i++)
        len += strlen(type->names[i].name) + 2;
    char *text = a != NULL ? arena_alloc(a, len) : NULL;
    if (text == NULL)
        return "one of the names of its type";
    char *at = stpcpy(text, "one of ");
    for (unsigned i = 0; i < type->name_count; i++)
        at = stpcpy(stpcpy(at, i > 0 ? ", " : ""), type->names[i].name);
    return text;
}

/* -- printing -- */

int64_t scalar_int(const tern_type *type, const void *value)
{
    switch (type->size) {
    case 1:
        return type->kind == TERN_KIND_INT ? *(const int8_t *)value : *(const uint8_t *)value;
    case 2:
        return type->kind == TERN_KIND_INT ? *(const int16_t *)value : *(const uint16_t *)value;
    case 4:
        return type->kind == TERN_KIND_INT ? *(const int32_t *)value : (int64_t) * (const uint32_t *)value;
    default:
        return *(const int64_t *)value;
    }
}

const char *scalar_enum_name(const tern_type *type, int value)
{
    if ((unsigned)value < type->name_count && type->names[value].value == value)
        return type->names[value].name;
    for (unsigned i = 0; i < type->name_count; i++)
        if (type->names[i].value == value)
            return type->names[i].name;
    return "";
}

static size_t print_enum(const tern_type *type, const void *value, char *out)
{
    const char *name = scalar_enum_name(type, *(const int *)value);
    size_t len = strlen(name);
    if (len > SCALAR_PRINT_BYTES)
        len = SCALAR_PRINT_BYTES;
    memcpy(out, name, len);
    return len;
}

size_t scalar_print(const tern_type *type, const void *value, char out[SCALAR_PRINT_BYTES])
{
    switch (type->kind) {
    case TERN_KIND_BOOL:
        return (size_t)(stpcpy(out, *(const bool *)value ? "true" : "false") - out);
    case TERN_KIND_INT:
        return number_print_i64(scalar_int(type, value), out);
    case TERN_KIND_UINT:
        return text_put_u64(out, (uint64_t)scalar_int(type, value));
    case TERN_KIND_FLOAT:
        return type->size == sizeof(double) ? number_print_double(*(const double *)value, out)
                                            : number_print_float(*(const float *)value, out);
    case TERN_KIND_UUID:
        return uuid_print(value, out);
    case TERN_KIND_DATE:
        return date_print(*(const tern_date *)value, out);
    case TERN_KIND_TIME:
        return time_print(*(const tern_time *)value, out);
    case TERN_KIND_DATETIME:
        return datetime_print(*(const tern_datetime *)value, out);
    case TERN_KIND_DURATION:
        return duration_print(*(const tern_duration *)value, out);
    case TERN_KIND_DECIMAL:
        return decimal_print(*(const tern_decimal *)value, out);
    case TERN_KIND_ENUM:
        return print_enum(type, value, out);
    default:
        return 0;
    }
}

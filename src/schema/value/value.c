/** Looking into a tern_value. */
#include "schema/value/value.h"

#include "schema/scalar.h"

#include <string.h>

tern_value_kind tern_value_kind_of(const tern_value *value)
{
    static const uint8_t kinds[] = {
        [VALUE_NULL] = TERN_JSON_NULL,   [VALUE_BOOL] = TERN_JSON_BOOL,     [VALUE_INT] = TERN_JSON_NUMBER,
        [VALUE_UINT] = TERN_JSON_NUMBER, [VALUE_DOUBLE] = TERN_JSON_NUMBER, [VALUE_DIGITS] = TERN_JSON_NUMBER,
        [VALUE_TEXT] = TERN_JSON_TEXT,   [VALUE_ARRAY] = TERN_JSON_ARRAY,   [VALUE_OBJECT] = TERN_JSON_OBJECT,
    };
    return value != NULL ? (tern_value_kind)kinds[value->form] : TERN_JSON_NULL;
}

bool tern_value_bool(const tern_value *value, bool fallback)
{
    return value != NULL && value->form == VALUE_BOOL ? value->is_true : fallback;
}

int64_t tern_value_int(const tern_value *value, int64_t fallback)
{
    if (value != NULL && value->form == VALUE_INT)
        return value->i;
    if (value == NULL || value->form != VALUE_DOUBLE)
        return fallback;
    bool fits = value->d >= -0x1p63 && value->d < 0x1p63;
    return fits && (double)(int64_t)value->d == value->d ? (int64_t)value->d : fallback;
}

uint64_t tern_value_uint(const tern_value *value, uint64_t fallback)
{
    if (value == NULL)
        return fallback;
    if (value->form == VALUE_UINT || (value->form == VALUE_INT && value->i >= 0))
        return value->u;
    bool fits = value->form == VALUE_DOUBLE && value->d >= 0 && value->d < 0x1p64;
    return fits && (double)(uint64_t)value->d == value->d ? (uint64_t)value->d : fallback;
}

double tern_value_double(const tern_value *value, double fallback)
{
    double read;
    switch (value != NULL ? value->form : VALUE_NULL) {
    case VALUE_INT:
        return (double)value->i;
    case VALUE_UINT:
        return (double)value->u;
    case VALUE_DOUBLE:
        return value->d;
    case VALUE_DIGITS:
        return number_read_double(value->text, value->len, &read) ? read : fallback;
    default:
        return fallback;
    }
}

const char *tern_value_text(const tern_value *value, const char *fallback)
{
    if (value == NULL || value->form != VALUE_TEXT || memchr(value->text, '\0', value->len) != NULL)
        return fallback;
    return value->text;
}

tern_str tern_value_str(const tern_value *value)
{
    bool is_text = value != NULL && value->form == VALUE_TEXT;
    return is_text ? (tern_str){value->text, value->len} : (tern_str){"", 0};
}

size_t tern_value_count(const tern_value *value)
{
    return value != NULL && value->form >= VALUE_ARRAY ? value_count(value) : 0;
}

tern_value *tern_value_at(const tern_value *value, size_t index)
{
    if (index >= tern_value_count(value))
        return NULL;
    tern_value *items = value_items(value);
    return value->form == VALUE_OBJECT ? &items[2 * index + 1] : &items[index];
}

const char *tern_value_key(const tern_value *object, size_t index)
{
    if (object == NULL || object->form != VALUE_OBJECT || index >= value_count(object))
        return NULL;
    return value_items(object)[2 * index].text;
}

static tern_value *get(const tern_value *object, const char *key, size_t len)
{
    long found = value_place_of(object, key, len);
    return found >= 0 ? &value_items(object)[2 * found + 1] : NULL;
}

tern_value *tern_value_get(const tern_value *object, const char *key)
{
    return object != NULL && object->form == VALUE_OBJECT ? get(object, key, strlen(key)) : NULL;
}

/** Whether `key` is the pointer's token of `len` bytes, whose ~1 and ~0 stand for / and ~. */
static bool is_token(const tern_value *key, const char *token, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++, at++) {
        char byte = token[i];
        if (byte == '~')
            byte = token[++i] == '1' ? '/' : '~';
        if (at >= key->len || key->text[at] != byte)
            return false;
    }
    return at == key->len;
}

static bool token_is_right(const char *token, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (token[i] == '~' && (i + 1 == len || (token[i + 1] != '0' && token[i + 1] != '1')))
            return false;
    return true;
}

static tern_value *find_member(const tern_value *object, const char *token, size_t len)
{
    if (memchr(token, '~', len) == NULL)
        return get(object, token, len);
    tern_value *items = value_items(object);
    for (size_t i = 0; i < value_count(object); i++)
        if (is_token(&items[2 * i], token, len))
            return &items[2 * i + 1];
    return NULL;
}

static tern_value *find_element(const tern_value *array, const char *token, size_t len)
{
    size_t index = 0;
    if (len == 0 || len > 10 || (token[0] == '0' && len > 1))
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned)(token[i] - '0') > 9)
            return NULL;
        index = index * 10 + (size_t)(token[i] - '0');
    }
    return tern_value_at(array, index);
}

tern_value *tern_value_find(const tern_value *value, const char *pointer)
{
    while (value != NULL && *pointer == '/') {
        const char *token = pointer + 1;
        size_t len = strcspn(token, "/");
        pointer = token + len;
        if (!token_is_right(token, len))
            return NULL;
        if (value->form == VALUE_OBJECT)
            value = find_member(value, token, len);
        else
            value = value->form == VALUE_ARRAY ? find_element(value, token, len) : NULL;
    }
    return *pointer == '\0' ? (tern_value *)(uintptr_t)value : NULL;
}

enum { COMPARE_DEPTH_MOST = 256 }; /* as deep as any text may be; a built value may contain itself */

static bool equal(const tern_value *a, const tern_value *b, unsigned depth);

static bool items_equal(const tern_value *a, const tern_value *b, unsigned depth)
{
    size_t count = value_count(a);
    if (count != value_count(b) || depth == 0)
        return false;
    const tern_value *items = value_items(a);
    for (size_t i = 0; i < count; i++) {
        const tern_value *item = &items[i], *other = tern_value_at(b, i);
        if (a->form == VALUE_OBJECT) {
            item = &items[2 * i + 1];
            other = get(b, items[2 * i].text, items[2 * i].len);
        }
        if (other == NULL || !equal(item, other, depth - 1))
            return false;
    }
    return true;
}

static bool equal(const tern_value *a, const tern_value *b, unsigned depth)
{
    tern_value_kind kind = tern_value_kind_of(a);
    if (kind != tern_value_kind_of(b))
        return false;
    switch (kind) {
    case TERN_JSON_BOOL:
        return a->is_true == b->is_true;
    case TERN_JSON_NUMBER:
        return value_numbers_equal(a, b);
    case TERN_JSON_TEXT:
        return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
    case TERN_JSON_ARRAY:
    case TERN_JSON_OBJECT:
        return items_equal(a, b, depth);
    default:
        return true;
    }
}

bool tern_value_equal(const tern_value *a, const tern_value *b)
{
    return equal(a, b, COMPARE_DEPTH_MOST);
}

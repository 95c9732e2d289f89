/** The extra headers of a reply, and what one may contain. */
#include "http/exchange.h"

#include "base/text.h"

#include <string.h>

/** The bytes of tokens: RFC 9110 section 5.6.2. */
static const bool token_bytes[256] = {
    ['!'] = true, ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,        ['-'] = true,
    ['.'] = true, ['^'] = true,          ['_'] = true,         ['`'] = true,        ['|'] = true,
    ['~'] = true, ['0' ... '9'] = true,  ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

/** Whether one of eight bytes is below 0x20 or is 0x7f (a tab too: a byte-wise look decides then). */
static bool may_have_control(const char *bytes)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t word, deletes;
    memcpy(&word, bytes, sizeof word);
    deletes = word ^ (ones * 0x7f);
    return ((((word - ones * 0x20) & ~word) | ((deletes - ones) & ~deletes)) & highs) != 0;
}

static bool value_is_valid(const char *value, size_t len)
{
    while (len >= 8 && !may_have_control(value)) {
        value += 8;
        len -= 8;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)value[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

bool http_field_is_valid(const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (name_len == 0 || name_len > 256 || value_len > 64 * 1024)
        return false;
    for (size_t i = 0; i < name_len; i++)
        if (!token_bytes[(unsigned char)name[i]])
            return false;
    return value_is_valid(value, value_len);
}

static bool has_name(const http_field *f, const char *name, size_t len)
{
    return f->name_len == len && text_equal_nocase(f->name, name, len);
}

const http_field *http_field_get(const http_exchange *x, const char *name)
{
    size_t len = strlen(name);
    for (unsigned i = 0; i < x->field_count; i++)
        if (has_name(&x->fields[i], name, len))
            return &x->fields[i];
    return NULL;
}

void http_field_remove(http_exchange *x, const char *name)
{
    size_t len = strlen(name);
    unsigned kept = 0;
    for (unsigned i = 0; i < x->field_count; i++)
        if (!has_name(&x->fields[i], name, len))
            x->fields[kept++] = x->fields[i];
    x->field_count = kept;
}

bool http_field_put(http_exchange *x, const char *name, const char *value, bool replace)
{
    if (replace)
        http_field_remove(x, name);
    if (x->field_count == x->field_room) {
        unsigned room = x->field_room != 0 ? x->field_room * 2 : 8;
        http_field *fields = arena_alloc(&x->arena, room * sizeof *fields);
        if (fields == NULL)
            return false;
        if (x->field_count != 0)
            memcpy(fields, x->fields, x->field_count * sizeof *fields);
        x->fields = fields;
        x->field_room = room;
    }
    x->fields[x->field_count++] = (http_field){name, value, (uint32_t)strlen(name), (uint32_t)strlen(value)};
    return true;
}

/** The extra headers of a reply, and what one may contain. */
#include "http/exchange.h"

#include "base/text.h"

#include <string.h>

/** The bytes of tokens: RFC 9110 section 5.6.2. */
static const bool token_bytes[256] = {
    ['!'] = true, ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,        ['-'] = true,
    ['.'] = true, ['^'] = true,          ['_'] = true,         ['`'] = true,        ['|'] = true,
    ['~'] = true, ['0' ... '9'] = true,  ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

typedef unsigned char block __attribute__((vector_size(16)));

/** Whether one of 16 bytes is a control character: a tab too, which a look at each byte allows. */
static bool have_control(const char *bytes)
{
    block b;
    uint64_t found[2];
    memcpy(&b, bytes, sizeof b);
    b = (block)((b < 0x20) | (b == 0x7f));
    memcpy(found, &b, sizeof found);
    return (found[0] | found[1]) != 0;
}

/** By blocks, of which the last one may begin in the one before. */
static bool value_is_valid(const char *value, size_t len)
{
    size_t at = 0;
    while (len - at > sizeof(block) && !have_control(value + at))
        at += sizeof(block);
    if (len >= sizeof(block) && len - at <= sizeof(block) && !have_control(value + len - sizeof(block)))
        return true;
    for (; at < len; at++) {
        unsigned char byte = (unsigned char)value[at];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

bool http_field_is_valid(const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (name_len == 0 || name_len > 256)
        return false;
    for (size_t i = 0; i < name_len; i++)
        if (!token_bytes[(unsigned char)name[i]])
            return false;
    return http_field_value_is_valid(value, value_len);
}

bool http_field_value_is_valid(const char *value, size_t len)
{
    return len <= 64 * 1024 && value_is_valid(value, len);
}

static bool has_name(const http_field *f, tern_str name)
{
    return f->name_len == name.len && text_equal_nocase(f->name, name.data, name.len);
}

const http_field *http_field_find(const http_exchange *x, tern_str name)
{
    for (unsigned i = 0; i < x->field_count; i++)
        if (has_name(&x->fields[i], name))
            return &x->fields[i];
    return NULL;
}

void http_field_drop(http_exchange *x, tern_str name)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < x->field_count; i++)
        if (!has_name(&x->fields[i], name)) {
            if (kept != i)
                x->fields[kept] = x->fields[i];
            kept++;
        }
    x->field_count = kept;
}

bool http_field_put_text(http_exchange *x, tern_str name, tern_str value, bool replace)
{
    if (replace)
        http_field_drop(x, name);
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
    x->fields[x->field_count++] =
        (http_field){name.data, value.data, (uint32_t)name.len, (uint32_t)value.len};
    return true;
}

/** The extra headers of a reply, and what one may contain. */
#include "http/exchange.h"

#include "base/text.h"

#include <string.h>

static bool is_token_byte(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (text_lower(byte) >= 'a' && text_lower(byte) <= 'z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

bool http_field_is_valid(const char *name, size_t name_len, const char *value, size_t value_len)
{
    if (name_len == 0 || name_len > 256 || value_len > 64 * 1024)
        return false;
    for (size_t i = 0; i < name_len; i++)
        if (!is_token_byte((unsigned char)name[i]))
            return false;
    for (size_t i = 0; i < value_len; i++) {
        unsigned char byte = (unsigned char)value[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
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

/** Hot path: defaults_replaced of a reply with fields looks at the length of each name, and hardly ever at more. */
#include "http/defaults.h"

#include "base/mem.h"
#include "base/text.h"
#include "http/exchange.h"

#include <string.h>

static size_t line_len(const http_default *field)
{
    return strlen(field->name) + strlen(field->value) + 4;
}

static char *put_line(char *at, const http_default *field)
{
    at = stpcpy(at, field->name);
    at = stpcpy(at, ": ");
    at = stpcpy(at, field->value);
    return stpcpy(at, "\r\n");
}

bool defaults_join(http_defaults *d, const http_default *list, unsigned count)
{
    size_t bytes = 0;
    *d = (http_defaults){.lines = {{"", 0}, {"", 0}}};
    for (unsigned i = 0; i < count; i++)
        bytes += line_len(&list[i]);
    if (count > HTTP_DEFAULTS_MAX || bytes > HTTP_DEFAULTS_BYTES)
        return false;
    if (count == 0)
        return true;
    d->text = mem_alloc(2 * (bytes + 1));
    if (d->text == NULL)
        return false;
    char *all = d->text, *pages = d->text + bytes + 1;
    d->lines[0].data = all;
    d->lines[1].data = pages;
    for (unsigned i = 0; i < count; i++) {
        d->names[i] = (tern_str){list[i].name, strlen(list[i].name)};
        d->values[i] = (tern_str){list[i].value, strlen(list[i].value)};
        d->name_lens |= (uint64_t)1 << (d->names[i].len & 63);
        d->for_pages |= list[i].is_for_pages ? 1U << i : 0;
        pages = put_line(pages, &list[i]);
        if (!list[i].is_for_pages)
            all = put_line(all, &list[i]);
    }
    d->lines[0].len = (size_t)(all - d->lines[0].data);
    d->lines[1].len = (size_t)(pages - d->lines[1].data);
    d->count = count;
    d->bytes = bytes;
    return true;
}

void defaults_free(http_defaults *d)
{
    mem_free(d->text);
    *d = (http_defaults){0};
}

bool defaults_is_page(const char *type, size_t len)
{
    static const tern_str types[] = {{"text/html", 9},
                                     {"text/xml", 8},
                                     {"application/xml", 15},
                                     {"image/svg+xml", 13},
                                     {"application/xhtml+xml", 21}};
    const char *parameters = memchr(type, ';', len);
    if (parameters != NULL)
        len = (size_t)(parameters - type);
    while (len > 0 && type[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].len == len && text_equal_nocase(types[i].data, type, len))
            return true;
    return false;
}

bool defaults_is_page_of(const http_exchange *x, const char *type, size_t type_len)
{
    if (type == NULL && x->field_count != 0) {
        const http_field *own = http_field_get(x, "Content-Type");
        return own != NULL && defaults_is_page(own->value, own->value_len);
    }
    return type != NULL && defaults_is_page(type, type_len);
}

static unsigned number_of(const http_defaults *d, const http_field *field)
{
    for (unsigned i = 0; i < d->count; i++)
        if (d->names[i].len == field->name_len &&
            text_equal_nocase(d->names[i].data, field->name, field->name_len))
            return i;
    return d->count;
}

unsigned defaults_replaced(const http_defaults *d, http_exchange *x)
{
    unsigned replaced = 0, kept = 0;
    bool has_empty = false;
    for (unsigned i = 0; i < x->field_count; i++) {
        const http_field *field = &x->fields[i];
        if ((d->name_lens >> (field->name_len & 63) & 1) == 0)
            continue;
        unsigned number = number_of(d, field);
        if (number == d->count)
            continue;
        replaced |= 1U << number;
        has_empty |= field->value_len == 0;
    }
    for (unsigned i = 0; has_empty && i < x->field_count; i++)
        if (x->fields[i].value_len != 0 || number_of(d, &x->fields[i]) == d->count)
            x->fields[kept++] = x->fields[i];
    if (has_empty)
        x->field_count = kept;
    return replaced;
}

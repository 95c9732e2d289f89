#include "http/form.h"

#include "http/url.h"

#include <string.h>

void form_begin(form_walk *w, tern_str text)
{
    w->rest = text;
    w->count = 0;
}

static bool is_plain(tern_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '%' || text.data[i] == '+' || (text.data[i] & 0x80) != 0 || text.data[i] == '\0')
            return false;
    return true;
}

form_result form_next(form_walk *w, tern_str *name, tern_str *value)
{
    tern_str raw;
    if (!query_next(&w->rest, &raw, value))
        return FORM_END;
    if (++w->count > FORM_PAIRS_MAX)
        return FORM_TOO_MANY;
    if (raw.len >= FORM_NAME_BYTES)
        return FORM_BAD_NAME;
    if (is_plain(raw)) {
        *name = raw;
        return FORM_PAIR;
    }
    long len = url_decode_component(raw, w->name);
    if (len < 0)
        return FORM_BAD_NAME;
    *name = (tern_str){w->name, (size_t)len};
    return FORM_PAIR;
}

char *form_decode(arena *a, tern_str value, size_t *len, bool *is_memory_short)
{
    *is_memory_short = false;
    char *text = arena_alloc(a, value.len + 1);
    if (text == NULL) {
        *is_memory_short = true;
        return NULL;
    }
    text[0] = '\0';
    long decoded = value.len != 0 ? url_decode_component(value, text) : 0;
    *len = (size_t)decoded;
    return decoded >= 0 ? text : NULL;
}

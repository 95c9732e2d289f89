#include "schema/json/indent.h"

#include <string.h>

static void new_line(buf *out, int depth)
{
    buf_add_printf(out, "\n%*s", 2 * depth, "");
}

/** The bytes of the string that opens at `text`, its quotes included. */
static size_t string_len(const char *text, size_t len)
{
    size_t at = 1;
    while (at < len && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at < len ? at + 1 : len;
}

bool json_indent(tern_str json, buf *out)
{
    int depth = 0;
    for (size_t i = 0; i < json.len;) {
        const char *at = json.data + i;
        size_t taken = *at == '"' ? string_len(at, json.len - i) : 1;
        bool opens = *at == '{' || *at == '[', closes = *at == '}' || *at == ']';
        bool is_empty = opens && i + 1 < json.len && (at[1] == '}' || at[1] == ']');
        if (is_empty)
            taken = 2;
        if (closes)
            new_line(out, --depth);
        buf_add(out, at, taken);
        if (*at == ':')
            buf_add(out, " ", 1);
        if (opens && !is_empty)
            new_line(out, ++depth);
        if (*at == ',')
            new_line(out, depth);
        i += taken;
    }
    return !out->failed;
}

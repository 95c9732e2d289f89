#include "base/buf.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buf_free(buf *b)
{
    mem_free(b->data);
    *b = (buf){.limit = b->limit};
}

bool buf_reserve(buf *b, size_t more)
{
    size_t len, needed;
    if (b->failed)
        return false;
    if (__builtin_add_overflow(b->len, more, &len) || __builtin_add_overflow(len, 1, &needed) ||
        (b->limit != 0 && len > b->limit)) {
        b->failed = true;
        return false;
    }
    if (needed <= b->cap)
        return true;
    size_t cap = b->cap != 0 ? b->cap * 2 : 256;
    if (cap < needed)
        cap = needed;
    char *data = mem_realloc(b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

bool buf_add(buf *b, const void *data, size_t len)
{
    if (!buf_reserve(b, len))
        return false;
    if (len != 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
    return true;
}

bool buf_add_text(buf *b, const char *text)
{
    return buf_add(b, text, strlen(text));
}

bool buf_add_printf(buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = b->cap - b->len;
    int needed = vsnprintf(room != 0 ? b->data + b->len : NULL, room, format, args);
    bool ok = needed >= 0 && buf_reserve(b, (size_t)needed);
    if (ok) {
        if ((size_t)needed >= room) /* it did not fit where it was tried */
            vsnprintf(b->data + b->len, (size_t)needed + 1, format, again);
        b->len += (size_t)needed;
    } else {
        b->failed = true;
    }
    if (b->data != NULL)
        b->data[b->len] = '\0';
    va_end(args);
    va_end(again);
    return ok;
}

bool buf_add_json(buf *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !b->failed;) {
        size_t start = i;
        while (i < len && text[i] >= 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\')
            i++;
        if (i > start) {
            buf_add(b, text + start, i - start);
            continue;
        }
        char escaped[TEXT_JSON_BYTES];
        size_t escaped_len;
        i += text_json_escape(text + i, len - i, escaped, &escaped_len);
        buf_add(b, escaped, escaped_len);
    }
    return !b->failed;
}

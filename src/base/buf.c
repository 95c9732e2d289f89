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
    if (b->failed)
        return false;
    size_t needed = b->len + more + 1;
    if (needed <= b->cap)
        return true;
    if (needed < more || (b->limit != 0 && b->len + more > b->limit)) {
        b->failed = true;
        return false;
    }
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
    if (!buf_reserve(b, 128))
        return false;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int needed = vsnprintf(b->data + b->len, b->cap - b->len, format, args);
    bool ok = needed >= 0;
    if (ok && (size_t)needed >= b->cap - b->len) {
        ok = buf_reserve(b, (size_t)needed);
        if (ok)
            vsnprintf(b->data + b->len, b->cap - b->len, format, again);
    }
    if (ok)
        b->len += (size_t)needed;
    else
        b->failed = true;
    if (b->data != NULL)
        b->data[b->len] = '\0';
    va_end(args);
    va_end(again);
    return ok;
}

bool buf_add_json(buf *b, const char *text, size_t len)
{
    static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i < len && !b->failed;) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
            size_t start = i;
            do
                i++;
            while (i < len && text[i] >= 0x20 && text[i] < 0x7f && text[i] != '"' && text[i] != '\\');
            buf_add(b, text + start, i - start);
            continue;
        }
        if (byte < 0x80) {
            const char *pair = NULL;
            for (const char *p = short_escapes; *p != '\0'; p += 2)
                if (*p == (char)byte)
                    pair = p;
            if (pair != NULL)
                buf_add_printf(b, "\\%c", pair[1]);
            else
                buf_add_printf(b, "\\u%04x", byte);
            i++;
            continue;
        }
        size_t n = utf8_sequence(text + i, len - i);
        if (n == 0) {
            buf_add_text(b, "\\ufffd");
            i++;
        } else if (n == 3 && memcmp(text + i, "\xe2\x80", 2) == 0 && (text[i + 2] & ~1) == (char)0xa8) {
            buf_add_text(b, text[i + 2] & 1 ? "\\u2029" : "\\u2028");
            i += 3;
        } else if (n == 2 && byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0) { /* C1 controls */
            buf_add_printf(b, "\\u%04x", (unsigned char)text[i + 1]);
            i += 2;
        } else {
            buf_add(b, text + i, n);
            i += n;
        }
    }
    return !b->failed;
}

/** Writes JSON piece by piece into a buf, commas and escapes included: for documents made at start. */
#ifndef SCHEMA_JSON_APPEND_H
#define SCHEMA_JSON_APPEND_H

#include "base/buf.h"

#include <stdbool.h>
#include <string.h>

/** A comma, unless the next value is the first of its object or array, or a key's value. */
static inline void append_comma(buf *out)
{
    if (out->len > 0 && memchr("{[:,", out->data[out->len - 1], 4) == NULL)
        buf_add(out, ",", 1);
}

/** Opens an object ('{') or an array ('['); closed by append_close with '}' or ']'. */
static inline void append_open(buf *out, char bracket)
{
    append_comma(out);
    buf_add(out, &bracket, 1);
}

static inline void append_close(buf *out, char bracket)
{
    buf_add(out, &bracket, 1);
}

/** Appends JSON that is already text. */
static inline void append_raw(buf *out, const char *json)
{
    append_comma(out);
    buf_add_text(out, json);
}

static inline void append_slice(buf *out, const char *text, size_t len)
{
    append_comma(out);
    buf_add(out, "\"", 1);
    buf_add_json(out, text, len);
    buf_add(out, "\"", 1);
}

static inline void append_text(buf *out, const char *text)
{
    append_slice(out, text, strlen(text));
}

static inline void append_key(buf *out, const char *key)
{
    append_text(out, key);
    buf_add(out, ":", 1);
}

/** Appends a key and a text; nothing when the text is NULL. */
static inline void append_member(buf *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    append_key(out, key);
    append_text(out, text);
}

/** Appends a key and `true` if the value is true. */
static inline void append_flag(buf *out, const char *key, bool is_set)
{
    if (!is_set)
        return;
    append_key(out, key);
    append_raw(out, "true");
}

#endif

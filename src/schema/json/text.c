/*
 * The output for JSON, and strings in it.
 *
 * Hot path: plain text is copied and checked in one pass; memory is allocated only when the block is full.
 */
#include "base/text.h"
#include "schema/json/plain.h"
#include "schema/json/scan.h"
#include "schema/json/write.h"
#include "schema/scalar.h"

#include <string.h>

enum { ALONE_BYTES = 64 * 1024 }; /* from this size, no copies are left in the arena */

void json_out_init(json_out *out, arena *a, size_t expected_bytes)
{
    *out = (json_out){.arena = a};
    json_out_reserve(out, expected_bytes + WRITE_SLACK);
}

/** A block of `room` bytes that begins with the existing bytes; NULL when out of memory. */
static char *resized(json_out *out, size_t room)
{
    bool is_alone = out->is_alone || room >= ALONE_BYTES;
    char *data = is_alone ? arena_resize(out->arena, out->is_alone ? out->data : NULL, room) : NULL;
    if (data == NULL && !out->is_alone) { /* a small block, or one from the rest of the arena */
        is_alone = false;
        data = arena_alloc(out->arena, room);
    }
    if (data == NULL)
        return NULL;
    if (!out->is_alone && out->len != 0)
        memcpy(data, out->data, out->len);
    out->is_alone = is_alone;
    return data;
}

bool json_out_reserve(json_out *out, size_t more)
{
    size_t needed;
    if (out->failed)
        return false;
    if (more <= out->room - out->len)
        return true;
    if (__builtin_add_overflow(out->len, more, &needed) || needed > SIZE_MAX / 2) {
        out->failed = true;
        return false;
    }
    size_t room = arena_rounded(needed > 2 * out->room ? needed : 2 * out->room);
    arena *a = out->arena;
    if (!out->is_alone && out->data != NULL && out->data + out->room == a->next &&
        room - out->room <= (size_t)(a->end - a->next)) {
        a->next += room - out->room; /* nothing was allocated since: the block grows in place */
        out->room = room;
        return true;
    }
    char *data = resized(out, room);
    if (data == NULL && room > arena_rounded(needed)) /* doubling is more than is left */
        data = resized(out, room = arena_rounded(needed));
    if (data == NULL) {
        out->failed = true;
        return false;
    }
    out->data = data;
    out->room = room;
    return true;
}

char *writer_grow(writer *w, char *at, size_t more)
{
    json_out *out = w->out;
    if (out->data != NULL)
        out->len = (size_t)(at - out->data);
    if (more > SIZE_MAX - WRITE_SLACK)
        out->failed = true;
    if (!json_out_reserve(out, more + WRITE_SLACK))
        return NULL;
    w->end = out->data + out->room;
    return out->data + out->len;
}

char *write_refusal(writer *w, json_refusal why)
{
    w->out->refusal = why;
    w->out->failed = true;
    return NULL;
}

char *write_double(writer *w, char *at, double value)
{
    if (!__builtin_isfinite(value))
        return write_refusal(w, JSON_NOT_FINITE);
    return at + number_print_double(value, at);
}

/** What an escaped byte becomes: a letter of a short escape, 'u' for the long one, 0 for a byte that
 * stays. */
static const char escapes[128] = {
    ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"', ['\\'] = '\\'};

static inline char *write_escape(char *at, unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char letter = escapes[byte];
    at[0] = '\\';
    at[1] = letter;
    if (letter != 0)
        return at + 2;
    memcpy(at + 1, "u00", 3);
    at[4] = digits[byte >> 4];
    at[5] = digits[byte & 15];
    return at + 6;
}

/** Writes text that is not UTF-8 byte by byte: invalid bytes become U+FFFD. */
static __attribute__((cold, noinline)) char *write_mended(writer *w, char *at, const char *text, size_t len)
{
    for (const char *end = text + len; text < end;) {
        size_t used = utf8_sequence(text, (size_t)(end - text));
        at = writer_room(w, at, (size_t)(end - text) + 6);
        if (at == NULL)
            return NULL;
        if (used == 1 && !json_plain_byte((unsigned char)*text)) {
            at = write_escape(at, (unsigned char)*text);
        } else {
            memcpy(at, used != 0 ? text : "\xef\xbf\xbd", used != 0 ? used : 3);
            at += used != 0 ? used : 3;
        }
        text += used != 0 ? used : 1;
    }
    return at;
}

/** Writes the rest of a text from its first byte that must be escaped. There is room for it unescaped. */
static char *write_escaped(writer *w, char *at, const char *text, size_t len, uint64_t *high)
{
    while (len != 0) {
        at = writer_room(w, at, len + 6);
        if (at == NULL)
            return NULL;
        at = write_escape(at, (unsigned char)*text);
        text++;
        len--;
        size_t plain = json_copy_plain_any(at, text, len, high);
        at += plain;
        text += plain;
        len -= plain;
    }
    return at;
}

char *write_text(writer *w, char *at, const char *text, size_t len)
{
    uint64_t high = 0;
    at = writer_room(w, at, len + 2);
    if (at == NULL)
        return NULL;
    *at++ = '"';
    size_t begin = (size_t)(at - w->out->data), plain = json_copy_plain_any(at, text, len, &high);
    at += plain;
    if (plain != len)
        at = write_escaped(w, at, text + plain, len - plain, &high);
    if (high != 0 && at != NULL && !json_scan_best->utf8(text, len)) /* again, from the beginning */
        at = write_mended(w, w->out->data + begin, text, len);
    if (at == NULL)
        return NULL;
    *at++ = '"';
    return at;
}

bool json_encode_text(json_out *out, const char *text, size_t len)
{
    writer w;
    char *at = writer_begin(&w, out);
    size_t before = out->len;
    return at != NULL && writer_finish(&w, write_text(&w, at, text, len), before);
}

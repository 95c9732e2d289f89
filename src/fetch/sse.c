#include "fetch/sse.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

static void set_text(buf *b, const char *text, size_t len)
{
    b->len = 0;
    buf_add(b, text, len);
}

static void set_retry(sse_reader *r, const char *digits, size_t len)
{
    uint64_t ms;
    enum { MOST_MS = 24 * 3600 * 1000 };
    if (len != 0 && text_get_u64(digits, len, &ms))
        r->retry_ms = ms < MOST_MS ? (unsigned)ms : MOST_MS;
}

static void take_field(sse_reader *r, const char *name, size_t name_len, const char *value, size_t len)
{
    if (name_len == 4 && memcmp(name, "data", 4) == 0) {
        buf_add(&r->data, value, len);
        buf_add(&r->data, "\n", 1);
        r->has_data = true;
    } else if (name_len == 5 && memcmp(name, "event", 5) == 0) {
        set_text(&r->event, value, len);
    } else if (name_len == 2 && memcmp(name, "id", 2) == 0) {
        if (len == 0 || memchr(value, '\0', len) == NULL)
            set_text(&r->id, value, len);
    } else if (name_len == 5 && memcmp(name, "retry", 5) == 0) {
        set_retry(r, value, len);
    }
}

/* Whether the line ends an event that has data. */
static bool take_line(sse_reader *r, const char *line, size_t len)
{
    if (len == 0) {
        if (r->has_data)
            return true;
        r->event.len = 0;
        return false;
    }
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - line) : len;
    const char *value = colon != NULL ? colon + 1 : line + len, *end = line + len;
    if (value < end && *value == ' ')
        value++;
    take_field(r, line, name_len, value, (size_t)(end - value));
    return false;
}

static void clear_event(sse_reader *r)
{
    r->event.len = r->data.len = 0;
    r->has_data = r->is_given = false;
    r->retry_ms = 0;
}

static bool give(sse_reader *r)
{
    if (r->data.len > 0)
        r->data.data[--r->data.len] = '\0';
    if (r->event.len > 0)
        r->event.data[r->event.len] = '\0';
    r->is_given = true;
    return true;
}

/* The length of the line at `text` up to its end, which must be within `len`; SIZE_MAX when it is not. */
static size_t line_length(const char *text, size_t len)
{
    const char *lf = memchr(text, '\n', len);
    size_t most = lf != NULL ? (size_t)(lf - text) : len;
    const char *cr = most != 0 ? memchr(text, '\r', most) : NULL;
    if (cr != NULL)
        return (size_t)(cr - text);
    return lf != NULL ? most : SIZE_MAX;
}

static const char *skip_mark(sse_reader *r, const char *line, size_t *len)
{
    bool has_mark = !r->has_begun && *len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0;
    r->has_begun = true;
    if (!has_mark)
        return line;
    *len -= 3;
    return line + 3;
}

static void set_limits(sse_reader *r)
{
    r->line.limit = r->event.limit = r->data.limit = r->id.limit = SSE_MOST_BYTES;
}

bool sse_read(sse_reader *r, const char *text, size_t len, size_t *used)
{
    *used = 0;
    set_limits(r);
    if (r->is_given)
        clear_event(r);
    while (*used < len && !r->failed) {
        const char *at = text + *used;
        if (r->after_cr && *at == '\n') {
            r->after_cr = false;
            ++*used;
            continue;
        }
        r->after_cr = false;
        size_t length = line_length(at, len - *used);
        bool is_whole = length != SIZE_MAX;
        size_t piece = is_whole ? length : len - *used;
        *used += piece + is_whole;
        const char *line = at;
        if (!is_whole || r->line.len != 0) {
            buf_add(&r->line, at, piece);
            line = r->line.data;
            piece = r->line.len;
        }
        if (is_whole) {
            r->after_cr = at[length] == '\r';
            line = skip_mark(r, line, &piece);
            bool is_end = take_line(r, line, piece);
            r->line.len = 0;
            r->failed = r->line.failed || r->data.failed || r->event.failed || r->id.failed;
            if (is_end && !r->failed)
                return give(r);
        }
        r->failed |= r->line.failed;
    }
    return false;
}

void sse_free(sse_reader *r)
{
    buf_free(&r->line);
    buf_free(&r->event);
    buf_free(&r->data);
    buf_free(&r->id);
}

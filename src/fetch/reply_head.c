#include "fetch/reply_head.h"

#include "base/text.h"

#include <string.h>

static reply_result wrong(reply_head *h, const char *reason)
{
    h->reason = reason;
    return REPLY_WRONG;
}

static bool is_token_byte(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (text_lower(byte) >= 'a' && text_lower(byte) <= 'z') ||
           (byte > ' ' && byte < 0x7f && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_name(const char *text, size_t len, const char *name)
{
    return strlen(name) == len && text_equal_nocase(text, name, len);
}

/* Whether a list in a header has this element. */
static bool has_element(const char *value, size_t len, const char *element)
{
    const char *end = value + len;
    while (value < end) {
        const char *comma = memchr(value, ',', (size_t)(end - value)), *stop = comma != NULL ? comma : end;
        const char *last = stop;
        while (value < last && (*value == ' ' || *value == '\t'))
            value++;
        while (last > value && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        if (is_name(value, (size_t)(last - value), element))
            return true;
        value = stop + 1;
    }
    return false;
}

static reply_result take_length(reply_head *h, const char *value, size_t len)
{
    uint64_t length;
    if (!text_get_u64(value, len, &length) || length > INT64_MAX)
        return wrong(h, "the reply's Content-Length is not a number");
    if (h->has_length && h->length != length)
        return wrong(h, "the reply has two different Content-Length");
    h->has_length = true;
    h->length = length;
    return REPLY_WHOLE;
}

static reply_result take_field(reply_head *h, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - line) : 0;
    for (size_t i = 0; i < name_len; i++)
        if (!is_token_byte((unsigned char)line[i]))
            return wrong(h, "the reply has a header with a bad name");
    if (name_len == 0)
        return wrong(h, "the reply has a header line without a name");
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    size_t value_len = (size_t)(end - value);
    if (memchr(value, '\0', value_len) != NULL || memchr(value, '\r', value_len) != NULL)
        return wrong(h, "the reply has a header with a control character");
    if (is_name(line, name_len, "content-length"))
        return take_length(h, value, value_len);
    if (is_name(line, name_len, "transfer-encoding")) {
        if (h->is_chunked || !is_name(value, value_len, "chunked"))
            return wrong(h, "the reply has an unknown Transfer-Encoding");
        h->is_chunked = true;
    } else if (is_name(line, name_len, "connection")) {
        if (has_element(value, value_len, "close"))
            h->keep_alive = false;
    }
    return REPLY_WHOLE;
}

/* "HTTP/1.1 200 OK"; the reason may be absent, with or without its space. */
static reply_result take_status(reply_head *h, const char *line, size_t len)
{
    if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        (len > 12 && line[12] != ' '))
        return wrong(h, "the reply is not HTTP/1.1");
    uint64_t status;
    if (!text_get_u64(line + 9, 3, &status) || status < 100)
        return wrong(h, "the reply's status is not a number of three digits");
    h->status = (int)status;
    h->keep_alive = line[7] == '1';
    return REPLY_WHOLE;
}

reply_result reply_head_read(reply_head *h, const char *data, size_t len)
{
    *h = (reply_head){0};
    for (size_t at = 0;;) {
        const char *lf = memchr(data + at, '\n', len - at);
        size_t shown = lf != NULL ? (size_t)(lf - data) : len;
        if (at == 0 && shown >= 5 && memcmp(data, "HTTP/", 5) != 0)
            return wrong(h, "the reply is not HTTP");
        if (lf == NULL)
            return REPLY_PARTIAL;
        if (shown == at || data[shown - 1] != '\r')
            return wrong(h, "a line of the reply's head does not end with CR LF");
        size_t line = shown - 1 - at;
        if (line == 0 && at != 0) {
            h->used = shown + 1;
            break;
        }
        reply_result result = at == 0 ? take_status(h, data, line) : take_field(h, data + at, line);
        if (result != REPLY_WHOLE)
            return result;
        at = shown + 1;
        if (h->lines == 0)
            h->lines = at;
    }
    if (h->is_chunked && h->has_length)
        return wrong(h, "the reply has both Transfer-Encoding and Content-Length");
    return REPLY_WHOLE;
}

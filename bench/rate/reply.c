#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void reply_reset(reply *r)
{
    r->state = REPLY_HEAD;
    r->status = 0;
    r->closes = false;
    r->left = r->line_len = r->head_len = 0;
}

/** The value of a header in the head, which ends with a NUL; NULL when it is not there. */
static const char *field(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
    }
    return NULL;
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

/** Reads the whole head: what the body is. */
static reply_result parse_head(reply *r)
{
    if (strncmp(r->head, "HTTP/1.1 ", 9) != 0)
        return REPLY_BROKEN;
    r->status = atoi(r->head + 9);
    const char *connection = field(r->head, "Connection");
    r->closes = connection != NULL && strncasecmp(connection, "close", 5) == 0;
    const char *coding = field(r->head, "Transfer-Encoding"), *length = field(r->head, "Content-Length");
    if (coding != NULL) {
        r->state = REPLY_CHUNK_SIZE;
        return strncasecmp(coding, "chunked", 7) == 0 ? REPLY_MORE : REPLY_BROKEN;
    }
    if (length == NULL && !has_no_body(r->status))
        return REPLY_BROKEN;
    r->left = length == NULL ? 0 : strtoull(length, NULL, 10);
    r->state = REPLY_BODY;
    return r->left == 0 ? REPLY_DONE : REPLY_MORE;
}

/** Collects the head up to its empty line. */
static reply_result take_head(reply *r, const char *data, size_t len, size_t *taken)
{
    size_t room = REPLY_HEAD_BYTES - 1 - r->head_len, before = r->head_len;
    size_t count = len < room ? len : room;
    memcpy(r->head + before, data, count);
    r->head[before + count] = '\0';
    size_t from = before > 3 ? before - 3 : 0;
    const char *end = memmem(r->head + from, before + count - from, "\r\n\r\n", 4);
    if (end == NULL) {
        r->head_len += count;
        *taken = count;
        return count == room ? REPLY_BROKEN : REPLY_MORE;
    }
    r->head_len = (size_t)(end - r->head) + 4;
    r->head[r->head_len] = '\0';
    *taken = r->head_len - before;
    return parse_head(r);
}

static size_t skip(reply *r, size_t len)
{
    size_t count = len < r->left ? len : (size_t)r->left;
    r->left -= count;
    return count;
}

/** One byte of a chunk's size line: its digits are kept where the head was. */
static reply_result take_size_byte(reply *r, char byte)
{
    if (byte != '\n') {
        if (r->line_len < 16)
            r->head[r->line_len++] = byte;
        return REPLY_MORE;
    }
    r->head[r->line_len] = '\0';
    uint64_t size = strtoull(r->head, NULL, 16);
    r->line_len = 0;
    r->left = size + 2;
    r->state = size == 0 ? REPLY_TRAILER : REPLY_CHUNK;
    return REPLY_MORE;
}

static reply_result take_trailer_byte(reply *r, char byte)
{
    if (byte == '\n') {
        bool is_last = r->line_len == 0;
        r->line_len = 0;
        return is_last ? REPLY_DONE : REPLY_MORE;
    }
    if (byte != '\r')
        r->line_len++;
    return REPLY_MORE;
}

static reply_result take_some(reply *r, const char *data, size_t len, size_t *taken)
{
    *taken = 1;
    switch (r->state) {
    case REPLY_HEAD:
        return take_head(r, data, len, taken);
    case REPLY_BODY:
        *taken = skip(r, len);
        return r->left == 0 ? REPLY_DONE : REPLY_MORE;
    case REPLY_CHUNK:
        *taken = skip(r, len);
        if (r->left == 0)
            r->state = REPLY_CHUNK_SIZE;
        return REPLY_MORE;
    case REPLY_CHUNK_SIZE:
        return take_size_byte(r, *data);
    case REPLY_TRAILER:
        return take_trailer_byte(r, *data);
    }
    return REPLY_BROKEN;
}

reply_result reply_take(reply *r, const char *data, size_t len, size_t *taken)
{
    *taken = 0;
    while (*taken < len) {
        size_t count;
        reply_result result = take_some(r, data + *taken, len - *taken, &count);
        *taken += count;
        if (result != REPLY_MORE)
            return result;
    }
    return REPLY_MORE;
}

#include "fetch/attempt.h"

#include "base/text.h"

#include <string.h>

static const char no_memory[] = "out of memory, or past the memory that one request may take";

static void wake(fetch_attempt *a)
{
    if (a->waiting != NULL)
        coro_wake(a->waiting);
}

void attempt_end(fetch_attempt *a, tern_fetch_error error, const char *problem)
{
    if (a->is_done)
        return;
    if (a->error == TERN_FETCH_OK) { /* otherwise the reason why the carrier was made to end */
        a->error = error;
        a->problem = problem;
    }
    a->is_done = true;
    wake(a);
}

static bool refuse(fetch_attempt *a, tern_fetch_error error, const char *problem)
{
    if (a->error == TERN_FETCH_OK) {
        a->error = error;
        a->problem = problem;
    }
    return false;
}

bool attempt_add_line(fetch_attempt *a, const char *line, size_t len)
{
    if (a->head_len + len + 2 > FETCH_HEAD_BYTES)
        return refuse(a, TERN_FETCH_TOO_LARGE, "the reply has more than 64 KiB of headers");
    if (a->head_len + len + 2 > a->head_room) {
        size_t room = 2 * (a->head_len + len + 2) < 512 ? 512 : 2 * (a->head_len + len + 2);
        char *larger = arena_alloc(a->arena, room);
        if (larger == NULL)
            return refuse(a, TERN_FETCH_NO_MEMORY, no_memory);
        if (a->head_len != 0)
            memcpy(larger, a->head, a->head_len);
        a->head = larger;
        a->head_room = room;
    }
    memcpy(a->head + a->head_len, line, len);
    a->head_len += len;
    if (len < 1 || line[len - 1] != '\n') {
        memcpy(a->head + a->head_len, "\r\n", 2);
        a->head_len += 2;
    }
    return true;
}

void attempt_end_head(fetch_attempt *a)
{
    a->has_head = true;
    wake(a);
}

static bool has_room(fetch_attempt *a, size_t bytes)
{
    enum { SMALL = 2048, LEAST = 512 };
    if (bytes <= a->body_room)
        return true;
    if (bytes <= SMALL) {
        size_t room = bytes < LEAST ? LEAST : SMALL;
        char *block = arena_alloc(a->arena, room);
        if (block == NULL)
            return refuse(a, TERN_FETCH_NO_MEMORY, no_memory);
        if (a->body_len != 0)
            memcpy(block, a->body, a->body_len);
        a->body = block;
        a->body_room = room;
        return true;
    }
    bool is_alone = a->body_room > SMALL;
    size_t room = is_alone && 2 * a->body_room > bytes ? 2 * a->body_room : bytes;
    if (room > a->max_bytes + 1)
        room = a->max_bytes + 1;
    char *block = arena_resize(a->arena, is_alone ? a->body : NULL, room);
    if (block == NULL)
        return refuse(a, TERN_FETCH_NO_MEMORY, no_memory);
    if (!is_alone && a->body_len != 0)
        memcpy(block, a->body, a->body_len);
    a->body = block;
    a->body_room = room;
    return true;
}

static bool refuse_size(fetch_attempt *a)
{
    const char *said =
        arena_printf(a->arena, "the reply has more than the %zu bytes of .max_bytes", a->max_bytes);
    return refuse(a, TERN_FETCH_TOO_LARGE, said != NULL ? said : "the reply is too large");
}

bool attempt_expect_body(fetch_attempt *a, uint64_t bytes)
{
    enum { TRUSTED = 64 * 1024 }; /* more is taken when it comes */
    if (a->is_streamed)
        return true;
    if (bytes > a->max_bytes)
        return refuse_size(a);
    return bytes > TRUSTED || has_room(a, (size_t)bytes + 1);
}

bool attempt_add_body(fetch_attempt *a, const char *data, size_t len)
{
    if (a->is_streamed) {
        if (a->read_bytes == a->unread.len)
            a->unread.len = a->read_bytes = 0;
        if (!buf_add(&a->unread, data, len))
            return refuse(a, TERN_FETCH_NO_MEMORY, no_memory);
        wake(a);
        return true;
    }
    if (len > a->max_bytes - a->body_len)
        return refuse_size(a);
    if (!has_room(a, a->body_len + len + 1))
        return false;
    memcpy(a->body + a->body_len, data, len);
    a->body_len += len;
    return true;
}

const char *attempt_header(const fetch_attempt *a, const char *name)
{
    size_t name_len = strlen(name);
    const char *at = a->head, *end = a->head + a->head_len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL)
            break;
        if ((size_t)(stop - at) > name_len && at[name_len] == ':' && text_equal_nocase(at, name, name_len)) {
            const char *value = at + name_len + 1, *last = stop;
            while (value < last && (*value == ' ' || *value == '\t'))
                value++;
            while (last > value && (last[-1] == '\r' || last[-1] == ' ' || last[-1] == '\t'))
                last--;
            const char *copy = arena_text(a->arena, value, (size_t)(last - value));
            return copy != NULL ? copy : "";
        }
        at = stop + 1;
    }
    return "";
}

/* Values of commands, and what is read from replies; a part of every build. */
#include "base/text.h"

#include <tern/redis.h>

#include <string.h>

/* -- values -- */

tern_redis_arg tern_redis_arg_int(int64_t value)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_INT, .integer = value};
}

tern_redis_arg tern_redis_arg_uint(uint64_t value)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_UINT, .natural = value};
}

tern_redis_arg tern_redis_arg_double(double value)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_DOUBLE, .real = value};
}

tern_redis_arg tern_redis_arg_text(const char *text)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_TEXT, .text = {text, text != NULL ? strlen(text) : 0}};
}

tern_redis_arg tern_redis_arg_slice(tern_str text)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_SLICE, .text = text};
}

tern_redis_arg tern_redis_arg_bytes(tern_bytes bytes)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_SLICE, .text = {(const char *)bytes.data, bytes.len}};
}

tern_redis_arg tern_redis_arg_uuid(tern_uuid value)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_UUID, .uuid = value};
}

tern_redis_arg tern_redis_arg_pointer(const void *data)
{
    return (tern_redis_arg){.kind = TERN_REDIS_ARG_POINTER, .text = {data, 0}};
}

/* -- replies -- */

int64_t tern_redis_integer(const tern_redis_reply *reply, int64_t otherwise)
{
    int64_t value;
    if (reply->kind == TERN_REDIS_INTEGER)
        return reply->integer;
    bool is_text = reply->kind == TERN_REDIS_STRING || reply->kind == TERN_REDIS_STATUS;
    return is_text && text_get_i64(reply->text.data, reply->text.len, &value) ? value : otherwise;
}

const tern_redis_reply *tern_redis_field(const tern_redis_reply *reply, const char *name)
{
    size_t len = strlen(name);
    if (reply->kind != TERN_REDIS_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < reply->count; i += 2) {
        tern_str text = reply->items[i].text;
        if (text.data != NULL && text.len == len && memcmp(text.data, name, len) == 0)
            return &reply->items[i + 1];
    }
    return NULL;
}

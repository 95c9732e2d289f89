/* Hot path: the functions that hiredis calls for each item. */
#include "redis/reply.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_ITEM_BYTES = 4, LINE_BYTES = 64 * 1024 };

/* hiredis calls an object of NULL a lack of memory, after which it reads no more. */
static char dropped[1];

/** The place of an item: in its array, or of the whole reply. NULL: it is dropped. */
static tern_redis_reply *item_of(const redisReadTask *task)
{
    reply_reader *r = task->privdata;
    reply_place *place = r->place;
    if (place == NULL || place->reply == NULL || place->is_memory_short)
        return NULL;
    if (task->parent == NULL)
        return place->reply;
    if (task->parent->obj == dropped) /* it was dropped when its array began */
        return NULL;
    const tern_redis_reply *array = task->parent->obj;
    return (tern_redis_reply *)(uintptr_t)&array->items[task->idx]; /* which create_array has made */
}

static arena *arena_of(const redisReadTask *task)
{
    return ((reply_reader *)task->privdata)->place->arena;
}

static void *give_up(const redisReadTask *task)
{
    ((reply_reader *)task->privdata)->place->is_memory_short = true;
    return dropped;
}

static void *create_string(const redisReadTask *task, char *data, size_t len)
{
    tern_redis_reply *item = item_of(task);
    if (item == NULL)
        return dropped;
    char *text = arena_text(arena_of(task), data, len);
    if (text == NULL)
        return give_up(task);
    item->kind = task->type == REDIS_REPLY_STATUS  ? TERN_REDIS_STATUS
                 : task->type == REDIS_REPLY_ERROR ? TERN_REDIS_ERROR
                                                   : TERN_REDIS_STRING;
    item->fault = item->kind == TERN_REDIS_ERROR ? TERN_REDIS_REFUSED : TERN_REDIS_OK;
    item->text = (tern_str){text, len};
    return item;
}

/** An array that promises more items than the rest of the largest reply can have is a lie. */
static bool is_believable(const redisReadTask *task, size_t count)
{
    reply_reader *r = task->privdata;
    if (count <= r->most_bytes / LEAST_ITEM_BYTES)
        return true;
    r->is_too_large = true;
    return false;
}

static void *create_array_of(const redisReadTask *task, size_t count)
{
    if (!is_believable(task, count))
        return NULL; /* ends the reading */
    tern_redis_reply *item = item_of(task);
    if (item == NULL)
        return dropped;
    tern_redis_reply *items = NULL;
    if (count != 0) {
        items = arena_alloc(arena_of(task), count * sizeof *items);
        if (items == NULL)
            return give_up(task);
        memset(items, 0, count * sizeof *items);
    }
    item->kind = TERN_REDIS_ARRAY;
    item->items = items;
    item->count = count;
    return item;
}

static void *create_integer(const redisReadTask *task, long long value)
{
    tern_redis_reply *item = item_of(task);
    if (item == NULL)
        return dropped;
    item->kind = TERN_REDIS_INTEGER;
    item->integer = value;
    return item;
}

static void *create_nil(const redisReadTask *task)
{
    tern_redis_reply *item = item_of(task);
    if (item == NULL)
        return dropped;
    item->kind = TERN_REDIS_NIL;
    return item;
}

static void free_object(void *object)
{
    (void)object; /* it belongs to a request */
}

#if HIREDIS_MAJOR >= 1
static void *create_array(const redisReadTask *task, size_t count)
{
    return create_array_of(task, count);
}

static void *create_double(const redisReadTask *task, double value, char *text, size_t len)
{
    (void)value;
    return create_string(task, text, len);
}

static void *create_bool(const redisReadTask *task, int value)
{
    return create_integer(task, value);
}
#else
static void *create_array(const redisReadTask *task, int count)
{
    return create_array_of(task, count > 0 ? (size_t)count : 0);
}
#endif

static redisReplyObjectFunctions functions = {.createString = create_string,
                                              .createArray = create_array,
                                              .createInteger = create_integer,
                                              .createNil = create_nil,
#if HIREDIS_MAJOR >= 1
                                              .createDouble = create_double,
                                              .createBool = create_bool,
#endif
                                              .freeObject = free_object};

bool redis_reply_reader_open(reply_reader *r, size_t most_bytes)
{
    *r = (reply_reader){.most_bytes = most_bytes};
    r->reader = hiredis.redisReaderCreateWithFunctions(&functions);
    if (r->reader == NULL)
        return false;
    r->reader->privdata = r;
    return true;
}

void redis_reply_reader_close(reply_reader *r)
{
    if (r->reader != NULL)
        hiredis.redisReaderFree(r->reader);
    r->reader = NULL;
}

bool redis_reply_feed(reply_reader *r, const char *data, size_t len)
{
    r->taken += len;
    if (hiredis.redisReaderFeed(r->reader, data, len) == REDIS_OK)
        return true;
    r->problem = "out of memory for a reply";
    return false;
}

static int type_being_read(const redisReader *reader)
{
    if (reader->ridx < 0)
        return 0;
#if HIREDIS_MAJOR >= 1
    return reader->task[reader->ridx]->type;
#else
    return reader->rstack[reader->ridx].type;
#endif
}

/** Whether the item that has begun is a line without an end: hiredis searches it again whenever a piece arrives. */
static bool is_endless_line(const redisReader *reader)
{
    return reader->len - reader->pos > LINE_BYTES &&
           memchr(reader->buf + reader->pos, '\n', LINE_BYTES) == NULL;
}

/** Whether the string that has begun, whose length is at the reader's place, is longer than a reply may be. */
static bool is_too_long(const reply_reader *r)
{
    size_t left = r->reader->len - r->reader->pos, length = 0;
    const char *digits = r->reader->buf + r->reader->pos;
    if (type_being_read(r->reader) != REDIS_REPLY_STRING)
        return false;
    for (size_t i = 0; i < left && digits[i] >= '0' && digits[i] <= '9' && length <= r->most_bytes; i++)
        length = length * 10 + (size_t)(digits[i] - '0');
    return length > r->most_bytes;
}

static reply_step fail(reply_reader *r, const char *problem)
{
    r->problem = problem;
    return REPLY_FAILED;
}

reply_step redis_reply_next(reply_reader *r)
{
    void *object = NULL;
    if (hiredis.redisReaderGetReply(r->reader, &object) != REDIS_OK) {
        if (r->is_too_large)
            return fail(r, "the reply is larger than .max_reply");
        if (strstr(r->reader->errstr, "nested") != NULL)
            return fail(r, "the reply has arrays that are nested too deeply for hiredis (7 levels)");
        return fail(r, r->reader->err == REDIS_ERR_OOM ? "out of memory for a reply"
                                                       : "the server does not speak Redis' protocol");
    }
    if (object != NULL) {
        r->taken = r->reader->len - r->reader->pos;
        return REPLY_COMPLETE;
    }
    if (r->taken > r->most_bytes || is_too_long(r)) {
        r->is_too_large = true;
        return fail(r, "the reply is larger than .max_reply");
    }
    if (is_endless_line(r->reader))
        return fail(r, "the server does not speak Redis' protocol: a line has no end");
    return REPLY_PARTIAL;
}

void redis_reply_set_error(tern_redis_reply *reply, tern_redis_fault fault, const char *text)
{
    *reply = (tern_redis_reply){.kind = TERN_REDIS_ERROR, .fault = fault, .text = {text, strlen(text)}};
}

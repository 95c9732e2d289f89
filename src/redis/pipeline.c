/* Several commands in one round trip, each for itself or as a transaction. */
#include "redis/call.h"

#include "app/ctx.h"
#include "runtime/budget.h"

#include <string.h>

enum { COMMANDS_MOST = 10000, FIRST_ROOM = 8 };

typedef struct pipeline_command {
    command_bytes bytes;
    unsigned slot;
} pipeline_command;

struct tern_redis_pipeline {
    tern_ctx *c;
    pipeline_command *list;
    unsigned count, room;
    redis_client *client;     /* NULL: see `problem` */
    tern_redis_reply problem; /* of the first command that cannot be sent; NIL: none */
    char problem_name[COMMAND_NAME_BYTES];
    bool is_used;
};

tern_redis_pipeline *tern_redis_pipeline_new(tern_ctx *c)
{
    tern_redis_pipeline *p = tern_alloc(c, sizeof *p);
    *p = (tern_redis_pipeline){.c = c};
    p->client = redis_call_client(c, &p->problem);
    return p;
}

static void add(tern_redis_pipeline *p, const command_words *w, bool is_read)
{
    if (p->problem.kind == TERN_REDIS_ERROR)
        return;
    if (p->count == COMMANDS_MOST || p->is_used) {
        redis_call_error(p->c, &p->problem, TERN_REDIS_WRONG, "%s",
                         p->is_used ? "the pipeline was sent already: make another one"
                                    : "more than 10,000 commands in a pipeline: send it in parts");
        return;
    }
    if (p->count == p->room) {
        unsigned room = p->room != 0 ? 2 * p->room : FIRST_ROOM;
        pipeline_command *list = tern_alloc(p->c, room * sizeof *list);
        if (p->count != 0)
            memcpy(list, p->list, p->count * sizeof *list);
        p->list = list;
        p->room = room;
    }
    pipeline_command *k = &p->list[p->count];
    if (redis_call_encode(p->c, w, is_read, &k->bytes, &p->problem)) {
        k->slot = redis_run_slot(p->client, w);
        p->count++;
    }
}

void tern_redis_add_command(tern_redis_pipeline *pipeline, tern_redis_command command)
{
    command_words w;
    bool is_read = redis_command_format(&w, ctx_arena(pipeline->c), command);
    add(pipeline, &w, is_read);
}

void tern_redis_add_argv(tern_redis_pipeline *pipeline, const tern_str *args, size_t count)
{
    command_words w;
    bool is_read = redis_command_take(&w, ctx_arena(pipeline->c), args, count);
    add(pipeline, &w, is_read);
}

/** The first error among replies; NULL without one. */
static const tern_redis_reply *first_error(const tern_redis_reply *replies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (replies[i].kind == TERN_REDIS_ERROR)
            return &replies[i];
    return NULL;
}

/** Begins to send; false when the reply is `p->problem`. */
static bool begin(tern_redis_pipeline *p)
{
    if (p->is_used)
        redis_call_error(p->c, &p->problem, TERN_REDIS_WRONG,
                         "the pipeline was sent already: make another one");
    p->is_used = true;
    budget_spend(BUDGET_STATEMENT);
    return p->problem.kind != TERN_REDIS_ERROR;
}

static tern_redis_reply *new_replies(tern_ctx *c, size_t count)
{
    tern_redis_reply *replies = tern_alloc(c, count * sizeof *replies);
    memset(replies, 0, count * sizeof *replies);
    return replies;
}

/** Whether no command has reached a server: then the array is of no use. */
static bool is_of_connection(const tern_redis_reply *reply)
{
    return reply->fault != TERN_REDIS_REFUSED;
}

static const tern_redis_reply *send_each(tern_redis_pipeline *p, bool fails)
{
    tern_ctx *c = p->c;
    if (!begin(p))
        return redis_call_end(c, &p->problem, "", fails);
    tern_redis_reply *all = new_replies(c, (size_t)p->count + 1), *items = all + 1;
    all->kind = TERN_REDIS_ARRAY;
    all->items = items;
    all->count = p->count;
    if (p->count == 0)
        return all;
    run_command *list = tern_alloc(c, p->count * sizeof *list);
    for (unsigned i = 0; i < p->count; i++)
        list[i] = (run_command){
            .bytes = p->list[i].bytes, .slot = p->list[i].slot, .replies = &items[i], .count = 1};
    redis_run_commands(c, p->client, list, p->count);
    const tern_redis_reply *error = first_error(items, p->count);
    if (error != NULL && (fails || is_of_connection(error)))
        return redis_call_end(c, error, "a pipeline", fails);
    return all;
}

const tern_redis_reply *tern_redis_send(tern_redis_pipeline *pipeline)
{
    return send_each(pipeline, true);
}

const tern_redis_reply *tern_redis_send_try(tern_redis_pipeline *pipeline)
{
    return send_each(pipeline, false);
}

/** MULTI, the commands and EXEC as one piece, so that nothing can come between. */
static command_bytes join(tern_ctx *c, const tern_redis_pipeline *p)
{
    static const char multi[] = "*1\r\n$5\r\nMULTI\r\n", exec[] = "*1\r\n$4\r\nEXEC\r\n";
    size_t len = sizeof multi - 1 + sizeof exec - 1;
    for (unsigned i = 0; i < p->count; i++)
        len += p->list[i].bytes.len;
    char *data = tern_alloc(c, len), *at = data;
    memcpy(at, multi, sizeof multi - 1);
    at += sizeof multi - 1;
    for (unsigned i = 0; i < p->count; i++) {
        memcpy(at, p->list[i].bytes.data, p->list[i].bytes.len);
        at += p->list[i].bytes.len;
    }
    memcpy(at, exec, sizeof exec - 1);
    return (command_bytes){data, len};
}

/** The slot of a transaction: that of its first command with a key. */
static unsigned slot_of(const tern_redis_pipeline *p)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->list[i].slot != CLUSTER_NO_SLOT)
            return p->list[i].slot;
    return CLUSTER_NO_SLOT;
}

static const tern_redis_reply *exec_all(tern_redis_pipeline *p, bool fails)
{
    tern_ctx *c = p->c;
    if (!begin(p))
        return redis_call_end(c, &p->problem, "", fails);
    tern_redis_reply *replies = new_replies(c, (size_t)p->count + 2), *last = &replies[p->count + 1];
    if (p->count == 0) {
        last->kind = TERN_REDIS_ARRAY;
        return last;
    }
    run_command k = {.bytes = join(c, p), .replies = replies, .count = p->count + 2, .slot = slot_of(p)};
    redis_run_commands(c, p->client, &k, 1);
    const tern_redis_reply *error = first_error(replies, p->count + 2);
    if (error == NULL && last->kind == TERN_REDIS_ARRAY && fails)
        error = first_error(last->items, last->count);
    return error != NULL ? redis_call_end(c, error, "a transaction", fails) : last;
}

const tern_redis_reply *tern_redis_exec(tern_redis_pipeline *pipeline)
{
    return exec_all(pipeline, true);
}

const tern_redis_reply *tern_redis_exec_try(tern_redis_pipeline *pipeline)
{
    return exec_all(pipeline, false);
}

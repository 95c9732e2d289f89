/* Public calls of one command. Hot path: tern_redis_with. */
#include "redis/call.h"

#include "app/ctx.h"
#include "base/log_limit.h"
#include "runtime/budget.h"

#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* -- errors -- */

static const struct {
    int status;
    const char *detail;
} answers[] = {
    [TERN_REDIS_WRONG] = {500, NULL},
    [TERN_REDIS_REFUSED] = {500, NULL},
    [TERN_REDIS_AWAY] = {503, "a store that this request needs cannot be reached"},
    [TERN_REDIS_BUSY] = {503, "a store that this request needs is too busy; please try again"},
    [TERN_REDIS_TIMEOUT] = {504, "a store that this request needs did not reply in time"},
    [TERN_REDIS_BROKEN] = {503, "a store that this request needs did not reply properly"},
    [TERN_REDIS_TOO_LARGE] = {500, NULL},
    [TERN_REDIS_NO_MEMORY] = {503, "out of memory"},
};

static _Noreturn void fail(tern_ctx *c, const tern_redis_reply *reply, const char *name)
{
    enum { LINES_A_SECOND = 10 };
    static log_limit limit;
    char label[160];
    if (log_limit_allows(&limit, LINES_A_SECOND, loop_self.now_ms)) {
        int len = reply->text.len < 300 ? (int)reply->text.len : 300;
        tern_log(answers[reply->fault].status == 500 ? TERN_LOG_ERROR : TERN_LOG_WARN,
                 "%s: redis: %s%s%.*s%s", ctx_route_label(c, label, sizeof label), name,
                 name[0] != '\0' ? ": " : "", len, reply->text.data,
                 limit.left_out > 0 ? " (other failures were not logged)" : "");
        limit.left_out = 0;
    }
    ctx_fail(c, answers[reply->fault].status, answers[reply->fault].detail);
}

const tern_redis_reply *redis_call_end(tern_ctx *c, const tern_redis_reply *reply, const char *name,
                                       bool fails)
{
    if (fails && reply->kind == TERN_REDIS_ERROR)
        fail(c, reply, name);
    return reply;
}

void redis_call_error(tern_ctx *c, tern_redis_reply *reply, tern_redis_fault fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(ctx_arena(c), NULL, format, args);
    va_end(args);
    redis_reply_set_error(reply, fault, text != NULL ? text : "out of memory");
}

/* -- one command -- */

redis_client *redis_call_client(tern_ctx *c, tern_redis_reply *reply)
{
    const char *problem;
    tern_redis_fault fault;
    redis_client *client = redis_client_get(c->app, &problem, &fault);
    if (client == NULL)
        redis_call_error(c, reply, fault, "%s", problem + strlen("redis: ")); /* as at start */
    return client;
}

bool redis_call_encode(tern_ctx *c, const command_words *w, bool is_read, command_bytes *out,
                       tern_redis_reply *reply)
{
    char name[COMMAND_NAME_BYTES];
    const char *refusal = is_read ? redis_command_refusal(w) : NULL;
    *out = (command_bytes){0};
    if (is_read && refusal != NULL) {
        redis_command_name(w, name);
        redis_call_error(c, reply, TERN_REDIS_WRONG, "%s is not taken: %s", name, refusal);
        return false;
    }
    if (is_read)
        *out = redis_command_encode(w);
    if (out->data != NULL)
        return true;
    if (w->problem != NULL && !w->is_memory_short)
        redis_call_error(c, reply, TERN_REDIS_WRONG, "%s", w->problem);
    else
        redis_reply_set_error(reply, TERN_REDIS_NO_MEMORY,
                              "out of memory, or past the memory that one request may take");
    return false;
}

static const tern_redis_reply *run(tern_ctx *c, const command_words *w, bool is_read, bool fails)
{
    char name[COMMAND_NAME_BYTES] = "";
    tern_redis_reply *reply = tern_alloc(c, sizeof *reply);
    run_command k = {.replies = reply, .count = 1};
    memset(reply, 0, sizeof *reply);
    redis_client *client = redis_call_client(c, reply);
    if (client != NULL && redis_call_encode(c, w, is_read, &k.bytes, reply)) {
        k.slot = redis_run_slot(client, w);
        redis_run_commands(c, client, &k, 1);
        if (reply->kind == TERN_REDIS_ERROR)
            redis_command_name(w, name);
    }
    return redis_call_end(c, reply, name, fails);
}

const tern_redis_reply *tern_redis_with(tern_ctx *c, tern_redis_command command, bool fails)
{
    command_words w;
    budget_spend(BUDGET_STATEMENT);
    bool is_read = redis_command_format(&w, ctx_arena(c), command);
    return run(c, &w, is_read, fails);
}

static const tern_redis_reply *run_argv(tern_ctx *c, const tern_str *args, size_t count, bool fails)
{
    command_words w;
    budget_spend(BUDGET_STATEMENT);
    bool is_read = redis_command_take(&w, ctx_arena(c), args, count);
    return run(c, &w, is_read, fails);
}

const tern_redis_reply *tern_redis_argv(tern_ctx *c, const tern_str *args, size_t count)
{
    return run_argv(c, args, count, true);
}

const tern_redis_reply *tern_redis_argv_try(tern_ctx *c, const tern_str *args, size_t count)
{
    return run_argv(c, args, count, false);
}

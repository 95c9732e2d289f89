/* Lua scripts, by their hash while the server knows it. */
#include "crypto/sha1.h"
#include "redis/call.h"

#include "app/ctx.h"
#include "runtime/budget.h"

#include <string.h>

static bool is_unknown(const tern_redis_reply *reply)
{
    return reply->kind == TERN_REDIS_ERROR && reply->fault == TERN_REDIS_REFUSED && reply->text.len >= 8 &&
           memcmp(reply->text.data, "NOSCRIPT", 8) == 0;
}

/** The words of EVALSHA or EVAL before those of the caller; NULL when out of memory. */
static tern_str *words_after(tern_ctx *c, const command_words *given)
{
    tern_str *words = arena_alloc(ctx_arena(c), (given->count + 2) * sizeof *words);
    if (words != NULL)
        memcpy(words + 2, given->list, given->count * sizeof *words);
    return words;
}

static void run(tern_ctx *c, redis_client *client, tern_str *words, size_t count, tern_redis_reply *reply)
{
    command_words w;
    run_command k = {.replies = reply, .count = 1};
    memset(reply, 0, sizeof *reply);
    bool is_read = redis_command_take(&w, ctx_arena(c), words, count);
    if (!redis_call_encode(c, &w, is_read, &k.bytes, reply))
        return;
    k.slot = redis_run_slot(client, &w);
    redis_run_commands(c, client, &k, 1);
}

const tern_redis_reply *tern_redis_script_with(tern_ctx *c, tern_redis_lua *script,
                                               tern_redis_command command, bool fails)
{
    command_words given;
    budget_spend(BUDGET_STATEMENT);
    tern_redis_reply *reply = tern_alloc(c, sizeof *reply);
    memset(reply, 0, sizeof *reply);
    redis_client *client = redis_call_client(c, reply);
    if (client == NULL)
        return redis_call_end(c, reply, "EVALSHA", fails);
    command_bytes unused;
    if (!redis_command_format(&given, ctx_arena(c), command)) {
        redis_call_encode(c, &given, false, &unused, reply);
        return redis_call_end(c, reply, "EVALSHA", fails);
    }
    tern_str *words = words_after(c, &given);
    if (words == NULL) {
        redis_reply_set_error(reply, TERN_REDIS_NO_MEMORY, "out of memory");
        return redis_call_end(c, reply, "EVALSHA", fails);
    }
    if (script->sha1[0] == '\0')
        sha1_hex(script->text, strlen(script->text), script->sha1);
    words[0] = (tern_str){"EVALSHA", 7};
    words[1] = (tern_str){script->sha1, SHA1_HEX_BYTES - 1};
    run(c, client, words, given.count + 2, reply);
    if (is_unknown(reply)) {
        words[0] = (tern_str){"EVAL", 4};
        words[1] = (tern_str){script->text, strlen(script->text)};
        run(c, client, words, given.count + 2, reply);
    }
    return redis_call_end(c, reply, "EVALSHA", fails);
}

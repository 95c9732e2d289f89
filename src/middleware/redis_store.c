/**
 * The store of tern_cache and tern_idempotency in Redis, for services on several machines.
 *
 * A purge is a mark with the time of the server that has all marks: they have one hash tag, so in a cluster that is
 * one node, and clocks of different machines are never compared.
 */
#include "middleware/cache.h"

#include <tern/redis.h>

#include <string.h>

enum { NAMES_MAX = 64 };

/* A mark is kept for as long as any entry may be. */
static const uint64_t LONGEST_MS = 30ull * 24 * 60 * 60 * 1000;

static tern_redis_lua replace_script =
    TERN_REDIS_LUA("if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
                   "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1");
static tern_redis_lua remove_script = TERN_REDIS_LUA(
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('DEL', KEYS[1])");
static tern_redis_lua moment_script =
    TERN_REDIS_LUA("local t = redis.call('TIME') return tonumber(t[1]) * 1000000 + tonumber(t[2])");
static tern_redis_lua purge_script =
    TERN_REDIS_LUA("local t = redis.call('TIME') "
                   "return redis.call('SET', KEYS[1], string.format('%.0f', t[1] * 1000000 + t[2]), 'PX', ARGV[1])");

static void prepare(tern_app *app, tern_store *store)
{
    (void)store;
    tern_redis_setup_with(app, NULL);
}

static const char *prefix_of(const tern_store *store)
{
    return store->arg;
}

static tern_stored outcome_of(const tern_redis_reply *reply)
{
    return reply->kind == TERN_REDIS_ERROR ? TERN_STORED_AWAY : TERN_STORED;
}

static uint64_t stay_ms(tern_stay stay)
{
    return stay.ms == 0 || stay.ms > LONGEST_MS ? LONGEST_MS : stay.ms;
}

static tern_stored get(tern_ctx *c, const tern_store *store, tern_str key, tern_str *value)
{
    const tern_redis_reply *reply = tern_redis_try(c, "GET %s%b", prefix_of(store), key);
    if (reply->kind == TERN_REDIS_NIL)
        return TERN_STORED_NOT;
    *value = reply->text;
    return outcome_of(reply);
}

static tern_stored put(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    return outcome_of(tern_redis_try(c, "SET %s%b %b PX %llu", prefix_of(store), key, value, stay_ms(stay)));
}

static tern_stored add(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    const tern_redis_reply *reply =
        tern_redis_try(c, "SET %s%b %b PX %llu NX", prefix_of(store), key, value, stay_ms(stay));
    return reply->kind == TERN_REDIS_NIL ? TERN_STORED_NOT : outcome_of(reply);
}

static tern_stored changed(const tern_redis_reply *reply)
{
    return reply->kind == TERN_REDIS_ERROR ? TERN_STORED_AWAY : reply->integer != 0 ? TERN_STORED : TERN_STORED_NOT;
}

static tern_stored replace(tern_ctx *c, const tern_store *store, tern_str key, tern_str old, tern_str value,
                           tern_stay stay)
{
    return changed(tern_redis_script_try(c, &replace_script, "1 %s%b %b %b %llu", prefix_of(store), key, old, value,
                                         stay_ms(stay)));
}

static tern_stored delete_value(tern_ctx *c, const tern_store *store, tern_str key, tern_str old)
{
    if (old.data == NULL)
        return changed(tern_redis_try(c, "DEL %s%b", prefix_of(store), key));
    return changed(tern_redis_script_try(c, &remove_script, "1 %s%b %b", prefix_of(store), key, old));
}

static tern_stored moment(tern_ctx *c, const tern_store *store, uint64_t *now)
{
    const tern_redis_reply *reply =
        tern_redis_script_try(c, &moment_script, "1 {%spurges}", prefix_of(store));
    *now = (uint64_t)tern_redis_integer(reply, 0);
    return outcome_of(reply);
}

static tern_stored purge(tern_ctx *c, const tern_store *store, tern_str name)
{
    return outcome_of(tern_redis_script_try(c, &purge_script, "1 {%spurges}%b %llu", prefix_of(store), name, LONGEST_MS));
}

static tern_stored is_purged(tern_ctx *c, const tern_store *store, const tern_str *names, unsigned count,
                             uint64_t since)
{
    tern_str args[NAMES_MAX + 1] = {TERN_STR("MGET")};
    count = count < NAMES_MAX ? count : NAMES_MAX;
    for (unsigned i = 0; i < count; i++) {
        const char *key = tern_sprintf(c, "{%spurges}%.*s", prefix_of(store), (int)names[i].len, names[i].data);
        args[i + 1] = (tern_str){key, strlen(key)};
    }
    const tern_redis_reply *marks = tern_redis_argv_try(c, args, count + 1);
    if (marks->kind != TERN_REDIS_ARRAY)
        return TERN_STORED_AWAY;
    for (size_t i = 0; i < marks->count; i++) /* one of the same microsecond counts as a later one */
        if ((uint64_t)tern_redis_integer(&marks->items[i], 0) >= since)
            return TERN_STORED;
    return TERN_STORED_NOT;
}

tern_store *tern_redis_store_with(const tern_redis_store_options *options)
{
    const char *prefix = options->prefix != NULL ? options->prefix : "tern:";
    const tern_store store = {.name = "redis",
                              .prepare = prepare,
                              .get = get,
                              .put = put,
                              .add = add,
                              .replace = replace,
                              .remove = delete_value,
                              .moment = moment,
                              .purge = purge,
                              .is_purged = is_purged,
                              .arg = (void *)(uintptr_t)prefix};
    return tern_keep(&store, sizeof store);
}

/** Values of handlers in the store of the cache. */
#include "middleware/cache.h"

#include <string.h>

enum { WAIT_MS = 5000 };

static tern_str value_key(tern_ctx *c, const char *key)
{
    const char *text = tern_sprintf(c, "v%s", key);
    return (tern_str){text, strlen(text)};
}

tern_str tern_cache_get(tern_ctx *c, const char *key)
{
    const tern_store *store = cache_store_of(c);
    tern_str value;
    return store->get(c, store, value_key(c, key), &value) == TERN_STORED ? value : (tern_str){0};
}

bool tern_cache_put(tern_ctx *c, const char *key, tern_str value, unsigned ttl_s)
{
    const tern_store *store = cache_store_of(c);
    return store->put(c, store, value_key(c, key), value, (tern_stay){.ms = (uint64_t)ttl_s * 1000}) ==
           TERN_STORED;
}

bool tern_cache_delete(tern_ctx *c, const char *key)
{
    const tern_store *store = cache_store_of(c);
    return store->remove(c, store, value_key(c, key), (tern_str){0}) == TERN_STORED;
}

static tern_str make(tern_ctx *c, tern_str key, unsigned ttl_s, tern_cached_maker *maker, void *arg)
{
    const tern_store *store = cache_store_of(c);
    tern_str made = maker(c, arg);
    if (made.data != NULL)
        store->put(c, store, key, made, (tern_stay){.ms = (uint64_t)ttl_s * 1000});
    return made;
}

tern_str tern_cached(tern_ctx *c, const char *key, unsigned ttl_s, tern_cached_maker *maker, void *arg)
{
    const tern_store *store = cache_store_of(c);
    tern_str name = value_key(c, key), value;
    tern_stored outcome = store->get(c, store, name, &value);
    if (outcome == TERN_STORED)
        return value;
    if (outcome == TERN_STORED_AWAY)
        return maker(c, arg);
    cache_flight *flight = cache_flight_join(c, store, name, WAIT_MS);
    while (cache_flight_turn(flight) == CACHE_LOOK)
        if (store->get(c, store, name, &value) == TERN_STORED) {
            cache_flight_end(flight);
            return value;
        }
    value = make(c, name, ttl_s, maker, arg); /* in its turn, or alone */
    cache_flight_end(flight);
    return value;
}

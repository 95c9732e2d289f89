/** The store of tern_cache and tern_idempotency in memory that the workers share. */
#include "middleware/cache.h"

#include <tern/shared.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PURGE_SLOTS = 8192, SCRATCH_BYTES = 64 * 1024 };

/* In shared memory. A purge is a number in the slot of its name: names that share a slot are purged together,
 * which does no harm. */
typedef struct purge_table {
    _Atomic uint64_t count;
    _Atomic uint64_t slots[PURGE_SLOTS];
} purge_table;

typedef struct memory {
    tern_memory_store_options options;
    char name[40];
    tern_shared_store *values;
    purge_table *purges;
} memory;

static void prepare(tern_app *app, tern_store *store)
{
    memory *m = store->arg;
    char purges[48];
    if (m->values != NULL)
        return;
    snprintf(purges, sizeof purges, "%s.purges", m->name);
    m->values = tern_shared_store_new(m->name, .bytes = m->options.bytes, .value_bytes = m->options.value_bytes);
    if (m->values == NULL && errno == EEXIST)
        tern_mistake(app, "tern_memory_store: two stores named \"%s\" have different sizes: give one another .name",
                     m->name);
    else if (m->values == NULL)
        tern_mistake(app, "tern_memory_store: the shared memory of \"%s\" (.bytes = %zu) cannot be made: %s", m->name,
                     m->options.bytes, strerror(errno));
    m->purges = tern_shared_memory_new(purges, sizeof *m->purges);
    if (m->purges == NULL)
        tern_mistake(app, "tern_memory_store: the shared memory of \"%s\" cannot be made: %s", purges,
                     strerror(errno));
}

static tern_stored get(tern_ctx *c, const tern_store *store, tern_str key, tern_str *value)
{
    static char scratch[SCRATCH_BYTES]; /* nothing waits while it is in use */
    memory *m = store->arg;
    char *to = scratch;
    size_t size = sizeof scratch, len;
    for (;;) {
        if (!tern_shared_store_get(m->values, key.data, key.len, to, size, &len))
            return TERN_STORED_NOT;
        if (len <= size)
            break;
        size = len; /* another worker may have stored a longer one meanwhile */
        to = tern_alloc(c, size + 1);
    }
    if (to == scratch) {
        to = tern_alloc(c, len + 1);
        memcpy(to, scratch, len);
    }
    to[len] = '\0';
    *value = (tern_str){to, len};
    return TERN_STORED;
}

static tern_stored put(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    (void)c;
    memory *m = store->arg;
    return tern_shared_store_put(m->values, key.data, key.len, value.data, value.len, stay);
}

static tern_stored add(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay)
{
    (void)c;
    memory *m = store->arg;
    return tern_shared_store_add(m->values, key.data, key.len, value.data, value.len, stay);
}

static tern_stored replace(tern_ctx *c, const tern_store *store, tern_str key, tern_str old, tern_str value,
                           tern_stay stay)
{
    (void)c;
    memory *m = store->arg;
    return tern_shared_store_replace(m->values, key.data, key.len, old.data, old.len, value.data, value.len, stay);
}

static tern_stored delete_value(tern_ctx *c, const tern_store *store, tern_str key, tern_str old)
{
    (void)c;
    memory *m = store->arg;
    return tern_shared_store_delete(m->values, key.data, key.len, old.data, old.len);
}

static _Atomic uint64_t *slot_of(memory *m, tern_str name)
{
    return &m->purges->slots[cache_hash(name.data, name.len, 0) % PURGE_SLOTS];
}

static tern_stored moment(tern_ctx *c, const tern_store *store, uint64_t *count)
{
    (void)c;
    memory *m = store->arg;
    *count = atomic_load_explicit(&m->purges->count, memory_order_acquire);
    return TERN_STORED;
}

static tern_stored purge(tern_ctx *c, const tern_store *store, tern_str name)
{
    (void)c;
    memory *m = store->arg;
    uint64_t number = atomic_fetch_add(&m->purges->count, 1) + 1;
    _Atomic uint64_t *slot = slot_of(m, name);
    uint64_t old = atomic_load(slot);
    while (old < number && !atomic_compare_exchange_weak(slot, &old, number))
        ;
    return TERN_STORED;
}

static tern_stored is_purged(tern_ctx *c, const tern_store *store, const tern_str *names, unsigned count,
                             uint64_t since)
{
    (void)c;
    memory *m = store->arg;
    if (atomic_load_explicit(&m->purges->count, memory_order_acquire) == since)
        return TERN_STORED_NOT;
    for (unsigned i = 0; i < count; i++)
        if (atomic_load_explicit(slot_of(m, names[i]), memory_order_acquire) > since)
            return TERN_STORED;
    return TERN_STORED_NOT;
}

tern_store *tern_memory_store_with(const tern_memory_store_options *options)
{
    memory m = {.options = *options};
    snprintf(m.name, sizeof m.name, "%s", options->name != NULL ? options->name : "cache");
    tern_store store = {.name = "memory",
                        .prepare = prepare,
                        .get = get,
                        .put = put,
                        .add = add,
                        .replace = replace,
                        .remove = delete_value,
                        .moment = moment,
                        .purge = purge,
                        .is_purged = is_purged,
                        .is_local = true,
                        .arg = tern_keep(&m, sizeof m)};
    return store.arg != NULL ? tern_keep(&store, sizeof store) : NULL;
}

/* -- which store -- */

static tern_store *default_store;     /* tern_memory_store() */
static const tern_store *first_store; /* of tern_cache_in, or of the first piece */
static const tern_store *used[CACHE_STORES_MAX];
static unsigned used_count;

static void note_use(tern_app *app, const tern_store *store)
{
    for (unsigned i = 0; i < used_count; i++)
        if (used[i] == store)
            return;
    if (used_count == CACHE_STORES_MAX)
        tern_mistake(app, "tern_cache: more than %d stores are in use: let pieces share them", CACHE_STORES_MAX);
    else
        used[used_count++] = store;
}

unsigned cache_stores(const tern_store *const **list)
{
    *list = used;
    return used_count;
}

tern_store *cache_store_prepare(tern_app *app, tern_store *own)
{
    if (own == NULL && default_store == NULL)
        default_store = tern_memory_store();
    tern_store *store = own != NULL ? own : default_store;
    if (store == NULL) {
        tern_mistake(app, "tern_cache: there is not enough memory");
        return NULL;
    }
    if (store->prepare != NULL)
        store->prepare(app, store);
    if (first_store == NULL)
        first_store = store;
    note_use(app, store);
    return store;
}

void tern_cache_in(tern_app *app, tern_store *store)
{
    first_store = cache_store_prepare(app, store);
}

const tern_store *cache_store_of(tern_ctx *c)
{
    if (first_store == NULL)
        tern_fail(c, 500, "the application has no cache: call tern_cache_in(app, tern_memory_store()) in main");
    return first_store;
}

uint64_t cache_now_ms(const tern_store *store)
{
    /* the monotonic clock, which nobody sets, is the same for all processes of one machine only */
    struct timespec now;
    clock_gettime(store->is_local ? CLOCK_MONOTONIC_COARSE : CLOCK_REALTIME_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

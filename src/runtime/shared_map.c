/*
 * A hash map in shared memory, divided into stripes with a lock each.
 *
 * A key belongs to one stripe and, in it, to two buckets of a few slots, so every operation looks at a fixed
 * number of slots under one lock. Two buckets to choose from fill evenly: with half as many slots
 * again as entries, nearly nothing has to go before the map is full.
 *
 * Crash consistency: the locks are robust, so the next process to take a lock learns that its holder died.
 * A slot is marked SLOT_WRITING before its bytes change and SLOT_LIVE after, and after a death the slots still
 * being written are dropped; every other one is whole. An update of an existing entry is either whole or has not
 * happened: the new value is in the stripe's scratch before `redo` names its slot, so that the next holder of
 * the lock can finish the copying.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "runtime/shared.h"
#include "runtime/unwind.h"

#include <tern/shared.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BUCKET_SLOTS = 8,
    STRIPE_ENTRIES = 256, /* a stripe has at least this many, so that stripes fill alike */
    MOST_STRIPES = 64,
    DEFAULT_KEY_BYTES = 64,
    DEFAULT_VALUE_BYTES = 256
};

static const uint64_t NEVER = UINT64_MAX;

/* How many bytes a map may have in all: far above any use, far below overflow. */
static const size_t MOST_BYTES = (size_t)1 << 40;

typedef enum slot_state { SLOT_EMPTY, SLOT_WRITING, SLOT_LIVE } slot_state;

typedef struct slot {
    _Atomic uint32_t state; /* slot_state */
    uint32_t key_len;
    uint32_t value_len;
    uint32_t tag;      /* bits of the hash, so that most other keys are ruled out without reading them */
    uint64_t until_ms; /* on the monotonic clock, which all processes of a machine share; NEVER */
    char bytes[];      /* the key in its whole room, then the value */
} slot;

/* In shared memory, as are the next two. */
typedef struct map_stripe {
    _Alignas(64) pthread_mutex_t mutex;
    _Atomic uint64_t redo; /* the slot, counted from 1, that gets the value in `scratch`; 0: none */
    uint64_t redo_until_ms;
    size_t redo_len;
} map_stripe;

typedef struct map_head {
    siphash_key key;
    map_stripe stripes[];
} map_head;

/* Private to the process; all that it points to is shared, except for `scratch`. */
struct tern_shared_map {
    map_head *head;
    char *slots;
    size_t entries, key_bytes, value_bytes;
    size_t key_room, value_room, slot_bytes; /* rounded up to 8 */
    size_t stripes, buckets;                 /* buckets of a stripe */
    char *scratch;                           /* value_bytes for each stripe: what `change` edits */
};

/* A key and where it belongs. */
typedef struct place {
    const void *key;
    size_t key_len;
    size_t stripe;
    size_t buckets[2];
    uint32_t tag;
} place;

static place place_of(const tern_shared_map *map, const void *key, size_t key_len)
{
    uint64_t hash = siphash_1_3(&map->head->key, key, key_len);
    size_t first = (size_t)(hash >> 8 & 0xffffff) % map->buckets;
    size_t second = (size_t)(hash >> 32 & 0xffffff) % map->buckets;
    if (second == first)
        second = (first + 1) % map->buckets;
    return (place){
        key, key_len, (size_t)(hash & 0xff) % map->stripes, {first, second}, (uint32_t)(hash >> 32)};
}

static slot *slot_of_number(const tern_shared_map *map, uint64_t number)
{
    return (slot *)(void *)(map->slots + number * map->slot_bytes);
}

static slot *slot_at(const tern_shared_map *map, size_t stripe, size_t bucket, size_t nth)
{
    return slot_of_number(map, (stripe * map->buckets + bucket) * BUCKET_SLOTS + nth);
}

static char *scratch_of(const tern_shared_map *map, size_t stripe)
{
    return map->scratch + stripe * map->value_room;
}

static slot_state state_of(const slot *s)
{
    return (slot_state)atomic_load_explicit(&s->state, memory_order_relaxed);
}

/* Sets the state between the stores before and those after it. A death is seen by others only once the dead
 * process's stores are all visible, so it is the compiler alone that must not move them. */
static void set_state(slot *s, slot_state state)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&s->state, state, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
}

/* -- locking -- */

/* Copies the value in the stripe's scratch to the slot that `redo` names. A death at any point of it is followed
 * by the same again. */
static void redo(const tern_shared_map *map, size_t stripe, uint64_t number)
{
    const map_stripe *from = &map->head->stripes[stripe];
    slot *s = slot_of_number(map, number);
    if (from->redo_len != 0)
        memcpy(s->bytes + map->key_room, scratch_of(map, stripe), from->redo_len);
    s->value_len = (uint32_t)from->redo_len;
    s->until_ms = from->redo_until_ms;
}

static void set_redo(map_stripe *stripe, uint64_t number)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&stripe->redo, number, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
}

/* After a death: an update is finished, and any other slot that was being written is dropped. */
static void mend(const tern_shared_map *map, size_t stripe)
{
    uint64_t number = atomic_load_explicit(&map->head->stripes[stripe].redo, memory_order_relaxed);
    if (number != 0)
        redo(map, stripe, number - 1);
    set_redo(&map->head->stripes[stripe], 0);
    for (size_t bucket = 0; bucket < map->buckets; bucket++)
        for (size_t i = 0; i < BUCKET_SLOTS; i++) {
            slot *s = slot_at(map, stripe, bucket, i);
            if (state_of(s) == SLOT_WRITING)
                set_state(s, SLOT_EMPTY);
        }
}

/* False when this process holds the lock already: `change` called its own map. */
static bool lock_stripe(const tern_shared_map *map, size_t stripe)
{
    pthread_mutex_t *mutex = &map->head->stripes[stripe].mutex;
    int error = pthread_mutex_lock(mutex);
    if (error == EOWNERDEAD) {
        mend(map, stripe);
        error = pthread_mutex_consistent(mutex);
    }
    return error == 0;
}

static void unlock_stripe(const tern_shared_map *map, size_t stripe)
{
    pthread_mutex_unlock(&map->head->stripes[stripe].mutex);
}

/* -- making -- */

static size_t round_up(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* Lays a map out; returns the bytes of its region, 0 when the options make no sense. */
static size_t lay_out(tern_shared_map *map, const tern_shared_map_options *options)
{
    map->entries = options->entries;
    map->key_bytes = options->key_bytes != 0 ? options->key_bytes : DEFAULT_KEY_BYTES;
    map->value_bytes = options->value_bytes != 0 ? options->value_bytes : DEFAULT_VALUE_BYTES;
    if (map->entries == 0 || map->entries > MOST_BYTES || map->key_bytes > UINT32_MAX / 2 ||
        map->value_bytes > UINT32_MAX / 2)
        return 0;
    map->key_room = round_up(map->key_bytes);
    map->value_room = round_up(map->value_bytes);
    map->slot_bytes = sizeof(slot) + map->key_room + map->value_room;
    map->stripes = map->entries / STRIPE_ENTRIES;
    if (map->stripes < 1)
        map->stripes = 1;
    if (map->stripes > MOST_STRIPES)
        map->stripes = MOST_STRIPES;
    size_t slots_wanted = map->entries + map->entries / 2;
    size_t slots_of_stripe = map->stripes * BUCKET_SLOTS;
    map->buckets = (slots_wanted + slots_of_stripe - 1) / slots_of_stripe;
    size_t slots = map->buckets * slots_of_stripe, bytes;
    if (__builtin_mul_overflow(slots, map->slot_bytes, &bytes) || bytes > MOST_BYTES)
        return 0;
    return sizeof(map_head) + map->stripes * (sizeof(map_stripe) + map->value_room) + bytes;
}

/** False with errno set. */
static bool prepare(map_head *head, size_t stripes)
{
    pthread_mutexattr_t attributes;
    if (!random_bytes(&head->key, sizeof head->key))
        return false;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    int error = 0;
    for (size_t i = 0; i < stripes && error == 0; i++)
        error = pthread_mutex_init(&head->stripes[i].mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    if (error != 0)
        errno = error;
    return error == 0;
}

static bool is_same_map(const tern_shared_map *a, const tern_shared_map *b)
{
    return a->entries == b->entries && a->key_bytes == b->key_bytes && a->value_bytes == b->value_bytes;
}

tern_shared_map *tern_shared_map_new_with(const char *name, const tern_shared_map_options *options)
{
    tern_shared_map wanted = {0};
    size_t bytes = lay_out(&wanted, options);
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    shared_region *region = shared_region_open(name, SHARED_MAP, bytes);
    if (region == NULL)
        return NULL;
    if (region->handle != NULL) {
        bool is_same = is_same_map(region->handle, &wanted);
        errno = is_same ? 0 : EEXIST;
        return is_same ? region->handle : NULL;
    }
    tern_shared_map *map = mem_alloc(sizeof *map);
    if (map == NULL || !prepare(region->memory, wanted.stripes)) {
        int reason = map != NULL ? errno : ENOMEM;
        mem_free(map);
        shared_region_drop(region);
        errno = reason;
        return NULL;
    }
    wanted.head = region->memory;
    wanted.scratch = (char *)region->memory + sizeof(map_head) + wanted.stripes * sizeof(map_stripe);
    wanted.slots = wanted.scratch + wanted.stripes * wanted.value_room;
    *map = wanted;
    region->handle = map;
    return map;
}

/* -- looking and writing, under the stripe's lock -- */

static bool is_alive(const slot *s, uint64_t now_ms)
{
    return state_of(s) == SLOT_LIVE && s->until_ms > now_ms;
}

/* The slot of the key, expired or not; NULL without one. */
static slot *find_slot(const tern_shared_map *map, const place *where)
{
    for (size_t b = 0; b < 2; b++) {
        slot *s = slot_at(map, where->stripe, where->buckets[b], 0);
        for (size_t i = 0; i < BUCKET_SLOTS; i++, s = (slot *)(void *)((char *)s + map->slot_bytes))
            if (s->tag == where->tag && state_of(s) == SLOT_LIVE && s->key_len == where->key_len &&
                memcmp(s->bytes, where->key, where->key_len) == 0)
                return s;
    }
    return NULL;
}

/* A slot for a new key, in the emptier of its buckets: an empty or expired one, or else the one that expires
 * soonest. */
static slot *make_room(const tern_shared_map *map, const place *where, uint64_t now_ms)
{
    slot *free_slots[2] = {NULL, NULL}, *soonest = NULL;
    size_t free_count[2] = {0, 0};
    for (size_t b = 0; b < 2; b++)
        for (size_t i = 0; i < BUCKET_SLOTS; i++) {
            slot *s = slot_at(map, where->stripe, where->buckets[b], i);
            if (!is_alive(s, now_ms)) {
                free_slots[b] = s;
                free_count[b]++;
            } else if (soonest == NULL || s->until_ms < soonest->until_ms) {
                soonest = s;
            }
        }
    slot *emptier = free_slots[free_count[1] > free_count[0]];
    return emptier != NULL ? emptier : soonest;
}

static void write_slot(const tern_shared_map *map, slot *s, const place *where, const void *value,
                       size_t value_len, uint64_t until_ms)
{
    set_state(s, SLOT_WRITING);
    memcpy(s->bytes, where->key, where->key_len);
    s->key_len = (uint32_t)where->key_len;
    s->tag = where->tag;
    if (value_len != 0)
        memcpy(s->bytes + map->key_room, value, value_len);
    s->value_len = (uint32_t)value_len;
    s->until_ms = until_ms;
    set_state(s, SLOT_LIVE);
}

/* Gives a live slot the value in the stripe's scratch: whole, whenever the process dies. */
static void overwrite(const tern_shared_map *map, slot *s, size_t stripe, size_t value_len, uint64_t until_ms)
{
    map_stripe *from = &map->head->stripes[stripe];
    from->redo_len = value_len;
    from->redo_until_ms = until_ms;
    uint64_t number = (uint64_t)((size_t)((char *)s - map->slots) / map->slot_bytes);
    set_redo(from, number + 1);
    redo(map, stripe, number);
    set_redo(from, 0);
}

static uint64_t end_of(uint64_t now_ms, uint64_t ttl_ms)
{
    uint64_t until_ms;
    return ttl_ms == 0 || __builtin_add_overflow(now_ms, ttl_ms, &until_ms) ? NEVER : until_ms;
}

/* -- the operations -- */

bool tern_shared_map_put(tern_shared_map *map, const void *key, size_t key_len, const void *value,
                         size_t value_len, uint64_t ttl_ms)
{
    if (key_len > map->key_bytes || value_len > map->value_bytes)
        return false;
    place where = place_of(map, key, key_len);
    if (!lock_stripe(map, where.stripe))
        return false;
    uint64_t now_ms = clock_coarse_ms();
    slot *s = find_slot(map, &where);
    if (s == NULL)
        s = make_room(map, &where, now_ms);
    write_slot(map, s, &where, value, value_len, end_of(now_ms, ttl_ms));
    unlock_stripe(map, where.stripe);
    return true;
}

bool tern_shared_map_get(tern_shared_map *map, const void *key, size_t key_len, void *value, size_t size,
                         size_t *value_len)
{
    if (key_len > map->key_bytes)
        return false;
    place where = place_of(map, key, key_len);
    if (!lock_stripe(map, where.stripe))
        return false;
    const slot *s = find_slot(map, &where);
    bool is_found = s != NULL && is_alive(s, clock_coarse_ms());
    if (is_found) {
        size_t copied = s->value_len < size ? s->value_len : size;
        if (copied != 0)
            memcpy(value, s->bytes + map->key_room, copied);
        if (value_len != NULL)
            *value_len = s->value_len;
    }
    unlock_stripe(map, where.stripe);
    return is_found;
}

bool tern_shared_map_delete(tern_shared_map *map, const void *key, size_t key_len)
{
    if (key_len > map->key_bytes)
        return false;
    place where = place_of(map, key, key_len);
    if (!lock_stripe(map, where.stripe))
        return false;
    slot *s = find_slot(map, &where);
    bool was_alive = s != NULL && is_alive(s, clock_coarse_ms());
    if (s != NULL)
        set_state(s, SLOT_EMPTY);
    unlock_stripe(map, where.stripe);
    return was_alive;
}

/* Runs `change` on the map's scratch; one that leaves by a throw all the same gives the lock back first:
 * otherwise every worker would wait for it for ever. */
static bool change_scratch(tern_shared_map *map, size_t stripe, size_t *value_len,
                           bool (*change)(void *arg, void *value, size_t *value_len), void *arg)
{
    unwind_point point;
    if (unwind_catch(&point) != 0) {
        unlock_stripe(map, stripe);
        unwind_throw(point.reason);
    }
    bool is_wanted = change(arg, scratch_of(map, stripe), value_len);
    unwind_release(&point);
    return is_wanted && *value_len <= map->value_bytes;
}

/* `renews`: an existing entry lives for `ttl_ms` from now as well. */
static bool update(tern_shared_map *map, const void *key, size_t key_len, uint64_t ttl_ms, bool renews,
                   bool (*change)(void *arg, void *value, size_t *value_len), void *arg)
{
    if (key_len > map->key_bytes)
        return false;
    place where = place_of(map, key, key_len);
    if (!lock_stripe(map, where.stripe))
        return false;
    uint64_t now_ms = clock_coarse_ms();
    slot *s = find_slot(map, &where);
    uint64_t until_ms = end_of(now_ms, ttl_ms);
    size_t value_len = 0;
    if (s != NULL && is_alive(s, now_ms)) {
        value_len = s->value_len;
        memcpy(scratch_of(map, where.stripe), s->bytes + map->key_room, value_len);
        if (!renews)
            until_ms = s->until_ms;
    }
    bool is_stored = change_scratch(map, where.stripe, &value_len, change, arg);
    if (is_stored && s != NULL)
        overwrite(map, s, where.stripe, value_len, until_ms);
    else if (is_stored)
        write_slot(map, make_room(map, &where, now_ms), &where, scratch_of(map, where.stripe), value_len,
                   until_ms);
    unlock_stripe(map, where.stripe);
    return is_stored;
}

bool tern_shared_map_update(tern_shared_map *map, const void *key, size_t key_len, uint64_t ttl_ms,
                            bool (*change)(void *arg, void *value, size_t *value_len), void *arg)
{
    return update(map, key, key_len, ttl_ms, false, change, arg);
}

bool tern_shared_map_renew(tern_shared_map *map, const void *key, size_t key_len, uint64_t ttl_ms,
                           bool (*change)(void *arg, void *value, size_t *value_len), void *arg)
{
    return update(map, key, key_len, ttl_ms, true, change, arg);
}

void tern_shared_map_digest(const tern_shared_map *map, const void *data, size_t len, unsigned char out[16])
{
    siphash_key other = map->head->key;
    other.words[0] ^= 0x5bd1e9955bd1e995u;
    const uint64_t halves[2] = {siphash_2_4(&map->head->key, data, len), siphash_2_4(&other, data, len)};
    memcpy(out, halves, sizeof halves);
}

size_t tern_shared_map_count(tern_shared_map *map)
{
    size_t count = 0;
    uint64_t now_ms = clock_coarse_ms();
    for (size_t i = 0; i < map->stripes; i++) {
        if (!lock_stripe(map, i))
            continue;
        for (size_t bucket = 0; bucket < map->buckets; bucket++)
            for (size_t n = 0; n < BUCKET_SLOTS; n++)
                count += is_alive(slot_at(map, i, bucket, n), now_ms);
        unlock_stripe(map, i);
    }
    return count;
}

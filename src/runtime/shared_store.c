/*
 * Values of any size in shared memory.
 *
 * A store is divided into parts with a lock each; a key belongs to one part. A part is an array of blocks: a
 * value is a chain of them, whose first block begins with an entry's facts and the key. Which blocks are the
 * first of a value, which go on with one and which are free, is in `states`, a byte a block.
 *
 * Crash consistency: the locks are robust, so the next process to take one learns that its holder died. The
 * one thing it may trust then is a state of STATE_FIRST: it is stored after all else of its value, and removed
 * before anything of it changes. All other things (the chains of the hash table, the list of free blocks, the
 * counts) are made again from those.
 *
 * Making room: a hand goes round over the blocks. A value that was read since the hand came by loses one of the
 * up to three points that reads have given it; one without points goes. A value that nobody has asked for a
 * second time therefore goes in the first round, and one that is read all the time stays, whatever else is
 * stored once.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"
#include "runtime/shared.h"

#include <tern/store.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
    BLOCK_BYTES = 512,
    MOST_PARTS = 64,
    DEFAULT_BYTES = 64 * 1024 * 1024,
    DEFAULT_VALUE_BYTES = 1024 * 1024,
    VALUES_OF_A_PART = 4, /* a part has room for so many of the longest values */
    LEAST_BYTES = 64 * 1024,
    MOST_POINTS = 3,
    ROUNDS = MOST_POINTS + 2 /* in which the hand finds every value that may go */
};

static const size_t MOST_BYTES = (size_t)1 << 40;
static const uint64_t NEVER = UINT64_MAX;
enum { NO_BLOCK = UINT32_MAX };

/* The states of a block, and the flags of STATE_FIRST. */
enum {
    STATE_FREE = 0,
    STATE_NEXT = 1,
    STATE_FIRST = 2,
    KIND = 3,
    CLAIMED = 4,
    ONE_POINT = 8, /* two bits of points */
    POINTS = MOST_POINTS * ONE_POINT,
    SEEN = 128 /* of STATE_NEXT, while a part is mended */
};

typedef struct entry {
    uint64_t hash;
    uint64_t until_ms; /* on the monotonic clock, which all processes of a machine share; NEVER */
    uint32_t key_len, value_len;
    uint32_t chained; /* the next first block of the same bucket; NO_BLOCK */
} entry;

typedef struct block {
    uint32_t next; /* of the value, or of the free ones; NO_BLOCK */
    char data[BLOCK_BYTES - sizeof(uint32_t)];
} block;

enum {
    FIRST_ROOM = sizeof(block) - sizeof(uint32_t) - sizeof(entry) - 4,
    NEXT_ROOM = sizeof(block) - sizeof(uint32_t)
};

/* In shared memory. */
typedef struct part_head {
    _Alignas(64) pthread_mutex_t mutex;
    uint32_t first_free, free_count; /* blocks that were used and are free */
    uint32_t fresh;                  /* this block and those after it were never used */
    uint32_t hand;
    uint32_t entries;
    uint64_t evicted;
} part_head;

/* Private to the process; all that it points to is shared. */
struct tern_shared_store {
    siphash_key *key;
    char *parts;
    size_t bytes, value_bytes; /* as given */
    size_t part_count, part_bytes;
    uint32_t blocks, buckets; /* of a part; buckets are a power of 2 */
};

/* A part, and where a key is in it. */
typedef struct place {
    part_head *head;
    uint32_t *bucket_list;
    _Atomic uint8_t *states;
    block *blocks;
    uint64_t hash;
    uint32_t bucket;
    uint32_t first; /* the key's value; NO_BLOCK */
} place;

static size_t round_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

static place part_at(const tern_shared_store *store, size_t number)
{
    char *at = store->parts + number * store->part_bytes;
    place p = {.head = (part_head *)(void *)at, .first = NO_BLOCK};
    at += round_up(sizeof(part_head), 64);
    p.bucket_list = (uint32_t *)(void *)at;
    at += round_up(store->buckets * sizeof(uint32_t), 64);
    p.states = (_Atomic uint8_t *)(void *)at;
    at += round_up(store->blocks, 64);
    p.blocks = (block *)(void *)at;
    return p;
}

static uint8_t state_of(const place *p, uint32_t number)
{
    return atomic_load_explicit(&p->states[number], memory_order_relaxed);
}

/* Sets a state between the stores before and those after it. A death is seen by others only once the dead
 * process's stores are all visible, so it is the compiler alone that must not move them. */
static void set_state(const place *p, uint32_t number, uint8_t state)
{
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&p->states[number], state, memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
}

static bool is_first(uint8_t state)
{
    return (state & KIND) == STATE_FIRST;
}

/* The facts of a value: its first block's data begins with them, 8-byte aligned. */
static entry *entry_of(const place *p, uint32_t first)
{
    return (entry *)(void *)(p->blocks[first].data + 4);
}

/* -- bytes of a chain -- */

/* Where the next byte of a chain is. */
typedef struct cursor {
    const place *p;
    uint32_t number;
    size_t offset; /* in its data */
} cursor;

static cursor cursor_at_key(const place *p, uint32_t first)
{
    return (cursor){p, first, 4 + sizeof(entry)};
}

/* The bytes from the cursor on that follow each other, at most `most`; the cursor moves over them. */
static char *stretch(cursor *at, size_t most, size_t *len)
{
    if (at->offset == NEXT_ROOM) {
        at->number = at->p->blocks[at->number].next;
        at->offset = 0;
    }
    char *bytes = at->p->blocks[at->number].data + at->offset;
    *len = NEXT_ROOM - at->offset < most ? NEXT_ROOM - at->offset : most;
    at->offset += *len;
    return bytes;
}

static void write_bytes(cursor *at, const void *data, size_t len)
{
    const char *from = data;
    for (size_t piece; len != 0; from += piece, len -= piece) {
        char *to = stretch(at, len, &piece);
        memcpy(to, from, piece);
    }
}

static void read_bytes(cursor *at, void *out, size_t len)
{
    char *to = out;
    for (size_t piece; len != 0; to += piece, len -= piece) {
        const char *from = stretch(at, len, &piece);
        memcpy(to, from, piece);
    }
}

static bool bytes_are(cursor *at, const void *data, size_t len)
{
    const char *wanted = data;
    bool are_same = true;
    for (size_t piece; len != 0 && are_same; wanted += piece, len -= piece) {
        const char *bytes = stretch(at, len, &piece);
        are_same = memcmp(bytes, wanted, piece) == 0;
    }
    return are_same;
}

static uint32_t blocks_for(size_t bytes)
{
    return bytes <= FIRST_ROOM ? 1 : (uint32_t)(1 + (bytes - FIRST_ROOM + NEXT_ROOM - 1) / NEXT_ROOM);
}

/* -- free blocks and buckets -- */

static void give_block(const place *p, uint32_t number)
{
    set_state(p, number, STATE_FREE);
    p->blocks[number].next = p->head->first_free;
    p->head->first_free = number;
    p->head->free_count++;
}

/* A free block; there must be one. */
static uint32_t take_block(const place *p)
{
    part_head *head = p->head;
    if (head->free_count == 0)
        return head->fresh++;
    uint32_t number = head->first_free;
    head->first_free = p->blocks[number].next;
    head->free_count--;
    return number;
}

static uint32_t bucket_of(const tern_shared_store *store, uint64_t hash)
{
    return (uint32_t)(hash >> 16) & (store->buckets - 1);
}

/* The lists of buckets are kept plus one, so that memory of zeros is a table of empty ones. */
static uint32_t bucket_first(const place *p, uint32_t bucket)
{
    return p->bucket_list[bucket] - 1;
}

static void link_entry(const place *p, uint32_t bucket, uint32_t first)
{
    entry_of(p, first)->chained = bucket_first(p, bucket);
    p->bucket_list[bucket] = first + 1;
}

static void unlink_entry(const place *p, uint32_t bucket, uint32_t first)
{
    uint32_t after = entry_of(p, first)->chained;
    uint32_t before = bucket_first(p, bucket);
    if (before == first) {
        p->bucket_list[bucket] = after + 1;
        return;
    }
    while (entry_of(p, before)->chained != first)
        before = entry_of(p, before)->chained;
    entry_of(p, before)->chained = after;
}

/* Takes a value out. From the first store on it does not exist. */
static void remove_value(const tern_shared_store *store, const place *p, uint32_t first)
{
    set_state(p, first, STATE_FREE);
    unlink_entry(p, bucket_of(store, entry_of(p, first)->hash), first);
    p->head->entries--;
    for (uint32_t number = first, next; number != NO_BLOCK; number = next) {
        next = p->blocks[number].next;
        give_block(p, number);
    }
}

/* -- locks -- */

/* Marks the blocks that belong to whole values. */
static void mark_chains(const place *p)
{
    for (uint32_t i = 0; i < p->head->fresh; i++)
        if (is_first(state_of(p, i)))
            for (uint32_t n = p->blocks[i].next; n != NO_BLOCK; n = p->blocks[n].next)
                set_state(p, n, STATE_NEXT | SEEN);
}

/* After a death, or a death during this: everything is made again from the whole values. */
static void mend(const tern_shared_store *store, const place *p)
{
    part_head *head = p->head;
    for (uint32_t i = 0; i < head->fresh; i++)
        if ((state_of(p, i) & KIND) == STATE_NEXT)
            set_state(p, i, STATE_NEXT);
    mark_chains(p);
    memset(p->bucket_list, 0, store->buckets * sizeof *p->bucket_list);
    head->first_free = NO_BLOCK;
    head->free_count = 0;
    head->entries = 0;
    for (uint32_t i = 0; i < head->fresh; i++) {
        uint8_t state = state_of(p, i);
        if (is_first(state)) {
            link_entry(p, bucket_of(store, entry_of(p, i)->hash), i);
            head->entries++;
        } else if (state == (STATE_NEXT | SEEN)) {
            set_state(p, i, STATE_NEXT);
        } else {
            give_block(p, i);
        }
    }
}

static void lock_part(const tern_shared_store *store, const place *p)
{
    if (pthread_mutex_lock(&p->head->mutex) == EOWNERDEAD) {
        mend(store, p);
        pthread_mutex_consistent(&p->head->mutex);
    }
}

static void unlock_part(const place *p)
{
    pthread_mutex_unlock(&p->head->mutex);
}

/* -- making -- */

static size_t bytes_of_part(const tern_shared_store *store)
{
    return round_up(sizeof(part_head), 64) + round_up(store->buckets * sizeof(uint32_t), 64) +
           round_up(store->blocks, 64) + (size_t)store->blocks * sizeof(block);
}

/* Lays a store out in at most the bytes asked for; returns the bytes of its region, 0 when the options make no
 * sense. */
static size_t lay_out(tern_shared_store *store, const tern_shared_store_options *options)
{
    size_t bytes = options->bytes != 0 ? options->bytes : DEFAULT_BYTES;
    size_t value_bytes = options->value_bytes;
    if (value_bytes == 0)
        value_bytes =
            DEFAULT_VALUE_BYTES < bytes / VALUES_OF_A_PART ? DEFAULT_VALUE_BYTES : bytes / VALUES_OF_A_PART;
    if (bytes < LEAST_BYTES || bytes > MOST_BYTES || value_bytes == 0 ||
        value_bytes > bytes / VALUES_OF_A_PART || value_bytes > UINT32_MAX / 2)
        return 0;
    size_t parts = bytes / VALUES_OF_A_PART / value_bytes;
    parts = parts > MOST_PARTS ? MOST_PARTS : parts;
    while (parts > 1 && bytes / parts < LEAST_BYTES)
        parts--;
    assert(parts != 0); /* a value is at most a VALUES_OF_A_PART-th of all */
    size_t of_part = bytes / parts;
    store->bytes = bytes;
    store->value_bytes = value_bytes;
    store->part_count = parts;
    store->buckets = 1;
    while (store->buckets < of_part / BLOCK_BYTES / 2)
        store->buckets *= 2;
    size_t rest = of_part - 4 * 64 - sizeof(part_head) - store->buckets * sizeof(uint32_t);
    size_t blocks = rest / (BLOCK_BYTES + 1);
    if (blocks >= NO_BLOCK)
        return 0;
    store->blocks = (uint32_t)blocks;
    store->part_bytes = round_up(bytes_of_part(store), 64);
    return 64 + parts * store->part_bytes;
}

/* False with errno set. */
static bool prepare(const tern_shared_store *store)
{
    pthread_mutexattr_t attributes;
    if (!random_bytes(store->key, sizeof *store->key))
        return false;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    int error = 0;
    for (size_t i = 0; i < store->part_count && error == 0; i++) {
        place p = part_at(store, i);
        error = pthread_mutex_init(&p.head->mutex, &attributes);
        p.head->first_free = NO_BLOCK;
    }
    pthread_mutexattr_destroy(&attributes);
    if (error != 0)
        errno = error;
    return error == 0;
}

tern_shared_store *tern_shared_store_new_with(const char *name, const tern_shared_store_options *options)
{
    tern_shared_store wanted = {0};
    size_t bytes = lay_out(&wanted, options);
    if (bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    shared_region *region = shared_region_open(name, SHARED_STORE, bytes);
    if (region == NULL)
        return NULL;
    tern_shared_store *store = region->handle;
    if (store != NULL) {
        bool is_same = store->bytes == wanted.bytes && store->value_bytes == wanted.value_bytes;
        errno = is_same ? 0 : EEXIST;
        return is_same ? store : NULL;
    }
    wanted.key = region->memory;
    wanted.parts = (char *)region->memory + 64;
    store = mem_alloc(sizeof *store);
    if (store == NULL || !prepare(&wanted)) {
        int reason = store != NULL ? errno : ENOMEM;
        mem_free(store);
        shared_region_drop(region);
        errno = reason;
        return NULL;
    }
    *store = wanted;
    region->handle = store;
    return store;
}

/* -- finding -- */

/* Locks the key's part, and finds its value. One that has ended is taken out. */
static place open_place(const tern_shared_store *store, const void *key, size_t key_len)
{
    uint64_t hash = siphash_1_3(store->key, key, key_len);
    place p = part_at(store, (size_t)(hash & 0xffff) % store->part_count);
    p.hash = hash;
    p.bucket = bucket_of(store, hash);
    lock_part(store, &p);
    for (uint32_t n = bucket_first(&p, p.bucket); n != NO_BLOCK; n = entry_of(&p, n)->chained) {
        const entry *e = entry_of(&p, n);
        cursor at = cursor_at_key(&p, n);
        if (e->hash != hash || e->key_len != key_len || !bytes_are(&at, key, key_len))
            continue;
        if (e->until_ms > clock_coarse_ms())
            p.first = n;
        else
            remove_value(store, &p, n);
        break;
    }
    return p;
}

static bool value_is(const place *p, const void *value, size_t value_len)
{
    const entry *e = entry_of(p, p->first);
    cursor at = cursor_at_key(p, p->first);
    if (e->value_len != value_len)
        return false;
    for (size_t left = e->key_len, piece; left != 0; left -= piece)
        stretch(&at, left, &piece);
    return bytes_are(&at, value, value_len);
}

bool tern_shared_store_get(tern_shared_store *store, const void *key, size_t key_len, void *value,
                           size_t size, size_t *value_len)
{
    place p = open_place(store, key, key_len);
    bool is_found = p.first != NO_BLOCK;
    if (is_found) {
        const entry *e = entry_of(&p, p.first);
        cursor at = cursor_at_key(&p, p.first);
        for (size_t left = key_len, piece; left != 0; left -= piece)
            stretch(&at, left, &piece);
        read_bytes(&at, value, e->value_len < size ? e->value_len : size);
        *value_len = e->value_len;
        uint8_t state = state_of(&p, p.first);
        if ((state & POINTS) != POINTS)
            set_state(&p, p.first, state + ONE_POINT);
    }
    unlock_part(&p);
    return is_found;
}

/* -- storing -- */

static uint32_t free_blocks(const tern_shared_store *store, const place *p)
{
    return p->head->free_count + (store->blocks - p->head->fresh);
}

/* Lets the hand go on until `wanted` blocks are free; false when too few values may go. */
static bool make_room(const tern_shared_store *store, const place *p, uint32_t wanted)
{
    part_head *head = p->head;
    uint64_t now_ms = clock_coarse_ms();
    uint64_t steps = (uint64_t)ROUNDS * store->blocks;
    while (free_blocks(store, p) < wanted && steps-- != 0) {
        uint32_t at = head->hand;
        head->hand = at + 1 < store->blocks ? at + 1 : 0;
        uint8_t state = state_of(p, at);
        if (!is_first(state))
            continue;
        bool has_ended = entry_of(p, at)->until_ms <= now_ms;
        if (has_ended || (state & (POINTS | CLAIMED)) == 0) {
            head->evicted += !has_ended;
            remove_value(store, p, at);
        } else if ((state & POINTS) != 0) {
            set_state(p, at, state - ONE_POINT);
        }
    }
    return free_blocks(store, p) >= wanted;
}

static uint64_t end_of(uint64_t ms)
{
    uint64_t until_ms;
    return ms == 0 || __builtin_add_overflow(clock_coarse_ms(), ms, &until_ms) ? NEVER : until_ms;
}

/* A chain of `count` free blocks. */
static uint32_t take_chain(const place *p, uint32_t count)
{
    uint32_t first = take_block(p), last = first;
    while (--count != 0) {
        uint32_t next = take_block(p);
        set_state(p, next, STATE_NEXT);
        p->blocks[last].next = next;
        last = next;
    }
    p->blocks[last].next = NO_BLOCK;
    return first;
}

/* Stores the value in place of the old one, if there is one. */
static tern_stored store_value(const tern_shared_store *store, place *p, const void *key, size_t key_len,
                               const void *value, size_t value_len, tern_stay stay)
{
    uint32_t wanted = blocks_for(key_len + value_len);
    uint8_t points = 0;
    if (p->first != NO_BLOCK) {
        points = state_of(p, p->first) & POINTS; /* what is read often is so with its next value */
        remove_value(store, p, p->first);
    }
    if (!make_room(store, p, wanted))
        return TERN_STORED_NO_ROOM;
    uint32_t first = take_chain(p, wanted);
    entry *e = entry_of(p, first);
    *e = (entry){.hash = p->hash,
                 .until_ms = end_of(stay.ms),
                 .key_len = (uint32_t)key_len,
                 .value_len = (uint32_t)value_len};
    cursor at = cursor_at_key(p, first);
    write_bytes(&at, key, key_len);
    write_bytes(&at, value, value_len);
    link_entry(p, p->bucket, first);
    p->head->entries++;
    set_state(p, first, (uint8_t)(STATE_FIRST | points | (stay.is_claimed && stay.ms != 0 ? CLAIMED : 0)));
    return TERN_STORED;
}

static bool is_too_long(const tern_shared_store *store, size_t key_len, size_t value_len)
{
    return key_len > store->value_bytes || value_len > store->value_bytes - key_len;
}

tern_stored tern_shared_store_put(tern_shared_store *store, const void *key, size_t key_len,
                                  const void *value, size_t value_len, tern_stay stay)
{
    if (is_too_long(store, key_len, value_len))
        return TERN_STORED_NO_ROOM;
    place p = open_place(store, key, key_len);
    tern_stored outcome = store_value(store, &p, key, key_len, value, value_len, stay);
    unlock_part(&p);
    return outcome;
}

tern_stored tern_shared_store_add(tern_shared_store *store, const void *key, size_t key_len,
                                  const void *value, size_t value_len, tern_stay stay)
{
    if (is_too_long(store, key_len, value_len))
        return TERN_STORED_NO_ROOM;
    place p = open_place(store, key, key_len);
    tern_stored outcome = TERN_STORED_NOT;
    if (p.first == NO_BLOCK)
        outcome = store_value(store, &p, key, key_len, value, value_len, stay);
    unlock_part(&p);
    return outcome;
}

tern_stored tern_shared_store_replace(tern_shared_store *store, const void *key, size_t key_len,
                                      const void *old, size_t old_len, const void *value, size_t value_len,
                                      tern_stay stay)
{
    if (is_too_long(store, key_len, value_len))
        return TERN_STORED_NO_ROOM;
    place p = open_place(store, key, key_len);
    tern_stored outcome = TERN_STORED_NOT;
    if (p.first != NO_BLOCK && value_is(&p, old, old_len))
        outcome = store_value(store, &p, key, key_len, value, value_len, stay);
    unlock_part(&p);
    return outcome;
}

tern_stored tern_shared_store_delete(tern_shared_store *store, const void *key, size_t key_len,
                                     const void *old, size_t old_len)
{
    place p = open_place(store, key, key_len);
    bool is_expected = p.first != NO_BLOCK && (old == NULL || value_is(&p, old, old_len));
    if (is_expected)
        remove_value(store, &p, p.first);
    unlock_part(&p);
    return is_expected ? TERN_STORED : TERN_STORED_NOT;
}

tern_shared_store_use tern_shared_store_usage(tern_shared_store *store)
{
    tern_shared_store_use use = {.capacity = store->part_count * store->blocks * BLOCK_BYTES};
    for (size_t i = 0; i < store->part_count; i++) {
        place p = part_at(store, i);
        lock_part(store, &p);
        use.entries += p.head->entries;
        use.bytes += (size_t)(store->blocks - free_blocks(store, &p)) * BLOCK_BYTES;
        use.evicted += p.head->evicted;
        unlock_part(&p);
    }
    return use;
}

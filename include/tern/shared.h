/**
 * Memory shared by all workers.
 *
 * Workers are processes: each has its own C globals and `static`s, so a counter in one counts only a part of
 * the requests. State of the whole service is kept here (and in Redis on several machines).
 *
 * Create in `main`, or in `prepare` of a piece of middleware, before tern_run forks the workers. A worker that
 * dies never blocks the others: an update that it was making is either whole or has not happened, an entry that
 * it was putting is dropped, and every other one stays. Contents outlive workers and reloads, but not the
 * service.
 */
#ifndef TERN_SHARED_H
#define TERN_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_shared_counter tern_shared_counter;

/** A 64-bit counter named `name` (up to 47 bytes), 0 at first. The same name gives the same counter. NULL
 * with errno set without shared memory. Lives until the process ends. */
tern_shared_counter *tern_shared_counter_new(const char *name);
/** Adds `by` (may be negative) atomically; returns the value after it. */
int64_t tern_shared_add(tern_shared_counter *counter, int64_t by);
int64_t tern_shared_get(const tern_shared_counter *counter);
void tern_shared_set(tern_shared_counter *counter, int64_t value);

/**
 * `size` zeroed bytes that all workers share, for structures of your own; the same name gives the same bytes.
 * What several workers change is for the atomic operations of <stdatomic.h>: a lock that a dying worker holds
 * would stay locked. Aligned for any type. NULL with errno set: EEXIST when the name belongs to anything else,
 * or to memory of another size. Lives until the process ends.
 */
void *tern_shared_memory_new(const char *name, size_t size);

typedef struct tern_shared_map tern_shared_map;

typedef struct tern_shared_map_options {
    size_t entries;     /* how many it must have room for (a few more may fit); required */
    size_t key_bytes;   /* longest key; default 64 */
    size_t value_bytes; /* longest value; default 256 */
} tern_shared_map_options;

tern_shared_map *tern_shared_map_new_with(const char *name, const tern_shared_map_options *options);
/** A map from byte strings to byte strings, of fixed size: when full, an expired entry or else the one that
 * expires soonest (of a few looked at) makes room. NULL with errno set. */
#define tern_shared_map_new(name, ...) tern_shared_map_new_with(name, &(tern_shared_map_options){__VA_ARGS__})

/** Stores a copy under `key` for `ttl_ms` milliseconds (0: until it must make room). False when key or value
 * is too long. */
bool tern_shared_map_put(tern_shared_map *map, const void *key, size_t key_len, const void *value,
                         size_t value_len, uint64_t ttl_ms);
/** Copies the value into `value` (at most `size` bytes) and its whole length into `*value_len`. False without
 * one, or when it has expired. */
bool tern_shared_map_get(tern_shared_map *map, const void *key, size_t key_len, void *value, size_t size,
                         size_t *value_len);
bool tern_shared_map_delete(tern_shared_map *map, const void *key, size_t key_len);
/**
 * Changes one entry atomically: `change` gets the current value in a buffer of the map's value_bytes
 * (`*value_len` 0 without one), edits both, and returns whether to store it. It must be short and may not
 * wait, fail or call this map. A new entry lives for `ttl_ms` milliseconds from now (0: until it must make
 * room); an existing one keeps its end. False when nothing was stored: `change` returned false, or the value
 * or key is too long.
 */
bool tern_shared_map_update(tern_shared_map *map, const void *key, size_t key_len, uint64_t ttl_ms,
                            bool (*change)(void *arg, void *value, size_t *value_len), void *arg);
/** Like tern_shared_map_update, but an entry that exists lives for `ttl_ms` milliseconds from now as well, when
 * the change is stored. */
bool tern_shared_map_renew(tern_shared_map *map, const void *key, size_t key_len, uint64_t ttl_ms,
                           bool (*change)(void *arg, void *value, size_t *value_len), void *arg);
/** Sixteen bytes in place of a key that may be longer than the map's key_bytes: a keyed hash, by a secret of the
 * map that all workers have, so that a client cannot choose two keys with the same one. */
void tern_shared_map_digest(const tern_shared_map *map, const void *data, size_t len, unsigned char out[16]);
/** Entries alive now (a walk over the map). */
size_t tern_shared_map_count(tern_shared_map *map);

#ifdef __cplusplus
}
#endif

#endif

/**
 * Memory shared by all workers for values of any size: what a cache keeps, say.
 *
 * It has a fixed number of bytes. When they are used up, a value that has not been read lately makes room, and
 * one that has never been read goes before one that is read often. A worker that dies never blocks the others:
 * the value that it was storing is dropped, and every other one stays whole. Contents outlive workers and
 * reloads, but not the service. For small values of one size see tern_shared_map in tern/shared.h.
 */
#ifndef TERN_STORE_H
#define TERN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tern_shared_store tern_shared_store;

typedef struct tern_shared_store_options {
    size_t bytes;       /* of memory in all; default 64 MiB. Memory that was never used costs nothing */
    size_t value_bytes; /* longest key and value together; default 1 MiB, at most a quarter of `bytes` */
} tern_shared_store_options;

tern_shared_store *tern_shared_store_new_with(const char *name, const tern_shared_store_options *options);
/**
 * The store named `name` (up to 47 bytes), empty at first: `tern_shared_store_new("pages", .bytes = 1 << 24)`.
 * Call it in `main`, or in `prepare` of a piece of middleware, before tern_run forks the workers. The same name
 * and options give the same store. NULL with errno set: EINVAL for sizes that make no sense, EEXIST when the
 * name belongs to anything else, or the kernel's error when out of memory. Lives until the process ends.
 */
#define tern_shared_store_new(name, ...)                                                                     \
    tern_shared_store_new_with(name, &(tern_shared_store_options){__VA_ARGS__})

/** What became of a call that stores. */
typedef enum tern_stored {
    TERN_STORED,
    TERN_STORED_NOT,     /* add: the key has a value; replace and delete: it has not the expected one */
    TERN_STORED_NO_ROOM, /* too long for this store, or nothing may make room for it */
    TERN_STORED_AWAY     /* the store cannot be reached; never of shared memory */
} tern_stored;

/** How long a value stays. */
typedef struct tern_stay {
    uint64_t ms;     /* it ends after so many milliseconds; 0: it stays until it must make room */
    bool is_claimed; /* it does not make room for others before its end, which must be given */
} tern_stay;

/** Stores a copy of the value, in place of the key's old one. */
tern_stored tern_shared_store_put(tern_shared_store *store, const void *key, size_t key_len,
                                  const void *value, size_t value_len, tern_stay stay);
/** Stores it only if the key has no value: of several workers that call this, one gets TERN_STORED. */
tern_stored tern_shared_store_add(tern_shared_store *store, const void *key, size_t key_len,
                                  const void *value, size_t value_len, tern_stay stay);
/** Stores it only if the key's value is exactly `old`. */
tern_stored tern_shared_store_replace(tern_shared_store *store, const void *key, size_t key_len,
                                      const void *old, size_t old_len, const void *value, size_t value_len,
                                      tern_stay stay);
/** Removes the key's value; with `old` only if it is exactly that. */
tern_stored tern_shared_store_delete(tern_shared_store *store, const void *key, size_t key_len,
                                     const void *old, size_t old_len);
/** Copies the value into `value` (at most `size` bytes), and its whole length into `*value_len`. False without
 * one, or when it has ended. */
bool tern_shared_store_get(tern_shared_store *store, const void *key, size_t key_len, void *value,
                           size_t size, size_t *value_len);

/** What a store holds now (a look at each of its parts). */
typedef struct tern_shared_store_use {
    size_t entries;   /* values, also those that have ended and not made room yet */
    size_t bytes;     /* that they use, with what is kept about them */
    size_t capacity;  /* of `bytes` */
    uint64_t evicted; /* values that made room before their end, since the start */
} tern_shared_store_use;

tern_shared_store_use tern_shared_store_usage(tern_shared_store *store);

#ifdef __cplusplus
}
#endif

#endif

/** What the files of tern_cache share. */
#ifndef MIDDLEWARE_CACHE_H
#define MIDDLEWARE_CACHE_H

#include <tern/cache.h>

#include <stdbool.h>
#include <stdint.h>

/* -- Cache-Control (cache_control.c) -- */

/** The directives of RFC 9111 section 5.2, RFC 5861 and 8246 that count here. Seconds without their directive are
 * -1; those that are not a number are 0, which is the safe side. */
typedef struct cache_control {
    bool no_store, no_cache, is_private, is_public, must_revalidate, only_if_cached;
    int64_t max_age, s_maxage, stale_while_revalidate, stale_if_error; /* of replies */
    int64_t max_stale, min_fresh;                                      /* of requests */
} cache_control;

/** Reads one value of the header; the strictest of repeated directives counts. */
void cache_control_read(const char *value, cache_control *out);
/** Seconds until the date of an Expires header; 0 when it is past or not a date. */
int64_t cache_expires_in(const char *value);

/* -- names in lists such as that of Vary (cache_key.c) -- */

enum { CACHE_NAMES_MAX = 16 };

/** Header names in lower case, each once, in the request's memory. */
typedef struct cache_names {
    unsigned count;
    bool is_any; /* "*", or more than fit */
    const char *names[CACHE_NAMES_MAX];
} cache_names;

/** Adds the names of a list that are not in `but` (NULL: none is). */
void cache_names_add(tern_ctx *c, cache_names *to, const char *list, const cache_names *but);
bool cache_names_have(const cache_names *names, const char *name, size_t len);

/** What the request asks for: false when it is not to be kept (`.key` says so). */
bool cache_key_of(tern_ctx *c, const tern_cache_options *options, tern_str *key);
/** The key of the reply to requests that have the same values of these headers. */
tern_str cache_variant_key(tern_ctx *c, tern_str key, const cache_names *names);

/* -- what is kept (cache_entry.c) -- */

typedef enum cache_kind {
    CACHE_REPLY = 1,
    CACHE_VARY, /* the reply is under a key of its own for each value of the headers in `texts` */
    CACHE_PASS  /* the last reply could not be kept: requests need not wait for each other */
} cache_kind;

enum { CACHE_HEADERS_MAX = 64, CACHE_TAGS_MAX = 16, CACHE_TAG_BYTES = 64 };

typedef struct cache_header {
    const char *name, *value;
    bool replaces; /* that of a piece outside of the cache */
} cache_header;

typedef struct cache_entry {
    cache_kind kind;
    int status;
    bool is_public;       /* also for requests with credentials */
    uint64_t made_ms;     /* by the clock of its store, as the next three */
    uint64_t fresh_ms;    /* it is fresh until then, */
    uint64_t renew_ms;    /* then sent while it is renewed, */
    uint64_t error_ms;    /* and sent when the handler fails */
    uint64_t moment;      /* the purges before it was made */
    const char *type;     /* NULL: none */
    const char *names;    /* of CACHE_VARY */
    unsigned header_count, tag_count;
    cache_header headers[CACHE_HEADERS_MAX];
    const char *tags[CACHE_TAGS_MAX];
    tern_str body;
} cache_entry;

tern_str cache_entry_write(tern_ctx *c, const cache_entry *entry);
/** Reads what cache_entry_write wrote, into pointers to `data`; false for anything else. */
bool cache_entry_read(tern_str data, cache_entry *entry);

/* -- stores -- */

/** The store of a piece, prepared: its own or the default. */
tern_store *cache_store_prepare(tern_app *app, tern_store *own);
enum { CACHE_STORES_MAX = 16 };
/** All prepared stores, which a purge is for. */
unsigned cache_stores(const tern_store *const **list);
/** The store of values; fails with 500 when there is none. */
const tern_store *cache_store_of(tern_ctx *c);
/** The clock by which entries of a store age, in milliseconds. */
uint64_t cache_now_ms(const tern_store *store);

/* -- purges (cache_purge.c) -- */

/** The tags of this request's reply so far. */
void cache_tags_of(tern_ctx *c, cache_entry *entry);
/** Whether the entry was purged after it was made. TERN_STORED_NOT: it was not. */
tern_stored cache_is_purged(tern_ctx *c, const tern_store *store, const cache_entry *entry);

/* -- one maker at a time (cache_flight.c) -- */

typedef enum cache_turn {
    CACHE_LOOK,  /* the value may be there now: look, and call cache_flight_turn again without it */
    CACHE_MAKE,  /* make it, then call cache_flight_end */
    CACHE_ALONE, /* the wait was too long: go on without the others */
    CACHE_AWAY   /* the store cannot be reached */
} cache_turn;

typedef struct cache_flight cache_flight;
/** Before the workers are forked. */
void cache_claim_prepare(void);
/** Joins those that want the value of `key`, in all workers. It ends by cache_flight_end, or with the request. */
cache_flight *cache_flight_join(tern_ctx *c, const tern_store *store, tern_str key, uint64_t wait_ms);
cache_turn cache_flight_turn(cache_flight *flight);
void cache_flight_end(cache_flight *flight);
/** Claims the next flight for a copy of this request (tern_repeat), and starts it. False when somebody makes the
 * value already, or it cannot be started. */
bool cache_flight_repeat(tern_ctx *c, const tern_store *store, tern_str key);

/** What this process claims values with, each time another text; in the request's memory. */
tern_str cache_claim_new(tern_ctx *c);
/** Whether a claim is of a process of this machine that has died. */
bool cache_claim_is_dead(tern_str claim);

/* -- headers (cache_headers.c) -- */

enum { CACHE_OUTER_MAX = 64 };
/** The headers that pieces outside of this one have set so far: they are theirs to set for each request. */
typedef struct cache_outer {
    unsigned count;
    const char *names[CACHE_OUTER_MAX], *values[CACHE_OUTER_MAX];
} cache_outer;

cache_outer *cache_outer_of(tern_ctx *c);
/** Copies the headers of the inside to the entry; false when there are too many. */
bool cache_take_headers(tern_ctx *c, const cache_outer *outer, cache_entry *entry);
/** Removes what the inside has set: another reply is sent. */
void cache_drop_headers(tern_ctx *c, const cache_outer *outer);
/** Sets the headers of a kept reply, and returns it. */
tern_reply cache_entry_reply(tern_ctx *c, const cache_entry *entry);

/** SHA-256 (FIPS 180-4) of several texts, each with its length before it. */
enum { CACHE_DIGEST_BYTES = 32 };
void cache_digest(const tern_str *texts, unsigned count, unsigned char out[CACHE_DIGEST_BYTES]);

/** A hash for tables and entity tags; not for secrets. */
uint64_t cache_hash(const void *data, size_t len, uint64_t seed);

#endif

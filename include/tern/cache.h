/**
 * Keeping replies and values: tern_cache for replies, tern_cache_get and its like for values, tern_idempotency for
 * requests that a client sends again.
 *
 *     tern_get(app, "/books", books, .use = TERN_USE(tern_cache(.max_age_s = 60)));
 *
 *     TERN_HANDLER(books)
 *     {
 *         tern_cache_tag(c, "books");
 *         ...
 *     }
 *     TERN_HANDLER(add_book, Book, in)
 *     {
 *         ...
 *         tern_cache_purge(c, "books"); // all replies with this tag are made again
 *     }
 *
 * What is kept is in memory that all workers share, or in another tern_store: Redis, for several machines.
 */
#ifndef TERN_CACHE_H
#define TERN_CACHE_H

#include <tern/json.h>
#include <tern/middleware.h>
#include <tern/store.h>
#include <tern/str.h>

/* -- where things are kept -- */

/**
 * A place for keys and values, shared by all that have to agree. Yours may be another one: fill in the functions.
 * Values are in the request's memory. A function never fails (it does not leave by tern_fail); it returns
 * TERN_STORED_AWAY when the store cannot be reached in time.
 */
typedef struct tern_store tern_store;
struct tern_store {
    const char *name;
    /* Called by `prepare` of the pieces that use the store: makes it; reports by tern_mistake. */
    void (*prepare)(tern_app *app, tern_store *store);
    tern_stored (*get)(tern_ctx *c, const tern_store *store, tern_str key, tern_str *value);
    tern_stored (*put)(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay);
    /* only if the key has no value */
    tern_stored (*add)(tern_ctx *c, const tern_store *store, tern_str key, tern_str value, tern_stay stay);
    /* only if the key's value is exactly `old` */
    tern_stored (*replace)(tern_ctx *c, const tern_store *store, tern_str key, tern_str old, tern_str value,
                           tern_stay stay);
    /* with old.data not NULL only if the key's value is exactly `old` */
    tern_stored (*remove)(tern_ctx *c, const tern_store *store, tern_str key, tern_str old);
    /* The number of purges so far. */
    tern_stored (*moment)(tern_ctx *c, const tern_store *store, uint64_t *moment);
    /* Makes a purge of `name` the newest. */
    tern_stored (*purge)(tern_ctx *c, const tern_store *store, tern_str name);
    /* TERN_STORED if one of the names was purged after `moment`; TERN_STORED_NOT if none was. */
    tern_stored (*is_purged)(tern_ctx *c, const tern_store *store, const tern_str *names, unsigned count,
                             uint64_t moment);
    bool is_local; /* its users are processes of one machine, which see whether another one has died */
    void *arg;
};

typedef struct tern_memory_store_options {
    const char *name; /* pieces with the same name share entries; default "cache" */
    size_t bytes;     /* as in tern_shared_store_options */
    size_t value_bytes;
} tern_memory_store_options;
tern_store *tern_memory_store_with(const tern_memory_store_options *options);
/** Memory that the workers of this service share: `.store = tern_memory_store(.bytes = 256 << 20)`. Without a
 * `.store` a piece uses that of tern_memory_store(). */
#define tern_memory_store(...) tern_memory_store_with(&(tern_memory_store_options){__VA_ARGS__})

typedef struct tern_redis_store_options {
    const char *prefix; /* of all keys; default "tern:" */
} tern_redis_store_options;
tern_store *tern_redis_store_with(const tern_redis_store_options *options);
/** Redis, as tern/redis.h reaches it, for services on several machines: `.store = tern_redis_store()`. Nothing stays
 * there for longer than 30 days. */
#define tern_redis_store(...) tern_redis_store_with(&(tern_redis_store_options){__VA_ARGS__})

/**
 * The application's database (tern/data.h), for services that have nothing else on several machines: `.store =
 * tern_database_store(app)`. It adds the table `stored_value` to it. A look-up is one query. Rows whose time is over are
 * removed by some of the later writes, a hundred at a time. For much traffic Redis is faster. It needs libsodium.
 */
tern_store *tern_database_store(tern_app *app);

/* -- replies -- */

typedef struct tern_cache_options {
    unsigned max_age_s; /* how long a reply stays fresh whose handler does not say it; default 300 */
    /* How long after that it is still sent: at once, while a copy of the request renews it; default 0. And
     * when the handler fails (5xx); default 0. The handler's Cache-Control says otherwise. */
    unsigned stale_while_revalidate_s, stale_if_error_s;
    bool only_if_told;        /* keep only replies whose Cache-Control has max-age or s-maxage */
    unsigned not_found_age_s; /* how long 404 and 410 are kept; default 0: not at all */
    size_t max_body;          /* longest body that is kept; default 1 MiB */

    const char *(*key)(
        tern_ctx *c); /* what replies differ by, instead of scheme, host, path and query; NULL: do
                                      * not keep this one. The route's pattern is always a part of the key */
    const char *vary; /* "Accept-Language": request headers that replies differ by, besides those that the
                         * handler reads and those that its Vary names */
    const char
        *unkeyed; /* "X-Request-Id": headers that the handler reads, but that replies do not differ by */
    /* Requests with a Cookie, or with Authorization, get kept replies, and theirs are kept. Without it they do
     * only where the handler's Cache-Control says `public`. */
    bool with_cookies, with_authorization;
    bool obey_clients; /* Cache-Control of requests counts: no-cache, no-store, max-age, only-if-cached... */

    unsigned
        wait_ms; /* how long a request waits for another one that makes the same reply; default 5000. Then
                       * it goes to the handler itself */
    const char
        *header;  /* what tells of the cache: default "Cache-Status"; "X-Cache" has one word; "": none */
    bool no_etag; /* do not give replies an ETag that have none */
    tern_store *store;
    bool refuse_without_store; /* 503 when the store cannot be reached; default: go to the handler */
    bool (*skip)(tern_ctx *c);
} tern_cache_options;
tern_middleware tern_cache_with(const tern_cache_options *options);
/**
 * Keeps replies to GET, and sends them for later requests of GET and HEAD without calling the handler: a shared
 * cache in the sense of RFC 9111, for the routes inside.
 *
 * Kept are replies of bytes (not files or streams) with status 200 and what the handler's Cache-Control allows.
 * Never kept: replies with Set-Cookie, with `private`, `no-store` or `no-cache`, with `Vary: *`; and those to
 * requests with a Cookie or Authorization, unless said. Of several requests for a reply that is not kept, in all
 * workers, one calls the handler and the others wait for it.
 */
#define tern_cache(...) tern_cache_with(&(tern_cache_options){__VA_ARGS__})

/** Gives the reply of this request a tag, by which tern_cache_purge finds it. Up to 16, of up to 64 bytes. */
void tern_cache_tag(tern_ctx *c, const char *tag);
/** Has all kept replies with the tag made again, also those whose handler runs now. Call it after the change is
 * committed. False when the store cannot be reached. */
bool tern_cache_purge(tern_ctx *c, const char *tag);
/** Purges the replies of a path and of all paths below it: "/books" is "/books?page=2" and "/books/7", and not
 * "/books-old". */
bool tern_cache_purge_path(tern_ctx *c, const char *path);

/* -- values -- */

/** Has tern_cache_get, its like and purges work on `store`, instead of that of the first tern_cache. Call it in
 * `main`; an application without a tern_cache needs it: `tern_cache_in(app, tern_memory_store())`. */
void tern_cache_in(tern_app *app, tern_store *store);

/** The value of a key; NULL data without one, or when the store cannot be reached. In the request's memory, with
 * a NUL after it. */
tern_str tern_cache_get(tern_ctx *c, const char *key);
/** Stores a copy for `ttl_s` seconds (0: until it must make room). False when it is too long, or the store cannot
 * be reached. */
bool tern_cache_put(tern_ctx *c, const char *key, tern_str value, unsigned ttl_s);
bool tern_cache_delete(tern_ctx *c, const char *key);

/** Makes a value in the request's memory; NULL data when there is none. It may do what a handler may. */
typedef tern_str tern_cached_maker(tern_ctx *c, void *arg);
/**
 * The value of a key, which `maker(c, arg)` makes when there is none: one request does, in all workers, while others
 * that ask for it wait for up to 5 seconds, and then make it themselves.
 *
 *     tern_str rates = tern_cached(c, "rates", 60, latest, NULL);
 *
 * It is kept for `ttl_s` seconds (0: until it must make room). When the maker fails, so does the handler, and the
 * next request tries. When the store cannot be reached, each request makes the value.
 */
tern_str tern_cached(tern_ctx *c, const char *key, unsigned ttl_s, tern_cached_maker *maker, void *arg);

/* -- requests that are sent again -- */

typedef struct tern_idempotency_options {
    bool required;       /* a request without a key is refused with 400; default: it goes to the handler */
    const char *header;  /* default "Idempotency-Key" */
    const char *methods; /* default "POST, PATCH" */
    unsigned lifetime_s; /* how long a reply is repeated; default 24 hours */
    /* After it a request that did not end counts as lost, if its worker cannot be asked (it was on another
     * machine). Longer than the route's time limit; default 60. */
    unsigned running_s;
    unsigned wait_ms; /* how long a request waits for the same one that runs; default 0: 409 at once */
    bool keep_errors; /* repeat replies of 5xx too; default: the next request with the key runs again */
    size_t max_body;  /* longest body that is repeated; default 1 MiB. After a longer one: 409 */
    const char *(*scope)(tern_ctx *c); /* whose key it is, such as the user's id; default: the Authorization
                                        * header, or else the Cookie header. NULL: everybody's */
    tern_store *store;
    bool run_without_store; /* when the store cannot be reached; default: 503 */
    bool (*skip)(tern_ctx *c);
} tern_idempotency_options;
tern_middleware tern_idempotency_with(const tern_idempotency_options *options);
/**
 * Runs the handler once for all requests with the same Idempotency-Key, and repeats its reply with the header
 * `Idempotent-Replayed: true` (draft-ietf-httpapi-idempotency-key-header).
 *
 * 422 for a key that was used with another method, path, query or body; 409 while a request with the key runs; 400
 * for a header that is not a key of 1 to 255 visible characters. A reply of 5xx, 401, 403, 408, 409, 423, 425 or
 * 429 is not kept, nor is that of a handler whose client left: the next request runs. So does one whose worker died.
 * Not for routes with .stream_body.
 */
#define tern_idempotency(...) tern_idempotency_with(&(tern_idempotency_options){__VA_ARGS__})

#endif

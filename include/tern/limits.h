/** Middleware that limits what clients, and requests as a whole, may take. See docs/limits.md. */
#ifndef TERN_LIMITS_H
#define TERN_LIMITS_H

#include <tern/middleware.h>

/* -- how many requests a client may make -- */

typedef enum tern_rate_algorithm {
    /* At most .requests in any .window_s seconds, about: the count of the window before is weighted by the part of
     * it that the last .window_s seconds still cover. */
    TERN_RATE_SLIDING,
    TERN_RATE_FIXED, /* .requests in a window that begins with a client's first request; then all of them again */
    TERN_RATE_TOKENS, /* a bucket of .burst requests, refilled evenly by .requests in .window_s seconds */
    TERN_RATE_GCRA /* the same arithmetic without a bucket: requests evenly spaced, of which .burst may come early */
} tern_rate_algorithm;

/** One policy: so many requests in so long. */
typedef struct tern_rate {
    unsigned requests; /* default 100 */
    unsigned window_s; /* default 60 */
    tern_rate_algorithm algorithm;
    unsigned burst;   /* of TERN_RATE_TOKENS (default .requests) and TERN_RATE_GCRA (default 1) */
    const char *name; /* in RateLimit and RateLimit-Policy; default "100-in-60s" */
} tern_rate;

/** Which requests count. */
typedef enum tern_rate_counted {
    TERN_COUNT_ALL,
    TERN_COUNT_FAILURES, /* those with a reply of 400 or more: for logins */
    TERN_COUNT_SUCCESSES /* those with a reply below 400 */
} tern_rate_counted;

typedef struct tern_rate_limit_options {
    unsigned requests, window_s; /* the policy, as in tern_rate */
    tern_rate_algorithm algorithm;
    unsigned burst;
    const char *name;
    const tern_rate *
        also; /* TERN_RATES(...): up to 3 more policies; a request that one of them refuses counts for none */

    /* What has a count of its own. Default: the client's address (tern_remote_address). The function returns a text that
     * lives as long as the request, NULL for one without a key, which is then counted by its address. */
    const char *(*by)(tern_ctx *c);
    const char *by_header; /* the value of this header of the request instead, "X-Api-Key" */
    unsigned
        ipv6_prefix; /* bits of an IPv6 address that tell clients apart; default 64, as a client has so many */

    unsigned (*cost)(tern_ctx *c); /* how many requests this one counts for; default 1 each */
    tern_rate_counted counts;
    size_t keys;       /* that have a count at a time; default 100,000. Those that asked last are kept. */
    bool hide_headers; /* no RateLimit and RateLimit-Policy, only Retry-After */
    bool (*skip)(tern_ctx *c);
} tern_rate_limit_options;

tern_middleware tern_rate_limit_with(const tern_rate_limit_options *options);
/**
 * Limits how many requests a client may make: `tern_use(app, tern_rate_limit(.requests = 100, .window_s = 60))`.
 *
 * The count is in memory that all workers share, and is exact: of any number of requests at the same time just as
 * many pass as the limit says, also while workers die or the service reloads. Time is the machine's monotonic clock.
 * One too many is answered with 429, a problem, and Retry-After. Replies have RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers). /healthz and /readyz are never limited.
 *
 * Each use has a count of its own, also of routes and groups; pieces with the same .name have one together, and must
 * have the same options.
 */
#define tern_rate_limit(...) tern_rate_limit_with(&(tern_rate_limit_options){__VA_ARGS__})
/** Policies for `.also`: `.also = TERN_RATES({.requests = 1000, .window_s = 3600})`. */
#define TERN_RATES(...) ((const tern_rate[]){__VA_ARGS__, {0}})

/** For `.by`: one count for all clients together. */
const char *tern_by_everyone(tern_ctx *c);

#endif

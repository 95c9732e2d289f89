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
    bool redis;        /* one count for all machines, in Redis: call tern_redis_setup too */
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
 * With .redis the counts of all machines are one, by one round trip and Redis' clock. While Redis cannot be reached each
 * machine counts for itself, and the log says so once.
 *
 * Each use has a count of its own, also of routes and groups; pieces with the same .name have one together, and must
 * have the same options.
 */
#define tern_rate_limit(...) tern_rate_limit_with(&(tern_rate_limit_options){__VA_ARGS__})
/** What a limit says of one more. */
typedef struct tern_rate_answer {
    bool is_allowed;
    unsigned retry_s; /* until it would be allowed; 0 when it is */
} tern_rate_answer;
/**
 * Counts by hand, for what is not a whole request: failed logins of an account, mails to an address.
 *
 *     static tern_middleware failures;                                          // in main:
 *     failures = tern_rate_limit(.requests = 10, .window_s = 600, .name = "failed logins");
 *     tern_rate_prepare(app, &failures);                                        // or around any route
 *
 *     if (!tern_rate_look(c, &failures, email).is_allowed) ...                  // in a handler: counts nothing
 *     tern_rate_take(c, &failures, email);                                      // counts one, if it is allowed
 *
 * `key` is what has a count of its own; its length does not matter. The counts are in memory that all workers share, or,
 * with .redis, in Redis. `.by`, `.counts`, `.cost` and `.skip` do not apply.
 */
tern_rate_answer tern_rate_take(tern_ctx *c, const tern_middleware *limit, const char *key);
/** Whether one more is allowed. */
tern_rate_answer tern_rate_look(tern_ctx *c, const tern_middleware *limit, const char *key);
/** Takes back one that was counted. */
void tern_rate_give_back(tern_ctx *c, const tern_middleware *limit, const char *key);
/** Makes the counts of a limit that is around no route, before the application serves; mistakes are reported by
 * tern_run. */
void tern_rate_prepare(tern_app *app, const tern_middleware *limit);
/** The address of the client as limits tell clients apart: "192.0.2.1", or the first 64 bits of IPv6, "2001:db8::/64". In
 * the request's memory. */
const char *tern_client_network(tern_ctx *c);

/** Policies for `.also`: `.also = TERN_RATES({.requests = 1000, .window_s = 3600})`. */
#define TERN_RATES(...) ((const tern_rate[]){__VA_ARGS__, {0}})

/** For `.by`: one count for all clients together. */
const char *tern_by_everyone(tern_ctx *c);

/* -- what a worker does when it gets more requests than it can answer -- */

typedef enum tern_priority {
    TERN_PRIORITY_NORMAL,
    TERN_PRIORITY_LOW,     /* refused first */
    TERN_PRIORITY_HIGH,    /* refused last */
    TERN_PRIORITY_CRITICAL /* never refused */
} tern_priority;

typedef struct tern_load_shed_options {
    unsigned target_ms;   /* how long requests may wait in a worker that stays busy; default 5 */
    unsigned interval_ms; /* a worker that was busy for so long is said to stay busy; default 100 */
    unsigned most_ms;     /* how long they may wait in one that was not; default 50 */
    tern_priority priority;
    tern_priority (*priority_of)(tern_ctx *c); /* instead of .priority */
    /* Names the tenant of a request, as `.by` of tern_rate_limit does; NULL for one without. A tenant with less than its
     * share of a busy worker is refused after those with more. */
    const char *(*tenant)(tern_ctx *c);
    unsigned retry_after_s; /* in Retry-After, which is 1 to 2 times this; default 1 */
    bool (*skip)(tern_ctx *c);
} tern_load_shed_options;

tern_middleware tern_load_shed_with(const tern_load_shed_options *options);
/**
 * Refuses requests that a busy worker cannot answer in time, at once, so that it answers the others in time:
 * `tern_use(app, tern_load_shed())`, before what costs anything.
 *
 * What counts is how long requests wait in the worker before their handler begins. In a worker that had less than a
 * twentieth of the last .interval_ms to spare, one that has waited for more than .target_ms is answered with 503, a
 * problem, and Retry-After (CoDel's idea: a short burst is let through, a queue that stays is not). Low priorities
 * are refused while higher ones are. /healthz and /readyz are never refused. Each worker decides for itself.
 *
 * It protects the worker's processor. Handlers that wait for something else (a database, a service) do not keep the
 * worker busy: limit those with tern_concurrency_limit.
 */
#define tern_load_shed(...) tern_load_shed_with(&(tern_load_shed_options){__VA_ARGS__})

/* -- how many requests may be in work at the same time -- */

typedef struct tern_concurrency_limit_options {
    unsigned most;          /* requests at the same time, in each worker; required */
    bool all_workers;       /* in all workers together instead */
    unsigned waiting;       /* requests of a worker that may wait for their turn; default as many as .most */
    unsigned wait_ms;       /* for how long; default 1000 */
    bool refuse_at_once;    /* none waits */
    unsigned retry_after_s; /* of a refusal; default 1 */
    const char *name;       /* with .all_workers: those with the same name count together */
    bool (*skip)(tern_ctx *c);
} tern_concurrency_limit_options;

tern_middleware tern_concurrency_limit_with(const tern_concurrency_limit_options *options);
/**
 * Lets at most .most requests run at the same time what it wraps: `tern_concurrency_limit(.most = 20)` around routes
 * whose database has 20 connections. Others wait in order; where too many wait already, or for longer than .wait_ms,
 * they are answered with 503, a problem, and Retry-After. /healthz and /readyz are not limited.
 *
 * With .all_workers the count is in shared memory: never more than .most, and what a dying worker had in work is free
 * again as soon as its successor begins. A request that waits asks for its turn every 2 milliseconds.
 *
 * A request counts until its handler has returned; a stream that it replies with is sent after that.
 */
#define tern_concurrency_limit(...)                                                                          \
    tern_concurrency_limit_with(&(tern_concurrency_limit_options){__VA_ARGS__})

/* -- what a request may take, for a group of routes -- */

/* Routes have options of their own for each of these, which take precedence. They hold from before the first piece of
 * middleware, so there is no `.skip`. */

typedef struct tern_body_limit_options {
    size_t bytes; /* required */
} tern_body_limit_options;
tern_middleware tern_body_limit_with(const tern_body_limit_options *options);
/** The longest body of a request: `tern_body_limit(.bytes = 10 << 20)`. A longer one is answered with 413. */
#define tern_body_limit(...) tern_body_limit_with(&(tern_body_limit_options){__VA_ARGS__})

typedef struct tern_timeout_options {
    unsigned ms; /* required */
} tern_timeout_options;
tern_middleware tern_timeout_with(const tern_timeout_options *options);
/** How long a request may take, its middleware included: `tern_timeout(.ms = 2000)`. Then what it waits for ends, what it
 * deferred runs, and it is answered with 503. */
#define tern_timeout(...) tern_timeout_with(&(tern_timeout_options){__VA_ARGS__})

typedef struct tern_cpu_limit_options {
    unsigned ms; /* required */
} tern_cpu_limit_options;
tern_middleware tern_cpu_limit_with(const tern_cpu_limit_options *options);
/**
 * How much processor time a request may use, its middleware included: `tern_cpu_limit(.ms = 50)`, or `.cpu_ms` of a route.
 *
 * One that uses more fails with 503 at its next call that waits, may wait, or allocates (tern_alloc, tern_sprintf, a
 * query...). Code is never left in the middle of anything, so a loop without any such call goes on until the watchdog
 * (--watchdog) ends the worker: let long loops call tern_sleep(c, 0). Time is counted in ticks of 2 to 4 ms. What
 * tasks (tern_go), threads (tern_offload) and the writing of a stream use is not counted.
 */
#define tern_cpu_limit(...) tern_cpu_limit_with(&(tern_cpu_limit_options){__VA_ARGS__})

typedef struct tern_throttle_options {
    /* bytes a second that a client must send of a body, and take of a reply, at least: on the average since it began,
     * after 5 seconds; default --min-rate */
    uint64_t min_body_rate, min_reply_rate;
    uint64_t reply_rate; /* bytes a second that a client gets of a reply's body, at most; default: no limit */
    uint64_t reply_free; /* the first bytes of a body, which are sent at full speed */
} tern_throttle_options;
tern_middleware tern_throttle_with(const tern_throttle_options *options);
/**
 * How slow a client may be, and how fast it may be served: `tern_throttle(.min_body_rate = 10 << 10)` around routes that
 * take uploads, `tern_throttle(.reply_rate = 1 << 20)` around downloads. At least one option is required.
 *
 * A body that comes more slowly is answered with 408, and a client that takes its reply more slowly loses its connection
 * (or its stream of HTTP/2). `.reply_rate` is that of one reply: ten requests at a time get ten times as much. It holds
 * for files, streams and bytes, in ten pieces a second, and what a stream did not use while it wrote nothing is sent
 * faster afterwards.
 */
#define tern_throttle(...) tern_throttle_with(&(tern_throttle_options){__VA_ARGS__})

/* -- what is done about handlers that fail -- */

typedef struct tern_circuit_breaker_options {
    unsigned failures_percent; /* of the requests in the window that open it; default 50 */
    unsigned window_s;         /* default 10; at most 60 */
    unsigned least;            /* requests that the window must have; default 20 */
    unsigned slow_ms;          /* a reply that takes longer is a failure; default: time is not looked at */
    unsigned open_s;           /* for how long it refuses before it probes; default 10 */
    unsigned probes;           /* successes in a row that close it again; default 3 */
    bool (*is_failure)(tern_ctx *c, const tern_reply *reply); /* default: a status of 500 or more */
    const char *name; /* those with the same name are one; default: each is one of its own */
    bool (*skip)(tern_ctx *c);
} tern_circuit_breaker_options;

tern_middleware tern_circuit_breaker_with(const tern_circuit_breaker_options *options);
/**
 * Spares a part of the application that fails: `.use = TERN_USE(tern_circuit_breaker())` around routes that need the
 * same other service.
 *
 * When at least .failures_percent of the requests of the last .window_s seconds have failed, it opens: requests are
 * answered with 503, a problem, and Retry-After, without the handler. After .open_s seconds it lets one request after
 * the other through as a probe; when .probes of them succeed it closes, and one that fails opens it again. A request
 * whose client has left counts for nothing. All workers share its state, and the log has a line for each change.
 */
#define tern_circuit_breaker(...) tern_circuit_breaker_with(&(tern_circuit_breaker_options){__VA_ARGS__})

/* -- closing the service for a while -- */

typedef struct tern_maintenance_options {
    const char *file;       /* the service is closed while this file exists; looked at once a second */
    bool on;                /* it is closed from the start, until tern_maintenance_switch opens it */
    const char *message;    /* the detail of the problem; default "the service is under maintenance" */
    unsigned retry_after_s; /* default 60 */
    /* makes the reply for browsers, say a page of a file; the status becomes 503 */
    tern_problem_function *page;
    const char *allow; /* networks whose requests pass, as of tern_ip_filter: "192.0.2.1, 10.0.0.0/8, unix" */
    bool (*skip)(tern_ctx *c);
} tern_maintenance_options;

tern_middleware tern_maintenance_with(const tern_maintenance_options *options);
/**
 * Closes the service, or a part of it, while a file exists: `tern_use(app, tern_maintenance(.file =
 * "/run/my-app/maintenance"))`. Requests are answered with 503, a problem or the page, and Retry-After. /healthz and
 * /readyz pass.
 */
#define tern_maintenance(...) tern_maintenance_with(&(tern_maintenance_options){__VA_ARGS__})
/** Closes or opens what all tern_maintenance of the application wrap, in all workers, at once. A file that exists keeps
 * closed what it closes. */
void tern_maintenance_switch(bool on);

#endif

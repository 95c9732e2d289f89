/** The request a handler answers: `c`. */
#ifndef TERN_CONTEXT_H
#define TERN_CONTEXT_H

#ifdef __cplusplus
#error "handlers are written in C, which skips destructors; C++ may use tern/log.h and tern/shared.h"
#endif

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tern_ctx tern_ctx;

/* Text returned here is NUL-terminated, belongs to the request and goes with it. */

const char *tern_method(tern_ctx *c);
/** The version of HTTP: "HTTP/1.0", "HTTP/1.1" or "HTTP/2". */
const char *tern_protocol(tern_ctx *c);
/** The decoded path. */
const char *tern_path(tern_ctx *c);
/** The raw query, without '?'; "" without one. */
const char *tern_query_string(tern_ctx *c);
/** The path and query as the client sent them, not decoded: "/a%2Fb?c=d". */
const char *tern_target(tern_ctx *c);
/** Host of the request with its port, as the client sent it (absolute-form takes precedence), or as a proxy of
 * --trusted-proxies forwards it; "" without one. It is the client's word: see tern_hosts in tern/security.h. */
const char *tern_host(tern_ctx *c);
/** The route's pattern ("/users/{id}"); "" when no route matched. For metrics and logs. */
const char *tern_route_pattern(tern_ctx *c);
/** Whether this is a request for the /healthz or /readyz of an application with .health: middleware that refuses
 * requests lets these through. */
bool tern_is_health_check(tern_ctx *c);

/** The parameter `{name}` of the route, decoded; NULL when the route has no such parameter. */
const char *tern_param(tern_ctx *c, const char *name);
/** A `{name:int}` parameter. Fails with 404 when it is not a 64-bit integer. */
int64_t tern_param_int(tern_ctx *c, const char *name);

/** First query parameter of that name, decoded; NULL when absent. Fails with 400 when it is wrongly
 * encoded. */
const char *tern_query(tern_ctx *c, const char *name);
/** The `nth` (from 0) of that name. */
const char *tern_query_nth(tern_ctx *c, const char *name, unsigned nth);
/** Typed: `fallback` when absent; 422 naming the parameter when its value is not of the type. */
int64_t tern_query_int(tern_ctx *c, const char *name, int64_t fallback);
double tern_query_double(tern_ctx *c, const char *name, double fallback);
/** true, 1, yes, on / false, 0, no, off (any case). */
bool tern_query_bool(tern_ctx *c, const char *name, bool fallback);

/** First request header of that name (any case); NULL when absent. One with a '_' in its name is absent
 * unless an input names it or the application keeps them: tern_underscores in tern/app.h. */
const char *tern_header(tern_ctx *c, const char *name);
const char *tern_header_nth(tern_ctx *c, const char *name, unsigned nth);
/** A cookie of the request; NULL when absent. */
const char *tern_cookie(tern_ctx *c, const char *name);

/** Whether the request has a body of at least one byte. */
bool tern_has_body(tern_ctx *c);
/** The whole body; for a route with `.stream_body` use tern_body_read. A NUL follows it. */
tern_str tern_body(tern_ctx *c);
/** Whether the route reads its body with tern_body_read (`.stream_body`, or a model with files), so that tern_body has
 * none. */
bool tern_streams_body(tern_ctx *c);
/** Waits for the next piece of a streamed body: its length, 0 at the end. Fails with 400, 408 or 413 when the
 * body is broken, too slow, too large or cut short: a short body never looks whole. */
size_t tern_body_read(tern_ctx *c, void *out, size_t size);

/** The peer's address ("192.0.2.1", "unix:"; "" in a command), or the client's that a proxy of --proxy-protocol has announced or
 * one of --trusted-proxies forwards; never taken from a header of anybody else. */
const char *tern_remote_address(tern_ctx *c);
/**
 * This request's id: 32 hex digits, unique among all workers and machines; or the id given to
 * tern_set_request_id.
 *
 */
const char *tern_request_id(tern_ctx *c);
/** Takes another id for the request, a proxy's or a client's: 1 to 64 letters, digits, '-', '_' or '.', so
 * that it can be in a header or a log line as it is. False, and nothing set, for any other text or NULL. */
bool tern_set_request_id(tern_ctx *c, const char *id);
/** Whether the client would rather read HTML than JSON: its Accept wants text/html more than application/json
 * and application/problem+json. A reply that differs by it says so: `tern_add_header(c, "Vary", "Accept")`.
 */
bool tern_prefers_html(tern_ctx *c);

/* -- from middleware to handlers -- */

/**
 * Declares a slot that each request has: `TERN_LOCAL(User, caller)` in a file, or in a header that several
 * files include, which then mean the same slot. A slot has a number from the start of the program: setting and
 * reading it are a few instructions.
 */
#define TERN_LOCAL(T, slot)                                                                                  \
    typedef T *slot##_local_value;                                                                           \
    extern tern_local_slot slot##_local;                                                                     \
    __attribute__((weak)) tern_local_slot slot##_local = {0};                                                \
    __attribute__((constructor)) static void slot##_local_number(void)                                       \
    {                                                                                                        \
        tern_local_number_(&slot##_local);                                                                   \
    }

/** What the request has in a slot, a `User *` for TERN_LOCAL(User, caller); NULL until it is set. */
#define tern_local(c, slot) ((slot##_local_value)tern_local_of_(c, &slot##_local))
/** Puts a pointer into a slot: `tern_set_local(c, caller, user)`. It must live as long as the request. Fails
 * with 503 without memory. */
#define tern_set_local(c, slot, ...)                                                                         \
    tern_set_local_(c, &slot##_local,                                                                        \
                    _Generic((1 ? (__VA_ARGS__) : *(slot##_local_value *)0), /* as C converts it */                \
                        slot##_local_value: (__VA_ARGS__),                                                         \
                        default: _Generic((__VA_ARGS__),                                                           \
                            void *: (__VA_ARGS__),                                                                 \
                            default: (struct not_a_pointer_to_the_type_of_this_TERN_LOCAL){0})))

typedef struct tern_local_slot {
    unsigned number; /* from 1; 0: not numbered yet */
} tern_local_slot;
struct not_a_pointer_to_the_type_of_this_TERN_LOCAL {
    int unused;
};
void tern_local_number_(tern_local_slot *slot);
void *tern_local_of_(tern_ctx *c, const tern_local_slot *slot);
void tern_set_local_(tern_ctx *c, const tern_local_slot *slot, const void *value);

/* -- the request's memory: no free, no leak -- */

/** `size` zeroed bytes of the request's memory. Never NULL: without memory (or past `.limits.request_memory`)
 * the request fails with 503. */
void *tern_alloc(tern_ctx *c, size_t size);
char *tern_strdup(tern_ctx *c, const char *text);
char *tern_sprintf(tern_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* -- leaving -- */

/**
 * Ends the handler with an error: C's `raise HTTPException`. Does not return.
 *
 * What the handler deferred runs in reverse order, headers it set are dropped, and the client gets
 * application/problem+json (RFC 9457) with this status and the text as `detail`. Middleware sees it as a
 * reply.
 */
_Noreturn void tern_fail(tern_ctx *c, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Runs `undo(arg)` when the handler ends, however it ends, last deferred first. */
void tern_defer(tern_ctx *c, void (*undo)(void *arg), void *arg);

/**
 * Runs `work(c, arg)`, and goes on when it fails: C's `try`. For what a request can do without, such as a cache.
 *
 * @return false when `work` ended by tern_fail, or as a failed query does. What it deferred has run then; what it changed
 *         outside of the request's memory stays. A request whose client left or whose time is over ends as usual.
 */
bool tern_attempt(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg);

/* -- after the reply -- */

/** What became of a reply. */
typedef struct tern_sent_reply {
    int status;      /* 0: no reply was sent, because the client left */
    uint64_t bytes;  /* of its body; 0 for HEAD */
    bool is_cut_off; /* its end was not sent: a stream failed, or the client left */
} tern_sent_reply;

/**
 * Calls `then(c, arg)` once the request's reply has been given to its connection or broken off, last
 * registered first: for a log line, a count, a clean-up that may wait until the client has its answer.
 *
 * `then` may do what a handler may: read the request, allocate, query, wait (which delays only the next
 * request of the same connection; the request's time limit does not apply). It cannot change the reply. When
 * it fails, the log says so. It is called for every request that reached the middleware or handler that
 * registered it, also when the client has left; a call that waits then leaves `then`. Fails with 503 when out
 * of memory.
 */
void tern_after(tern_ctx *c, void (*then)(tern_ctx *c, void *arg), void *arg);
/** The outcome of the reply, for tern_after. All of it is 0 before the reply. */
tern_sent_reply tern_sent(tern_ctx *c);

/** The address of a named route: `tern_url(c, "get_todo", "42")` is "/todos/42". One text for each parameter,
 * encoded. Fails with 500 for an unknown name or the wrong number of texts. */
#define tern_url(c, name, ...) tern_url_of(c, name, (const char *[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
const char *tern_url_of(tern_ctx *c, const char *name, const char *const *params);

#endif

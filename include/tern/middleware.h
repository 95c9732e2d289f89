/** Middleware: code around handlers, and the pieces that come with Tern. The options of each have a `.skip`, as
 * tern_middleware has. */
#ifndef TERN_MIDDLEWARE_H
#define TERN_MIDDLEWARE_H

#include <tern/context.h>
#include <tern/each.h>
#include <tern/problem.h>
#include <tern/reply.h>

typedef struct tern_app tern_app; /* tern/app.h */

/**
 * What a piece of middleware is for, from the outermost to the innermost. A list in this order is right; the
 * application refuses to start with an order that does harm, and names both places: a cache outside of what
 * checks passwords, say, would hand one user's replies to the next (docs/middleware.md has all the rules).
 */
typedef enum tern_stage {
    TERN_STAGE_ANY,         /* anywhere: the default, and that of an application's own pieces */
    TERN_STAGE_CLIENT,      /* finds out who the client is: trusted proxies */
    TERN_STAGE_REQUEST_ID,  /* names the request: request ids */
    TERN_STAGE_LOG,         /* records or measures the whole: logger, response time, Server-Timing */
    TERN_STAGE_HEADERS,     /* adds headers to every reply: safe headers, CSP, deprecation */
    TERN_STAGE_PAGES,       /* gives refusals their form: problem pages */
    TERN_STAGE_HOST,        /* refuses what came to the wrong place: hosts, redirect to https, early data */
    TERN_STAGE_REWRITE,     /* decides what is asked for: rewrite, method override, versions */
    TERN_STAGE_REDIRECT,    /* replies instead of a route: redirect, favicon, robots.txt, static files */
    TERN_STAGE_ADMIT,       /* lets requests in: IP lists, maintenance, load shedding, limit of concurrency */
    TERN_STAGE_CORS,        /* answers preflight requests, which have no credentials */
    TERN_STAGE_LIMIT,       /* counts requests: rate limiter, limits of bodies and of time */
    TERN_STAGE_COMPRESS,    /* encodes the body of the reply */
    TERN_STAGE_DECOMPRESS,  /* decodes the body of the request */
    TERN_STAGE_CSRF,        /* refuses what another site made a browser send */
    TERN_STAGE_AUTH,        /* finds out who the user is: basic auth, key auth, sessions */
    TERN_STAGE_IDEMPOTENCY, /* repeats the reply to a repeated request */
    TERN_STAGE_ETAG,        /* conditional requests */
    TERN_STAGE_CACHE,       /* keeps replies */
    TERN_STAGE_BODY,        /* works on the bodies as the handler has them: body dump */
    TERN_STAGE_HANDLER      /* protects the handler: circuit breaker */
} tern_stage;

/** What a piece sets for the routes that it wraps, as their options of the same names would; 0: nothing. Where several
 * do, a route's own option counts if it has one, and else the innermost piece. */
typedef struct tern_route_limits {
    size_t max_body;
    unsigned timeout_ms, cpu_ms;
    uint64_t min_body_rate, min_reply_rate, reply_rate, reply_free; /* as of tern_throttle */
} tern_route_limits;

/** One piece of middleware with its options. */
typedef struct tern_middleware {
    const char *name;
    tern_reply (*run)(tern_ctx *c, void *options);
    void *options;
    bool (*skip)(tern_ctx *c); /* requests for which it returns true go past this piece; NULL: none do */
    /* Called once, before the application listens or its first test begins: checks the options, and makes what
     * `run` would else make for each request. May add routes, hooks and more. Reports by tern_mistake. */
    void (*prepare)(tern_app *app, void *options);
    /* for documentation, of each route that it wraps: */
    const char *answers; /* the statuses that it replies with itself: "403, 429" */
    const char *headers; /* the headers that it adds to replies: "RateLimit, RateLimit-Policy" */
    const char *takes; /* the request header that it reads on routes that change things: "Idempotency-Key" */
    bool needs;        /* which must be there */

    /* Called before the route is looked up, and before `run`: may change what is looked up by tern_set_method and
     * tern_set_target, read the body by tern_body, or fail. Only for pieces of the application itself. */
    void (*before)(tern_ctx *c, void *options);
    /* Sets the headers that `run` adds to every reply, for replies that Tern makes without running the chain: a body
     * that is too large or too slow, a time limit, a server that stops. The request's head is known, and its route if
     * there is one; it may not wait. NULL: it adds none to those. */
    void (*mark)(tern_ctx *c, void *options);
    bool deprecates; /* for documentation: the routes that it wraps are deprecated */
    /* answers CORS's preflight requests: its route's chain is also run for those, whose method is OPTIONS */
    bool takes_preflight;
    const tern_route_limits *limits; /* NULL: it sets none */
    /* Called instead of `run`, which must be tern_entered: a piece that only lets pass or refuses. It returns to let the
     * request pass, or fails. It costs less than `run`, as nothing has to come back through it. */
    void (*enter)(tern_ctx *c, void *options);
    /* it finds out who is asking (tern_set_identity), so routes inside of it may have `.requires` */
    bool identifies;
    bool demands;          /* and answers requests in which nobody is 401 by itself */
    const char *challenge; /* and what 401 has in WWW-Authenticate: "Bearer"; NULL: nothing */
    const char *const
        *security; /* and the tern_security schemes that it takes, for documentation: NULL-ended; any one
                                    will do; NULL: not described */
    tern_stage stage;
    bool repeats;     /* it may be around a route more than once; TERN_STAGE_ANY always may */
    const char *file; /* where it is used; filled in by the macros */
    int line;
} tern_middleware;

/** A copy of options for as long as the process lives; NULL when out of memory. */
void *tern_keep(const void *options, size_t size);
/** Reports a mistake in how the application was set up, one line: "cors: .origins has ...". tern_run prints all
 * of them and returns 1. For functions that are called before it and for `prepare`. */
void tern_mistake(tern_app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A header that was checked and copied once: for pieces that set it on every reply. */
typedef struct tern_kept_header tern_kept_header;
/**
 * Keeps a header for as long as the process lives: for `prepare`.
 *
 * @param value  NULL: it differs from reply to reply, so tern_set_kept_header is given it.
 * @return NULL after tern_mistake: for what tern_set_header refuses, or when out of memory.
 */
const tern_kept_header *tern_keep_header(tern_app *app, const char *name, const char *value);
/** tern_set_header of a kept header, at the cost of a few stores. `value` NULL: the kept one; another is checked and
 * copied, and refused as by tern_set_header. */
bool tern_set_kept_header(tern_ctx *c, const tern_kept_header *header, const char *value);

/** How busy this worker is: see tern_load_now. */
typedef struct tern_load {
    uint64_t waited_us; /* since the worker has had this request, and others with it, to do */
    uint64_t idle_us;   /* how long the worker has had nothing to do, since it began */
    uint64_t
        now_us; /* the monotonic clock, that the difference of two of these may be put into relation to */
} tern_load;

/** Has the workers measure how busy they are, which costs them some 50 ns a turn: for `prepare` of a piece that calls
 * tern_load_now. */
void tern_watch_load(tern_app *app);
/**
 * How busy this worker is at this moment. All 0 without tern_watch_load.
 *
 * A worker takes what has arrived all at once, and then does one after the other. `.waited_us` is the time since it
 * has taken: in middleware, how long the request has waited for those before it. What arrives meanwhile waits in the
 * kernel, for one such round at most.
 */
tern_load tern_load_now(tern_ctx *c);

/**
 * Middleware wraps what is inside it, like an onion:
 *
 *     static tern_reply timed(tern_ctx *c, void *options)
 *     {
 *         tern_reply r = tern_next(c);          // the next middleware, or the handler
 *         tern_set_header(c, "X-Timed", "yes");
 *         return r;
 *     }
 *     tern_use(app, TERN_MIDDLEWARE(timed));
 *
 * tern_next always returns: a failure inside comes out as a problem reply. Call it at most once; not calling
 * it answers without the handler.
 */
tern_reply tern_next(tern_ctx *c);
/** The `run` of pieces that have an `enter`. */
tern_reply tern_entered(tern_ctx *c, void *options);
/** In `before`: looks for the route of another path and query, encoded as in a request ("/a%20b?c=d"), or of another
 * method. tern_path, tern_query and tern_method are then those; tern_target stays the client's. Fail with 500 elsewhere,
 * and for a text that cannot be one. The text must live as long as the request. */
void tern_set_target(tern_ctx *c, const char *target);
void tern_set_method(tern_ctx *c, const char *method);
/** The `.arg` of the handler of the request's route: for functions that register routes of their own. */
void *tern_route_arg(tern_ctx *c);

/**
 * tern_next for middleware that keeps the reply for other requests. What is inside does not see this request's
 * conditions (If-None-Match, If-Modified-Since, If-Match, If-Unmodified-Since) nor its Range and If-Range: its
 * reply is whole, and tern_conditional is for the middleware.
 *
 * @param read  receives the names of the request headers that were asked for inside, whether the client sent
 *              them or not, divided by ", "; "" if none was. The reply may differ by them. "*" if there were
 *              too many to tell. In the request's memory.
 */
tern_reply tern_next_whole(tern_ctx *c, const char **read);

/**
 * Handles a copy of this request once more in the background, while this one is answered: a cache renews an
 * entry so. The copy passes all middleware as the client's request does; its reply goes nowhere. It has the
 * request's head without conditions and Range, no body, and the address of its client; tern_is_repeat tells it
 * from a client's. It ends after the route's time limit, and when the worker stops.
 *
 * False, and nothing done, when this request is itself a copy, has a body, when 64 copies run in this worker, or
 * when out of memory.
 */
bool tern_repeat(tern_ctx *c);
bool tern_is_repeat(tern_ctx *c);
#define TERN_MIDDLEWARE(function, ...) ((tern_middleware){.name = #function, .run = function, __VA_ARGS__})

typedef enum tern_logger_format {
    TERN_LOGGER_AUTO,    /* as the log of the application: for people or JSON; in a file JSON */
    TERN_LOGGER_COMBINED /* in a file: the combined format of Apache and nginx */
} tern_logger_format;

typedef struct tern_logger_options {
    const char *skip_prefix; /* paths that begin with it are not logged ("/healthz") */
    /* The fields of a line, divided by commas: method, path, target, protocol, status, bytes, us, address,
     * request_id, host, route, user, user_agent, referer. Default "method, path, status, bytes, us, address,
     * request_id". Not with the combined format. */
    const char *fields;
    const char *file; /* where the lines go; default: the application's log, with its level */
    tern_logger_format format;
    size_t buffer_bytes; /* of lines that wait for the disk, a worker; default 1 MiB */
    bool (*skip)(tern_ctx *c);
} tern_logger_options;
tern_middleware tern_logger_with(const tern_logger_options *options);
/**
 * One line a request, after its reply.
 *
 * A file is appended to by a thread of each worker, so that no request waits for the disk: lines come in blocks, at
 * the latest after 0.2 s. When .buffer_bytes wait already, lines are dropped, and the log says how many. The file is
 * opened again once it was renamed or removed (logrotate needs no signal), and by a reload (SIGHUP). Bytes from clients
 * that could end a line or be taken for another field are escaped.
 */
#define tern_logger(...) tern_logger_with(&(tern_logger_options){__VA_ARGS__})

typedef struct tern_request_id_options {
    const char *header; /* default "X-Request-Id" */
    bool trust_client;  /* take the client's id when tern_set_request_id does */
    bool (*skip)(tern_ctx *c);
} tern_request_id_options;
tern_middleware tern_request_ids_with(const tern_request_id_options *options);
/** Puts the request's id on every reply. */
#define tern_request_ids(...) tern_request_ids_with(&(tern_request_id_options){__VA_ARGS__})

typedef struct tern_problem_pages_options {
    bool html_for_browsers; /* a readable page when Accept prefers text/html */
    /* makes that page instead, say of a template or a file; given, it implies .html_for_browsers. A reply of
     * success gets the problem's status; text that came from a client is for tern_escape_html. */
    tern_problem_function *page;
    bool (*skip)(tern_ctx *c);
} tern_problem_pages_options;
tern_middleware tern_problem_pages_with(const tern_problem_pages_options *options);
/** Turns replies of 400 and above without a body of their own into problems, in the application's shape
 * (tern_on_problem), and those and all other problems into pages for browsers; logs 5xx. */
#define tern_problem_pages(...) tern_problem_pages_with(&(tern_problem_pages_options){__VA_ARGS__})

typedef struct tern_body_dump_options {
    size_t max_bytes; /* of each body: default 2 KiB */
    /* words: the value of a JSON member or form field whose name contains one is written as "***". The default has
     * password, secret, token, card, session and more. */
    const char *secrets;
    bool (*skip)(tern_ctx *c);
} tern_body_dump_options;
tern_middleware tern_body_dump_with(const tern_body_dump_options *options);
/** Writes the bodies of requests and replies to the log, at the level debug alone: for development. JSON, forms and text
 * are shown; of other types, files and streams only the length or kind. Use it inside of tern_compress. */
#define tern_body_dump(...) tern_body_dump_with(&(tern_body_dump_options){__VA_ARGS__})

#endif

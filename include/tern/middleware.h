/** Middleware: code around handlers, and the pieces that come with Tern. The options of each have a `.skip`, as
 * tern_middleware has. */
#ifndef TERN_MIDDLEWARE_H
#define TERN_MIDDLEWARE_H

#include <tern/context.h>
#include <tern/each.h>
#include <tern/problem.h>
#include <tern/reply.h>

typedef struct tern_app tern_app; /* tern/app.h */

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
} tern_middleware;

/** A copy of options for as long as the process lives; NULL when out of memory. */
void *tern_keep(const void *options, size_t size);
/** Reports a mistake in how the application was set up, one line: "cors: .origins has ...". tern_run prints all
 * of them and returns 1. For functions that are called before it and for `prepare`. */
void tern_mistake(tern_app *app, const char *format, ...) __attribute__((format(printf, 2, 3)));

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
#define TERN_MIDDLEWARE(function, ...) ((tern_middleware){.name = #function, .run = function, __VA_ARGS__})

typedef struct tern_logger_options {
    const char *skip_prefix; /* paths that begin with it are not logged ("/healthz") */
    bool (*skip)(tern_ctx *c);
} tern_logger_options;
tern_middleware tern_logger_with(const tern_logger_options *options);
/** One line a request: method, path, status, bytes, milliseconds, address, request id. */
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

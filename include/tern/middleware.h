/** Middleware: code around handlers, and the pieces that come with Tern. */
#ifndef TERN_MIDDLEWARE_H
#define TERN_MIDDLEWARE_H

#include <tern/context.h>
#include <tern/each.h>
#include <tern/problem.h>
#include <tern/reply.h>

/** One piece of middleware with its options. */
typedef struct tern_middleware {
    const char *name;
    tern_reply (*run)(tern_ctx *c, void *options);
    void *options;
} tern_middleware;

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
    const char *skip_prefix; /* paths that begin with one of these are not logged ("/healthz") */
} tern_logger_options;
tern_middleware tern_logger_with(const tern_logger_options *options);
/** One line a request: method, path, status, bytes, milliseconds, address, request id. */
#define tern_logger(...) tern_logger_with(&(tern_logger_options){__VA_ARGS__})

typedef struct tern_request_id_options {
    const char *header; /* default "X-Request-Id" */
    bool trust_client;  /* take the client's id when tern_set_request_id does */
} tern_request_id_options;
tern_middleware tern_request_ids_with(const tern_request_id_options *options);
/** Puts the request's id on every reply. */
#define tern_request_ids(...) tern_request_ids_with(&(tern_request_id_options){__VA_ARGS__})

typedef struct tern_problem_pages_options {
    bool html_for_browsers; /* a readable page when Accept prefers text/html */
    /* makes that page instead, say of a template or a file; given, it implies .html_for_browsers. A reply of
     * success gets the problem's status; text that came from a client is for tern_escape_html. */
    tern_problem_function *page;
} tern_problem_pages_options;
tern_middleware tern_problem_pages_with(const tern_problem_pages_options *options);
/** Turns replies of 400 and above without a body of their own into problems, in the application's shape
 * (tern_on_problem), and those and all other problems into pages for browsers; logs 5xx. */
#define tern_problem_pages(...) tern_problem_pages_with(&(tern_problem_pages_options){__VA_ARGS__})

#endif

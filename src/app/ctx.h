/** The internals of tern_ctx and tern_app, shared by the files of the app layer. */
#ifndef APP_CTX_H
#define APP_CTX_H

#include "app/router/router.h"
#include "app/static_file.h"
#include "base/arena.h"
#include "http/exchange.h"
#include "runtime/coro.h"
#include "runtime/scope.h"
#include "runtime/unwind.h"

#include <tern/app.h>
#include <tern/context.h>
#include <tern/problem.h>

#include <stdatomic.h>

/** The request's values in the slots of TERN_LOCAL, by number. */
typedef struct ctx_locals {
    unsigned room;
    void *values[];
} ctx_locals;

/** A problem and the reply that reports it. */
typedef struct ctx_told {
    tern_problem problem;
    tern_reply reply;
} ctx_told;

/** A function to run once the reply was sent or abandoned: the logger's line. */
typedef struct ctx_after {
    struct ctx_after *next;
    void (*run)(tern_ctx *c, void *arg);
    void *arg;
} ctx_after;

/** The request headers that were asked for inside of a tern_next_whole. */
typedef struct ctx_reads ctx_reads;

/**
 * One request in the app layer; made by accept_head in the exchange's arena, which begins on the stack of the
 * connection's coroutine. Hot path: set up by a few stores.
 */
struct tern_ctx {
    http_exchange *x;
    tern_app *app;
    scope scope;                 /* open while handlers and middleware run */
    const tern_middleware *next; /* what tern_next runs; `run` NULL: the handler; NULL: it was called */
    struct ctx_before *before;   /* NULL without middleware that changes what is asked for */
    const char *path;            /* decoded, NUL-terminated; NULL until requested (plain paths) */
    size_t path_len;
    ctx_locals *locals;            /* NULL until one is set */
    ctx_after *after;              /* newest first */
    ctx_reads *reads;              /* NULL: nobody wants to know */
    struct ctx_decoding *decoding; /* of a streamed body (decoded.c); NULL: it is read as it is */
    size_t body_taken;             /* bytes that tern_body_read has returned of a buffered body */
    uint64_t timeout_ms;
    bool is_query_counted;
    bool is_repeat;    /* a copy of a request, of tern_repeat */
    bool is_shaping;   /* the application's function is making a problem's reply */
    bool is_misshapen; /* Tern found a problem in what that function does */
    short refused;     /* why no route was looked up: 400, 503; 0 when one was */
    /* the rest of the failure on its way to the nearest tern_next, whose status and detail are in the scope;
     * NULL if there is no more */
    const tern_problem *problem;
    const http_field *problem_field; /* a header of its reply; NULL: none */
    struct ctx_told *told; /* the last problem that became a reply; invalid while scope.problem_status is 0 */
    const tern_type *reply_type; /* of the last typed reply, if .returns is checked; NULL: none */
    const char *reply_data;      /* its body */
    bool reply_is_page;
    struct {
        const tern_type *type;
        const char *data;
        bool is_member;
    } packed; /* of the last typed reply: its model, its JSON, and whether that has the model's value in an object. Set where
                 the application has formats besides JSON */
    bool is_json_read;         /* the body was decoded, so it is no longer JSON */
    bool is_bound;             /* the input was read: once in each request */
    struct data_request *data; /* the data layer's; NULL until the request uses its database */
    /* set by provide_run, if the route has a plan: the values of its steps, NULL for those not called yet;
     * and the arguments of the handler's pairs */
    void **provided;
    void *const *given;
    route_found found;
    char request_id[65]; /* "" until made or accepted */
    route_match match;   /* the last member: its params are not cleared */
};

/** Hooks that live with the application; every function may be NULL. */
typedef struct app_hook {
    struct app_hook *next;
    bool (*prepare)(void *arg, buf *problems); /* in app_prepare; false with lines in `problems` */
    bool (*start)(void *arg);                  /* in a worker, before its first request */
    void (*stop)(void *arg);                   /* in a worker, after its last */
    void (*tidy)(void *arg);                   /* in a worker, like worker_service's */
    void *arg;
} app_hook;

typedef struct app_check {
    struct app_check *next;
    const char *name;
    bool (*is_ready)(tern_ctx *c);
} app_check;

/** An application under test. */
typedef struct app_testing {
    bool commits; /* the test wants its writes to stay */
    /* set by app_prepare's hooks: only one test at a time can use what the application works on */
    bool is_in_turn;
} app_testing;

/** A list of names, in the application's memory. */
typedef struct app_names {
    tern_str *list;
    unsigned count, room;
} app_names;

struct tern_group {
    tern_app *app;
    tern_group *parent; /* NULL for the root */
    const char *prefix, *host;
    struct problem_shape *shapes; /* from tern_on_problem; NULL: only the shapes of the outer groups count */
    tern_middleware *use;         /* ended by run NULL */
    unsigned use_count, use_room;
    const tern_provider *const *needs; /* ended by NULL; NULL: none */
    const char *requires;              /* NULL: nothing */
};

struct tern_app {
    tern_app_options options;
    tern_group root;
    arena arena; /* the data of registration: groups, routes, texts, lists; freed with the application */
    const struct route_kind *kinds;         /* of tern_route_kind, newest first */
    router *router;                         /* NULL until app_compile */
    const struct page_shape *page;          /* for routes without page names; NULL until app_compile */
    const tern_middleware *unmatched_chain; /* the application's own, for requests without a route */
    const tern_middleware *before;          /* those of them that have a `before`; NULL: none */
    app_hook *hooks, **hooks_end;           /* in order of registration, as are checks and pending */
    app_check *checks, **checks_end;
    struct app_piece *pieces, **pieces_end; /* middleware to prepare, in order of registration */
    buf mistakes;                           /* lines of tern_mistake */
    struct app_pending *pending;            /* routes as registered; app_compile flattens them */
    struct app_pending **pending_end;
    struct app_command *commands; /* of other layers (command.h), in order, as are launches */
    struct app_launch *launches;
    struct data_tables_wanted *tables;             /* of tern_tables, in order */
    bool has_database;                             /* tern_database was called */
    const char *database_url;                      /* from the settings; NULL: not given */
    const char *database_prepare;                  /* the same */
    const char *redis_url;                         /* the same */
    const char *mail_url, *mail_from;              /* the same */
    const char *secret_keys_file;                  /* the same */
    struct app_secrets *secrets;                   /* of tern_secrets (secret/keys.h); NULL: not declared */
    struct provide_replacement *replacements;      /* of providers, in tests */
    app_testing *testing;                          /* NULL: not under test; set before app_prepare */
    const struct problem_type *problem_types;      /* of tern_problem_type, newest first */
    struct openapi_scheme *schemes, **schemes_end; /* from tern_security, in order */
    const char *login_page;                        /* of tern_login_page; NULL: none */
    unsigned fresh_s;                              /* how long a login is fresh; 0: the default */
    struct openapi_extras *extras;              /* webhooks, tags, servers (openapi/extras.h); NULL: none */
    const struct problem_shaper *shaper;        /* NULL: no group has a shape of its own for problems */
    struct problem_shape *shapes, **shapes_end; /* of all groups, in order of registration */
    struct app_safe_headers *safe_headers;      /* from tern_safe_headers, or the defaults */
    app_names underscored;                      /* headers with a '_' in inputs and tern_security */
    buf openapi;              /* the document (openapi.c); empty until a client requests it */
    static_file openapi_file; /* the same, as served */
    bool has_openapi_route;
    bool marks;                    /* some piece of middleware has a `mark` */
    bool has_encoded_slashes;      /* some route allows them */
    static_file *docs_files;       /* the parts of /docs, by docs_part; NULL until its routes exist */
    void (*tried_frames[8])(void); /* of the last files checked for stack probes */
    unsigned tried_count;
    const char *unprobed_file; /* a file without them; NULL: none known */
    unsigned formats;          /* besides JSON: TERN_MSGPACK, TERN_CBOR */
    bool memory_short;         /* out of memory during registration: app_compile reports it */
    bool is_development;       /* --development */
    bool is_draining;          /* this worker is stopping: /readyz replies 503 */
};

/** Flattens groups and middleware into routes and compiles the router; false with the problems as lines, one
 * for each mistake. May be called again after more was registered; earlier matches are invalid then.
 * (app.c) */
bool app_compile(tern_app *app, buf *problems);
/** Fills in app->underscored from the compiled routes. (header_names.c) */
void app_collect_header_names(tern_app *app);
/** Everything between registering and serving: app_compile with the routes that Tern adds itself, and the
 * checks of the declarations. False with the problems as lines. (app.c) */
bool app_prepare(tern_app *app, buf *problems);
void app_free(tern_app *app);
/** Checks once the frames of the file with this tern_frame_of_file_ (NULL: nothing to check). (app.c) */
void app_try_frame(tern_app *app, void (*frame)(void), const char *file);
/** Adds a copy of `hook` after the existing ones. (app.c) */
void app_add_hook(tern_app *app, const app_hook *hook);
/** Zeroed memory, or a copy of a text that may be NULL, with the lifetime of the application; NULL, reported
 * by app_compile, when out of memory. (app.c) */
void *app_keep(tern_app *app, size_t size);
const char *app_keep_text(tern_app *app, const char *text);

/** The service handed to http (dispatch.c). */
void app_service(tern_app *app, http_service *service);
/** For crash reports: the request that the running coroutine serves, async-signal-safe (dispatch.c). */
size_t app_describe(void *app, char *out, size_t size);

/** A copy of the reply's headers, to restore: a header set later may replace another. When out of memory,
 * restoring drops all headers. (dispatch.c) */
typedef struct ctx_fields {
    http_field *list; /* NULL if there were none */
    unsigned count;
} ctx_fields;
void ctx_keep_fields(tern_ctx *c, ctx_fields *kept);
void ctx_restore_fields(tern_ctx *c, const ctx_fields *kept);

/** Sets up `c` for a request whose route was not looked up. (dispatch.c) */
void ctx_begin(tern_ctx *c, tern_app *app, http_exchange *x);
/** The request's memory. */
static inline arena *ctx_arena(const tern_ctx *c)
{
    return &c->x->arena;
}

/** Opens the request's scope; the running coroutine works for the request until ctx_leave. (dispatch.c) */
void ctx_open(tern_ctx *c);
/** Lets the running coroutine work for `c` again after serving, with its scope: until ctx_leave, which runs
 * the defers added since. (dispatch.c) */
void ctx_enter(tern_ctx *c);
void ctx_leave(tern_ctx *c);
/** Runs the functions of tern_after, and those registered while they run. (dispatch.c) */
void ctx_run_after(tern_ctx *c);
/** Runs `work(c, arg)` as a part of the request: its defers have run when this returns. Returns UNWIND_NONE,
 * or why it was left. (dispatch.c) */
unwind_reason ctx_guard(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg);
/** Like ctx_fail, with the faults of the input, all in the request's memory; NULL and 0: none. (problem.c) */
_Noreturn void ctx_fail_faults(tern_ctx *c, int status, const char *detail, const tern_fault *faults,
                               size_t count);
/** Puts the place of a fault with source and field under the key that contains the fields of this request's
 * JSON, if its route has one. (problem.c) */
void ctx_place_fault(tern_ctx *c, tern_fault *told);
/** Like ctx_fail, with a header for the problem's reply, which is copied. (problem.c) */
_Noreturn void ctx_fail_field(tern_ctx *c, int status, const char *detail, const http_field *field);
/** Ends the handler with a redirect (303), which is not a problem; `location` lives as long as the request.
 * (problem.c) */
_Noreturn void ctx_leave_for(tern_ctx *c, const char *location);
/** Like tern_fail, with a text that lives as long as the request: for use when memory may be short.
 * (problem.c) */
_Noreturn void ctx_fail(tern_ctx *c, int status, const char *detail);
/** Fails with 503 when `block` is NULL; returns it otherwise. (memory.c) */
void *ctx_need(tern_ctx *c, void *block);
/** Copies text into the request's memory, NUL-terminated; never NULL. (memory.c) */
const char *ctx_text(tern_ctx *c, tern_str text);

/** The whole value of a list header: all its lines, joined with commas (RFC 9110 section 5.3); "" if it is
 * absent. (header_lists.c) */
const char *ctx_header_list(tern_ctx *c, const char *name);
/** The same value; NULL when out of memory. (header_lists.c) */
const char *ctx_header_list_or_null(tern_ctx *c, const char *name);
/** Adds to Vary the names of a list that it does not have: one line with each name once. (headers.c) */
void ctx_vary(tern_ctx *c, tern_str names);
/** Takes the next element of a list, without the white space around it; empty ones are skipped, and a comma
 * between double quotes does not end one. False at the end. (header_lists.c) */
bool ctx_list_next(tern_str *rest, tern_str *element);

/** The reply of a problem, in the application's shape if it has one. Its texts and faults must live as long
 * as the request. Never fails. (problem.c) */
tern_reply ctx_problem_of(tern_ctx *c, const tern_problem *problem);
/** The reply of a problem with this status and detail, which may be NULL. */
tern_reply ctx_problem(tern_ctx *c, int status, const char *detail);
/** The reply of a problem as problem details. Never fails. (problem.c) */
tern_reply ctx_problem_details(tern_ctx *c, const tern_problem *problem);
/** Notes that a request header was asked for; `c->reads` must not be NULL. (whole_reply.c) */
void ctx_note_read(tern_ctx *c, const char *name);
/** The request without the headers that tern_next_whole hides: itself, or a copy in the request's memory.
 * (whole_reply.c) */
const http_request *ctx_without_conditions(tern_ctx *c, const http_request *request);
/** Looks the route up, and sets what runs first. (dispatch.c) */
void ctx_find_route(tern_ctx *c);
/** Cancels the copies of requests that run: this worker stops. (repeat.c) */
void repeat_cancel_all(void);
/** The status for a file that could not be opened (errno; 0: not a regular file): 404 only if it certainly
 * does not exist or this process may not read it. (send_file.c) */
int ctx_file_status(int error);
/** `reply`, or a 500 when it does not match the route's .returns. (typed_reply.c) */
tern_reply typed_reply_check(tern_ctx *c, const tern_reply *reply);
/** Whether http can send it: a status of 200 to 599, and the data that its kind needs. */
static inline bool reply_is_sound(const tern_reply *reply)
{
    if (reply->status < 200 || reply->status > 599)
        return false;
    switch (reply->kind) {
    case TERN_REPLY_BYTES:
        return reply->data != NULL || reply->len == 0;
    case TERN_REPLY_FILE:
        return reply->arg != NULL;
    case TERN_REPLY_STREAM:
        return reply->write != NULL;
    }
    return false;
}
/** "GET /users/{id}" or "GET (no route)" for log lines, in `out`. (problem.c) */
const char *ctx_route_label(tern_ctx *c, char *out, size_t size);
/** Sends `reply` through http; never throws, since no caller would catch it (send.c). */
void ctx_send(tern_ctx *c, const tern_reply *reply);
/** The request of a stream. (send.c) */
tern_ctx *ctx_of_stream(const tern_stream *out);
/** Sends a problem found only now, after all middleware. (send.c) */
void ctx_send_problem(tern_ctx *c, int status);
/** Sends a reply that is a file; `has_type`: the reply has a Content-Type header already. Never throws.
 * (send_file.c) */
void ctx_send_file(tern_ctx *c, const tern_reply *reply, bool has_type);
/** The media type for a file's suffix; application/octet-stream when it is unknown. (mime.c) */
const char *mime_of_path(const char *path);
/** Makes this request's id without allocating; false when this worker has not drawn its seed.
 * (request_id.c) */
bool request_id_make(char out[33]);
/** Draws the seed of this process, if not drawn yet. (request_id.c) */
void request_id_prepare(void);
/** Adds GET /healthz and /readyz (health.c). */
void health_add_routes(tern_app *app);

#endif

/** The inside of tern_ctx and tern_app: what the files of the app layer share. */
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

#include <stdatomic.h>

typedef struct ctx_local {
    struct ctx_local *next;
    const char *name;
    void *value;
} ctx_local;

/** Something to run once the reply has been sent, or given up: the logger's line. */
typedef struct ctx_after {
    struct ctx_after *next;
    void (*run)(tern_ctx *c, void *arg);
    void *arg;
} ctx_after;

/**
 * One request in the app layer; made by accept_head in the exchange's arena, which begins on the stack of the
 * connection's coroutine. Hot path: set up by a few stores.
 */
struct tern_ctx {
    http_exchange *x;
    tern_app *app;
    scope scope;                 /* open while handlers and middleware run */
    const tern_middleware *next; /* what tern_next runs; `run` NULL: the handler; NULL: it has been called */
    const char *path;            /* decoded, NUL-terminated; NULL until asked for (plain paths) */
    size_t path_len;
    ctx_local *locals;
    ctx_after *after;  /* newest first */
    size_t body_taken; /* what tern_body_read has handed out of a buffered body */
    uint64_t timeout_ms;
    bool is_query_counted;
    short refused; /* why no route was looked for: 400, 503; 0 when one was */
    /* of the failure on its way to the nearest tern_next, whose status and detail the scope has: a JSON
     * array, the faults of the input; NULL when it is about something else */
    const char *problem_errors;
    const http_field *problem_field; /* a header that goes with it; NULL: none */
    const tern_type *reply_type;     /* of the typed reply made last, where .returns is checked; NULL: none */
    const char *reply_data;          /* its body */
    bool reply_is_page;
    bool is_json_read;         /* the body was decoded, so it is no JSON any more */
    bool is_bound;             /* the input has been read: once a request */
    struct data_request *data; /* the data layer's; NULL until the request uses its database */
    route_found found;
    char request_id[65]; /* "" until made or taken */
    route_match match;   /* last: its params are not cleared */
};

/** What else lives with the application; every function may be NULL. */
typedef struct app_hook {
    struct app_hook *next;
    bool (*prepare)(void *arg, buf *problems); /* in app_prepare; false with lines in `problems` */
    bool (*start)(void *arg);                  /* in a worker, before its first request */
    void (*stop)(void *arg);                   /* in a worker, after its last */
    void (*tidy)(void *arg);                   /* in a worker, as worker_service's */
    void *arg;
} app_hook;

typedef struct app_check {
    struct app_check *next;
    const char *name;
    bool (*is_ready)(tern_ctx *c);
} app_check;

/** An application that is being tested. */
typedef struct app_testing {
    bool commits; /* the test wants what it writes to stay */
    /* told by app_prepare's hooks: what the application works on can be had by one test at a time */
    bool is_in_turn;
} app_testing;

/** Some names, in the application's memory. */
typedef struct app_names {
    tern_str *list;
    unsigned count, room;
} app_names;

struct tern_group {
    tern_app *app;
    tern_group *parent; /* NULL for the root */
    const char *prefix, *host;
    tern_middleware *use; /* ended by run NULL */
    unsigned use_count, use_room;
};

struct tern_app {
    tern_app_options options;
    tern_group root;
    arena arena;    /* what registration makes: groups, routes, texts, lists; goes with the application */
    router *router; /* NULL until app_compile */
    const tern_middleware *unmatched_chain; /* the application's own, for requests without a route */
    app_hook *hooks, **hooks_end;           /* in order of registration, as are checks and pending */
    app_check *checks, **checks_end;
    struct app_pending *pending; /* routes as registered; app_compile flattens them */
    struct app_pending **pending_end;
    struct app_command *commands; /* of other layers (command.h), in order, as are launches */
    struct app_launch *launches;
    const char *database_url;                      /* of the settings; NULL: not given */
    const char *database_prepare;                  /* the same */
    app_testing *testing;                          /* NULL: it is not tested; set before app_prepare */
    struct openapi_scheme *schemes, **schemes_end; /* what tern_security declared, in order */
    app_names underscored;                         /* headers with a '_' that inputs and tern_security name */
    buf openapi;              /* the document (openapi.c); empty until a client asks for it */
    static_file openapi_file; /* the same as it is served */
    bool has_openapi_route;
    bool has_encoded_slashes;  /* some route takes them */
    static_file *docs_files;   /* the parts of /docs, by docs_part; NULL until its routes are there */
    void (*tried_frame)(void); /* of the last handler's file: whether it has stack probes is known */
    const char *unprobed_file; /* one that has none; NULL: no such file is known */
    bool memory_short;         /* something registered could not be kept: app_compile says so */
    bool is_draining;          /* this worker is leaving: /readyz says 503 */
};

/** Flattens groups and middleware into routes and compiles the router; false with the problems as lines, one
 * for each mistake. May be called again after more was registered; earlier matches are void then. (app.c) */
bool app_compile(tern_app *app, buf *problems);
/** Fills in app->underscored from the compiled routes. (header_names.c) */
void app_collect_header_names(tern_app *app);
/** All that comes between registering and serving: app_compile with the routes that Tern adds itself, and the
 * checks of what was declared. False with the problems as lines. (app.c) */
bool app_prepare(tern_app *app, buf *problems);
void app_free(tern_app *app);
/** Adds a copy of `hook` behind those that are there. (app.c) */
void app_add_hook(tern_app *app, const app_hook *hook);
/** Zeroed memory, or a copy of a text that may be NULL, that lasts as long as the application; NULL, noted
 * for app_compile, when memory is short. (app.c) */
void *app_keep(tern_app *app, size_t size);
const char *app_keep_text(tern_app *app, const char *text);

/** The service handed to http (dispatch.c). */
void app_service(tern_app *app, http_service *service);
/** For crash reports: what the running coroutine is serving, async-signal-safe (dispatch.c). */
size_t app_describe(void *app, char *out, size_t size);

/** Opens the request's scope; the running coroutine works for it until ctx_leave. (dispatch.c) */
void ctx_open(tern_ctx *c);
/** The running coroutine works for the request, whose scope is open. */
static inline void ctx_enter(tern_ctx *c)
{
    coro *self = coro_self();
    self->request = c;
    self->scope = &c->scope;
}
/** Undoes what was deferred; the running coroutine works for no request any more. */
static inline void ctx_leave(tern_ctx *c)
{
    coro *self = coro_self();
    scope_close(&c->scope);
    self->scope = NULL;
    self->request = NULL;
}

/** Runs what `c->next` names inside a catch point and returns its reply or the problem reply (dispatch.c). */
tern_reply ctx_run_next(tern_ctx *c);
/** Calls `run(c, arg)` after the reply has been sent or given up, when x->reply_status and x->sent_bytes are
 * known. Fails the request when memory is short. (dispatch.c) */
void ctx_add_after(tern_ctx *c, void (*run)(tern_ctx *c, void *arg), void *arg);
/** Runs `work(c, arg)` as a part of the request: its defers have run when this returns. UNWIND_NONE, or why
 * it was left. (dispatch.c) */
unwind_reason ctx_guard(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg);
/** As ctx_fail with the problem's `errors`, a JSON array in the request's memory (NULL: none). (problem.c) */
_Noreturn void ctx_fail_errors(tern_ctx *c, int status, const char *detail, const char *errors);
/** As ctx_fail, with a header of the problem's reply, which is copied. (problem.c) */
_Noreturn void ctx_fail_field(tern_ctx *c, int status, const char *detail, const http_field *field);
/** As tern_fail with a text that lives as long as the request: for where memory may be short. (problem.c) */
_Noreturn void ctx_fail(tern_ctx *c, int status, const char *detail);
/** Fails with 503 when `block` is NULL; returns it otherwise. (memory.c) */
void *ctx_need(tern_ctx *c, void *block);
/** Copies text into the request's memory, NUL-terminated; never NULL. (memory.c) */
const char *ctx_text(tern_ctx *c, tern_str text);

/** The whole value of a header that is a list: all lines of it, joined with commas (RFC 9110 section 5.3); ""
 * without one. (header_lists.c) */
const char *ctx_header_list(tern_ctx *c, const char *name);
/** Takes the next element of a list, without the white space around it; empty ones are passed over, and a
 * comma between double quotes does not end one. False at the end. (header_lists.c) */
bool ctx_list_next(tern_str *rest, tern_str *element);
/** Whether If-None-Match names `tag`, an entity tag with its quotes; false without one. (header_lists.c) */
bool ctx_tag_is_known(tern_ctx *c, const char *tag);

/** The Content-Type of problem replies, and of the plain text that only names a status: middleware knows
 * these bodies by the pointer. */
extern const char ctx_problem_type[], ctx_status_type[];
/** The problem+json reply for a status; detail and errors (a JSON array) may be NULL. (problem.c) */
tern_reply ctx_problem_errors(tern_ctx *c, int status, const char *detail, const char *errors);
/** The same without errors. */
tern_reply ctx_problem(tern_ctx *c, int status, const char *detail);
/** The status that says why a file could not be opened (errno; 0: it is no regular file): 404 only for what
 * is surely not there or not for this process. */
int ctx_file_status(int error);
/** `reply`, or a 500 when it is not what the route's .returns says. (typed_reply.c) */
tern_reply typed_reply_check(tern_ctx *c, const tern_reply *reply);
/** Whether http can send it: a status of 200 to 599, and what its kind needs. (reply.c) */
bool reply_is_sound(const tern_reply *reply);
/** "GET /users/{id}" or "GET (no route)" for log lines, in `out`. (problem.c) */
const char *ctx_route_label(tern_ctx *c, char *out, size_t size);
/** Sends `reply` through http; never throws, since nothing above would catch it (send.c). */
void ctx_send(tern_ctx *c, const tern_reply *reply);
/** The media type for a file's suffix; application/octet-stream when it is unknown. (mime.c) */
const char *mime_of_path(const char *path);
/** Makes this request's id without allocating; false when this worker has not drawn its seed. (request_id.c)
 */
bool request_id_make(char out[33]);
/** Draws the seed of this process, if it has none. (request_id.c) */
void request_id_prepare(void);
/** Adds GET /healthz and /readyz (health.c). */
void health_add_routes(tern_app *app);

#endif

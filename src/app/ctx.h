/** The inside of tern_ctx and tern_app: what the files of the app layer share. */
#ifndef APP_CTX_H
#define APP_CTX_H

#include "app/router.h"
#include "http/exchange.h"
#include "runtime/scope.h"

#include <tern/app.h>
#include <tern/context.h>

#include <stdatomic.h>

typedef struct ctx_local {
    struct ctx_local *next;
    const char *name;
    void *value;
} ctx_local;

/** One request in the app layer; lives on the stack of the connection's coroutine. Hot path: set up by a few
 * stores. */
struct tern_ctx {
    http_exchange *x;
    tern_app *app;
    scope scope;
    route_match match;
    const tern_middleware *next; /* what tern_next runs; `run` NULL: the handler */
    const char *path;            /* decoded, NUL-terminated; NULL until asked for (plain paths) */
    size_t path_len;
    ctx_local *locals;
    char request_id[65]; /* "" until made or taken */
    /* the failure on its way to the nearest tern_next */
    int problem_status;
    const char *problem_detail;
};

typedef struct app_hook {
    struct app_hook *next;
    bool (*start)(void *arg);
    void (*stop)(void *arg);
    void *arg;
} app_hook;

typedef struct app_check {
    struct app_check *next;
    const char *name;
    bool (*is_ready)(tern_ctx *c);
} app_check;

struct tern_group {
    tern_app *app;
    tern_group *parent; /* NULL for the root */
    tern_group *next;   /* all groups of the app, in order of creation */
    const char *prefix, *host;
    tern_middleware *use; /* ended by run NULL */
    unsigned use_count;
};

struct tern_app {
    tern_app_options options;
    tern_group root;
    router *router;
    const tern_middleware *unmatched_chain; /* the application's own, for requests without a route */
    app_hook *hooks;
    app_check *checks;
    struct app_pending *pending; /* routes as registered, until app_compile flattens them */
    bool is_draining;            /* this worker is leaving: /readyz says 503 */
};

/** Flattens groups and middleware into routes and compiles the router; false with the problems as lines.
 * (app.c) */
bool app_compile(tern_app *app, buf *problems);
void app_free(tern_app *app);

/** The service handed to http (dispatch.c). */
void app_service(tern_app *app, http_service *service);
/** For crash reports: what the running coroutine is serving, async-signal-safe (dispatch.c). */
size_t app_describe(void *app, char *out, size_t size);

/** Runs what `c->next` names inside a catch point and returns its reply or the problem reply (dispatch.c). */
tern_reply ctx_run_next(tern_ctx *c);
/** The problem+json reply for a status (problem.c); detail may be NULL. */
tern_reply ctx_problem(tern_ctx *c, int status, const char *detail);
/** Sends `reply` through http (send.c). */
void ctx_send(tern_ctx *c, const tern_reply *reply);
/** Adds GET /healthz and /readyz (health.c). */
void health_add_routes(tern_app *app);

#endif

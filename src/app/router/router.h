/**
 * Finds the route for a method, host and path: compiled once at start-up, read-only after.
 *
 * Hot path: router_match allocates nothing. A path without parameters is one hash look-up; the others walk a
 * radix tree.
 */
#ifndef APP_ROUTER_H
#define APP_ROUTER_H

#include "base/buf.h"
#include "http/h1/head.h"

#include <tern/app.h>
#include <tern/str.h>

#include <stdbool.h>

enum { ROUTE_PARAMS_MAX = 16 };

/** A compiled route. */
typedef struct route {
    http_method method;
    const char *method_name; /* also for methods beyond http_method */
    const char *pattern;     /* with the groups' prefixes: "/api/users/{id}" */
    const char *host;        /* NULL: any */
    const char *name;
    tern_handler handler;
    tern_route_options options;
    /* the application's, groups' and route's, outermost first; ended by `run` NULL */
    const tern_middleware *chain;
    unsigned chain_len;
    struct pattern_piece *pieces; /* of the pattern; the router's, set by router_add */
    unsigned piece_count;
    uint32_t host_number;              /* the router's; 0: any host */
    struct pattern_piece *host_pieces; /* of a host with parameters */
    unsigned host_piece_count;
    const char *params[ROUTE_PARAMS_MAX]; /* names in order of appearance: of the path, then of the host */
    unsigned param_count, path_param_count;
    const struct bind_plan *bind; /* how handler.input is filled; NULL: the handler has no input */
    /* its providers; NULL: none. Otherwise handler.run calls them first */
    const struct provide_plan *provide;
    const tern_group *group;            /* that it was registered in */
    const struct requirement *requires; /* of .requires; NULL: nothing (requires.h) */
    tern_str reply_head;           /* of replies with .wrapped: `{"user":`; empty: they are not wrapped */
    const struct page_shape *page; /* of the replies of tern_page */
    const struct http_pace *pace;  /* of bodies and replies; NULL: the server's */
    const char *accept_query;      /* of QUERY: media types of bodies it takes; NULL: unknown */
} route;

typedef enum route_found {
    ROUTE_FOUND,
    ROUTE_NOT_FOUND,    /* 404 */
    ROUTE_WRONG_METHOD, /* 405; `allow` has the methods */
    ROUTE_OPTIONS,      /* an automatic OPTIONS reply; `allow` has the methods */
    ROUTE_ADD_SLASH,    /* the same path with a slash added has a route, */
    ROUTE_REMOVE_SLASH  /* or with one removed: it is in the match, without values of parameters */
} route_found;

typedef struct route_match {
    const route *route; /* when found; for HEAD the GET route if there is no HEAD route */
    /* slices of the path given and, in the case in which it was given, of the host: in the order of
     * route->params */
    tern_str params[ROUTE_PARAMS_MAX];
    const char *allow; /* "GET, HEAD, OPTIONS": lives as long as the router */
} route_match;

typedef struct router router;
struct route_kind; /* kind.h */

/** An empty router; NULL when out of memory. `kinds` are the application's own, newest first, and outlive it;
 * NULL: none. */
router *router_new(tern_slashes slashes, const struct route_kind *kinds);
void router_free(router *r);
/** Adds a route (copied; its texts must outlive the router). A mistake is stored, and router_compile reports
 * it. */
void router_add(router *r, const route *added);
/** Builds the tables. False with a line for each mistake in `problems` ("app.c:12: GET /a conflicts with
 * app.c:9: ..."). */
bool router_compile(router *r, buf *problems);
/** `path` is decoded (url.h); `host` may have a port, and is compared without case. `method_text` is used
 * when `method` is HTTP_OTHER_METHOD. A path that begins with "//" is never redirected: as a Location it
 * would name another host. */
route_found router_match(const router *r, http_method method, tern_str method_text, tern_str host,
                         tern_str path, route_match *match);
/** Builds the path of the route named `name`; false, with nothing added, when there is no such route, when
 * the name is a handler's with several patterns, or when the `params` (NULL-ended) are too few, too many or
 * do not match the pattern. */
bool router_build_url(const router *r, const char *name, const char *const *params, buf *url);
/** Prints the table for `APP routes`. */
void router_print(const router *r, buf *out);
/** Whether routes of the host `own` ("*.example.org") serve requests to `host`. (host.c) */
bool router_host_admits(const char *own, tern_str host);
/** Routes in order of registration. */
unsigned router_count(const router *r);
const route *router_at(const router *r, unsigned index);

#endif

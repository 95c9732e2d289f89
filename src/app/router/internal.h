/** The internals of a router, shared by its files. */
#ifndef APP_ROUTER_INTERNAL_H
#define APP_ROUTER_INTERNAL_H

#include "app/router/pattern.h"
#include "app/router/router.h"
#include "app/router/special.h"
#include "base/arena.h"
#include "base/name_table.h"

/** Bits of a mask of methods: http_method for the known ones, then the router's others in order of
 * appearance.
 */
enum { ROUTER_METHODS_MAX = 64, ROUTER_OTHERS_MAX = ROUTER_METHODS_MAX - HTTP_OTHER_METHOD };

/**
 * A node in the tree of patterns with parameters; one level of the tree is one segment of the path.
 *
 * Children by text are in router.edges under (this node's number, the text). Numbers are indexes; 0 means
 * none.
 */
typedef struct router_node {
    uint32_t children[3]; /* for SEGMENT_INT, _UUID, _PLAIN */
    uint32_t endpoint;    /* of patterns that end here */
    uint32_t rest;        /* endpoint of patterns that end in {rest...} here */
    bool has_text;        /* has children by text */
    bool has_values;      /* has other children or a rest */
    bool has_one_value;   /* has one other child and no rest */
    int8_t last_value;    /* index of the child tried last; -1 when that is the rest, or none */
    uint8_t text_depth;   /* segments in `text` */
    /* the child for `text` when it is the only one: compared directly, without the table */
    uint32_t text_child;
    uint32_t text_len;
    uint32_t specials; /* the first of its segments that only special.h can match; 0: none */
    const char *text;  /* one segment, or several without a branch between them */
} router_node;

/** The host of some routes; number 0 is "any host". */
typedef struct router_host {
    const char *name; /* lower case, without a trailing dot; ".example.org" for "*.example.org" */
    bool is_wildcard;
    uint32_t root; /* node; 0: no pattern with parameters */
} router_host;

typedef struct router_allow {
    uint64_t mask;
    const char *text; /* "GET, HEAD, OPTIONS" */
} router_allow;

struct router {
    tern_slashes slashes;
    arena arena;             /* texts created here */
    buf problems;            /* one line each */
    const route_kind *kinds; /* the application's, newest first */
    bool memory_short;       /* out of memory during registration: the router must not be used */

    route *routes;
    unsigned count, room;
    const char *others[ROUTER_OTHERS_MAX]; /* methods beyond http_method */
    unsigned other_count;

    router_host *hosts; /* [0] is any host */
    unsigned host_count, host_room;
    name_table host_names; /* space 0: exact names, 1: wildcards' suffixes; value: number of the host */

    /* An endpoint belongs to the patterns with one shape and host: it has a route for some methods. */
    uint32_t *slots; /* [endpoint * stride + method's bit]: route's index + 1, 0 for none */
    uint64_t *masks; /* [endpoint]: methods served */
    unsigned endpoint_count, endpoint_room;
    unsigned stride; /* the number of methods, and one more that no route has */

    name_table plain;     /* whole paths of patterns without parameters, space: host; value: endpoint */
    name_table slashless; /* paths that end in '/', without it; only when slashes redirect */
    router_node *nodes;
    unsigned node_count, node_room;
    name_table edges;
    router_special **specials; /* [0] is unused; in the arena */
    unsigned special_count, special_room;

    router_allow *allows; /* every union of masks, sorted */
    unsigned allow_count;
    name_table names;        /* space 0: given names, 1: handlers' names; value: route's index + 1 */
    bool *name_is_ambiguous; /* [route]: a handler's name that several patterns have */
};

enum { NAMES_GIVEN, NAMES_OF_HANDLERS };

/** The state of one request's look-up. */
typedef struct router_walk {
    const router *r;
    tern_str path;
    unsigned method; /* bit of the method, or one that no route has */
    bool add_slash;  /* walk as if the path had one more '/' */
    unsigned steps;  /* nodes visited: bounded by the number of nodes, whatever the path */
    uint64_t allow;  /* methods of the matching endpoints that lack this one */
    tern_str *params;
    uint64_t ends_known;                 /* bit: the end at that depth is set */
    uint32_t ends[PATTERN_SEGMENTS_MAX]; /* where the segment of each depth ends in the path */
} router_walk;

/** The route of an endpoint for the walk's method; records the allowed methods if there is none. */
static inline const route *router_take(router_walk *w, uint32_t endpoint)
{
    const router *r = w->r;
    uint32_t slot = r->slots[(size_t)endpoint * r->stride + w->method];
    if (slot != 0)
        return &r->routes[slot - 1];
    w->allow |= r->masks[endpoint];
    return NULL;
}

/** The best route under `root` for the walk's path and method, its parameters set; NULL if none. (tree.c) */
const route *router_tree_walk(router_walk *w, uint32_t root);
/** Adds a route's pattern under `*root` (created when 0): returns where to store its endpoint's number; NULL
 * when out of memory, or with a problem reported. Valid until the next call. (tree.c) */
uint32_t *router_tree_place(router *r, uint32_t *root, const route *placed);

/** Prepares the tree for walks after all patterns were added. */
void router_tree_finish(router *r);
/** Reports routes of which neither is more specific, though both may match a request. (ambiguous.c) */
void router_report_ambiguous(router *r);

/** Like router_match, and counts the nodes visited. */
route_found router_match_counted(const router *r, http_method method, tern_str method_text, tern_str host,
                                 tern_str path, route_match *match, unsigned *steps);

/** Adds a line to the problems: "app.c:12: GET /a: ..." (router.c) */
void router_problem(router *r, const route *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Where a route was registered. */
const char *router_file(const route *at);
int router_line(const route *at);
/** The bit of a method; `stride - 1`, whose slots are all empty, when no route has it. */
unsigned router_method_bit(const router *r, http_method method, tern_str text);

/** Lower-cases `host`, drops port and trailing dot; length, or 0 when it is not a host or is too long (over
 * 253). (host.c) */
enum { ROUTER_HOST_BYTES = 253 };
size_t router_host_normal(tern_str host, char out[ROUTER_HOST_BYTES]);
/** The number of the host of routes, created when new. False with a problem reported. */
bool router_host_add(router *r, const route *at, uint32_t *number);
/** The next host of routes that `name` belongs to, the most specific first, or 0 at the end; `*from` is 0 at
 * first. */
uint32_t router_host_next(const router *r, tern_str name, size_t *from);

#endif

/** The application: routes, groups, settings, running. */
#ifndef TERN_APP_H
#define TERN_APP_H

#include <tern/middleware.h>
#include <tern/model.h>
#include <tern/page.h>
#include <tern/provide.h>
#include <tern/reply.h>
#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tern_app tern_app;
typedef struct tern_group tern_group;
typedef struct tern_ctx tern_ctx;

/** What TERN_HANDLER declares: a function, and where it is in the source. */
typedef struct tern_handler {
    const char *name;
    tern_reply (*run)(tern_ctx *c);
    const char *file;
    int line;
    unsigned pairs;      /* how many `takes` has */
    tern_type *input;    /* the model the request becomes; NULL: the handler reads the request itself */
    const void *arg;     /* of handlers that Tern itself makes for what the application declares */
    void (*frame)(void); /* tern_frame_of_file_; NULL: nothing to try */
    const tern_provider *const *takes; /* one for each pair; NULL where the pair is the input */
} tern_handler;

/**
 * Declares a handler: a name, and pairs of what it takes.
 *
 *     TERN_HANDLER(hello) { return tern_text(c, "hello"); }
 *     TERN_HANDLER(get_todo, tern_by_id, in) { return tern_textf(c, "todo %" PRId64, in->id); }
 *     TERN_HANDLER(show, tern_by_id, in, current_user, user) { ... }
 *
 * Each expands to a `tern_handler` of that name and the head of its function, whose first parameter is
 * `tern_ctx *c`.
 *
 * A model, in the first pair, is the input: `tern_by_id *in` is filled from the request and valid; the
 * handler is not called otherwise. A field whose name is in the route's {} comes from the path; otherwise
 * from the query for GET, HEAD and DELETE, and from the body (JSON or a form) for the rest; `.in` in the
 * model overrides that. A wrong request is answered with 422 and all of its faults at once (docs/models.md).
 *
 * Every other pair, up to 7 in all, is a provider (tern/provide.h) and what its value is called: `User *user`,
 * when current_user provides a User.
 */
#define TERN_HANDLER(...) TERN_PAIRED_(TERN_HANDLER_, __VA_ARGS__)(__VA_ARGS__)
#define TERN_HANDLER_0(handler)                                                                              \
    static tern_reply handler##_run(tern_ctx *c);                                                            \
    static const tern_handler handler[1] = {                                                                 \
        {#handler, handler##_run, __FILE__, __LINE__, 0, NULL, NULL, tern_frame_of_file_, NULL}};            \
    static tern_reply handler##_run(tern_ctx *c __attribute__((unused)))
#define TERN_HANDLER_1(handler, X, x)                                                                          \
    static tern_reply handler##_handle(tern_ctx *c, X *x);                                                     \
    static tern_reply handler##_run(tern_ctx *c)                                                               \
    {                                                                                                          \
        return handler##_handle(                                                                             \
            c, _Generic(&X##_type, tern_type *: tern_bind, const tern_provider *: tern_given_1_)(c, &X##_type)); \
    }                                                                                                          \
    static const tern_handler handler[1] = {                                                                 \
        {#handler, handler##_run, __FILE__, __LINE__, TERN_IS_PROVIDER_(X), TERN_FIRST_INPUT_(X), NULL,      \
         tern_frame_of_file_,                                                                                \
         _Generic(&X##_type, tern_type *: NULL,                                                              \
                  const tern_provider *: (const tern_provider *const[]){TERN_FIRST_TAKES_(X)})}}; \
    static tern_reply handler##_handle(tern_ctx *c __attribute__((unused)), X *x __attribute__((unused)))
#define TERN_HANDLER_2(handler, ...) TERN_HANDLER_SOME_(2, handler, __VA_ARGS__)
#define TERN_HANDLER_3(handler, ...) TERN_HANDLER_SOME_(3, handler, __VA_ARGS__)
#define TERN_HANDLER_4(handler, ...) TERN_HANDLER_SOME_(4, handler, __VA_ARGS__)
#define TERN_HANDLER_5(handler, ...) TERN_HANDLER_SOME_(5, handler, __VA_ARGS__)
#define TERN_HANDLER_6(handler, ...) TERN_HANDLER_SOME_(6, handler, __VA_ARGS__)
#define TERN_HANDLER_7(handler, ...) TERN_HANDLER_SOME_(7, handler, __VA_ARGS__)
#define TERN_HANDLER_SOME_(n, handler, X, ...)                                                                 \
    static tern_reply handler##_handle(tern_ctx *c TERN_PARAMETERS_##n(X, __VA_ARGS__));                       \
    static const tern_provider *const handler##_takes[] = {TERN_TAKES_##n(X, __VA_ARGS__)};                    \
    static tern_reply handler##_run(tern_ctx *c)                                                               \
    {                                                                                                          \
        void *const *given = tern_given_(c);                                                                   \
        return handler##_handle(                                                                             \
            c, _Generic(&X##_type, tern_type *: tern_bind, const tern_provider *: tern_given_1_)(c, &X##_type) \
                   TERN_GIVEN_##n); \
    }                                                                                                          \
    static const tern_handler handler[1] = {{#handler, handler##_run, __FILE__, __LINE__, n,                   \
                                             TERN_FIRST_INPUT_(X), NULL, tern_frame_of_file_,                  \
                                             handler##_takes}};                                                \
    static tern_reply handler##_handle(tern_ctx *c __attribute__((unused))                                     \
                                       TERN_PARAMETERS_##n(X, __VA_ARGS__))
#define TERN_HANDLER_WRONG_(handler, ...)                                                                    \
    _Static_assert(0, "TERN_HANDLER takes a name, and pairs of a model or provider and what it is called "   \
                      "(up to 7): TERN_HANDLER(get_todo, tern_by_id, in, current_user, user)");              \
    static tern_reply handler##_run(tern_ctx *c)

/** What TERN_HANDLER(name, Model, in) calls: the request as a value of `type`, in the request's memory; fails
 * with 400, 413, 415 or 422 when it is not one. Call it once a request. */
void *tern_bind(tern_ctx *c, const tern_type *type);

/** Whether the client sent the field of the handler's input `in` (null counts): `tern_given(c, done)`. As
 * tern_has(in, done). */
#define tern_given(c, field) ((void)(c), tern_has(in, field))

/** The input of routes with `{id}` and nothing else. */
TERN_MODEL(tern_by_id, (int64_t, id))

typedef enum tern_slashes {
    TERN_SLASH_STRICT,   /* "/a" and "/a/" are two paths */
    TERN_SLASH_REDIRECT, /* the one without a route redirects (308) to the one that has */
    TERN_SLASH_SAME      /* the one without a route is answered by the route of the other */
} tern_slashes;

/**
 * What becomes of a request's headers with a '_' in their name.
 *
 * Some proxies and CGI programs treat '_' as '-', so a client may send X_Real_IP to pass for the proxy's
 * X-Real-IP. Tern never does; an application sees such a header only under the name that was sent.
 */
typedef enum tern_underscores {
    TERN_UNDERSCORES_NAMED, /* only those that the input of a route or a tern_security names ("access_token")
                             */
    TERN_UNDERSCORES_KEPT   /* all of them */
} tern_underscores;

/** Limits; 0 means the default in the comment. Every one can also be set by environment
 * (docs/settings.md). */
typedef struct tern_limits {
    size_t head_bytes;                /* 16 KiB */
    unsigned headers;                 /* 100, which is also the most */
    size_t url_bytes;                 /* 8 KiB */
    size_t body_bytes;                /* 1 MiB */
    size_t json_values;               /* 1,000,000 members and elements of a JSON body: 413 */
    size_t request_memory;            /* 16 MiB: memory of one request */
    unsigned head_timeout_ms;         /* 10 s for a whole head, absolute */
    unsigned body_timeout_ms;         /* 60 s for a whole body, absolute */
    unsigned idle_timeout_ms;         /* 75 s between requests */
    unsigned request_timeout_ms;      /* 30 s for a handler: 503 */
    unsigned min_rate;                /* 240 bytes/s in and out, after 5 s of grace */
    unsigned requests_per_connection; /* no limit */
    unsigned connections;             /* 20,000 a worker */
    unsigned h2_streams;              /* 100 requests at a time on a connection of HTTP/2 */
    unsigned h2_window;               /* 256 KiB of a body over HTTP/2, ahead of its reader */
    unsigned h2_resets;               /* 500 requests that a connection may break off in 30 s */
    unsigned h2_frames;               /* 5,000 frames in 30 s that ask for nothing */
    unsigned offload_threads;         /* 4 a worker, for tern_offload */
} tern_limits;

typedef struct tern_app_options {
    const char *title, *version;
    const char *description;  /* for documentation; Markdown */
    const char *openapi_path; /* where GET has the OpenAPI document; default "/openapi.json"; "": nowhere */
    const char *openapi;      /* the document's version: "3.1", the default, or "3.2", which has QUERY */
    const char *docs_path;    /* where GET has the interactive documentation; default "/docs"; "": nowhere */
    const char *security;     /* for documentation: what routes without their own .security need; see there */
    const char *requires;     /* permissions that every route needs, as of routes; see tern/identity.h */
    const char *server_name;  /* the Server header; default "tern"; "" leaves it out */
    tern_slashes slashes;
    tern_underscores underscores;
    tern_page_names page_names; /* names of a page's fields, unless the route has its own */
    /** Parameters of every route may hold "%2F"; see .allow_encoded_slashes of routes. */
    bool allow_encoded_slashes;
    bool health; /* GET /healthz and /readyz */
    /* Where to listen unless the operator says so, as --listen takes it: "http://0.0.0.0:8000", or several,
     * divided by spaces or commas. */
    const char *listen;
    /* The networks of the proxies in front, unless the operator names them by --trusted-proxies: "10.0.0.0/8, unix".
     * The client's address and scheme are then those that they forward (docs/security.md). */
    const char *trusted_proxies;
    tern_limits limits;
} tern_app_options;

tern_app *tern_app_new_with(const tern_app_options *options);
/** A new application; ended by tern_run. Never NULL: without memory it says so and exits. */
#define tern_app_new(...) tern_app_new_with(&(tern_app_options){__VA_ARGS__})

/** Routes registered on an application or on a group of it. */
tern_group *tern_app_root(tern_app *app);
tern_group *tern_group_self(tern_group *group);
#define TERN_GROUP_OF(where)                                                                                 \
    _Generic((where), tern_app * : tern_app_root, tern_group * : tern_group_self)(where)

/** A header of a route's replies, for documentation. */
typedef struct tern_described_header {
    const char *name, *description;
    tern_type *type; /* of its value; NULL: text */
    int status;      /* of the replies that have it; 0: the success */
} tern_described_header;
/** A list: `TERN_REPLY_HEADERS({.name = "X-Total", .type = TERN_TYPE(tern_int64)}, {.name = ...})`. */
#define TERN_REPLY_HEADERS(...) ((const tern_described_header[]){__VA_ARGS__, {0}})

/** An example of a body, a reply or a parameter, for documentation. */
typedef struct tern_example {
    const char *name;      /* unique among those of one place: "small" */
    const char *value;     /* JSON: "{\"title\":\"Milk\"}" */
    const char *summary;   /* for people */
    const char *parameter; /* the parameter that it is of; NULL: of the body, or of the reply of `status` */
    int status;
} tern_example;
/** A list: `TERN_EXAMPLES({.name = "small", .value = "[1]"}, {.name = "none", .value = "[]"})`. */
#define TERN_EXAMPLES(...) ((const tern_example[]){__VA_ARGS__, {0}})

/** A request that the application makes because of one that it got, for documentation. */
typedef struct tern_callback {
    const char *name;   /* "paid" */
    const char *url;    /* with expressions of OpenAPI: "{$request.body#/callback_url}" */
    const char *method; /* default "POST" */
    tern_type *body;    /* what it sends; NULL: nothing */
    const char *summary, *description;
    int status; /* that it expects; default 200 */
} tern_callback;
/** A list: `TERN_CALLBACKS({.name = "paid", .url = "{$request.body#/url}", .body = TERN_TYPE(Paid)})`. */
#define TERN_CALLBACKS(...) ((const tern_callback[]){__VA_ARGS__, {0}})

/** What a client may ask for after a success, with values of it, for documentation (a Link object of OpenAPI). */
typedef struct tern_next_request {
    const char *route; /* the name of that route: its .name, or its handler's */
    /* where its parameters come from, as expressions of OpenAPI: "id=$response.body#/id, page=$request.query.page" */
    const char *parameters;
    const char *name;        /* of the link; default: the route's */
    const char *description; /* Markdown */
} tern_next_request;
/** A list: `TERN_LINKS({.route = "get_todo", .parameters = "id=$response.body#/id"})`. */
#define TERN_LINKS(...) ((const tern_next_request[]){__VA_ARGS__, {0}})

typedef struct tern_route_options {
    const char *file; /* where it is registered; filled in by the macros */
    int line;
    const char *name;           /* for tern_url; default: the handler's name */
    const tern_middleware *use; /* TERN_USE(...): around this route only */
    /* TERN_NEEDS(...): providers that are called before those that the handler takes, for what they refuse */
    const tern_provider *const *needs;
    /* The permissions that the client must have, divided by commas: "books.write, @fresh" (tern/identity.h). Besides those of
     * the groups and the application, unless it is TERN_ANYBODY. Checked after the ways of signing in, before the rest of the
     * middleware and the handler. */
    const char *requires;
    bool allow_encoded_slashes; /* a parameter may hold "%2F", which is '/' in it; else such a request is 400
                                 */
    bool stream_body;           /* the handler reads the body with tern_body_read */
    size_t max_body;            /* in place of limits.body_bytes */
    unsigned timeout_ms;        /* in place of limits.request_timeout_ms */
    unsigned cpu_ms; /* processor time that the handler and its middleware may use: 503; see docs/limits.md */
    const char *summary; /* for `APP routes` and documentation */

    /* The key of a JSON body that has all of the input's fields, where clients send {"user": {...}} and not
     * {...}: .takes_in = "user". Faults have it in their location. Forms do not have it. */
    const char *takes_in;
    /* The key of a reply of the type `returns`, also of a list: .wrapped = "user" replies {"user": {...}}.
     * Replies of other types, and problems, are not wrapped. */
    const char *wrapped;

    /* for documentation, and checked in builds with assertions */
    tern_type *returns;         /* what the body of a success is: TERN_TYPE(Todo), TERN_LIST(Todo) */
    bool paged;                 /* `returns` is a list, answered by tern_page */
    tern_total total;           /* the total of such a page; default exact */
    tern_page_names page_names; /* names of its fields; NULL: the application's */
    /* what a handler does by itself, or a resource does for it */
    bool etag;               /* a success carries an ETag, and GET takes If-None-Match: 304 */
    bool if_match;           /* takes If-Match and If-None-Match: 412 */
    bool need_if_match;      /* the same, and 428 without If-Match */
    bool partial;            /* clients may ask for some fields alone: any of `returns` may be missing */
    int status;              /* of a success; default 200. What tern_json and its like reply with */
    const char *tags;        /* "todos", or several: "todos, admin" */
    const char *description; /* longer than the summary; Markdown */
    bool deprecated;
    const char *security; /* the tern_security that it needs ("token"), or several, any of which will do
                             ("token, key"); "": none, whatever the application's .security says */
    const char *problems; /* the tern_problem_type that it replies with, or several, divided by commas */
    const tern_described_header *reply_headers; /* TERN_REPLY_HEADERS(...) */
    const tern_example *examples;   /* TERN_EXAMPLES(...): checked at start, those of a body by its model */
    const tern_callback *callbacks; /* TERN_CALLBACKS(...) */
    const tern_next_request *links; /* TERN_LINKS(...): checked at start */
    bool forms; /* the OpenAPI document says that the body may be a form as well as JSON */
    /* of QUERY routes whose handler reads the body itself: the media types it takes, for Accept-Query and the
     * OpenAPI document ("application/sql"); default: what the input's model can be read from */
    const char *accept_query;
    bool hidden;           /* left out of the OpenAPI document */
    bool yields;           /* left out where another route has the same method and pattern */
    bool not_fuzzed;       /* TERN_FUZZ leaves it alone: it calls outside, or never ends */
    const void *websocket; /* set by tern_websocket */
} tern_route_options;

/**
 * Registers `handler` for `method` and `pattern`. A segment of a pattern is text, `{name}`, `{name:int}`,
 * `{name:uuid}`, another kind of parameter (`{day:date}`: see tern_route_kind), a regular expression
 * (`{id:[0-9]{4}}`), several parameters with text between and around them (`{name}.json`, `{from}-{to}`), or
 * last `{rest...}` (one or more segments). Text wins over text with parameters, that over int and uuid, those
 * over other kinds, these over expressions and a plain parameter, and the rest last. Mistakes (a bad pattern,
 * two routes for the same requests) are collected and reported by tern_run, each with the places in your
 * source, which then returns 1.
 *
 * GET routes answer HEAD too; OPTIONS and 405 with Allow are automatic.
 */
void tern_route(tern_group *group, const char *method, const char *pattern, const tern_handler *handler,
                const tern_route_options *options);

/* What the compiler names when a function, or anything else, is given for a handler. */
struct a_function_is_not_a_handler_declare_it_by_TERN_HANDLER {
    int unused;
};
struct not_a_handler_declare_it_by_TERN_HANDLER {
    int unused;
};
#define TERN_HANDLER_OF_(handler)                                                                            \
    _Generic((handler),                                                                                      \
        const tern_handler *: (handler),                                                                     \
        tern_handler *: (handler),                                                                           \
        tern_reply (*)(tern_ctx *): (struct a_function_is_not_a_handler_declare_it_by_TERN_HANDLER){0},      \
        default: (struct not_a_handler_declare_it_by_TERN_HANDLER){0})
#define TERN_ROUTE_(where, method, pattern, handler, ...)                                                    \
    tern_route(TERN_GROUP_OF(where), method, pattern, TERN_HANDLER_OF_(handler),                             \
               &(tern_route_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})
#define tern_get(where, pattern, handler, ...)    TERN_ROUTE_(where, "GET", pattern, handler, __VA_ARGS__)
#define tern_post(where, pattern, handler, ...)   TERN_ROUTE_(where, "POST", pattern, handler, __VA_ARGS__)
#define tern_put(where, pattern, handler, ...)    TERN_ROUTE_(where, "PUT", pattern, handler, __VA_ARGS__)
#define tern_patch(where, pattern, handler, ...)  TERN_ROUTE_(where, "PATCH", pattern, handler, __VA_ARGS__)
#define tern_delete(where, pattern, handler, ...) TERN_ROUTE_(where, "DELETE", pattern, handler, __VA_ARGS__)
/** QUERY: a safe and idempotent request with a body, which says what to look for (the HTTP QUERY method,
 * draft-ietf-httpbis-safe-method-w-body). A model is bound as for POST. OPTIONS, 405 and 415 say in Accept-Query
 * which bodies the route takes. */
#define tern_query_route(where, pattern, handler, ...)                                                       \
    TERN_ROUTE_(where, "QUERY", pattern, handler, __VA_ARGS__)
#define tern_options(where, pattern, handler, ...)                                                           \
    TERN_ROUTE_(where, "OPTIONS", pattern, handler, __VA_ARGS__)
/** Any method, by its name. */
#define tern_on(where, method, pattern, handler, ...)                                                        \
    TERN_ROUTE_(where, method, pattern, handler, __VA_ARGS__)

typedef struct tern_route_kind_options {
    /* a regular expression that every value matches, and maybe more; for documentation and TERN_FUZZ, and to
     * tell apart routes with different kinds in one place. Without a function, it is the check. */
    const char *pattern;
    const char *format;      /* for documentation: "isbn" */
    const char *description; /* for documentation */
    const char *example;     /* for documentation and TERN_FUZZ: a value */
} tern_route_kind_options;
void tern_route_kind_with(tern_app *app, const char *name, bool (*check)(tern_str value),
                          const tern_route_kind_options *options);
/**
 * Declares a kind of parameter: `tern_route_kind(app, "isbn", is_isbn)` for `/books/{isbn:isbn}`. A request whose
 * segment is not a value of the kind goes on to less specific routes, and to 404 without one.
 *
 * @param name   letters, digits, '-' and '_', a letter first; not the name of one of Tern's kinds: int, uuid,
 *               date, alpha, hex, alnum, slug.
 * @param check  whether a decoded, non-empty text without '/' is a value; it is called for every request that
 *               may match, must be fast, and has no request. It may be NULL if `.pattern` is given.
 *
 * Texts are copied. Mistakes are reported by tern_run.
 */
#define tern_route_kind(app, name, check, ...)                                                               \
    tern_route_kind_with(app, name, check, &(tern_route_kind_options){__VA_ARGS__})

typedef struct tern_group_options {
    const tern_middleware *use;        /* TERN_USE(...) */
    const tern_provider *const *needs; /* TERN_NEEDS(...): called for every route of the group, before the
                                          route's own */
    const char *requires;              /* permissions that every route of the group needs, as of routes */
    const char *host;                  /* only requests for this host ("api.example.org", "*.example.org") */
} tern_group_options;
tern_group *tern_group_new_with(tern_group *parent, const char *prefix, const tern_group_options *options);
/** Routes under a prefix ("/api", may contain parameters, "" for none), with their own middleware. */
#define tern_group_new(where, prefix, ...)                                                                   \
    tern_group_new_with(TERN_GROUP_OF(where), prefix, &(tern_group_options){__VA_ARGS__})

/** A list of middleware for `.use`, outermost first. Its end has the place in the source. */
#define TERN_USE(...)                                                                                        \
    ((const tern_middleware[]){                                                                              \
        TERN_EACH(TERN_USE_PIECE_, ~, __VA_ARGS__){.file = __FILE__, .line = __LINE__}})
/* clang-format off */
#define TERN_USE_PIECE_(unused, piece)                                                                       \
    _Generic((piece),                                                                                        \
        tern_middleware: (piece),                                                                            \
        default: (struct not_middleware_write_TERN_MIDDLEWARE_around_the_function){0}),
/* clang-format on */
struct not_middleware_write_TERN_MIDDLEWARE_around_the_function {
    int unused;
};
void tern_use_all(tern_group *group, const tern_middleware *list);
/** Wraps every route of an application or group, registered before or after, outermost first. On the
 * application it also sees requests that no route matches. */
#define tern_use(where, ...) tern_use_all(TERN_GROUP_OF(where), TERN_USE(__VA_ARGS__))

/** Code at the edges of a worker's life: `start` in each worker before its first request (false stops the
 * service with a message), `stop` after its last. */
void tern_on_start(tern_app *app, bool (*start)(void *arg), void *arg);
void tern_on_stop(tern_app *app, void (*stop)(void *arg), void *arg);
/** Adds a check to /readyz: false turns it 503 with `name` in the body. Runs inside a request. */
void tern_ready_check(tern_app *app, const char *name, bool (*is_ready)(tern_ctx *c));

bool tern_app_is_development_(const tern_app *app);
bool tern_ctx_is_development_(const tern_ctx *c);
/** Whether the program runs by --development (TERN_DEVELOPMENT), or under test: of an application, in `prepare` and in
 * functions of tern_on_start, or of a request. Before tern_run nobody has read the command line, so it is false. */
#define tern_is_development(of)                                                                              \
    _Generic((of), tern_app * : tern_app_is_development_, tern_ctx * : tern_ctx_is_development_)(of)

/**
 * Adds a command: `APP name words...` calls `run` in one process that does not serve, with the database and what
 * tern_on_start made, in a request without a client; its memory and time are not limited.
 *
 *     static int report(tern_ctx *c, int count, char **words)
 *     {
 *         printf("%" PRId64 "\n", tern_count(c, User));
 *         return 0;
 *     }
 *     tern_command(app, "report", "say how many users there are", report);
 *
 * `words` are what follows the name, without the flags of Tern's settings. It returns the exit code; where it fails like a
 * handler (tern_fail), that is 1, and the reason is printed. `help` is its line in --help. Texts are copied.
 */
void tern_command(tern_app *app, const char *name, const char *help,
                  int (*run)(tern_ctx *c, int count, char **words));

/**
 * Runs the application's command line and frees `app`; returns the process's exit code.
 *
 *     APP [run] [--listen URL]... [--workers N] ...       serve (the default)
 *     APP routes                                          print every route
 *     APP openapi                                         print the OpenAPI document
 *     APP --help | --version | --check
 *
 * The same settings come from TERN_LISTEN, TERN_WORKERS, ...; a flag takes precedence over its
 * variable.
 */
int tern_run(tern_app *app, int argc, char **argv);

#endif

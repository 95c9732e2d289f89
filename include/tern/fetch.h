/**
 * Calls to other services: one line in a handler or a task, which waits while the worker serves others.
 *
 *     TERN_MODEL(Rate, (const char *, currency), (double, value))
 *
 *     TERN_HANDLER(price, Order, in)
 *     {
 *         Rate *rate = tern_fetch_json(c, Rate, "https://rates.example/latest", .query = TERN_PAIRS("to", in->currency));
 *         return tern_textf(c, "%.2f", in->amount * rate->value);
 *     }
 *
 * No error has to be handled there: when the service cannot be reached, or replies something else, the handler ends
 * with 502, 503 or 504 and the log names the target and the cause. tern_fetch_try returns the error instead.
 *
 * Connections are kept for the next call. TLS is always verified. Every call ends in time: after 30 seconds, and
 * before the request's own deadline. When the client leaves, the call is cancelled. docs/fetch.md has more.
 *
 * Texts, bodies and values of a reply are in the request's memory.
 */
#ifndef TERN_FETCH_H
#define TERN_FETCH_H

#include <tern/context.h>
#include <tern/json.h>
#include <tern/model.h>

typedef struct tern_app tern_app;

/** Names and values, in turn: `.query = TERN_PAIRS("q", text, "page", "2")`. A pair whose value is NULL is left out. */
#define TERN_PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL, NULL})

/** A value with its model, which the compiler checks: `.json = TERN_TYPED(Todo, &todo)`. */
#define TERN_TYPED(Model, ...) ((tern_typed){TERN_TYPE(Model), TERN_POINTER_TO_(Model, __VA_ARGS__)})
/** A list with its model: `.json = TERN_TYPED_LIST(Todo, todos)`. */
#define TERN_TYPED_LIST(Model, ...) ((tern_typed){TERN_LIST(Model), TERN_LIST_OF_(Model, __VA_ARGS__)})

typedef struct tern_typed {
    const tern_type *type;
    const void *value;
} tern_typed;

enum { TERN_NONE = -1 }; /* of .retries and .redirects */

/** Cookies of several calls; see tern_cookie_jar_new. */
typedef struct tern_cookie_jar tern_cookie_jar;

/** What a call sends and accepts; everything but the URL is optional. */
typedef struct tern_fetch_options {
    const char *method;         /* default GET; POST when there is a body */
    const char *const *headers; /* TERN_HEADERS("X-Token: secret") */
    const char *const *query;   /* TERN_PAIRS(...), encoded and added to the URL */
    const char *bearer;         /* Authorization: Bearer ... */
    const char *basic;          /* "user:password" of Authorization: Basic */
    const char *content_type;   /* of `body`; default application/octet-stream */

    /* the body: one of these at most */
    tern_typed json;         /* TERN_TYPED(Todo, &todo) */
    const char *json_text;   /* JSON that is already text */
    const char *const *form; /* TERN_PAIRS(...), as application/x-www-form-urlencoded */
    tern_str body;           /* any bytes */
    /** Writes up to `size` bytes of the body to `out` and returns how many; 0 at the end. It runs in the calling
     * coroutine, so it may wait (tern_body_read). Such a body is sent once: not again after a redirect or a failure. */
    size_t (*produce)(tern_ctx *c, void *arg, char *out, size_t size);
    void *produce_arg;
    uint64_t produce_bytes; /* what it writes in all, if known: Content-Length; 0: chunked */

    /** The type of the reply's JSON: TERN_TYPE(Rate), TERN_LIST(Rate). Then any status but 2xx, and JSON that is not
     * of the type, are errors; keys that the model does not have are skipped. */
    const tern_type *into;
    bool stream; /* return after the headers: the body is read by tern_fetch_read, or by tern_fetch_event */

    /** Of the whole call with its retries; default 30 s. With .stream: until the headers, and then of each wait. */
    unsigned timeout_ms;
    unsigned connect_timeout_ms; /* default 5 s */
    size_t max_bytes;            /* of the reply's body, decoded; default 4 MiB. With .stream: no limit */
    int retries;                 /* of an idempotent call; default 2; TERN_NONE: none */
    unsigned hedge_ms; /* an idempotent call is made a second time after this long; the first reply counts */
    int redirects;     /* to follow; default 5; TERN_NONE: a 3xx is the reply */

    /** Only addresses of the public Internet, whatever names and redirects say: for URLs that users give. */
    bool public_only;
    const char *proxy;   /* "http://proxy:3128"; default: http_proxy, https_proxy, no_proxy; "": none */
    const char *ca_file; /* PEM: authorities that are trusted instead of the system's */
    const char *cert_file, *key_file; /* PEM: the client's certificate */
    tern_cookie_jar *cookies;
} tern_fetch_options;

typedef enum tern_fetch_error {
    TERN_FETCH_OK,
    TERN_FETCH_WRONG,       /* the call itself: its URL, a header; a mistake of the program: 500 */
    TERN_FETCH_FORBIDDEN,   /* .public_only, or a redirect from https to http: 502 */
    TERN_FETCH_UNREACHABLE, /* no such name, refused, TLS that is not trusted: 502 */
    TERN_FETCH_TIMEOUT,     /* 504 */
    TERN_FETCH_BROKEN,      /* the reply ended early, or is not HTTP: 502 */
    TERN_FETCH_TOO_LARGE,   /* more than .max_bytes, or 64 KiB of headers: 502 */
    TERN_FETCH_REDIRECTS,   /* more than .redirects: 502 */
    TERN_FETCH_STATUS,      /* not 2xx, with .into: 502 */
    TERN_FETCH_NOT_VALID,   /* the JSON is not of .into: 502 */
    TERN_FETCH_PAUSED,      /* too many failures before: not tried for a while: 503 */
    TERN_FETCH_BUSY,        /* too many calls to that host at once: 503 */
    TERN_FETCH_NO_MEMORY    /* 503 */
} tern_fetch_error;

typedef struct tern_fetch_header {
    const char *name, *value;
} tern_fetch_header;

typedef struct tern_fetched {
    int status; /* 0 without a reply */
    bool ok;    /* a status of 2xx, and no error */
    tern_fetch_error error;
    const char *problem; /* "GET https://rates.example/latest: connection refused"; NULL without an error */
    const char *url;     /* that replied, after redirects */
    const tern_fetch_header *headers;
    unsigned header_count;
    tern_str body; /* a NUL follows it */
    void *value;   /* of .into; NULL without */
    unsigned attempts;
    struct fetch_stream *stream; /* Tern's own */
} tern_fetched;

/** Calls `url` and returns the reply, whatever its status; never NULL. Without a reply, or with one that is not what
 * .into says, the handler fails. */
#define tern_fetch(c, url, ...) tern_fetch_with(c, url, &(tern_fetch_options){__VA_ARGS__}, true)
/** As tern_fetch, but errors are returned: see `error` and `problem` of the result. */
#define tern_fetch_try(c, url, ...) tern_fetch_with(c, url, &(tern_fetch_options){__VA_ARGS__}, false)
/** The JSON of the reply as a `Model *`: `Rate *rate = tern_fetch_json(c, Rate, url)`. */
#define tern_fetch_json(c, Model, url, ...)                                                                  \
    ((Model *)tern_fetch_with(                                                                               \
         c, url, &(tern_fetch_options){.into = TERN_TYPE(Model) __VA_OPT__(, ) __VA_ARGS__}, true)           \
         ->value)
/** The JSON array of the reply as a `Model_list`. */
#define tern_fetch_json_list(c, Model, url, ...)                                                             \
    (*(Model##_list *)tern_fetch_with(                                                                       \
          c, url, &(tern_fetch_options){.into = TERN_LIST(Model) __VA_OPT__(, ) __VA_ARGS__}, true)          \
          ->value)

tern_fetched *tern_fetch_with(tern_ctx *c, const char *url, const tern_fetch_options *options, bool fails);

/** The first header of that name (any case); NULL when absent. */
const char *tern_fetch_header_of(const tern_fetched *reply, const char *name);

/* -- .stream -- */

/** Waits for the next piece of the body: its length, 0 at the end. The service is slowed down to the reader's pace.
 * Fails like tern_fetch when the body breaks off or nothing comes for .timeout_ms. */
size_t tern_fetch_read(tern_ctx *c, tern_fetched *reply, void *out, size_t size);

/** An event of a text/event-stream (HTML, "Server-sent events"). */
typedef struct tern_fetch_sse {
    const char *event; /* its type; "message" by default */
    tern_str data;     /* a NUL follows it */
    const char *id;    /* the last id so far; "" without */
    unsigned retry_ms; /* what the service asks for; 0: nothing */
} tern_fetch_sse;

/** Waits for the next event: false at the end of the stream. Valid until the next call. An event of more than 1 MiB is
 * an error, as tern_fetch_read has them. */
bool tern_fetch_event(tern_ctx *c, tern_fetched *reply, tern_fetch_sse *event);
/** Ends a stream before its end; otherwise that happens when the handler ends. */
void tern_fetch_close(tern_fetched *reply);

/* -- cookies -- */

/** A jar for the calls of this request that name it in .cookies; it goes with the request. */
tern_cookie_jar *tern_cookie_jar_new(tern_ctx *c);

/* -- the application's defaults -- */

typedef struct tern_fetch_settings {
    const char *user_agent;      /* default "tern" */
    unsigned timeout_ms;         /* of calls without their own; default 30 s */
    unsigned connect_timeout_ms; /* default 5 s */
    size_t max_bytes;            /* default 4 MiB */
    const char *ca_file;
    const char *proxy;

    /* of each worker */
    unsigned per_host;      /* calls to one host at once; default 256. Further ones wait in line */
    unsigned waiting;       /* calls that may wait for one host; default 1024 */
    unsigned idle_ms;       /* connections that were not used for so long are closed; default 30 s */
    unsigned idle_most;     /* idle connections that are kept; default 256 */
    unsigned retry_percent; /* retries, of the calls to a host; default 20 */
    unsigned failures;      /* in a row, after which a host is not tried for a while; default 10 */
    unsigned pause_ms;      /* how long; default 2 s. Then one call is let through, and its outcome decides */
} tern_fetch_settings;

/** Sets the defaults of the application's calls; once, in main: `tern_fetch_defaults(app, .timeout_ms = 2000)`. */
#define tern_fetch_defaults(app, ...) tern_fetch_defaults_with(app, &(tern_fetch_settings){__VA_ARGS__})
void tern_fetch_defaults_with(tern_app *app, const tern_fetch_settings *settings);

/* -- services of several targets -- */

/** Targets of a service, each a scheme, a host and a port. */
#define TERN_TARGETS(...) ((const char *const[]){__VA_ARGS__, NULL})

typedef struct tern_fetch_service_options {
    const char *const *targets; /* TERN_TARGETS("http://10.0.0.1:8080", "http://10.0.0.2:8080"); 1 to 64 */
    const char *
        srv; /* or SRV records (RFC 2782): "_http._tcp.rates.example"; "_https._tcp...." for targets with TLS */
} tern_fetch_service_options;

/**
 * Declares a service that runs at several addresses; in main:
 *
 *     tern_fetch_service(app, "rates", .targets = TERN_TARGETS("http://10.0.0.1:8080", "http://10.0.0.2:8080"));
 *
 * Calls of "http://rates/latest" then go to one of the targets: of two random ones, to the one with fewer calls of this
 * worker. A retry, and a second attempt of .hedge_ms, goes to another target. A target with .failures failures in a row
 * is left out for .pause_ms, then for 2, 3, ... 10 times as long while it goes on failing; never more than half of the
 * targets at once. The Host header, and the name that TLS checks, are the target's.
 *
 * With .srv, the targets are the first 64 SRV records of that name, with their priorities and weights. They are looked up
 * at a worker's first call, and again when their time to live is over (at least 1 s, at most 5 min); the old list is used
 * meanwhile, and when a look-up fails. Without a list the call fails as TERN_FETCH_UNREACHABLE.
 *
 * The texts are copied. Mistakes (a bad name or target, a service declared twice) end the program at its start. With
 * .public_only, and in redirects, the name is an ordinary host name.
 */
#define tern_fetch_service(app, name, ...)                                                                   \
    tern_fetch_service_with(app, name, &(tern_fetch_service_options){__VA_ARGS__})
void tern_fetch_service_with(tern_app *app, const char *name, const tern_fetch_service_options *options);

#endif

/**
 * Redis: one line in a handler, which waits while the worker serves others.
 *
 *     int64_t visits = tern_redis(c, "INCR visits:%s", in->page)->integer;
 *     const char *name = tern_redis(c, "GET %s", key)->text.data; // NULL without such a key
 *
 * No error has to be handled there: when Redis cannot be reached, the handler ends with 503, and the log says why.
 * tern_redis_try returns the error instead.
 *
 * Commands of all handlers of a worker share a few connections, and those of one turn of its loop are sent together.
 * Every command ends in time. The server is that of TERN_REDIS_URL or --redis; docs/redis.md has the forms of the URL:
 * TLS, sentinels, clusters.
 *
 * Replies are in the request's memory.
 */
#ifndef TERN_REDIS_H
#define TERN_REDIS_H

#include <tern/context.h>
#include <tern/each.h>
#include <tern/model.h>
#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tern_app tern_app; /* tern/app.h */

/* -- replies -- */

typedef enum tern_redis_kind {
    TERN_REDIS_NIL,
    TERN_REDIS_INTEGER,
    TERN_REDIS_STRING, /* any bytes */
    TERN_REDIS_STATUS, /* "OK" */
    TERN_REDIS_ARRAY,
    TERN_REDIS_ERROR
} tern_redis_kind;

typedef enum tern_redis_fault {
    TERN_REDIS_OK,
    TERN_REDIS_WRONG,   /* the call itself: its values do not fit the format; a mistake of the program: 500 */
    TERN_REDIS_REFUSED, /* Redis replied with an error, such as WRONGTYPE: 500 */
    TERN_REDIS_AWAY, /* no connection, or it broke before the reply, so that the command may have run: 503 */
    TERN_REDIS_BUSY, /* too many commands wait, or Redis is loading or failing over: 503 */
    TERN_REDIS_TIMEOUT,   /* no reply in time; the command may have run: 504 */
    TERN_REDIS_BROKEN,    /* the reply is not Redis' protocol: 503 */
    TERN_REDIS_TOO_LARGE, /* the reply has more bytes than .max_reply allows: 500 */
    TERN_REDIS_NO_MEMORY  /* 503 */
} tern_redis_fault;

/** A reply, or an item of one. What its kind does not have is 0 or NULL. */
typedef struct tern_redis_reply {
    tern_redis_kind kind;
    tern_redis_fault fault; /* of an ERROR */
    int64_t integer;
    tern_str text; /* of STRING, STATUS and ERROR; a NUL follows it. `data` is NULL for other kinds */
    const struct tern_redis_reply *items; /* of ARRAY */
    size_t count;
} tern_redis_reply;

/** The whole number that a reply is, or that its text spells ("42"); `otherwise` for anything else. */
int64_t tern_redis_integer(const tern_redis_reply *reply, int64_t otherwise);
/** The value after the item `name` in an array of names and values, as HGETALL replies; NULL without it. */
const tern_redis_reply *tern_redis_field(const tern_redis_reply *reply, const char *name);

/* -- commands -- */

typedef enum tern_redis_arg_kind {
    TERN_REDIS_ARG_END, /* after the last value */
    TERN_REDIS_ARG_INT,
    TERN_REDIS_ARG_UINT,
    TERN_REDIS_ARG_DOUBLE,
    TERN_REDIS_ARG_TEXT,    /* NUL-terminated */
    TERN_REDIS_ARG_SLICE,   /* with its length */
    TERN_REDIS_ARG_POINTER, /* its length is the next value */
    TERN_REDIS_ARG_UUID
} tern_redis_arg_kind;

/** A value of a command; the macros make it. */
typedef struct tern_redis_arg {
    tern_redis_arg_kind kind;
    union {
        int64_t integer;
        uint64_t natural;
        double real;
        tern_str text;
        tern_uuid uuid;
    };
} tern_redis_arg;

/** A format and its values; TERN_REDIS makes it. */
typedef struct tern_redis_command {
    const char *format;
    const tern_redis_arg *args; /* ended by TERN_REDIS_ARG_END */
} tern_redis_command;

/**
 * Sends a command and returns its reply; never NULL, and never of kind ERROR: then the handler fails.
 *
 * The format is a literal. Spaces divide it into arguments, and each value is a part of the argument that it is in,
 * whatever bytes it has:
 *
 *     tern_redis(c, "SET session:%s %b EX %d", id, bytes, 3600);
 *
 * | in the format | value |
 * |---|---|
 * | `%s` | `const char *`, `tern_str`, `tern_bytes`, `tern_uuid` |
 * | `%b` | `tern_str` or `tern_bytes`; or two values, a pointer and its length |
 * | `%d` `%i` `%u`, also with `h`, `l`, `ll`, `z` | any whole number |
 * | `%f` `%g` | `double`, with as many digits as it needs |
 * | `%%` | a percent sign |
 *
 * A value of another type, too many or too few of them, and a text that is NULL end the handler with 500 before
 * anything is sent.
 *
 * Commands that change or occupy their connection (SUBSCRIBE, MULTI, WATCH, SELECT, AUTH, BLPOP, XREAD ... BLOCK) are
 * refused with 500, since requests share connections. Transactions: tern_redis_exec.
 */
#define tern_redis(c, ...) tern_redis_with(c, TERN_REDIS(__VA_ARGS__), true)
/** Like tern_redis, but errors are returned: the kind is ERROR, `fault` says which and `text` what happened. */
#define tern_redis_try(c, ...) tern_redis_with(c, TERN_REDIS(__VA_ARGS__), false)

const tern_redis_reply *tern_redis_with(tern_ctx *c, tern_redis_command command, bool fails);
/** Like tern_redis, of any number of arguments: the first is the command's name. */
const tern_redis_reply *tern_redis_argv(tern_ctx *c, const tern_str *args, size_t count);
const tern_redis_reply *tern_redis_argv_try(tern_ctx *c, const tern_str *args, size_t count);

#define TERN_REDIS(format_, ...)                                                                             \
    ((tern_redis_command){                                                                                   \
        "" format_, (const tern_redis_arg[]){__VA_OPT__(TERN_EACH(TERN_REDIS_ARG_ITEM_, ~, __VA_ARGS__)){    \
                        .kind = TERN_REDIS_ARG_END}}})
#define TERN_REDIS_ARG_ITEM_(unused, value) TERN_REDIS_ARG(value),
#define TERN_REDIS_ARG(value)                                                                                \
    _Generic((value),                                                                                        \
        bool: tern_redis_arg_int,                                                                            \
        char: tern_redis_arg_int,                                                                            \
        signed char: tern_redis_arg_int,                                                                     \
        short: tern_redis_arg_int,                                                                           \
        int: tern_redis_arg_int,                                                                             \
        long: tern_redis_arg_int,                                                                            \
        long long: tern_redis_arg_int,                                                                       \
        unsigned char: tern_redis_arg_uint,                                                                  \
        unsigned short: tern_redis_arg_uint,                                                                 \
        unsigned: tern_redis_arg_uint,                                                                       \
        unsigned long: tern_redis_arg_uint,                                                                  \
        unsigned long long: tern_redis_arg_uint,                                                             \
        float: tern_redis_arg_double,                                                                        \
        double: tern_redis_arg_double,                                                                       \
        char *: tern_redis_arg_text,                                                                         \
        const char *: tern_redis_arg_text,                                                                   \
        tern_str: tern_redis_arg_slice,                                                                      \
        tern_bytes: tern_redis_arg_bytes,                                                                    \
        tern_uuid: tern_redis_arg_uuid,                                                                      \
        unsigned char *: tern_redis_arg_pointer,                                                             \
        const unsigned char *: tern_redis_arg_pointer,                                                       \
        void *: tern_redis_arg_pointer,                                                                      \
        const void *: tern_redis_arg_pointer)(value)
tern_redis_arg tern_redis_arg_int(int64_t value);
tern_redis_arg tern_redis_arg_uint(uint64_t value);
tern_redis_arg tern_redis_arg_double(double value);
tern_redis_arg tern_redis_arg_text(const char *text);
tern_redis_arg tern_redis_arg_slice(tern_str text);
tern_redis_arg tern_redis_arg_bytes(tern_bytes bytes);
tern_redis_arg tern_redis_arg_uuid(tern_uuid value);
tern_redis_arg tern_redis_arg_pointer(const void *data);

/* -- several commands in one round trip -- */

typedef struct tern_redis_pipeline tern_redis_pipeline;

/**
 * Commands that are sent together:
 *
 *     tern_redis_pipeline *p = tern_redis_pipeline_new(c);
 *     tern_redis_add(p, "INCR %s", key);
 *     tern_redis_add(p, "EXPIRE %s 60", key);
 *     int64_t count = tern_redis_send(p)->items[0].integer;
 *
 * Commands of other requests may run between them; tern_redis_exec prevents that. A pipeline is used once. At most
 * 10,000 commands, and no more than `.queue` allows.
 */
tern_redis_pipeline *tern_redis_pipeline_new(tern_ctx *c);
#define tern_redis_add(pipeline, ...) tern_redis_add_command(pipeline, TERN_REDIS(__VA_ARGS__))
void tern_redis_add_command(tern_redis_pipeline *pipeline, tern_redis_command command);
/** Adds a command of any number of arguments. */
void tern_redis_add_argv(tern_redis_pipeline *pipeline, const tern_str *args, size_t count);
/** Sends the commands; the reply is an ARRAY of their replies. When one of them is an ERROR, the handler fails. */
const tern_redis_reply *tern_redis_send(tern_redis_pipeline *pipeline);
/** Like tern_redis_send, but errors are returned: of a command, as its item; of the connection, instead of the array. */
const tern_redis_reply *tern_redis_send_try(tern_redis_pipeline *pipeline);
/** Sends the commands as a transaction (MULTI, EXEC): all of them run, with nothing between, or none. In a cluster
 * their keys must be in one slot: `{...}` in keys. */
const tern_redis_reply *tern_redis_exec(tern_redis_pipeline *pipeline);
const tern_redis_reply *tern_redis_exec_try(tern_redis_pipeline *pipeline);

/* -- scripts -- */

/** A Lua script: `static tern_redis_lua take = TERN_REDIS_LUA("return redis.call('DECR', KEYS[1])");` */
typedef struct tern_redis_lua {
    const char *text;
    char sha1[41]; /* Tern's own */
} tern_redis_lua;
#define TERN_REDIS_LUA(text_)                                                                                \
    {                                                                                                        \
        "" text_, ""                                                                                         \
    }

/**
 * Runs a script, by its SHA-1 (EVALSHA); its text is sent only when the server does not have it yet. The format is what
 * follows the hash: how many keys, the keys, the arguments.
 *
 *     int64_t left = tern_redis_script(c, &take, "1 stock:%s", item)->integer;
 */
#define tern_redis_script(c, script, ...) tern_redis_script_with(c, script, TERN_REDIS(__VA_ARGS__), true)
#define tern_redis_script_try(c, script, ...)                                                                \
    tern_redis_script_with(c, script, TERN_REDIS(__VA_ARGS__), false)
const tern_redis_reply *tern_redis_script_with(tern_ctx *c, tern_redis_lua *script,
                                               tern_redis_command command, bool fails);

/* -- set-up -- */

/** What can be set in `main`; zero values are the defaults. */
typedef struct tern_redis_options {
    /** Default redis://127.0.0.1:6379. TERN_REDIS_URL and --redis come before it. */
    const char *url;
    bool required;               /* /readyz asks Redis */
    unsigned timeout_ms;         /* of a command, with the time for a connection; default 3 s */
    unsigned connect_timeout_ms; /* default 2 s */
    unsigned connections; /* of a worker to one server, at most; default 4. Few are needed: they are shared */
    unsigned queue;       /* commands of a worker without a reply, at most; default 4096 */
    size_t max_reply;     /* bytes; default 64 MiB */
    const char *ca_file;  /* PEM: authorities trusted for rediss:// instead of the system's */
    const char *cert_file, *key_file; /* PEM: the client's certificate */
    const char *name;                 /* of the connections, in CLIENT LIST; default "tern" */
} tern_redis_options;

/**
 * Says in `main` that the application uses Redis: the URL is then checked at start, before the first request.
 *
 *     tern_redis_setup(app, .required = true);
 *
 * It may be called again: options that are set then replace those of before.
 */
#define tern_redis_setup(app, ...) tern_redis_setup_with(app, &(tern_redis_options){__VA_ARGS__})
/** As tern_redis_setup; with NULL for `options` nothing is set, so that middleware that needs Redis can call it in its
 * `prepare`. */
void tern_redis_setup_with(tern_app *app, const tern_redis_options *options);

#endif

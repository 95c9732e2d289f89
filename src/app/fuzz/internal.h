/** The internals of the fuzzer, shared by its files. Start with drive.c, then explore.c. */
#ifndef APP_FUZZ_INTERNAL_H
#define APP_FUZZ_INTERNAL_H

#include "app/bind/bind.h"
#include "app/fuzz/random.h"
#include "app/router/pattern.h"
#include "app/test/internal.h"

#include <tern/test.h>

/* -- requests as trees (node.c) -- */

typedef enum fuzz_shape {
    FUZZ_OBJECT,
    FUZZ_LIST,
    FUZZ_QUOTED, /* text: in quotes in JSON, unquoted elsewhere */
    FUZZ_BARE    /* verbatim JSON: 12, true, null, or text that is not JSON */
} fuzz_shape;

/** A value of a request, independent of its final format. */
typedef struct fuzz_node {
    struct fuzz_node *next, *first; /* the next member or item; its first child */
    fuzz_shape shape;
    const char *key; /* of a member; NULL: an item, or the outermost */
    const char *text;
    size_t len;
    bool is_file; /* an upload */
} fuzz_node;

typedef enum fuzz_format { FUZZ_JSON, FUZZ_FORM, FUZZ_MULTIPART } fuzz_format;

enum { FUZZ_SOURCES = TERN_FROM_BODY + 1 };

typedef struct fuzz_request {
    const route *route;
    const char *method;
    fuzz_node *parts[FUZZ_SOURCES]; /* by tern_source; NULL: the request does not have that part */
    fuzz_format format;
    tern_str raw_body; /* sent instead of the body's part if data is not NULL */
    const char *raw_type;
    const char *raw_query; /* sent instead of the query's part; NULL: not set */
} fuzz_request;

/** A request as sent; its texts belong to the case. */
typedef struct fuzz_step {
    const char *method;
    const char *path;           /* including the query */
    const char *type;           /* Content-Type; NULL: no body */
    const char *const *headers; /* NULL-ended */
    tern_str body;
    int from;        /* the step whose Location this path begins with; -1: none */
    size_t from_len; /* length of that Location in the path */
} fuzz_step;

fuzz_node *fuzz_node_new(arena *a, fuzz_shape shape, const char *text, size_t len);
fuzz_node *fuzz_quoted(arena *a, const char *text);
fuzz_node *fuzz_bare(arena *a, const char *text);
/** Adds `child` at the end of an object (under `key`) or list. */
void fuzz_node_add(fuzz_node *parent, const char *key, fuzz_node *child);
fuzz_node *fuzz_node_get(const fuzz_node *object, const char *key);
void fuzz_node_print_json(const fuzz_node *node, buf *out);
/** The request as bytes of HTTP, in `a`. `more` are headers that every request has. (render.c) */
fuzz_step fuzz_render(arena *a, const fuzz_request *request, const char *const *more);

/* -- what earlier replies revealed (memory.c) -- */

typedef struct fuzz_known {
    struct fuzz_known *next;
    const char *name, *value;
} fuzz_known;

/** What a case knows about its application. */
typedef struct fuzz_memory {
    arena *arena;
    fuzz_known *paths;  /* name: a pattern up to a parameter, "/todos/{id}"; value: "/todos/7" */
    fuzz_known *keys;   /* name: a model; value: the key of a row of it */
    fuzz_known *fields; /* name: a field; value: one that was sent or received */
} fuzz_memory;

/** Learns from a reply: the address of a created row, the keys of rows. */
void fuzz_learn(fuzz_memory *memory, const tern_app *app, const fuzz_request *request, tern_answer *a);
/** Forgets a path that no longer exists. */
void fuzz_forget(fuzz_memory *memory, const char *path);
/** One of a name's values, or NULL. */
const char *fuzz_recall(const fuzz_known *list, const char *name, fuzz_random *r);

/* -- values (value.c, text.c, regex.c) -- */

/** The generator of requests. */
typedef struct fuzz_maker {
    arena *arena;
    fuzz_random random;
    fuzz_memory *memory;
    fuzz_known *secrets; /* values sent for .write_only fields; name: the field */
    tern_source source;  /* of the current value */
    fuzz_format format;
    bool is_full;  /* every optional field is given */
    bool is_stuck; /* a required value could not be made */
    unsigned depth;
} fuzz_maker;

/** A valid value of `type` for a field (`f`: its rules, may be NULL); NULL when none can be made. */
fuzz_node *fuzz_value(fuzz_maker *k, const field_plan *f, const tern_type *type);
/** Text that obeys the rules of `f` and has `characters` characters if possible (SIZE_MAX: any number);
 * `width` bytes a character (0: any). NULL when none was found. (text.c) */
const char *fuzz_text(fuzz_maker *k, const field_plan *f, size_t characters, unsigned width);
bool fuzz_text_fits(const field_plan *f, const char *text);
/** Whether any text of the right length is valid. */
bool fuzz_text_is_free(const field_plan *f);
/** Text that `pattern` matches, for the supported subset of regular expressions; NULL otherwise. (regex.c) */
const char *fuzz_regex(arena *a, fuzz_random *r, const char *pattern);
/** The smallest and largest value of an integer field, without those that .above and .below exclude. */
void fuzz_int_range(const field_plan *f, const tern_type *type, int64_t *least, int64_t *most);
/** A moment's text by its number (moment_limit.h). */
const char *fuzz_moment_text(fuzz_maker *k, const tern_type *type, int64_t number);
void fuzz_moment_range(const field_plan *f, const tern_type *type, int64_t *least, int64_t *most);
/** Whether the value is written as text: in a path, query, header or form. */
static inline bool fuzz_is_plain(const fuzz_maker *k)
{
    return k->source != TERN_FROM_BODY || k->format != FUZZ_JSON;
}

/** The first `pieces` pieces of a route's pattern as the memory names paths: "/users/{}". (make.c) */
const char *fuzz_path_name(arena *a, const route *r, unsigned pieces);
/** A valid request of a route; sets `k->is_stuck` when it could not be made. (make.c) */
fuzz_request fuzz_make(fuzz_maker *k, const route *r);

/* -- mutations (mutate.c, edge.c) -- */

typedef enum fuzz_verdict {
    FUZZ_ANY,     /* unknown */
    FUZZ_VALID,   /* the fields' rules are obeyed */
    FUZZ_INVALID, /* 422, and the fault is at `location` */
    FUZZ_BROKEN   /* a client error: 4xx */
} fuzz_verdict;

typedef struct fuzz_expect {
    fuzz_verdict verdict;
    const char *location; /* JSON: ["body","title"]; NULL: none */
    const char *field;    /* "body.title" */
    const char *what;     /* "max_length + 1" */
} fuzz_expect;

/** Applies change number `number` to the request, which `k` just made full; false when there are fewer
 * changes. */
bool fuzz_mutate(fuzz_maker *k, fuzz_request *request, unsigned number, fuzz_expect *expect);

/** Walks all possible changes up to the selected one. */
typedef struct fuzz_mutator {
    fuzz_maker *k;
    fuzz_request *request;
    unsigned left;
    bool is_done;
    fuzz_expect expect;
} fuzz_mutator;

/** The location of a value. */
typedef struct fuzz_spot {
    fuzz_node *node; /* the current value */
    const place *where;
    const field_plan *f; /* NULL: a value without rules */
    const tern_type *type;
} fuzz_spot;

/** Whether the next change is the selected one. */
bool fuzz_is_due(fuzz_mutator *m);
/** Replaces the current value by `node`; NULL: it could not be made, and the request stays valid. */
void fuzz_put(fuzz_mutator *m, const fuzz_spot *at, fuzz_node *node, fuzz_verdict verdict, const char *what);
/** The edges of a single value, and one step past them. (edge.c) */
void fuzz_mutate_scalar(fuzz_mutator *m, const fuzz_spot *at);
void fuzz_mutate_text(fuzz_mutator *m, const fuzz_spot *at);

/* -- promises (promise.c, returns.c) -- */

typedef enum fuzz_promise {
    FUZZ_NO_CRASH,
    FUZZ_NO_HANG,
    FUZZ_NO_LEAK,
    FUZZ_ANSWERS, /* a complete HTTP reply arrives */
    FUZZ_NO_5XX,
    FUZZ_RETURNS,
    FUZZ_DOCUMENTED,
    FUZZ_NAMES_FIELD,
    FUZZ_TAKES_VALID,
    FUZZ_REFUSES_BROKEN,
    FUZZ_KEEPS_SECRET,
    FUZZ_PAGES,
    FUZZ_ALLOW,
    FUZZ_HEAD,
    FUZZ_PROMISES
} fuzz_promise;

typedef struct fuzz_promise_words {
    const char *name;  /* "no_5xx": for tests and reports */
    const char *words; /* "no reply is a 5xx" */
} fuzz_promise_words;
extern const fuzz_promise_words fuzz_promises[FUZZ_PROMISES];

enum { FUZZ_FIELD_BYTES = 160, FUZZ_WANT_BYTES = 512, FUZZ_WHY_BYTES = 1024, FUZZ_SIGNATURE_BYTES = 256 };

/** A broken promise. */
typedef struct fuzz_breach {
    fuzz_promise promise;
    char field[FUZZ_FIELD_BYTES];         /* "" when it is not about a field */
    char want[FUZZ_WANT_BYTES];           /* data for a replay: a location, a secret */
    char why[FUZZ_WHY_BYTES];             /* for people */
    char signature[FUZZ_SIGNATURE_BYTES]; /* of the reply: a smaller request must have the same */
} fuzz_breach;

/** One exchange, to check against the promises. */
typedef struct fuzz_exchange {
    const route *route;
    const char *method;
    tern_answer *answer; /* NULL: no reply, and `wrong` has the reason */
    const char *wrong;
    tern_answer *before; /* the reply before it: of the other page, of GET; NULL: none */
    const char *want;    /* for promises that need it */
    const char *field;
    int shadow;           /* a status that is possible before the fields are checked; 0: none */
    bool may_be_shadowed; /* any client error is */
} fuzz_exchange;

/** Whether `promise` is broken; then fills in `breach`. */
bool fuzz_is_broken(const fuzz_exchange *e, fuzz_promise promise, fuzz_breach *breach);
/** How a body does not match the route's `.returns`; NULL when it does. In `a`. (returns.c) */
const char *fuzz_returns_fault(arena *a, const route *r, tern_str body, const char **field);
/** Prepares the types for fuzz_returns_fault; once, before the application starts. (returns.c) */
bool fuzz_returns_prepare(arena *a, const tern_type *type);

/* -- cases (explore.c, replay.c), each in its own process -- */

enum {
    FUZZ_ROUTES_MOST = 1024, /* later ones are not counted */
    FUZZ_BREACHES_MOST = 48,
    FUZZ_LOG_BYTES = 4 << 20,
    FUZZ_STEPS_MOST = 512,
    FUZZ_CHUNK = 120,    /* changes of a request in one case */
    FUZZ_CASE_MS = 20000 /* after which a case of slow requests ends */
};

/** A step in the shared log; its texts follow. */
typedef struct fuzz_record {
    uint32_t bytes; /* the total size */
    int32_t from;
    uint32_t from_len, output_at; /* the position in the process's output where the step began */
    uint32_t lens[5];             /* method, path, type (UINT32_MAX: none), headers, body */
} fuzz_record;

typedef struct fuzz_found {
    fuzz_breach breach;
    uint32_t route, step; /* the step that breaks the promise */
    bool is_pair;         /* the previous step belongs to it */
} fuzz_found;

/** Shared by a case's process and its supervisor. */
typedef struct fuzz_shared {
    uint64_t step_began_ms; /* 0: no request in progress */
    uint64_t requests, taken;
    uint32_t route; /* of the request in progress */
    uint32_t steps, log_used, breaches;
    bool has_before; /* the setup of TERN_FUZZ sent requests */
    bool has_ended;  /* the case completed */
    bool is_swept;   /* the sweep of the route is complete */
    bool has_reproduced;
    /* the current change of the sweep; the route after the one whose methods were checked */
    uint32_t progress;
    uint32_t asked[FUZZ_ROUTES_MOST], taken_of[FUZZ_ROUTES_MOST];
    bool is_stuck[FUZZ_ROUTES_MOST];      /* no valid request for it could be made */
    uint16_t status_of[FUZZ_ROUTES_MOST]; /* the last one that was not a success */
    fuzz_found found[FUZZ_BREACHES_MOST];
    char log[FUZZ_LOG_BYTES];
} fuzz_shared;

typedef enum fuzz_job_kind { FUZZ_SWEEP, FUZZ_METHODS, FUZZ_WALK, FUZZ_ROAM, FUZZ_REPLAY } fuzz_job_kind;

typedef struct fuzz_job {
    fuzz_job_kind kind;
    uint32_t route;
    uint32_t number; /* the first change of the sweep; the number of the random case */
    /* FUZZ_REPLAY */
    const fuzz_step *steps;
    unsigned step_count;
    const fuzz_found *sought;
} fuzz_job;

/** A finding with its steps, as stored by the supervisor. */
typedef struct fuzz_finding {
    struct fuzz_finding *next;
    fuzz_found found;
    fuzz_step *steps;
    unsigned step_count;
    const char *output; /* the application's output meanwhile */
    bool is_steady;     /* it is reproducible */
} fuzz_finding;

/** One run against an application. */
typedef struct fuzz_run {
    const tern_fuzz *options;
    tern_app *app;
    settings *settings;
    arena *arena;
    uint64_t seed;
    uint64_t most_requests;
    unsigned seconds, step_ms;
    const char *const *headers; /* of every request */
    const char *const *only;    /* routes; NULL: all */
    const char *const *skip;
    fuzz_shared *shared;
    bool is_deadly[FUZZ_ROUTES_MOST]; /* requested only by its own sweep: each request may end the process */
    fuzz_finding *findings, **findings_end;
    unsigned finding_count;
    int output_fd;
    int error; /* errno, when a process cannot be made; ECANCELED: the application does not start */
    /* of the last job */
    bool has_died, has_hung, is_swept;
    uint32_t progress, last_route;
    uint32_t deaths[FUZZ_ROUTES_MOST];
} fuzz_run;

/** A running case, in its own process. */
typedef struct fuzz_case {
    fuzz_run *run;
    const fuzz_job *job;
    tern_test *t;
    arena *arena; /* the test's */
    fuzz_memory memory;
    fuzz_maker maker;
    const char **locations; /* of each step so far; NULL: none */
    const char *const *headers;
    uint64_t began_ms; /* with its first request */
    bool is_full;      /* of steps or time: the case ends */
} fuzz_case;

/** Runs one case in this process, and then exits. (explore.c) */
_Noreturn void fuzz_case_run(fuzz_run *run, const fuzz_job *job, tern_test *t);
/** Sends a step of the case; NULL with `*wrong` when there was no complete reply. (step.c) */
tern_answer *fuzz_case_send(fuzz_case *c, fuzz_step *step, uint32_t route, const char **wrong);
/** Records a breach for the supervisor. */
void fuzz_case_report(fuzz_case *c, const fuzz_breach *breach, uint32_t route, bool is_pair);
/** Whether a route is a list with pages, whose rows have keys. (walk.c) */
bool fuzz_has_pages(const route *r);
/** Walks the pages of a list. (walk.c) */
void fuzz_case_walk(fuzz_case *c);
/** Repeats the steps of a finding. (replay.c) */
void fuzz_case_replay(fuzz_case *c);
/** The steps of the shared log, in `a`; sets `*count`. (step.c) */
fuzz_step *fuzz_read_log(const fuzz_shared *shared, arena *a, unsigned *count);
/** The position in the process's output where the step began. (step.c) */
uint32_t fuzz_output_at(const fuzz_shared *shared, unsigned step);

/* -- the supervisor (drive.c, minimise.c, print.c) -- */

/** Whether a route is requested at all. */
bool fuzz_is_asked(const fuzz_run *run, const route *r);
/** Whether a route's promises are checked; other routes only create what it needs. */
bool fuzz_is_aimed_at(const fuzz_run *run, const route *r);
/** Runs everything; false with errno set when a process cannot be made. */
bool fuzz_drive(fuzz_run *run);
/** Runs one job in a new process and supervises it: returns the promise that its end broke, or
 * FUZZ_PROMISES. */
fuzz_promise fuzz_run_job(fuzz_run *run, const fuzz_job *job, char *why, size_t why_size);
/** Makes a finding as small as possible. */
void fuzz_minimise(fuzz_run *run, fuzz_finding *finding);
/** Appends a finding: a description and a TERN_TEST. */
void fuzz_print(const fuzz_run *run, const fuzz_finding *finding, unsigned number, buf *out);
/** Appends a summary: the requests, and the routes that were never reached. */
void fuzz_print_summary(const fuzz_run *run, uint64_t ms, buf *out);

#endif

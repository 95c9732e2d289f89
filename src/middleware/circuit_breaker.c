/**
 * Spares a part of the application that fails.
 *
 * The state is in shared memory and changes by atomic operations alone, so that a worker may die at any time: a probe
 * that it had in work is given up after .open_s.
 */
#include <tern/app.h>
#include <tern/limits.h>
#include <tern/log.h>
#include <tern/shared.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_WINDOW_S = 60, COUNT_BITS = 20, MOST_COUNT = (1 << COUNT_BITS) - 1 };

/** What all workers share. */
typedef struct circuit {
    _Atomic uint64_t open_until_ms;  /* 0: it is closed. When that is over, it probes. */
    _Atomic uint64_t probe_until_ms; /* a probe is in work until then; 0: none */
    _Atomic unsigned successes;      /* of probes */
    /* of each second: its number, and how many requests ended and failed; from the highest bit on */
    _Atomic uint64_t seconds[MOST_WINDOW_S + 1];
} circuit;

typedef struct breaker {
    tern_circuit_breaker_options options;
    circuit *circuit;
    const char *shown; /* for the log */
} breaker;

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1; /* never 0 */
}

/* -- the window -- */

static uint64_t number_of(uint64_t second)
{
    return second >> 2 * COUNT_BITS;
}

static unsigned ended_of(uint64_t second)
{
    return (unsigned)(second >> COUNT_BITS & MOST_COUNT);
}

static unsigned failed_of(uint64_t second)
{
    return (unsigned)(second & MOST_COUNT);
}

static uint64_t this_second(uint64_t at_ms)
{
    return at_ms / 1000 & ((1 << 24) - 1);
}

static void count(circuit *ct, uint64_t at_ms, bool has_failed)
{
    uint64_t number = this_second(at_ms);
    _Atomic uint64_t *second = &ct->seconds[number % (MOST_WINDOW_S + 1)];
    uint64_t seen = atomic_load(second), wanted;
    do {
        uint64_t base = number_of(seen) == number ? seen : number << 2 * COUNT_BITS;
        wanted = ended_of(base) < MOST_COUNT ? base + (1 << COUNT_BITS) + has_failed : base;
    } while (!atomic_compare_exchange_weak(second, &seen, wanted));
}

static bool is_failing(const breaker *b, uint64_t at_ms)
{
    uint64_t number = this_second(at_ms), ended = 0, failed = 0;
    for (unsigned i = 0; i <= MOST_WINDOW_S; i++) {
        uint64_t second = atomic_load(&b->circuit->seconds[i]);
        if (((number - number_of(second)) & ((1 << 24) - 1)) >= b->options.window_s)
            continue;
        ended += ended_of(second);
        failed += failed_of(second);
    }
    return ended >= b->options.least && failed * 100 >= ended * b->options.failures_percent;
}

/* -- changes -- */

/** From `seen`, so that one worker alone says it. */
static void open_circuit(const breaker *b, uint64_t seen, uint64_t at_ms)
{
    atomic_store(&b->circuit->successes, 0);
    if (atomic_compare_exchange_strong(&b->circuit->open_until_ms, &seen,
                                       at_ms + b->options.open_s * UINT64_C(1000)))
        tern_log(TERN_LOG_ERROR, "circuit_breaker %s: too many requests fail: it is open for %u s", b->shown,
                 b->options.open_s);
}

static void close_circuit(const breaker *b, uint64_t seen)
{
    for (unsigned i = 0; i <= MOST_WINDOW_S; i++)
        atomic_store(&b->circuit->seconds[i], 0);
    if (atomic_compare_exchange_strong(&b->circuit->open_until_ms, &seen, 0))
        tern_log(TERN_LOG_INFO, "circuit_breaker %s: requests succeed again: it is closed", b->shown);
}

/* -- around the handler -- */

typedef struct passage {
    const breaker *b;
    uint64_t began_ms, open_until_ms; /* of the circuit when it began */
    bool is_probe;
} passage;

static void end_probe(void *arg)
{
    const passage *p = arg;
    atomic_store(&p->b->circuit->probe_until_ms, 0);
}

/** Whether this request may be the probe. */
static bool begin_probe(tern_ctx *c, passage *p)
{
    circuit *ct = p->b->circuit;
    uint64_t seen = atomic_load(&ct->probe_until_ms);
    if (seen > p->began_ms ||
        !atomic_compare_exchange_strong(&ct->probe_until_ms, &seen,
                                        p->began_ms + p->b->options.open_s * UINT64_C(1000)))
        return false;
    p->is_probe = true;
    tern_defer(c, end_probe, p);
    return true;
}

static void finish(tern_ctx *c, const passage *p, const tern_reply *reply)
{
    const tern_circuit_breaker_options *o = &p->b->options;
    uint64_t at_ms = now_ms();
    bool has_failed = o->is_failure != NULL ? o->is_failure(c, reply) : reply->status >= 500;
    has_failed |= o->slow_ms != 0 && at_ms - p->began_ms > o->slow_ms;
    if (p->is_probe && has_failed) {
        open_circuit(p->b, p->open_until_ms, at_ms);
    } else if (p->is_probe) {
        if (atomic_fetch_add(&p->b->circuit->successes, 1) + 1 >= o->probes)
            close_circuit(p->b, p->open_until_ms);
    } else {
        count(p->b->circuit, at_ms, has_failed);
        if (has_failed && is_failing(p->b, at_ms))
            open_circuit(p->b, 0, at_ms);
    }
}

static tern_reply refuse(tern_ctx *c, const passage *p)
{
    uint64_t left_ms = p->open_until_ms > p->began_ms ? p->open_until_ms - p->began_ms : 0;
    tern_set_header(c, "Retry-After", tern_sprintf(c, "%u", (unsigned)(left_ms / 1000 + 1)));
    return tern_problem_reply(
        c, &(tern_problem){.status = 503,
                           .detail = "this part of the service does not work now: try again later"});
}

static tern_reply run(tern_ctx *c, void *options)
{
    const breaker *b = options;
    passage *p = tern_alloc(c, sizeof *p);
    *p = (passage){.b = b, .began_ms = now_ms(), .open_until_ms = atomic_load(&b->circuit->open_until_ms)};
    if (p->open_until_ms != 0 && (p->open_until_ms > p->began_ms || !begin_probe(c, p)))
        return refuse(c, p);
    tern_reply reply = tern_next(c);
    finish(c, p, &reply);
    return reply;
}

/* -- before the application listens -- */

static void prepare(tern_app *app, void *options)
{
    static unsigned unnamed;
    breaker *b = options;
    char name[48], number[16];
    if (b == NULL) {
        tern_mistake(app, "circuit_breaker: out of memory for its options");
        return;
    }
    tern_circuit_breaker_options *o = &b->options;
    o->failures_percent = o->failures_percent != 0 ? o->failures_percent : 50;
    o->window_s = o->window_s != 0 ? o->window_s : 10;
    o->least = o->least != 0 ? o->least : 20;
    o->open_s = o->open_s != 0 ? o->open_s : 10;
    o->probes = o->probes != 0 ? o->probes : 3;
    if (o->failures_percent > 100)
        tern_mistake(app, "circuit_breaker: .failures_percent is %u: 100 is the most", o->failures_percent);
    if (o->window_s > MOST_WINDOW_S)
        tern_mistake(app, "circuit_breaker: .window_s is %u: %d is the most", o->window_s, MOST_WINDOW_S);
    if (o->open_s > 86400)
        tern_mistake(app, "circuit_breaker: .open_s is %u: a day, 86400, is the most", o->open_s);
    snprintf(number, sizeof number, "%u", o->name != NULL ? 0 : ++unnamed);
    b->shown = o->name != NULL ? o->name : tern_keep(number, sizeof number);
    int len = snprintf(name, sizeof name, "circuit%s %s", o->name != NULL ? " name" : "",
                       b->shown != NULL ? b->shown : "");
    b->circuit = len < (int)sizeof name ? tern_shared_memory_new(name, sizeof(circuit)) : NULL;
    if (b->circuit == NULL || b->shown == NULL)
        tern_mistake(app, "circuit_breaker: no shared memory named \"%s\": %s",
                     b->shown != NULL ? b->shown : "",
                     len < (int)sizeof name ? strerror(errno) : "a .name has at most 34 bytes");
}

tern_middleware tern_circuit_breaker_with(const tern_circuit_breaker_options *options)
{
    const breaker b = {.options = *options};
    return (tern_middleware){.name = "circuit_breaker",
                             .run = run,
                             .options = tern_keep(&b, sizeof b),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "503",
                             .headers = "Retry-After"};
}

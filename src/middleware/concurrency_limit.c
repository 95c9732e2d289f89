/**
 * Lets a number of requests at the same time run what it wraps.
 *
 * Within a worker that is a semaphore. For all workers each has a place in shared memory with the number of its
 * requests inside, and one enters when the sum is low enough: first it counts itself, then it looks at the sum, so that
 * of two at the same time both see both, and never too many enter. A worker that dies leaves one place behind, which is
 * found by its process id; no sum has to be corrected.
 */
#include <tern/app.h>
#include <tern/limits.h>
#include <tern/log.h>
#include <tern/shared.h>
#include <tern/task.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 1024, ASK_MS = 2 };

/** Of one process. Alone on its cache line. */
typedef struct place {
    _Alignas(64) _Atomic int pid; /* 0: free */
    _Atomic unsigned inside;
} place;

typedef struct house {
    _Atomic unsigned used; /* places from here on have never been taken */
    place places[PLACES];
} house;

typedef struct gate {
    tern_concurrency_limit_options options;
    tern_semaphore permits; /* within a worker: what may run; for all workers: who asks for its turn */
    house *house;           /* of all workers; NULL without .all_workers */
    place *own;
} gate;

/* -- all workers -- */

static bool is_dead(int pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

/** Frees the places of processes that are gone. */
static void sweep(const gate *g)
{
    unsigned used = atomic_load(&g->house->used);
    for (place *p = g->house->places; p < g->house->places + used; p++) {
        int pid = atomic_load(&p->pid);
        if (pid == 0 || !is_dead(pid))
            continue;
        atomic_store(&p->inside, 0);
        atomic_compare_exchange_strong(&p->pid, &pid, 0);
    }
}

/** Takes a place for this worker. */
static bool start(void *arg)
{
    gate *g = arg;
    sweep(g);
    for (unsigned i = 0; i < PLACES; i++) {
        place *p = &g->house->places[i];
        int nobody = 0;
        if (!atomic_compare_exchange_strong(&p->pid, &nobody, (int)getpid()))
            continue;
        for (unsigned used = atomic_load(&g->house->used);
             used <= i && !atomic_compare_exchange_weak(&g->house->used, &used, i + 1);) {
        }
        g->own = p;
        return true;
    }
    tern_log(TERN_LOG_ERROR, "concurrency_limit: there are more than %d workers", PLACES);
    return false;
}

static void stop(void *arg)
{
    gate *g = arg;
    if (g->own == NULL)
        return;
    atomic_store(&g->own->inside, 0);
    atomic_store(&g->own->pid, 0);
}

static unsigned inside_all(const gate *g)
{
    unsigned sum = 0, used = atomic_load(&g->house->used);
    for (unsigned i = 0; i < used; i++)
        sum += atomic_load(&g->house->places[i].inside);
    return sum;
}

static bool try_enter(const gate *g)
{
    atomic_fetch_add(&g->own->inside, 1);
    if (inside_all(g) <= g->options.most)
        return true;
    atomic_fetch_sub(&g->own->inside, 1);
    return false;
}

static void leave(void *arg)
{
    const gate *g = arg;
    atomic_fetch_sub(&g->own->inside, 1);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/** The first in line of this worker asks again and again; the others wait for the semaphore. */
static bool wait_to_enter(tern_ctx *c, gate *g)
{
    const tern_concurrency_limit_options *o = &g->options;
    uint64_t until_ms = now_ms() + o->wait_ms;
    if (o->refuse_at_once)
        return false;
    if (!tern_semaphore_acquire_within(c, &g->permits, o->waiting - 1, o->wait_ms))
        return false;
    bool has_entered;
    while (!(has_entered = try_enter(g)) && now_ms() < until_ms)
        tern_sleep(c, ASK_MS);
    if (!has_entered)
        sweep(g);
    tern_semaphore_release(c, &g->permits);
    return has_entered;
}

/* -- both -- */

static tern_reply refuse(tern_ctx *c, const tern_concurrency_limit_options *o)
{
    tern_set_header(c, "Retry-After", tern_sprintf(c, "%u", o->retry_after_s));
    return tern_problem_reply(
        c, &(tern_problem){.status = 503,
                           .detail = "too many requests of this kind are in work: try again later"});
}

static tern_reply run_all(tern_ctx *c, void *options)
{
    gate *g = options;
    if (tern_is_health_check(c))
        return tern_next(c);
    bool is_first = g->permits.permits != 0; /* else another one waits, and has its turn before */
    if (!(is_first && try_enter(g)) && !wait_to_enter(c, g))
        return refuse(c, &g->options);
    tern_defer(c, leave, g);
    return tern_next(c);
}

static tern_reply run(tern_ctx *c, void *options)
{
    gate *g = options;
    const tern_concurrency_limit_options *o = &g->options;
    if (tern_is_health_check(c))
        return tern_next(c);
    if (!tern_semaphore_acquire_within(c, &g->permits, o->waiting, o->refuse_at_once ? 0 : o->wait_ms))
        return refuse(c, o);
    tern_reply reply = tern_next(c);
    tern_semaphore_release(c, &g->permits);
    return reply;
}

static void prepare(tern_app *app, void *options)
{
    static unsigned unnamed;
    gate *g = options;
    tern_concurrency_limit_options *o = &g->options;
    if (g == NULL) {
        tern_mistake(app, "concurrency_limit: out of memory for its options");
        return;
    }
    if (o->most == 0)
        tern_mistake(app,
                     "concurrency_limit: .most is not set: say how many requests may be in work at a time");
    if (o->refuse_at_once && (o->waiting != 0 || o->wait_ms != 0))
        tern_mistake(app, "concurrency_limit: .refuse_at_once is set, and so is %s: leave one out",
                     o->waiting != 0 ? ".waiting" : ".wait_ms");
    if (o->name != NULL && !o->all_workers)
        tern_mistake(
            app,
            "concurrency_limit: .name is \"%s\", but each worker counts for itself: set .all_workers = "
            "true",
            o->name);
    o->waiting = o->waiting != 0 ? o->waiting : o->most;
    o->wait_ms = o->wait_ms != 0 ? o->wait_ms : 1000;
    o->retry_after_s = o->retry_after_s != 0 ? o->retry_after_s : 1;
    g->permits.permits = o->all_workers ? 1 : o->most;
    if (!o->all_workers)
        return;
    char name[48];
    int len = o->name != NULL ? snprintf(name, sizeof name, "concurrency name %s", o->name)
                              : snprintf(name, sizeof name, "concurrency %u", ++unnamed);
    g->house = len < (int)sizeof name ? tern_shared_memory_new(name, sizeof(house)) : NULL;
    if (g->house == NULL)
        tern_mistake(app, "concurrency_limit: no shared memory named \"%s\": %s",
                     o->name != NULL ? o->name : name,
                     len < (int)sizeof name ? strerror(errno) : "a .name has at most 30 bytes");
    tern_on_start(app, start, g);
    tern_on_stop(app, stop, g);
}

tern_middleware tern_concurrency_limit_with(const tern_concurrency_limit_options *options)
{
    const gate g = {.options = *options};
    return (tern_middleware){.name = "concurrency_limit",
                             .run = options->all_workers ? run_all : run,
                             .options = tern_keep(&g, sizeof g),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "503",
                             .headers = "Retry-After"};
}

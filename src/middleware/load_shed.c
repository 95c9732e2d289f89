/**
 * Refuses what a busy worker cannot answer in time.
 *
 * Hot path: `run`. It costs a clock and a few comparisons, and a hash for an application with tenants. What is known
 * of the worker is in one static structure: a worker is a process with one thread.
 */
#include <tern/app.h>
#include <tern/limits.h>
#include <tern/log.h>

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { TENANTS = 1024 };

#define REDUCED_CAPACITY "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"

/** How requests compare: of two, the one of the higher rank is refused later. Tenants below their share are above the
 * others of their priority. */
enum { RANK_LOW = 0, RANK_NORMAL = 2, RANK_HIGH = 4, RANKS = 6 };

/** How long a request of each rank may wait, in halves of the target in a worker that stays busy, and of .most_ms in
 * another. */
static const unsigned patience[RANKS] = {1, 2, 2, 4, 8, 12}, calm_patience[RANKS] = {1, 2, 2, 2, 3, 3};

typedef struct tenant_count {
    uint32_t interval; /* the count is of */
    uint32_t admitted;
} tenant_count;

/** What this worker has done in the interval, and in the one before it. */
static struct {
    uint64_t began_us, idle_us; /* as tern_load_now had them then */
    uint32_t interval;          /* its number */
    bool is_busy;               /* by the interval before */
    int barred, was_barred;     /* the highest rank that was refused; -1: none */
    uint64_t refused;           /* since `logged_s` */
    time_t logged_s;
    uint32_t admitted, tenants, share; /* of tenants, `share` by the interval before */
    tenant_count counts[TENANTS];
} worker = {.barred = -1, .was_barred = -1};

static uint64_t secret; /* so that clients cannot choose whose count they share */

/* -- intervals -- */

/** At most one line a second. */
static void log_refused(void)
{
    time_t now_s = time(NULL);
    if (worker.refused == 0 || now_s == worker.logged_s)
        return;
    tern_log(TERN_LOG_WARN, "load_shed: the worker is busy: %" PRIu64 " requests were refused",
             worker.refused);
    worker.logged_s = now_s;
    worker.refused = 0;
}

/** A worker that had less than a twentieth of the time to spare stays busy. */
static void next_interval(const tern_load *load, uint64_t interval_us)
{
    uint64_t passed_us = load->now_us - worker.began_us, idle_us = load->idle_us - worker.idle_us;
    bool follows = passed_us < 2 * interval_us;
    log_refused();
    worker.is_busy = idle_us < passed_us / 20 && worker.began_us != 0;
    worker.share = follows && worker.tenants != 0 ? worker.admitted / worker.tenants : 0;
    worker.was_barred = follows ? worker.barred : -1;
    worker.barred = -1;
    worker.admitted = worker.tenants = 0;
    worker.interval++;
    worker.began_us = load->now_us;
    worker.idle_us = load->idle_us;
}

static tenant_count *tenant_of(const char *name)
{
    uint64_t hash = secret;
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    tenant_count *t = &worker.counts[hash % TENANTS];
    if (t->interval != worker.interval) {
        *t = (tenant_count){.interval = worker.interval};
        worker.tenants++;
    }
    return t;
}

/* -- deciding -- */

static int rank_of(tern_ctx *c, const tern_load_shed_options *o, tenant_count **tenant)
{
    static const int ranks[] = {[TERN_PRIORITY_NORMAL] = RANK_NORMAL,
                                [TERN_PRIORITY_LOW] = RANK_LOW,
                                [TERN_PRIORITY_HIGH] = RANK_HIGH,
                                [TERN_PRIORITY_CRITICAL] = RANKS};
    tern_priority priority = o->priority_of != NULL ? o->priority_of(c) : o->priority;
    const char *name = o->tenant != NULL ? o->tenant(c) : NULL;
    int rank = priority <= TERN_PRIORITY_CRITICAL ? ranks[priority] : RANK_NORMAL;
    *tenant = name != NULL ? tenant_of(name) : NULL;
    return rank + (rank < RANKS && *tenant != NULL && (*tenant)->admitted < worker.share);
}

/** How long the request may have waited. */
static uint64_t limit_us(const tern_load_shed_options *o, int rank)
{
    if (rank < worker.barred || rank < worker.was_barred)
        return 0;
    return worker.is_busy ? o->target_ms * UINT64_C(500) * patience[rank]
                          : o->most_ms * UINT64_C(500) * calm_patience[rank];
}

static tern_reply refuse(tern_ctx *c, const tern_load_shed_options *o, int rank)
{
    worker.barred = rank > worker.barred ? rank : worker.barred;
    worker.refused++;
    unsigned retry_s =
        o->retry_after_s + (unsigned)(worker.refused % (o->retry_after_s + 1)); /* not all at once */
    tern_set_header(c, "Retry-After", tern_sprintf(c, "%u", retry_s));
    return tern_problem_reply(
        c, &(tern_problem){.status = 503,
                           .type = REDUCED_CAPACITY,
                           .title = "Service Unavailable",
                           .detail = "the server has more requests than it can answer in time"});
}

static tern_reply run(tern_ctx *c, void *options)
{
    const tern_load_shed_options *o = options;
    tern_load load = tern_load_now(c);
    uint64_t interval_us = o->interval_ms * UINT64_C(1000);
    if (load.now_us - worker.began_us >= interval_us)
        next_interval(&load, interval_us);
    tenant_count *tenant;
    int rank = rank_of(c, o, &tenant);
    if (rank < RANKS && load.waited_us > limit_us(o, rank) && !tern_is_health_check(c))
        return refuse(c, o, rank);
    worker.admitted++;
    if (tenant != NULL)
        tenant->admitted++;
    return tern_next(c);
}

/* -- before the application listens -- */

static void prepare(tern_app *app, void *options)
{
    tern_load_shed_options *o = options;
    if (o == NULL) {
        tern_mistake(app, "load_shed: out of memory for its options");
        return;
    }
    o->target_ms = o->target_ms != 0 ? o->target_ms : 5;
    o->interval_ms = o->interval_ms != 0 ? o->interval_ms : 100;
    o->most_ms = o->most_ms != 0 ? o->most_ms : 50;
    o->retry_after_s = o->retry_after_s != 0 ? o->retry_after_s : 1;
    if (o->target_ms > o->interval_ms)
        tern_mistake(app,
                     "load_shed: .target_ms is %u, and .interval_ms %u: the target is the shorter one, a "
                     "twentieth of it as a rule",
                     o->target_ms, o->interval_ms);
    if (o->most_ms < o->target_ms)
        tern_mistake(app,
                     "load_shed: .most_ms is %u, less than .target_ms, %u: a worker that is not busy lets "
                     "requests wait for longer than one that is",
                     o->most_ms, o->target_ms);
    if (o->interval_ms > 60000 || o->most_ms > 60000 || o->retry_after_s > 86400)
        tern_mistake(app,
                     "load_shed: .interval_ms %u, .most_ms %u or .retry_after_s %u is too long: a minute, a "
                     "minute and a day are the most",
                     o->interval_ms, o->most_ms, o->retry_after_s);
    if (o->priority > TERN_PRIORITY_CRITICAL)
        tern_mistake(app,
                     "load_shed: .priority is %d: use one of TERN_PRIORITY_LOW, _NORMAL, _HIGH and _CRITICAL",
                     (int)o->priority);
    if (getrandom(&secret, sizeof secret, GRND_NONBLOCK) != sizeof secret)
        secret = UINT64_C(0x5bd1e9955bd1e995); /* tenants may then be chosen to share a count */
    tern_watch_load(app);
}

tern_middleware tern_load_shed_with(const tern_load_shed_options *options)
{
    return (tern_middleware){
        .name = "load_shed",
        .stage = options->tenant == NULL && options->priority_of == NULL ? TERN_STAGE_ADMIT : TERN_STAGE_ANY,
        .repeats = true,
        .run = run,
        .options = tern_keep(options, sizeof *options),
        .skip = options->skip,
        .prepare = prepare,
        .answers = "503",
        .headers = "Retry-After"};
}

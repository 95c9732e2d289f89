#include "runtime/offload.h"

#include "base/clock.h"
#include "runtime/coro.h"
#include "runtime/cpu_limit.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/unwind.h"

#include <tern/log.h>
#include <tern/task.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_THREADS = 4,
    OWN_THREADS = 2,      /* in addition, for offload_run */
    QUEUE_MOST = 4096,    /* calls that wait; further ones are answered 503 */
    LONG_WAIT_MS = 100,   /* for a thread, worth a line in the log */
    STUCK_WAIT_MS = 1000, /* of one that still waits */
    LOG_EVERY_MS = 1000,
    IDLE_MS = 10000
};

/* One call of tern_offload; on the stack of the coroutine that waits for it. */
typedef struct offload_job {
    list_link link; /* in pool.queue or pool.ended; under the pool's mutex */
    void (*work)(void *arg);
    void *arg;
    coro *waiting;
    uint64_t queued_ms;
    bool is_own;    /* of offload_run */
    bool has_begun; /* a thread has taken it; under the mutex */
    bool is_done;   /* the loop's thread has taken it from pool.ended; that thread's own */
} offload_job;

/* The worker's pool. Threads start with the first job and end when idle, so a worker that never offloads has
 * none. Everything but `source` is under the mutex. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t has_work;
    list_link own_queue, queue, ended;
    unsigned threads, idle;
    unsigned own_waiting;
    unsigned waiting, running; /* of `queue`, and taken from it */
    unsigned most;             /* to run at once from `queue`; 0: MOST_THREADS */
    uint64_t longest_wait_ms;  /* of those begun since the last line in the log */
    bool is_open;
    pid_t owner;        /* the process of the threads: a forked child has none of them */
    unsigned loop;      /* of loop_self.opened: where `source` is registered */
    loop_source source; /* an eventfd: jobs have ended */
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static unsigned idle_ms = IDLE_MS; /* how long a thread stays without work */
static uint64_t logged_ms;         /* used by the loop alone */

void offload_set_threads(unsigned most)
{
    pthread_mutex_lock(&pool.mutex);
    pool.most = most;
    pthread_mutex_unlock(&pool.mutex);
}

static unsigned most_threads(void)
{
    return pool.most != 0 ? pool.most : MOST_THREADS;
}

static uint64_t oldest_wait_ms(uint64_t now_ms)
{
    if (!pool.is_open || list_empty(&pool.queue))
        return 0;
    uint64_t queued_ms = list_owner(pool.queue.next, offload_job, link)->queued_ms;
    return now_ms > queued_ms ? now_ms - queued_ms : 0;
}

offload_queue offload_waiting(void)
{
    pthread_mutex_lock(&pool.mutex);
    offload_queue queue = {pool.waiting, oldest_wait_ms(clock_coarse_ms())};
    pthread_mutex_unlock(&pool.mutex);
    return queue;
}

/* Once a second at most, and on the loop's thread: says that work waits long for a thread. The mutex is
 * held. */
static void log_long_waits(void)
{
    uint64_t now_ms = loop_self.now_ms, oldest_ms = oldest_wait_ms(now_ms);
    uint64_t waited_ms = pool.longest_wait_ms > oldest_ms ? pool.longest_wait_ms : oldest_ms;
    bool is_long = pool.longest_wait_ms >= LONG_WAIT_MS || oldest_ms >= STUCK_WAIT_MS;
    if (!is_long || now_ms < logged_ms + LOG_EVERY_MS)
        return;
    logged_ms = now_ms;
    pool.longest_wait_ms = 0;
    tern_log_event(TERN_LOG_WARN, "work of tern_offload waits for a thread (--offload-threads)",
                   (const tern_log_field[]){{.name = "waited_ms", .number = (int64_t)waited_ms},
                                            {.name = "waiting", .number = pool.waiting},
                                            {.name = "threads", .number = most_threads()}},
                   3);
}

#ifdef TERN_FAULTS
static bool threads_fail;

void offload_set_idle_ms(unsigned ms)
{
    idle_ms = ms;
}

void offload_fail_threads(bool fail)
{
    threads_fail = fail;
}
#endif

unsigned offload_threads(void)
{
    pthread_mutex_lock(&pool.mutex);
    unsigned threads = pool.threads;
    pthread_mutex_unlock(&pool.mutex);
    return threads;
}

static void on_ended(loop_source *source, uint32_t events)
{
    uint64_t count;
    list_link *link;
    (void)events;
    ssize_t got = read(source->fd, &count, sizeof count);
    (void)got; /* only resets the descriptor; the list has the jobs */
    pthread_mutex_lock(&pool.mutex);
    while ((link = list_take_first(&pool.ended)) != NULL) {
        offload_job *job = list_owner(link, offload_job, link);
        job->is_done = true;
        coro_wake(job->waiting);
    }
    log_long_waits();
    pthread_mutex_unlock(&pool.mutex);
}

/* Forgets the parent's pool after a fork. */
static void drop_inherited(void)
{
    close(pool.source.fd);
    pthread_mutex_init(&pool.mutex, NULL);
    pool.threads = pool.idle = pool.own_waiting = pool.waiting = pool.running = 0;
    pool.is_open = false;
}

/* The pool is open; makes the current loop hear of ended jobs, if it does not yet. */
static bool follow_loop(void)
{
    if (pool.loop != loop_self.opened && !loop_add(&pool.source, EPOLLIN))
        return false;
    pool.loop = loop_self.opened;
    return true;
}

static bool open_pool(void)
{
    pthread_condattr_t attributes;
    if (pool.is_open && pool.owner != getpid())
        drop_inherited();
    if (pool.is_open)
        return follow_loop();
    pool.source = (loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_event = on_ended};
    if (pool.source.fd < 0)
        return false;
    if (!loop_add(&pool.source, EPOLLIN)) {
        close(pool.source.fd);
        return false;
    }
    list_init(&pool.own_queue);
    list_init(&pool.queue);
    list_init(&pool.ended);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool.has_work, &attributes);
    pthread_condattr_destroy(&attributes);
    pool.owner = getpid();
    pool.loop = loop_self.opened;
    pool.is_open = true;
    return true;
}

/* A job that may run now, off its queue: Tern's own first. */
static offload_job *take_job(void)
{
    list_link *link = list_take_first(&pool.own_queue);
    if (link != NULL) {
        pool.own_waiting--;
        return list_owner(link, offload_job, link);
    }
    if (pool.running >= most_threads() || (link = list_take_first(&pool.queue)) == NULL)
        return NULL;
    offload_job *job = list_owner(link, offload_job, link);
    uint64_t now_ms = clock_coarse_ms(), waited_ms = now_ms > job->queued_ms ? now_ms - job->queued_ms : 0;
    if (waited_ms > pool.longest_wait_ms)
        pool.longest_wait_ms = waited_ms;
    pool.waiting--;
    pool.running++;
    return job;
}

/* Waits for the next job; NULL after idle_ms without one. The mutex is held on entry and return. */
static offload_job *next_job(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += idle_ms / 1000;
    until.tv_nsec += idle_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    offload_job *job = take_job();
    pool.idle++;
    while (job == NULL) {
        bool is_over = pthread_cond_timedwait(&pool.has_work, &pool.mutex, &until) == ETIMEDOUT;
        job = take_job();
        if (is_over)
            break;
    }
    pool.idle--;
    return job;
}

static void *run_jobs(void *unused)
{
    offload_job *job;
    (void)unused;
    pthread_mutex_lock(&pool.mutex);
    while ((job = next_job()) != NULL) {
        job->has_begun = true;
        pthread_mutex_unlock(&pool.mutex);
        job->work(job->arg);
        pthread_mutex_lock(&pool.mutex);
        pool.running -= !job->is_own;
        list_append(&pool.ended, &job->link);
        uint64_t one = 1;
        ssize_t written = write(pool.source.fd, &one, sizeof one);
        (void)written; /* it fails only when the counter is full: then the loop is awake already */
    }
    pool.threads--;
    pthread_mutex_unlock(&pool.mutex);
    return NULL;
}

/* Starts another thread, with every signal blocked except those of a crash. */
static bool start_thread(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t blocked, before;
#ifdef TERN_FAULTS
    if (threads_fail)
        return false;
#endif
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&blocked);
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++)
        sigdelset(&blocked, crashes[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    bool is_started = pthread_create(&thread, &attributes, run_jobs, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return is_started;
}

/* Gives `job` to the pool; false when no thread can run it and none can be started. */
static bool submit(offload_job *job)
{
    pthread_mutex_lock(&pool.mutex);
    list_link *queue = job->is_own ? &pool.own_queue : &pool.queue;
    list_append(queue, &job->link);
    pool.waiting += !job->is_own;
    pool.own_waiting += job->is_own;
    job->queued_ms = loop_self.now_ms;
    unsigned free = most_threads() > pool.running ? most_threads() - pool.running : 0;
    unsigned may_run = pool.own_waiting + (pool.waiting < free ? pool.waiting : free);
    unsigned most = most_threads() + (job->is_own ? OWN_THREADS : 0);
    if (may_run > pool.idle && pool.threads < most && start_thread())
        pool.threads++;
    bool is_taken = pool.threads > 0 && pool.waiting <= QUEUE_MOST;
    if (is_taken) {
        pthread_cond_signal(&pool.has_work);
        log_long_waits();
    } else {
        list_remove(&job->link);
        pool.waiting -= !job->is_own;
        pool.own_waiting -= job->is_own;
    }
    pthread_mutex_unlock(&pool.mutex);
    return is_taken;
}

/* Takes a job back that no thread has begun; false when one has. */
static bool withdraw(offload_job *job)
{
    pthread_mutex_lock(&pool.mutex);
    bool is_queued = !job->has_begun;
    if (is_queued) {
        list_remove(&job->link);
        pool.waiting--;
    }
    pthread_mutex_unlock(&pool.mutex);
    return is_queued;
}

/* Waits until `job` is done, cancelled or not. */
static void wait_until_done(const offload_job *job)
{
    coro *self = job->waiting;
    self->cancel_masked++;
    while (!job->is_done)
        coro_wait(0);
    self->cancel_masked--;
}

bool offload_run(void (*work)(void *arg), void *arg)
{
    offload_job job = {.work = work, .arg = arg, .waiting = coro_self(), .is_own = true};
    if (!open_pool() || !submit(&job))
        return false;
    wait_until_done(&job);
    return true;
}

void tern_offload(tern_ctx *c, void (*work)(void *arg), void *arg)
{
    cpu_limit_check();
    (void)c;
    coro *self = coro_self();
    scope *s = self->scope;
    offload_job job = {.work = work, .arg = arg, .waiting = self};
    if (self->is_cancelled && self->cancel_masked == 0)
        unwind_throw(UNWIND_CANCELLED);
    if (!open_pool() || !submit(&job)) {
        s->fail(s, 503,
                offload_threads() == 0 ? "no thread can be started" : "too much work waits for a thread");
    }
    bool is_cancelled = false;
    while (!job.is_done && !is_cancelled)
        is_cancelled = coro_wait(0) == CORO_CANCELLED;
    if (!is_cancelled)
        return;
    if (!job.is_done && !withdraw(&job))
        wait_until_done(&job); /* a thread uses `arg` and this frame: it must end first */
    unwind_throw(UNWIND_CANCELLED);
}

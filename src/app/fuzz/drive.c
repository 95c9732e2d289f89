/**
 * The supervisor: it starts a process for each case, collects the case's findings, and continues after a
 * crash.
 */
#include "app/fuzz/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "runtime/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 50, LAST_WORDS_MS = 2000, OUTPUT_SHOWN = 3000, CASE_MS = 120000 };

/* -- selecting routes -- */

static bool is_named(const route *r, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        const char *path = strchr(*names, ' ');
        size_t method = path != NULL ? (size_t)(path - *names) : 0;
        path = path != NULL ? path + 1 : *names;
        bool is_method =
            method == 0 || (strlen(r->method_name) == method && memcmp(r->method_name, *names, method) == 0);
        size_t len = strlen(path);
        bool is_prefix = len > 0 && path[len - 1] == '*';
        if (is_method &&
            (is_prefix ? strncmp(r->pattern, path, len - 1) == 0 : strcmp(r->pattern, path) == 0))
            return true;
    }
    return false;
}

static const char *or_standard(const char *path, const char *standard)
{
    return path != NULL ? path : standard;
}

/** The routes that Tern adds have their own tests. */
static bool is_ours(const tern_app *app, const route *r)
{
    const char *docs = or_standard(app->options.docs_path, "/docs");
    size_t len = strlen(docs);
    bool is_health = strcmp(r->pattern, "/healthz") == 0 || strcmp(r->pattern, "/readyz") == 0;
    return is_health || strcmp(r->pattern, or_standard(app->options.openapi_path, "/openapi.json")) == 0 ||
           (r->options.hidden && len > 0 && strncmp(r->pattern, docs, len) == 0);
}

bool fuzz_is_asked(const fuzz_run *run, const route *r)
{
    return !r->options.not_fuzzed && !is_ours(run->app, r) && !is_named(r, run->skip);
}

bool fuzz_is_aimed_at(const fuzz_run *run, const route *r)
{
    return fuzz_is_asked(run, r) && (run->only == NULL || is_named(r, run->only));
}

/* -- one process -- */

static size_t describe(void *self, char *out, size_t size)
{
    const tern_test *t = self;
    return t->app != NULL ? app_describe(t->app, out, size) : 0;
}

static _Noreturn void become_case(fuzz_run *run, const fuzz_job *job, pid_t parent)
{
    static tern_test t; /* the process ends with it */
    const tern_test_case self = {
        .name = run->options->name, .file = run->options->file, .line = run->options->line};
    const worker_service service = {.self = &t, .describe = describe};
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    t = (tern_test){.test = &self, .report_fd = run->output_fd};
    test_current = &t;
    arena_init(&t.arena, NULL, 0, SIZE_MAX / 2);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(run->output_fd, STDOUT_FILENO) < 0 || dup2(run->output_fd, STDERR_FILENO) < 0 ||
        !crash_install(NULL, &service))
        _exit(1);
    log_set_human(true);
    fuzz_case_run(run, job, &t);
}

/** Waits for the end; true when a request took too long. */
static bool watch(fuzz_run *run, pid_t pid, int pid_fd, int *status)
{
    struct pollfd polled = {.fd = pid_fd, .events = POLLIN};
    uint64_t killed_ms = 0, began_ms = clock_ms();
    for (;;) {
        poll(&polled, 1, LOOK_MS);
        if (waitpid(pid, status, WNOHANG) == pid)
            return killed_ms != 0;
        uint64_t step_ms = __atomic_load_n(&run->shared->step_began_ms, __ATOMIC_ACQUIRE), now = clock_ms();
        bool is_late = (step_ms != 0 && now > step_ms + run->step_ms) || now > began_ms + CASE_MS;
        if (killed_ms == 0 && is_late) {
            kill(pid, SIGABRT); /* for the report of its position */
            killed_ms = now;
        } else if (killed_ms != 0 && now > killed_ms + LAST_WORDS_MS) {
            kill(pid, SIGKILL);
        }
    }
}

fuzz_promise fuzz_run_job(fuzz_run *run, const fuzz_job *job, char *why, size_t why_size)
{
    fuzz_shared *shared = run->shared;
    int status = 0;
    pid_t parent = getpid();
    shared->step_began_ms = 0;
    shared->steps = shared->log_used = shared->breaches = shared->progress = 0;
    shared->has_ended = shared->is_swept = shared->has_reproduced = false;
    if (ftruncate(run->output_fd, 0) != 0)
        return FUZZ_PROMISES;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        become_case(run, job, parent);
    int pid_fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pid_fd < 0) {
        run->error = errno;
        return FUZZ_PROMISES;
    }
    bool is_late = watch(run, pid, pid_fd, &status);
    close(pid_fd);
    if (is_late) {
        snprintf(why, why_size, "no answer came within %u s", run->step_ms / 1000);
        return FUZZ_NO_HANG;
    }
    if (WIFSIGNALED(status)) {
        snprintf(why, why_size, "the process crashed: %s", strsignal(WTERMSIG(status)));
        return FUZZ_NO_CRASH;
    }
    if (WEXITSTATUS(status) == 0)
        return FUZZ_PROMISES;
    snprintf(why, why_size,
             shared->has_ended ? "its process ended with code %d after the last answer: something leaked?"
                               : "the process ended with code %d",
             WEXITSTATUS(status));
    return shared->has_ended ? FUZZ_NO_LEAK : FUZZ_NO_CRASH;
}

/* -- findings -- */

/** Each field is a finding, unless a route breaks a promise for many of them. */
static bool is_known(const fuzz_run *run, const fuzz_found *found)
{
    enum { MOST_FIELDS = 4 };
    unsigned count = 0;
    for (const fuzz_finding *f = run->findings; f != NULL; f = f->next) {
        if (f->found.route != found->route || f->found.breach.promise != found->breach.promise)
            continue;
        if (strcmp(f->found.breach.field, found->breach.field) == 0 || ++count == MOST_FIELDS)
            return true;
    }
    return false;
}

/** The output from the step up to the next one. */
static const char *output_of(const fuzz_run *run, unsigned step)
{
    char text[OUTPUT_SHOWN];
    uint32_t begin = fuzz_output_at(run->shared, step),
             end = step + 1 < run->shared->steps ? fuzz_output_at(run->shared, step + 1) : UINT32_MAX;
    size_t most = end - begin < sizeof text ? end - begin : sizeof text;
    ssize_t len = pread(run->output_fd, text, most, begin);
    return test_need(arena_text(run->arena, text, len > 0 ? (size_t)len : 0));
}

static void keep(fuzz_run *run, const fuzz_found *found)
{
    unsigned count;
    if (is_known(run, found) || !fuzz_is_aimed_at(run, router_at(run->app->router, found->route)))
        return;
    fuzz_finding *kept = test_need(arena_alloc(run->arena, sizeof *kept));
    *kept = (fuzz_finding){.found = *found};
    kept->steps = fuzz_read_log(run->shared, run->arena, &count);
    kept->step_count = found->step + 1 < count ? found->step + 1 : count;
    kept->output = output_of(run, found->step);
    *run->findings_end = kept;
    run->findings_end = &kept->next;
    run->finding_count++;
}

/** The route of the last step is the one that crashed; the other cases skip it from then on. */
static void keep_end(fuzz_run *run, fuzz_promise promise, const char *why)
{
    const fuzz_shared *shared = run->shared;
    fuzz_found found = {.route = shared->route, .step = shared->steps - 1};
    found.breach.promise = promise;
    bool is_between = shared->step_began_ms == 0 && promise != FUZZ_NO_LEAK;
    snprintf(found.breach.why, sizeof found.breach.why, "%.900s%s", why,
             is_between ? ", between two requests: in a .check?" : "");
    if (promise != FUZZ_NO_LEAK && shared->route < FUZZ_ROUTES_MOST)
        run->is_deadly[shared->route] = true;
    keep(run, &found);
}

/** Removes hangs that did not repeat: the machine was busy, not the application. */
static void drop_slow(fuzz_run *run)
{
    fuzz_finding **at = &run->findings;
    while (*at != NULL) {
        if ((*at)->found.breach.promise == FUZZ_NO_HANG && !(*at)->is_steady) {
            if ((*at)->found.route < FUZZ_ROUTES_MOST)
                run->is_deadly[(*at)->found.route] = false;
            *at = (*at)->next;
            run->finding_count--;
        } else {
            at = &(*at)->next;
        }
    }
    run->findings_end = at;
}

/** Runs a job and collects its findings; false when the application cannot run at all. */
static bool run_once(fuzz_run *run, const fuzz_job *job)
{
    char why[FUZZ_WHY_BYTES] = "";
    fuzz_finding **first = run->findings_end;
    fuzz_promise end = fuzz_run_job(run, job, why, sizeof why);
    if (run->error != 0)
        return false;
    if (end != FUZZ_PROMISES && run->shared->steps == 0) {
        fprintf(stderr, "fuzz: %s before the first request:\n", why);
        run->error = ECANCELED;
        char text[OUTPUT_SHOWN];
        ssize_t len = pread(run->output_fd, text, sizeof text, 0);
        fprintf(stderr, "%.*s", (int)(len > 0 ? len : 0), text);
        return false;
    }
    for (uint32_t i = 0; i < run->shared->breaches; i++)
        keep(run, &run->shared->found[i]);
    if (end != FUZZ_PROMISES)
        keep_end(run, end, why);
    run->has_died = end != FUZZ_PROMISES;
    run->has_hung = end == FUZZ_NO_HANG;
    run->is_swept = run->shared->is_swept;
    run->last_route = run->shared->route;
    run->progress = run->shared->progress;
    uint64_t requests = run->shared->requests; /* requests of replays do not count */
    for (fuzz_finding *f = *first; f != NULL; f = f->next)
        fuzz_minimise(run, f);
    drop_slow(run);
    run->shared->requests = requests;
    return run->error == 0;
}

/** Runs a job, and repeats it when a request to another route ended the process: that route is then left
 * out. */
static bool run_and_keep(fuzz_run *run, const fuzz_job *job)
{
    enum { TIMES_MOST = 8 };
    for (unsigned times = 0; times < TIMES_MOST; times++) {
        if (!run_once(run, job))
            return false;
        if (!run->has_died || run->last_route == job->route)
            return true;
    }
    return true;
}

/* -- all jobs -- */

static bool is_over(const fuzz_run *run, uint64_t began_ms)
{
    return run->shared->requests >= run->most_requests ||
           (run->seconds != 0 && clock_ms() >= began_ms + run->seconds * UINT64_C(1000));
}

/** The progress of sweeping each route. */
typedef struct sweeping {
    uint32_t next[FUZZ_ROUTES_MOST];
    bool is_done[FUZZ_ROUTES_MOST];
} sweeping;

/** Sweeps a chunk of the route's changes; when a request ends the process, the next case continues after
 * it. */
static bool sweep(fuzz_run *run, sweeping *s, uint32_t index)
{
    enum { DEATHS_MOST = 8 };
    const fuzz_job job = {.kind = FUZZ_SWEEP, .route = index, .number = s->next[index]};
    if (!run_and_keep(run, &job))
        return false;
    uint32_t progress = run->progress;
    if (run->has_died)
        s->next[index] = (progress > s->next[index] ? progress : s->next[index]) + 1;
    else
        s->next[index] += FUZZ_CHUNK;
    run->deaths[index] += !run->has_died ? 0 : run->has_hung ? DEATHS_MOST / 2 : 1;
    s->is_done[index] = run->is_swept || run->deaths[index] >= DEATHS_MOST;
    return true;
}

/** Checks made once: HEAD and missing methods, and the pages of lists. */
static bool look_once(fuzz_run *run, uint32_t count, uint64_t began_ms)
{
    for (uint32_t i = 0; i < count && !is_over(run, began_ms);) {
        const fuzz_job methods = {.kind = FUZZ_METHODS, .route = i};
        if (!fuzz_is_aimed_at(run, router_at(run->app->router, i))) {
            i++;
            continue;
        }
        if (!run_and_keep(run, &methods))
            return false;
        i = run->progress > i ? run->progress : i + 1;
    }
    for (uint32_t i = 0; i < count && !is_over(run, began_ms); i++) {
        const route *r = router_at(run->app->router, i);
        const fuzz_job walk = {.kind = FUZZ_WALK, .route = i};
        if (fuzz_is_aimed_at(run, r) && fuzz_has_pages(r) && !run_and_keep(run, &walk))
            return false;
    }
    return true;
}

bool fuzz_drive(fuzz_run *run)
{
    sweeping *s = test_need(arena_alloc(run->arena, sizeof *s));
    uint64_t began_ms = clock_ms();
    uint32_t count = router_count(run->app->router);
    *s = (sweeping){.next = {0}};
    count = count < FUZZ_ROUTES_MOST ? count : FUZZ_ROUTES_MOST;
    if (!look_once(run, count, began_ms))
        return false;
    bool has_more = true;
    for (uint32_t round = 0; !is_over(run, began_ms); round++) {
        has_more = false;
        for (uint32_t i = 0; i < count && !is_over(run, began_ms); i++) {
            if (s->is_done[i] || !fuzz_is_aimed_at(run, router_at(run->app->router, i)))
                continue;
            has_more = true;
            if (!sweep(run, s, i))
                return false;
        }
        uint64_t before = run->shared->requests;
        const fuzz_job roam = {.kind = FUZZ_ROAM, .number = round};
        if (!is_over(run, began_ms) && run->only == NULL && !run_and_keep(run, &roam))
            return false;
        if (!has_more && (run->only != NULL || run->shared->requests == before))
            break; /* nothing is left to request */
    }
    return true;
}

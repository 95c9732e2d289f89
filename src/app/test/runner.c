/* Runs tests in parallel, each in its own process, and collects their results. */
#include "app/test/internal.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LAST_WORDS_MS = 2000, SHOWN_BYTES = 64 * 1024 };

/** A running test. */
typedef struct test_job {
    unsigned index;
    pid_t pid;
    int pid_fd, report_fd, output_fd;
    uint64_t began_ms, ends_ms; /* ends_ms: when it gets SIGABRT; SIGKILL follows */
    bool is_late;
} test_job;

typedef struct test_runner {
    test_plan *plan;
    test_job *jobs;
    struct pollfd *polled;
    bool *has_ended; /* shared with the tests: one for each */
    unsigned running, next, shown;
    bool *is_done;
} test_runner;

static _Noreturn void become_test(const test_runner *r, const test_job *job, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(nothing, STDIN_FILENO) < 0)
        _exit(1);
    test_run(r->plan->results[job->index].test, r->plan->make_app, job->report_fd, job->output_fd,
             &r->has_ended[job->index]);
}

static bool start_next(test_runner *r)
{
    test_job *job = &r->jobs[r->running];
    const tern_test_case *test = r->plan->results[r->next].test;
    unsigned seconds = test->seconds != 0 ? test->seconds : r->plan->seconds;
    pid_t parent = getpid();
    *job = (test_job){.index = r->next, .began_ms = clock_ms(), .pid_fd = -1};
    job->ends_ms = job->began_ms + seconds * 1000ULL;
    job->report_fd = memfd_create("tern-test-report", MFD_CLOEXEC);
    job->output_fd = memfd_create("tern-test-output", MFD_CLOEXEC);
    if (job->report_fd < 0 || job->output_fd < 0)
        return false;
    fcntl(job->output_fd, F_SETFL, O_APPEND); /* the test and its children append to it */
    fflush(NULL);
    job->pid = fork();
    if (job->pid < 0)
        return false;
    if (job->pid == 0)
        become_test(r, job, parent);
    job->pid_fd = (int)syscall(SYS_pidfd_open, job->pid, 0);
    if (job->pid_fd < 0)
        return false;
    r->running++;
    r->next++;
    return true;
}

/** Tests that commit their writes run last, one at a time: others would see their writes. */
static bool may_start(const test_runner *r)
{
    if (r->next == r->plan->count || r->running == r->plan->jobs)
        return false;
    return r->running == 0 || !r->plan->results[r->next].test->commits;
}

static void take_file(int fd, buf *out)
{
    char piece[4096];
    ssize_t n;
    for (off_t at = 0; at < SHOWN_BYTES && (n = pread(fd, piece, sizeof piece, at)) > 0; at += n)
        buf_add(out, piece, (size_t)n);
    close(fd);
}

/** Appends one line that says why a test without a reason has failed. */
static void add_reason(test_result *result, const test_job *job, int status, bool has_ended)
{
    const tern_test_case *test = result->test;
    if (result->reason.len != 0)
        return;
    test_add_place(&result->reason, test->file, test->line);
    if (result->outcome == TEST_TOO_SLOW)
        buf_add_printf(&result->reason, "did not end within its %llu s\n",
                       (unsigned long long)(job->ends_ms - job->began_ms) / 1000);
    else if (WIFSIGNALED(status))
        buf_add_printf(&result->reason, "crashed: %s\n", strsignal(WTERMSIG(status)));
    else if (has_ended)
        buf_add_printf(&result->reason, "passed, but its process then ended with code %d: a leak?\n",
                       WEXITSTATUS(status));
    else
        buf_add_printf(&result->reason, "its process ended with code %d before the test did\n",
                       WEXITSTATUS(status));
}

static void finish(test_runner *r, unsigned place, int status)
{
    test_job job = r->jobs[place];
    test_result *result = &r->plan->results[job.index];
    bool has_passed = WIFEXITED(status) && WEXITSTATUS(status) == 0 && r->has_ended[job.index];
    result->ms = (unsigned)(clock_ms() - job.began_ms);
    take_file(job.report_fd, &result->reason);
    take_file(job.output_fd, &result->output);
    close(job.pid_fd);
    result->outcome = job.is_late               ? TEST_TOO_SLOW
                      : has_passed              ? TEST_PASSED
                      : result->reason.len != 0 ? TEST_FAILED
                                                : TEST_CRASHED;
    if (result->outcome != TEST_PASSED)
        add_reason(result, &job, status, r->has_ended[job.index]);
    r->is_done[job.index] = true;
    r->jobs[place] = r->jobs[--r->running];
    while (r->shown < r->plan->count && r->is_done[r->shown])
        test_show(r->plan, r->shown++);
}

/** Makes a late test write a crash report, and kills it some time later. */
static void urge(test_job *job, uint64_t now)
{
    if (now < job->ends_ms + (job->is_late ? LAST_WORDS_MS : 0))
        return;
    kill(job->pid, job->is_late ? SIGKILL : SIGABRT);
    job->is_late = true;
}

static void wait_for_some(test_runner *r)
{
    uint64_t now = clock_ms(), first = UINT64_MAX;
    for (unsigned i = 0; i < r->running; i++) {
        const test_job *job = &r->jobs[i];
        uint64_t at = job->ends_ms + (job->is_late ? LAST_WORDS_MS : 0);
        first = at < first ? at : first;
        r->polled[i] = (struct pollfd){.fd = job->pid_fd, .events = POLLIN};
    }
    poll(r->polled, r->running, first > now ? (int)(first - now) + 1 : 0);
    now = clock_ms();
    for (unsigned i = r->running;
         i-- > 0;) { /* backwards: finish moves the last job to the ended one's position */
        int status;
        if (waitpid(r->jobs[i].pid, &status, WNOHANG) == r->jobs[i].pid)
            finish(r, i, status);
        else
            urge(&r->jobs[i], now);
    }
}

bool test_run_all(test_plan *plan)
{
    test_runner r = {.plan = plan};
    bool *flags = mmap(NULL, plan->count, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    r.has_ended = flags;
    r.is_done = mem_zero(plan->count, sizeof *r.is_done);
    r.jobs = mem_zero(plan->jobs, sizeof *r.jobs);
    r.polled = mem_zero(plan->jobs, sizeof *r.polled);
    bool is_well = flags != MAP_FAILED && r.is_done != NULL && r.jobs != NULL && r.polled != NULL;
    while (is_well && r.shown < plan->count) {
        while (is_well && may_start(&r))
            is_well = start_next(&r);
        if (is_well)
            wait_for_some(&r);
    }
    int reason = errno;
    if (flags != MAP_FAILED)
        munmap(flags, plan->count);
    mem_free(r.is_done);
    mem_free(r.jobs);
    mem_free(r.polled);
    errno = reason;
    return is_well;
}

#include "runtime/offload.h"
#include "runtime/unwind.h"

#include "base/clock.h"
#include "fake_request.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct gate {
    atomic_bool has_begun, may_end;
    bool has_ended;
} gate;

static gate gates[8];

static void pass_gate(void *arg)
{
    gate *g = arg;
    g->has_begun = true;
    while (!g->may_end)
        usleep(200);
    g->has_ended = true;
}

static void wait_until_begun(tern_ctx *c, gate *g)
{
    while (!g->has_begun)
        tern_sleep(c, 1);
}

static void add_one(void *arg)
{
    ++*(int *)arg;
}

static void offload_many(tern_ctx *c)
{
    int count = 0;
    CHECK_INT(offload_threads(), 0);
    for (int i = 0; i < 200; i++) {
        tern_offload(c, add_one, &count);
        CHECK_INT(count, i + 1);
    }
    CHECK_INT(offload_threads(), 1);
}

TEST(offloaded_work_is_done_when_the_call_returns)
{
    CHECK_INT(run_handler(offload_many).reason, UNWIND_NONE);
}

static pthread_t loop_thread;

static void look_around(void *arg)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    CHECK(!pthread_equal(pthread_self(), loop_thread));
    CHECK(sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGCHLD) && sigismember(&blocked, SIGALRM));
    CHECK(!sigismember(&blocked, SIGSEGV));
    *(bool *)arg = true;
}

static void offload_look_around(tern_ctx *c)
{
    bool has_looked = false;
    sigset_t blocked;
    loop_thread = pthread_self();
    tern_offload(c, look_around, &has_looked);
    CHECK(has_looked);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    CHECK(!sigismember(&blocked, SIGTERM));
}

TEST(work_runs_on_a_thread_that_gets_no_signals)
{
    CHECK_INT(run_handler(offload_look_around).reason, UNWIND_NONE);
}

static void offload_gate(tern_ctx *c, void *arg)
{
    tern_offload(c, pass_gate, arg);
    note("passed ");
}

static void go_on_meanwhile(tern_ctx *c)
{
    tern_task *task = tern_go(c, offload_gate, &gates[0]);
    wait_until_begun(c, &gates[0]);
    note("meanwhile ");
    gates[0].may_end = true;
    tern_wait(c, task);
}

TEST(the_worker_continues_while_work_runs)
{
    run_handler(go_on_meanwhile);
    CHECK_TEXT(trace, "meanwhile passed ");
}

static unsigned most_threads(void)
{
    return 4;
}

static void cancel_queued_work(tern_ctx *c)
{
    unsigned busy = most_threads();
    tern_task *tasks[8];
    for (unsigned i = 0; i < busy; i++) {
        tasks[i] = tern_go(c, offload_gate, &gates[i]);
        wait_until_begun(c, &gates[i]);
    }
    CHECK_INT(offload_threads(), busy);
    tern_task *queued = tern_go(c, offload_gate, &gates[busy]);
    tern_sleep(c, 2);
    CHECK_INT(offload_threads(), busy);
    tern_cancel(queued);
    tern_wait(c, queued);
    for (unsigned i = 0; i < busy; i++)
        gates[i].may_end = true;
    for (unsigned i = 0; i < busy; i++)
        tern_wait(c, tasks[i]);
    CHECK(!gates[busy].has_begun);
}

TEST(work_cancelled_before_it_has_begun_never_runs)
{
    CHECK_INT(run_handler(cancel_queued_work).reason, UNWIND_NONE);
}

static void cancel_running_work(tern_ctx *c)
{
    tern_task *task = tern_go(c, offload_gate, &gates[0]);
    wait_until_begun(c, &gates[0]);
    tern_cancel(task);
    tern_sleep(c, 2);
    gates[0].may_end = true;
    tern_wait(c, task);
    CHECK(gates[0].has_ended);
}

TEST(work_cancelled_once_begun_is_waited_for_and_then_the_task_leaves)
{
    CHECK_INT(run_handler(cancel_running_work).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "");
}

static void offload_when_cancelled(tern_ctx *c)
{
    coro_cancel(coro_self());
    tern_offload(c, pass_gate, &gates[0]);
}

TEST(a_cancelled_request_offloads_nothing)
{
    CHECK_INT(run_handler(offload_when_cancelled).reason, UNWIND_CANCELLED);
    CHECK(!gates[0].has_begun);
}

static void offload_once(tern_ctx *c)
{
    int count = 0;
    tern_offload(c, add_one, &count);
    CHECK_INT(count, 1);
}

TEST(a_second_loop_of_the_process_is_notified_of_ended_work_too)
{
    CHECK_INT(run_handler(offload_once).reason, UNWIND_NONE);
    CHECK_INT(run_handler(offload_once).reason, UNWIND_NONE);
}

TEST(a_child_has_its_own_threads)
{
    int status;
    CHECK_INT(run_handler(offload_once).reason, UNWIND_NONE);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(run_handler(offload_once).reason == UNWIND_NONE ? 0 : 1);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
}

static void run_when_cancelled(tern_ctx *c)
{
    int count = 0;
    (void)c;
    coro_cancel(coro_self());
    CHECK(offload_run(add_one, &count));
    CHECK_INT(count, 1);
    note(coro_wait(0) == CORO_CANCELLED ? "cancelled" : "woken");
}

TEST(work_run_from_inside_is_finished_in_a_cancelled_request_too)
{
    CHECK_INT(run_handler(run_when_cancelled).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "cancelled");
}

static void run_gate(tern_ctx *c, void *arg)
{
    (void)c;
    note(offload_run(pass_gate, arg) ? "passed " : "refused ");
}

static void go_on_while_run(tern_ctx *c)
{
    tern_task *task = tern_go(c, run_gate, &gates[0]);
    wait_until_begun(c, &gates[0]);
    tern_cancel(task);
    note("meanwhile ");
    gates[0].may_end = true;
    tern_wait(c, task);
}

TEST(the_worker_continues_while_work_run_from_inside_runs)
{
    CHECK_INT(run_handler(go_on_while_run).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "meanwhile passed ");
}

static void open_gates(tern_task *const *tasks, unsigned count, tern_ctx *c)
{
    for (unsigned i = 0; i < count; i++)
        gates[i].may_end = true;
    for (unsigned i = 0; i < count; i++)
        tern_wait(c, tasks[i]);
}

static void run_own_work_beside_a_burst(tern_ctx *c)
{
    tern_task *tasks[6];
    int count = 0;
    for (unsigned i = 0; i < 6; i++)
        tasks[i] = tern_go(c, offload_gate, &gates[i]);
    for (unsigned i = 0; i < most_threads(); i++)
        wait_until_begun(c, &gates[i]);
    CHECK(offload_run(add_one, &count)); /* returns while every gate is shut */
    CHECK_INT(count, 1);
    CHECK_INT(offload_waiting().waiting, 2);
    open_gates(tasks, 6, c);
    CHECK_INT(offload_waiting().waiting, 0);
}

TEST(a_burst_of_slow_work_does_not_keep_the_library_from_its_own)
{
    CHECK_INT(run_handler(run_own_work_beside_a_burst).reason, UNWIND_NONE);
}

static void run_two_at_a_time(tern_ctx *c)
{
    tern_task *tasks[3];
    offload_set_threads(2);
    for (unsigned i = 0; i < 3; i++)
        tasks[i] = tern_go(c, offload_gate, &gates[i]);
    wait_until_begun(c, &gates[0]);
    wait_until_begun(c, &gates[1]);
    while (offload_waiting().oldest_ms < 20)
        tern_sleep(c, 1);
    CHECK(!gates[2].has_begun);
    CHECK_INT(offload_threads(), 2);
    open_gates(tasks, 3, c);
    CHECK(gates[2].has_ended);
}

TEST(no_more_work_runs_at_once_than_there_are_threads_for)
{
    CHECK_INT(run_handler(run_two_at_a_time).reason, UNWIND_NONE);
}

#ifdef TERN_FAULTS
static void run_without_threads(tern_ctx *c)
{
    int count = 0;
    (void)c;
    CHECK(!offload_run(add_one, &count));
    CHECK_INT(count, 0);
}

TEST(without_any_thread_work_run_from_inside_is_refused)
{
    offload_fail_threads(true);
    CHECK_INT(run_handler(run_without_threads).reason, UNWIND_NONE);
}

TEST(without_any_thread_the_request_fails)
{
    offload_fail_threads(true);
    fake_request r = run_handler(offload_many);
    CHECK_INT(r.status, 503);
}

static void offload_with_one_thread(tern_ctx *c)
{
    int count = 0;
    tern_offload(c, add_one, &count);
    offload_fail_threads(true);
    tern_task *task = tern_go(c, offload_gate, &gates[0]);
    wait_until_begun(c, &gates[0]);
    gates[0].may_end = true;
    tern_offload(c, add_one, &count);
    tern_wait(c, task);
    CHECK_INT(count, 2);
}

TEST(with_one_thread_left_work_queues_for_it)
{
    CHECK_INT(run_handler(offload_with_one_thread).reason, UNWIND_NONE);
}

static void let_threads_end(tern_ctx *c)
{
    int count = 0;
    tern_offload(c, add_one, &count);
    while (offload_threads() != 0)
        tern_sleep(c, 1);
    tern_offload(c, add_one, &count);
    CHECK_INT(count, 2);
}

TEST(idle_threads_end_and_new_ones_start)
{
    offload_set_idle_ms(5);
    CHECK_INT(run_handler(let_threads_end).reason, UNWIND_NONE);
}
#endif

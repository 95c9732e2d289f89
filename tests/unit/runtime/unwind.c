#include "runtime/unwind.h"
#include "check.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile bool never_mind; /* lets compilers believe that the recursion may end normally */

static void throw_from_depth(unsigned depth, unwind_reason reason)
{
    if (depth > 0)
        throw_from_depth(depth - 1, reason);
    else if (!never_mind)
        unwind_throw(reason);
}

static void throw_and_catch(void)
{
    unwind_point outer, inner;
    volatile int caught = 0;
    if (unwind_catch(&outer) == 0) {
        if (unwind_catch(&inner) == 0) {
            throw_from_depth(50, UNWIND_FAIL);
        } else {
            CHECK_INT(inner.reason, UNWIND_FAIL);
            caught += 1;
        }
        throw_from_depth(5, UNWIND_CANCELLED); /* inner is released: this throw reaches outer */
    } else {
        CHECK_INT(outer.reason, UNWIND_CANCELLED);
        caught += 10;
    }
    CHECK_INT(caught, 11);
}

TEST(unwind_throw_reaches_the_innermost_catch_point)
{
    throw_and_catch();
}

static unsigned ended;

static void throw_many_times(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000; i++)
        throw_and_catch();
    ended++;
}

TEST(unwind_works_on_a_coroutine_stack)
{
    CHECK(coro_start(throw_many_times, NULL));
    CHECK_INT(ended, 1);
}

TEST(unwind_release_removes_the_point_from_the_chain)
{
    unwind_point outer, inner;
    volatile bool was_inner = false;
    if (unwind_catch(&outer) == 0) {
        if (unwind_catch(&inner) == 0)
            unwind_release(&inner);
        else
            was_inner = true;
        unwind_throw(UNWIND_FAIL);
    }
    CHECK(!was_inner);
}

static coro *waiting[2];

static void wait_inside_a_catch(void *arg)
{
    size_t which = (size_t)(uintptr_t)arg;
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        waiting[which] = coro_self();
        coro_wait(0);
        throw_from_depth(3, which == 0 ? UNWIND_FAIL : UNWIND_CANCELLED);
    }
    CHECK_INT(point.reason, which == 0 ? UNWIND_FAIL : UNWIND_CANCELLED);
    ended++;
}

TEST(unwind_points_of_two_coroutines_and_the_loop_are_separate)
{
    CHECK(loop_open());
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        CHECK(coro_start(wait_inside_a_catch, (void *)0));
        CHECK(coro_start(wait_inside_a_catch, (void *)1));
        coro_wake(
            waiting[0]); /* the first to wait continues first, although the other's point was set later */
        coro_run_ready();
        coro_wake(waiting[1]);
        coro_run_ready();
        CHECK_INT(ended, 2);
        unwind_throw(UNWIND_FAIL);
    }
    CHECK_INT(point.reason, UNWIND_FAIL);
    loop_close();
}

static void throw_uncaught(void *arg)
{
    (void)arg;
    unwind_throw(UNWIND_FAIL);
}

TEST(unwind_throw_without_a_catch_point_aborts_with_a_message)
{
    int pipe_fds[2];
    CHECK(pipe(pipe_fds) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(pipe_fds[1], STDERR_FILENO);
        unwind_point of_the_loop;
        unwind_push(&of_the_loop);
        coro_start(throw_uncaught, NULL);
        _exit(0);
    }
    close(pipe_fds[1]);
    char text[1000] = ""; /* checkers and emulators may add their own output */
    for (size_t len = 0; len < sizeof text - 1;) {
        ssize_t got = read(pipe_fds[0], text + len, sizeof text - 1 - len);
        CHECK(got >= 0);
        if (got == 0)
            break;
        len += (size_t)got;
    }
    CHECK(strstr(text, "tern: a failure was thrown outside of a request\n") != NULL);
    close(pipe_fds[0]);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

#include "runtime/coro.h"
#include "base/mem.h"
#include "check.h"
#include "runtime/loop.h"
#include "runtime/stack.h"

#include <execinfo.h>
#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned ended;
static coro *last;
static coro_outcome outcome;

/* -- starting and ending -- */

static void end_at_once(void *arg)
{
    CHECK(coro_self() != NULL);
    last = coro_self();
    ++*(unsigned *)arg;
}

TEST(coro_start_runs_to_the_end_at_once)
{
    CHECK(coro_self() == NULL);
    CHECK(coro_start(end_at_once, &ended));
    CHECK_INT(ended, 1);
    CHECK(coro_self() == NULL);
    CHECK_INT(coro_count(), 0);
}

static void spawn_another(void *arg)
{
    CHECK(coro_self()->request == &outcome);
    CHECK(coro_self()->scope == &last);
    CHECK(coro_spawn(end_at_once, arg, NULL, NULL) != NULL);
    ended++;
}

TEST(coro_spawn_runs_in_the_next_pass_with_its_request_and_scope)
{
    CHECK(loop_open());
    CHECK(coro_spawn(spawn_another, &ended, &outcome, &last) != NULL);
    CHECK_INT(ended, 0);
    CHECK(coro_run_ready());
    CHECK_INT(ended, 1); /* coroutines spawned during a pass wait for the next one */
    CHECK(coro_run_ready());
    CHECK_INT(ended, 2);
    CHECK(!coro_run_ready());
    loop_close();
}

TEST(coro_start_fails_above_the_limit)
{
    CHECK(loop_open());
    coro_set_limit(1);
    CHECK(coro_spawn(end_at_once, &ended, NULL, NULL) != NULL);
    CHECK(!coro_start(end_at_once, &ended));
    CHECK(coro_spawn(end_at_once, &ended, NULL, NULL) == NULL);
    CHECK(coro_run_ready());
    CHECK_INT(ended, 1);
    CHECK(coro_start(end_at_once, &ended));
    coro_set_limit(0);
    CHECK_INT(ended, 2);
    loop_close();
}

/* -- waiting, waking, cancelling -- */

static void wait_once(void *arg)
{
    last = coro_self();
    outcome = coro_wait(*(uint64_t *)arg);
    ended++;
}

static uint64_t for_ever = 0;

TEST(coro_waits_until_it_is_woken_and_waking_twice_is_harmless)
{
    CHECK(loop_open());
    CHECK(coro_start(wait_once, &for_ever));
    CHECK_INT(ended, 0);
    CHECK_INT(coro_count(), 1);
    CHECK(!coro_run_ready());
    coro_wake(last);
    coro_wake(last);
    CHECK(coro_run_ready());
    CHECK(!coro_run_ready());
    CHECK_INT(ended, 1);
    CHECK_INT(outcome, CORO_WOKEN);
    CHECK_INT(coro_count(), 0);
    loop_close();
}

TEST(coro_wait_ends_at_its_deadline_and_not_before)
{
    CHECK(loop_open());
    uint64_t at_ms = loop_self.now_ms + 30;
    CHECK(coro_start(wait_once, &at_ms));
    timer_wheel_advance(&loop_self.timers, at_ms - 1);
    CHECK(!coro_run_ready());
    timer_wheel_advance(&loop_self.timers, at_ms);
    coro_wake(last); /* too late: the deadline passed first */
    CHECK(coro_run_ready());
    CHECK_INT(outcome, CORO_TIMEOUT);
    loop_close();
}

TEST(coro_wake_stops_the_deadline)
{
    CHECK(loop_open());
    uint64_t at_ms = loop_self.now_ms + 30;
    CHECK(coro_start(wait_once, &at_ms));
    coro_wake(last);
    CHECK_INT(loop_self.timers.count, 0);
    timer_wheel_advance(&loop_self.timers, at_ms);
    CHECK(coro_run_ready());
    CHECK_INT(outcome, CORO_WOKEN);
    loop_close();
}

TEST(coro_cancel_ends_the_wait_and_its_deadline)
{
    CHECK(loop_open());
    uint64_t at_ms = loop_self.now_ms + 30;
    CHECK(coro_start(wait_once, &at_ms));
    coro_cancel(last);
    coro_cancel(last);
    CHECK_INT(loop_self.timers.count, 0);
    CHECK(coro_run_ready());
    CHECK_INT(outcome, CORO_CANCELLED);
    CHECK_INT(coro_count(), 0);
    loop_close();
}

TEST(coro_cancelled_before_its_first_run_runs_and_its_first_wait_says_so)
{
    CHECK(loop_open());
    coro *co = coro_spawn(wait_once, &for_ever, NULL, NULL);
    CHECK(co != NULL);
    coro_cancel(co);
    CHECK_INT(ended, 0);
    CHECK(coro_run_ready());
    CHECK_INT(ended, 1);
    CHECK_INT(outcome, CORO_CANCELLED);
    loop_close();
}

static coro_outcome outcomes[3];

static void wait_three_times(void *arg)
{
    last = coro_self();
    last->cancel_masked = *(unsigned *)arg;
    outcomes[0] = coro_wait(0);
    outcomes[1] = coro_wait(0);
    last->cancel_masked = 0;
    outcomes[2] = coro_wait(0);
    ended++;
}

TEST(coro_woken_and_then_cancelled_learns_of_it_at_its_next_wait)
{
    unsigned masked = 0;
    CHECK(loop_open());
    CHECK(coro_start(wait_three_times, &masked));
    coro_wake(last);
    coro_cancel(last);
    CHECK(coro_run_ready());
    CHECK_INT(ended, 1);
    CHECK_INT(outcomes[0], CORO_WOKEN);
    CHECK_INT(outcomes[1], CORO_CANCELLED);
    CHECK_INT(outcomes[2], CORO_CANCELLED);
    loop_close();
}

TEST(coro_cancel_waits_while_it_is_masked)
{
    unsigned masked = 1;
    CHECK(loop_open());
    CHECK(coro_start(wait_three_times, &masked));
    coro_cancel(last);
    CHECK(!coro_run_ready());
    for (int i = 0; i < 2; i++) {
        coro_wake(last);
        CHECK(coro_run_ready());
    }
    CHECK_INT(ended, 1);
    CHECK_INT(outcomes[0], CORO_WOKEN);
    CHECK_INT(outcomes[1], CORO_WOKEN);
    CHECK_INT(outcomes[2], CORO_CANCELLED);
    loop_close();
}

/* -- what a stack preserves -- */

enum { MANY = 3000 };
static coro *many[MANY];

static void keep_locals(void *arg)
{
    size_t index = (size_t)(uintptr_t)arg;
    volatile unsigned char bytes[1024];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(index + i);
    many[index] = coro_self();
    for (int round = 0; round < 3; round++) {
        coro_wait(0);
        for (size_t i = 0; i < sizeof bytes; i++)
            CHECK_INT(bytes[i], (unsigned char)(index + i));
    }
    ended++;
}

TEST(coro_thousands_at_once_keep_their_own_stacks)
{
    CHECK(loop_open());
    for (size_t i = 0; i < MANY; i++)
        CHECK(coro_start(keep_locals, (void *)(uintptr_t)i));
    CHECK_INT(coro_count(), MANY);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            coro_wake(many[MANY - 1 - i]);
        CHECK(coro_run_ready());
    }
    CHECK_INT(ended, MANY);
    CHECK_INT(coro_count(), 0);
    coro_trim(0);
    CHECK_INT(stack_pool_self.count, 0);
    loop_close();
}

/** Doubles that live across the wait, more than there are registers a call preserves (d8 to d15 on
 * AArch64). */
static void compute_across_waits(void *arg)
{
    double start = *(double *)arg, a[12];
    many[(size_t)start] = coro_self();
    double p = start, q = start + 1, r = start + 2, s = start + 3, t = start + 4, u = start + 5,
           v = start + 6, w = start + 7, x = start + 8, y = start + 9;
    for (int i = 0; i < 10; i++) {
        coro_wait(0);
        p += 1, q += 1, r += 1, s += 1, t += 1, u += 1, v += 1, w += 1, x += 1, y += 1;
    }
    a[0] = p, a[1] = q, a[2] = r, a[3] = s, a[4] = t, a[5] = u, a[6] = v, a[7] = w, a[8] = x, a[9] = y;
    for (int i = 0; i < 10; i++)
        CHECK(a[i] == start + i + 10);
    ended++;
}

TEST(coro_keeps_floating_point_values_across_waits)
{
    CHECK(loop_open());
    double starts[] = {0, 1, 2};
    for (int i = 0; i < 3; i++)
        CHECK(coro_start(compute_across_waits, &starts[i]));
    for (int step = 0; step < 10; step++) {
        for (int i = 0; i < 3; i++)
            coro_wake(many[i]);
        CHECK(coro_run_ready());
    }
    CHECK_INT(ended, 3);
    loop_close();
}

static void round_upward(void *arg)
{
    (void)arg;
    CHECK_INT(fegetround(), FE_TONEAREST);
    fesetround(FE_UPWARD);
    last = coro_self();
    coro_wait(0);
    CHECK_INT(fegetround(), FE_UPWARD);
    ended++; /* and ends without restoring it, as after a throw */
}

TEST(coro_rounding_mode_is_its_own)
{
    CHECK(loop_open());
    CHECK(coro_start(round_upward, NULL));
    CHECK_INT(fegetround(), FE_TONEAREST);
    coro *upward = last;
    CHECK(coro_start(round_upward, NULL));
    coro_wake(upward);
    coro_wake(last);
    CHECK(coro_run_ready());
    CHECK_INT(ended, 2);
    CHECK_INT(fegetround(), FE_TONEAREST);
    loop_close();
}

/* AddressSanitizer may keep its functions' variables off the stack; here they must be on it. */
__attribute__((no_sanitize("address"))) static size_t touch_deep(size_t bytes_left,
                                                                 const volatile char *above)
{
    volatile char frame[4096];
    frame[0] = frame[sizeof frame - 1] = (char)bytes_left;
    size_t below = bytes_left > sizeof frame ? touch_deep(bytes_left - sizeof frame, frame) : 0;
    CHECK(frame[0] == (char)bytes_left && above != frame);
    return below + 1;
}

static void use_200_kib(void *arg)
{
    (void)arg;
    CHECK(coro_self()->stack_bytes >= 200 * 1024);
    CHECK(touch_deep(200 * 1024, "") == 50);
    ended++;
}

TEST(coro_stack_has_room_for_200_kib_of_frames_repeatedly)
{
    for (int i = 0; i < 3; i++) {
        CHECK(coro_start(use_200_kib, NULL));
        coro_trim(1);
    }
    CHECK_INT(ended, 3);
}

static void take_backtrace(void *arg)
{
    void *frames[64];
    *(int *)arg = backtrace(frames, 64);
}

TEST(coro_backtrace_ends_at_the_first_frame)
{
    int depth = 0;
    CHECK(coro_start(take_backtrace, &depth));
    CHECK(depth >= 2 && depth <= 6);
}

/* Like touch_deep: memory that only a frame elsewhere points to would count as leaked. */
__attribute__((no_sanitize("address"))) static void hold_memory(void *arg)
{
    char *volatile only_here = mem_alloc(100);
    CHECK(only_here != NULL);
    wait_once(arg);
    mem_free(only_here);
}

TEST(coro_suspended_at_the_end_is_not_a_leak)
{
    CHECK(loop_open());
    CHECK(coro_start(hold_memory, &for_ever));
    CHECK_INT(coro_count(), 1);
    loop_close(); /* in the debug build the process fails at its exit if that memory counts as leaked */
}

static void overrun(void *arg)
{
    char bytes[8];
    memset(bytes, 1, *(volatile size_t *)arg);
    CHECK(bytes[0] == 1);
}

TEST(coro_stack_is_watched_by_the_address_sanitizer)
{
    if (!BASE_ASAN)
        check_skip("needs AddressSanitizer");
    size_t past_the_end = 9;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(STDERR_FILENO);
        coro_start(overrun, &past_the_end);
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

/* -- the pool -- */

TEST(coro_stack_is_reused_by_the_next_one)
{
    CHECK(coro_start(end_at_once, &ended));
    coro *first = last;
    CHECK(coro_start(end_at_once, &ended));
    CHECK(last == first);
    CHECK_INT(stack_pool_self.count, 1);
}

TEST(coro_trim_gives_deep_pages_back_and_keeps_the_top)
{
    CHECK(coro_start(use_200_kib, NULL));
    coro *co = (coro *)stack_pool_self.first;
    unsigned char present[CORO_STACK_BYTES / 4096];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (co->stack_bytes + page - 1) / page;
    CHECK(mincore(co->stack_base, co->stack_bytes, present) == 0);
    CHECK(present[pages / 2] & 1);
    coro_trim(1);
    CHECK(mincore(co->stack_base, co->stack_bytes, present) == 0);
    CHECK(!(present[pages / 2] & 1));
    CHECK(present[pages - 1] & 1);
}

static void run_many(size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK(coro_spawn(end_at_once, &ended, NULL, NULL) != NULL);
    CHECK(coro_run_ready());
}

TEST(coro_tidy_unmaps_stacks_that_were_not_needed_since_the_last_time)
{
    enum { BURST = 100, FEW = 10 };
    CHECK(loop_open());
    coro_trim(0);
    CHECK(!coro_tidy());
    run_many(BURST);
    CHECK(coro_is_untidy());
    CHECK(coro_tidy()); /* all of them were needed */
    CHECK_INT(stack_pool_self.count, BURST);
    CHECK(!coro_is_untidy());
    run_many(FEW);
    CHECK(coro_tidy());
    CHECK_INT(stack_pool_self.count, FEW + STACK_POOL_IDLE);
    CHECK(!coro_tidy());
    CHECK_INT(stack_pool_self.count, STACK_POOL_IDLE);
    CHECK(!coro_is_untidy());
    loop_close();
}

TEST(coro_trim_unmaps_all_but_those_to_keep)
{
    CHECK(loop_open());
    for (size_t i = 0; i < 10; i++)
        CHECK(coro_spawn(end_at_once, &ended, NULL, NULL) != NULL);
    CHECK(coro_run_ready());
    CHECK_INT(stack_pool_self.count, 10);
    coro_trim(4);
    CHECK_INT(stack_pool_self.count, 4);
    for (size_t i = 0; i < 10; i++)
        CHECK(coro_spawn(end_at_once, &ended, NULL, NULL) != NULL);
    CHECK(coro_run_ready());
    CHECK_INT(ended, 20);
    loop_close();
}

TEST(coro_start_fails_cleanly_without_address_space)
{
    if (BASE_ASAN)
        check_skip("AddressSanitizer needs its address space");
    CHECK(loop_open());
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = 256 << 20;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    if (mmap(NULL, 512 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        check_skip("the limit has no effect here");
    size_t started = 0;
    while (started < MANY && coro_start(keep_locals, (void *)(uintptr_t)started))
        started++;
    CHECK(started > 10 && started < MANY);
    CHECK_INT(coro_count(), started);
    CHECK(coro_spawn(end_at_once, &ended, NULL, NULL) == NULL);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < started; i++)
            coro_wake(many[i]);
        CHECK(coro_run_ready());
    }
    CHECK_INT(ended, started);
    CHECK(coro_start(keep_locals, (void *)0)); /* on a pooled stack */
    coro_wake(many[0]);
    loop_close();
}

/* -- overflow -- */

enum { SAW_GUARD = 42 };

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    _exit(coro_is_guard(info->si_addr) ? SAW_GUARD : 1);
}

static volatile bool never_mind; /* lets compilers believe that the recursion may end */

static unsigned recurse_for_ever(unsigned depth)
{
    volatile char frame[512];
    frame[0] = (char)depth;
    return never_mind ? depth : recurse_for_ever(depth + 1) + (unsigned)frame[0];
}

static void overflow(void *arg)
{
    *(unsigned *)arg = recurse_for_ever(0);
}

TEST(coro_stack_overflow_hits_the_guard_and_is_recognised)
{
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        static char alternate[64 * 1024];
        stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
        struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigaltstack(&stack, NULL);
        sigaction(SIGSEGV, &action, NULL);
        coro_start(overflow, &ended);
        _exit(2);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), SAW_GUARD);
}

static void look_at_guard(void *arg)
{
    (void)arg;
    const char *base = coro_self()->stack_base;
    CHECK(coro_is_guard(base - 1));
    CHECK(coro_is_guard(base - CORO_GUARD_BYTES));
    CHECK(!coro_is_guard(base - CORO_GUARD_BYTES - 1));
    CHECK(!coro_is_guard(base));
    CHECK(!coro_is_guard(NULL));
    ended++;
}

TEST(coro_guard_is_below_the_running_stack_only)
{
    CHECK(coro_start(look_at_guard, NULL));
    CHECK_INT(ended, 1);
    CHECK(!coro_is_guard((const char *)stack_pool_self.first->co.stack_base - 1));
}

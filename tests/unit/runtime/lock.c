#include "runtime/lock.h"
#include "runtime/unwind.h"

#include "fake_request.h"

#include <tern/log.h>

static tern_mutex mutex;
static tern_semaphore semaphore;

static void lock_sleep_unlock(tern_ctx *c, void *arg)
{
    tern_lock(c, &mutex);
    note(arg);
    tern_sleep(c, 1);
    note(arg);
    tern_unlock(c, &mutex);
}

static void three_lockers(tern_ctx *c)
{
    tern_task *tasks[] = {tern_go(c, lock_sleep_unlock, "a"), tern_go(c, lock_sleep_unlock, "b"),
                          tern_go(c, lock_sleep_unlock, "c")};
    for (unsigned i = 0; i < 3; i++)
        tern_wait(c, tasks[i]);
}

TEST(a_mutex_admits_one_at_a_time_in_order)
{
    CHECK_INT(run_handler(three_lockers).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "aabbcc");
    CHECK(mutex.owner == NULL && mutex.first_waiter == NULL && mutex.last_waiter == NULL);
}

static void hold_for_long(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_lock(c, &mutex);
    tern_sleep(c, 20);
    note("held ");
    tern_unlock(c, &mutex);
}

static void wait_briefly_then_longer(tern_ctx *c)
{
    tern_task *holder = tern_go(c, hold_for_long, NULL);
    tern_sleep(c, 0);
    note(tern_lock_within(c, &mutex, 1) ? "locked " : "late ");
    note(tern_lock_within(c, &mutex, 5000) ? "locked " : "late ");
    tern_unlock(c, &mutex);
    tern_wait(c, holder);
}

TEST(a_wait_for_a_mutex_ends_at_its_time_limit)
{
    CHECK_INT(run_handler(wait_briefly_then_longer).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "late held locked ");
    CHECK(mutex.owner == NULL && mutex.first_waiter == NULL && mutex.last_waiter == NULL);
}

static void lock_and_fail(tern_ctx *c)
{
    tern_lock(c, &mutex);
    note("first ");
    tern_sleep(c, 2);
    fail_with(c, 500);
}

static void lock_second(tern_ctx *c)
{
    tern_lock(c, &mutex);
    note("second ");
}

TEST(a_mutex_of_a_failed_request_goes_to_the_next)
{
    fake_request requests[] = {
        {.handler = lock_and_fail}, {.handler = lock_second}, {.handler = lock_second}};
    run_requests(requests, 3);
    CHECK_TEXT(trace, "first second second ");
    CHECK(mutex.owner == NULL);
}

static void lock_in_task(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_lock(c, &mutex);
    fail_with(c, 409);
}

static void lock_after_failed_task(tern_ctx *c)
{
    tern_log_set_level(TERN_LOG_SILENT);
    tern_go(c, lock_in_task, NULL);
    tern_sleep(c, 0);
    tern_lock(c, &mutex);
    note("locked");
}

TEST(a_mutex_of_a_failed_task_is_given_back_before_the_request_ends)
{
    CHECK_INT(run_handler(lock_after_failed_task).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "locked");
}

static void cancel_while_queued(tern_ctx *c)
{
    tern_lock(c, &mutex);
    tern_task *first = tern_go(c, lock_sleep_unlock, "never");
    tern_task *second = tern_go(c, lock_sleep_unlock, "s");
    tern_task *third = tern_go(c, lock_sleep_unlock, "never");
    tern_sleep(c, 1);
    tern_cancel(first);
    tern_cancel(third);
    tern_wait(c, first);
    tern_wait(c, third);
    tern_unlock(c, &mutex);
    tern_wait(c, second);
}

TEST(a_cancelled_waiter_leaves_the_queue)
{
    run_handler(cancel_while_queued);
    CHECK_TEXT(trace, "ss");
    CHECK(mutex.owner == NULL && mutex.first_waiter == NULL && mutex.last_waiter == NULL);
}

static void cancel_after_the_grant(tern_ctx *c)
{
    tern_lock(c, &mutex);
    tern_task *task = tern_go(c, lock_sleep_unlock, "g");
    tern_sleep(c, 1);
    tern_unlock(c, &mutex);
    tern_cancel(task);
    tern_wait(c, task);
    tern_lock(c, &mutex);
    note(" again");
}

TEST(a_mutex_granted_to_a_task_cancelled_then_is_not_lost)
{
    CHECK_INT(run_handler(cancel_after_the_grant).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "g again");
}

static void lock_many_times(tern_ctx *c)
{
    fake_request *r = fake_of(c);
    tern_mutex other = {0};
    tern_lock(c, &mutex);
    tern_lock(c, &other);
    const char *next = r->arena.next;
    for (unsigned i = 0; i < 10000; i++) {
        tern_unlock(c, &mutex);
        tern_lock(c, &mutex);
    }
    CHECK(r->arena.next == next);
    tern_unlock(c, &other);
}

TEST(a_loop_of_lock_and_unlock_uses_no_memory)
{
    CHECK_INT(run_handler(lock_many_times).reason, UNWIND_NONE);
}

static void lock_twice(tern_ctx *c)
{
    tern_lock(c, &mutex);
    tern_lock(c, &mutex);
}

TEST(locking_twice_is_a_failure_not_a_hang)
{
    CHECK_INT(run_handler(lock_twice).status, 500);
    CHECK(mutex.owner == NULL);
}

static void unlock_free(tern_ctx *c)
{
    tern_unlock(c, &mutex);
}

TEST(unlocking_a_mutex_that_is_not_held_is_a_failure)
{
    CHECK_INT(run_handler(unlock_free).status, 500);
}

static void lock_without_memory(tern_ctx *c)
{
    while (arena_alloc(&fake_of(c)->arena, 16) != NULL)
        ;
    tern_lock(c, &mutex);
}

TEST(a_lock_without_memory_fails_and_stays_free)
{
    fake_request r = {.handler = lock_without_memory, .memory_limit = 16};
    run_requests(&r, 1);
    CHECK_INT(r.status, 503);
    CHECK(mutex.owner == NULL);
}

/* -- semaphores -- */

static unsigned inside, most_inside;

static void pass_semaphore(tern_ctx *c, void *arg)
{
    tern_semaphore_acquire(c, &semaphore);
    inside++;
    if (inside > most_inside)
        most_inside = inside;
    note(arg);
    tern_sleep(c, 1);
    inside--;
    tern_semaphore_release(c, &semaphore);
}

static void crowd(tern_ctx *c)
{
    static const char *names[] = {"1", "2", "3", "4", "5", "6", "7"};
    tern_task *tasks[7];
    for (unsigned i = 0; i < 7; i++)
        tasks[i] = tern_go(c, pass_semaphore, (void *)(uintptr_t)names[i]);
    for (unsigned i = 0; i < 7; i++)
        tern_wait(c, tasks[i]);
}

TEST(a_semaphore_admits_as_many_as_it_has_permits_in_order)
{
    semaphore = (tern_semaphore){.permits = 3};
    CHECK_INT(run_handler(crowd).reason, UNWIND_NONE);
    CHECK_INT(most_inside, 3);
    CHECK_INT(semaphore.permits, 3);
    CHECK_TEXT(trace, "1234567");
}

static void acquire_twice_and_fail(tern_ctx *c)
{
    tern_semaphore_acquire(c, &semaphore);
    tern_semaphore_acquire(c, &semaphore);
    CHECK_INT(semaphore.permits, 0);
    tern_sleep(c, 1);
    fail_with(c, 400);
}

TEST(every_permit_of_a_failed_request_is_given_back)
{
    semaphore = (tern_semaphore){.permits = 2};
    fake_request requests[] = {{.handler = acquire_twice_and_fail}, {.handler = acquire_twice_and_fail}};
    run_requests(requests, 2);
    CHECK_INT(semaphore.permits, 2);
}

static void release_too_often(tern_ctx *c)
{
    tern_semaphore_acquire(c, &semaphore);
    tern_semaphore_release(c, &semaphore);
    tern_semaphore_release(c, &semaphore);
}

TEST(releasing_a_permit_that_is_not_held_is_a_failure)
{
    semaphore = (tern_semaphore){.permits = 1};
    CHECK_INT(run_handler(release_too_often).status, 500);
    CHECK_INT(semaphore.permits, 1);
}

static void cancel_a_queued_acquirer(tern_ctx *c)
{
    tern_semaphore_acquire(c, &semaphore);
    tern_task *task = tern_go(c, pass_semaphore, "never");
    tern_sleep(c, 1);
    tern_cancel(task);
    tern_wait(c, task);
    tern_semaphore_release(c, &semaphore);
}

TEST(a_cancelled_acquirer_takes_no_permit)
{
    semaphore = (tern_semaphore){.permits = 1};
    run_handler(cancel_a_queued_acquirer);
    CHECK_INT(semaphore.permits, 1);
    CHECK_TEXT(trace, "");
}

static void acquire_within(tern_ctx *c, void *arg)
{
    if (!tern_semaphore_acquire_within(c, &semaphore, 1, 30)) {
        note("no ");
        return;
    }
    note(arg);
    tern_sleep(c, 5);
    tern_semaphore_release(c, &semaphore);
}

static void three_within(tern_ctx *c)
{
    semaphore = (tern_semaphore){.permits = 1};
    tern_task *tasks[] = {tern_go(c, acquire_within, "a "), tern_go(c, acquire_within, "b "),
                          tern_go(c, acquire_within, "c ")};
    for (unsigned i = 0; i < 3; i++)
        tern_wait(c, tasks[i]);
}

TEST(an_acquirer_is_refused_where_too_many_wait_already)
{
    CHECK_INT(run_handler(three_within).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "a no b ");
    CHECK(semaphore.permits == 1 && semaphore.first_waiter == NULL);
}

static void outlast_an_acquirer(tern_ctx *c)
{
    semaphore = (tern_semaphore){.permits = 1};
    tern_semaphore_acquire(c, &semaphore);
    tern_task *late = tern_go(c, acquire_within, "never");
    tern_wait(c, late);
    CHECK(semaphore.first_waiter == NULL && semaphore.last_waiter == NULL);
    tern_semaphore_release(c, &semaphore);
    CHECK(tern_semaphore_acquire_within(c, &semaphore, 0, 0));
    CHECK(!tern_semaphore_acquire_within(c, &semaphore, 9, 0));
}

TEST(an_acquirer_whose_time_is_over_leaves_the_queue)
{
    CHECK_INT(run_handler(outlast_an_acquirer).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "no ");
    CHECK_INT(semaphore.permits, 1); /* of the end of the request */
}

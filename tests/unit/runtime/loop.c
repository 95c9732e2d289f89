#include "runtime/loop.h"
#include "check.h"
#include "runtime/coro.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* -- time -- */

static uint64_t began_ns, woke_ns;

static void sleep_then_stop(void *arg)
{
    began_ns = clock_ns();
    CHECK_INT(coro_wait(loop_after_ms(*(unsigned *)arg)), CORO_TIMEOUT);
    woke_ns = clock_ns();
    loop_stop();
}

TEST(loop_sleep_is_never_short)
{
    CHECK(loop_open());
    for (unsigned ms = 0; ms < 12; ms++) {
        CHECK(coro_start(sleep_then_stop, &ms));
        loop_run();
        CHECK(woke_ns - began_ns >= ms * UINT64_C(1000000));
    }
    loop_close();
}

static void expect_late_enough(timer_entry *timer)
{
    CHECK(loop_self.now_ms >= timer->at_ms);
    CHECK(clock_ns() / 1000000 >= timer->at_ms);
    loop_stop();
}

TEST(loop_timer_never_fires_early)
{
    timer_entry timer = {.fire = expect_late_enough};
    CHECK(loop_open());
    for (unsigned ms = 0; ms < 12; ms++) {
        timer_start(&loop_self.timers, &timer, loop_self.now_ms + ms);
        loop_run();
    }
    loop_close();
}

static void yield_often(void *arg)
{
    unsigned *left = arg;
    while (--*left > 0) {
        coro_wake(coro_self()); /* running: without effect */
        CHECK_INT(coro_wait(1), CORO_TIMEOUT);
    }
    loop_stop();
}

TEST(loop_wait_for_a_past_deadline_lets_the_others_run_without_sleeping)
{
    unsigned left = 1000;
    CHECK(loop_open());
    began_ns = clock_ns();
    CHECK(coro_start(yield_often, &left));
    loop_run();
    CHECK_INT(left, 0);
    loop_close();
}

/* -- descriptors -- */

typedef struct end {
    loop_source source;
    loop_later later;
    struct end *other;
    unsigned events, calls;
} end;

static end ends[2];

static void make_pair(void (*on_event)(loop_source *source, uint32_t events))
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    for (int i = 0; i < 2; i++)
        ends[i] = (end){.source = {fds[i], on_event}, .other = &ends[1 - i]};
}

static void close_pair(void)
{
    close(ends[0].source.fd);
    close(ends[1].source.fd);
}

static void note_and_stop(loop_source *source, uint32_t events)
{
    end *e = list_owner(source, end, source);
    e->events |= events;
    e->calls++;
    loop_stop();
}

TEST(loop_reports_each_edge_once)
{
    CHECK(loop_open());
    make_pair(note_and_stop);
    CHECK(loop_add(&ends[0].source, EPOLLIN | EPOLLRDHUP));
    CHECK(write(ends[1].source.fd, "x", 1) == 1);
    loop_run();
    CHECK_INT(ends[0].events, EPOLLIN);
    timer_entry stop_soon = {.fire = expect_late_enough};
    timer_start(&loop_self.timers, &stop_soon, loop_self.now_ms + 5);
    loop_run(); /* the byte is still there, unread: no second call */
    CHECK_INT(ends[0].calls, 1);
    shutdown(ends[1].source.fd, SHUT_WR);
    loop_run();
    CHECK_INT(ends[0].events, EPOLLIN | EPOLLRDHUP);
    close_pair();
    loop_close();
}

static void remove_the_other(loop_source *source, uint32_t events)
{
    end *e = list_owner(source, end, source);
    e->calls++;
    e->events |= events;
    loop_remove(&e->other->source);
    loop_stop();
}

TEST(loop_removed_source_gets_no_event_of_the_same_batch)
{
    CHECK(loop_open());
    make_pair(remove_the_other);
    CHECK(loop_add(&ends[0].source, EPOLLOUT));
    CHECK(loop_add(&ends[1].source, EPOLLOUT)); /* both are ready: one batch */
    loop_run();
    CHECK_INT(ends[0].calls + ends[1].calls, 1);
    close_pair();
    loop_close();
}

TEST(loop_add_refuses_a_bad_descriptor)
{
    loop_source closed = {.fd = -1, .on_event = note_and_stop};
    CHECK(loop_open());
    CHECK(!loop_add(&closed, EPOLLIN));
    CHECK_INT(errno, EBADF);
    loop_close();
}

/* -- the order in a turn -- */

static char order[16];
static size_t order_len;

static void note(char what)
{
    CHECK(order_len < sizeof order - 1);
    order[order_len++] = what;
}

static void note_later_again(loop_later *later)
{
    (void)later;
    note('2');
    loop_stop();
}

static void note_later(loop_later *later)
{
    note('L');
    later->run = note_later_again;
    loop_do_later(later);
}

static void note_second_coroutine(void *arg)
{
    (void)arg;
    note('c');
}

static void note_coroutine(void *arg)
{
    (void)arg;
    note('C');
    CHECK(coro_spawn(note_second_coroutine, NULL, NULL, NULL) != NULL);
}

static void note_timer(timer_entry *timer)
{
    (void)timer;
    note('T');
    CHECK(coro_spawn(note_coroutine, NULL, NULL, NULL) != NULL);
}

static timer_entry noted_timer = {.fire = note_timer};

static void note_event(loop_source *source, uint32_t events)
{
    (void)events;
    note('E');
    list_owner(source, end, source)->later.run = note_later;
    loop_do_later(&list_owner(source, end, source)->later);
    timer_start(&loop_self.timers, &noted_timer, 0);
}

TEST(loop_turn_runs_events_timers_coroutines_and_later_calls)
{
    CHECK(loop_open());
    make_pair(note_event);
    CHECK(loop_add(&ends[0].source, EPOLLOUT));
    loop_run();
    CHECK_TEXT(order, "ETCLc2");
    close_pair();
    loop_close();
}

static void end_of_two(void *arg)
{
    (void)arg;
    note('e');
}

static void stop_then_spawn(void *arg)
{
    (void)arg;
    loop_stop();
    CHECK(coro_spawn(end_of_two, NULL, NULL, NULL) != NULL);
}

TEST(loop_stop_lets_ready_coroutines_end)
{
    CHECK(loop_open());
    CHECK(coro_spawn(stop_then_spawn, NULL, NULL, NULL) != NULL);
    loop_run();
    CHECK_TEXT(order, "e");
    CHECK_INT(coro_count(), 0);
    loop_close();
}

/* -- waking from outside -- */

static unsigned slept, woken;
static pthread_t thread;
static bool is_thread_started;

static void *wake_from_thread(void *arg)
{
    (void)arg;
    loop_wake_up();
    return NULL;
}

static void count_sleep(void)
{
    slept++;
    if (!is_thread_started) {
        is_thread_started = true;
        CHECK(pthread_create(&thread, NULL, wake_from_thread, NULL) == 0);
    }
}

static void stop_when_woken(uint64_t now_ms)
{
    CHECK_INT(now_ms, loop_self.now_ms);
    woken++;
    loop_stop();
}

TEST(loop_wake_up_from_a_thread_ends_the_sleep)
{
    CHECK(loop_open());
    loop_self.on_sleep = count_sleep;
    loop_self.on_wake = stop_when_woken;
    loop_run(); /* only this can end it */
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_INT(slept, 1);
    CHECK_INT(woken, 1);
    loop_close();
}

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    (void)number;
    signalled = 1;
    errno = EIO;
    loop_wake_up();
    CHECK(errno == EIO);
}

static void stop_when_signalled(uint64_t now_ms)
{
    (void)now_ms;
    if (signalled)
        loop_stop();
}

TEST(loop_continues_after_a_signal_and_wakes_for_its_handler)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval soon = {.it_value.tv_usec = 10000};
    CHECK(loop_open());
    loop_self.on_wake = stop_when_signalled;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
    loop_run();
    CHECK(signalled);
    loop_close();
}

/* -- opening -- */

TEST(loop_opens_again_after_it_was_closed)
{
    for (int i = 0; i < 3; i++) {
        unsigned ms = 1;
        CHECK(loop_open());
        CHECK(coro_start(sleep_then_stop, &ms));
        loop_run();
        loop_close();
        loop_close();
    }
}

TEST(loop_open_fails_cleanly_without_descriptors)
{
    int lowest = dup(STDIN_FILENO);
    CHECK(lowest >= 0);
    close(lowest);
    for (int spare = 0; spare < 2; spare++) {
        struct rlimit before, limit;
        CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
        limit = (struct rlimit){.rlim_cur = (rlim_t)(lowest + spare), .rlim_max = before.rlim_max};
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK(!loop_open());
        CHECK_INT(errno, EMFILE);
        CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
        CHECK_INT(loop_self.epoll_fd, -1);
        CHECK(fcntl(lowest, F_GETFD) == -1); /* nothing is left open */
    }
    CHECK(loop_open());
    loop_close();
}

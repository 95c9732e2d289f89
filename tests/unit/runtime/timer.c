#include "runtime/timer.h"
#include "check.h"

#include <limits.h>
#include <stdlib.h>

static timer_wheel wheel;
static unsigned fired;
static uint64_t fired_at_most; /* the time the wheel is being advanced to */

typedef struct probe {
    timer_entry timer;
    unsigned fired;
} probe;

static void count_fired(timer_entry *timer)
{
    probe *p = list_owner(timer, probe, timer);
    CHECK(!timer_is_running(timer));
    CHECK(timer->at_ms <= fired_at_most);
    p->fired++;
    fired++;
}

static void advance(uint64_t now_ms)
{
    fired_at_most = now_ms;
    timer_wheel_advance(&wheel, now_ms);
}

TEST(timer_fires_at_its_time_and_not_a_millisecond_before)
{
    static const uint64_t delays[] = {1,          2,           63,          64,           65,
                                      127,        4095,        4096,        4097,         262143,
                                      262144,     262145,      16777215,    16777216,     1073741823,
                                      1073741824, 68719476735, 68719476736, 5000000000000};
    static const uint64_t starts[] = {0, 1, 63, 64, 4095, 4096 * 64 - 1, 68719476735, 1234567890123};
    for (size_t s = 0; s < sizeof starts / sizeof *starts; s++) {
        for (size_t d = 0; d < sizeof delays / sizeof *delays; d++) {
            probe p = {.timer.fire = count_fired};
            timer_wheel_init(&wheel, starts[s]);
            timer_start(&wheel, &p.timer, starts[s] + delays[d]);
            advance(starts[s] + delays[d] - 1);
            CHECK_INT(p.fired, 0);
            advance(starts[s] + delays[d]);
            CHECK_INT(p.fired, 1);
            CHECK_INT(wheel.count, 0);
            advance(starts[s] + 2 * delays[d]);
            CHECK_INT(p.fired, 1);
        }
    }
}

TEST(timer_for_a_past_time_fires_on_the_next_advance)
{
    probe p = {.timer.fire = count_fired}, q = p;
    timer_wheel_init(&wheel, 1000);
    timer_start(&wheel, &p.timer, 0);
    timer_start(&wheel, &q.timer, 1000);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 1000), 0);
    advance(1000);
    CHECK_INT(p.fired, 1);
    CHECK_INT(q.fired, 1);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 1000), -1);
}

static void start_again(timer_entry *timer)
{
    fired++;
    timer_start(&wheel, timer, 0);
}

TEST(timer_that_restarts_itself_in_the_past_fires_once_an_advance)
{
    timer_entry timer = {.fire = start_again};
    timer_wheel_init(&wheel, 10);
    timer_start(&wheel, &timer, 20);
    advance(30);
    CHECK_INT(fired, 1);
    advance(30);
    CHECK_INT(fired, 2);
    CHECK_INT(wheel.count, 1);
}

static timer_entry victim;

static void stop_victim(timer_entry *timer)
{
    (void)timer;
    fired++;
    timer_stop(&wheel, &victim);
}

TEST(timer_stopped_by_another_that_is_due_with_it_does_not_fire)
{
    timer_entry killer = {.fire = stop_victim};
    victim.fire = stop_victim;
    timer_wheel_init(&wheel, 0);
    timer_start(&wheel, &killer, 5);
    timer_start(&wheel, &victim, 5);
    advance(100);
    CHECK_INT(fired, 1);
    CHECK(!timer_is_running(&victim));
    CHECK_INT(wheel.count, 0);
}

TEST(timer_stop_is_harmless_when_stopped_and_clears_the_sleep)
{
    probe p = {.timer.fire = count_fired};
    timer_wheel_init(&wheel, 0);
    timer_stop(&wheel, &p.timer);
    timer_start(&wheel, &p.timer, 50);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 0), 50);
    timer_start(&wheel, &p.timer, 20);
    CHECK_INT(wheel.count, 1);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 3), 17);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 33), 0);
    timer_stop(&wheel, &p.timer);
    timer_stop(&wheel, &p.timer);
    CHECK_INT(wheel.count, 0);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 3), -1);
    advance(1000);
    CHECK_INT(p.fired, 0);
}

TEST(timer_wheel_survives_a_jump_of_the_clock_by_a_century)
{
    enum { COUNT = 500 };
    static probe probes[COUNT];
    uint64_t century_ms = UINT64_C(100) * 366 * 86400 * 1000;
    timer_wheel_init(&wheel, 77);
    for (unsigned i = 0; i < COUNT; i++) {
        probes[i].timer.fire = count_fired;
        timer_start(&wheel, &probes[i].timer, 77 + century_ms / COUNT * i);
    }
    advance(77 + century_ms);
    CHECK_INT(fired, COUNT);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 77 + century_ms), -1);
}

TEST(timer_at_the_end_of_time_never_fires_and_sleeps_the_longest)
{
    probe p = {.timer.fire = count_fired};
    timer_wheel_init(&wheel, 5);
    timer_start(&wheel, &p.timer, UINT64_MAX);
    CHECK_INT(timer_wheel_sleep_ms(&wheel, 5), INT_MAX);
    advance(UINT64_MAX / 2);
    CHECK_INT(p.fired, 0);
    CHECK_INT(wheel.count, 1);
}

/* A fixed generator, so that a failure is reproducible. */
static uint64_t next_random(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

enum { RANDOM_TIMERS = 300 };
static probe random_probes[RANDOM_TIMERS];
static bool model_running[RANDOM_TIMERS];

/** The wheel may wake up early but never late: no running timer is due before the end of its sleep. */
static void check_sleep(uint64_t now_ms)
{
    uint64_t first_ms = UINT64_MAX;
    for (size_t i = 0; i < RANDOM_TIMERS; i++) {
        if (model_running[i] && random_probes[i].timer.at_ms < first_ms)
            first_ms = random_probes[i].timer.at_ms;
    }
    int sleep_ms = timer_wheel_sleep_ms(&wheel, now_ms);
    if (first_ms == UINT64_MAX)
        CHECK_INT(sleep_ms, -1);
    else
        CHECK(sleep_ms >= 0 &&
              (first_ms <= now_ms ? sleep_ms == 0 : now_ms + (uint64_t)sleep_ms <= first_ms));
}

static void check_advance(uint64_t now_ms)
{
    advance(now_ms);
    for (size_t i = 0; i < RANDOM_TIMERS; i++) {
        bool is_due = model_running[i] && random_probes[i].timer.at_ms <= now_ms;
        CHECK_INT(random_probes[i].fired, is_due);
        random_probes[i].fired = 0;
        if (is_due)
            model_running[i] = false;
        CHECK(timer_is_running(&random_probes[i].timer) == model_running[i]);
    }
}

TEST(timer_wheel_agrees_with_a_plain_list_over_random_starts_stops_and_jumps)
{
    uint64_t now_ms = next_random() >> 20;
    timer_wheel_init(&wheel, now_ms);
    for (size_t i = 0; i < RANDOM_TIMERS; i++)
        random_probes[i].timer.fire = count_fired;
    for (unsigned step = 0; step < 20000; step++) {
        uint64_t dice = next_random();
        size_t i = dice % RANDOM_TIMERS;
        unsigned scale = (unsigned)(dice >> 32) % 44; /* delays from 1 ms to 2^44 ms */
        if (dice >> 60 < 10) {
            uint64_t delay_ms = next_random() & ((UINT64_C(1) << scale) - 1);
            timer_start(&wheel, &random_probes[i].timer, now_ms + delay_ms);
            model_running[i] = true;
        } else if (dice >> 60 < 13) {
            timer_stop(&wheel, &random_probes[i].timer);
            model_running[i] = false;
        } else {
            now_ms += next_random() & ((UINT64_C(1) << (scale / 2 + 2)) - 1);
            check_advance(now_ms);
        }
        check_sleep(now_ms);
    }
}

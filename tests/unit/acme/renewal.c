#include "acme/renewal.h"

#include "check.h"

enum { DAY = 24 * 3600, HOUR = 3600, NOW = 1800000000 };

static const renewal_current quarter = {.is_wanted = true, .not_before = NOW, .not_after = NOW + 90 * DAY};

TEST(renewal_is_at_two_thirds_of_the_life)
{
    CHECK_INT(renewal_time(NOW, NOW + 90 * DAY, 0), NOW + 60 * DAY);
    CHECK_INT(renewal_time(NOW, NOW + 6 * DAY, 0), NOW + 4 * DAY);
    CHECK_INT(renewal_time(NOW, NOW + 47 * DAY, 0), NOW + (int64_t)47 * DAY * 2 / 3);
}

TEST(renewals_are_spread_over_a_thirtieth_of_the_life)
{
    CHECK_INT(renewal_time(NOW, NOW + 90 * DAY, 3 * DAY), NOW + 57 * DAY);
    for (uint64_t chance = 1; chance < UINT64_MAX / 3; chance *= 3) {
        int64_t at = renewal_time(NOW, NOW + 90 * DAY, chance);
        CHECK(at > NOW + 57 * DAY - 1 && at <= NOW + 60 * DAY);
    }
}

TEST(a_life_of_no_length_does_not_divide_by_zero)
{
    CHECK(renewal_time(NOW, NOW, 5) <= NOW);
    CHECK(renewal_time(NOW, NOW - DAY, 5) <= NOW);
    CHECK(renewal_time_in_window(&(renewal_current){.is_wanted = true}, 0, 0, 7) <= 0);
}

TEST(the_moment_in_a_window_is_drawn_from_all_of_it)
{
    CHECK_INT(renewal_time_in_window(&quarter, NOW + DAY, NOW + 2 * DAY, 0), NOW + DAY);
    CHECK_INT(renewal_time_in_window(&quarter, NOW + DAY, NOW + 2 * DAY, DAY - 1), NOW + 2 * DAY - 1);
    CHECK_INT(renewal_time_in_window(&quarter, NOW + DAY, NOW + 2 * DAY, DAY), NOW + DAY);
}

TEST(a_window_after_the_end_is_not_waited_for)
{
    CHECK_INT(renewal_time_in_window(&quarter, NOW + 200 * DAY, NOW + 201 * DAY, 0), NOW + 81 * DAY);
}

TEST(pauses_grow_from_a_minute_to_a_day)
{
    static const int64_t wanted[] = {60, 240, 960, 3840, 15360, 61440, DAY, DAY};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        CHECK_INT(renewal_pause((int64_t)i + 1, 60, -1, 0), wanted[i]);
    CHECK_INT(renewal_pause(1000000, 60, -1, 0), DAY);
}

TEST(a_pause_is_up_to_a_tenth_shorter_by_chance)
{
    CHECK_INT(renewal_pause(1, 60, -1, 6), 54);
    CHECK_INT(renewal_pause(1, 60, -1, 7), 60);
}

TEST(the_authoritys_longer_pause_is_kept_up_to_a_week)
{
    CHECK_INT(renewal_pause(1, 60, 5, 0), 60);
    CHECK_INT(renewal_pause(1, 60, 7200, 0), 7200);
    CHECK_INT(renewal_pause(1, 60, 365 * DAY, 0), 7 * DAY);
}

TEST(a_certificate_that_is_missing_is_due_at_once)
{
    CHECK(renewal_due(&(record){0}, &(renewal_current){0}, NOW) <= NOW);
}

TEST(a_certificate_is_due_at_its_time)
{
    CHECK_INT(renewal_due(&(record){.renew_at = NOW + 59 * DAY}, &quarter, NOW), NOW + 59 * DAY);
    CHECK_INT(renewal_due(&(record){0}, &quarter, NOW), NOW + 60 * DAY);
    CHECK_INT(renewal_due(&(record){.renew_at = NOW + 900 * DAY}, &quarter, NOW), NOW + 60 * DAY);
}

TEST(a_failure_is_not_repeated_before_its_pause_is_over)
{
    const record r = {.failures = 3, .next_try_at = NOW + 900};
    CHECK_INT(renewal_due(&r, &(renewal_current){0}, NOW), NOW + 900);
}

TEST(an_attempt_that_was_cut_off_is_resumed_at_once_but_only_three_times)
{
    CHECK(renewal_due(&(record){.unfinished = 1, .next_try_at = NOW + 900}, &(renewal_current){0}, NOW) <=
          NOW);
    CHECK(renewal_due(&(record){.unfinished = 3, .next_try_at = NOW + 900}, &(renewal_current){0}, NOW) <=
          NOW);
    CHECK_INT(renewal_due(&(record){.unfinished = 4, .next_try_at = NOW + 900}, &(renewal_current){0}, NOW),
              NOW + 900);
}

TEST(threat_117_a_clock_that_was_ahead_does_not_stop_renewals)
{
    const record r = {.failures = 1, .next_try_at = NOW + 300 * DAY};
    CHECK(renewal_due(&r, &(renewal_current){0}, NOW) <= NOW);
}

TEST(threat_117_a_clock_that_jumps_ahead_does_not_start_a_storm)
{
    const record r = {.renew_at = NOW + 60 * DAY, .issued_at = NOW + 365 * DAY};
    int64_t jumped = NOW + 365 * DAY + 5;
    CHECK_INT(renewal_due(&r, &quarter, jumped), NOW + 365 * DAY + 6 * HOUR);
    CHECK_INT(renewal_due(&r, &(renewal_current){0}, jumped), NOW + 365 * DAY + 300);
}

TEST(certificates_that_live_for_minutes_are_renewed_in_time)
{
    const renewal_current brief = {.is_wanted = true, .not_before = NOW, .not_after = NOW + 600};
    const record r = {.renew_at = NOW + 400, .issued_at = NOW};
    CHECK_INT(renewal_due(&r, &brief, NOW), NOW + 400);
}

TEST(times_at_the_ends_of_their_range_do_not_overflow)
{
    const record r = {.failures = 1, .next_try_at = INT64_MAX, .issued_at = INT64_MAX, .renew_at = INT64_MAX};
    CHECK(renewal_due(&r, &quarter, NOW) == NOW + 60 * DAY);
}

/** The arithmetic of rate limits, on a clock of the test's own. */
#include "middleware/rate.h"
#include "check.h"

#include <string.h>

#define SECOND UINT64_C(1000000)

static rate_state state;
static uint64_t now_us = 1000 * SECOND;

static rate_rule rule_of(tern_rate_algorithm algorithm, unsigned requests, unsigned window_s, unsigned burst)
{
    return rate_rule_of(
        &(tern_rate){.algorithm = algorithm, .requests = requests, .window_s = window_s, .burst = burst});
}

static rate_answer take(const rate_rule *rule, uint32_t cost)
{
    rate_answer answer;
    rate_take_all(rule, 1, &state, &answer, now_us, cost);
    return answer;
}

/** How many requests in a row are allowed now. */
static unsigned pass(const rate_rule *rule)
{
    unsigned passed = 0;
    while (take(rule, 1).is_allowed)
        passed++;
    return passed;
}

TEST(a_fixed_window_allows_its_requests_and_then_begins_again)
{
    rate_rule rule = rule_of(TERN_RATE_FIXED, 5, 10, 0);
    rate_answer first = take(&rule, 1);
    CHECK(first.is_allowed);
    CHECK_INT(first.remaining, 4);
    CHECK_INT(first.reset_us, 10 * SECOND);
    CHECK_INT(pass(&rule), 4);
    now_us += 9 * SECOND;
    rate_answer refused = take(&rule, 1);
    CHECK_INT(refused.retry_us, 1 * SECOND);
    CHECK_INT(refused.remaining, 0);
    now_us += 1 * SECOND;
    CHECK_INT(pass(&rule), 5);
}

TEST(a_sliding_window_weighs_the_window_before)
{
    rate_rule rule = rule_of(TERN_RATE_SLIDING, 100, 10, 0);
    CHECK_INT(pass(&rule), 100);
    now_us += 10 * SECOND;
    CHECK_INT(pass(&rule), 0);
    now_us += 5 * SECOND; /* half of the window before is still covered */
    CHECK_INT(pass(&rule), 50);
    now_us += 10 * SECOND;
    CHECK_INT(pass(&rule), 75);
    now_us += 20 * SECOND;
    CHECK_INT(pass(&rule), 100);
}

TEST(two_times_the_limit_never_pass_at_the_border_of_sliding_windows)
{
    rate_rule rule = rule_of(TERN_RATE_SLIDING, 100, 10, 0);
    unsigned passed[40] = {0};
    take(&rule, 1);
    for (unsigned s = 0; s < 40; s++, now_us += SECOND / 2)
        passed[s] = pass(&rule);
    for (unsigned s = 19; s < 40; s++) {
        unsigned last_window = 0;
        for (unsigned k = 0; k < 20; k++)
            last_window += passed[s - k];
        CHECK(last_window <= 110);
    }
}

TEST(a_bucket_is_refilled_evenly)
{
    rate_rule rule = rule_of(TERN_RATE_TOKENS, 60, 60, 10);
    CHECK_INT(pass(&rule), 10);
    now_us += SECOND;
    CHECK_INT(pass(&rule), 1);
    CHECK_INT(take(&rule, 1).retry_us, SECOND);
    now_us += 3 * SECOND + SECOND / 2;
    CHECK_INT(pass(&rule), 3);
    CHECK_INT(take(&rule, 1).retry_us, SECOND / 2);
    now_us += 3600 * SECOND;
    CHECK_INT(pass(&rule), 10);
}

TEST(gcra_spaces_requests_evenly)
{
    rate_rule rule = rule_of(TERN_RATE_GCRA, 60, 60, 1);
    for (unsigned i = 0; i < 5; i++, now_us += SECOND)
        CHECK_INT(pass(&rule), 1);
    now_us -= SECOND / 4;
    CHECK_INT(take(&rule, 1).retry_us, SECOND / 4);
}

TEST(a_request_may_cost_more_than_one)
{
    static const tern_rate_algorithm all[] = {TERN_RATE_FIXED, TERN_RATE_SLIDING, TERN_RATE_TOKENS};
    for (unsigned i = 0; i < 3; i++) {
        rate_rule rule = rule_of(all[i], 10, 10, 10);
        state = (rate_state){0};
        CHECK_INT(take(&rule, 7).remaining, 3);
        CHECK(!take(&rule, 4).is_allowed);
        CHECK(take(&rule, 3).is_allowed);
        CHECK(!take(&rule, 11).is_allowed);
        CHECK(!take(&rule, UINT32_MAX).is_allowed);
        CHECK(take(&rule, 0).is_allowed);
    }
}

TEST(the_wait_that_is_reported_is_just_long_enough)
{
    static const tern_rate_algorithm all[] = {TERN_RATE_FIXED, TERN_RATE_SLIDING, TERN_RATE_TOKENS,
                                              TERN_RATE_GCRA};
    uint32_t seed = 12345;
    for (unsigned i = 0; i < 4; i++) {
        rate_rule rule = rule_of(all[i], 7, 3, all[i] == TERN_RATE_GCRA ? 2 : 7);
        state = (rate_state){0};
        for (unsigned n = 0; n < 20000; n++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t cost = 1 + (seed >> 16) % 2;
            now_us += seed % 600000;
            rate_answer answer = take(&rule, cost);
            if (answer.is_allowed)
                continue;
            rate_state early = state, late = state;
            CHECK(answer.retry_us > 0);
            CHECK(!rate_look(&rule, &early, now_us + answer.retry_us - 2, cost).is_allowed);
            CHECK(rate_look(&rule, &late, now_us + answer.retry_us + 1, cost).is_allowed);
        }
    }
}

TEST(threat_117_a_clock_that_goes_back_locks_nobody_out)
{
    static const tern_rate_algorithm all[] = {TERN_RATE_FIXED, TERN_RATE_SLIDING, TERN_RATE_TOKENS,
                                              TERN_RATE_GCRA};
    for (unsigned i = 0; i < 4; i++) {
        rate_rule rule = rule_of(all[i], 10, 10, 10);
        state = (rate_state){0};
        now_us = 1000000 * SECOND;
        pass(&rule);
        now_us = 5 * SECOND; /* an hour, or eleven days */
        rate_answer answer = take(&rule, 1);
        CHECK(answer.is_allowed || answer.retry_us <= 10 * SECOND);
        now_us += 10 * SECOND;
        CHECK(take(&rule, 1).is_allowed);
    }
}

TEST(threat_117_a_clock_that_jumps_ahead_frees_once)
{
    static const tern_rate_algorithm all[] = {TERN_RATE_FIXED, TERN_RATE_SLIDING, TERN_RATE_TOKENS,
                                              TERN_RATE_GCRA};
    for (unsigned i = 0; i < 4; i++) {
        rate_rule rule = rule_of(all[i], 10, 10, 10);
        state = (rate_state){0};
        now_us = 5 * SECOND;
        CHECK_INT(pass(&rule), 10);
        now_us = UINT64_C(1) << 60;
        CHECK_INT(pass(&rule), 10);
    }
}

TEST(a_request_given_back_counts_no_longer)
{
    static const tern_rate_algorithm all[] = {TERN_RATE_FIXED, TERN_RATE_SLIDING, TERN_RATE_TOKENS};
    for (unsigned i = 0; i < 3; i++) {
        rate_rule rule = rule_of(all[i], 3, 10, 3);
        state = (rate_state){0};
        CHECK_INT(pass(&rule), 3);
        rate_give_back(&rule, &state, now_us, 1);
        CHECK_INT(pass(&rule), 1);
        for (unsigned n = 0; n < 5; n++) /* more than there were */
            rate_give_back(&rule, &state, now_us, 1);
        CHECK_INT(pass(&rule), 3);
    }
}

TEST(a_request_that_one_rule_refuses_counts_for_none)
{
    const rate_rule rules[2] = {rule_of(TERN_RATE_FIXED, 2, 1, 0), rule_of(TERN_RATE_FIXED, 10, 100, 0)};
    rate_state states[2] = {{0}};
    rate_answer answers[2];
    for (unsigned i = 0; i < 8; i++)
        CHECK(rate_take_all(rules, 2, states, answers, now_us, 1) == (i < 2));
    CHECK_INT(states[1].count, 2);
    for (unsigned s = 1; s < 5; s++) {
        now_us += SECOND;
        CHECK(rate_take_all(rules, 2, states, answers, now_us, 2));
    }
    CHECK_INT(answers[1].remaining, 0);
    now_us += SECOND;
    CHECK(!rate_take_all(rules, 2, states, answers, now_us, 1));
    CHECK(answers[0].is_allowed && !answers[1].is_allowed);
}

TEST(the_largest_rules_do_not_overflow)
{
    rate_rule rule = rule_of(TERN_RATE_SLIDING, 1000000, 9000000, 0);
    rate_answer answer = take(&rule, 999999);
    CHECK(answer.is_allowed);
    CHECK_INT(answer.remaining, 1);
    now_us += rule.window_us;
    answer = take(&rule, 500000);
    CHECK(!answer.is_allowed && answer.retry_us < rule.window_us);
}

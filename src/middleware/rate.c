#include "middleware/rate.h"

#include <assert.h>

static bool has_bucket(tern_rate_algorithm algorithm)
{
    return algorithm == TERN_RATE_TOKENS || algorithm == TERN_RATE_GCRA;
}

rate_rule rate_rule_of(const tern_rate *rate)
{
    uint64_t window_us = (uint64_t)rate->window_s * 1000000;
    if (!has_bucket(rate->algorithm))
        return (rate_rule){rate->algorithm, rate->requests, window_us};
    return (rate_rule){rate->algorithm, rate->burst, window_us / rate->requests};
}

uint64_t rate_life_us(const rate_rule *rule)
{
    uint64_t windows = has_bucket(rule->algorithm)            ? rule->requests
                       : rule->algorithm == TERN_RATE_SLIDING ? 2
                                                              : 1;
    return windows * rule->window_us;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* -- windows -- */

/** Begins the window that `now_us` is in. A clock that went back begins one: nobody waits for it to come again. */
static void enter_window(const rate_rule *rule, rate_state *state, uint64_t now_us)
{
    uint64_t passed_us = now_us - state->at_us;
    bool is_new = state->at_us == 0 || now_us < state->at_us || passed_us >= 2 * rule->window_us;
    if (!is_new && passed_us < rule->window_us)
        return;
    bool follows = !is_new && rule->algorithm == TERN_RATE_SLIDING;
    state->before = follows ? state->count : 0;
    state->at_us = follows ? state->at_us + rule->window_us : now_us;
    state->count = 0;
}

/** When a request would fit, if none came before it: as the weight of the last window falls, or else that of this
 * one in the next. All quantities are requests times microseconds. */
static uint64_t wait_us(const rate_rule *rule, const rate_state *state, uint64_t left_us, uint32_t cost)
{
    uint64_t window_us = rule->window_us;
    if (cost > rule->requests)
        return window_us; /* never */
    if (rule->algorithm == TERN_RATE_FIXED)
        return left_us;
    if (state->count + (uint64_t)cost <= rule->requests) {
        assert(state->before != 0); /* those before are what leaves no room */
        uint64_t room_us = (rule->requests - state->count - cost) * window_us;
        return left_us - least(left_us, room_us / state->before);
    }
    assert(state->count != 0); /* for `cost` alone fits */
    return left_us + window_us - least(window_us, (rule->requests - cost) * window_us / state->count);
}

static rate_answer look_at_window(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost)
{
    enter_window(rule, state, now_us);
    uint64_t left_us = state->at_us + rule->window_us - now_us;
    uint64_t whole = rule->requests * rule->window_us;
    uint64_t used = state->before * left_us + state->count * rule->window_us;
    uint64_t wanted = cost * rule->window_us;
    bool is_allowed = used <= whole && wanted <= whole - used;
    uint64_t after = is_allowed ? used + wanted : used;
    return (rate_answer){.is_allowed = is_allowed,
                         .remaining = after < whole ? (whole - after) / rule->window_us : 0,
                         .reset_us = left_us,
                         .retry_us = is_allowed ? 0 : wait_us(rule, state, left_us, cost)};
}

/* -- buckets -- */

/** The bucket's missing requests, as the time that it takes to refill them. */
static uint64_t missing_us(const rate_rule *rule, const rate_state *state, uint64_t now_us)
{
    uint64_t missing = state->at_us > now_us ? state->at_us - now_us : 0;
    return least(missing, rule->requests * rule->window_us); /* more is from a clock that went back */
}

static rate_answer look_at_bucket(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost)
{
    uint64_t whole = rule->requests * rule->window_us, wanted = cost * rule->window_us;
    uint64_t used = missing_us(rule, state, now_us);
    state->at_us = now_us + used;
    bool is_allowed = wanted <= whole - used;
    uint64_t after = is_allowed ? used + wanted : used;
    return (rate_answer){.is_allowed = is_allowed,
                         .remaining = (whole - after) / rule->window_us,
                         .reset_us = after,
                         .retry_us = is_allowed ? 0 : least(used + wanted - whole, whole)};
}

/* -- both -- */

rate_answer rate_look(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost)
{
    if (cost > rule->requests) /* never allowed; and products cannot overflow */
        cost = (uint32_t)rule->requests + 1;
    return has_bucket(rule->algorithm) ? look_at_bucket(rule, state, now_us, cost)
                                       : look_at_window(rule, state, now_us, cost);
}

void rate_take(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost)
{
    if (has_bucket(rule->algorithm))
        state->at_us = now_us + missing_us(rule, state, now_us) + cost * rule->window_us;
    else
        state->count += cost;
}

void rate_give_back(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost)
{
    if (has_bucket(rule->algorithm)) {
        uint64_t missing = missing_us(rule, state, now_us);
        state->at_us = now_us + missing - least(missing, cost * rule->window_us);
        return;
    }
    enter_window(rule, state, now_us);
    uint32_t *counted = state->count != 0 ? &state->count : &state->before;
    *counted -= (uint32_t)least(*counted, cost);
}

bool rate_take_all(const rate_rule *rules, unsigned count, rate_state *states, rate_answer *answers,
                   uint64_t now_us, uint32_t cost)
{
    bool is_allowed = true;
    for (unsigned i = 0; i < count; i++) {
        answers[i] = rate_look(&rules[i], &states[i], now_us, cost);
        is_allowed &= answers[i].is_allowed;
    }
    for (unsigned i = 0; i < count; i++)
        if (is_allowed)
            rate_take(&rules[i], &states[i], now_us, cost);
        else if (answers[i].is_allowed) /* without this request, which another rule refuses */
            answers[i] = rate_look(&rules[i], &states[i], now_us, 0);
    return is_allowed;
}

/**
 * The arithmetic of rate limits: a rule, the state that it has for a client, and what that allows now.
 *
 * Nothing here knows where states are kept. Time is microseconds on any clock that all who share a state read; one
 * that goes back neither frees nor locks a client for longer than a window.
 */
#ifndef MIDDLEWARE_RATE_H
#define MIDDLEWARE_RATE_H

#include <tern/limits.h>

enum { RATE_RULES = 4 }; /* of one limiter */

typedef struct rate_rule {
    tern_rate_algorithm algorithm;
    uint64_t requests;  /* in a window; for the last two algorithms the burst */
    uint64_t window_us; /* for the last two: of one request's share */
} rate_rule;

/** Zeroed: nothing has been counted. */
typedef struct rate_state {
    uint64_t at_us;         /* when the window began; or when the bucket is full again */
    uint32_t count, before; /* in this window, and in the one before it */
} rate_state;

typedef struct rate_answer {
    bool is_allowed;
    uint64_t remaining; /* requests that would be allowed now, after this one */
    uint64_t reset_us;  /* until the window ends, or the bucket is full */
    uint64_t retry_us;  /* until this request would be allowed; 0 when it is */
} rate_answer;

/** The rule of a policy, with its defaults filled in. */
rate_rule rate_rule_of(const tern_rate *rate);
/** How long a state matters, from its last request on. */
uint64_t rate_life_us(const rate_rule *rule);
/** Moves the state on to `now_us`, and says whether a request of `cost` is allowed. Nothing is counted. */
rate_answer rate_look(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost);
/** Counts a request that rate_look has just allowed. */
void rate_take(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost);
/** Takes back a request that was counted. */
void rate_give_back(const rate_rule *rule, rate_state *state, uint64_t now_us, uint32_t cost);

/** Counts a request of `cost` for all rules if all of them allow it, and for none otherwise; whether they do.
 * `states` and `answers` have one for each rule. */
bool rate_take_all(const rate_rule *rules, unsigned count, rate_state *states, rate_answer *answers,
                   uint64_t now_us, uint32_t cost);

#endif

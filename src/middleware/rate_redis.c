#include "middleware/rate_redis.h"

#include <tern/log.h>
#include <tern/redis.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { AWAY_S = 1 };

/*
 * The same arithmetic as rate.c, in Redis. KEYS[1] holds "at count before" for each rule. ARGV: the cost, how long the
 * key lives in ms, and for each rule whether it has a bucket, whether it slides, requests and window_us. Replies with
 * whether the request is allowed, and remaining, reset and retry of each rule.
 */
static tern_redis_lua script = TERN_REDIS_LUA(
    "local t = redis.call('TIME') "
    "local now = t[1] * 1000000 + t[2] "
    "local cost, life = tonumber(ARGV[1]), ARGV[2] "
    "local rules, states, out, allowed = {}, {}, {}, 1 "
    "local raw = redis.call('GET', KEYS[1]) "
    "local n = (#ARGV - 2) / 4 "
    "local old = {} "
    "for word in string.gmatch(raw or '', '%S+') do old[#old + 1] = tonumber(word) end "
    "for i = 1, n do "
    "  local a = 2 + (i - 1) * 4 "
    "  local r = {bucket = ARGV[a + 1] == '1', slides = ARGV[a + 2] == '1', "
    "             requests = tonumber(ARGV[a + 3]), window = tonumber(ARGV[a + 4])} "
    "  local s = {at = 0, count = 0, before = 0} "
    "  if #old == 3 * n then s = {at = old[3 * i - 2], count = old[3 * i - 1], before = old[3 * i]} end "
    "  local whole, wanted = r.requests * r.window, math.max(cost, 0) * r.window "
    "  local used, left "
    "  if r.bucket then "
    "    used = math.min(math.max(s.at - now, 0), whole) "
    "    s.at = now + used "
    "  else "
    "    local passed = now - s.at "
    "    if s.at == 0 or passed < 0 or passed >= 2 * r.window then s = {at = now, count = 0, before = 0} "
    "    elseif passed >= r.window then "
    "      if r.slides then s = {at = s.at + r.window, count = 0, before = s.count} "
    "      else s = {at = now, count = 0, before = 0} end "
    "    end "
    "    left = s.at + r.window - now "
    "    used = s.before * left + s.count * r.window "
    "  end "
    "  local fits = used + wanted <= whole "
    "  if not fits then allowed = 0 end "
    "  local retry = 0 "
    "  if not fits then "
    "    if r.bucket then retry = math.min(used + wanted - whole, whole) "
    "    elseif cost > r.requests then retry = r.window "
    "    elseif not r.slides then retry = left "
    "    elseif s.count + cost <= r.requests then "
    "      retry = left - math.min(left, math.floor((r.requests - s.count - cost) * r.window / s.before)) "
    "    else "
    "      retry = left + r.window - math.min(r.window, math.floor((r.requests - cost) * r.window / s.count)) "
    "    end "
    "  end "
    "  rules[i], states[i] = r, s "
    "  out[i] = {used = used, whole = whole, wanted = wanted, left = left, fits = fits, retry = retry} "
    "end "
    "local words, reply = {}, {allowed} "
    "for i = 1, n do "
    "  local r, s, o = rules[i], states[i], out[i] "
    "  if cost < 0 then "
    "    if r.bucket then s.at = now + math.max(o.used + cost * r.window, 0) "
    "    elseif s.count > 0 then s.count = math.max(s.count + cost, 0) "
    "    else s.before = math.max(s.before + cost, 0) end "
    "  elseif allowed == 1 then "
    "    o.used = o.used + o.wanted "
    "    if r.bucket then s.at = now + o.used else s.count = s.count + cost end "
    "  end "
    "  words[i] = string.format('%.0f %.0f %.0f', s.at, s.count, s.before) "
    "  reply[#reply + 1] = math.max(0, math.floor((o.whole - o.used) / r.window)) "
    "  reply[#reply + 1] = math.floor(r.bucket and o.used or o.left) "
    "  reply[#reply + 1] = math.floor(o.retry) "
    "end "
    "if allowed == 1 and cost ~= 0 and (raw or cost > 0) then "
    "  redis.call('SET', KEYS[1], table.concat(words, ' '), 'PX', life) "
    "end "
    "return reply");

enum { RULE_WORDS = 4 }; /* of the script's arguments */

static time_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/** Whether Redis may be asked, and what became of it: of this worker. */
static struct {
    time_t again_s; /* nobody is asked before */
    bool is_away;
} redis;

static void note_away(const char *why)
{
    if (!redis.is_away)
        tern_log(TERN_LOG_WARN, "rate_limit: Redis is away, so this machine counts for itself: %s", why);
    redis.is_away = true;
    redis.again_s = now_s() + AWAY_S;
}

static void note_back(void)
{
    if (redis.is_away)
        tern_log(TERN_LOG_INFO, "rate_limit: Redis is back");
    redis.is_away = false;
}

static const tern_redis_reply *call(tern_ctx *c, const char *name, int64_t cost, uint64_t life_ms,
                                    const rate_rule *rules, unsigned count)
{
    uint64_t w[RATE_RULES][RULE_WORDS] = {{0}};
    for (unsigned i = 0; i < count; i++) {
        bool has_bucket = rules[i].algorithm == TERN_RATE_TOKENS || rules[i].algorithm == TERN_RATE_GCRA;
        w[i][0] = has_bucket;
        w[i][1] = rules[i].algorithm == TERN_RATE_SLIDING;
        w[i][2] = rules[i].requests;
        w[i][3] = rules[i].window_us;
    }
    switch (count) {
    case 1:
        return tern_redis_script_try(c, &script, "1 %s %d %u %u %u %u %u", name, cost, life_ms, w[0][0],
                                     w[0][1], w[0][2], w[0][3]);
    case 2:
        return tern_redis_script_try(c, &script, "1 %s %d %u %u %u %u %u %u %u %u %u", name, cost, life_ms,
                                     w[0][0], w[0][1], w[0][2], w[0][3], w[1][0], w[1][1], w[1][2], w[1][3]);
    case 3:
        return tern_redis_script_try(c, &script, "1 %s %d %u %u %u %u %u %u %u %u %u %u %u %u %u", name, cost,
                                     life_ms, w[0][0], w[0][1], w[0][2], w[0][3], w[1][0], w[1][1], w[1][2],
                                     w[1][3], w[2][0], w[2][1], w[2][2], w[2][3]);
    default:
        return tern_redis_script_try(c, &script, "1 %s %d %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u",
                                     name, cost, life_ms, w[0][0], w[0][1], w[0][2], w[0][3], w[1][0],
                                     w[1][1], w[1][2], w[1][3], w[2][0], w[2][1], w[2][2], w[2][3], w[3][0],
                                     w[3][1], w[3][2], w[3][3]);
    }
}

/** The name of the count. The key's bytes may be any, so they are in hexadecimal digits. */
static const char *name_of(tern_ctx *c, const char *limiter, tern_str key)
{
    char *name = tern_alloc(c, strlen(limiter) + 2 * key.len + 16);
    size_t len = (size_t)sprintf(name, "tern:%s:", limiter);
    for (size_t i = 0; i < key.len; i++)
        len += (size_t)sprintf(name + len, "%02x", (unsigned char)key.data[i]);
    return name;
}

bool rate_redis_take(tern_ctx *c, const char *limiter, tern_str key, const rate_rule *rules, unsigned count,
                     int64_t cost, rate_answer *answers, bool *is_allowed)
{
    uint64_t life_us = 0;
    if (redis.is_away && now_s() < redis.again_s)
        return false;
    for (unsigned i = 0; i < count; i++)
        life_us = rate_life_us(&rules[i]) > life_us ? rate_life_us(&rules[i]) : life_us;
    const tern_redis_reply *reply = call(c, name_of(c, limiter, key), cost, life_us / 1000 + 1, rules, count);
    if (reply->kind != TERN_REDIS_ARRAY || reply->count != 1 + 3 * (size_t)count) {
        note_away(reply->text.data != NULL ? reply->text.data : "an unexpected reply");
        return false;
    }
    note_back();
    *is_allowed = tern_redis_integer(&reply->items[0], 0) != 0;
    for (unsigned i = 0; i < count; i++) {
        const tern_redis_reply *item = &reply->items[1 + 3 * i];
        answers[i] = (rate_answer){.remaining = (uint64_t)tern_redis_integer(&item[0], 0),
                                   .reset_us = (uint64_t)tern_redis_integer(&item[1], 0),
                                   .retry_us = (uint64_t)tern_redis_integer(&item[2], 0)};
        answers[i].is_allowed = answers[i].retry_us == 0;
    }
    return true;
}

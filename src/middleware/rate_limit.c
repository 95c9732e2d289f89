/**
 * Limits how many requests a client may make.
 *
 * Hot path: `run`. A request costs a clock, an update of a shared map under one lock, and a header of some 30 bytes
 * for each policy; the rest is made by `prepare`.
 */
#include "middleware/digits.h"
#include "middleware/rate_redis.h"

#include <tern/app.h>
#include <tern/log.h>
#include <tern/shared.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NAME_BYTES = 32, KEY_BYTES = 32, DEFAULT_KEYS = 100000, DEFAULT_IPV6_PREFIX = 64 };

#define QUOTA_EXCEEDED "https://iana.org/assignments/http-problem-types#quota-exceeded"

typedef struct limiter {
    tern_rate_limit_options options;
    tern_rate rates[RATE_RULES];
    unsigned count; /* of rates; RATE_RULES + 1: there were more */
    rate_rule rules[RATE_RULES];
    char names[RATE_RULES][NAME_BYTES];
    char policy[RATE_RULES * (NAME_BYTES + 48)]; /* the value of RateLimit-Policy */
    struct {
        char text[NAME_BYTES + 8]; /* `"name";r=` */
        size_t len;
    } begins[RATE_RULES]; /* of the members of RateLimit */
    const tern_kept_header *policy_header, *header;
    uint64_t life_ms; /* of a client's count */
    char id[48];      /* the name of the shared memory */
    tern_shared_map *map;
    struct limiter *next; /* in `prepared` */
} limiter;

static limiter *prepared; /* all of this process, to find those of one name */

/* -- before the application listens -- */

/** Fills in the defaults of a policy and checks it; false after a mistake was reported. */
static bool settle_rate(tern_app *app, tern_rate *rate, char name[NAME_BYTES])
{
    bool has_burst = rate->algorithm == TERN_RATE_TOKENS || rate->algorithm == TERN_RATE_GCRA;
    if (rate->algorithm > TERN_RATE_GCRA) {
        tern_mistake(app,
                     "rate_limit: .algorithm is %d: use one of TERN_RATE_SLIDING, _FIXED, _TOKENS and _GCRA",
                     (int)rate->algorithm);
        return false;
    }
    if (rate->burst != 0 && !has_burst) {
        tern_mistake(app,
                     "rate_limit: .burst is %u, but windows have no burst: set .algorithm = TERN_RATE_TOKENS",
                     rate->burst);
        return false;
    }
    rate->requests = rate->requests != 0 ? rate->requests : 100;
    rate->window_s = rate->window_s != 0 ? rate->window_s : 60;
    if (has_burst && rate->burst == 0)
        rate->burst = rate->algorithm == TERN_RATE_TOKENS ? rate->requests : 1;
    uint64_t most = has_burst && rate->burst > rate->requests ? rate->burst : rate->requests;
    if (most >= UINT32_MAX / 2 || most > INT64_MAX / 1000000 / rate->window_s) {
        tern_mistake(app, "rate_limit: %u requests in %u s are too many to count: use a shorter .window_s",
                     rate->requests, rate->window_s);
        return false;
    }
    if (has_burst && (uint64_t)rate->window_s * 1000000 < rate->requests) {
        tern_mistake(
            app, "rate_limit: %u requests in %u s are more than one a microsecond: use a smaller .requests",
            rate->requests, rate->window_s);
        return false;
    }
    if (rate->name == NULL)
        snprintf(name, NAME_BYTES, "%u-in-%us", rate->requests, rate->window_s);
    else if (strlen(rate->name) < NAME_BYTES)
        memcpy(name, rate->name, strlen(rate->name) + 1);
    bool is_plain =
        name[0] != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789-_.: ")] == '\0';
    if (!is_plain)
        tern_mistake(app,
                     "rate_limit: .name is \"%s\": use 1 to %d letters, digits, spaces and any of \"-_.:\"",
                     rate->name, NAME_BYTES - 1);
    return is_plain;
}

static bool settle_rates(tern_app *app, limiter *l)
{
    size_t len = 0;
    if (l->count > RATE_RULES) {
        tern_mistake(app, "rate_limit: .also has more than %d policies: use another rate_limit for the rest",
                     RATE_RULES - 1);
        return false;
    }
    for (unsigned i = 0; i < l->count; i++) {
        const tern_rate *rate = &l->rates[i];
        if (!settle_rate(app, &l->rates[i], l->names[i]))
            return false;
        for (unsigned k = 0; k < i; k++)
            if (strcmp(l->names[k], l->names[i]) == 0) {
                tern_mistake(app, "rate_limit: two policies have the name \"%s\": give one another .name",
                             l->names[i]);
                return false;
            }
        l->rules[i] = rate_rule_of(rate);
        uint64_t life_ms = rate_life_us(&l->rules[i]) / 1000 + 1;
        l->life_ms = life_ms > l->life_ms ? life_ms : l->life_ms;
        len += (size_t)snprintf(l->policy + len, sizeof l->policy - len, "%s\"%s\";q=%u;w=%u",
                                i != 0 ? ", " : "", l->names[i], rate->requests, rate->window_s);
        char *end = stpcpy(l->begins[i].text, i != 0 ? ", \"" : "\"");
        end = stpcpy(stpcpy(end, l->names[i]), "\";r=");
        l->begins[i].len = (size_t)(end - l->begins[i].text);
    }
    return true;
}

static bool check_key(tern_app *app, tern_rate_limit_options *o)
{
    if (o->by != NULL && o->by_header != NULL) {
        tern_mistake(app, "rate_limit: .by and .by_header (\"%s\") are both set: leave one out",
                     o->by_header);
        return false;
    }
    if (o->by_header != NULL && (o->by_header[0] == '\0' || strpbrk(o->by_header, " \t:\r\n") != NULL)) {
        tern_mistake(app, "rate_limit: .by_header is \"%s\", which is not the name of a header",
                     o->by_header);
        return false;
    }
    if (o->ipv6_prefix > 128) {
        tern_mistake(app, "rate_limit: .ipv6_prefix is %u: an address has 128 bits", o->ipv6_prefix);
        return false;
    }
    if (o->counts > TERN_COUNT_SUCCESSES) {
        tern_mistake(app, "rate_limit: .counts is %d: use one of TERN_COUNT_ALL, _FAILURES and _SUCCESSES",
                     (int)o->counts);
        return false;
    }
    o->ipv6_prefix = o->ipv6_prefix != 0 ? o->ipv6_prefix : DEFAULT_IPV6_PREFIX;
    o->keys = o->keys != 0 ? o->keys : DEFAULT_KEYS;
    return true;
}

static bool has_same_rules(const limiter *a, const limiter *b)
{
    bool is_same =
        a->count == b->count && strcmp(a->policy, b->policy) == 0 && a->options.keys == b->options.keys;
    for (unsigned i = 0; i < a->count && is_same; i++)
        is_same = a->rules[i].algorithm == b->rules[i].algorithm &&
                  a->rules[i].requests == b->rules[i].requests &&
                  a->rules[i].window_us == b->rules[i].window_us;
    return is_same;
}

/** Opens the memory of the counts. Limiters whose first policy has the same name, given by the application, share
 * it. */
static void open_map(tern_app *app, limiter *l)
{
    static unsigned unnamed;
    if (l->map != NULL) /* by another application of this process */
        return;
    if (l->options.name == NULL)
        snprintf(l->id, sizeof l->id, "rate %u", ++unnamed);
    else
        snprintf(l->id, sizeof l->id, "rate name %s", l->names[0]);
    for (const limiter *other = prepared; other != NULL && l->options.name != NULL; other = other->next)
        if (other->options.name != NULL && strcmp(other->names[0], l->names[0]) == 0 &&
            !has_same_rules(other, l)) {
            tern_mistake(
                app,
                "rate_limit: two have the .name \"%s\", and so one count, but other options: give them "
                "the same, or another .name",
                l->names[0]);
            return;
        }
    l->map = tern_shared_map_new(l->id, .entries = l->options.keys, .key_bytes = KEY_BYTES,
                                 .value_bytes = l->count * sizeof(rate_state));
    if (l->map == NULL)
        tern_mistake(app, "rate_limit: no shared memory for %zu keys: %s", l->options.keys, strerror(errno));
    l->next = prepared;
    prepared = l;
}

static void prepare(tern_app *app, void *options)
{
    limiter *l = options;
    if (l == NULL)
        tern_mistake(app, "rate_limit: out of memory for its options");
    else if (settle_rates(app, l) && check_key(app, &l->options))
        open_map(app, l);
    if (l == NULL)
        return;
    l->policy_header = tern_keep_header(app, "RateLimit-Policy", l->policy);
    l->header = tern_keep_header(app, "RateLimit", NULL);
}

/* -- whose request it is -- */

typedef struct key {
    unsigned char bytes[KEY_BYTES]; /* the first one says what the others are */
    size_t len;
    const char *text; /* the whole of it; NULL for an address */
} key;

enum { KEY_TEXT = 't', KEY_DIGEST = 'd', KEY_IPV4 = '4', KEY_IPV6 = '6' };

static void set_text(const limiter *l, key *k, const char *text)
{
    size_t len = strlen(text);
    bool fits = len < KEY_BYTES;
    k->bytes[0] = fits ? KEY_TEXT : KEY_DIGEST;
    k->len = fits ? len + 1 : 17;
    k->text = text;
    if (fits)
        memcpy(k->bytes + 1, text, len);
    else
        tern_shared_map_digest(l->map, text, len, k->bytes + 1);
}

static void set_address(const limiter *l, key *k, const char *address)
{
    unsigned char v6[16];
    size_t len = strlen(address);
    k->text = NULL;
    if (memchr(address, ':', len) == NULL &&
        len < KEY_BYTES) { /* Tern writes each address of IPv4 in one way */
        k->bytes[0] = KEY_IPV4;
        memcpy(k->bytes + 1, address, len);
        k->len = 1 + len;
        return;
    }
    if (inet_pton(AF_INET6, address, v6) != 1) {
        set_text(l, k, address); /* "unix:" */
        return;
    }
    unsigned whole = l->options.ipv6_prefix / 8, rest = l->options.ipv6_prefix % 8;
    k->bytes[0] = KEY_IPV6;
    memset(k->bytes + 1, 0, sizeof v6);
    memcpy(k->bytes + 1, v6, whole);
    if (rest != 0)
        k->bytes[1 + whole] = (unsigned char)(v6[whole] & 0xff << (8 - rest));
    k->len = 1 + sizeof v6;
}

static void find_key(tern_ctx *c, const limiter *l, key *k)
{
    const tern_rate_limit_options *o = &l->options;
    const char *text = o->by != NULL ? o->by(c) : o->by_header != NULL ? tern_header(c, o->by_header) : NULL;
    if (text != NULL)
        set_text(l, k, text);
    else
        set_address(l, k, tern_remote_address(c));
}

const char *tern_by_everyone(tern_ctx *c)
{
    (void)c;
    return "";
}

/* -- counting -- */

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

typedef struct check {
    const limiter *l;
    uint64_t now_us;
    uint32_t cost;
    bool is_allowed, is_in_redis;
    rate_answer answers[RATE_RULES];
} check;

static bool take(void *arg, void *value, size_t *value_len)
{
    check *ch = arg;
    size_t size = ch->l->count * sizeof(rate_state);
    if (*value_len != size)
        memset(value, 0, size);
    *value_len = size;
    ch->is_allowed = rate_take_all(ch->l->rules, ch->l->count, value, ch->answers, ch->now_us, ch->cost);
    return ch->is_allowed && ch->cost != 0; /* a refusal changes nothing */
}

static bool give_back(void *arg, void *value, size_t *value_len)
{
    const check *ch = arg;
    if (*value_len != ch->l->count * sizeof(rate_state))
        return false; /* forgotten */
    for (unsigned i = 0; i < ch->l->count; i++)
        rate_give_back(&ch->l->rules[i], (rate_state *)value + i, ch->now_us, ch->cost);
    return true;
}

/** Counts the request, in Redis if it is to be and can be. */
static void count_request(tern_ctx *c, const limiter *l, const key *k, check *ch)
{
    tern_str name =
        k->text != NULL ? (tern_str){k->text, strlen(k->text)} : (tern_str){(const char *)k->bytes, k->len};
    ch->is_in_redis = l->options.redis && rate_redis_take(c, l->id, name, l->rules, l->count, ch->cost,
                                                          ch->answers, &ch->is_allowed);
    if (!ch->is_in_redis)
        tern_shared_map_renew(l->map, k->bytes, k->len, l->life_ms, take, ch);
}

static void uncount_request(tern_ctx *c, const limiter *l, const key *k, check *ch)
{
    tern_str name =
        k->text != NULL ? (tern_str){k->text, strlen(k->text)} : (tern_str){(const char *)k->bytes, k->len};
    ch->now_us = now_us();
    if (ch->is_in_redis)
        rate_redis_take(c, l->id, name, l->rules, l->count, -(int64_t)ch->cost, ch->answers, &ch->is_allowed);
    else
        tern_shared_map_update(l->map, k->bytes, k->len, l->life_ms, give_back, ch);
}

/* -- telling the client -- */

static uint64_t seconds(uint64_t us)
{
    return (us + 999999) / 1000000;
}

/** The members of limiters around this one come first. */
static void set_headers(tern_ctx *c, const check *ch)
{
    const limiter *l = ch->l;
    char text[RATE_RULES * (NAME_BYTES + 32)];
    char *at = text;
    if (l->options.hide_headers)
        return;
    for (unsigned i = 0; i < l->count; i++) {
        const rate_answer *a = &ch->answers[i];
        memcpy(at, l->begins[i].text, l->begins[i].len);
        at = digits_put(at + l->begins[i].len, (uint32_t)(a->is_allowed ? a->remaining : 0));
        memcpy(at, ";t=", 3);
        at = digits_put(at + 3, (uint32_t)seconds(a->is_allowed ? a->reset_us : a->retry_us));
    }
    *at = '\0';
    const char *policies = tern_reply_header(c, "RateLimit-Policy"),
               *counts = tern_reply_header(c, "RateLimit");
    tern_set_kept_header(c, l->policy_header,
                         policies != NULL ? tern_sprintf(c, "%s, %s", policies, l->policy) : NULL);
    tern_set_kept_header(c, l->header, counts != NULL ? tern_sprintf(c, "%s, %s", counts, text) : text);
}

static tern_reply refuse(tern_ctx *c, const check *ch)
{
    unsigned worst = 0;
    for (unsigned i = 1; i < ch->l->count; i++)
        if (ch->answers[i].retry_us > ch->answers[worst].retry_us)
            worst = i;
    uint64_t retry_s = seconds(ch->answers[worst].retry_us);
    const tern_rate *rate = &ch->l->rates[worst];
    set_headers(c, ch);
    tern_set_header(c, "Retry-After", tern_sprintf(c, "%u", (unsigned)retry_s));
    return tern_problem_reply(
        c, &(tern_problem){.status = 429,
                           .type = QUOTA_EXCEEDED,
                           .title = "Too Many Requests",
                           .detail = tern_sprintf(c, "the limit is %u requests in %u s: try again in %u s",
                                                  rate->requests, rate->window_s, (unsigned)retry_s)});
}

/* -- around the handler -- */

static bool is_counted(const limiter *l, int status)
{
    return l->options.counts == TERN_COUNT_ALL ||
           (status >= 400) == (l->options.counts == TERN_COUNT_FAILURES);
}

static tern_reply run(tern_ctx *c, void *options)
{
    const limiter *l = options;
    if (tern_is_health_check(c))
        return tern_next(c);
    key k;
    find_key(c, l, &k);
    check ch = {.l = l, .now_us = now_us(), .cost = l->options.cost != NULL ? l->options.cost(c) : 1};
    count_request(c, l, &k, &ch);
    if (!ch.is_allowed)
        return refuse(c, &ch);
    set_headers(c, &ch); /* those that are set now stay when the handler fails */
    tern_reply reply = tern_next(c);
    if (!is_counted(l, reply.status))
        uncount_request(c, l, &k, &ch);
    return reply;
}

/* -- by hand -- */

static tern_rate_answer count_by_hand(tern_ctx *c, const tern_middleware *limit, const char *key_text,
                                      uint32_t cost)
{
    const limiter *l = limit->options;
    key k;
    set_text(l, &k, key_text);
    check ch = {.l = l, .now_us = now_us(), .cost = cost};
    count_request(c, l, &k, &ch);
    tern_rate_answer answer = {.is_allowed = ch.is_allowed};
    for (unsigned i = 0; i < l->count; i++)
        if (seconds(ch.answers[i].retry_us) > answer.retry_s)
            answer.retry_s = (unsigned)seconds(ch.answers[i].retry_us);
    return answer;
}

tern_rate_answer tern_rate_take(tern_ctx *c, const tern_middleware *limit, const char *key_text)
{
    return count_by_hand(c, limit, key_text, 1);
}

tern_rate_answer tern_rate_look(tern_ctx *c, const tern_middleware *limit, const char *key_text)
{
    tern_rate_answer answer = tern_rate_take(c, limit, key_text);
    if (answer.is_allowed)
        tern_rate_give_back(c, limit, key_text);
    return answer;
}

void tern_rate_give_back(tern_ctx *c, const tern_middleware *limit, const char *key_text)
{
    const limiter *l = limit->options;
    key k;
    set_text(l, &k, key_text);
    check ch = {.l = l, .cost = 1, .is_in_redis = l->options.redis};
    uncount_request(c, l, &k, &ch);
}

void tern_rate_prepare(tern_app *app, const tern_middleware *limit)
{
    limit->prepare(app, limit->options);
}

const char *tern_client_network(tern_ctx *c)
{
    unsigned char v6[16];
    char text[INET6_ADDRSTRLEN];
    const char *address = tern_remote_address(c);
    if (strchr(address, ':') == NULL || inet_pton(AF_INET6, address, v6) != 1)
        return address;
    memset(v6 + 8, 0, 8);
    return tern_sprintf(c, "%s/64", inet_ntop(AF_INET6, v6, text, sizeof text));
}

tern_middleware tern_rate_limit_with(const tern_rate_limit_options *options)
{
    limiter l = {.options = *options, .count = 1};
    l.rates[0] =
        (tern_rate){options->requests, options->window_s, options->algorithm, options->burst, options->name};
    for (const tern_rate *rate = options->also; rate != NULL && (rate->requests | rate->window_s) != 0;
         rate++)
        if (l.count++ < RATE_RULES)
            l.rates[l.count - 1] = *rate;
    return (tern_middleware){
        .name = "rate_limit",
        .stage = options->by == NULL && options->by_header == NULL ? TERN_STAGE_LIMIT : TERN_STAGE_ANY,
        .repeats = true,
        .run = run,
        .options = tern_keep(&l, sizeof l),
        .skip = options->skip,
        .prepare = prepare,
        .answers = "429",
        .headers = options->hide_headers ? "Retry-After" : "RateLimit, RateLimit-Policy"};
}

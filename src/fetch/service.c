#include "fetch/service.h"

#include "base/clock.h"
#include "base/random.h"

#include "fetch/srv.h"
#include "runtime/loop.h"

#include <tern/fetch.h>
#include <tern/log.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* -- picking -- */

/* xorshift64: which target is next is not a secret. */
static size_t draw(size_t below)
{
    static uint64_t state;
    if (state == 0 && (!random_bytes(&state, sizeof state) || state == 0))
        state = clock_ns() | 1;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below > 1 ? (size_t)((state >> 11) % below) : 0;
}

static fetch_host *get_host(const fetch_service *s, const char *base)
{
    char key[2048]; /* `prepare` has bounded the parts */
    size_t name_len = strlen(s->name), base_len = strlen(base);
    memcpy(key, s->name, name_len);
    key[name_len] = ' ';
    memcpy(key + name_len + 1, base, base_len);
    fetch_host *h = host_get(key, name_len + 1 + base_len);
    if (h != NULL)
        h->is_target = true;
    return h;
}

static bool find_hosts(fetch_service *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->targets[i].host == NULL && (s->targets[i].host = get_host(s, s->targets[i].base)) == NULL)
            return false;
    return true;
}

/* How well a target fits an attempt: the highest class that has a target is drawn from. */
static unsigned class_of(const fetch_service *s, size_t i, const service_tried *tried)
{
    if (host_is_paused(s->targets[i].host))
        return 0;
    if ((tried->targets & UINT64_C(1) << i) == 0)
        return 3;
    return i != tried->last ? 2 : 1;
}

/* The indices of the targets that fit best. */
static size_t find_fitting(const fetch_service *s, const service_tried *tried, size_t *fitting)
{
    size_t count = 0;
    unsigned best_class = 0, best_priority = UINT_MAX;
    for (size_t i = 0; i < s->count; i++) {
        unsigned class = class_of(s, i, tried), priority = s->targets[i].priority;
        if (class < best_class || (class == best_class && priority > best_priority))
            continue;
        if (class > best_class || priority < best_priority)
            count = 0;
        best_class = class;
        best_priority = priority;
        fitting[count++] = i;
    }
    return count;
}

/* RFC 2782: a weight of 0 has a very small chance while others have more. */
static size_t weight_of(const service_target *t)
{
    return t->weight != 0 ? (size_t)t->weight * 100 : 1;
}

/* Takes one out of the list, each with a chance by its weight. */
static size_t take_random(const fetch_service *s, size_t *fitting, size_t *count)
{
    size_t all = 0, at = 0;
    for (size_t i = 0; i < *count; i++)
        all += weight_of(&s->targets[fitting[i]]);
    for (size_t left = draw(all); at + 1 < *count && left >= weight_of(&s->targets[fitting[at]]); at++)
        left -= weight_of(&s->targets[fitting[at]]);
    size_t taken = fitting[at];
    fitting[at] = fitting[--*count];
    return taken;
}

static bool is_less_busy(const service_target *a, const service_target *b)
{
    return (a->host->running + a->host->waiting) * weight_of(b) <
           (b->host->running + b->host->waiting) * weight_of(a);
}

const service_target *service_pick(fetch_service *s, service_tried *tried, arena *a)
{
    size_t fitting[SERVICE_TARGETS_MOST];
    if (tried->version != s->version)
        *tried = (service_tried){.version = s->version};
    if (!find_hosts(s))
        return NULL;
    size_t count = find_fitting(s, tried, fitting);
    if (count == 0)
        return NULL;
    size_t picked = take_random(s, fitting, &count);
    if (count != 0) {
        size_t other = take_random(s, fitting, &count);
        if (is_less_busy(&s->targets[other], &s->targets[picked]))
            picked = other;
    }
    tried->targets |= UINT64_C(1) << picked;
    tried->last = picked;
    tried->base = arena_text(a, s->targets[picked].base, strlen(s->targets[picked].base));
    return tried->base != NULL ? &s->targets[picked] : NULL;
}

bool service_may_eject(const fetch_service *s, const fetch_host *h)
{
    size_t ejected = 0, most = s->count > 1 ? s->count / 2 : 1;
    for (size_t i = 0; i < s->count; i++)
        if (s->targets[i].host != NULL && s->targets[i].host != h)
            ejected += s->targets[i].host->paused_until_ms != 0; /* until it has worked again */
    return ejected < most;
}

const char *service_resolve(fetch_target *t, arena *a, const service_target *at, const fetch_target *logical)
{
    const char *rest = strstr(logical->url, "://");
    rest = rest != NULL ? rest + 3 : logical->url;
    rest += strcspn(rest, "/?");
    const char *url = arena_printf(a, "%s%s", at->base, rest);
    return url != NULL ? target_read(t, a, url, NULL) : "out of memory";
}

/* -- the list of .srv -- */

typedef struct service_waiter {
    list_link link;
    coro *waiting;
} service_waiter;

static void release_hosts(service_target *targets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (targets[i].host != NULL)
            host_release(targets[i].host);
}

/* Replaces the list; hosts that are in both lists keep their failures and pauses. False when out of memory. */
static bool take_list(fetch_service *s, const srv_answer *answer)
{
    service_target fresh[SERVICE_TARGETS_MOST];
    const char *scheme = strncmp(s->srv, "_https.", 7) == 0 ? "https" : "http";
    char base[sizeof answer->records[0].host + 24];
    for (size_t i = 0; i < answer->count; i++) {
        const srv_record *r = &answer->records[i];
        snprintf(base, sizeof base, "%s://%s:%u", scheme, r->host, (unsigned)r->port);
        fetch_host *h = get_host(s, base);
        if (h == NULL) {
            release_hosts(fresh, i);
            return false;
        }
        fresh[i] = (service_target){h->key + strlen(s->name) + 1, h, r->priority, r->weight};
    }
    release_hosts(s->targets, s->count);
    memcpy(s->targets, fresh, answer->count * sizeof *fresh);
    s->count = answer->count;
    s->version++;
    return true;
}

static void on_answer(void *arg, const srv_answer *answer)
{
    enum { AGAIN_S = 1 };
    fetch_service *s = arg;
    list_link *link;
    s->running = NULL;
    s->problem = answer->problem;
    if (s->problem == NULL && !take_list(s, answer))
        s->problem = "out of memory";
    s->until_ms = loop_self.now_ms + (s->problem == NULL ? answer->ttl_s : AGAIN_S) * UINT64_C(1000);
    if (s->problem != NULL)
        tern_log(TERN_LOG_WARN, "fetch: the SRV records of %s cannot be looked up: %s%s", s->srv, s->problem,
                 s->count != 0 ? "; the list before is used" : "");
    while ((link = list_take_first(&s->waiting)) != NULL)
        coro_wake(list_owner(link, service_waiter, link)->waiting);
}

static bool wait_for_list(fetch_service *s, uint64_t at_ms, coro_outcome *outcome)
{
    service_waiter waiter = {.waiting = coro_self()};
    list_append(&s->waiting, &waiter.link);
    *outcome = coro_wait(at_ms);
    list_remove(&waiter.link);
    return *outcome != CORO_CANCELLED && loop_self.now_ms < at_ms;
}

host_turn service_await(fetch_service *s, uint64_t at_ms)
{
    enum { OLD_MOST_MS = SRV_TTL_MOST_S * 1000 }; /* longer out of date: then calls wait for the new list */
    coro_outcome outcome;
    if (s->srv == NULL || (s->count != 0 && loop_self.now_ms < s->until_ms))
        return HOST_GO;
    if (!s->has_waiting)
        list_init(&s->waiting);
    s->has_waiting = true;
    if (s->running == NULL && loop_self.now_ms >= s->until_ms &&
        (s->running = srv_start(s->srv, on_answer, s)) == NULL)
        s->problem = "out of memory or threads";
    bool is_usable = s->count != 0 && loop_self.now_ms < s->until_ms + OLD_MOST_MS;
    while (s->running != NULL && !is_usable)
        if (!wait_for_list(s, at_ms, &outcome))
            return outcome == CORO_CANCELLED ? HOST_CANCELLED : HOST_LATE;
        else
            is_usable = s->count != 0 && s->running == NULL;
    return s->count != 0 ? HOST_GO : HOST_PAUSED;
}

/* -- declaring -- */

static bool is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 63 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == len &&
           name[0] >= 'a' && name[0] <= 'z' && name[len - 1] != '.' && strstr(name, "..") == NULL;
}

static bool check_target(const fetch_service *s, size_t i, buf *problems)
{
    enum { BASE_MOST = 1024 };
    fetch_target t;
    const char *base = s->targets[i].base, *problem = "it is longer than 1,024 bytes";
    if (strlen(base) <= BASE_MOST)
        problem = target_read(&t, &s->app->arena, base, NULL);
    if (problem == NULL) {
        const char *host = strstr(base, "://") + 3;
        if (host[strcspn(host, "/?#")] != '\0')
            problem = "a target is a scheme, a host and a port, without a path: \"http://10.0.0.1:8080\"";
    }
    for (size_t before = 0; problem == NULL && before < i; before++)
        if (strcasecmp(s->targets[before].base, base) == 0)
            problem = "it is given twice";
    if (problem != NULL)
        buf_add_printf(problems, "the target \"%s\" of the service \"%s\": %s\n", base, s->name, problem);
    return problem == NULL;
}

static bool is_srv_name(const char *name)
{
    size_t len = strlen(name);
    return len <= 253 && (strncmp(name, "_http._tcp.", 11) == 0 || strncmp(name, "_https._tcp.", 12) == 0) &&
           name[len - 1] != '.' && strstr(name, "..") == NULL &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

/* What is wrong with a service, but for its targets; NULL: nothing. */
static const char *mistake(const fetch_service *s)
{
    if (!is_name(s->name))
        return "its name must be at most 63 of a-z, 0-9, '-', '_' and '.', and begin with a letter";
    if (service_of(s->app, s->name) != s)
        return "it is declared twice: give all its targets at once";
    if (s->srv != NULL && s->count != 0)
        return "it has both .targets and .srv: give one of them";
    if (s->srv != NULL && !is_srv_name(s->srv))
        return "its .srv must be \"_http._tcp.NAME\" or \"_https._tcp.NAME\"";
    if (s->srv == NULL && s->count == 0)
        return "it has no targets: give 1 to 64 in .targets = TERN_TARGETS(...), or .srv";
    return s->count > SERVICE_TARGETS_MOST ? "it has more than 64 targets" : NULL;
}

static bool prepare(void *arg, buf *problems)
{
    const fetch_service *s = arg;
    const char *wrong = mistake(s);
    bool is_right = wrong == NULL;
    if (wrong != NULL)
        buf_add_printf(problems, "the service \"%s\" of tern_fetch_service: %s\n", s->name, wrong);
    for (size_t i = 0; wrong == NULL && i < s->count; i++)
        is_right = check_target(s, i, problems) && is_right;
    return is_right;
}

/* A worker ends: nothing calls any more. */
static void stop(void *arg)
{
    fetch_service *s = arg;
    if (s->running != NULL)
        srv_forget(s->running);
    s->running = NULL;
    release_hosts(s->targets, s->count);
    for (size_t i = 0; i < s->count; i++)
        s->targets[i].host = NULL;
    if (s->srv != NULL)
        s->count = 0; /* their texts are the hosts' */
    hosts_forget();
}

fetch_service *service_of(const tern_app *app, const char *name)
{
    for (const app_hook *hook = app->hooks; hook != NULL; hook = hook->next)
        if (hook->prepare == prepare && strcmp(((const fetch_service *)hook->arg)->name, name) == 0)
            return hook->arg;
    return NULL;
}

void tern_fetch_service_with(tern_app *app, const char *name, const tern_fetch_service_options *options)
{
    fetch_service *s = app_keep(app, sizeof *s);
    if (s == NULL)
        return; /* recorded: app_compile reports it */
    s->app = app;
    s->name = app_keep_text(app, name != NULL ? name : "");
    s->srv = app_keep_text(app, options->srv);
    if (s->name == NULL || (options->srv != NULL && s->srv == NULL))
        return;
    for (const char *const *at = options->targets; at != NULL && *at != NULL; at++) {
        if (s->count < SERVICE_TARGETS_MOST) {
            char *base = (char *)(uintptr_t)app_keep_text(app, *at);
            if (base == NULL)
                return;
            size_t len = strlen(base);
            if (len > 0 && base[len - 1] == '/')
                base[len - 1] = '\0'; /* "http://a/" is the origin, too */
            s->targets[s->count].base = base;
            s->targets[s->count].weight = 1;
        }
        s->count++;
    }
    app_add_hook(app, &(app_hook){.prepare = prepare, .stop = stop, .arg = s});
}

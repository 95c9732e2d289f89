#include "fetch/service.h"

#include "base/clock.h"
#include "base/random.h"

#include <tern/fetch.h>

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
    return (size_t)((state >> 11) % below);
}

static bool find_hosts(fetch_service *s)
{
    for (size_t i = 0; i < s->count; i++) {
        service_target *t = &s->targets[i];
        char key[2048]; /* `prepare` has bounded the parts */
        if (t->host != NULL)
            continue;
        size_t name_len = strlen(s->name), base_len = strlen(t->base);
        memcpy(key, s->name, name_len);
        key[name_len] = ' ';
        memcpy(key + name_len + 1, t->base, base_len);
        if ((t->host = host_get(key, name_len + 1 + base_len)) == NULL)
            return false;
        t->host->is_target = true;
    }
    return true;
}

/* How well a target fits an attempt: the highest class that has a target is drawn from. */
static unsigned class_of(const service_target *t, uint64_t bit, const service_tried *tried)
{
    if (host_is_paused(t->host))
        return 0;
    if ((tried->targets & bit) == 0)
        return 3;
    return t != tried->last ? 2 : 1;
}

static unsigned load_of(const service_target *t)
{
    return t->host->running + t->host->waiting;
}

const service_target *service_pick(fetch_service *s, service_tried *tried)
{
    size_t fitting[SERVICE_TARGETS_MOST], count = 0;
    unsigned best = 0;
    if (!find_hosts(s))
        return NULL;
    for (size_t i = 0; i < s->count; i++) {
        unsigned class = class_of(&s->targets[i], UINT64_C(1) << i, tried);
        if (class > best)
            count = 0;
        if (class >= best)
            fitting[count++] = i;
        best = class > best ? class : best;
    }
    size_t first = draw(count), picked = fitting[first];
    if (count > 1) { /* two different ones, in random order, so that a tie is random */
        size_t second = (first + 1 + draw(count - 1)) % count;
        if (load_of(&s->targets[fitting[second]]) < load_of(&s->targets[picked]))
            picked = fitting[second];
    }
    tried->targets |= UINT64_C(1) << picked;
    tried->last = &s->targets[picked];
    return tried->last;
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

static bool prepare(void *arg, buf *problems)
{
    const fetch_service *s = arg;
    bool is_right = true;
    if (!is_name(s->name)) {
        buf_add_printf(
            problems,
            "the service \"%s\" of tern_fetch_service: its name must be at most 63 of a-z, 0-9, '-', '_' "
            "and '.', and begin with a letter\n",
            s->name);
        return false;
    }
    if (s->count == 0 || s->count > SERVICE_TARGETS_MOST) {
        buf_add_printf(problems,
                       "the service \"%s\" has %zu targets: give 1 to %d in .targets = TERN_TARGETS(...)\n",
                       s->name, s->count, SERVICE_TARGETS_MOST);
        return false;
    }
    if (service_of(s->app, s->name) != s) {
        buf_add_printf(problems, "the service \"%s\" is declared twice: give all its targets at once\n",
                       s->name);
        return false;
    }
    for (size_t i = 0; i < s->count; i++)
        is_right = check_target(s, i, problems) && is_right;
    return is_right;
}

/* A worker ends: nothing calls any more. */
static void stop(void *arg)
{
    fetch_service *s = arg;
    for (size_t i = 0; i < s->count; i++) {
        if (s->targets[i].host != NULL)
            host_release(s->targets[i].host);
        s->targets[i].host = NULL;
    }
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
    if (s->name == NULL)
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
        }
        s->count++;
    }
    app_add_hook(app, &(app_hook){.prepare = prepare, .stop = stop, .arg = s});
}

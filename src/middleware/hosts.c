/** Refuses requests for hosts that are not the application's. */
#include <tern/security.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { HOSTS_MAX = 64 };

typedef struct text {
    const char *data;
    size_t len;
} text;

typedef struct host {
    text name, port; /* no port: any */
    bool is_for_children, is_for_itself;
} host;

typedef struct hosts {
    const char *allow;
    size_t count; /* of `list`, which prepare fills in */
    host list[HOSTS_MAX];
} hosts;

static const char dividers[] = ", \t\r\n";

/** Divides "host:port"; the brackets of an IPv6 address are a part of the host. */
static void divide(const char *data, size_t len, text *name, text *port)
{
    size_t at = len;
    while (at > 0 && data[at - 1] >= '0' && data[at - 1] <= '9')
        at--;
    bool has_port = at > 0 && data[at - 1] == ':';
    *name = (text){data, has_port ? at - 1 : len};
    *port = has_port ? (text){data + at, len - at} : (text){"", 0};
}

/** What is wrong with an element of the list, or NULL. */
static const char *fault_of(const host *h, const char *data, size_t len)
{
    if (memchr(data, '/', len) != NULL)
        return "write the host alone, without a scheme and a path";
    if (len == 1 && data[0] == '*')
        return "it is every host; leave the piece out";
    if (memchr(h->name.data, '*', h->name.len) != NULL)
        return "a * is the first label and nothing else";
    if (h->name.len > 0 && h->name.data[0] != '[' && memchr(h->name.data, ':', h->name.len) != NULL)
        return "write an IPv6 address in brackets";
    return h->name.len == 0 || h->name.data[h->name.len - 1] == '.' ? "write a host, like example.org" : NULL;
}

static host read_host(const char *data, size_t len)
{
    host h = {.is_for_itself = true};
    divide(data, len, &h.name, &h.port);
    if (h.name.len > 2 && h.name.data[0] == '*' && h.name.data[1] == '.') {
        h.is_for_itself = false;
        h.name = (text){h.name.data + 1, h.name.len - 1};
    }
    if (h.name.len > 0 && h.name.data[0] == '.') {
        h.is_for_children = true;
        h.name = (text){h.name.data + 1, h.name.len - 1};
    }
    return h;
}

static void prepare(tern_app *app, void *options)
{
    hosts *own = options;
    if (own == NULL || own->allow == NULL) {
        tern_mistake(app, own == NULL
                              ? "hosts: out of memory"
                              : "hosts: .allow is missing: name the hosts, like .allow = \"example.org\"");
        return;
    }
    for (const char *at = own->allow + strspn(own->allow, dividers); *at != '\0';) {
        size_t len = strcspn(at, dividers);
        if (own->count == HOSTS_MAX) {
            tern_mistake(app, "hosts: .allow has more than %d hosts", HOSTS_MAX);
            return;
        }
        host *h = &own->list[own->count++];
        *h = read_host(at, len);
        const char *fault = fault_of(h, at, len);
        if (fault != NULL)
            tern_mistake(app, "hosts: .allow has \"%.*s\", which is not a host: %s", (int)len, at, fault);
        at += len;
        at += strspn(at, dividers);
    }
    if (own->count == 0)
        tern_mistake(app, "hosts: .allow is empty: name the hosts, like .allow = \"example.org\"");
}

static bool is_equal(text a, text b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

static bool admits(const host *h, text name, text port)
{
    if (h->port.len != 0 && !is_equal(h->port, port))
        return false;
    if (h->is_for_itself && is_equal(h->name, name))
        return true;
    if (!h->is_for_children || name.len < h->name.len + 2)
        return false;
    const text end = {name.data + name.len - h->name.len, h->name.len};
    return end.data[-1] == '.' && is_equal(h->name, end);
}

/** What asks for them is the machine itself, by its address. */
static bool is_health_check(tern_ctx *c)
{
    const char *route = tern_route_pattern(c);
    return strcmp(route, "/healthz") == 0 || strcmp(route, "/readyz") == 0;
}

static tern_reply run(tern_ctx *c, void *options)
{
    const hosts *own = options;
    const char *asked = tern_host(c);
    text name, port;
    divide(asked, strlen(asked), &name, &port);
    if (name.len > 1 && name.data[name.len - 1] == '.') /* the same name, written in full */
        name.len--;
    for (size_t i = 0; i < own->count; i++)
        if (admits(&own->list[i], name, port))
            return tern_next(c);
    if (is_health_check(c))
        return tern_next(c);
    if (asked[0] == 0)
        tern_fail(c, 400, "the request names no host");
    tern_fail(c, 400, "this service is not at the host %s", asked);
}

tern_middleware tern_hosts_with(const tern_hosts_options *options)
{
    const hosts own = {.allow = options->allow};
    return (tern_middleware){.name = "hosts",
                             .run = run,
                             .options = tern_keep(&own, sizeof own),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "400",
                             .stage = TERN_STAGE_HOST};
}

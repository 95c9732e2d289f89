/** Closes the service while a file exists, or a switch is on. */
#include <tern/app.h>
#include <tern/limits.h>
#include <tern/log.h>
#include <tern/shared.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NETWORKS = 32 };

/** An address, and how many of its bits count. */
typedef struct network {
    int family;
    unsigned bits;
    unsigned char bytes[16];
} network;

typedef struct closing {
    tern_maintenance_options options;
    network allowed[NETWORKS];
    unsigned allowed_count;
    /* of this worker: what the file said, and when it was looked at */
    time_t looked_s;
    bool has_file;
} closing;

static _Atomic int *switched; /* in shared memory: whether tern_maintenance_switch closed the service */

/* -- networks -- */

static bool read_network(const char *text, size_t len, network *n)
{
    char word[64];
    if (len >= sizeof word)
        return false;
    memcpy(word, text, len);
    word[len] = '\0';
    char *slash = strchr(word, '/'), *end = NULL;
    if (slash != NULL)
        *slash = '\0';
    n->family = strchr(word, ':') != NULL ? AF_INET6 : AF_INET;
    unsigned most = n->family == AF_INET6 ? 128 : 32;
    n->bits = most;
    if (inet_pton(n->family, word, n->bytes) != 1)
        return false;
    if (slash == NULL)
        return true;
    unsigned bits = 0;
    for (end = slash + 1; *end >= '0' && *end <= '9' && bits <= most; end++)
        bits = 10 * bits + (unsigned)(*end - '0');
    n->bits = bits;
    return end != slash + 1 && *end == '\0' && bits <= most;
}

static bool has_address(const network *n, int family, const unsigned char *bytes)
{
    unsigned whole = n->bits / 8, rest = n->bits % 8;
    return n->family == family && memcmp(n->bytes, bytes, whole) == 0 &&
           (rest == 0 || (n->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0);
}

static bool is_allowed(const closing *m, const char *address)
{
    unsigned char bytes[16];
    int family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
    if (m->allowed_count == 0 || inet_pton(family, address, bytes) != 1)
        return false;
    for (unsigned i = 0; i < m->allowed_count; i++)
        if (has_address(&m->allowed[i], family, bytes))
            return true;
    return false;
}

static void read_networks(tern_app *app, closing *m)
{
    static const char separators[] = ", \t";
    const char *at = m->options.allow;
    while (at != NULL && *(at += strspn(at, separators)) != '\0') {
        size_t len = strcspn(at, separators);
        if (m->allowed_count == NETWORKS)
            tern_mistake(app, "maintenance: .allow has more than %d networks: join them to larger ones",
                         NETWORKS);
        else if (!read_network(at, len, &m->allowed[m->allowed_count]))
            tern_mistake(
                app,
                "maintenance: .allow has \"%.*s\", which is not an address or network: write 192.0.2.1, "
                "10.0.0.0/8 or 2001:db8::/32",
                (int)len, at);
        if (m->allowed_count == NETWORKS)
            return;
        m->allowed_count++;
        at += len;
    }
}

/* -- whether it is closed -- */

static bool file_exists(closing *m)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != m->looked_s) {
        m->looked_s = now.tv_sec;
        m->has_file = access(m->options.file, F_OK) == 0;
    }
    return m->has_file;
}

static bool is_closed(closing *m)
{
    return atomic_load_explicit(switched, memory_order_relaxed) != 0 ||
           (m->options.file != NULL && file_exists(m));
}

void tern_maintenance_switch(bool on)
{
    if (switched == NULL)
        tern_log(TERN_LOG_WARN, "tern_maintenance_switch: no route uses tern_maintenance");
    else if (atomic_exchange(switched, on) != on)
        tern_log(TERN_LOG_INFO,
                 on ? "maintenance: the service is closed" : "maintenance: the service is open again");
}

/* -- around the handler -- */

static tern_reply run(tern_ctx *c, void *options)
{
    closing *m = options;
    if (!is_closed(m) || tern_is_health_check(c) || is_allowed(m, tern_remote_address(c)))
        return tern_next(c);
    const tern_maintenance_options *o = &m->options;
    const tern_problem problem = {.status = 503, .title = tern_status_text(503), .detail = o->message};
    tern_set_header(c, "Retry-After", tern_sprintf(c, "%u", o->retry_after_s));
    tern_set_header(c, "Cache-Control", "no-store");
    if (o->page == NULL)
        return tern_problem_reply(c, &problem);
    tern_vary(c, "Accept");
    return tern_prefers_html(c) ? tern_with_status(o->page(c, &problem), 503)
                                : tern_problem_reply(c, &problem);
}

static void prepare(tern_app *app, void *options)
{
    closing *m = options;
    if (m == NULL) {
        tern_mistake(app, "maintenance: out of memory for its options");
        return;
    }
    tern_maintenance_options *o = &m->options;
    o->message = o->message != NULL ? o->message : "the service is under maintenance";
    o->retry_after_s = o->retry_after_s != 0 ? o->retry_after_s : 60;
    if (o->file != NULL && o->file[0] == '\0')
        tern_mistake(app, "maintenance: .file is \"\": name the file that closes the service");
    read_networks(app, m);
    switched = tern_shared_memory_new("maintenance", sizeof *switched);
    if (switched == NULL)
        tern_mistake(app, "maintenance: no shared memory: %s", strerror(errno));
    else if (o->on)
        atomic_store(switched, 1);
}

tern_middleware tern_maintenance_with(const tern_maintenance_options *options)
{
    const closing m = {.options = *options};
    return (tern_middleware){.name = "maintenance",
                             .run = run,
                             .options = tern_keep(&m, sizeof m),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "503",
                             .headers = "Retry-After",
                             .stage = TERN_STAGE_ADMIT,
                             .repeats = true};
}

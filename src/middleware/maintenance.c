/** Closes the service while a file exists, or a switch is on. */
#include <tern/access.h>
#include <tern/app.h>
#include <tern/limits.h>
#include <tern/log.h>
#include <tern/shared.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct closing {
    tern_maintenance_options options;
    const tern_networks *allowed; /* NULL: nobody */
    /* of this worker: what the file said, and when it was looked at */
    time_t looked_s;
    bool has_file;
} closing;

static _Atomic int *switched; /* in shared memory: whether tern_maintenance_switch closed the service */

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
    if (!is_closed(m) || tern_is_health_check(c) ||
        (m->allowed != NULL && tern_networks_have(m->allowed, tern_remote_address(c))))
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
    if (o->allow != NULL)
        m->allowed = tern_networks_new(app, "maintenance: .allow", o->allow);
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

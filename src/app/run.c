/** From the command line to a served application: the last thing a program's `main` calls. */
#include "app/run.h"

#include "app/acme.h"
#include "app/command.h"
#include "app/middleware.h"
#include "app/openapi/openapi.h"
#include "app/security/safe_headers.h"
#include "app/tls_start.h"

#include "base/log.h"
#include "http/forwarded.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/worker.h"
#include "schema/json/indent.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/** The state of one command; in a worker, of serving. */
typedef struct run_state {
    tern_app *app;
    settings settings;
    const char *program; /* as users type it, without folders */
    tls_start tls;
    app_acme acme;
} run_state;

/* -- the work of a worker -- */

/**
 * The limits for http. Parked connections are closed for new ones shortly before the worker stops accepting,
 * so that idle clients cannot keep others out.
 */
static http_limits limits_of(const tern_app *app, const settings *s)
{
    const tern_limits *l = &s->limits;
    const char *name = app->options.server_name;
    unsigned default_count;
    const http_default *defaults = safe_headers_of(app, &default_count);
    unsigned reserve = l->connections < 16 ? l->connections > 1 : l->connections / 16;
    return (http_limits){
        .head = {.head_bytes = l->head_bytes,
                 .target_bytes = l->url_bytes,
                 .fields = l->headers,
                 .keeps_underscores = app->options.underscores == TERN_UNDERSCORES_KEPT,
                 .underscored_names = app->underscored.list,
                 .underscored_count = app->underscored.count},
        .handshake_ms = s->tls_handshake_ms,
        .handshakes = s->tls_handshakes,
        .redirects_to_https = s->redirect_https != 0,
        .https_port = tls_start_port(s),
        .hsts = tls_start_hsts(s),
        .head_ms = l->head_timeout_ms,
        .idle_ms = l->idle_timeout_ms,
        .body_ms = l->body_timeout_ms,
        .min_rate_bytes_s = l->min_rate,
        .body_bytes = l->body_bytes,
        .arena_bytes = l->request_memory,
        .connections = l->connections - reserve,
        .requests_per_connection = l->requests_per_connection,
        .h2c = s->h2c,
        .h2_streams = l->h2_streams,
        .h2_window = l->h2_window,
        .h2_resets = l->h2_resets,
        .h2_frames = l->h2_frames,
        .server_name = name == NULL      ? "tern"
                       : name[0] != '\0' ? name
                                         : NULL,
        .proxies = s->proxies.items,
        .proxy_count = s->proxies.list.count,
        .trusted = s->trusted.items,
        .trusted_count = s->trusted.list.count,
        .forwarded = s->forwarded.fields != 0 ? s->forwarded.fields : FORWARDED_FOR | FORWARDED_PROTO,
        .alt_svc = s->alt_svc,
        .early_hints = (http_hints)s->early_hints,
        .defaults = defaults,
        .default_count = default_count,
    };
}

bool app_start_hooks(tern_app *app)
{
    for (const app_hook *hook = app->hooks; hook != NULL; hook = hook->next) {
        if (hook->start != NULL && !hook->start(hook->arg)) {
            tern_log(TERN_LOG_ERROR, "a function given to tern_on_start returned false");
            return false;
        }
    }
    return true;
}

bool app_start(tern_app *app, const settings *s)
{
    http_service service = {0};
    const http_limits limits = limits_of(app, s);
    app->options.limits = s->limits; /* complete from here: the app layer reads them at every request */
    app_service(app, &service);
    offload_set_threads(s->limits.offload_threads);
    request_id_prepare(); /* so that a crash report can name a request that has not used its id */
    if (!http_server_open(&service, &limits)) {
        tern_log(TERN_LOG_ERROR, "out of memory while this worker was set up");
        return false;
    }
    return app_start_hooks(app);
}

/** Last registered first: later functions may depend on earlier ones. */
static void run_stop_hooks(const app_hook *hook)
{
    if (hook == NULL)
        return;
    run_stop_hooks(hook->next);
    if (hook->stop != NULL)
        hook->stop(hook->arg);
}

void app_stop_hooks(tern_app *app)
{
    run_stop_hooks(app->hooks);
}

void app_stop(tern_app *app)
{
    app_stop_hooks(app);
    http_server_close();
}

static bool start(void *self)
{
    run_state *run = self;
    if (run->tls.context != NULL)
        tls_context_refresh(run->tls.context, loop_self.now_ms);
    if (!app_start(run->app, &run->settings))
        return false;
    http_server_set_tls(run->tls.context);
    return true;
}

static void stop(void *self)
{
    run_state *run = self;
    app_stop(run->app);
}

static void drain(void *self, bool successor)
{
    run_state *run = self;
    run->app->is_draining = true;
    repeat_cancel_all();
    http_server_drain(NULL, successor);
}

static void tidy(void *self)
{
    run_state *run = self;
    http_server_tidy(NULL);
    for (const app_hook *hook = run->app->hooks; hook != NULL; hook = hook->next)
        if (hook->tidy != NULL)
            hook->tidy(hook->arg);
}

static size_t describe(void *self, char *out, size_t size)
{
    run_state *run = self;
    return app_describe(run->app, out, size);
}

/* -- commands -- */

static int print(const buf *text)
{
    if (text->failed || fwrite(text->data, 1, text->len, stdout) != text->len || fflush(stdout) != 0) {
        fputs("tern: cannot write the output\n", stderr);
        return 1;
    }
    return 0;
}

static int command_help(run_state *run)
{
    buf page = {0};
    settings_print_help(&run->app->options, run->app->commands, run->program, &page);
    int code = print(&page);
    buf_free(&page);
    return code;
}

static int command_version(run_state *run)
{
    const tern_app_options *o = &run->app->options;
    buf line = {0};
    buf_add_printf(&line, "%s %s\n", o->title != NULL ? o->title : run->program,
                   o->version != NULL ? o->version : "(no version)");
    int code = print(&line);
    buf_free(&line);
    return code;
}

static int command_routes(run_state *run)
{
    buf table = {0};
    if (run->settings.with_middleware)
        middleware_print(run->app, &table);
    else
        router_print(run->app->router, &table);
    int code = print(&table);
    buf_free(&table);
    return code;
}

static int command_openapi(run_state *run)
{
    buf document = {0}, text = {0};
    if (openapi_write(run->app, &document))
        json_indent((tern_str){document.data, document.len}, &text);
    else
        text.failed = true;
    buf_add_text(&text, "\n");
    int code = print(&text);
    buf_free(&document);
    buf_free(&text);
    return code;
}

/** Reads the certificates, or has them made; false with lines on standard error. */
static bool open_tls(run_state *run)
{
    buf problem = {0};
    bool is_open = app_acme_open(&run->acme, &problem) &&
                   tls_start_open(&run->tls, &run->settings, &run->acme, &problem);
    if (!is_open)
        fprintf(stderr, "%s: cannot start: %s", run->program,
                problem.failed ? "out of memory\n" : problem.data);
    buf_free(&problem);
    return is_open;
}

/** False with a line on standard error. */
static bool check_h2c(const run_state *run)
{
    const char *problem;
    bool is_ok = !run->settings.h2c || http_can_speak_2(&problem);
    if (!is_ok)
        fprintf(stderr, "%s: cannot start with --h2c: %s\n", run->program, problem);
    return is_ok;
}

static int command_check(run_state *run)
{
    if (!open_tls(run) || !check_h2c(run))
        return 1;
    buf line = {0};
    unsigned count = router_count(run->app->router);
    buf_add_printf(&line, "%s: %u route%s and the settings are valid\n", run->program, count,
                   count == 1 ? "" : "s");
    int code = print(&line);
    buf_free(&line);
    return code;
}

static void set_up_log(const settings *s)
{
    tern_log_set_level((tern_log_level)s->log_level);
    if (s->log_format != LOG_FORMAT_AUTO)
        log_set_human(s->log_format == LOG_FORMAT_HUMAN);
}

/** Many systems start programs with a limit of 1024 descriptors, but allow far more. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* refused: the workers accept fewer connections */
}

static bool may_launch(const run_state *run)
{
    const app_launching how = {.program = run->program, .workers = run->settings.workers};
    buf problems = {0};
    bool may = app_may_launch(run->app, &how, &problems);
    if (!may)
        fprintf(stderr, "%s: %s", run->program, problems.failed ? "out of memory\n" : problems.data);
    buf_free(&problems);
    return may;
}

static int command_run(run_state *run)
{
    const settings *s = &run->settings;
    set_up_log(s);
    if (!open_tls(run) || !check_h2c(run) || !may_launch(run))
        return 1;
    tls_start_tell(&run->tls, s);
    const worker_config config = {
        .listen = s->listen.items,
        .listen_count = s->listen.list.count,
        .socket_mode = s->socket_mode,
        .socket_owner = s->socket_owner,
        .socket_group = s->socket_group,
        .workers = s->workers,
        .backlog = s->backlog,
        .max_connections = s->limits.connections,
        .has_tls = run->tls.context != NULL,
        .drain_ms = s->drain_ms,
        .watchdog_ms = s->watchdog_ms,
        .memory_limit_bytes = s->memory_limit_bytes,
        .name = run->program,
        .companion = app_acme_companion(&run->acme),
    };
    const worker_service service = {
        .self = run,
        .start = start,
        .on_connection = http_server_on_connection,
        .refuse = http_refuse,
        .drain = drain,
        .abort = http_server_abort,
        .stop = stop,
        .tidy = tidy,
        .describe = describe,
    };
    raise_descriptor_limit();
    if (run->app->unprobed_file != NULL)
        tern_log(TERN_LOG_WARN,
                 "%s was compiled without -fstack-clash-protection: a frame over %d KiB there can overwrite "
                 "another "
                 "request's stack (`pkg-config --cflags tern` and CMake's Tern::tern have the flag)",
                 run->app->unprobed_file, CORO_GUARD_BYTES / 1024);
    return master_run(&config, &service);
}

static const struct {
    const char *name;
    bool needs_routes; /* the routes must be valid first */
    int (*run)(run_state *run);
} commands[] = {
    {"run", true, command_run},       {"routes", true, command_routes},
    {"--check", true, command_check}, {"openapi", true, command_openapi},
    {"--help", false, command_help},  {"--version", false, command_version},
};

static bool compile(run_state *run)
{
    buf problems = {0};
    bool is_right = app_prepare(run->app, &problems);
    if (!is_right)
        fprintf(stderr, "%s: cannot start:\n%s", run->program,
                problems.data != NULL ? problems.data : "(out of memory)\n");
    buf_free(&problems);
    return is_right;
}

static int run_command(run_state *run)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, run->settings.command) == 0)
            return commands[i].needs_routes && !compile(run) ? 1 : commands[i].run(run);
    for (const app_command *command = run->app->commands; command != NULL; command = command->next)
        if (command->name == run->settings.command)
            return !compile(run) ? 1
                                 : command->run(command->arg, run->program, run->settings.argument_count,
                                                run->settings.arguments);
    return 1; /* settings_read accepts no other command */
}

static const char *program_of(int argc, char **argv)
{
    if (argc < 1 || argv[0] == NULL || argv[0][0] == '\0')
        return "app";
    const char *slash = strrchr(argv[0], '/');
    return slash != NULL ? slash + 1 : argv[0];
}

int tern_run(tern_app *app, int argc, char **argv)
{
    run_state run = {.app = app, .program = program_of(argc, argv)};
    buf problem = {0};
    int code = 1;
    if (settings_read(&run.settings, &app->options, app->commands, argc, argv, &problem) &&
        app_acme_prepare(&run.acme, app, &run.settings, &problem)) {
        app->database_url = run.settings.database_url;
        app->database_prepare = run.settings.database_prepare;
        app->redis_url = run.settings.redis_url;
        app->mail_url = run.settings.mail_url;
        app->mail_from = run.settings.mail_from;
        app->secret_keys_file = run.settings.secret_keys_file;
        app->is_development = run.settings.development != 0;
        code = run_command(&run);
    } else {
        fprintf(stderr, "%s: %s\n", run.program, problem.failed ? "out of memory" : problem.data);
    }
    buf_free(&problem);
    tls_start_close(&run.tls);
    app_acme_free(&run.acme);
    app_free(app);
    return code;
}

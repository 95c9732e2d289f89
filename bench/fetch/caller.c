/* Tern's side of scripts/bench-fetch: calls one URL many times, and reports what it cost this process. */
#include <tern.h>

#include <sys/resource.h>

TERN_MODEL(Load,
    (const char *, url),
    (int, at_once, .fallback = "64", .min = 1, .max = 1000),
    (int, calls,   .fallback = "100000", .min = 1))

typedef struct share {
    const char *url;
    int calls, failed;
} share;

static void call_some(tern_ctx *c, void *arg)
{
    share *s = arg;
    for (int i = 0; i < s->calls; i++)
        s->failed += !tern_fetch_try(c, s->url, .retries = TERN_NONE)->ok;
}

/* A call's memory is its request's: a request of this program makes some, and the script repeats it. */
static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

TERN_HANDLER(run, Load, in)
{
    share *shares = tern_alloc(c, (size_t)in->at_once * sizeof *shares);
    tern_task **tasks = tern_alloc(c, (size_t)in->at_once * sizeof(tern_task *));
    double before_s = cpu_s();
    int failed = 0;
    for (int i = 0; i < in->at_once; i++) {
        shares[i] = (share){.url = in->url, .calls = in->calls / in->at_once};
        tasks[i] = tern_go(c, call_some, &shares[i]);
    }
    for (int i = 0; i < in->at_once; i++) {
        tern_wait(c, tasks[i]);
        failed += shares[i].failed;
    }
    return tern_json_text(c, tern_sprintf(c, "{\"cpu_s\":%.6f,\"failed\":%d}", cpu_s() - before_s, failed));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Fetch bench",
                                 .limits = {.request_memory = 1 << 30, .request_timeout_ms = 600000});
    tern_fetch_defaults(app, .per_host = 1000, .idle_most = 1000);
    tern_get(app, "/run", run);
    return tern_run(app, argc, argv);
}

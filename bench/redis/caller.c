/* Tern's side of scripts/bench-redis: sends many commands to Redis, and reports what they cost this process. */
#include <tern.h>

#include <sys/resource.h>
#include <time.h>

TERN_MODEL(Load,
    (int, at_once, .fallback = "64", .min = 1, .max = 1000),
    (int, calls,   .fallback = "100000", .min = 1))

typedef struct share {
    int number, calls, failed;
} share;

static void send_some(tern_ctx *c, void *arg)
{
    share *s = arg;
    for (int i = 0; i < s->calls; i++)
        s->failed += tern_redis_try(c, "INCR bench:%d", s->number)->kind != TERN_REDIS_INTEGER;
}

static double cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

TERN_HANDLER(run, Load, in)
{
    share *shares = tern_alloc(c, (size_t)in->at_once * sizeof *shares);
    tern_task **tasks = tern_alloc(c, (size_t)in->at_once * sizeof(tern_task *));
    double before_s = cpu_s(), began_s = wall_s();
    int failed = 0;
    for (int i = 0; i < in->at_once; i++) {
        shares[i] = (share){.number = i, .calls = in->calls / in->at_once};
        tasks[i] = tern_go(c, send_some, &shares[i]);
    }
    for (int i = 0; i < in->at_once; i++) {
        tern_wait(c, tasks[i]);
        failed += shares[i].failed;
    }
    return tern_json_text(c, tern_sprintf(c, "{\"cpu_s\":%.6f,\"wall_s\":%.6f,\"failed\":%d}",
                                          cpu_s() - before_s, wall_s() - began_s, failed));
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Redis bench",
                                 .limits = {.request_memory = 1 << 30, .request_timeout_ms = 600000});
    tern_redis_setup(app, .timeout_ms = 10000);
    tern_get(app, "/run", run);
    return tern_run(app, argc, argv);
}

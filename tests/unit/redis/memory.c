/* Commands when memory is short: an error each, and nothing is lost. */
#include "base/mem.h"
#include "redis/client.h"
#include "runtime/loop.h"
#include "unit/app/fake.h"

#include <tern/redis.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listening;

/** Replies "+OK" to each command of a connection: one for each '*' that begins a line. */
static void *answer(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char seen[4096];
    for (ssize_t got; (got = recv(fd, seen, sizeof seen, 0)) > 0;)
        for (ssize_t i = 0; i < got; i++)
            if (seen[i] == '*')
                send(fd, "+OK\r\n", 5, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    (void)arg;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int fd; (fd = accept(listening, NULL, NULL)) >= 0;) {
        pthread_t thread;
        pthread_create(&thread, &attributes, answer, (void *)(intptr_t)fd);
    }
    return NULL;
}

static void serve(void)
{
    static char url[64];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    pthread_t thread;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listening, (struct sockaddr *)&at, len) == 0 && listen(listening, 64) == 0);
    CHECK(getsockname(listening, (struct sockaddr *)&at, &len) == 0);
    snprintf(url, sizeof url, "redis://a:b@127.0.0.1:%u/1", ntohs(at.sin_port));
    setenv("TERN_REDIS_URL", url, 1);
    CHECK(pthread_create(&thread, NULL, accept_all, NULL) == 0);
}

static tern_reply call(tern_ctx *c)
{
    static tern_redis_lua script = TERN_REDIS_LUA("return 1");
    tern_defer(c, (void (*)(void *))loop_stop, NULL);
    tern_redis(c, "SET %s %d", "a", 5);
    tern_redis_pipeline *p = tern_redis_pipeline_new(c);
    for (int i = 0; i < 20; i++)
        tern_redis_add(p, "GET %s%d", "a", i);
    tern_redis_send(p);
    return tern_text(c, tern_redis_script(c, &script, "1 a %s %s", "b", "c")->text.data);
}

/* Runs the calls with the n-th allocation failing; returns the status. */
static int run(const app_hook *hook, unsigned long n)
{
    static fake f;
    (void)n; /* without injected faults */
    fake_open(&f, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    mem_fail_at(n, false);
    fake_run(&f, NULL, call);
    loop_run();
    mem_fail_at(0, false);
    int status = f.reply.status;
    hook->stop(hook->arg); /* the next run begins without connections */
    fake_close(&f);
    return status;
}

TEST(every_failed_allocation_of_commands_is_an_error)
{
    serve();
    CHECK(loop_open());
    tern_app *app = tern_app_new(.title = "Memory");
    tern_redis_setup(app);
    const app_hook *hook = app->hooks;
    CHECK_INT(run(hook, 0), 200);
    unsigned works = 0;
    for (unsigned long n = 1; works < 10 && n < 500; n++) { /* until the calls make fewer allocations */
        int status = run(hook, n);
        if (status != 200 && status != 503 && status != 500)
            check_fail(__FILE__, __LINE__, "status %d at allocation %lu", status, n);
        works = status == 200 ? works + 1 : 0;
    }
    CHECK_INT(run(hook, 0), 200);
    app_free(app);
}

TEST(a_second_setup_changes_only_what_it_sets)
{
    tern_app *app = tern_app_new(.title = "Twice");
    tern_redis_setup(app, .url = "redis://one", .timeout_ms = 5, .required = true);
    const app_hook *hook = app->hooks;
    tern_redis_setup(app, .timeout_ms = 7);
    tern_redis_setup(app);
    tern_redis_setup_with(app, NULL);
    const tern_redis_options *o = redis_client_options();
    CHECK_TEXT(o->url, "redis://one");
    CHECK(o->timeout_ms == 7 && o->required && app->hooks == hook && hook->next == NULL);
    CHECK(app->checks != NULL && app->checks->next == NULL);
    app_free(app);
}

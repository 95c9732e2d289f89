/* Calls when memory is short: an error each, and nothing is lost. */
#include "base/mem.h"
#include "runtime/loop.h"
#include "unit/app/fake.h"

#include <tern/fetch.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

TERN_MODEL(Rate, (const char *, currency), (double, value))

static int listening;
static char url[64];

/* Answers every request on each connection until the client closes it. */
static void *answer(void *arg)
{
    static const char reply[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n"
        "{\"currency\":\"EUR\",\"value\":1.25}";
    int fd = (int)(intptr_t)arg;
    char seen[4096];
    size_t len = 0;
    for (ssize_t got; (got = recv(fd, seen + len, sizeof seen - 1 - len, 0)) > 0;) {
        len += (size_t)got;
        seen[len] = '\0';
        if (strstr(seen, "\r\n\r\n") == NULL)
            continue;
        send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
        len = 0;
    }
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
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    pthread_t thread;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listening, (struct sockaddr *)&at, len) == 0 && listen(listening, 64) == 0);
    CHECK(getsockname(listening, (struct sockaddr *)&at, &len) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", ntohs(at.sin_port));
    CHECK(pthread_create(&thread, NULL, accept_all, NULL) == 0);
}

static bool by_libcurl;
static tern_app *services; /* whose services the calls can name; NULL: none */

static tern_reply call(tern_ctx *c)
{
    tern_fetched *r =
        by_libcurl ? tern_fetch(c, url, .proxy = "", .stream = true, .timeout_ms = 2000, .retries = TERN_NONE)
                   : tern_fetch(c, services != NULL ? "http://rates/x" : url, .into = TERN_TYPE(Rate),
                                .timeout_ms = 2000, .retries = TERN_NONE, .headers = TERN_HEADERS("X: y"),
                                .query = TERN_PAIRS("a", "b"));
    if (!by_libcurl)
        return tern_textf(c, "%g", ((Rate *)r->value)->value);
    char piece[64];
    size_t len = 0;
    for (size_t got; (got = tern_fetch_read(c, r, piece + len, sizeof piece - len)) > 0;)
        len += got;
    return tern_textf(c, "%zu", len);
}

static tern_reply call_then_stop(tern_ctx *c)
{
    tern_defer(c, (void (*)(void *))loop_stop, NULL);
    return call(c);
}

/* Runs the call with the n-th allocation failing; returns the status. */
static int run(unsigned long n)
{
    static fake f;
    (void)n; /* without injected faults */
    fake_open(&f, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    if (services != NULL)
        f.app.hooks = services->hooks;
    mem_fail_at(n, false);
    fake_run(&f, NULL, call_then_stop);
    loop_run();
    mem_fail_at(0, false);
    int status = f.reply.status;
    for (const app_hook *hook = f.app.hooks; hook != NULL; hook = hook->next)
        hook->stop(hook->arg); /* the next run begins without hosts */
    fake_close(&f);
    return status;
}

static void run_all(void)
{
    CHECK(loop_open());
    CHECK_INT(run(0), 200);
    unsigned works = 0;
    for (unsigned long n = 1; works < 20 && n < 2000; n++) { /* until the call makes fewer allocations */
        int status = run(n);
        if (status != 200 && status != 503 && status != 502 && status != 500 && status != 504)
            check_fail(__FILE__, __LINE__, "status %d at allocation %lu", status, n);
        works = status == 200 ? works + 1 : 0;
    }
    CHECK_INT(run(0), 200);
}

TEST(every_failed_allocation_of_a_plain_call_is_an_error)
{
    serve();
    run_all();
}

TEST(every_failed_allocation_of_a_call_by_libcurl_is_an_error)
{
    by_libcurl = true;
    serve();
    run_all();
}

TEST(every_failed_allocation_of_a_call_to_a_service_is_an_error)
{
    static char base[64];
    serve();
    snprintf(base, sizeof base, "%.*s", (int)strlen(url) - 2, url);
    services = tern_app_new(.title = "Services");
    tern_fetch_service(services, "rates", .targets = TERN_TARGETS(base));
    run_all();
}

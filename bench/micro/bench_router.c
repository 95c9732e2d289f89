/** How long router_match takes: nanoseconds and, where the kernel allows counting, instructions a call. */
#include "app/router/router.h"
#include "base/clock.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CALLS = 20000, ROUNDS = 100 }; /* the best of many short rounds: others use the machine too */

static tern_reply no_run(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

/** The routes of an ordinary API: 12 resources, each with a collection, an item and what is below it. */
static router *make_router(void)
{
    static const char *const resources[] = {"users", "teams",  "projects", "issues", "labels", "comments",
                                            "files", "orders", "invoices", "events", "hooks",  "tokens"};
    static const char *const patterns[][2] = {{"GET", "/api/v1/%s"},
                                              {"POST", "/api/v1/%s"},
                                              {"GET", "/api/v1/%s/{id:int}"},
                                              {"PUT", "/api/v1/%s/{id:int}"},
                                              {"DELETE", "/api/v1/%s/{id:int}"},
                                              {"GET", "/api/v1/%s/recent"},
                                              {"GET", "/api/v1/%s/{id:int}/notes/{note}/tags/{tag}"}};
    static char texts[12][7][64];
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    for (int i = 0; r != NULL && i < 12; i++)
        for (int k = 0; k < 7; k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(texts[i][k], sizeof texts[i][k], patterns[k][1], resources[i]);
#pragma GCC diagnostic pop
            route added = {.method_name = patterns[k][0],
                           .pattern = texts[i][k],
                           .handler = {.name = "handler", .run = no_run, .file = __FILE__, .line = __LINE__}};
            router_add(r, &added);
        }
    buf problems = {0};
    if (r == NULL || !router_compile(r, &problems)) {
        fprintf(stderr, "%s", problems.data != NULL ? problems.data : "no memory\n");
        exit(1);
    }
    return r;
}

/** A counter of this thread's instructions in user space; -1 where there is none (containers, VMs). */
static int open_counter(void)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_HARDWARE,
                                         .size = sizeof attributes,
                                         .config = PERF_COUNT_HW_INSTRUCTIONS,
                                         .exclude_kernel = 1,
                                         .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static long long read_counter(int counter)
{
    long long value = 0;
    return counter >= 0 && read(counter, &value, sizeof value) == sizeof value ? value : -1;
}

static void measure(const router *r, int counter, const char *what, http_method method, const char *path,
                    route_found want)
{
    static const char host[] = "api.example.org";
    tern_str method_text = {http_method_name(method), strlen(http_method_name(method))};
    uint64_t best_ns = UINT64_MAX;
    long long instructions = -1;
    for (int round = 0; round < ROUNDS; round++) {
        size_t len = strlen(path);
        long long counted = read_counter(counter);
        uint64_t start = clock_ns();
        for (int i = 0; i < CALLS; i++) {
            route_match match;
            const char *given = path;
            __asm__ volatile("" : "+r"(given), "+r"(len)); /* the compiler may not know the path */
            if (router_match(r, method, method_text, TERN_STR(host), (tern_str){given, len}, &match) !=
                want) {
                fprintf(stderr, "%s: another answer than expected\n", what);
                exit(1);
            }
        }
        uint64_t ns = clock_ns() - start;
        if (ns < best_ns) {
            best_ns = ns;
            instructions = counter >= 0 ? read_counter(counter) - counted : -1;
        }
    }
    printf("%-28s %7.1f ns", what, (double)best_ns / CALLS);
    if (instructions >= 0)
        printf(" %6lld instructions", instructions / CALLS);
    printf("\n");
}

int main(void)
{
    router *r = make_router();
    int counter = open_counter();
    measure(r, counter, "static", HTTP_GET, "/api/v1/projects", ROUTE_FOUND);
    measure(r, counter, "static, deeper", HTTP_GET, "/api/v1/projects/recent", ROUTE_FOUND);
    measure(r, counter, "1 parameter", HTTP_GET, "/api/v1/users/123456", ROUTE_FOUND);
    measure(r, counter, "3 parameters", HTTP_GET, "/api/v1/users/42/notes/hello/tags/blue", ROUTE_FOUND);
    measure(r, counter, "miss at the first segment", HTTP_GET, "/wp-login.php", ROUTE_NOT_FOUND);
    measure(r, counter, "miss at the last segment", HTTP_GET, "/api/v1/users/42/notes/hello/x/blue",
            ROUTE_NOT_FOUND);
    measure(r, counter, "wrong method", HTTP_PATCH, "/api/v1/users/42", ROUTE_WRONG_METHOD);
    if (counter >= 0)
        close(counter);
    router_free(r);
    return 0;
}

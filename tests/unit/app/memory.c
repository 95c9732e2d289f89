/** Every heap allocation of a request fails once: the request fails with 503, or succeeds without the
 * memory. */
#include "unit/app/fake.h"

#include "base/mem.h"

#include <tern/app.h>
#include <tern/log.h>

#include <stdio.h>

#ifdef TERN_FAULTS

static fake f;

TERN_LOCAL(tern_ctx, asked);

static tern_reply takes_everything(tern_ctx *c)
{
    for (int i = 0; i < 50; i++) {
        char name[16];
        snprintf(name, sizeof name, "X-%d", i);
        tern_set_header(c, name, tern_sprintf(c, "%0200d", i));
    }
    tern_set_cookie(c, "a", "b");
    tern_set_local(c, asked, c);
    tern_alloc(c, 10000);
    const char *q = tern_query(c, "q");
    return tern_textf(c, "%s %s %s %s", tern_path(c), q, tern_strdup(c, q), tern_url(c, "named"));
}

static tern_reply sets_headers(tern_ctx *c, void *options)
{
    (void)options;
    tern_set_header(c, "X-Outside", "yes");
    return tern_next(c);
}

/** Runs the request with the n-th allocation failing; false when it needed fewer. */
static bool run_failing(unsigned long n, bool for_good)
{
    static const tern_middleware chain[] = {TERN_MIDDLEWARE(sets_headers), {0}};
    route named = {.method = HTTP_GET, .method_name = "GET", .pattern = "/named", .name = "named"};
    buf problems = {0};
    fake_open(&f, "GET /a/b?q=1 HTTP/1.1\r\nHost: h\r\n\r\n");
    named.handler = f.r.handler;
    named.handler.run = takes_everything;
    f.app.router = router_new(TERN_SLASH_STRICT, NULL);
    CHECK(f.app.router != NULL);
    router_add(f.app.router, &named);
    CHECK(router_compile(f.app.router, &problems));
    mem_fail_at(n, for_good);
    fake_run(&f, chain, takes_everything);
    bool reached = mem_tried() >= n;
    mem_fail_at(0, false);
    router_free(f.app.router);
    buf_free(&problems);
    if (!reached || f.reply.status == 200) {
        CHECK_REPLY(&f, 200, "/a/b 1 1 /named");
        CHECK_INT(f.x.field_count, 52);
    } else {
        CHECK_INT(f.reply.status, 503);
        CHECK(f.x.field_count <= 2); /* Retry-After: the failed handler's headers are gone */
    }
    fake_close(&f);
    return reached;
}

TEST(a_request_survives_the_failure_of_any_allocation)
{
    tern_log_set_level(TERN_LOG_SILENT);
    CHECK(run_failing(1, false)); /* the request does allocate */
    for (unsigned long n = 2; run_failing(n, false); n++)
        ;
    for (unsigned long n = 1; run_failing(n, true); n++)
        ;
}

#else

TEST(a_request_survives_the_failure_of_any_allocation)
{
    check_skip("faults are not built in");
}

#endif

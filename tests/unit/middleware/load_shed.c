/** Which requests a busy worker refuses. How busy it is is up to the tests, which stand in for src/app/load.c. */
#include "unit/app/fake.h"

#include <tern/limits.h>

#include <stdio.h>

static fake f;
static tern_load load = {.now_us = 1000000000};

void tern_watch_load(tern_app *app)
{
    (void)app;
}

tern_load tern_load_now(tern_ctx *c)
{
    (void)c;
    return load;
}

static tern_reply ok(tern_ctx *c)
{
    return tern_text(c, "ok");
}

static tern_middleware prepared(tern_middleware piece)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    piece.prepare(&f.app, piece.options);
    CHECK_INT(f.app.mistakes.len, 0);
    return piece;
}

#define PIECE(...) prepared(tern_load_shed(__VA_ARGS__))

/** The status of a tenant's request that has waited for `waited_ms` in the worker. */
static int ask_as(tern_middleware piece, const char *tenant, unsigned waited_ms)
{
    const tern_middleware chain[] = {piece, {0}};
    char head[128];
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\nX-Tenant: %s\r\n\r\n", tenant);
    fake_open(&f, head);
    load.waited_us = waited_ms * UINT64_C(1000);
    fake_run(&f, chain, ok);
    return f.reply.status;
}

static int ask(tern_middleware piece, unsigned waited_ms)
{
    return ask_as(piece, "", waited_ms);
}

/** Time passes, in which the worker has nothing to do for `idle_ms`. */
static void pass(unsigned ms, unsigned idle_ms)
{
    load.now_us += ms * UINT64_C(1000);
    load.idle_us += idle_ms * UINT64_C(1000);
}

/** Makes the worker busy for an interval. */
static void make_busy(tern_middleware piece)
{
    ask(piece, 0);
    pass(100, 0);
    ask(piece, 0);
}

TEST(a_worker_with_time_to_spare_lets_a_burst_wait)
{
    tern_middleware piece = PIECE();
    CHECK_INT(ask(piece, 0), 200);
    CHECK_INT(ask(piece, 40), 200);
    CHECK_INT(ask(piece, 60), 503);
    pass(110, 20);
    CHECK_INT(ask(piece, 40), 200);
}

TEST(a_worker_that_stays_busy_lets_requests_wait_for_the_target)
{
    tern_middleware piece = PIECE();
    make_busy(piece);
    CHECK_INT(ask(piece, 3), 200);
    CHECK_INT(ask(piece, 8), 503);
    CHECK_TEXT(f.reply.type, "application/problem+json");
    CHECK(tern_reply_header(&f.c, "Retry-After") != NULL);
    pass(100, 2);
    CHECK_INT(ask(piece, 3), 200);
    CHECK_INT(ask(piece, 8), 503);
}

TEST(a_worker_that_has_time_again_is_back_to_normal_after_an_interval)
{
    tern_middleware piece = PIECE();
    make_busy(piece);
    CHECK_INT(ask(piece, 8), 503);
    pass(100, 50);
    CHECK_INT(ask(piece, 40), 200);
}

TEST(the_target_is_settable)
{
    tern_middleware piece = PIECE(.target_ms = 20, .interval_ms = 400, .most_ms = 200);
    ask(piece, 0);
    pass(300, 0);
    CHECK_INT(ask(piece, 150), 200);
    pass(200, 0);
    CHECK_INT(ask(piece, 15), 200);
    CHECK_INT(ask(piece, 25), 503);
}

TEST(low_priorities_are_refused_first_and_critical_ones_never)
{
    tern_middleware low = PIECE(.priority = TERN_PRIORITY_LOW), normal = PIECE(),
                    high = PIECE(.priority = TERN_PRIORITY_HIGH),
                    critical = PIECE(.priority = TERN_PRIORITY_CRITICAL);
    make_busy(normal);
    CHECK_INT(ask(low, 4), 503);
    CHECK_INT(ask(normal, 4), 200);
    CHECK_INT(ask(high, 15), 200);
    CHECK_INT(ask(high, 25), 503);
    CHECK_INT(ask(critical, 500), 200);
}

TEST(while_higher_priorities_are_refused_lower_ones_are_too)
{
    tern_middleware normal = PIECE(), high = PIECE(.priority = TERN_PRIORITY_HIGH);
    make_busy(normal);
    CHECK_INT(ask(normal, 1), 200);
    CHECK_INT(ask(high, 30), 503);
    CHECK_INT(ask(normal, 1), 503);
    CHECK_INT(ask(high, 1), 200);
    pass(100, 0);
    CHECK_INT(ask(normal, 1), 503); /* also in the interval after */
    pass(100, 0);
    CHECK_INT(ask(normal, 1), 200);
}

static tern_priority by_tenant_name(tern_ctx *c)
{
    return strcmp(tern_header(c, "X-Tenant"), "gold") == 0 ? TERN_PRIORITY_HIGH : TERN_PRIORITY_NORMAL;
}

TEST(a_function_may_say_the_priority)
{
    tern_middleware piece = PIECE(.priority_of = by_tenant_name);
    make_busy(piece);
    CHECK_INT(ask_as(piece, "gold", 8), 200);
    CHECK_INT(ask_as(piece, "", 8), 503);
}

static const char *tenant(tern_ctx *c)
{
    return tern_header(c, "X-Tenant");
}

TEST(a_tenant_below_its_share_is_refused_after_those_above)
{
    tern_middleware piece = PIECE(.tenant = tenant);
    for (unsigned i = 0; i < 30; i++)
        CHECK_INT(ask_as(piece, i % 10 == 0 ? "small" : "large", 1), 200);
    pass(100, 0);
    for (unsigned i = 0; i < 15; i++) /* the share, as 30 were admitted of two */
        CHECK_INT(ask_as(piece, "large", 1), 200);
    CHECK_INT(ask_as(piece, "large", 7), 503);
    CHECK_INT(ask_as(piece, "small", 7), 200);
    CHECK_INT(ask_as(piece, "small", 12), 503);
    CHECK_INT(ask_as(piece, "large", 1), 503); /* as long as one below its share is refused */
    CHECK_INT(ask_as(piece, "small", 1), 200);
}

static void check_mistake(tern_middleware piece, const char *wanted)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    piece.prepare(&f.app, piece.options);
    CHECK_BYTES(f.app.mistakes.data, f.app.mistakes.len, wanted, strlen(wanted));
    buf_free(&f.app.mistakes);
}

TEST(bad_settings_are_refused_by_name)
{
    check_mistake(
        tern_load_shed(.target_ms = 200, .most_ms = 300),
        "load_shed: .target_ms is 200, and .interval_ms 100: the target is the shorter one, a twentieth of "
        "it as a rule\n");
    check_mistake(
        tern_load_shed(.target_ms = 20, .most_ms = 10),
        "load_shed: .most_ms is 10, less than .target_ms, 20: a worker that is not busy lets requests wait "
        "for longer than one that is\n");
    check_mistake(tern_load_shed(.priority = (tern_priority)7),
                  "load_shed: .priority is 7: use one of TERN_PRIORITY_LOW, _NORMAL, _HIGH and _CRITICAL\n");
    check_mistake(
        tern_load_shed(.retry_after_s = 1000000),
        "load_shed: .interval_ms 100, .most_ms 50 or .retry_after_s 1000000 is too long: a minute, a minute "
        "and a day are the most\n");
}

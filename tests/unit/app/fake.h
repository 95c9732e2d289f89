/** A request without a connection, for tests of code that reads a request and makes a reply. */
#ifndef TESTS_APP_FAKE_H
#define TESTS_APP_FAKE_H

#include "app/ctx.h"
#include "check.h"
#include "http/h1/head.h"
#include "runtime/coro.h"

typedef struct fake {
    http_exchange x;
    tern_app app;
    route r;
    tern_ctx c;
    tern_reply reply;
    h1_head parsed;
    char head[16 * 1024];
    char lent[4096];
} fake;

/** Initialises `f` as the request in `head`, with 1 MiB of memory. */
__attribute__((unused)) static void fake_open(fake *f, const char *head)
{
    const http_head_limits limits = {
        .head_bytes = sizeof f->head, .target_bytes = sizeof f->head, .fields = HTTP_HEADERS_MAX};
    size_t len = strlen(head), used;
    memset(f, 0, sizeof *f);
    CHECK(len < sizeof f->head);
    memcpy(f->head, head, len);
    CHECK_INT(h1_head_parse(&f->parsed, &limits, f->head, len, &used), H1_COMPLETE);
    f->x.request = &f->parsed.request;
    arena_init(&f->x.arena, f->lent, sizeof f->lent, 1024 * 1024);
    f->c.x = &f->x;
    f->c.app = &f->app;
    f->c.match.route = &f->r;
    f->r.pattern = "/fake";
    f->r.handler = (tern_handler){.name = "fake", .file = "fake.c", .line = 1};
}

/** Names the next parameter of the route and gives it a value. */
__attribute__((unused)) static void fake_param(fake *f, const char *name, const char *value)
{
    f->r.params[f->r.param_count] = name;
    f->c.match.params[f->r.param_count++] = (tern_str){value, strlen(value)};
}

static void fake_main(void *arg)
{
    fake *f = arg;
    ctx_open(&f->c);
    f->reply = tern_next(&f->c);
    ctx_leave(&f->c);
}

/** Runs `handler` inside `chain` (NULL: none) in a coroutine; f->reply is the result. */
__attribute__((unused)) static void fake_run(fake *f, const tern_middleware *chain,
                                             tern_reply (*handler)(tern_ctx *c))
{
    static const tern_middleware none[1];
    f->r.handler.run = handler;
    f->c.next = chain != NULL ? chain : none;
    f->c.locals = NULL;
    CHECK(coro_start(fake_main, f));
}

__attribute__((unused)) static void fake_close(fake *f)
{
    arena_free(&f->x.arena);
}

#define CHECK_REPLY(f, wanted_status, wanted_body)                                                           \
    do {                                                                                                     \
        CHECK_INT((f)->reply.status, wanted_status);                                                         \
        CHECK_BYTES((f)->reply.data, (f)->reply.len, wanted_body, strlen(wanted_body));                      \
    } while (0)

#endif

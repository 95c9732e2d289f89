/** Copies of requests that run in the background: tern_repeat. */
#include "app/before.h"
#include "base/list.h"
#include "base/mem.h"
#include "runtime/loop.h"

#include <tern/log.h>

#include <string.h>

enum { REPEATS_MAX = 64 };

typedef struct repeat {
    list_link link; /* in `running` */
    timer_entry timer;
    coro *runner;
    http_exchange x;
    http_request request;
    tern_ctx c;
} repeat;

static list_link running; /* of this worker; set up by the first */
static unsigned running_count;

static tern_str copy_text(arena *a, tern_str text, bool *is_short)
{
    if (text.data == NULL)
        return text;
    const char *copy = arena_text(a, text.data, text.len);
    *is_short |= copy == NULL;
    return (tern_str){copy, text.len};
}

/** Copies the head into the memory of the copy, without conditions; false when out of memory. */
static bool copy_head(repeat *r, const http_request *from)
{
    arena *a = &r->x.arena;
    bool is_short = false;
    http_request *to = &r->request;
    *to = *from;
    to->version = HTTP_1_0; /* nothing but the reply can be sent, and that goes nowhere */
    to->method_text = copy_text(a, from->method_text, &is_short);
    to->path = copy_text(a, from->path, &is_short);
    to->query = copy_text(a, from->query, &is_short);
    to->host = copy_text(a, from->host, &is_short);
    to->headers = arena_alloc(a, (from->header_count + 1) * sizeof *to->headers);
    for (unsigned i = 0; i < from->header_count && !is_short && to->headers != NULL; i++) {
        const http_header *h = &from->headers[i];
        tern_str name = copy_text(a, (tern_str){h->name, h->name_len}, &is_short);
        tern_str value = copy_text(a, (tern_str){h->value, h->value_len}, &is_short);
        to->headers[i] = (http_header){(char *)(uintptr_t)name.data, (char *)(uintptr_t)value.data,
                                       h->name_len, h->value_len};
    }
    return !is_short && to->headers != NULL;
}

static void end_late(timer_entry *timer)
{
    repeat *r = list_owner(timer, repeat, timer);
    char label[160];
    tern_log(TERN_LOG_WARN, "%s: a repeated request took longer than %llu ms and was stopped",
             ctx_route_label(&r->c, label, sizeof label), (unsigned long long)r->c.timeout_ms);
    r->x.is_late = true;
    coro_cancel(r->runner);
}

static void run_chain(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_reply reply = tern_next(c);
    c->x->reply_status = reply.status; /* for tern_sent */
}

static void repeat_main(void *arg)
{
    repeat *r = arg;
    ctx_open(&r->c);
    ctx_guard(&r->c, run_chain, NULL);
    ctx_leave(&r->c);
    if (r->c.after != NULL)
        ctx_run_after(&r->c);
    timer_stop(&loop_self.timers, &r->timer);
    list_remove(&r->link);
    running_count--;
    arena_free(&r->x.arena);
    mem_free(r);
}

static void set_up(repeat *r, tern_ctx *of)
{
    http_exchange *from = of->x;
    r->x.request = &r->request;
    r->x.app = &r->c;
    r->x.scheme = http_is_secure(from) ? HTTP_SCHEME_HTTPS : HTTP_SCHEME_HTTP;
    r->x.body_is_read = true;
    r->x.has_replied = true;
    memcpy(r->x.address, http_remote_address(from), sizeof r->x.address);
    r->x.port = http_remote_port(from);
    ctx_begin(&r->c, of->app, &r->x);
    r->c.is_repeat = true;
    ctx_find_route(&r->c);
    r->x.policy.max_bytes = 0;
}

bool tern_repeat(tern_ctx *c)
{
    if (c->is_repeat || c->x->request->has_body || running_count == REPEATS_MAX)
        return false;
    const http_request *request =
        ctx_without_conditions(c, c->before != NULL ? c->before->sent : c->x->request);
    repeat *r = mem_zero(1, sizeof *r);
    if (r == NULL)
        return false;
    arena_init(&r->x.arena, NULL, 0, c->x->arena.limit_bytes);
    arena_check(&r->x.arena);
    bool is_ready = copy_head(r, request);
    if (is_ready) {
        set_up(r, c);
        r->runner = coro_spawn(repeat_main, r, &r->c, &r->c.scope);
    }
    if (r->runner == NULL) {
        arena_free(&r->x.arena);
        mem_free(r);
        return false;
    }
    if (running.next == NULL)
        list_init(&running);
    list_append(&running, &r->link);
    running_count++;
    r->timer.fire = end_late;
    timer_start(&loop_self.timers, &r->timer, loop_after_ms(r->c.timeout_ms));
    return true;
}

bool tern_is_repeat(tern_ctx *c)
{
    return c->is_repeat;
}

void repeat_cancel_all(void)
{
    if (running.next == NULL)
        return;
    list_each (link, &running)
        coro_cancel(list_owner(link, repeat, link)->runner);
}

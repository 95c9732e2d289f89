/**
 * Serves one request after the other from the input block.
 *
 * Hot path: no allocation; the exchange and the first bytes of its arena are on the runner's stack.
 */
#include "http/connection.h"

#include "base/log_limit.h"
#include "base/mem.h"

#include <tern/log.h>

#include <string.h>
#include <sys/socket.h>

enum { LENT_BYTES = 2048, REFUSALS_LOGGED_A_SECOND = 10 };

static void exchange_begin(http_exchange *x, http_connection *k, char *lent)
{
    memset(x, 0, offsetof(http_exchange, chunk));
    x->address[0] = '\0';
    x->connection = k;
    x->request = &x->head.request;
    x->policy.max_bytes = http_self.limits.body_bytes;
    arena_init(&x->arena, lent, LENT_BYTES, http_self.limits.arena_bytes);
    arena_check(&x->arena);
    k->exchange = x;
}

/** One line for each refused request, but no flood of them. */
static void log_refusal(http_exchange *x, int status, const char *detail)
{
    static log_limit limit;
    if (!tern_log_enabled(TERN_LOG_WARN) ||
        !log_limit_allows(&limit, REFUSALS_LOGGED_A_SECOND, loop_self.now_ms))
        return;
    const tern_log_field fields[] = {
        {"status", NULL, status}, {"reason", detail, 0}, {"address", http_remote_address(x), 0}};
    tern_log_event(TERN_LOG_WARN, "request refused", fields, 3);
}

static void refuse(http_exchange *x, int status, const char *detail)
{
    log_refusal(x, status, detail);
    x->wants_close = true;
    if (http_self.service.refuse != NULL)
        http_self.service.refuse(http_self.service.self, x, status, detail);
    else
        reply_refusal(x, status, detail);
}

/** After a head that could not be read: nothing of it may be used. */
static void forget_head(h1_head *head)
{
    int status = head->status;
    const char *reason = head->reason;
    memset(head, 0, offsetof(h1_head, headers));
    head->request = (http_request){.method = HTTP_OTHER_METHOD,
                                   .version = HTTP_1_1,
                                   .path_is_plain = true,
                                   .method_text = {"", 0},
                                   .path = {"", 0},
                                   .host = {"", 0}};
    head->status = status;
    head->reason = reason;
}

static void answer(http_exchange *x)
{
    http_connection *k = x->connection;
    const http_service *service = &http_self.service;
    body_begin(x);
    if (x->request->method == HTTP_CONNECT || x->request->method == HTTP_TRACE) {
        refuse(x, 501, "this server is not a proxy and does not echo requests");
        return;
    }
    if (service->accept_head != NULL)
        service->accept_head(service->self, x);
    if (k->has_suspended) {
        output_send(k, NULL, 0); /* this handler may wait: the replies before it must not wait with it */
        connection_watch(k);
    }
    if (x->has_replied)
        return;
    if (!x->policy.is_streamed && !body_read_whole(x)) {
        if (!k->is_broken)
            refuse(x, x->body_status, x->body_reason);
        return;
    }
    service->handle(service->self, x);
}

static void exchange_end(http_exchange *x)
{
    http_connection *k = x->connection;
    if (x->is_streaming) { /* the handler gave up half-way: the client must not take the part for the whole */
        const struct linger reset = {.l_onoff = 1, .l_linger = 0};
        output_send(k, NULL, 0);
        setsockopt(k->source.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        k->is_broken = true;
    }
    k->is_finished = k->is_broken || !x->has_replied || !x->keeps_alive || k->runner->is_cancelled;
    k->has_unread_body = !x->body_is_read;
    k->requests++;
    k->head_began_ms = 0;
    k->exchange = NULL;
    if (arena_holds(&x->arena))
        arena_free(&x->arena);
    if (x->body_buf.data != NULL)
        body_block_put(&http_self.bodies, &x->body_buf);
    pool_put(&http_self.blocks, x->head_block);
}

/** Answers the first request in the block; false when it is not complete yet. */
static bool serve_one(http_connection *k)
{
    http_exchange x;
    char lent[LENT_BYTES];
    size_t used = 0;
    h1_result result =
        h1_head_parse(&x.head, &http_self.limits.head, k->in + k->in_start, k->in_end - k->in_start, &used);
    bool is_late = k->head_began_ms != 0 && loop_self.now_ms >= k->head_began_ms + http_self.limits.head_ms;
    if (result == H1_PARTIAL && !is_late)
        return false;
    exchange_begin(&x, k, lent);
    if (result == H1_COMPLETE) {
        k->in_start += (uint32_t)used;
        answer(&x);
    } else {
        if (result == H1_PARTIAL) {
            x.head.status = 408;
            x.head.reason = "the request's head came too slowly";
        }
        forget_head(&x.head);
        refuse(&x, x.head.status, x.head.reason);
    }
    exchange_end(&x);
    return true;
}

void serve_buffered(http_connection *k)
{
    while (k->in_start != k->in_end && !k->is_finished && serve_one(k))
        if (k->in_start != k->in_end && !connection_take_turns(k, BUDGET_REQUEST))
            k->is_finished = k->is_broken = true;
}

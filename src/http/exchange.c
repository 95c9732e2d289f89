/** One request from its head to the end of its answer, whatever version of HTTP carries it. */
#include "http/secure.h"
#include "http/tunnel.h"
#include "http/wire.h"

#include "base/log_limit.h"

#include <tern/log.h>

enum { REFUSALS_LOGGED_A_SECOND = 10 };

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

/** The answer where the service has no format of its own. */
static void reply_refusal(http_exchange *x, int status, const char *detail)
{
    const char *body = arena_printf(
        &x->arena, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
        http_status_text(status), status, detail);
    http_reply(x, status, "application/problem+json", body, body != NULL ? strlen(body) : 0);
}

void exchange_refuse(http_exchange *x, int status, const char *detail)
{
    log_refusal(x, status, detail);
    x->wants_close = true;
    if (http_self.service.refuse != NULL)
        http_self.service.refuse(http_self.service.self, x, status, detail);
    else
        reply_refusal(x, status, detail);
}

void exchange_answer(http_exchange *x)
{
    const http_service *service = &http_self.service;
    if (x->request->method == HTTP_CONNECT || x->request->method == HTTP_TRACE) {
        exchange_refuse(x, 501, "this server is not a proxy and does not echo requests");
        return;
    }
    if (x->request->wants_tunnel && !tunnel_keep_head(x)) {
        exchange_refuse(x, 503, "out of memory");
        return;
    }
    if (!secure_may_answer(x))
        return;
    if (service->accept_head != NULL)
        service->accept_head(service->self, x);
    if (x->stream->has_suspended) {
        x->wire->flush(x); /* this handler may wait: the replies before it must not wait with it */
        x->wire->watch(x);
    }
    if (x->has_replied)
        return;
    if (!x->policy.is_streamed && !x->body_is_read && !body_read_whole(x)) {
        if (!x->stream->is_broken)
            exchange_refuse(x, x->body_status, x->body_reason);
        return;
    }
    service->handle(service->self, x);
}

void http_set_deadline(http_exchange *x, uint64_t at_ms)
{
    x->deadline_ms = at_ms;
    if (x->stream->has_suspended)
        x->wire->watch(x);
}

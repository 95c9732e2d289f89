/**
 * Serves one request after the other from the input block.
 *
 * Hot path: no allocation; the exchange and the first bytes of its arena are on the runner's stack.
 */
#include "http/h1/h1.h"

#include "base/mem.h"

#include <tern/log.h>

#include <string.h>

/** Sets all but what the head's parser sets. */
static void begin(h1_exchange *own, http_connection *k, char *lent)
{
    http_exchange *x = &own->base;
    memset(own, 0, offsetof(h1_exchange, base) + offsetof(http_exchange, address));
    x->connection = k;
    x->stream = &k->stream;
    x->wire = &h1_wire;
    x->request = &own->head.request;
    exchange_begin(x, lent);
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

static void end(h1_exchange *own, http_connection *k)
{
    http_exchange *x = &own->base;
    if (x->tunnel != NULL)
        h1_tunnel_take(x);
    exchange_end(x);
    k->is_finished = k->stream.is_broken || x->tunnel != NULL || !x->has_replied || !own->keeps_alive ||
                     k->stream.runner->is_cancelled;
    k->has_unread_body = !x->body_is_read;
    k->has_begun_head = false;
    k->requests++;
    pool_put(&http_self.blocks, own->head_block);
}

static bool is_late(const http_connection *k)
{
    return k->has_begun_head && loop_self.now_ms >= k->head_began_ms + http_self.limits.head_ms;
}

/** Whether the client speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3). What it has sent stays in the block
 * for that version, which takes over when the runner ends. */
static bool is_http2(http_connection *k)
{
    static const char beginning[] = "PRI * HTTP/2"; /* where the parser knows that it is not HTTP/1.1 */
    if (!TERN_WITH_HTTP2 || !http_self.limits.h2c || k->has_tls || k->requests != 0 ||
        k->in_end - k->in_start < sizeof beginning - 1 ||
        memcmp(k->in + k->in_start, beginning, sizeof beginning - 1) != 0)
        return false;
    k->protocol = &http2;
    k->is_finished = true;
    return true;
}

/** Whether what came is not HTTP/1.1 at all, on a port that speaks HTTP/2 too: an answer would be noise to such a
 * client. */
static bool is_noise(http_connection *k)
{
    const char *line = k->in + k->in_start;
    size_t len = k->in_end - k->in_start;
    const char *end = memchr(line, '\n', len);
    if (!TERN_WITH_HTTP2 || !http_self.limits.h2c || k->has_tls || k->requests != 0 ||
        memmem(line, end != NULL ? (size_t)(end - line) : len, " HTTP/1.", 8) != NULL)
        return false;
    tern_log(TERN_LOG_DEBUG, "a connection that begins neither with HTTP/1.1 nor with HTTP/2 is closed");
    k->is_finished = k->stream.is_broken = true;
    return true;
}

/** Answers the first request in the block; false when it is not complete yet. */
static bool serve_one(http_connection *k)
{
    h1_exchange own;
    char lent[EXCHANGE_LENT_BYTES];
    size_t used = 0;
    h1_result result =
        h1_head_parse(&own.head, &http_self.limits.head, k->in + k->in_start, k->in_end - k->in_start, &used);
    if (result == H1_PARTIAL && !is_late(k))
        return false;
    if (result == H1_ERROR && (is_http2(k) || is_noise(k)))
        return false;
    begin(&own, k, lent);
    if (result == H1_COMPLETE) {
        k->in_start += (uint32_t)used;
        h1_body_begin(&own.base);
        exchange_answer(&own.base);
    } else {
        if (result == H1_PARTIAL) {
            own.head.status = 408;
            own.head.reason = "the request's head came too slowly";
        }
        forget_head(&own.head);
        exchange_refuse(&own.base, own.head.status, own.head.reason);
    }
    end(&own, k);
    return true;
}

void h1_serve_buffered(http_connection *k)
{
    while (k->in_start != k->in_end && !k->is_finished && serve_one(k))
        if (k->in_start != k->in_end && !stream_take_turns(&k->stream, BUDGET_REQUEST))
            k->is_finished = k->stream.is_broken = true;
}

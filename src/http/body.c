/** The body of a request: what every version of HTTP shares. */
#include "http/wire.h"

#include "runtime/unwind.h"

#include <string.h>

enum { GRACE_MS = 5000 };

uint64_t rate_deadline(uint64_t rate, uint64_t began_ms, uint64_t bytes)
{
    return rate == 0 ? 0 : began_ms + GRACE_MS + bytes * 1000 / rate;
}

bool body_fail(http_exchange *x, int status, const char *reason)
{
    if (x->body_status == 0) {
        x->body_status = status;
        x->body_reason = reason;
    }
    return false;
}

bool body_is_allowed(http_exchange *x)
{
    if (x->body_status == 0 && x->request->has_length && x->request->length > x->policy.max_bytes)
        body_fail(x, 413, "the body is larger than this route takes");
    return x->body_status == 0;
}

static uint64_t body_min_rate(const http_exchange *x)
{
    return x->pace != NULL && x->pace->min_body_rate != 0 ? x->pace->min_body_rate
                                                          : http_self.limits.min_rate_bytes_s;
}

uint64_t body_deadline(http_exchange *x)
{
    if (x->body_began_ms == 0)
        x->body_began_ms = loop_self.now_ms;
    uint64_t by_rate = rate_deadline(body_min_rate(x), x->body_began_ms, x->body_bytes);
    uint64_t whole = http_self.limits.body_ms != 0 ? x->body_began_ms + http_self.limits.body_ms : 0;
    if (by_rate == 0 || whole == 0)
        return by_rate + whole;
    return by_rate < whole ? by_rate : whole;
}

bool body_read_whole(http_exchange *x)
{
    return body_is_allowed(x) && x->wire->read_whole(x);
}

bool http_body_read_whole(http_exchange *x)
{
    return x->body_is_read || body_read_whole(x);
}

long http_body_read(http_exchange *x, char *out, size_t size)
{
    char *piece;
    if (size == 0)
        return 0;
    if (!stream_take_turns(x->stream, BUDGET_STEP))
        unwind_throw(UNWIND_CANCELLED);
    if (x->stream->reader != NULL) {
        body_fail(x, 500, "two tasks read one body");
        return -1;
    }
    long len = body_is_allowed(x) ? x->wire->read_piece(x, size, &piece) : -1;
    if (len < 0 && coro_self()->is_cancelled)
        unwind_throw(UNWIND_CANCELLED);
    if (len > 0)
        memcpy(out, piece, (size_t)len);
    return len;
}

int http_body_error(const http_exchange *x, const char **detail)
{
    *detail = x->body_reason;
    return x->body_status;
}

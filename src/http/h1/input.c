/** Bytes from the socket. */
#include "http/h1/h1.h"
#include "http/transport.h"

#include <errno.h>
#include <string.h>

long input_receive(http_connection *k, char *into, size_t size)
{
    for (;;) {
        ssize_t n = transport_receive(k, into, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            k->is_readable = false;
            return n;
        }
        if (n < 0)
            k->stream.is_broken = true; /* reset, or no memory to receive with: an answer makes no sense */
        /* Less than asked for: the socket is empty, and an edge will tell of more. */
        k->is_readable = n > 0 && transport_has_more(k, n, size);
        return n;
    }
}

/** Makes room after in_end while the head in the same block must not move. */
static bool make_room_for_body(http_connection *k)
{
    h1_exchange *own = h1_of(k->stream.exchange);
    uint32_t len = k->in_end - k->in_start;
    if (own->head_block == NULL) {
        char *block = pool_get(&http_self.blocks);
        if (block == NULL)
            return false;
        memcpy(block, k->in + k->in_start, len);
        own->head_block = k->in;
        k->in = block;
    } else {
        memmove(k->in, k->in + k->in_start, len);
    }
    k->in_start = 0;
    k->in_end = len;
    return len < k->in_cap;
}

int input_fill(http_connection *k, uint64_t at_ms)
{
    if (!stream_take_turns(&k->stream, BUDGET_SYSTEM_CALL) ||
        (k->in_end == k->in_cap && !make_room_for_body(k)))
        return -1;
    for (;;) {
        if (!k->is_readable && !stream_wait_read(&k->stream, at_ms))
            return -1;
        long n = input_receive(k, k->in + k->in_end, k->in_cap - k->in_end);
        if (n > 0) {
            k->in_end += (uint32_t)n;
            return 1;
        }
        if (n == 0)
            return 0;
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            return -1;
    }
}

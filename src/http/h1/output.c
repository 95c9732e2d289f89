/** Bytes to the socket: replies are gathered in one block and sent in one call, slow readers are waited
 * for. */
#include "http/h1/h1.h"
#include "http/transport.h"

#include <errno.h>
#include <string.h>

static uint64_t pace_deadline(const http_connection *k, const output_pace *pace)
{
    uint64_t left = transport_in_flight(k), all = pace->behind + pace->sent;
    return rate_deadline(reply_min_rate(k->stream.exchange), pace->began_ms, all > left ? all - left : 0);
}

bool output_wait(http_connection *k, output_pace *pace)
{
    if (pace->began_ms == 0)
        *pace = (output_pace){.began_ms = loop_self.now_ms, .behind = transport_in_flight(k)};
    uint64_t at_ms = pace_deadline(k, pace);
    while (!stream_wait_write(&k->stream, at_ms)) {
        at_ms = pace_deadline(k, pace); /* it may have read without making room enough for an event */
        if (k->stream.is_broken || coro_self()->is_cancelled || at_ms <= loop_self.now_ms)
            return false;
    }
    return true;
}

/** sendmsg until all is taken or the socket is full; bytes taken, or -1 when it is broken. */
static ssize_t send_some(http_connection *k, struct iovec *parts, size_t count)
{
    for (;;) {
        ssize_t n = transport_send(k, parts, count, k->stream.is_corked);
        if (n >= 0)
            return n;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR) {
            k->stream.is_broken = true;
            return -1;
        }
    }
}

/** Moves the start of `parts` past `taken` bytes; returns the first part with something left, or the end. */
static struct iovec *skip(struct iovec *parts, struct iovec *end, size_t taken)
{
    while (parts < end && taken >= parts->iov_len)
        taken -= parts++->iov_len;
    if (parts < end && taken > 0) {
        parts->iov_base = (char *)parts->iov_base + taken;
        parts->iov_len -= taken;
    }
    return parts;
}

static void release_block(http_connection *k)
{
    pool_put(&http_self.blocks, k->out);
    k->out = NULL;
    k->out_len = 0;
}

/** Offers `out` to the kernel once: the usual case is that it takes all. False when something is left. */
static bool send_block(http_connection *k)
{
    struct iovec block = {k->out, k->out_len};
    ssize_t n = k->out_len != 0 ? send_some(k, &block, 1) : 0;
    if (n == (ssize_t)k->out_len) {
        release_block(k);
        return true;
    }
    if (n > 0) {
        k->out_len -= (uint32_t)n;
        memmove(k->out, k->out + n, k->out_len);
    }
    return false;
}

bool output_send(http_connection *k, const void *data, size_t len)
{
    if (k->stream.is_broken)
        return false;
    if (len == 0 && (k->out == NULL || send_block(k)))
        return true;
    struct iovec both[2] = {{k->out, k->out_len}, {(void *)(uintptr_t)data, len}};
    struct iovec *end = both + (len == 0 ? 1 : 2), *left = skip(both, end, 0);
    output_pace pace = {0};
    while (left < end && !k->stream.is_broken) {
        ssize_t n = send_some(k, left, (size_t)(end - left));
        if (n > 0) {
            left = skip(left, end, (size_t)n);
            pace.sent += (uint64_t)n;
            k->stream.writer = coro_self(); /* `out` must not be touched meanwhile */
            k->stream.is_broken |= !stream_take_turns(&k->stream, stream_units((size_t)n));
            k->stream.writer = NULL;
        } else if (n == 0 && !output_wait(k, &pace)) {
            k->stream.is_broken = true;
        }
    }
    if (!k->stream.is_broken)
        release_block(k);
    stream_wake_turns(&k->stream);
    return !k->stream.is_broken;
}

void output_try(http_connection *k)
{
    if (!k->stream.is_broken && k->out != NULL)
        send_block(k);
}

char *output_room(http_connection *k, size_t size)
{
    k->stream.is_broken |=
        size > http_self.block_bytes; /* a reply that can't be sent must not be waited for */
    if (k->stream.is_broken)
        return NULL;
    if (k->out_len + size > http_self.block_bytes && !output_send(k, NULL, 0))
        return NULL;
    if (k->out == NULL && (k->out = pool_get(&http_self.blocks)) == NULL) {
        k->stream.is_broken = true; /* no memory for even one reply: give the connection up */
        return NULL;
    }
    return k->out + k->out_len;
}

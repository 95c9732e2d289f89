/**
 * Whether the peer of a request in work is still there.
 *
 * A peer that has closed its sending side may be gone, or may wait for its answer: a FIN says both. A byte
 * sent to it shows which: a system whose socket is gone answers with RST, which is handled as for any peer
 * that leaves. The byte is the next one of the answer, which is known before the answer is: "HTTP/1.1 " of
 * the status line, or a leading zero of the next chunk's size. So a peer that waits receives exactly the same
 * bytes, in two packets.
 */
#include "http/h1/h1.h"
#include "http/transport.h"

#include <errno.h>

enum {
    /* A client that said that this request is its last one may well close its side after it (RFC 9112 section
     * 9.6), and some such clients read only once: it is given time for its answer to be ready. */
    PATIENCE_MS = 1000,
    CHUNK_ZEROS = 8 /* with the digits of a size not more than 16, which is all that some clients read */
};

static const char status_beginning[] = "HTTP/1.1 ";

/** What may be sent ahead of the rest of the answer; `*most` receives how much of it. NULL: nothing is
 * known. */
static const char *beginning_of(const http_exchange *x, unsigned *most)
{
    static const char zeros[CHUNK_ZEROS + 1] = "00000000";
    bool is_between_chunks = x->is_streaming && h1_of(x)->is_chunked_reply;
    *most = is_between_chunks ? CHUNK_ZEROS : sizeof status_beginning - 1;
    return is_between_chunks ? zeros : !x->has_replied ? status_beginning : NULL;
}

void presence_watch(http_connection *k)
{
    if (k->stream.exchange == NULL || !k->peer_closed)
        return;
    h1_exchange *own = h1_of(k->stream.exchange);
    if (own->look_ms == 0)
        own->look_ms = loop_self.now_ms + (own->head.keep_alive ? 0 : PATIENCE_MS);
}

void presence_look(http_connection *k)
{
    http_stream *s = &k->stream;
    http_exchange *x = s->exchange;
    h1_exchange *own = h1_of(x);
    unsigned most;
    const char *beginning = beginning_of(x, &most);
    /* Each time half as often: nine bytes last for as long as any handler. */
    own->look_ms = loop_self.now_ms + ((uint64_t)PATIENCE_MS << own->sent_ahead);
    if (s->reader != NULL || s->writer != NULL || s->is_yielding || k->out != NULL || own->sent_ahead >= most)
        return; /* the socket reports it, or the next send does */
    if (beginning == NULL) {
        if (x->is_streaming)
            stream_cancel(s);
        return;
    }
    struct iovec next = {(void *)(uintptr_t)(beginning + own->sent_ahead), 1};
    ssize_t n = transport_send(k, &next, 1, false);
    if (n == 1) {
        own->sent_ahead++;
    } else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        s->is_broken = true;
        stream_cancel(s);
    }
}

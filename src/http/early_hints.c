/** Early hints: interim replies before a slow one (RFC 8297). */
#include "http/wire.h"

#include "runtime/unwind.h"

#include <string.h>

enum {
    HINTS_MAX = 8,       /* interim replies before one reply: clients count them too */
    INTERIM_BYTES = 128, /* of an interim reply without its fields */
    LINE_BYTES = 4       /* ": " and a line's end */
};

/** Whether the client takes an interim reply for what it is. Over HTTP/1.1 some take it for the reply itself,
 * and of those that do not only browsers that open a page make use of it. */
static bool is_understood(const http_exchange *x)
{
    static const char mode[] = "Sec-Fetch-Mode", navigate[] = "navigate";
    unsigned from = 0;
    if (x->request->version < HTTP_1_1 || http_self.limits.early_hints == HTTP_HINTS_NEVER)
        return false;
    if (x->request->version > HTTP_1_1 || http_self.limits.early_hints == HTTP_HINTS_ALWAYS)
        return true;
    const http_header *header = http_request_header(x->request, mode, sizeof mode - 1, &from);
    return header != NULL && header->value_len == sizeof navigate - 1 &&
           memcmp(header->value, navigate, sizeof navigate - 1) == 0;
}

static bool fits_into_block(const http_field *fields, unsigned count)
{
    size_t bytes = INTERIM_BYTES;
    for (unsigned i = 0; i < count; i++)
        bytes += (size_t)fields[i].name_len + fields[i].value_len + LINE_BYTES;
    return bytes <= http_self.block_bytes;
}

bool http_early_hints(http_exchange *x, const http_field *fields, unsigned count)
{
    http_stream *s = x->stream;
    if (x->has_replied || x->hints == HINTS_MAX || !fits_into_block(fields, count) || !is_understood(x))
        return false;
    x->hints++;
    if (!stream_take_turns(s, BUDGET_SYSTEM_CALL) || (s->writer != NULL && !stream_wait_turn(s)) ||
        !x->wire->inform(x, 103, fields, count)) {
        x->has_client_left = true;
        unwind_throw(UNWIND_CANCELLED);
    }
    return true;
}

/** Early hints: interim replies before a slow one (RFC 8297). */
#include "http/connection.h"

#include "runtime/unwind.h"

#include <string.h>

enum { HINTS_MAX = 8 }; /* interim replies before one reply: clients count them too */

/** Whether the client takes an interim reply for what it is. Over HTTP/1.1 some take it for the reply itself, and of
 * those that do not only browsers that open a page make use of it. */
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

bool http_early_hints(http_exchange *x, const http_field *fields, unsigned count)
{
    http_connection *k = x->connection;
    if (x->has_replied || x->hints == HINTS_MAX || !is_understood(x))
        return false;
    x->hints++;
    if (!connection_take_turns(k, BUDGET_SYSTEM_CALL) || (k->writer != NULL && !output_wait_turn(k)) ||
        !h1_inform(x, 103, fields, count)) {
        x->has_client_left = true;
        unwind_throw(UNWIND_CANCELLED);
    }
    return true;
}

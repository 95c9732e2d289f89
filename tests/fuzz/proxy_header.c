/* PROXY headers: a header is inside the input, every beginning of it asks for more, and what follows it does not
 * change it. */
#include "http/proxy_header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    proxy_header whole, part;
    proxy_result result = proxy_header_read(input, size, &whole);
    require(result != PROXY_MORE || size < PROXY_HEADER_MAX);
    size_t end = result == PROXY_DONE ? whole.len : size;
    require(end <= size && end <= (result == PROXY_DONE ? PROXY_HEADER_MAX : size));
    for (size_t len = 0; len < end && len < 256; len++) {
        proxy_result so_far = proxy_header_read(input, len, &part);
        require(so_far == PROXY_MORE || (so_far == PROXY_BAD && result == PROXY_BAD));
    }
    if (result == PROXY_DONE) {
        require(proxy_header_read(input, whole.len, &part) == PROXY_DONE);
        require(part.len == whole.len && memcmp(&part.peer, &whole.peer, sizeof part.peer) == 0);
    }
    return 0;
}

/* Streams of events: the same events at any split. The first byte is the size of the pieces. */
#include "base/buf.h"
#include "fetch/sse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void read_all(const char *text, size_t len, size_t piece, buf *seen)
{
    sse_reader r = {0};
    for (size_t at = 0; at < len;) {
        size_t used, most = len - at < piece ? len - at : piece;
        bool is_whole = sse_read(&r, text + at, most, &used);
        if (used == 0 || used > most || r.failed)
            abort();
        at += used;
        if (!is_whole)
            continue;
        if (r.data.data == NULL || r.data.data[r.data.len] != '\0')
            abort();
        buf_add(seen, r.event.data, r.event.len);
        buf_add(seen, "|", 1);
        buf_add(seen, r.data.data, r.data.len);
        buf_add(seen, "|", 1);
        buf_add(seen, r.id.data, r.id.len);
        buf_add_printf(seen, "|%u\n", r.retry_ms);
    }
    sse_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf once = {0}, split = {0};
    if (size < 2 || size > 4096)
        return 0;
    const char *text = (const char *)data + 1;
    read_all(text, size - 1, size, &once);
    read_all(text, size - 1, (size_t)data[0] % 16 + 1, &split);
    if (once.len != split.len || (once.len != 0 && memcmp(once.data, split.data, once.len) != 0))
        abort();
    buf_free(&once);
    buf_free(&split);
    return 0;
}

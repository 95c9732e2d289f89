/* Heads of replies, and Retry-After: every beginning of a whole head is a part of it, and what is read is within it. */
#include "fetch/reply_head.h"
#include "fetch/retry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reply_head whole, part;
    uint64_t ms;
    if (size > 4096)
        return 0;
    char *text = malloc(size + 1); /* of exactly this size: reading past it is found */
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    reply_result result = reply_head_read(&whole, text, size);
    if (result == REPLY_WHOLE) {
        if (whole.used > size || whole.lines > whole.used - 2 || whole.status < 100 || whole.status > 999)
            abort();
        for (size_t len = 0; len < whole.used; len++)
            if (reply_head_read(&part, text, len) != REPLY_PARTIAL)
                abort();
        if (reply_head_read(&part, text, whole.used) != REPLY_WHOLE || part.used != whole.used)
            abort();
    } else if (result == REPLY_WRONG && whole.reason == NULL) {
        abort();
    }
    if (retry_after_read((tern_str){text, size}, 784111777, &ms) && ms > 24 * 3600 * 1000)
        abort();
    free(text);
    return 0;
}

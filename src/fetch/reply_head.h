/** The head of an HTTP/1.1 reply (RFC 9112), as strictly as Tern reads requests. */
#ifndef FETCH_REPLY_HEAD_H
#define FETCH_REPLY_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct reply_head {
    int status;
    bool keep_alive;
    bool is_chunked;
    bool has_length;
    uint64_t length;
    size_t lines;       /* where the first header line begins */
    size_t used;        /* bytes up to and including the empty line */
    const char *reason; /* after REPLY_WRONG */
} reply_head;

typedef enum reply_result { REPLY_WHOLE, REPLY_PARTIAL, REPLY_WRONG } reply_result;

/** Reads a head from the start of `data`; nothing is changed. The header lines are the bytes from `lines` to `used` less
 * the empty line. */
reply_result reply_head_read(reply_head *h, const char *data, size_t len);

#endif

/** Where one HTTP/1.1 reply ends in the bytes of a connection: as little as a client of trusted servers
 * needs. */
#ifndef RATE_REPLY_H
#define RATE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_HEAD_BYTES = 4096 };

typedef enum reply_result {
    REPLY_MORE, /* all was taken, the reply goes on */
    REPLY_DONE,
    REPLY_BROKEN /* no HTTP/1.1, no length, or a head of more than REPLY_HEAD_BYTES */
} reply_result;

typedef enum reply_state {
    REPLY_HEAD,
    REPLY_BODY, /* `left` bytes of it */
    REPLY_CHUNK_SIZE,
    REPLY_CHUNK, /* `left` bytes of it, its CR LF included */
    REPLY_TRAILER
} reply_state;

/** The reply that is being read; all zero before its first byte. */
typedef struct reply {
    reply_state state;
    int status;
    bool closes;     /* the server said that it closes the connection */
    uint64_t left;   /* bytes */
    size_t line_len; /* of the chunk's size or the trailer's line so far */
    size_t head_len;
    char head[REPLY_HEAD_BYTES];
} reply;

/** Takes up to `len` bytes and sets `*taken`; on REPLY_DONE what is left belongs to the next reply. */
reply_result reply_take(reply *r, const char *data, size_t len, size_t *taken);

/** Makes it ready for the next reply. */
void reply_reset(reply *r);

#endif

/** Decoder of the chunked transfer coding (RFC 9112 section 7.1), in place, at any split of the input. */
#ifndef HTTP_H1_CHUNK_H
#define HTTP_H1_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct h1_chunk_limits {
    uint64_t body_bytes;   /* decoded bytes at most: status 413 beyond */
    size_t overhead_bytes; /* chunk extensions (all together) at most: 400 beyond. Chunk-size lines may take
                              16 times that and 4 times the body so far: 1-byte chunks of a full body pass,
                              sizes padded with zeros do not */
    size_t trailer_bytes;  /* 431 beyond */
} h1_chunk_limits;

/** Zeroed is the start of a body. */
typedef struct h1_chunk {
    uint8_t state;
    uint8_t digits;
    uint64_t left;       /* bytes left in the current chunk */
    uint64_t decoded;    /* bytes of body so far */
    uint64_t line_bytes; /* of chunk-size lines, without extensions */
    size_t overhead;     /* bytes of extensions */
    size_t trailer_bytes;
    int status; /* after H1_CHUNK_ERROR */
    const char *reason;
} h1_chunk;

typedef enum h1_chunk_result { H1_CHUNK_MORE, H1_CHUNK_END, H1_CHUNK_ERROR } h1_chunk_result;

/**
 * Decodes `*len` bytes at `data` in place.
 *
 * @param used  receives how many input bytes were consumed: all of them for H1_CHUNK_MORE; for H1_CHUNK_END
 * up to and including the empty line after the trailer (the next request follows).
 * @param len   in: input bytes; out: body bytes now at `data`.
 *
 * Trailer fields are checked for syntax and dropped (none is merged into the headers). After H1_CHUNK_END or
 * H1_CHUNK_ERROR further calls return the same and consume nothing. On an error `*len` is what was decoded
 * before it. A bare LF, an invalid extension (RFC 9112 section 7.1.1), a size with sign, space or prefix,
 * more than 16 digits: H1_CHUNK_ERROR.
 */
h1_chunk_result h1_chunk_decode(h1_chunk *c, const h1_chunk_limits *limits, char *data, size_t *len,
                                size_t *used);

#endif

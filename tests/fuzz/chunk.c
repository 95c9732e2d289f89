/*
 * The chunked coding: decoded whole or in pieces, with any kit, the body, the end and the error are the same.
 * The first two input bytes choose the pieces.
 */
#include "http/h1/chunk.h"
#include "http/scan/scan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static const h1_chunk_limits limits = {.body_bytes = 2048, .overhead_bytes = 64, .trailer_bytes = 128};

typedef struct outcome {
    h1_chunk_result result;
    int status;
    size_t used, len;
    char body[2048];
} outcome;

static void require(bool holds)
{
    if (!holds)
        abort();
}

/** Decodes in pieces of 1 to `longest` bytes that follow from `seed`. */
static void decode(outcome *o, const char *text, size_t len, size_t longest, uint32_t seed)
{
    h1_chunk c = {0};
    o->result = H1_CHUNK_MORE;
    o->used = o->len = 0;
    while (o->used < len && o->result == H1_CHUNK_MORE) {
        seed = seed * 1664525 + 1013904223;
        size_t n = 1 + (seed >> 8) % longest, used = 0;
        n = n < len - o->used ? n : len - o->used;
        size_t given = n;
        char *piece = malloc(n);
        if (piece == NULL)
            abort();
        memcpy(piece, text + o->used, n);
        o->result = h1_chunk_decode(&c, &limits, piece, &n, &used);
        require(used <= given && n <= used && o->len + n <= sizeof o->body);
        require(o->result != H1_CHUNK_MORE || used == given);
        memcpy(o->body + o->len, piece, n);
        o->len += n;
        o->used += used;
        free(piece);
    }
    o->status = o->result == H1_CHUNK_ERROR ? c.status : 0;
    require(c.decoded == o->len && c.overhead <= limits.overhead_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static outcome whole, pieces;
    if (size < 3)
        return 0;
    const char *text = (const char *)input + 2;
    const scan_kit *kits[SCAN_KITS];
    unsigned count = scan_kits(kits);
    decode(&whole, text, size - 2, 1, 0);
    for (unsigned k = 0; k < count; k++) {
        scan_best = kits[k];
        for (size_t longest = 1 + input[0]; longest < 2 * size; longest *= 8) {
            decode(&pieces, text, size - 2, longest, input[1]);
            require(pieces.result == whole.result && pieces.status == whole.status);
            require(pieces.used == whole.used && pieces.len == whole.len);
            require(memcmp(pieces.body, whole.body, whole.len) == 0);
        }
    }
    return 0;
}

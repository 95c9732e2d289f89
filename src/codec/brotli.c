/**
 * br by libbrotlienc and libbrotlidec.
 *
 * The library makes an encoder for each body and has no way to begin again with an old one, so its blocks are kept
 * instead: a new encoder gets the blocks of the last one, whose pages are in memory already.
 */
#include "base/mem.h"
#include "codec/way.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>

static struct {
    __typeof__(BrotliEncoderCreateInstance) *create;
    __typeof__(BrotliEncoderDestroyInstance) *destroy;
    __typeof__(BrotliEncoderSetParameter) *set;
    __typeof__(BrotliEncoderCompressStream) *step;
    __typeof__(BrotliEncoderHasMoreOutput) *has_more;
} encoding;

static struct {
    __typeof__(BrotliDecoderCreateInstance) *create;
    __typeof__(BrotliDecoderDestroyInstance) *destroy;
    __typeof__(BrotliDecoderDecompressStream) *step;
    __typeof__(BrotliDecoderGetErrorCode) *error;
} decoding;

static bool load(const char **problem)
{
    static const library_function functions[] = {
        {"BrotliEncoderCreateInstance", offsetof(__typeof__(encoding), create)},
        {"BrotliEncoderDestroyInstance", offsetof(__typeof__(encoding), destroy)},
        {"BrotliEncoderSetParameter", offsetof(__typeof__(encoding), set)},
        {"BrotliEncoderCompressStream", offsetof(__typeof__(encoding), step)},
        {"BrotliEncoderHasMoreOutput", offsetof(__typeof__(encoding), has_more)},
    };
    static codec_library found = {
        .file = {
            .file = "libbrotlienc.so.1",
            .missing = "br needs libbrotlienc.so.1, which is missing: install libbrotli1",
            LIBRARY_FUNCTIONS(functions, encoding),
        }};
    return codec_library_open(&found, problem);
}

/* -- blocks -- */

enum { BLOCKS_KEPT = 24 };

typedef struct block {
    struct block *next; /* of all blocks of the encoder */
    size_t size;        /* of the bytes after it */
    bool is_used;
    _Alignas(16) char data[];
} block;

typedef struct encoder {
    codec_encoder base;
    BrotliEncoderState *state;
    block *blocks;
    /* Debian's library ends the process when an allocation fails. Such a call is left instead, and all blocks of its
     * encoder are freed: it has nothing else. */
    jmp_buf out_of_memory;
} encoder;

static void free_blocks(encoder *e)
{
    for (block *b = e->blocks, *next; b != NULL; b = next) {
        next = b->next;
        mem_free(b);
    }
    e->blocks = NULL;
}

/** The smallest kept block that fits and is not much too large. */
static void *take_block(void *opaque, size_t size)
{
    encoder *e = opaque;
    block *best = NULL;
    for (block *b = e->blocks; b != NULL; b = b->next)
        if (!b->is_used && b->size >= size && b->size / 2 <= size && (best == NULL || b->size < best->size))
            best = b;
    if (best == NULL) {
        best = size < SIZE_MAX / 2 ? mem_alloc(sizeof *best + size) : NULL;
        if (best == NULL)
            longjmp(e->out_of_memory, 1);
        *best = (block){.next = e->blocks, .size = size};
        e->blocks = best;
    }
    best->is_used = true;
    return best->data;
}

static void give_block(void *opaque, void *data)
{
    (void)opaque;
    if (data != NULL)
        ((block *)(void *)((char *)data - offsetof(block, data)))->is_used = false;
}

/** Frees blocks when there are more than bodies of one kind need. */
static void limit_blocks(encoder *e)
{
    unsigned count = 0;
    for (const block *b = e->blocks; b != NULL; b = b->next)
        count++;
    if (count > BLOCKS_KEPT)
        free_blocks(e);
}

/* -- encoding -- */

static codec_encoder *make(int level, bool is_stream)
{
    (void)level, (void)is_stream;
    encoder *e = mem_zero(1, sizeof *e);
    return e != NULL ? &e->base : NULL;
}

/** What is left of an encoder whose call was left. */
static bool give_up(encoder *e)
{
    e->state = NULL;
    free_blocks(e);
    return false;
}

/** The window: no larger than the body needs, because the encoder's tables grow with it. */
static unsigned window_bits(size_t whole_bytes)
{
    enum { STREAM_BITS = 18, MOST_BITS = 22 };
    unsigned bits = BROTLI_MIN_WINDOW_BITS;
    if (whole_bytes == 0)
        return STREAM_BITS;
    while (bits < MOST_BITS && ((size_t)1 << bits) - 16 < whole_bytes)
        bits++;
    return bits;
}

static bool begin(codec_encoder *base, size_t whole_bytes)
{
    encoder *e = (encoder *)base;
    const size_t hint = whole_bytes < (1u << 30) ? whole_bytes : 1u << 30;
    if (setjmp(e->out_of_memory) != 0)
        return give_up(e);
    e->state = encoding.create(take_block, give_block, e);
    return e->state != NULL && encoding.set(e->state, BROTLI_PARAM_QUALITY, (uint32_t)base->level) &&
           encoding.set(e->state, BROTLI_PARAM_LGWIN, window_bits(whole_bytes)) &&
           encoding.set(e->state, BROTLI_PARAM_SIZE_HINT, (uint32_t)hint);
}

static void end(codec_encoder *base)
{
    encoder *e = (encoder *)base;
    if (e->state != NULL)
        encoding.destroy(e->state);
    e->state = NULL;
    limit_blocks(e);
}

static void free_encoder(codec_encoder *base)
{
    encoder *e = (encoder *)base;
    end(base);
    free_blocks(e);
    mem_free(e);
}

/** As BrotliEncoderMaxCompressedSize, with room to spare for small bodies. */
static size_t bound(size_t len)
{
    return len + 4 * (len >> 14) + 64;
}

static bool step(codec_encoder *base, codec_bytes *bytes, codec_step what, bool *has_more)
{
    static const BrotliEncoderOperation operations[] = {[CODEC_GO_ON] = BROTLI_OPERATION_PROCESS,
                                                        [CODEC_FLUSH] = BROTLI_OPERATION_FLUSH,
                                                        [CODEC_END] = BROTLI_OPERATION_FINISH};
    encoder *e = (encoder *)base;
    if (e->state == NULL)
        return false;
    if (setjmp(e->out_of_memory) != 0)
        return give_up(e);
    if (!encoding.step(e->state, operations[what], &bytes->in_len, &bytes->in, &bytes->out_room, &bytes->out,
                       NULL))
        return false;
    *has_more = encoding.has_more(e->state) || bytes->in_len != 0;
    return true;
}

static size_t whole(codec_encoder *base, const void *data, size_t len, void *out, size_t room)
{
    codec_bytes bytes = {data, len, out, room};
    bool has_more = true;
    return step(base, &bytes, CODEC_END, &has_more) && !has_more ? room - bytes.out_room : 0;
}

const codec_encoding codec_brotli_encoding = {
    .kind = CODEC_BROTLI,
    .is_whole = true,
    .is_stream = true,
    .load = load,
    .make = make,
    .begin = begin,
    .end = end,
    .free = free_encoder,
    .bound = bound,
    .whole = whole,
    .step = step,
};

/* -- decoding -- */

static bool load_decoder(const char **problem)
{
    static const library_function functions[] = {
        {"BrotliDecoderCreateInstance", offsetof(__typeof__(decoding), create)},
        {"BrotliDecoderDestroyInstance", offsetof(__typeof__(decoding), destroy)},
        {"BrotliDecoderDecompressStream", offsetof(__typeof__(decoding), step)},
        {"BrotliDecoderGetErrorCode", offsetof(__typeof__(decoding), error)},
    };
    static codec_library found = {
        .file = {
            .file = "libbrotlidec.so.1",
            .missing = "br needs libbrotlidec.so.1, which is missing: install libbrotli1",
            LIBRARY_FUNCTIONS(functions, decoding),
        }};
    return codec_library_open(&found, problem);
}

typedef struct decoder {
    codec_decoder base;
    BrotliDecoderState *state;
} decoder;

static void *take_memory(void *unused, size_t size)
{
    (void)unused;
    return mem_alloc(size);
}

static void give_memory(void *unused, void *data)
{
    (void)unused;
    mem_free(data);
}

static codec_decoder *make_decoder(codec_kind kind)
{
    (void)kind;
    decoder *d = mem_zero(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->state = decoding.create(take_memory, give_memory, NULL);
    if (d->state != NULL)
        return &d->base;
    mem_free(d);
    return NULL;
}

static void free_decoder(codec_decoder *base)
{
    decoding.destroy(((decoder *)base)->state);
    mem_free(base);
}

static codec_result decode(codec_decoder *base, codec_bytes *bytes)
{
    decoder *d = (decoder *)base;
    switch (decoding.step(d->state, &bytes->in_len, &bytes->in, &bytes->out_room, &bytes->out, NULL)) {
    case BROTLI_DECODER_RESULT_SUCCESS:
        return CODEC_ENDED;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
        return CODEC_WANTS_INPUT;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        return CODEC_WANTS_ROOM;
    default: {
        const BrotliDecoderErrorCode error = decoding.error(d->state);
        const bool is_short = error <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                              error >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES;
        return is_short ? CODEC_NO_MEMORY : CODEC_BROKEN;
    }
    }
}

static bool again(codec_decoder *base)
{
    (void)base; /* a body of br is one stream */
    return false;
}

const codec_decoding codec_brotli_decoding = {
    .load = load_decoder, .make = make_decoder, .free = free_decoder, .decode = decode, .again = again};

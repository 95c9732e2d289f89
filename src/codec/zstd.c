/** zstd by libzstd. */
#include "base/mem.h"
#include "codec/way.h"

#include <stddef.h>
#include <zstd.h>

enum {
    STREAM_WINDOW_BITS = 17,
    STREAM_TABLE_BITS = 16,
    WINDOW_BITS_MOST = 23 /* 8 MiB: RFC 9659 */
};

static struct {
    __typeof__(ZSTD_createCCtx) *create;
    __typeof__(ZSTD_freeCCtx) *free;
    __typeof__(ZSTD_CCtx_reset) *reset;
    __typeof__(ZSTD_CCtx_setParameter) *set;
    __typeof__(ZSTD_compress2) *compress;
    __typeof__(ZSTD_compressStream2) *step;
    __typeof__(ZSTD_isError) *is_error;
    __typeof__(ZSTD_createDCtx) *create_decoder;
    __typeof__(ZSTD_freeDCtx) *free_decoder;
    __typeof__(ZSTD_DCtx_reset) *reset_decoder;
    __typeof__(ZSTD_DCtx_setParameter) *set_decoder;
    __typeof__(ZSTD_decompressStream) *decode;
} library;

static bool load(const char **problem)
{
#define FUNCTION(name, member)                                                                               \
    {                                                                                                        \
        "ZSTD_" #name, offsetof(__typeof__(library), member)                                                 \
    }
    static const library_function functions[] = {
        FUNCTION(createCCtx, create),
        FUNCTION(freeCCtx, free),
        FUNCTION(CCtx_reset, reset),
        FUNCTION(CCtx_setParameter, set),
        FUNCTION(compress2, compress),
        FUNCTION(compressStream2, step),
        FUNCTION(isError, is_error),
        FUNCTION(createDCtx, create_decoder),
        FUNCTION(freeDCtx, free_decoder),
        FUNCTION(DCtx_reset, reset_decoder),
        FUNCTION(DCtx_setParameter, set_decoder),
        FUNCTION(decompressStream, decode),
    };
#undef FUNCTION
    static codec_library found = {
        .file = {
            .file = "libzstd.so.1",
            .missing = "zstd needs libzstd.so.1 of version 1.4 or newer, which is missing: install libzstd1",
            LIBRARY_FUNCTIONS(functions, library),
        }};
    return codec_library_open(&found, problem);
}

/* -- encoding -- */

typedef struct encoder {
    codec_encoder base;
    ZSTD_CCtx *context;
} encoder;

static bool set_up(encoder *e, int level, bool is_stream)
{
    if (library.is_error(library.set(e->context, ZSTD_c_compressionLevel, level)))
        return false;
    return !is_stream || (!library.is_error(library.set(e->context, ZSTD_c_windowLog, STREAM_WINDOW_BITS)) &&
                          !library.is_error(library.set(e->context, ZSTD_c_hashLog, STREAM_TABLE_BITS)) &&
                          !library.is_error(library.set(e->context, ZSTD_c_chainLog, STREAM_TABLE_BITS)));
}

static void free_encoder(codec_encoder *base)
{
    library.free(((encoder *)base)->context);
    mem_free(base);
}

static codec_encoder *make(int level, bool is_stream)
{
    encoder *e = mem_zero(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->context = library.create();
    if (e->context != NULL && set_up(e, level, is_stream))
        return &e->base;
    free_encoder(&e->base);
    return NULL;
}

static bool begin(codec_encoder *base, size_t whole_bytes)
{
    (void)whole_bytes;
    return !library.is_error(library.reset(((encoder *)base)->context, ZSTD_reset_session_only));
}

static size_t bound(size_t len)
{
    return ZSTD_COMPRESSBOUND(len) + 64;
}

static size_t whole(codec_encoder *base, const void *data, size_t len, void *out, size_t room)
{
    const size_t made = library.compress(((encoder *)base)->context, out, room, data, len);
    return library.is_error(made) ? 0 : made;
}

static bool step(codec_encoder *base, codec_bytes *bytes, codec_step what, bool *has_more)
{
    static const ZSTD_EndDirective directives[] = {
        [CODEC_GO_ON] = ZSTD_e_continue, [CODEC_FLUSH] = ZSTD_e_flush, [CODEC_END] = ZSTD_e_end};
    ZSTD_inBuffer in = {bytes->in, bytes->in_len, 0};
    ZSTD_outBuffer out = {bytes->out, bytes->out_room, 0};
    const size_t left = library.step(((encoder *)base)->context, &out, &in, directives[what]);
    if (library.is_error(left))
        return false;
    *bytes = (codec_bytes){bytes->in + in.pos, bytes->in_len - in.pos, bytes->out + out.pos,
                           bytes->out_room - out.pos};
    *has_more = what == CODEC_GO_ON ? bytes->in_len != 0 : left != 0;
    return true;
}

const codec_encoding codec_zstd_encoding = {
    .kind = CODEC_ZSTD,
    .is_whole = true,
    .is_stream = true,
    .load = load,
    .make = make,
    .begin = begin,
    .free = free_encoder,
    .bound = bound,
    .whole = whole,
    .step = step,
};

/* -- decoding -- */

typedef struct decoder {
    codec_decoder base;
    ZSTD_DCtx *context;
} decoder;

static void free_decoder(codec_decoder *base)
{
    library.free_decoder(((decoder *)base)->context);
    mem_free(base);
}

static codec_decoder *make_decoder(codec_kind kind)
{
    (void)kind;
    decoder *d = mem_zero(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->context = library.create_decoder();
    if (d->context != NULL &&
        !library.is_error(library.set_decoder(d->context, ZSTD_d_windowLogMax, WINDOW_BITS_MOST)))
        return &d->base;
    free_decoder(&d->base);
    return NULL;
}

static codec_result decode(codec_decoder *base, codec_bytes *bytes)
{
    ZSTD_inBuffer in = {bytes->in, bytes->in_len, 0};
    ZSTD_outBuffer out = {bytes->out, bytes->out_room, 0};
    const size_t left = library.decode(((decoder *)base)->context, &out, &in);
    if (library.is_error(left))
        return CODEC_BROKEN;
    *bytes = (codec_bytes){bytes->in + in.pos, bytes->in_len - in.pos, bytes->out + out.pos,
                           bytes->out_room - out.pos};
    return left == 0 ? CODEC_ENDED : bytes->out_room == 0 ? CODEC_WANTS_ROOM : CODEC_WANTS_INPUT;
}

static bool again(codec_decoder *base)
{
    (void)base; /* the decoder has begun the next frame by itself */
    return true;
}

const codec_decoding codec_zstd_decoding = {
    .load = load, .make = make_decoder, .free = free_decoder, .decode = decode, .again = again};

/** gzip and deflate by zlib: streams, and whole bodies where libdeflate is missing. */
#include "base/mem.h"
#include "codec/way.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

enum { GZIP = 16, WINDOW_BITS = 15, MEMORY_LEVEL = 8, BEST = 9 };

static struct {
    __typeof__(deflateInit2_) *deflate_init;
    __typeof__(deflate) *deflate;
    __typeof__(deflateReset) *deflate_reset;
    __typeof__(deflateEnd) *deflate_end;
    __typeof__(inflateInit2_) *inflate_init;
    __typeof__(inflate) *inflate;
    __typeof__(inflateReset2) *inflate_reset;
    __typeof__(inflateEnd) *inflate_end;
} library;

static bool load(const char **problem)
{
    static const library_function functions[] = {
        {"deflateInit2_", offsetof(__typeof__(library), deflate_init)},
        {"deflate", offsetof(__typeof__(library), deflate)},
        {"deflateReset", offsetof(__typeof__(library), deflate_reset)},
        {"deflateEnd", offsetof(__typeof__(library), deflate_end)},
        {"inflateInit2_", offsetof(__typeof__(library), inflate_init)},
        {"inflate", offsetof(__typeof__(library), inflate)},
        {"inflateReset2", offsetof(__typeof__(library), inflate_reset)},
        {"inflateEnd", offsetof(__typeof__(library), inflate_end)},
    };
    static codec_library found = {
        .file = {
            .file = "libz.so.1",
            .missing = "gzip and deflate need libz.so.1, which is missing: install zlib1g",
            LIBRARY_FUNCTIONS(functions, library),
        }};
    return codec_library_open(&found, problem);
}

static void *take_memory(void *unused, unsigned count, unsigned size)
{
    (void)unused;
    return mem_zero(count, size);
}

static void give_memory(void *unused, void *block)
{
    (void)unused;
    mem_free(block);
}

static void from_bytes(z_stream *z, const codec_bytes *bytes)
{
    z->next_in = (Bytef *)(uintptr_t)bytes->in;
    z->avail_in = bytes->in_len < UINT_MAX ? (unsigned)bytes->in_len : UINT_MAX;
    z->next_out = bytes->out;
    z->avail_out = bytes->out_room < UINT_MAX ? (unsigned)bytes->out_room : UINT_MAX;
}

static void to_bytes(const z_stream *z, codec_bytes *bytes)
{
    bytes->in_len -= (size_t)(z->next_in - bytes->in);
    bytes->in = z->next_in;
    bytes->out_room -= (size_t)(z->next_out - bytes->out);
    bytes->out = z->next_out;
}

/* -- encoding -- */

typedef struct encoder {
    codec_encoder base;
    z_stream z;
} encoder;

static codec_encoder *make_with(int level, int window_bits)
{
    encoder *e = mem_zero(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->z.zalloc = take_memory;
    e->z.zfree = give_memory;
    if (library.deflate_init(&e->z, level < BEST ? level : BEST, Z_DEFLATED, window_bits, MEMORY_LEVEL,
                             Z_DEFAULT_STRATEGY, ZLIB_VERSION, sizeof e->z) == Z_OK)
        return &e->base;
    mem_free(e);
    return NULL;
}

static codec_encoder *make(int level, bool is_stream)
{
    (void)is_stream;
    return make_with(level, GZIP + WINDOW_BITS);
}

static codec_encoder *make_for_messages(int level, bool is_stream)
{
    (void)is_stream;
    return make_with(level, -WINDOW_BITS);
}

static bool begin(codec_encoder *base, size_t whole_bytes)
{
    (void)whole_bytes;
    return library.deflate_reset(&((encoder *)base)->z) == Z_OK;
}

static void free_encoder(codec_encoder *base)
{
    encoder *e = (encoder *)base;
    library.deflate_end(&e->z);
    mem_free(e);
}

/** As deflateBound of zlib with the usual window and memory, and some more. */
static size_t bound(size_t len)
{
    return len + (len >> 12) + (len >> 14) + (len >> 25) + 64;
}

static bool step(codec_encoder *base, codec_bytes *bytes, codec_step step, bool *has_more)
{
    static const int flushes[] = {
        [CODEC_GO_ON] = Z_NO_FLUSH, [CODEC_FLUSH] = Z_SYNC_FLUSH, [CODEC_END] = Z_FINISH};
    encoder *e = (encoder *)base;
    from_bytes(&e->z, bytes);
    const int result = library.deflate(&e->z, flushes[step]);
    to_bytes(&e->z, bytes);
    *has_more = step == CODEC_END ? result != Z_STREAM_END : bytes->out_room == 0 || bytes->in_len != 0;
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
}

static size_t whole(codec_encoder *base, const void *data, size_t len, void *out, size_t room)
{
    codec_bytes bytes = {data, len, out, room};
    bool has_more = true;
    while (has_more && bytes.out_room != 0)
        if (!step(base, &bytes, bytes.in_len <= UINT_MAX ? CODEC_END : CODEC_GO_ON, &has_more))
            return 0;
    return has_more ? 0 : room - bytes.out_room;
}

const codec_encoding codec_zlib_encoding = {
    .kind = CODEC_GZIP,
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

const codec_encoding codec_zlib_messages_encoding = {
    .kind = CODEC_MESSAGES,
    .is_whole = true,
    .is_stream = true,
    .load = load,
    .make = make_for_messages,
    .begin = begin,
    .free = free_encoder,
    .bound = bound,
    .whole = whole,
    .step = step,
};

/* -- decoding -- */

typedef struct decoder {
    codec_decoder base;
    z_stream z;
    bool is_begun; /* deflate: its format is known */
} decoder;

static codec_decoder *make_decoder(codec_kind kind)
{
    decoder *d = mem_zero(1, sizeof *d);
    if (d == NULL)
        return NULL;
    d->z.zalloc = take_memory;
    d->z.zfree = give_memory;
    const int bits = kind == CODEC_GZIP       ? GZIP + WINDOW_BITS
                     : kind == CODEC_MESSAGES ? -WINDOW_BITS
                                              : WINDOW_BITS;
    if (library.inflate_init(&d->z, bits, ZLIB_VERSION, sizeof d->z) == Z_OK)
        return &d->base;
    mem_free(d);
    return NULL;
}

static void free_decoder(codec_decoder *base)
{
    library.inflate_end(&((decoder *)base)->z);
    mem_free(base);
}

/** "deflate" is the zlib format, but some clients send bare deflate data. The first byte of the zlib format says
 * method 8 and a window of at most 32 KiB; bare data that begins so does not occur, as it would be a stored block
 * with bits that encoders leave 0. */
static bool settle_format(decoder *d, const codec_bytes *bytes)
{
    if (d->base.kind != CODEC_DEFLATE || d->is_begun || bytes->in_len == 0)
        return true;
    d->is_begun = true;
    const bool is_zlib = (bytes->in[0] & 0x0f) == Z_DEFLATED && bytes->in[0] >> 4 <= 7;
    return library.inflate_reset(&d->z, is_zlib ? WINDOW_BITS : -WINDOW_BITS) == Z_OK;
}

static codec_result decode(codec_decoder *base, codec_bytes *bytes)
{
    decoder *d = (decoder *)base;
    if (!settle_format(d, bytes))
        return CODEC_BROKEN;
    from_bytes(&d->z, bytes);
    const int result = library.inflate(&d->z, Z_NO_FLUSH);
    to_bytes(&d->z, bytes);
    switch (result) {
    case Z_STREAM_END:
        return CODEC_ENDED;
    case Z_OK:
    case Z_BUF_ERROR:
        return bytes->out_room == 0 ? CODEC_WANTS_ROOM : CODEC_WANTS_INPUT;
    case Z_MEM_ERROR:
        return CODEC_NO_MEMORY;
    default:
        return CODEC_BROKEN;
    }
}

static bool again(codec_decoder *base)
{
    decoder *d = (decoder *)base;
    if (base->kind == CODEC_DEFLATE)
        return false;
    const int bits = base->kind == CODEC_GZIP ? GZIP + WINDOW_BITS : -WINDOW_BITS;
    return library.inflate_reset(&d->z, bits) == Z_OK;
}

const codec_decoding codec_zlib_decoding = {
    .load = load, .make = make_decoder, .free = free_decoder, .decode = decode, .again = again};

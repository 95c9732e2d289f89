/** gzip of whole bodies by libdeflate: the same format as zlib's in half the time. */
#include "base/mem.h"
#include "codec/way.h"

#include <libdeflate.h>
#include <stddef.h>

static struct {
    __typeof__(libdeflate_alloc_compressor) *alloc_compressor;
    __typeof__(libdeflate_free_compressor) *free_compressor;
    __typeof__(libdeflate_gzip_compress) *gzip_compress;
} library;

static bool load(const char **problem)
{
    static const library_function functions[] = {
        {"libdeflate_alloc_compressor", offsetof(__typeof__(library), alloc_compressor)},
        {"libdeflate_free_compressor", offsetof(__typeof__(library), free_compressor)},
        {"libdeflate_gzip_compress", offsetof(__typeof__(library), gzip_compress)},
    };
    static codec_library found = {
        .file = {
            .file = "libdeflate.so.0",
            .missing = "gzip needs libdeflate.so.0 or libz.so.1, which are missing: install zlib1g",
            LIBRARY_FUNCTIONS(functions, library),
        }};
    return codec_library_open(&found, problem);
}

typedef struct encoder {
    codec_encoder base;
    struct libdeflate_compressor *compressor;
} encoder;

static codec_encoder *make(int level, bool is_stream)
{
    (void)is_stream;
    encoder *e = mem_zero(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->compressor = library.alloc_compressor(level);
    if (e->compressor != NULL)
        return &e->base;
    mem_free(e);
    return NULL;
}

static bool begin(codec_encoder *base, size_t whole_bytes)
{
    (void)base, (void)whole_bytes;
    return true;
}

static void free_encoder(codec_encoder *base)
{
    encoder *e = (encoder *)base;
    library.free_compressor(e->compressor);
    mem_free(e);
}

/** Stored blocks of at most 65535 bytes, the frame of gzip, and the end of the bit stream. */
static size_t bound(size_t len)
{
    enum { FRAME_BYTES = 64, BLOCK_FRAME_BYTES = 5, LEAST_BLOCK_BYTES = 5000 };
    return len + FRAME_BYTES + BLOCK_FRAME_BYTES * (len / LEAST_BLOCK_BYTES + 1);
}

static size_t whole(codec_encoder *base, const void *data, size_t len, void *out, size_t room)
{
    return library.gzip_compress(((encoder *)base)->compressor, data, len, out, room);
}

const codec_encoding codec_libdeflate_encoding = {
    .kind = CODEC_GZIP,
    .is_whole = true,
    .load = load,
    .make = make,
    .begin = begin,
    .free = free_encoder,
    .bound = bound,
    .whole = whole,
};

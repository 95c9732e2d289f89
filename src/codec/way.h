/** What a library does for codec.c: one table for each kind and use. */
#ifndef CODEC_WAY_H
#define CODEC_WAY_H

#include "base/library.h"
#include "codec/codec.h"

/** An encoder as codec.c keeps it; each library's begins with it. */
struct codec_encoder {
    const struct codec_encoding *way;
    struct codec_encoder *next;
    int level;
    bool is_stream;
    bool is_idle; /* kept, and not taken since the last codec_tidy */
};

typedef struct codec_encoding {
    codec_kind kind;
    bool is_whole, is_stream; /* what it is for */
    bool (*load)(const char **problem);
    codec_encoder *(*make)(int level, bool is_stream);   /* NULL: out of memory */
    bool (*begin)(codec_encoder *e, size_t whole_bytes); /* for the next body */
    void (*end)(codec_encoder *e);                       /* what a body held; may be NULL */
    void (*free)(codec_encoder *e);
    size_t (*bound)(size_t len);
    size_t (*whole)(codec_encoder *e, const void *data, size_t len, void *out, size_t room);
    bool (*step)(codec_encoder *e, codec_bytes *bytes, codec_step step, bool *has_more);
} codec_encoding;

struct codec_decoder {
    const struct codec_decoding *way;
    codec_kind kind;
};

typedef struct codec_decoding {
    bool (*load)(const char **problem);
    codec_decoder *(*make)(codec_kind kind);
    void (*free)(codec_decoder *d);
    codec_result (*decode)(codec_decoder *d, codec_bytes *bytes);
    bool (*again)(codec_decoder *d);
} codec_decoding;

extern const codec_encoding codec_zlib_encoding, codec_zlib_messages_encoding, codec_libdeflate_encoding,
    codec_brotli_encoding, codec_zstd_encoding;
extern const codec_decoding codec_zlib_decoding, codec_brotli_decoding, codec_zstd_decoding;

/** A codec's library, which is looked for once. */
typedef struct codec_library {
    library_file file;
    bool is_tried, is_open;
} codec_library;

/** Opens the library unless that was tried already. False, with `*problem`, when it is missing or lacks one of the
 * functions. */
bool codec_library_open(codec_library *library, const char **problem);

#endif

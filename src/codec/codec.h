/**
 * Content codings: bytes to fewer bytes and back (gzip RFC 1952, deflate RFC 1950, br RFC 7932, zstd RFC 8878).
 *
 * Hot path: codec_encoder_take and codec_encode_whole. A worker keeps its encoders, whose tables have 100 KiB to 1 MiB:
 * a reply takes one, and allocates nothing.
 */
#ifndef CODEC_CODEC_H
#define CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum codec_kind {
    CODEC_GZIP,
    CODEC_BROTLI,
    CODEC_ZSTD,
    CODEC_DEFLATE,  /* decoding only: the zlib format, or bare deflate from clients that mistake it */
    CODEC_MESSAGES, /* bare deflate, each message of it a stream that is flushed: WebSockets (RFC 7692) */
    CODEC_KINDS
} codec_kind;

/** What a library is needed for. */
typedef enum codec_use { CODEC_ENCODES, CODEC_DECODES } codec_use;

/** The name in Content-Encoding: "gzip", "br", "zstd", "deflate". */
const char *codec_name(codec_kind kind);
/** Opens the library once in a process; false, with `*problem` in one line, when it is not installed or the build
 * had no header for it. May be called before a fork. */
bool codec_load(codec_kind kind, codec_use use, const char **problem);
/** The levels that a kind has, and the usual one. */
void codec_levels(codec_kind kind, int *least, int *most, int *usual);

/* -- encoding -- */

typedef struct codec_encoder codec_encoder;

/** What becomes of the bytes of a step. */
typedef enum codec_step {
    CODEC_GO_ON, /* they may wait for more */
    CODEC_FLUSH, /* a reader can decode all bytes so far */
    CODEC_END    /* they are the last ones */
} codec_step;

/**
 * An encoder at the start of a body, of a kind that is loaded. `whole_bytes`: the length of a body that will be given
 * to codec_encode_whole; 0: a stream, whose window is small (128 to 256 KiB), because it may stay open for hours.
 * @return NULL when out of memory.
 */
codec_encoder *codec_encoder_take(codec_kind kind, int level, size_t whole_bytes);
/** Gives it back, whatever it has done; NULL is allowed. */
void codec_encoder_give(codec_encoder *e);
/** Room that is enough for the encoded form of `len` bytes. */
size_t codec_bound(codec_kind kind, size_t len);
/** Encodes a whole body; returns the length, 0 when it did not fit or memory is used up. */
size_t codec_encode_whole(codec_encoder *e, const void *data, size_t len, void *out, size_t room);

/** Bytes to read and to write; a step moves both. */
typedef struct codec_bytes {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_room;
} codec_bytes;

/** Encodes some of a stream. `*has_more`: the output is full, and the same step must be called again with room. False
 * when memory is used up: the stream cannot go on. */
bool codec_encode(codec_encoder *e, codec_bytes *bytes, codec_step step, bool *has_more);

/* -- decoding -- */

typedef struct codec_decoder codec_decoder;

typedef enum codec_result {
    CODEC_WANTS_INPUT, /* all input is taken */
    CODEC_WANTS_ROOM,  /* the output is full; there may be more */
    CODEC_ENDED,  /* the body is whole; input may be left: another member of gzip, another frame of zstd */
    CODEC_BROKEN, /* the input is not of this coding, or wants a window above 8 MiB */
    CODEC_NO_MEMORY
} codec_result;

/** A decoder at the start of a body, of a kind that is loaded; NULL when out of memory. */
codec_decoder *codec_decoder_take(codec_kind kind);
void codec_decoder_give(codec_decoder *d);
codec_result codec_decode(codec_decoder *d, codec_bytes *bytes);
/** Starts again, for the next member or frame. */
bool codec_decoder_again(codec_decoder *d);

/** Frees the encoders and decoders that were not needed since the last call. */
void codec_tidy(void);
/** Frees all kept ones. */
void codec_forget(void);

#endif

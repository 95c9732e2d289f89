/** Content codings: bodies in fewer bytes (RFC 9110 section 8.4). Most programs use tern_compress of tern/compress.h,
 * which chooses a coding by itself. */
#ifndef TERN_CODING_H
#define TERN_CODING_H

#include <tern/context.h>
#include <tern/reply.h>

typedef struct tern_app tern_app; /* tern/app.h */

typedef enum tern_coding {
    TERN_GZIP,   /* levels 1 to 12 (1 to 9 where libdeflate is missing), default 6 */
    TERN_BROTLI, /* levels 1 to 11, default 4 */
    TERN_ZSTD,   /* levels 1 to 19, default 3 */
} tern_coding;
enum { TERN_CODINGS = TERN_ZSTD + 1 };

/** The name in Content-Encoding: "gzip", "br", "zstd". */
const char *tern_coding_name(tern_coding coding);

/**
 * Loads the library of a coding before the application listens, so that all workers share it. False, with `*problem` in
 * one line, when it is not installed.
 *
 * tern_encoded loads it too, at the first reply; but only this call lets idle workers give back their encoders' memory
 * (100 KiB to 1 MiB each).
 */
bool tern_need_coding(tern_app *app, tern_coding coding, const char **problem);

/**
 * `reply` with its body encoded, at `level` (0: the default): `return tern_encoded(c, reply, TERN_ZSTD, 0)`.
 *
 * Bytes up to 1 MiB are encoded at once; more of them, streams and large files are encoded while they are sent, and
 * tern_stream_flush sends all that was written before it. From 64 KiB on, the work of encoding bytes is done in the pool
 * of tern_offload. Sets Content-Encoding, and ends a strong ETag with the coding: "x" becomes "x+gzip", which all
 * conditions accept for "x", but If-Range does not.
 *
 * Returned unchanged: a reply whose encoded form is not smaller, one with a Content-Encoding, and any reply when the
 * library is not installed (with a line in the log) or memory is short.
 */
tern_reply tern_encoded(tern_ctx *c, tern_reply reply, tern_coding coding, int level) TERN_TO_RETURN_;

/** Loads the library that decodes "gzip", "deflate", "br" or "zstd"; false, with `*problem`, when there is none. */
bool tern_need_decoding(const char *coding, const char **problem);

/**
 * Decodes the request's body, if it has a Content-Encoding: tern_body, tern_body_read, models and forms then have the
 * bytes of before. Most programs use tern_decompress of tern/compress.h. Call it once, before the body is read.
 *
 * `max_bytes`: of the decoded body; 0: as many as the route takes. `max_ratio`: how many times larger than the encoded body
 * it may be, after 64 KiB; 0: 100. Fails with 413 above them, 415 for several codings and unknown ones (with
 * Accept-Encoding), and 400 for a body that is broken, cut short, or has bytes after its end. A streamed body is decoded
 * as it is read, and tern_body_read fails like this.
 */
void tern_decode_body(tern_ctx *c, size_t max_bytes, unsigned max_ratio);

#endif
